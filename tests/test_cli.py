import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scirehooks import cli
from scirehooks.cli.events import events_of
from scirehooks.cli.options import parse
from scirehooks.cli.system import parts
from scirehooks.cli.whole import not_whole
from scirehooks.control import oneshot
from scirehooks.errors import UsageError
from scirehooks.load.init import InitReport, ScriptReport

Scire = Callable[..., subprocess.CompletedProcess[str]]

NO_TESTS = """
def no_tests(client):
    if client.name.startswith("test"):
        raise Veto("no test hosts")

add_hook("pre-client-add-hook", no_tests)
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A home of its own, so that nobody's init scripts count."""
    return {**os.environ, "HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "config"), "TERM": "dumb"}


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    """The command with a fleet of its own and only the init scripts of the test."""
    (tmp_path / "init").mkdir(mode=0o755)
    return [sys.executable, "-m", "scirehooks", "--state", f"{tmp_path}/state", "--init", f"{tmp_path}/init"]


@pytest.fixture
def scire(command: list[str], environment: dict[str, str]) -> Scire:
    """A function that runs `scirehooks` with these arguments and this input."""

    def run(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*command, *arguments], input=stdin, capture_output=True, text=True, env=environment, timeout=60
        )

    return run


def parsed(output: str) -> list[Any]:
    return [json.loads(line) for line in output.splitlines()]


def test_lines_are_evaluated_in_order_and_print_their_values(scire: Scire) -> None:
    """`-c` may be given repeatedly; commands that only do something are silent."""
    done = scire("-c", "client-add web1 --transport local", "-c", "x = 20", "-c", "x * 2 + 2", "-c", "clients")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0] == "42"
    assert done.stdout.splitlines()[2].split() == ["web1", "active", "local", "1"]


def test_json_is_one_line_for_each_command_and_value(scire: Scire) -> None:
    """Lists, objects, null; nothing for a value that is None; prints go to standard error."""
    done = scire(
        *("--json", "-c", "client-add web1 --transport local", "-c", "clients", "-c", "describe-client web1"),
        *("-c", "x = 1", "-c", "print('hi')", "-c", "x", "-c", "runtime", "-c", "!echo there"),
    )
    added, clients, client, value, thing = parsed(done.stdout)
    assert added is None
    assert [each["name"] for each in clients] == ["web1"]
    assert client["id"] == "1"
    assert client["added"].endswith("Z")
    assert value == 1
    assert thing.keys() == {"repr"}
    assert done.stderr == "hi\nthere\n"
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("lines", "status", "said"),
    [
        (["1/0", "print('no')"], 1, "-c:1: ZeroDivisionError: division by zero\n"),
        (["1", "describe-client nobody"], 1, "-c:2: There is no client 'nobody'."),
        (["client-add"], 2, "-c:1: client-add: NAME is missing.\nUsage: client-add NAME"),
        (["client-ad web1"], 2, "-c:1: There is no command 'client-ad'. Did you mean client-add?\n"),
        (["x = = 1"], 1, "-c:1: SyntaxError: invalid syntax\n"),
        (["\n\n1/0"], 1, "-c:3: ZeroDivisionError"),
        (["def f():\n    1/0\n", "f()"], 1, "-c:4: ZeroDivisionError: division by zero\n  -c:2, in f: 1/0\n"),
        (["quit 7", "1/0"], 7, ""),
        (["import sys; sys.exit('bye')"], 1, "-c:1: bye\n"),
    ],
)
def test_first_error_ends_the_batch_with_its_place(scire: Scire, lines: list[str], status: int, said: str) -> None:
    """The message begins with `-c:LINE`, the exit status says what sort it was, and no later line runs."""
    done = scire(*[word for line in lines for word in ("-c", line)])
    assert done.returncode == status
    assert done.stderr.startswith(said)
    assert "no" not in done.stdout
    assert "Traceback" not in done.stderr


