"""A real shell in a pseudo-terminal, its screen as an emulator shows it."""

import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pexpect
import pyte
import pytest

Open = Callable[..., "Terminal"]
PROMPT = "scire>"

# What does not end by itself, each kind stopped in another way.
ENDLESS = {
    "python": "for _ in [print('be' + 'gun')]:\rwhile True: pass\r\r",
    "coroutine": "print('be' + 'gun'); await asyncio.sleep(600)\r",
    "C": "print('be' + 'gun'); time.sleep(600)\r",
}

# A program that has a runtime of its own and opens the shell on it.
EMBEDDED = """
import sys
from pathlib import Path
from scirehooks.hooks import Runtime
from scirehooks.terminal import shell

runtime = Runtime("shop")

@runtime.defhook
def order_paid_hook(order: int) -> None:
    "Fires after ORDER has been paid."

sys.exit(shell(runtime, history=Path(sys.argv[1])))
"""

# The same system behind a socket, until it is killed.
SERVING = """
import os, signal, socket, sys
from scirehooks.control import Peer, Server, Service
from scirehooks.hooks import Runtime
from scirehooks.shell import furnish
from scirehooks.values import Values

runtime, values = Runtime("shop"), Values()

@runtime.defhook
def order_paid_hook(order: int) -> None:
    "Fires after ORDER has been paid."

status = f"the shop is open in {os.getpid()}"
service = Service(runtime, values, furnish(runtime, values), title="in the shop", status=lambda: status)
server = Server(service).start()
server.listen(socket.socket(fileno=int(sys.argv[1])), lambda sock: Peer.own())
print("ready", flush=True)
signal.pause()
"""

# A terminal on it.
ATTACHED = """
import socket, sys
from pathlib import Path
from scirehooks.terminal import run

def connect():
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(sys.argv[2])
    return sock

sys.exit(run(connect(), history=Path(sys.argv[1]), reconnect=connect))
"""


class Terminal:
    """A program in a pseudo-terminal; SCREEN is what a person would see."""

    def __init__(
        self,
        arguments: list[str],
        environment: dict[str, str],
        rows: int,
        columns: int,
        program: str = sys.executable,
    ) -> None:
        self.screen = pyte.HistoryScreen(columns, rows, history=10_000)
        self._stream = pyte.ByteStream(self.screen)
        self.child: pexpect.spawn[bytes] = pexpect.spawn(
            program, arguments, dimensions=(rows, columns), env={**os.environ, **environment}, timeout=30
        )
        self.screen.write_process_input = self.send  # type: ignore[method-assign]  # it asks where the cursor is
        self.raw = b""

    def send(self, data: str) -> None:
        """Type DATA."""
        self.child.send(data)

    def interrupt(self) -> None:
        """Press Ctrl-C, as the terminal takes it while nothing reads keys: it is a signal."""
        self.child.sendintr()

    def resize(self, rows: int, columns: int) -> None:
        """Give the window another size."""
        self.screen.resize(rows, columns)
        self.child.setwinsize(rows, columns)

    @property
    def text(self) -> str:
        """The screen as lines without blanks at their ends."""
        return "\n".join(line.rstrip() for line in self.screen.display).rstrip("\n") + "\n"

    @property
    def scrollback(self) -> str:
        """What has left the screen at the top."""
        columns = range(self.screen.columns)
        lines = ("".join(line[column].data for column in columns) for line in self.screen.history.top)
        return "\n".join(line.rstrip() for line in lines)

    def until(self, *wanted: str, without: str = "") -> str:
        """Return the screen as soon as it shows all that is WANTED and nothing of WITHOUT."""
        deadline = time.monotonic() + 20
        while not (all(each in self.text for each in wanted) and not (without and without in self.text)):
            assert time.monotonic() < deadline, f"{wanted} is not on the screen:\n{self.text}"
            self._read()
        return self.text

    def ready(self) -> "Terminal":
        """Return the terminal as soon as there is a prompt."""
        self.until(PROMPT)
        return self

    def type(self, data: str, *wanted: str, without: str = "") -> str:
        """Type DATA, and return the screen as soon as it shows all that is WANTED and nothing of WITHOUT."""
        self.send(data)
        return self.until(*wanted, without=without)

    def begin(self, kind: str) -> None:
        """Evaluate what is ENDLESS in this way, and return when it is under way."""
        self.ready().type("import asyncio, time\r", "asyncio, time\nscire>")
        self.type(ENDLESS[kind], "\nbegun")

    def _read(self) -> None:
        try:
            data = self.child.read_nonblocking(65536, timeout=0.2)
        except pexpect.TIMEOUT:
            return
        except pexpect.EOF:
            raise AssertionError(f"The shell has ended:\n{self.text}") from None
        self.raw += data
        self._stream.feed(data)

    def end(self) -> int | None:
        """Return the exit status once the program has ended."""
        self.child.expect(pexpect.EOF)
        self.raw += self.child.before or b""
        self.child.close()
        return self.child.exitstatus


