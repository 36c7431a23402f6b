"""The life of a daemon: started, attached to, reloaded, ended and killed, as real processes see it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]
Start = Callable[..., Any]


def answers(done: subprocess.CompletedProcess[str]) -> list[Any]:
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_daemon_serves_until_sigterm_ends_it_cleanly(daemon: Start, attached: Run, tmp_path: Path) -> None:
    """What one batch does the next one finds; at the end there is no socket, no error, and the state is free."""
    running = daemon()
    assert answers(attached("--json", "-c", "x = 6", "-c", "client-add web1 --transport local"))[0] is None
    assert answers(attached("attach", "--json", "-c", "x * 7", "-c", "describe-client web1"))[0] == 42
    assert answers(attached("attach", str(running.state / "control.sock"), "--json", "-c", "x")) == [6]
    running.tell(signal.SIGTERM)
    assert "STATUS=ending" in running.hear("STOPPING=1")
    assert running.end() == 0
    assert not (running.state / "control.sock").exists()
    log = running.log.read_text()
    assert "INFO ready, serving" in log
    assert "Traceback" not in log
    done = attached("attach", "-c", "1")
    assert (done.returncode, done.stdout) == (4, "")
    assert re.search(r"scirehooks --state \S+ daemon", done.stderr)
    assert answers(attached("--json", "-Q", "-c", "clients"))[0][0]["name"] == "web1"


def test_daemon_on_a_state_in_use_says_whose_it_is(daemon: Start, attached: Run) -> None:
    """A second daemon does not attach: it ends at once, and the first one goes on."""
    running = daemon()
    done = attached("daemon")
    assert done.returncode == 1
    assert f"in use by process {running.process.pid}" in done.stderr
    assert answers(attached("--json", "-c", "1")) == [1]


def test_options_for_a_start_are_refused_where_it_has_been(daemon: Start, attached: Run, tmp_path: Path) -> None:
    """They would not count, and nobody would notice; the message says in which process the system runs."""
    running = daemon()
    done = attached("--init", str(tmp_path), "--no-modules", "-c", "1")
    assert (done.returncode, done.stdout) == (2, "")
    assert f"process {running.process.pid}: --init, --no-modules would not count" in done.stderr
    assert attached("attach", "-Q", "-c", "1").returncode == 2


def test_sigterm_gives_runs_their_time_and_tells_who_is_attached(
    daemon: Start, attached: Run, scripts: Path, tmp_path: Path
) -> None:
    """A run that ends within the patience succeeds; a client hears that the system closes."""
    running = daemon()
    pipe = tmp_path / "begun"
    os.mkfifo(pipe)
    attached("-c", "client-add web1 --transport local")
    attached("-c", f"job-create work --target web1 -- sh -c 'echo begun >{pipe}; sleep 1'")
    with contextlib.ExitStack() as stack:
        client = stack.enter_context(socket.socket(socket.AF_UNIX))
        client.settimeout(60)
        client.connect(str(running.state / "control.sock"))
        said = stack.enter_context(client.makefile("r"))
        client.sendall(b'{"jsonrpc": "2.0", "id": 1, "method": "session/open", "params": {}}\n')
        assert json.loads(said.readline())["result"]["pid"] == running.process.pid
        assert attached("--drain", "0", "-c", "run work").returncode == 0
        assert pipe.read_text() == "begun\n"
        running.tell(signal.SIGTERM)
        methods = [json.loads(line).get("method") for line in said]
    assert "closing" in methods
    assert running.end() == 0
    assert [run["status"] for run in answers(attached("--json", "-Q", "-c", "runs"))[0]] == ["succeeded"]


def test_sighup_reads_changed_scripts_and_survives_bad_ones(daemon: Start, attached: Run, scripts: Path) -> None:
    """New ones are loaded, changed ones take the place of what they gave, vanished ones go, errors go to the log."""
    changed, gone = scripts / "20-changed.py", scripts / "30-gone.py"
    changed.write_text("value = 'old'\n")
    gone.write_text("gift = 1\n")
    running = daemon()
    changed.write_text("value = 'new'\n")
    gone.unlink()
    (scripts / "40-new.py").write_text("fresh = True\n")
    (scripts / "50-bad.py").write_text("\n1/0\n")
    (scripts / "60-exits.py").write_text("import sys; sys.exit('enough')\n")
    running.tell(signal.SIGHUP)
    running.hear("READY=1")
    line = "[value, fresh, 'gift' in runtime.namespace]"
    assert answers(attached("--json", "-c", line)) == [["new", True, False]]
    log = running.log.read_text()
    assert f"{scripts}/50-bad.py:2: " in log
    assert f"{scripts}/60-exits.py" in log
    assert "40-new.py loaded; 20-changed.py changed; 50-bad.py, 60-exits.py failed; 30-gone.py gone" in log
    (rows,) = answers(attached("--json", "-c", "init-status"))
    status = {Path(row["file"]).name: row["status"] for row in rows}
    assert status == {"20-changed.py": "ok", "40-new.py": "ok", "50-bad.py": "failed", "60-exits.py": "failed"}


def test_sighup_that_mends_a_script_fires_what_has_waited_for_it(
    daemon: Start, attached: Run, scripts: Path, tmp_path: Path
) -> None:
    """A bad script keeps a daemon from nothing new; what the last one left is fired when it is mended."""
    (scripts / "20-crash.py").write_text(
        "import os, signal\n@on('post-client-add-hook')\ndef crash(client):\n    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    crashed = daemon()
    attached("-c", "client-add web1 --transport local")
    assert crashed.process.wait(60) == -signal.SIGKILL
    (scripts / "20-crash.py").write_text("1/0\n")
    told = tmp_path / "told"
    (scripts / "30-tell.py").write_text(
        "@on('post-client-add-hook')\ndef tell(client):\n"
        f"    with open({str(told)!r}, 'a') as file: print(client.name, file=file)\n"
    )
    running = daemon()
    assert attached("-c", "client-add web2 --transport local").returncode == 0
    assert told.read_text() == "web2\n"
    assert ": the program runs without 20-crash.py; once loaded, SIGHUP" in attached("-c", "status").stdout
    (scripts / "20-crash.py").write_text("mended = True\n")
    running.tell(signal.SIGHUP)
    running.hear("READY=1")
    assert attached("-c", "fleet.drain(None, 30) and None", "-c", "status").returncode == 0
    assert told.read_text() == "web2\nweb1\n"
    assert "Post-firings left by an earlier process are made up for" in running.log.read_text()


@pytest.mark.parametrize("error", ["KeyboardInterrupt", "GeneratorExit"])
def test_sighup_is_heard_after_a_script_that_raises_what_none_should(
    daemon: Start, attached: Run, scripts: Path, error: str
) -> None:
    """Whatever a script raises ends neither the reading of scripts nor the news about it to the service manager."""
    running = daemon()
    script = scripts / "20-odd.py"
    script.write_text(f"raise {error}\n")
    running.tell(signal.SIGHUP)
    running.hear("READY=1")
    script.write_text("fresh = True\n")
    running.tell(signal.SIGHUP)
    running.hear("READY=1")
    assert answers(attached("--json", "-c", "fresh")) == [True]


def test_sigterm_ends_a_daemon_whose_reload_hangs(daemon: Start, scripts: Path, tmp_path: Path) -> None:
    """Scripts are read in a thread of their own, so that nothing in them keeps anybody from ending the daemon."""
    running = daemon()
    pipe = tmp_path / "reached"
    os.mkfifo(pipe)
    (scripts / "20-hangs.py").write_text(
        f"open({str(pipe)!r}, 'w').write('here')\nimport threading\nthreading.Event().wait()\n"
    )
    running.tell(signal.SIGHUP)
    assert pipe.read_text() == "here"
    running.tell(signal.SIGTERM)
    assert running.end() == 0


def test_socket_of_a_killed_daemon_is_replaced_at_the_next_start(daemon: Start, attached: Run) -> None:
    """SIGKILL leaves a socket at which nobody answers; it stands in nobody's way."""
    killed = daemon()
    killed.tell(signal.SIGKILL)
    assert killed.end() == -signal.SIGKILL
    assert (killed.state / "control.sock").is_socket()
    done = attached("attach", "-c", "1")
    assert done.returncode == 4
    assert answers(attached("--json", "-Q", "-c", "1")) == [1]  # embedded: it replaces it, and removes its own
    killed_again = daemon()
    killed_again.tell(signal.SIGKILL)
    killed_again.end()
    daemon()
    assert answers(attached("attach", "--json", "-c", "2")) == [2]