def test_veto_of_an_init_script_refuses_with_status_3(scire: Scire, tmp_path: Path) -> None:
    """Reason, function and place are told; the client is not there, and neither is an event."""
    script = tmp_path / "init" / "50-guard.py"
    script.write_text(NO_TESTS)
    done = scire("-c", "client-add test1 --transport local")
    assert done.returncode == 3
    assert "no test hosts" in done.stderr
    assert f"no_tests ({script}:2" in done.stderr
    assert done.stderr.count("\n") == 1
    assert parsed(scire("--json", "-c", "clients", "-c", "events").stdout) == [[], []]


def test_fire_of_a_refusing_hook_shows_the_verdict_and_ends_with_3(scire: Scire, tmp_path: Path) -> None:
    """`fire` answers what the operation would be answered."""
    (tmp_path / "init" / "50-guard.py").write_text(NO_TESTS)
    scire("-Q", "-c", "client-add test1 --transport local")
    done = scire("--json", "-c", "fire pre-client-add-hook client=test1")
    (fired,) = parsed(done.stdout)
    assert done.returncode == 3
    assert fired["verdict"]["allowed"] is False
    assert fired["verdict"]["reason"] == "no test hosts"


def test_bad_init_script_is_told_and_the_others_are_loaded(scire: Scire, tmp_path: Path) -> None:
    """It is told with its line; `--strict` ends the program, `-Q` does not look at it."""
    bad = tmp_path / "init" / "20-bad.py"
    bad.write_text("x = 1\n\nif x = 2:\n    pass\n")
    (tmp_path / "init" / "30-good.py").write_text("good = 5\n")
    done = scire("-c", "good")
    assert (done.returncode, done.stdout) == (0, "5\n")
    assert f"{bad}:3" in done.stderr
    strict = scire("--strict", "-c", "good")
    assert (strict.returncode, strict.stdout) == (1, "")
    assert f"{bad}:3" in strict.stderr
    assert scire("-Q", "-c", "1").stderr == ""


def test_each_line_waits_for_what_it_set_going(scire: Scire, tmp_path: Path) -> None:
    """The post-hook and the run that it started have ended before the next line."""
    (tmp_path / "init" / "30-job.py").write_text(
        "def job(client, fleet):\n"
        "    fleet.job_create('hello', 'echo', 'hi', target=[client.name])\n"
        "    fleet.run('hello')\n"
        "add_hook('post-client-add-hook', job)\n"
    )
    done = scire("--json", "-c", "client-add web1 --transport local", "-c", "runs")
    assert done.returncode == 0, done.stderr
    assert [run["status"] for run in parsed(done.stdout)[1]] == ["succeeded"]


def test_run_that_does_not_succeed_ends_with_status_5(scire: Scire) -> None:
    """A line on standard error says which, and how to look."""
    scire("-c", "client-add web1 --transport local", "-c", "job-create bad --target web1 -- false")
    done = scire("-c", "run bad", "-c", "print('no')")
    assert (done.returncode, done.stdout) == (5, "")
    assert done.stderr == "-c:1: Run 1 of bad failed. Look with describe-run 1.\n"