class Serving:
    """A process that serves a system at SOCKET; it can be killed, stopped and started anew."""

    def __init__(self, directory: Path) -> None:
        self.socket = directory / "control.sock"
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Serve, and return when there is somebody to connect to."""
        # The socket appears with somebody listening at it, as a daemon's does.
        made = self.socket.with_name("new.sock")
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(made))
            listener.listen()
            self.process = subprocess.Popen(
                [sys.executable, "-c", SERVING, str(listener.fileno())],
                pass_fds=[listener.fileno()],
                stdout=subprocess.PIPE,
                text=True,
            )
            assert self.process.stdout
            assert self.process.stdout.readline() == "ready\n"
            made.rename(self.socket)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process."""
        assert self.process
        self.process.send_signal(number)

    def kill(self) -> None:
        """End the process as `kill -9` does."""
        if self.process:
            self.process.kill()
            self.process.communicate(timeout=20)
            self.process = None


@pytest.fixture(params=ENDLESS)
def endless(request: pytest.FixtureRequest) -> str:
    """What kind of evaluation it is that does not end."""
    kind: str = request.param
    return kind


@pytest.fixture
def opened() -> Iterator[list[Terminal]]:
    """The terminals of a test; they are ended with it."""
    terminals: list[Terminal] = []
    yield terminals
    for terminal in terminals:
        terminal.child.close(force=True)


@pytest.fixture
def open_shell(tmp_path: Path, opened: list[Terminal]) -> Open:
    """Open a shell on a fleet of its own; it is ended with the test."""

    def open_it(
        *options: str,
        term: str = "xterm",
        rows: int = 24,
        columns: int = 90,
        environment: dict[str, str] | None = None,
        attach: bool = False,
    ) -> Terminal:
        arguments = ["-m", "scirehooks", "--state", str(tmp_path / "state"), *([] if attach else ["-Q"]), *options]
        everything = {"TERM": term, "HOME": str(tmp_path), "NO_COLOR": "", **(environment or {})}
        opened.append(Terminal(arguments, everything, rows, columns))
        return opened[-1]

    return open_it


def _opener(script: str, arguments: list[str], directory: Path, opened: list[Terminal]) -> Open:
    file = directory / "opening.py"
    file.write_text(script)

    def open_it(
        *,
        term: str = "xterm",
        rows: int = 24,
        columns: int = 90,
        environment: dict[str, str] | None = None,
        from_shell: str = "",
    ) -> Terminal:
        everything = {"TERM": term, "HOME": str(directory), "NO_COLOR": "", "PAGER": "", **(environment or {})}
        everything["PYTHONPATH"] = str(Path(__file__).parent.parent.parent)
        if from_shell:
            opened.append(Terminal(["--norc", "--noprofile", "-i"], everything, rows, columns, from_shell))
            opened[-1].send(shlex.join([sys.executable, str(file), *arguments]) + "\r")
        else:
            opened.append(Terminal([str(file), *arguments], everything, rows, columns))
        return opened[-1]

    return open_it


@pytest.fixture
def open_embedded(tmp_path: Path, opened: list[Terminal]) -> Open:
    """Open the shell of a program that has a runtime of its own."""
    return _opener(EMBEDDED, [str(tmp_path / "history")], tmp_path, opened)


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    """A system that is served by a process of its own."""
    served = Serving(tmp_path)
    served.start()
    yield served
    served.kill()


@pytest.fixture
def open_attached(tmp_path: Path, opened: list[Terminal], serving: Serving) -> Open:
    """Open a shell on the system that SERVING serves."""
    return _opener(ATTACHED, [str(tmp_path / "history"), str(serving.socket)], tmp_path, opened)


@pytest.fixture(params=["embedded", "attached"])
def open_either(request: pytest.FixtureRequest) -> Open:
    """Open a shell, once in its own process and once on another one: there is no difference to be seen."""
    opener: Open = request.getfixturevalue(f"open_{request.param}")
    return opener
