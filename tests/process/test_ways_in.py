"""One language, whichever way in: a batch gives the same here and attached, down to the exit status."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]
Start = Callable[..., Any]

GUARD = """
@on("pre-client-add-hook")
def no_test_hosts(client):
    if client.name.startswith("test"):
        raise Veto("no test hosts")

@on("post-client-add-hook")
def told(client):
    client.name.upper()
"""

SCRIPT = """#!/usr/bin/env scirehooks
import sys
def f(n):
    return sys.argv[1:] * n

f(2)
client-add test1
never
"""

EACH = """
def answer(name):
    try:
        value = runtime.commands[name].function()
    except Exception as error:
        value = [type(error).__name__, str(error)]
    return [name, value]

"""

LINES: dict[str, list[str]] = {
    "value": ["6 * 7", "_ + 1"],
    "print": ["print('out')", "import sys; print('err', file=sys.stderr)", "sys.stdout.write('no end')"],
    "unicode": ["print('\u00e9\u2026\U0001f600')", "'\ud7ff'"],
    "error": ["1/0", "print('no')"],
    "error-in-function": ["def f():\n    1/0\n", "f()"],
    "syntax": ["x = = 1"],
    "misspelt-command": ["client-ad web1"],
    "misspelt-name": ["clint_add"],
    "usage": ["client-add"],
    "unknown": ["describe-client nobody"],
    "veto": ["client-add test1 --transport local"],
    "exit": ["quit 7", "1/0"],
    "exit-with-words": ["import sys; sys.exit('bye')"],
    "interrupt": ["raise KeyboardInterrupt"],
    "await": ["import asyncio; await asyncio.sleep(0, 5)"],
    "program": ["!echo out; echo err >&2"],
    "program-fails": ["!exit 3"],
    "input": ["name = input('who? ')", "other = input()", "[name, other]", "input()"],
    "stdin-lines": ["import sys; [line for line in sys.stdin]"],
    "run-fails": ["client-add web1 --transport local", "job-create bad --target web1 -- false", "run bad", "1"],
    "help": ["help client-add", "help hooks"],
    "table": ["clients", "hooks failure", "options", "jobs", "runs"],
    "objects": ["runtime.hooks['startup-hook'] is not None", "Verdict", "object()"],
    "thread": ["import threading; t = threading.Thread(target=print, args=['from a thread']); t.start(); t.join()"],
    "arguments": ["import sys; sys.argv"],
    "relative": ["load ./extra.py", "extra", "unload extra"],
    "many": ["for i in range(20000): print('x' * 40)"],
}


STATUS = {
    **dict.fromkeys(["error", "error-in-function", "syntax", "misspelt-name", "unknown", "exit-with-words"], 1),
    **dict.fromkeys(["program-fails", "input"], 1),
    **dict.fromkeys(["misspelt-command", "usage"], 2),
    "veto": 3,
    "run-fails": 5,
    "exit": 7,
    "interrupt": 130,
}


@pytest.fixture
def both(daemon: Start, home: dict[str, str], scripts: Path, tmp_path: Path) -> Callable[..., list[Any]]:
    """A function that runs one command embedded and attached, each on a state of its own with the same scripts."""
    (scripts / "50-guard.py").write_text(GUARD)
    (tmp_path / "extra.py").write_text("from scirehooks import command\n@command\ndef extra():\n    return 'more'\n")
    running = daemon()
    command = [sys.executable, "-m", "scirehooks"]
    ways = {
        "embedded": [*command, "--state", f"{tmp_path}/other", "--init", str(scripts)],
        "attached": [*command, "--state", str(running.state)],
    }

    def run(*arguments: str, stdin: str = "") -> list[Any]:
        found = []
        for way in ways.values():
            done = subprocess.run(
                [*way, *arguments], input=stdin, capture_output=True, text=True, env=home, timeout=60, cwd=tmp_path
            )
            found.append((done.returncode, same(done.stdout), same(done.stderr)))
        return found

    return run


def same(text: str) -> str:
    """Return TEXT without what may differ between two systems: times, numbers of entries, addresses, file names."""
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME", text)
    text = re.sub(r'"seconds":[\d.e-]+', "SECONDS", text)
    text = re.sub(r"0x[0-9a-f]+", "ADDRESS", text)
    text = re.sub(r"<(-c|stdin)( \d+)?>", r"\1", text)  # sources of one process are told apart by a number
    return re.sub(r"-c \d+:", "-c:", text)


@pytest.mark.parametrize("name", LINES)
@pytest.mark.parametrize("form", ["text", "json"])
def test_batch_is_the_same_embedded_and_attached(both: Callable[..., list[Any]], name: str, form: str) -> None:
    """Standard output, standard error and exit status agree, for results and for each way to fail."""
    words = [word for line in LINES[name] for word in ("-c", line)]
    embedded, attached = both(*(["--json"] if form == "json" else []), *words, stdin="alice\nbob\n")
    assert attached == embedded
    assert embedded[0] == STATUS.get(name, 0)
    assert "Traceback" not in embedded[2]
    if form == "json":
        for line in embedded[1].splitlines():
            json.loads(line)


def test_file_and_standard_input_are_the_same_embedded_and_attached(
    both: Callable[..., list[Any]], tmp_path: Path
) -> None:
    """Names and lines in messages are those of the file; its arguments are its own."""
    (tmp_path / "script").write_text(SCRIPT)
    embedded, attached = both("script", "--json", "a b")
    assert attached == embedded
    assert embedded[0] == 3
    assert embedded[1] == "['--json', 'a b', '--json', 'a b']\n"
    assert embedded[2].startswith("script:7: client-add test1 was refused by no_test_hosts (")
    embedded, attached = both(stdin=SCRIPT)
    assert attached == embedded
    assert embedded[:2] == (3, "[]\n")
    assert embedded[2].startswith("stdin:7: ")
    assert both("nosuchfile")[0] == both("nosuchfile")[1]
    (tmp_path / "latin").write_bytes(b"1\n'\xe9'\n")
    embedded, attached = both("latin")
    assert attached == embedded == (2, "", "scirehooks: latin:2: this is not UTF-8 text (byte 2).\n")


def test_every_command_answers_the_same_in_json(both: Callable[..., list[Any]], tmp_path: Path) -> None:
    """Each command that can be called without arguments, in one batch; the others with the error that says so."""
    embedded, attached = both("--json", "-c", "sorted(runtime.commands)")
    assert attached == embedded
    commands = json.loads(embedded[1])
    assert {"clients", "hooks", "journal", "who", "status"} <= set(commands)
    # They wait, change what the next one says, or tell about processes and what came before.
    kept_apart = {"follow", "quit", "edit", "undo", "redo", "save", "who", "journal", "status", "history", "diff"}
    asked = "\n".join(f"answer({name!r})" for name in commands if name not in kept_apart)
    (tmp_path / "each").write_text(EACH + asked)
    embedded, attached = both("--json", "each")
    assert embedded[0] == 0
    for one, other in zip(embedded[1].splitlines(), attached[1].splitlines(), strict=True):
        assert one == other


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_only_results_are_on_standard_output(both: Callable[..., list[Any]], scripts: Path, form: list[str]) -> None:
    """What scripts print while they are loaded, and functions of post-hooks when they fire, is no result."""
    noise = "print('while loading')\n@on('post-client-add-hook')\ndef noisy(client):\n    print('in a worker')\n"
    (scripts / "10-noise.py").write_text(noise)
    embedded, attached = both(*form, "-c", "client-add web1 --transport local", "-c", "6 * 7")
    assert embedded[:2] == attached[:2] == (0, "null\n42\n" if form else "42\n")
    assert sorted(embedded[2].splitlines()) == ["in a worker", "while loading"]


def test_second_batch_attaches_to_the_first(home: dict[str, str], attached: Run, scripts: Path, tmp_path: Path) -> None:
    """Whoever holds the state serves it: what the second one sets the first one sees, and the first one's end waits."""
    command = [sys.executable, "-m", "scirehooks", "--state", f"{tmp_path}/state", "--init", str(scripts)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1, env=home
    ) as first:
        watchdog = threading.Timer(60, first.kill)
        watchdog.start()
        assert first.stdin is not None
        assert first.stdout is not None
        assert first.stderr is not None
        first.stdin.write("6 * 7\n")
        assert first.stdout.readline() == "42\n"
        assert attached("-c", "x = 'from the second'").returncode == 0
        first.stdin.write("x\n")
        assert first.stdout.readline() == "'from the second'\n"
        pipe = tmp_path / "begun"
        os.mkfifo(pipe)
        line = f"open({str(pipe)!r}, 'w').close(); import time; time.sleep(1); 'done'"
        with subprocess.Popen(
            [*command[:5], "-c", line], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=home
        ) as second:
            pipe.read_text()  # it evaluates
            first.stdin.close()
            assert first.stderr.readline().startswith("scirehooks: waiting up to 60 s for what is evaluated in batch")
            assert second.communicate(timeout=60)[0] == "'done'\n"
            assert second.returncode == 0
        assert first.wait(30) == 0
        watchdog.cancel()
    assert not (tmp_path / "state" / "control.sock").exists()


