"""Whose output a print is: standard output, error and input of the session that runs the code.

The streams of the process are replaced by routers, once. A router asks the context it is called in for its console;
what has none (the daemon itself, a pool of threads) reads and writes as before. So two sessions print at once and each
sees its own lines, and those of the tasks and threads that it started.

Logging is never routed: a handler that was made inside an evaluation would otherwise send the log of the whole
process to one terminal, and to nobody once that has gone.
"""

from __future__ import annotations

import codecs
import io
import logging
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from typing import Any, Protocol, TextIO
from weakref import WeakKeyDictionary

from scirehooks.hooks.carried import Carried, carried
from scirehooks.process import Stream

__all__ = ["Console", "Metered", "Stream", "current_console", "routed"]

_LOGGING = os.path.dirname(logging.__file__) + os.sep
_NEAR = 8  # frames between a log handler and the write of what it logs


class Console(Protocol):
    """The terminal of one session, wherever it is."""

    def write(self, stream: Stream, text: str) -> None:
        """Show TEXT on STREAM.

        Raises:
            BrokenPipeError: nobody reads that stream any more.
        """

    def read_line(self, prompt: str = "") -> str:
        """Show PROMPT and return a line with its end; nothing at the end of input."""

    def run_program(self, text: str) -> int:
        """Run TEXT by sh on the user's own terminal and return its exit status."""


current_console: ContextVar[Console | None] = ContextVar("scirehooks_console", default=None)
_CONSOLES = Carried(lambda: current_console.get() is not None)  # into threads, but not into pools: those are shared


class Metered:
    """A console that shows LIMIT bytes of what is printed, says so once, and drops the rest.

    Nobody reads a million lines, and the terminal that shows them cannot be used meanwhile.
    """

    def __init__(self, console: Console, limit: int) -> None:
        self._console = console
        self._limit = limit
        self._left = limit
        self._lock = threading.Lock()

    def write(self, stream: Stream, text: str) -> None:
        """Show TEXT, or what the quota leaves of it."""
        with self._lock:
            if self._left < 0:
                return
            # A character is a byte or more: no more than this is ever copied, however long the text.
            content = text[: self._left + 1].encode(errors="surrogatepass")
            kept = content[: self._left]
            self._left -= len(content)
            cut = self._left < 0
        if not cut:
            self._console.write(stream, text)
            return
        self._console.write(stream, kept.decode(errors="ignore"))
        note = (
            f"The rest is not shown: it is more than {self._limit} bytes. It still runs; Ctrl-C ends it. "
            "To see more, set-option print-quota."
        )
        self._console.write("stderr", f"\n{note}\n")

    def read_line(self, prompt: str = "") -> str:
        """Read as the console does."""
        return self._console.read_line(prompt)

    def run_program(self, text: str) -> int:
        """Run as the console does; a program prints by itself."""
        return self._console.run_program(text)


# -- routing


class _Router(io.TextIOBase):
    """What `sys.stdout` and its kin are while consoles are in use; ORIGINAL is what they were."""

    def __init__(self, name: str, original: TextIO | None) -> None:
        self.name = name
        self.original = original
        self.users = 0

    def __getattr__(self, name: str) -> Any:
        """Give what else a stream of the process has (`mode`, `reconfigure`), but not to who has a console."""
        if name.startswith("__") or self.console() is not None:
            raise AttributeError(name)
        return getattr(self.original, name)

    def console(self) -> Console | None:
        """Return the console that the calling code prints to."""
        return current_console.get()

    def fileno(self) -> int:
        """Return the descriptor of the process's stream; a console has none."""
        if self.console() is not None or self.original is None:
            raise io.UnsupportedOperation(f"sys.{self.name} of a session has no file descriptor")
        return self.original.fileno()

    def isatty(self) -> bool:
        """Whether it is a terminal; through a console nobody knows."""
        return self.console() is None and self.original is not None and self.original.isatty()

    @property
    def encoding(self) -> str:  # type: ignore[override]  # it depends on who asks
        """How text becomes bytes."""
        known = None if self.console() is not None else getattr(self.original, "encoding", None)
        return known or "utf-8"

    def close(self) -> None:
        """Do nothing: the streams of a process belong to all of it."""