def test_run_that_a_post_hook_started_does_not_end_the_batch(scire: Scire, tmp_path: Path) -> None:
    """It is told, the lines go on, and the status at the end is 5; a worse one stays."""
    (tmp_path / "init" / "30-job.py").write_text(
        "def job(client, fleet):\n"
        "    fleet.job_create(f'on-{client.name}', 'false', target=[client.name])\n"
        "    fleet.run(f'on-{client.name}')\n"
        "add_hook('post-client-add-hook', job)\n"
    )
    done = scire("-c", "client-add web1 --transport local", "-c", "client-add web2 --transport local", "-c", "6 * 7")
    assert (done.returncode, done.stdout) == (5, "42\n")
    assert done.stderr.splitlines() == [
        "-c:1: Run 1 of on-web1 failed. Look with describe-run 1.",
        "-c:2: Run 2 of on-web2 failed. Look with describe-run 2.",
    ]
    assert scire(stdin="client-add web3 --transport local\n1/0\n").returncode == 1
    assert scire(stdin="client-add web4 --transport local\nquit\n1/0\n").returncode == 5


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_signal_ends_the_runs_under_way(
    scire: Scire, command: list[str], environment: dict[str, str], tmp_path: Path, number: int, status: int
) -> None:
    """The first ends the batch, which waits a while and says so; the second ends that: no program, the run is lost."""
    (tmp_path / "slow").write_text(f"echo $$ >{tmp_path}/new; mv {tmp_path}/new {tmp_path}/pid; exec sleep 600")
    scire("-c", "client-add web1 --transport local", "-c", f"job-create slow --target web1 -- sh {tmp_path}/slow")
    with subprocess.Popen([*command, "-c", "run slow"], stderr=subprocess.PIPE, text=True, env=environment) as child:
        assert child.stderr is not None
        watchdog = threading.Timer(60, child.kill)  # a test that fails must not wait for ever
        watchdog.start()
        deadline = time.monotonic() + 20
        while not (tmp_path / "pid").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        pid = int((tmp_path / "pid").read_text())
        child.send_signal(number)
        if number == signal.SIGINT:
            assert child.stderr.readline() == "scirehooks: Interrupted.\n"
        assert child.stderr.readline() == "scirehooks: waiting up to 10 s for run 1 to end; Ctrl-C ends it now.\n"
        for _ in range(5):  # one that comes at the wrong moment is lost, as any second Ctrl-C may be
            child.send_signal(number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(3)
                break
        assert child.wait(10) == status
        watchdog.cancel()
    assert not Path(f"/proc/{pid}").exists()
    assert [run["status"] for run in parsed(scire("--json", "-c", "runs").stdout)[0]] == ["lost"]


def test_state_directory_needs_its_parent(scire: Scire, tmp_path: Path) -> None:
    """A misspelt path is no new fleet; the default one is made with all that is above it."""
    done = scire("--state", f"{tmp_path}/no/such/dir", "-c", "clients")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert f"there is no directory {tmp_path}/no/such" in done.stderr
    assert not (tmp_path / "no").exists()


def test_default_state_directory_is_made_with_its_parents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has to make ~/.local/state first."""
    monkeypatch.setattr(oneshot, "default_state", lambda: str(tmp_path / "local" / "state" / "scirehooks"))
    assert cli.main(["-Q", "-c", "x = 1"]) == 0
    assert (tmp_path / "local" / "state" / "scirehooks" / "store.db").exists()


def test_drain_says_what_is_left(scire: Scire) -> None:
    """A run that takes longer than one wants to wait is named."""
    scire("-c", "client-add web1 --transport local", "-c", "job-create slow --target web1 -- sleep 30")
    done = scire("--drain", "0.5", "-c", "run slow", "-c", "cancel 1")
    assert done.returncode == 5
    assert "-c:1: Still under way: run 1 of slow.\n" in done.stderr
    assert "waiting" not in done.stderr  # it has been


def test_file_is_run_as_a_script_with_its_arguments(scire: Scire, tmp_path: Path, environment: dict[str, str]) -> None:
    """Options stand before it; what follows is the script's; errors have its name and line."""
    script = tmp_path / "script.scire"
    script.write_text(
        "#!/usr/bin/env scirehooks\n# Show what came.\nimport sys\n\nfor word in sys.argv[1:]:\n    print(word)\n"
        "hooks failure\ndescribe-client nobody\n"
    )
    done = scire("--json", str(script), "--json", "a b")
    assert done.returncode == 1
    assert [each["name"] for each in parsed(done.stdout)[0]] == ["hook-failure-hook"]
    assert done.stderr.startswith(f"--json\na b\n{script}:8: There is no client 'nobody'.")


def test_shebang_makes_a_file_a_program(command: list[str], environment: dict[str, str], tmp_path: Path) -> None:
    """A first line names the interpreter, as for any script."""
    wrapper = tmp_path / "scirehooks"
    wrapper.write_text(f'#!/bin/sh\nexec {" ".join(command)} "$@"\n')
    script = tmp_path / "script"
    script.write_text("#!/usr/bin/env scirehooks\n6 * 7\n")
    for file in (wrapper, script):
        file.chmod(0o755)
    path = {**environment, "PATH": f"{tmp_path}:{environment['PATH']}"}
    done = subprocess.run([str(script)], env=path, capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("42\n", "")


def test_standard_input_is_a_batch(scire: Scire) -> None:
    """Also with functions, blank lines and comments; errors have their line."""
    done = scire(stdin="# a comment\ndef f():\n    return 42\n\nf()\nclients\nf(1)\n")
    assert done.returncode == 1
    assert done.stdout == "42\n"
    assert done.stderr.startswith("stdin:7: TypeError: f() takes 0 positional arguments but 1 was given\n")


def test_standard_input_answers_line_by_line(command: list[str], environment: dict[str, str]) -> None:
    """A program can talk with it: each answer comes before the next line is written."""
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, env=environment
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        for number in range(3):
            child.stdin.write(f"{number} + 1\n")
            assert child.stdout.readline() == f"{number + 1}\n"
        child.stdin.close()
        assert child.wait(20) == 0


def test_input_that_is_not_utf8_is_refused_with_its_line(command: list[str], environment: dict[str, str]) -> None:
    """Bytes that are no text are told, with where they are."""
    done = subprocess.run(command, input=b"1\n\xff\n", capture_output=True, env=environment, timeout=60)
    assert done.returncode == 2
    assert b"stdin:2: this is not UTF-8 text" in done.stderr


def test_closed_pipe_does_no_harm(command: list[str], environment: dict[str, str], tmp_path: Path) -> None:
    """Nobody reads: no traceback, and what was to be done is done."""
    lines = [word for _ in range(200) for word in ("-c", "'x' * 1000")]
    shell = subprocess.run(
        ["/bin/bash", "-c", '"$@" | head -c 10; exit ${PIPESTATUS[0]}', "-", *command, *lines, "-c", "done = 1", "-c",
         f"open('{tmp_path}/done', 'w').close()"],
        capture_output=True, env=environment, timeout=60,
    )  # fmt: skip
    assert (shell.returncode, shell.stderr) == (0, b"")
    assert (tmp_path / "done").exists()


def test_batch_imports_no_terminal_library(scire: Scire) -> None:
    """Who sits at no terminal does not wait for one to be loaded."""
    done = scire("-c", "import sys; sorted({'prompt_toolkit', 'pygments'} & set(sys.modules))")
    assert done.stdout == "[]\n"


def test_batch_writes_no_escape_sequences_into_a_pipe(scire: Scire) -> None:
    """Colours are for terminals."""
    done = scire("-c", "client-add web1 --transport local", "-c", "clients", "-c", "help", "-c", "nonsens")
    assert "\x1b" not in done.stdout + done.stderr


def test_interrupt_ends_the_batch(command: list[str], environment: dict[str, str]) -> None:
    """Ctrl-C ends the line that runs, and with it the batch."""
    with subprocess.Popen(
        [*command, "-c", "print('begun', flush=True)", "-c", "import time; time.sleep(600)", "-c", "print('no')"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
    ) as child:  # fmt: skip
        assert child.stdout is not None
        assert child.stderr is not None
        assert child.stdout.readline() == "begun\n"
        deadline = time.monotonic() + 20
        while child.poll() is None and time.monotonic() < deadline:
            child.send_signal(signal.SIGINT)
            time.sleep(0.2)  # it may not have come to the second line yet
        assert child.wait(1) == 130
        assert "no" not in child.stdout.read()
        assert "Traceback" not in child.stderr.read()


def test_second_start_on_a_state_does_not_take_what_would_configure_it(
    command: list[str], environment: dict[str, str]
) -> None:
    """One process serves a fleet; who comes with init scripts of his own is told that they would not count."""
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, env=environment
    ) as first:
        assert first.stdin is not None
        assert first.stdout is not None
        first.stdin.write("1\n")
        first.stdout.readline()
        second = subprocess.run([*command, "-c", "1"], capture_output=True, text=True, env=environment, timeout=60)
        first.stdin.close()
        assert first.wait(20) == 0
    assert (second.returncode, second.stdout) == (2, "")
    assert second.stderr.startswith("scirehooks: The system with the fleet in ")
    assert f"runs already, in process {first.pid}: --init would not count there. Leave it out" in second.stderr
    assert second.stderr.count("\n") == 1


def test_unload_of_a_module_leaves_the_hooks_as_they_were(scire: Scire) -> None:
    """`hooks --json` before the load and after the unload are equal, character by character."""
    lines = ("hooks", "load inventory", "hooks", "unload inventory", "hooks", "options", "help inventory")
    done = scire("--json", *[word for line in lines for word in ("-c", line)])
    before, _, loaded, _, after, *_ = done.stdout.splitlines()
    assert before == after
    assert before != loaded
    assert done.returncode == 1  # no help for what is gone


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["--version"], 0, "scirehooks 0.1.0\n"),
        (["--help"], 0, "usage: scirehooks [OPTIONS] [attach [SOCKET] | daemon | check | FILE [ARG…]]\n"),
        (["--nonsense"], 2, ""),
        (["nosuchfile"], 2, ""),
        (["attach"], 2, ""),  # as the test's --init says how a system is to be started
        (["daemon", "file"], 2, ""),
        (["check", "-c", "1"], 2, ""),
        (["-Q", "--only", "20-x.py"], 2, ""),
        (["--drain", "-1"], 2, ""),
        (["--drain", "nan"], 2, ""),
        (["-c", "1", "file"], 2, ""),
    ],
)
def test_command_line_of_its_own(scire: Scire, arguments: list[str], status: int, said: str) -> None:
    """Version, help, and what cannot be understood."""
    done = scire(*arguments)
    assert done.returncode == status
    assert done.stdout.startswith(said)
    assert "Traceback" not in done.stderr