@pytest.mark.parametrize("kind", ["link", "file"])
def test_daemon_leaves_what_stands_in_the_place_of_its_socket(
    daemon: Start, attached: Run, tmp_path: Path, kind: str
) -> None:
    """It ends with one clear line instead, and nothing has been fired yet."""
    assert attached("-Q", "-c", "x = 1").returncode == 0
    place = tmp_path / "state" / "control.sock"
    if kind == "link":
        place.symlink_to(tmp_path / "elsewhere")
    else:
        place.write_text("precious")
    running = daemon(ready=False)
    assert running.process.wait(60) == 1
    what = "a symbolic link" if kind == "link" else "a file"
    assert f"{place} is {what}, where the control socket should be" in running.log.read_text()
    assert place.is_symlink() if kind == "link" else place.read_text() == "precious"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another user")
def test_another_user_is_refused_and_logged(daemon: Start, tmp_path: Path) -> None:
    """Even where somebody opened the file and the directory by mistake, the kernel tells who connects."""
    running = daemon()
    held = os.open(running.state, os.O_PATH)
    running.state.chmod(0o711)
    (running.state / "control.sock").chmod(0o666)
    code = (
        "import os, socket, sys\n"
        "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "client = socket.socket(socket.AF_UNIX)\n"
        "client.connect(f'/proc/self/fd/{sys.argv[1]}/control.sock')\n"
        "try:\n"
        '    client.sendall(b\'{"jsonrpc": "2.0", "id": 1, "method": "session/open", "params": {}}\\n\')\n'
        "except BrokenPipeError: pass\n"
        "print(client.recv(4096).decode())\n"
    )
    try:
        done = subprocess.run(
            [sys.executable, "-c", code, str(held)], pass_fds=[held], capture_output=True, text=True, timeout=60
        )
    finally:
        os.close(held)
    assert "session" not in done.stdout
    assert "may not use the control socket" in done.stdout or "ConnectionResetError" in done.stderr
    assert "(uid 65534, process" in running.log.read_text()