class _Output(_Router):
    """`sys.stdout` or `sys.stderr`."""

    def __init__(self, name: str, original: TextIO | None) -> None:
        super().__init__(name, original)
        self._bytes: WeakKeyDictionary[Console, _Bytes] = WeakKeyDictionary()

    def console(self) -> Console | None:
        found = current_console.get()
        return None if found is None or _logs(sys._getframe(2)) else found

    @property
    def buffer(self) -> Any:
        """Bytes that are written here are text in UTF-8."""
        console = self.console()
        if console is None:
            return getattr(self.original, "buffer")  # noqa: B009 - not every text file has one
        return self._bytes.setdefault(console, _Bytes(self))  # one and the same: it may hold half a character

    def writable(self) -> bool:
        """Whether it can be written to."""
        return True

    def write(self, text: str, /) -> int:
        """Write TEXT to the console, if any, else as the process does."""
        console = self.console()
        if console is not None:
            if not isinstance(text, str):
                raise TypeError(f"write() argument must be str, not {type(text).__name__}")
            if text:  # `print(…, end="")` writes nothing at its end
                console.write("stderr" if self.name == "stderr" else "stdout", text)
        elif self.original is not None:
            self.original.write(text)
        return len(text)

    def flush(self) -> None:
        """Write out what is buffered; consoles do that themselves."""
        if self.original is not None and self.console() is None:
            self.original.flush()


class _Bytes(io.RawIOBase):
    """The `buffer` of a router: bytes become text, a character whose bytes come one by one included."""

    def __init__(self, router: _Output) -> None:
        self._router = router
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def writable(self) -> bool:
        """Whether it can be written to."""
        return True

    def write(self, data: Any, /) -> int:
        """Write DATA."""
        content = bytes(data)
        self._router.write(self._decoder.decode(content))
        return len(content)

    def close(self) -> None:
        """Do nothing: who wraps it closes it with the wrapper, and others go on writing here."""


class _Input(_Router):
    """`sys.stdin`, line by line."""

    def readable(self) -> bool:
        """Whether it can be read."""
        return True

    def readline(self, size: int | None = -1, /) -> str:  # type: ignore[override]  # None is what a file takes, too
        """Return a line of the console with its end, else of the process's own input."""
        console = self.console()
        if console is not None:
            return console.read_line()
        return "" if self.original is None else self.original.readline(-1 if size is None else size)

    def read(self, size: int | None = -1, /) -> str:
        """Return everything up to the end of input; a console has no less than a line."""
        if self.console() is None:
            return "" if self.original is None else self.original.read(-1 if size is None else size)
        if size is not None and size >= 0:
            raise io.UnsupportedOperation("the input of a session is read by lines: use readline() or input()")
        return "".join(iter(self.readline, ""))


def _logs(frame: Any) -> bool:
    """Whether FRAME was called, at no great distance, by the logging module."""
    for _ in range(_NEAR):
        if frame is None:
            return False
        if frame.f_code.co_filename.startswith(_LOGGING):
            return True
        frame = frame.f_back
    return False


_installing = threading.Lock()  # held for a few assignments only, never while anybody's code runs


@contextmanager
def routed(*, threads: bool = False) -> Iterator[None]:
    """Let the streams of the process ask for the current console, inside the block and whatever runs beside it.

    With THREADS, a thread or timer that is started by an evaluation belongs to it, too. Blocks may nest and overlap.
    """
    with ExitStack() as left:
        for name, kind in (("stdout", _Output), ("stderr", _Output), ("stdin", _Input)):
            left.enter_context(_stream_routed(name, kind))
        if threads:
            left.enter_context(carried(_CONSOLES))
        yield


@contextmanager
def _stream_routed(name: str, kind: type[_Router]) -> Iterator[None]:
    with _installing:
        router = getattr(sys, name)
        if not isinstance(router, _Router):
            router = kind(name, router)
            setattr(sys, name, router)
        router.users += 1
    try:
        yield
    finally:
        with _installing:
            router.users -= 1
            if not router.users and getattr(sys, name) is router:
                setattr(sys, name, router.original)