def test_options_stand_anywhere_before_the_file(tmp_path: Path) -> None:
    """Before or behind a word, which is one only where a file could be; behind a file everything is the file's."""
    given = parse(["--json", "attach", "--drain", "3", "/run/x.sock", "-c", "1", "-c", "2"])
    assert (given.word, given.socket, given.json, given.drain, given.lines) == (
        "attach", Path("/run/x.sock"), True, 3.0, ["1", "2"],
    )  # fmt: skip
    given = parse(["attach", "-c", "1"])
    assert (given.word, given.socket, given.lines) == ("attach", None, ["1"])
    given = parse(["--state", "/s", "daemon", "--strict", "--modules", "/usr", "--modules", "/tmp"])
    assert (given.word, given.strict, given.modules) == ("daemon", True, [Path("/usr"), Path("/tmp")])
    given = parse(["--json", "file", "attach", "--strict", "-c"])
    assert (given.word, given.file, given.arguments, given.strict) == ("", "file", ["attach", "--strict", "-c"], False)
    assert parse(["./attach"]).file == "./attach"
    assert parse(["-"]).file is None
    assert parse(["attach", "x.sock", "file", "--json"]).arguments == ["--json"]
    assert (parse([]).word, parse([]).configuring) == ("", [])
    assert parse(["-Q", "--init", "/usr", "--timings"]).configuring == ["--init", "-Q", "--timings"]
    with pytest.raises(UsageError, match="--only does not go with it"):
        parse(["-Q", "--only", "x"])