def test_every_evaluation_is_in_the_audit_log(daemon: Start, attached: Run) -> None:
    """Lines of -c, of a file and of standard input, with who and when; the file is for its owner only."""
    running = daemon()
    attached("-c", "x = 'secret plan'", "-c", "x")
    attached(stdin="y = 1\n\ny\n")
    entries = [json.loads(line) for line in (running.state / "audit.log").read_text().splitlines()]
    text = "\n".join(entry["text"] for entry in entries)
    assert "x = 'secret plan'\nx" in text
    assert re.search(r"^y = 1$", text, re.M)
    assert {entry["uid"] for entry in entries} == {os.getuid()}
    assert all(entry["time"].endswith("Z") and entry["session"].startswith("batch") for entry in entries)
    assert (running.state / "audit.log").stat().st_mode & 0o077 == 0


def test_follow_shows_the_log_and_the_events_of_the_daemon(
    daemon: Start, attached: Run, home: dict[str, str], scripts: Path
) -> None:
    """As they come, in the session that asked; Ctrl-C ends that and nothing else."""
    running = daemon()
    command = [sys.executable, "-m", "scirehooks", "--state", str(running.state), "-c", "follow"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=home) as follower:
        watchdog = threading.Timer(60, follower.kill)
        watchdog.start()
        assert follower.stdout is not None
        while "follow" not in attached("-c", "who").stdout:
            assert follower.poll() is None
        (scripts / "20-bad.py").write_text("1/0\n")
        running.tell(signal.SIGHUP)
        assert "ERROR scirehooks: " in (line := follower.stdout.readline())
        assert f"{scripts}/20-bad.py:1: " in line
        assert follower.stdout.readline().endswith("init scripts read again: 20-bad.py failed\n")
        (scripts / "20-bad.py").unlink()
        (scripts / "30-good.py").write_text("1\n")
        running.tell(signal.SIGHUP)
        assert follower.stdout.readline().endswith("init scripts read again: 30-good.py loaded\n")
        (scripts / "30-good.py").write_text("2\n")
        running.tell(signal.SIGHUP)
        assert follower.stdout.readline().endswith("init scripts read again: 30-good.py changed\n")
        (scripts / "30-good.py").unlink()
        running.tell(signal.SIGHUP)
        assert follower.stdout.readline().endswith("init scripts read again: 30-good.py gone\n")
        running.tell(signal.SIGHUP)
        assert follower.stdout.readline().endswith("init scripts read again: nothing has changed\n")
        attached("-c", "client-add web1 --transport local")
        lines = [follower.stdout.readline(), follower.stdout.readline()]
        assert [re.sub(r"^[\d-]+T[\d:]+Z ", "", line).split()[0] for line in lines] == ["client-creation", "client-add"]
        follower.send_signal(signal.SIGINT)
        assert follower.wait(30) == 130
        watchdog.cancel()
    assert answers(attached("--json", "-c", "1")) == [1]


