"""A real shell in a pseudo-terminal, its screen as an emulator shows it."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pexpect
import pyte
import pytest

Open = Callable[..., "Terminal"]


class Terminal:
    """A program in a pseudo-terminal; SCREEN is what a person would see."""

    def __init__(self, arguments: list[str], environment: dict[str, str], rows: int, columns: int) -> None:
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self.child: pexpect.spawn[bytes] = pexpect.spawn(
            sys.executable, arguments, dimensions=(rows, columns), env={**os.environ, **environment}, timeout=20
        )
        self.screen.write_process_input = self.send  # type: ignore[method-assign]  # it asks where the cursor is
        self.raw = b""

    def send(self, data: str) -> None:
        """Type DATA."""
        self.child.send(data)

    @property
    def text(self) -> str:
        """The screen as lines without blanks at their ends."""
        return "\n".join(line.rstrip() for line in self.screen.display).rstrip("\n")

    def until(self, *wanted: str, without: str = "") -> str:
        """Return the screen as soon as it shows all that is WANTED and nothing of WITHOUT."""
        deadline = time.monotonic() + 10
        while not (all(each in self.text for each in wanted) and not (without and without in self.text)):
            assert time.monotonic() < deadline, f"{wanted} is not on the screen:\n{self.text}"
            self._read()
        return self.text

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


@pytest.fixture
def open_shell(tmp_path: Path) -> Iterator[Open]:
    """Open a shell on a fleet of its own; it is ended with the test."""
    opened: list[Terminal] = []

    def open_it(
        *options: str, term: str = "xterm", rows: int = 24, columns: int = 90, environment: dict[str, str] | None = None
    ) -> Terminal:
        arguments = ["-m", "scirehooks", "--state", str(tmp_path / "state"), "-Q", *options]
        everything = {"TERM": term, "HOME": str(tmp_path), "NO_COLOR": "", **(environment or {})}
        opened.append(Terminal(arguments, everything, rows, columns))
        return opened[-1]

    yield open_it
    for terminal in opened:
        terminal.child.close(force=True)