def test_only_reads_one_script_and_timings_say_how_long(scire: Scire, tmp_path: Path) -> None:
    """By its name in the directory, or any file; results stay alone on standard output."""
    (tmp_path / "init" / "10-one.py").write_text("one = 1\n")
    (tmp_path / "init" / "20-two.py").write_text("load('inventory')\n")
    done = scire("--only", "20-two.py", "--timings", "-c", "'one' in runtime.namespace")
    assert (done.returncode, done.stdout) == (0, "False\n")
    assert [line.split()[-1].rpartition("/")[2] for line in done.stderr.splitlines()] == ["20-two.py", "inventory.py"]
    assert all(" ms  " in line for line in done.stderr.splitlines())
    (tmp_path / "elsewhere.py").write_text("there = 3\n")
    assert scire("--only", f"{tmp_path}/elsewhere.py", "-c", "there").stdout == "3\n"
    missing = scire("--only", "20-too.py", "-c", "1")
    assert (missing.returncode, missing.stdout) == (1, "")
    assert "Did you mean 20-two.py?" in missing.stderr


def test_no_modules_keeps_modules_away(scire: Scire) -> None:
    """Whatever wants to load one is told why not."""
    done = scire("--no-modules", "-c", "load inventory")
    assert done.returncode == 3
    logged, refused = done.stderr.splitlines()
    assert "started with --no-modules" in logged
    assert "--no-modules" in refused


