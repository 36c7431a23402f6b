"""Batches at a running system, each from a process of its own."""

import contextlib
import json
import os
import pty
import re
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scirehooks.control import Peer
from scirehooks.control import oneshot as module
from scirehooks.hooks import Runtime
from tests.control.support import Served

Start = Callable[..., "subprocess.Popen[str]"]


def said(process: "subprocess.Popen[str]", given: str | None = None) -> tuple[int, str, str]:
    """The exit status of PROCESS, fed with GIVEN, and what it wrote."""
    out, err = process.communicate(given, timeout=50)
    return process.returncode, out, err


# -- results


def test_lines_give_answers_on_standard_output(oneshot: Start) -> None:
    """Values, what is printed, and errors on the other stream, with status 0 at the end."""
    code = "import sys; print('printed'); print('warned', file=sys.stderr)"
    assert said(oneshot("-c", "6 * 7", "-c", code)) == (0, "42\nprinted\n", "warned\n")


@pytest.mark.parametrize(
    ("line", "status", "err"),
    [
        ("1", 0, ""),
        ("raise ValueError('bad')", 1, "-c:1: ValueError: bad"),
        ("hooks --nonsense", 2, "-c:1: "),
        ("raise SystemExit(5)", 5, ""),
        ("raise SystemExit('no')", 1, "no"),
    ],
)
def test_exit_status_is_that_of_the_batch(oneshot: Start, line: str, status: int, err: str) -> None:
    """Each outcome has its status and its message."""
    found = said(oneshot("-c", line))
    assert found[0] == status
    assert err in found[2]


def test_exit_status_of_a_refusal_is_3(oneshot: Start, runtime: Runtime) -> None:
    """A veto is told from an error."""

    def pre_pay_hook(order: int) -> None:
        """Asks whether ORDER may be paid."""

    def never(order: int) -> None:
        from_whom = "the bank"
        raise Refusal(f"{from_whom} says no")

    runtime.defhook(mode="ask", on_error="refuse")(pre_pay_hook)
    runtime.add_hook("pre-pay-hook", never)
    assert said(oneshot("-c", "fire pre-pay-hook order=1"))[0] == 3


class Refusal(Exception):
    """Why not."""


def test_json_gives_a_line_for_each_result(oneshot: Start) -> None:
    """Standard output holds results only: what lines and programs print goes to the other stream."""
    lines = ["hooks order", "x = 3", "x", "print('noise')", "!echo noise", "'ü'"]
    status, out, err = said(oneshot("--json", *[word for line in lines for word in ("-c", line)]))
    assert (status, err) == (0, "noise\nnoise\n")
    values = [json.loads(line) for line in out.splitlines()]
    assert values[0][0]["name"] == "order-paid-hook"
    assert values[1] == 3
    assert values[-1] == "ü"


def test_file_is_run_with_its_arguments_and_paths(oneshot: Start, tmp_path: Path) -> None:
    """Errors name the file and the line, `sys.argv` holds the arguments, paths are those of the client."""
    (tmp_path / "jobs.scire").write_text("import sys\nsys.argv\n!pwd\nnonsense here\n")
    status, out, err = said(oneshot("jobs.scire", "a", "b", cwd=tmp_path))
    assert status == 1
    assert out == f"['jobs.scire', 'a', 'b']\n{tmp_path}\n"
    assert err.startswith("jobs.scire:4: ")


def test_file_that_cannot_be_read_is_a_usage_error(oneshot: Start, tmp_path: Path) -> None:
    """The server is not troubled with it."""
    (tmp_path / "bad").write_bytes(b"1\n2\xff\n")
    assert said(oneshot("bad", cwd=tmp_path)) == (
        2, "", "scirehooks: bad:2: this is not UTF-8 text (byte 2).\n",
    )  # fmt: skip
    status, _, err = said(oneshot("absent", cwd=tmp_path))
    assert status == 2
    assert "absent cannot be read: No such file or directory." in err


# -- standard input


