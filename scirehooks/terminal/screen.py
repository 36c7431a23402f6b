"""The terminal of one shell: what is written on it, also while somebody types, and who may use it meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import subprocess
import sys
import termios
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TextIO

from prompt_toolkit.application import Application, run_in_terminal
from prompt_toolkit.input import create_input
from prompt_toolkit.output import create_output

from scirehooks.control.oneshot import has_colors, is_dumb
from scirehooks.shell import Fragments, to_ansi
from scirehooks.shell.showing.text import cells, wrapped

__all__ = ["Screen"]

_COLORS = re.compile(r"\x1b\[[0-9;]*m")


class Screen:
    """The terminal of this process.

    PLAIN says that it can do nothing, or is none at all: then it gets lines and no escape sequence.
    """

    def __init__(self) -> None:
        # Not sys.stdin and sys.stdout: those may lead what is printed to the session that it belongs to.
        self.stdin: TextIO = sys.__stdin__ or sys.stdin
        self.stdout: TextIO = sys.__stdout__ or sys.stdout
        self.stderr: TextIO = sys.__stderr__ or sys.stderr
        tty = self.stdin.isatty() and self.stdout.isatty()
        self.prompting = self.stdin.isatty()
        self.plain = is_dumb() or not tty
        self.color = has_colors(self.stdout.fileno())
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._waiting: list[str] = []
        self._app: Application[Any] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._line = ""  # what stands before the cursor

    # -- what prompt_toolkit needs

    def devices(self) -> dict[str, Any]:
        """Return the input and output of this terminal as prompt_toolkit wants them."""
        return {"input": create_input(self.stdin), "output": create_output(self.stdout)}

    @property
    def columns(self) -> int:
        """The width of the terminal."""
        return self._size().columns

    @property
    def rows(self) -> int:
        """The height of the terminal."""
        return self._size().lines

    def _size(self) -> os.terminal_size:
        with contextlib.suppress(OSError, ValueError):
            size = os.get_terminal_size(self.stdout.fileno())
            if size.columns and size.lines:
                return size
        return os.terminal_size((80, 24))

    # -- writing

    def write(self, text: str, stream: str = "stdout") -> None:
        """Write TEXT where the cursor is; nobody types now."""
        if not text:
            return
        file = self.stderr if stream == "stderr" and not self.stderr.isatty() else self.stdout
        with self._writing:
            file.write(_encodable(text, file))
            file.flush()
            if file is self.stdout:
                _, end, last = text.rpartition("\n")
                self._line = last if end else self._line + last

    def show(self, fragments: Sequence[tuple[str, str]]) -> None:
        """Write styled text where the cursor is."""
        self.write(self.styled(fragments))

    def styled(self, fragments: Sequence[tuple[str, str]]) -> str:
        """Return styled text as this terminal shows it."""
        return to_ansi(fragments, color=self.color)

    def broken(self, fragments: Sequence[tuple[str, str]]) -> Fragments:
        """Return styled text with its lines broken between words where this terminal would break them anywhere."""
        return wrapped(fragments, self.columns)

    def fresh_line(self) -> None:
        """Begin a line if the cursor is not at the start of one."""
        if _COLORS.sub("", self._line):
            self.write("\n")

    def at_line_start(self) -> None:
        """Know that the cursor is at the start of a line: somebody else wrote."""
        self._line = ""

    def interrupted(self) -> None:
        """Know that Ctrl-C was pressed: the terminal itself has written `^C`."""
        if self.prompting:
            self._line += "^C"

    def taken_line(self) -> str:
        """Return what stands before the cursor, and take it away, for somebody who writes it himself."""
        line, width = self._line, cells(_COLORS.sub("", self._line))
        if "\r" in line or width >= self.columns:
            self.fresh_line()
            return ""
        self.write("\r\x1b[K" if width else "")
        self._line = ""
        return line

    def above(self, text: str) -> None:
        """Write TEXT above the line that is being typed, or where the cursor is if nobody types; from any thread."""
        with self._lock:
            self._waiting.append(text)
            if self._loop is not None:
                with contextlib.suppress(RuntimeError):  # it has just been closed: `typing` shows the text
                    self._loop.call_soon_threadsafe(self._show_above)
                return
        self._show_waiting()

    def _show_above(self) -> None:
        with self._lock:
            if not any("\n" in text for text in self._waiting):
                return  # half a line would be overwritten by the prompt
        if self._app is not None and self._app.is_running:
            run_in_terminal(self._show_waiting_lines)

    def _show_waiting_lines(self) -> None:
        with self._lock:
            whole, end, rest = "".join(self._waiting).rpartition("\n")
            self._waiting = [rest] if rest else []
        self.write(whole + end)

    def _show_waiting(self) -> None:
        with self._lock:
            text = "".join(self._waiting)
            self._waiting = []
        self.write(text)

    # -- typing

    @contextlib.contextmanager
    def typing(self, app: Application[Any] | None) -> Iterator[None]:
        """Let what comes inside the block go above the line that somebody types in APP, once that runs."""
        self._app = app
        try:
            yield
        finally:
            with self._lock:
                self._app = self._loop = None
            self._show_waiting()

    def typing_begins(self) -> None:
        """Know the loop in which the line is read."""
        with self._lock:
            self._loop = asyncio.get_running_loop()
            self._loop.call_soon(self._show_above)
        self._line = ""

    def redraw(self) -> None:
        """Draw anew what stands around the line that is being typed; from any thread."""
        with self._lock:
            if self._app is not None and self._loop is not None:
                with contextlib.suppress(RuntimeError):  # the line has just been finished: its loop is closed
                    self._loop.call_soon_threadsafe(self._app.invalidate)

    def leave(self, reason: BaseException) -> None:
        """End the typing of a line, if somebody types one, by raising REASON there; from any thread."""

        def end() -> None:
            if self._app is not None and self._app.is_running and not self._app.is_done:
                self._app.exit(exception=reason)

        with self._lock, contextlib.suppress(RuntimeError):
            if self._loop is not None:
                self._loop.call_soon_threadsafe(end)

    # -- others

    def program(
        self, command: Sequence[str], *, text: str | None = None, environment: dict[str, str] | None = None
    ) -> int:
        """Run COMMAND on this terminal, with TEXT as its input if there is some, and return its exit status.

        Ctrl-C is for the program. The terminal is as it was before, whatever the program has done to it.
        """
        with self._lent():
            done = subprocess.run(
                command,
                check=False,
                env=environment,
                stdin=self.stdin if text is None else None,
                input=None if text is None else text.encode(errors="replace"),
            )
        self._line = ""
        return done.returncode

    @contextlib.contextmanager
    def _lent(self) -> Iterator[None]:
        settings = termios.tcgetattr(self.stdin) if self.stdin.isatty() else None
        try:
            # A handler of ours, not SIG_IGN: what is ignored the program would ignore, too.
            with self.interrupts(lambda: None):
                yield
        finally:
            if settings:
                with contextlib.suppress(termios.error):
                    termios.tcsetattr(self.stdin, termios.TCSADRAIN, settings)

    @contextlib.contextmanager
    def interrupts(self, act: Callable[[], None] | None) -> Iterator[None]:
        """Let Ctrl-C ACT inside the block, or raise `KeyboardInterrupt` where it is None.

        Other threads than the main one may have no handlers; there Ctrl-C stays what it is.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        handler = signal.default_int_handler if act is None else lambda number, frame: act()
        before = signal.signal(signal.SIGINT, handler)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)


def _encodable(text: str, file: TextIO) -> str:
    """Return TEXT with what FILE cannot encode spelt out."""
    encoding = file.encoding or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.encode(encoding, "backslashreplace").decode(encoding)
    return text
