"""Run a program: argv, process group, deadline, TERM then KILL, bounded output.

Programs in hooks and the local transport are run here. What is wanted: no shell; nothing is left running, whatever
the program started; the caller waits no longer than it said; memory stays bounded whatever is printed.

The program leads a process group of its own. Its end is awaited on a pidfd beside its pipes, in one selector, and it
is reaped last: until then its number, which is the group's, can be nobody else's, so the group can be signalled safely.
A simple `Popen.communicate` was rejected: it waits for whoever holds the pipes, which may be a child left behind.
"""

from __future__ import annotations

import contextlib
import errno
import os
import pwd
import select
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import IO, Final, Literal, TypeAlias

from scirehooks.records import dataclass

__all__ = ["Completed", "Stream", "run", "user_name"]

Stream: TypeAlias = Literal["stdout", "stderr"]

_CHUNK: Final = 1 << 16
_PIPE: Final = 1 << 20  # more than any pipe holds, unless root enlarged it
_LINGER: Final = 0.2  # seconds for children that still print when their leader has ended (bash: `> >(tee log)`)
_DEATH: Final = 5.0  # seconds in which a KILL works, unless the kernel itself is stuck (a lost NFS server)
_CANCEL_CHECK: Final = 0.05  # a threading.Event cannot be selected on


@dataclass(frozen=True, slots=True)
class Completed:
    """How a program ended: by STATUS, or by SIGNAL; both None if even KILL did not end it."""

    status: int | None
    signal: int | None
    timed_out: bool
    cancelled: bool
    stdout: bytes
    stderr: bytes
    truncated: bool
    duration: float


def run(
    argv: Sequence[str],
    *,
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
    cwd: Path | str | None = None,
    timeout: float | None,
    grace: float = 2.0,
    limit: int = 1 << 20,
    on_output: Callable[[Stream, bytes], None] | None = None,
    cancel: threading.Event | None = None,
) -> Completed:
    """Run ARGV with STDIN as its input and return how it ended.

    After TIMEOUT seconds, or when CANCEL is set, its process group gets TERM, and KILL when GRACE seconds later it is
    still there. When it has ended by itself, what it left behind in its group is killed. LIMIT bounds the bytes kept of
    each stream; with ON_OUTPUT each chunk is passed on as it comes, and none is kept.

    Raises: OSError if it cannot be started; whatever ON_OUTPUT raises, after all has been killed.

    Example:
        >>> run(["sh", "-c", "cat; exit 3"], stdin=b"hello", timeout=10).status
        3
    """
    started = time.monotonic()
    process = _start(argv, stdin=subprocess.PIPE if stdin else subprocess.DEVNULL, env=env, cwd=cwd)
    running = _Running(process, stdin, limit, on_output)
    try:
        running.attend(None if timeout is None else started + timeout, grace, cancel)
    finally:
        running.end()
    code = process.returncode
    return Completed(
        status=code if code is not None and code >= 0 else None,
        signal=-code if code is not None and code < 0 else None,
        timed_out=running.timed_out,
        cancelled=running.cancelled,
        stdout=bytes(running.kept["stdout"]),
        stderr=bytes(running.kept["stderr"]),
        truncated=running.truncated,
        duration=time.monotonic() - started,
    )


def _start(
    argv: Sequence[str], *, stdin: int, env: Mapping[str, str] | None, cwd: Path | str | None
) -> subprocess.Popen[bytes]:
    if not argv or any("\0" in word for word in argv):
        # Popen says it by other exceptions; to a caller it is one of the ways not to start.
        raise OSError(errno.EINVAL, "no program is named so", argv[0] if argv else "")
    return subprocess.Popen(
        argv,
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=env,
        cwd=cwd,
        start_new_session=True,
        bufsize=0,
    )


def user_name(uid: int) -> str:
    """Return the name of the user with that UID; the number itself where nobody has it, in a container, say.

    Example:
        >>> user_name(0)
        'root'
    """
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