def test_end_of_the_holder_is_told_to_who_is_attached(home: dict[str, str], scripts: Path, tmp_path: Path) -> None:
    """What has not ended when the patience is over is ended; its client says so, with another status than success."""
    command = [sys.executable, "-m", "scirehooks", "--state", f"{tmp_path}/state", "--init", str(scripts)]
    with subprocess.Popen(
        [*command, "--drain", "0.3"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, env=home
    ) as first:
        watchdog = threading.Timer(60, first.kill)
        watchdog.start()
        assert first.stdin is not None
        assert first.stdout is not None
        first.stdin.write("1\n")
        assert first.stdout.readline() == "1\n"
        pipe = tmp_path / "begun"
        os.mkfifo(pipe)
        line = f"open({str(pipe)!r}, 'w').close()\nwhile True: pass"
        with subprocess.Popen([*command[:5], "-c", line], stderr=subprocess.PIPE, text=True, env=home) as second:
            pipe.read_text()
            first.stdin.close()
            assert second.communicate(timeout=60)[1]
            assert second.returncode in (4, 130)
        assert first.wait(30) == 0
        watchdog.cancel()


@pytest.mark.parametrize("way", ["embedded", "attached"])
def test_batch_brings_no_terminal_library(daemon: Start, attached: Run, way: str) -> None:
    """Neither end of a batch imports the library of the prompt."""
    if way == "attached":
        daemon()
    line = "import sys; sorted(name for name in sys.modules if name.startswith(('prompt_toolkit', 'pygments')))"
    done = attached(*(["-Q"] if way == "embedded" else []), "--json", "-c", line)
    assert (done.stdout, done.returncode) == ("[]\n", 0)


@pytest.mark.parametrize("way", ["embedded", "attached"])
def test_closed_pipe_does_no_harm(daemon: Start, attached: Run, home: dict[str, str], tmp_path: Path, way: str) -> None:
    """Whoever has seen enough ends nothing but the output: what a line did stays, and nobody complains."""
    if way == "attached":
        daemon()
    command = f"{sys.executable} -m scirehooks --state {tmp_path}/state {'-Q' if way == 'embedded' else ''}"
    lines = "-c 'client-add web1 --transport local' -c 'for i in range(200000): print(i)'"
    done = subprocess.run(
        ["sh", "-c", f"{{ {command} {lines}; echo status $? >&2; }} | head -n 1"],
        capture_output=True, text=True, env=home, timeout=60, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("0\n", "status 0\n")
    assert [row["name"] for row in json.loads(attached("--json", "-c", "clients").stdout)] == ["web1"]


CLOSED = {
    "batch-in": (["-Q"], "<&-", ""),
    "batch-out": (["-Q", "-c", "6 * 7"], ">&-", ""),
    "batch-all": (["-Q", "-c", "6 * 7"], "<&- >&- 2>&-", ""),
    "attach-in": (["attach"], "<&-", ""),
    "attach-out": (["attach", "-c", "6 * 7", "-c", "!echo out; echo err >&2"], ">&-", "err\n"),
    "attach-all": (["attach", "-c", "6 * 7", "-c", "!echo out"], "<&- >&- 2>&-", ""),
    "version": (["--version"], ">&-", ""),
    "check": (["check", "-Q"], ">&-", "No problems.\n"),
    "check-json": (["check", "-Q", "--json"], ">&- 2>&-", ""),
}


@pytest.mark.parametrize("name", CLOSED)
def test_closed_descriptor_is_as_good_as_nothing(
    daemon: Start, home: dict[str, str], tmp_path: Path, name: str
) -> None:
    """No socket takes its place, where what is written would come to the server and what it says would be input."""
    arguments, closed, said = CLOSED[name]
    if arguments[0] == "attach":
        daemon()
    whole = (sys.executable, "-m", "scirehooks", "--state", f"{tmp_path}/state")
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {closed}', "sh", *whole, *arguments],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, env=home, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", said)


@pytest.mark.parametrize("way", ["embedded", "attached"])
def test_directory_that_has_been_removed_is_no_hindrance(
    daemon: Start, attached: Run, home: dict[str, str], tmp_path: Path, way: str
) -> None:
    """As in any shell: what needs no directory is done."""
    if way == "attached":
        daemon()
    (tmp_path / "gone").mkdir()
    command = [sys.executable, "-m", "scirehooks", "--state", f"{tmp_path}/state"]
    done = subprocess.run(
        ["sh", "-c", 'rmdir ../gone; exec "$@"', "sh", *command, *(["-Q"] if way == "embedded" else []), "-c", "6 * 7"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, env=home, timeout=60, cwd=tmp_path / "gone",
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "42\n", "")


@pytest.mark.parametrize("seconds", ["-1", "inf", "nan", "x"])
def test_drain_that_is_no_time_is_a_usage_error_attached_too(
    daemon: Start, home: dict[str, str], checkout: Path, seconds: str
) -> None:
    """The installed script says of it what the whole program says."""
    script = [sys.executable, str(checkout / "scirehooks/bin/scirehooks")]
    done = subprocess.run(
        [*script, "--state", str(daemon().state), "--drain", seconds, "-c", "6 * 7"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, env=home, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert "error: argument --drain: " in done.stderr


@pytest.mark.parametrize("arguments", [["-c", "6 * 7"], ["attach", "-c", "6 * 7"], ["-Q", "-c", "6 * 7"]])
def test_installed_script_takes_the_short_way_if_there_is_one(
    daemon: Start, home: dict[str, str], checkout: Path, tmp_path: Path, arguments: list[str]
) -> None:
    """A batch at a running system imports next to nothing; all else goes on to the whole program."""
    state = "other" if "-Q" in arguments else daemon().state.name
    script = checkout / "scirehooks/bin/scirehooks"
    command = [sys.executable, "-X", "importtime", str(script), "--state", f"{tmp_path}/{state}", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=home, timeout=60, stdin=subprocess.DEVNULL)
    assert (done.returncode, done.stdout) == (0, "42\n")
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "scirehooks.control.oneshot" in imported
    assert ({"scirehooks.cli", "socket", "json", "re"} <= imported) == ("-Q" in arguments)
    assert "-Q" in arguments or imported.isdisjoint({"scirehooks.cli", "socket", "json", "re", "typing"})