def test_stdin_is_evaluated_line_by_line(oneshot: Start) -> None:
    """Whoever feeds it sees each answer before he writes the next line."""
    process = oneshot(stdin=subprocess.PIPE)
    assert process.stdin
    assert process.stdout
    for number in range(3):
        process.stdin.write(f"{number} + 1\n")
        process.stdin.flush()
        assert process.stdout.readline() == f"{number + 1}\n"
    process.stdin.close()
    assert process.wait(20) == 0


def test_stdin_without_a_line_end_is_evaluated(oneshot: Start) -> None:
    """A block is finished by the end of input."""
    assert said(oneshot(stdin=subprocess.PIPE), "for x in 'ab':\n    print(x)") == (0, "a\nb\n", "")


def test_stdin_serves_input_too(oneshot: Start) -> None:
    """`input()` in a line takes the next line, as in any shell; at the end there is none."""
    assert said(oneshot(stdin=subprocess.PIPE), "name = input('who? ')\nbob\nname\n") == (0, "who? 'bob'\n", "")
    assert "EOFError" in said(oneshot("-c", "input()"))[2]
    assert said(oneshot("-c", "input()", stdin=subprocess.PIPE), "x\ny\n")[1] == "'x'\n"


def test_stdin_that_is_no_text_is_a_usage_error(oneshot: Start, tmp_path: Path) -> None:
    """With its line."""
    (tmp_path / "lines").write_bytes(b"1\n2\xff\n3\n")
    with open(tmp_path / "lines", "rb") as lines:
        status, out, err = said(oneshot(stdin=lines))
    assert (status, out) == (2, "1\n")
    assert "not UTF-8 text (byte 2)" in err


# -- programs, pipes, signals


def test_program_runs_where_the_client_is(oneshot: Start, tmp_path: Path) -> None:
    """On its terminal, in its directory, with its environment."""
    process = oneshot("-c", "!pwd; echo $WORD", cwd=tmp_path, words={"WORD": "here"})
    assert said(process) == (0, f"{tmp_path}\nhere\n", "")
    assert said(oneshot("-c", "!exit 3"))[0] == 1


def test_pipe_closed_by_its_reader_is_no_error(oneshot: Start) -> None:
    """`… | head -1` ends with 0, and says nothing; the batch goes no further."""
    process = oneshot("-c", "for number in range(10**9): print(number)", "-c", "unreachable = 1")
    assert process.stdout
    assert process.stdout.readline() == "0\n"
    process.stdout.close()
    assert process.wait(20) == 0
    assert process.stderr
    assert process.stderr.read() == ""


def test_output_that_cannot_be_written_is_an_error(oneshot: Start) -> None:
    """A full disk is no closed pipe."""
    with open("/dev/full", "w") as full:
        status, _, err = said(oneshot("-c", "print('x')", stdout=full))
    assert (status, err) == (1, "scirehooks: The output cannot be written: No space left on device.\n")


@pytest.mark.parametrize(
    "line", ["while True: pass", "import time\nwhile True: time.sleep(0.001)", "input()", "!sleep 50"]
)
def test_sigint_interrupts_the_batch(oneshot: Start, line: str) -> None:
    """Ctrl-C ends it with 130, whatever it does, and what comes behind is not run."""
    process = oneshot("-c", "print('begun')", "-c", line, "-c", "print('on')", stdin=subprocess.PIPE)
    assert process.stdout
    assert process.stdout.readline() == "begun\n"
    time.sleep(0.2)  # it has to be *in* the line: nothing outside tells when
    process.send_signal(signal.SIGINT)
    if line.startswith("!"):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGINT)  # as a terminal does: the program gets it, too
    out, _ = process.communicate(timeout=20)
    assert process.returncode == 130
    assert out == ""


def test_sigint_again_and_again_leaves_the_client(oneshot: Start) -> None:
    """A call that nobody can end is given up by the server; the client is never stuck."""
    process = oneshot("-c", "print('begun'); import os; reader, writer = os.pipe(); os.read(reader, 1)")
    assert process.stdout
    assert process.stdout.readline() == "begun\n"
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert process.returncode == 130