@pytest.mark.parametrize("kind", ["script", "directory"])
def test_script_that_others_can_write_is_refused_with_the_cure(
    daemon: Start, attached: Run, scripts: Path, kind: str
) -> None:
    """The log says which `chmod` mends it; after that, and a reload, it is loaded."""
    script = scripts / "20-open.py"
    script.write_text("trusted = True\n")
    culprit = script if kind == "script" else scripts
    mode = culprit.stat().st_mode & 0o777
    culprit.chmod(mode | 0o002)
    running = daemon()
    (cure,) = set(re.findall(r"chmod go-w \S+", running.log.read_text()))
    assert cure == f"chmod go-w {culprit}"
    assert answers(attached("--json", "-c", "'trusted' in runtime.namespace")) == [False]
    subprocess.run(cure.split(), check=True)
    running.tell(signal.SIGHUP)
    running.hear("READY=1")
    assert answers(attached("--json", "-c", "trusted")) == [True]


def test_start_that_died_while_loading_leaves_out_what_was_saved(daemon: Start, attached: Run, scripts: Path) -> None:
    """What was saved at the prompt is the likeliest cause; the next start does without it, and says so."""
    (scripts / "90-saved.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n")
    killed = daemon(ready=False)
    assert killed.process.wait(60) == -signal.SIGKILL
    running = daemon()
    assert f"{scripts}/90-saved.py is left out, as the last start died while the init" in running.log.read_text()
    assert answers(attached("--json", "-c", "init-status"))[0][0]["status"] == "failed"
    told = attached("-c", "status")
    assert told.returncode == 1
    assert "90-saved.py failed: left out, as the last start died" in told.stdout
    (scripts / "90-saved.py").write_text("mended = True\n")
    running.end()
    daemon()
    assert answers(attached("--json", "-c", "mended")) == [True]