def test_namespace_has_the_public_names(scire: Scire) -> None:
    """What an init script may use without importing: N1."""
    names = "runtime, fleet, add_hook, fire, clients, client_add, post_client_add_hook, on, Veto, Client, Program"
    assert scire("-c", f"[{names}] is not None").stdout == "True\n"


def test_namespace_has_every_public_name_of_the_package(scire: Scire) -> None:
    """What a module imports from scirehooks, an init script finds without."""
    line = "import scirehooks; [name for name in scirehooks.__all__ if name not in runtime.namespace]"
    assert scire("-c", line).stdout == "['__version__']\n"


def test_garbage_is_looked_for_as_usual_after_the_start(scire: Scire) -> None:
    """Only the first look is late: a system that goes on for months finds its garbage as any program does."""
    lines = ("import gc", "kept = [[] for _ in range(200_000)]", "gc.get_threshold()[0] < 100_000")
    assert scire(*(word for line in lines for word in ("-c", line))).stdout == "True\n"


def test_output_that_cannot_be_written_is_one_line(command: list[str], environment: dict[str, str]) -> None:
    """A full disk is no defect of ours."""
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*command, "-c", "hooks"], stdout=full, stderr=subprocess.PIPE, text=True, env=environment, timeout=60
        )
    assert (done.returncode, done.stderr) == (1, "scirehooks: The output cannot be written: No space left on device.\n")


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_version_that_cannot_be_written_is_an_error(
    command: list[str], environment: dict[str, str], option: str
) -> None:
    """Whoever asks for it in a script must not take an empty file for an answer."""
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*command, option], stdout=full, stderr=subprocess.PIPE, text=True, env=environment, timeout=60
        )
    assert (done.returncode, done.stderr) == (1, "scirehooks: The output cannot be written: No space left on device.\n")


def test_events_that_are_followed_are_all_there(tmp_path: Path) -> None:
    """However many have come since the last look, none is left out."""
    with parts(parse(["-Q"]), tmp_path / "state") as made:
        made.fleet.start()
        events = events_of(made.fleet)
        before, _ = events(None)
        for number in range(510):
            made.fleet.client_add(f"w{number}")
        last, lines = events(before)
    assert (before, last, len(lines)) == (0, 1020, 1020)
    assert [lines[0].split()[1:3], lines[-1].split()[1]] == [["client-creation", "client:1"], "client-add"]


def test_save_tells_the_files_and_what_is_not_in_them(scire: Scire, tmp_path: Path) -> None:
    """What cannot be saved is told with the reason, in a batch too."""
    lines = ("set-option output-limit 100000", "f = lambda: (lambda: 0)", "g = f()", "add-hook startup-hook g", "save")
    done = scire(*[word for line in lines for word in ("-c", line)])
    assert done.stdout.splitlines()[0] == f"Saved in {tmp_path}/init/90-saved.yaml."
    assert "Not saved: " in done.stdout