def test_lost_server_is_status_4(oneshot: Start, served: Served) -> None:
    """Who waits for a batch is told that nobody knows how it ended."""
    process = oneshot("-c", "print('begun')", "-c", "while True: pass")
    assert process.stdout
    assert process.stdout.readline() == "begun\n"
    (attached,) = served.service.sessions.all()
    attached.link.end()
    for connection in [*served.server._connections]:
        served.server.call(connection.abort)
    status, _, err = said(process)
    assert status == 4
    assert err.endswith("The batch may not be finished.\n")


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 400 Bad Request\r\n", b"\xff\xfe\n", b"{\n", b"220\n", b'{"QMP": {}}\n', b"\n"]
)
def test_socket_of_something_else_is_status_4(oneshot: Start, tmp_path: Path, answer: bytes) -> None:
    """Whatever it says is no reason for a traceback; the socket is named."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "web.sock"))
        listener.listen()
        process = oneshot("-c", "1", socket=str(tmp_path / "web.sock"))
        with listener.accept()[0] as connection:
            connection.recv(1 << 16)
            connection.sendall(answer)
            why = f"scirehooks: What answers at {tmp_path}/web.sock is no scirehooks control socket.\n"
            assert said(process) == (4, "", why)


class Late(list[str]):
    """Messages to be sent; MEANWHILE is called once, after it has been found that there are none."""

    def __init__(self, meanwhile: Callable[[], None]) -> None:
        super().__init__()
        self.meanwhile: Callable[[], None] | None = meanwhile

    def __bool__(self) -> bool:
        there = len(self) > 0
        if not there and self.meanwhile:
            meanwhile, self.meanwhile = self.meanwhile, None
            meanwhile()
        return there


def test_interrupt_at_the_end_of_sending_is_sent() -> None:
    """A signal comes when it likes: also after the last look for what is to be sent."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        conversation = module._Conversation(ours, {}, "here")
        conversation._later = Late(lambda: conversation.interrupted(signal.SIGINT, None))
        conversation._call("alive", {})
        theirs.setblocking(False)
        methods = [json.loads(line)["method"] for line in theirs.recv(1 << 16).splitlines()]
    assert methods == ["alive", "interrupt"]


def test_attach_where_nobody_serves_is_status_4(oneshot: Start, tmp_path: Path) -> None:
    """It says where, why, and what to type; without the word attach it is for the whole program to decide."""
    status, _, err = said(oneshot("-c", "1", socket=str(tmp_path / "none")))
    assert status == 4
    assert err == (
        f"scirehooks: Nobody can be reached at {tmp_path}/none: No such file or directory."
        " To start one, type: scirehooks daemon\n"
    )
    assert module.main(["--state", str(tmp_path / "none"), "-c", "1"]) is None


@pytest.mark.parametrize(
    "words",
    [
        *(["daemon"], ["check"], ["-Q", "-c", "1"], ["--init", "x"], ["--state"], ["--help"], ["-c"]),
        *(["attach", "--drain", seconds, "-c", "1"] for seconds in ("x", "-1", "inf", "nan")),
    ],
)
def test_main_leaves_to_the_whole_program_what_it_does_not_understand(words: list[str]) -> None:
    """It understands few options; all others, and mistakes, are told by the program that knows all."""
    assert module.main(words) is None


def test_path_longer_than_an_address_is_reached(served: Served, oneshot: Start, tmp_path: Path) -> None:
    """A socket deep down in a state directory is reached by way of its directory."""
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)
    listener = socket.socket(socket.AF_UNIX)
    descriptor = os.open(deep, os.O_PATH)
    listener.bind(f"/proc/self/fd/{descriptor}/control.sock")
    os.close(descriptor)
    listener.listen()
    served.server.listen(listener, lambda _: Peer.own())
    assert said(oneshot("-c", "7", socket=str(deep / "control.sock"))) == (0, "7\n", "")


