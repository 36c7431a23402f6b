"""Whose output a print is: standard output, error and input of the session that runs the code.

The streams of the process are replaced by routers, once. A router asks the context it is called in for its console;
what has none (the daemon itself, a pool of threads) reads and writes as before. So two sessions print at once and each
sees its own lines, and those of the tasks and threads that it started.

Logging is never routed: a handler that was made inside an evaluation would otherwise send the log of the whole
process to one terminal, and to nobody once that has gone.
"""

from __future__ import annotations

import codecs
import contextvars
import io
import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from types import FrameType, MappingProxyType
from typing import Any, Literal, Protocol, TextIO
from weakref import WeakKeyDictionary

from scirehooks.process import Stream

__all__ = ["Console", "ConsoleFile", "Metered", "Stream", "current_console", "own_stream", "routed"]

_LOGGING = os.path.dirname(logging.__file__) + os.sep
_POOLS = tuple(
    os.path.join(os.path.dirname(threading.__file__), each, "") for each in ("concurrent", "multiprocessing")
)
_NEAR = 8  # frames between a log handler and the write of what it logs
_STREAMS: Mapping[str, Stream] = MappingProxyType({"stdout": "stdout", "stderr": "stderr"})


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


# -- files on a console


class ConsoleFile(io.TextIOBase):
    """A text file that writes to STREAM of CONSOLE.

    Example:
        >>> import contextlib
        >>> from scirehooks.shell.running.streams import ConsoleFile, Metered
        >>> class Screen:
        ...     def write(self, stream, text): sys.stdout.write(f"{stream}: {text}")
        >>> print("hello", file=ConsoleFile(Metered(Screen(), 100), "stderr"), end="")
        stderr: hello
    """

    def __init__(self, console: Console, stream: Stream) -> None:
        self._console = console
        self._stream: Stream = stream

    @property
    def encoding(self) -> str:  # type: ignore[override]  # it is fixed: a console takes text
        """What the text becomes on its way."""
        return "utf-8"

    def write(self, text: str, /) -> int:
        """Write TEXT."""
        if text:  # `print(…, end="")` writes nothing at its end
            self._console.write(self._stream, text)
        return len(text)

    def writable(self) -> bool:
        """Whether it can be written to."""
        return True


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
                console.write(_STREAMS[self.name], text)
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


def own_stream(name: Literal["stdin", "stdout", "stderr"]) -> TextIO | None:
    """Return the process's own stream NAME, whoever's code asks; None if it has none."""
    stream = getattr(sys, name)
    return stream.original if isinstance(stream, _Router) else stream


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
            left.enter_context(_threads_followed())
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


class _Following:
    """`Thread.start`, replaced: a thread started for a console runs in a copy of its starter's context.

    But not the threads of a pool: they outlive whoever made the pool grow, and work for others.
    """

    def __init__(self, start: Callable[[threading.Thread], None]) -> None:
        self.start = start
        self.users = 0

    def __get__(self, thread: threading.Thread | None, owner: type[threading.Thread]) -> Callable[..., None]:
        if thread is None:
            return lambda thread: self(thread)
        return lambda: self(thread)

    def __call__(self, thread: threading.Thread) -> None:
        if current_console.get() is not None and "run" not in vars(thread) and not _is_pool(sys._getframe(1).f_back):
            # On the object, where `run` of the class, or of a class of the user's, is still found behind it.
            thread.run = _followed(thread, thread.run)  # type: ignore[method-assign]  # that is how it is done
        self.start(thread)


def _is_pool(frame: FrameType | None) -> bool:
    """Whether FRAME, which starts a thread, is in a pool of threads."""
    return frame is not None and frame.f_code.co_filename.startswith(_POOLS)


def _followed(thread: threading.Thread, run: Callable[[], None]) -> Callable[[], None]:
    """Return RUN of THREAD in a copy of this context, where it is also told what ends it."""
    context = contextvars.copy_context()

    def follow() -> None:
        try:
            context.run(run)
        except BaseException as error:  # noqa: BLE001 - the door of threads, as in `threading`, which tells it outside
            trace = error.__traceback__ and error.__traceback__.tb_next  # without us
            told = threading.ExceptHookArgs((type(error), error.with_traceback(trace), trace, thread))
            context.run(threading.excepthook, told)

    return follow


@contextmanager
def _threads_followed() -> Iterator[None]:
    with _installing:
        following = vars(threading.Thread)["start"]
        if not isinstance(following, _Following):
            following = _Following(following)
            threading.Thread.start = following  # type: ignore[method-assign,assignment]  # it is called as the method is
        following.users += 1
    try:
        yield
    finally:
        with _installing:
            following.users -= 1
            if not following.users and vars(threading.Thread)["start"] is following:
                threading.Thread.start = following.start  # type: ignore[method-assign]  # as it was