def test_help_of_a_hook_keeps_names_whole(scire: Scire) -> None:
    """A name with hyphens is not broken at one: it could neither be found nor copied."""
    shown = scire("-c", "describe-hook post-client-add-hook").stdout
    assert "reported to hook-failure-hook and" in " ".join(shown.split())


def test_interrupted_start_says_what_was_being_loaded(scire: Scire, tmp_path: Path) -> None:
    """The one line that helps whoever has pressed Ctrl-C at a start that hangs."""
    (tmp_path / "init" / "10-loop.py").write_text("raise KeyboardInterrupt\n")
    done = scire("-c", "1")
    assert (done.returncode, done.stderr) == (130, "scirehooks: interrupted while loading 10-loop.py.\n")


def test_failing_guard_is_told_once(scire: Scire, tmp_path: Path) -> None:
    """The refusal says it; the log does not say it again, and nobody reads the names of our classes."""
    (tmp_path / "init" / "10-guard.py").write_text("def wrong(): return 5\nadd_hook('pre-client-add-hook', wrong)\n")
    done = scire("-c", "client-add web1 --transport local")
    assert done.returncode == 3
    assert done.stderr.count("answered 5, which is no verdict") == 1
    assert len(done.stderr.splitlines()) == 1
    assert "Error" not in done.stderr


@pytest.mark.parametrize("option", ["--init", "--modules"])
def test_directory_that_was_named_and_is_not_there_is_a_usage_error(scire: Scire, option: str) -> None:
    """Without it nothing would be guarded, and nobody would notice."""
    done = scire(option, "/nonexist", "-c", "clients")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"scirehooks: {option} /nonexist: there is no such directory.\n"


def test_start_without_a_script_says_once_what_that_means(scire: Scire, tmp_path: Path) -> None:
    """Each is said not to be loaded; that its guards are off is said once, and with --strict nothing starts."""
    (tmp_path / "init" / "50-y.yaml").write_text("hoks: 1\n")
    (tmp_path / "init" / "51-open.py").touch()
    (tmp_path / "init" / "51-open.py").chmod(0o666)
    done = scire("-c", "1")
    yaml, unsafe, meaning = done.stderr.splitlines()
    assert "50-y.yaml:1:1: init script 50-y.yaml is not loaded: a file has no key 'hoks'." in yaml
    assert "51-open.py: init script 51-open.py is not loaded: others can write it (mode 0666)." in unsafe
    assert meaning == "what 50-y.yaml, 51-open.py would guard is not guarded now; with --strict the start ends instead"
    strict = scire("--strict", "-c", "1")
    assert (strict.returncode, strict.stdout) == (1, "")
    assert "50-y.yaml is not loaded" in strict.stderr


def test_client_that_nothing_can_reach_is_told_at_once(scire: Scire) -> None:
    """Not only when its first run fails: in a batch on standard error, and by `would`, too."""
    why = "There is no transport ssh here (there is: local): nothing can run on it yet."
    done = scire("-c", "client-add web1", "-c", "would client-add web2", "-c", "client-add here --transport local")
    assert done.returncode == 0
    assert f"{why}\n" in done.stdout
    assert done.stderr == f"-c:1: Added web1 (client 1). {why}\n"
    wrong = scire("-c", "script-create s /nonexist").stderr
    assert wrong == "-c:1: The script /nonexist cannot be read: No such file or directory.\n"
    wrong = scire("-c", 'client_add("w9", trasport="local")').stderr
    assert "client_add() got an unexpected keyword argument 'trasport'. Did you mean transport?" in wrong


def test_state_in_a_place_that_takes_no_directory_says_so(scire: Scire) -> None:
    """The directory above it is there: to make it first would be bad advice."""
    done = scire("--state", "/proc/nope", "-c", "1")
    assert done.returncode == 1
    assert "The state directory /proc/nope cannot be made: /proc takes no new directory." in done.stderr