def test_terminal_gets_colors_and_its_width(oneshot: Start) -> None:
    """Where standard output is a terminal, answers are as wide and as coloured as it."""
    ours, theirs = pty.openpty()
    words = {"TERM": "xterm", "COLUMNS": "60"}
    process = oneshot("-c", "hooks", stdout=theirs, words=words)
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):
        while data := os.read(ours, 1 << 16):
            shown += data
    os.close(ours)
    assert process.wait(20) == 0
    assert b"\x1b[1m" in shown
    lines = re.sub(r"\x1b\[\d+m", "", shown.decode()).splitlines()
    assert max(map(len, lines)) <= 60
    assert "…" in lines[1]


# -- what it costs


def test_import_brings_almost_nothing(checkout: Path) -> None:
    """Of modules that Python does not load by itself: those that speak with a socket, and four of ours."""
    code = (
        "import sys; before = set(sys.modules); import scirehooks.control.oneshot;"
        "print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, cwd=checkout, text=True)
    ours = {"scirehooks", "scirehooks.late", "scirehooks.control", "scirehooks.control.oneshot"}
    assert set(done.stdout.split()) - ours <= {"_json", "_socket", "_signal"}


def test_server_reads_what_the_writer_writes() -> None:
    """The writer of JSON agrees with the standard one."""
    value: Any = {"a": [1, 2.5, None, True, False], "ü\n\x00": {"b": "\u2028"}, "c": []}
    assert json.loads(module._dump(value)) == value


class Server:
    """A socket whose other end belongs to the user UID."""

    def __init__(self, uid: int) -> None:
        self._uid = uid

    def getsockopt(self, level: int, option: int, length: int) -> bytes:
        """Return what the kernel would."""
        return struct.pack("3i", 1, self._uid, 0)


def test_program_of_a_server_of_another_user_is_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Root that attaches to the server of a user does not run what that user likes; root's servers may ask anybody."""
    for own, theirs, trusted in ((0, 1000, False), (1000, 1000, True), (1000, 0, True), (1000, 1001, False)):
        monkeypatch.setattr(os, "geteuid", lambda own=own: own)
        assert module.is_trusted(Server(theirs)) is trusted  # type: ignore[arg-type]  # the one method that is used


@pytest.mark.parametrize(
    ("environment", "shown"),
    [
        ({"TERM": "xterm"}, True),
        ({"TERM": "xterm", "NO_COLOR": ""}, True),
        ({"TERM": "xterm", "NO_COLOR": "1"}, False),
        *(({"TERM": term}, False) for term in ("dumb", "DUMB", "unknown", "")),
        ({}, False),
    ],
)
def test_colours_are_for_terminals_that_have_them(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], shown: bool
) -> None:
    """One rule for a batch and for the shell, whoever asks; a file never has any."""
    for name in ("TERM", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    ours, theirs = pty.openpty()
    read, write = os.pipe()
    try:
        assert module.has_colors(theirs) is shown
        assert not module.has_colors(write)
    finally:
        for descriptor in (ours, theirs, read, write):
            os.close(descriptor)


@pytest.mark.parametrize("given_up", [False, True])
def test_batch_tells_of_a_system_that_does_not_answer(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], given_up: bool
) -> None:
    """It may be stopped; whoever waits can go, and if it goes on again, nothing is lost."""
    monkeypatch.setattr(module, "_ALIVE", 0.05)
    here, there = socket.socketpair()

    def serve() -> None:
        with there.makefile("r") as lines:
            methods = [json.loads(line)["method"] for line, _ in zip(lines, range(3), strict=False)]
        assert methods == ["batch", "alive", "alive"]
        if given_up:
            os.kill(os.getpid(), signal.SIGINT)
        else:
            there.sendall(b'{"jsonrpc":"2.0","id":1,"result":{"status":7}}\n')

    serving = threading.Thread(target=serve)
    serving.start()
    with here, there:
        if given_up:
            with pytest.raises(KeyboardInterrupt):
                module.converse(here, {"lines": ["1"]})
        else:
            assert module.converse(here, {"lines": ["1"]}) == 7
        serving.join(10)
    assert capfd.readouterr().err == (
        "scirehooks: The running system does not answer. It may be stopped, or very busy; Ctrl-C ends the waiting.\n"
    )