def test_heartbeat_stops_when_the_control_loop_is_stuck(daemon: Start, attached: Run) -> None:
    """The watchdog hears from the loop that serves, so that systemd can end an interpreter that hangs."""
    running = daemon(WATCHDOG_USEC="400000")
    for _ in range(3):
        running.hear("WATCHDOG=1")
    code = (
        "import scirehooks.control.server as s, threading, gc\n"
        "server = next(one for one in gc.get_objects() if type(one) is s.Server)\n"
        "stuck = threading.Event()\n"
        "server.call(stuck.wait)\n"
    )
    client = subprocess.Popen(
        [sys.executable, "-m", "scirehooks", "--state", str(running.state), "attach"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert client.stdin is not None
    client.stdin.write(code)
    client.stdin.close()
    assert running.falls_silent(3)
    running.tell(signal.SIGKILL)
    client.wait(30)


def test_attach_to_a_holder_that_does_not_answer_says_what_to_do(attached: Run, scripts: Path, tmp_path: Path) -> None:
    """A start that hangs holds the state: whoever comes waits a little, then is told who has it."""
    pipe = tmp_path / "reached"
    os.mkfifo(pipe)
    (scripts / "20-hangs.py").write_text(f"open({str(pipe)!r}, 'w').close()\nimport time\ntime.sleep(600)\n")
    command = [sys.executable, "-m", "scirehooks", "--state", f"{tmp_path}/state", "--init", str(scripts), "daemon"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as holder:
        watchdog = threading.Timer(60, holder.kill)
        watchdog.start()
        pipe.read_text()
        done = attached("-Q", "-c", "1")
        holder.terminate()
        assert holder.wait(30) == 0  # told to end, it ends, wherever it is
        watchdog.cancel()
    assert done.returncode == 1
    assert f"in use by process {holder.pid}" in done.stderr
    assert "may still be starting" in done.stderr


def test_operation_of_a_line_that_was_interrupted_is_not_done(
    daemon: Start, attached: Run, home: dict[str, str], scripts: Path, tmp_path: Path
) -> None:
    """Ctrl-C while a guard is still thinking: when it agrees at last, nothing is done behind the user's back."""
    asked, answer = tmp_path / "asked", tmp_path / "answer"
    os.mkfifo(asked)
    os.mkfifo(answer)
    (scripts / "20-guard.py").write_text(
        '@on("pre-client-add-hook")\ndef slow_guard(client):\n    "Agree when somebody says so."\n'
        f"    open({str(asked)!r}, 'w').close()\n    open({str(answer)!r}).close()\n"
    )
    running = daemon()
    attached("-c", "set-option function-deadline 60s", "-c", "set-option chain-deadline 60s")
    line = [
        sys.executable,
        "-m",
        "scirehooks",
        "--state",
        str(running.state),
        "-c",
        "client-add web1 --transport local",
    ]
    with subprocess.Popen(line, env=home, stderr=subprocess.PIPE) as client:
        asked.read_bytes()  # until the guard has been asked
        client.send_signal(signal.SIGINT)
        assert client.wait(30) == 130
    answer.write_bytes(b"")
    assert attached("-c", "while len(who()) > 1: pass").returncode == 0  # until the line given up has ended
    assert answers(attached("--json", "-c", "clients")) == [[]]


def test_undo_in_a_fresh_shell_takes_nothing_back(daemon: Start, attached: Run, scripts: Path) -> None:
    """What scirehooks defines and what the init scripts did is nobody's to undo; everybody keeps his commands."""
    (scripts / "20-greet.py").write_text("@on('startup-hook')\ndef greet(): set_option('print-quota', 4096)\n")
    daemon()
    for line in ("undo", "undo", "undo scirehooks", "undo 20-greet.py"):
        done = attached("-c", line)
        assert (done.returncode, done.stdout) == (1, "")
        assert "There is nothing to undo." in done.stderr
    assert attached("-c", "who", "-c", "status", "-c", "greet").returncode == 0
    assert answers(attached("--json", "-c", "runtime.options['print-quota'].value")) == [4096]


def test_daemon_without_standard_descriptors_starts(daemon: Start, attached: Run) -> None:
    """Whoever starts it may have closed them: its log goes nowhere, and all else is as always."""
    running = daemon(redirect="<&- >&- 2>&-")
    assert answers(attached("attach", "--json", "-c", "6 * 7")) == [42]
    assert running.end() == 0


def test_shutdown_hook_fires_when_a_second_sigterm_ends_the_patience(
    daemon: Start, attached: Run, scripts: Path, tmp_path: Path
) -> None:
    """The second SIGTERM ends what is waited for, here a line, and not what is due at each end."""
    (scripts / "20-bye.py").write_text(
        f"@on('shutdown-hook')\ndef bye():\n    open({str(tmp_path / 'bye')!r}, 'w').close()\n"
    )
    running = daemon()
    pipe = tmp_path / "begun"
    os.mkfifo(pipe)
    code = (
        f"import os, signal; open({str(pipe)!r}, 'w').close()\n"
        f"while os.path.exists({str(running.state / 'control.sock')!r}): pass\n\n"  # the first step of the end
        "os.kill(os.getpid(), signal.SIGTERM)\n"
        "while True: pass\n"
    )
    with subprocess.Popen(
        [sys.executable, "-m", "scirehooks", "--state", str(running.state), "attach"],
        stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    ) as client:  # fmt: skip
        assert client.stdin is not None
        client.stdin.write(code)
        client.stdin.close()
        pipe.read_bytes()
        running.tell(signal.SIGTERM)
        assert running.end() == 0
        assert client.wait(30) in (4, 130)
    assert (tmp_path / "bye").exists()