def test_attach_to_a_file_says_how_to_run_it(scire: Scire, tmp_path: Path) -> None:
    """A file where a socket should be is a script that somebody wants to run; a hint repeats --state."""
    file = tmp_path / "s.txt"
    file.touch()
    told = f"{file} is not a socket. To run a file in the running system, type: scirehooks {file}"
    batch = [sys.executable, "-m", "scirehooks", "attach", str(file), "-c", "1"]
    done = subprocess.run(batch, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (4, f"scirehooks: {told}\n")
    batch = [sys.executable, "-m", "scirehooks", "--state", "/nowhere", "attach", "-c", "1"]
    assert (
        "scirehooks --state /nowhere daemon" in subprocess.run(batch, capture_output=True, text=True, timeout=60).stderr
    )


def test_closing_waits_no_more_for_a_function_that_a_batch_has_waited_for(tmp_path: Path) -> None:
    """`--drain 1` is one second, not that and the patience of the end besides."""
    release, begun = threading.Event(), threading.Event()

    def hang(client: Any) -> None:
        begun.set()
        release.wait(60)

    with parts(parse(["-Q"]), tmp_path / "state") as made:
        made.runtime.add_hook("post-client-add-hook", hang)
        made.fleet.start()
        with made.following(0.2) as settle:
            made.fleet.client_add("web1", transport="local")
        assert begun.wait(10)
        assert [what.split(" (")[0] for what in settle().left] == ["the post-hook of client-add"]
        before = time.monotonic()
    assert time.monotonic() - before < 8  # of the patience, which is ten
    assert made.fleet.patience == 0.0
    release.set()


def test_start_without_its_scripts_leaves_what_was_promised_to_them(tmp_path: Path, scire: Scire) -> None:
    """After a crash somebody looks with -Q; the functions are called at the next whole start, not never."""
    script = tmp_path / "init" / "20-tell.py"

    script.write_text(
        "import os, signal\n@on('post-client-add-hook')\ndef crash(client):\n    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    assert scire("-c", "client-add web1 --transport local").returncode == -signal.SIGKILL
    quick = scire("-Q", "-c", "status")
    assert ": the program was started with -Q; a start without makes up for it" in quick.stdout
    assert "Post-firings left by an earlier process wait" in quick.stderr
    assert quick.returncode == 1
    script.write_text("1/0\n")
    bad = scire("-c", "status")
    assert ": the program runs without 20-tell.py; once loaded, SIGHUP" in bad.stdout
    told = tmp_path / "told"
    script.write_text(
        "from pathlib import Path\n"
        "@on('post-client-add-hook')\n"
        "def tell(client):\n"
        f"    Path({str(told)!r}).write_text(client.name)\n"
    )
    whole = scire("-c", "fleet.drain(None, 30) and None", "-c", "status")
    assert (whole.returncode, whole.stderr) == (0, "")
    assert told.read_text() == "web1"


@pytest.mark.parametrize(
    ("arguments", "failed", "why"),
    [
        ((), (), ""),
        (("--init", "."), (), ""),
        (("-Q",), (), "the program was started with -Q; a start without makes up for it"),
        (("--only", "x.py", "--no-modules"), ("20-a.py",), "the program was started with --only and --no-modules; "),
        ((), ("20-a.py", "90-saved.yaml"), "the program runs without 20-a.py, 90-saved.yaml; once loaded, SIGHUP to "),
    ],
)
def test_start_is_whole_unless_it_leaves_functions_out(
    arguments: tuple[str, ...], failed: tuple[str, ...], why: str
) -> None:
    """Other directories are what somebody wants; less than is in them is not."""
    report = InitReport(tuple(ScriptReport(Path(name), "failed") for name in failed))
    said = not_whole(parse(arguments), report)
    assert said.startswith(why)
    assert bool(said) is bool(why)