class _Running:
    """A started program: its pipes, what it has printed, how it is being ended."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        stdin: bytes,
        limit: int,
        on_output: Callable[[Stream, bytes], None] | None,
    ) -> None:
        self.kept: dict[Stream, bytearray] = {"stdout": bytearray(), "stderr": bytearray()}
        self.truncated = self.timed_out = self.cancelled = False
        self._process, self._limit, self._on_output = process, limit, on_output
        self._left = memoryview(stdin)
        self._has_ended = False
        self._kill_at: float | None = None
        self._pidfd = os.pidfd_open(process.pid)
        self._outputs: dict[Stream, IO[bytes]] = {}
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._pidfd, selectors.EVENT_READ, self._note_end)
        if process.stdin:
            self._watch(process.stdin, selectors.EVENT_WRITE, self._write)
        if process.stdout:
            self._outputs["stdout"] = process.stdout
        if process.stderr:
            self._outputs["stderr"] = process.stderr
        for stream, pipe in self._outputs.items():
            self._watch(pipe, selectors.EVENT_READ, partial(self._read, stream, _CHUNK))

    def attend(self, deadline: float | None, grace: float, cancel: threading.Event | None) -> None:
        """Feed it and read it until it has ended, or until the time has come to kill it."""
        while not (self._has_ended and not self._outputs):
            now = time.monotonic()
            if self._kill_at is None:
                self.cancelled = cancel is not None and cancel.is_set()
                self.timed_out = not self.cancelled and deadline is not None and now >= deadline
                if self.cancelled or self.timed_out:
                    self._signal_group(signal.SIGTERM)
                    self._kill_at = now + grace
            elif now >= self._kill_at:
                return
            next_at = deadline if self._kill_at is None else self._kill_at
            wait = None if next_at is None else max(next_at - now, 0)
            if cancel is not None and self._kill_at is None:
                wait = _CANCEL_CHECK if wait is None else min(wait, _CANCEL_CHECK)
            for key, _ in self._selector.select(wait):
                key.data()

    def end(self) -> None:
        """Kill what is left of the group, take what is left in the pipes, reap."""
        self._signal_group(signal.SIGKILL)
        try:
            for stream in list(self._outputs):
                self._read(stream, _PIPE)
        finally:
            dead = select.poll()
            dead.register(self._pidfd, select.POLLIN)
            if dead.poll(_DEATH * 1000):
                self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
                if pipe:
                    pipe.close()
            self._selector.close()
            os.close(self._pidfd)

    def _signal_group(self, number: signal.Signals) -> None:
        # No such process: it was reaped behind our back. No permission: all that is left has become another user.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)

    def _watch(self, pipe: IO[bytes], event: int, then: Callable[[], None]) -> None:
        os.set_blocking(pipe.fileno(), False)
        self._selector.register(pipe, event, then)

    def _close(self, pipe: IO[bytes]) -> None:
        self._selector.unregister(pipe)
        pipe.close()

    def _note_end(self) -> None:
        self._has_ended = True
        self._selector.unregister(self._pidfd)
        if self._kill_at is None:
            self._kill_at = time.monotonic() + _LINGER

    def _write(self) -> None:
        pipe = self._process.stdin
        assert pipe is not None
        try:
            self._left = self._left[os.write(pipe.fileno(), self._left[:_CHUNK]) :]
        except BlockingIOError:
            return
        except BrokenPipeError:  # it does not want to read all: its right
            self._left = self._left[:0]
        if not self._left:
            self._close(pipe)

    def _read(self, stream: Stream, size: int) -> None:
        pipe = self._outputs[stream]
        try:
            chunk = os.read(pipe.fileno(), size)
        except BlockingIOError:
            return
        if not chunk:
            del self._outputs[stream]
            self._close(pipe)
        elif self._on_output:
            self._on_output(stream, chunk)
        else:
            room = self._limit - len(self.kept[stream])
            self.kept[stream] += chunk[:room]
            self.truncated |= len(chunk) > room
