"""The control socket in the file system: made where nobody else can put one, and found there.

Whoever can connect runs code as the user of the server, so the file is nobody else's business: it lies in a directory
that only its owner can enter, and is made under a umask that keeps others out, so that there is no moment at which
it is open and no `chmod` that could hit another file. Everything goes through a descriptor of the directory: what has
been checked is what is used, and a path may be longer than the 107 bytes that the kernel takes.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from scirehooks.control.oneshot import no_socket, reached
from scirehooks.errors import ControlSocketError, NobodyAnswersError

__all__ = ["ControlSocket", "connect"]

_BACKLOG: Final = 128
_PROBE: Final = 2.0  # seconds; a listening socket takes a connection at once, unless its queue is full
_LONGEST: Final = 80  # bytes of the file's name: with the way through the descriptor in front of it, 107 hold it
_umask = threading.Lock()  # a umask is the whole process's


class ControlSocket:
    """A socket that listens at PATH, until `close`. The directory is made if need be, but nothing above it.

    Raises:
        ControlSocketError: the directory is not safe, somebody listens there already, or something else is there.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        if len(os.fsencode(self.path.name)) > _LONGEST:
            raise ControlSocketError(f"The name of the socket {self.path} is too long.", "Choose a shorter one.")
        self._directory = _directory(self.path.parent)
        try:
            with _alone(self._directory):
                self._make_room()
                self.socket = self._bind()
            self._made = self._found()
        except BaseException:
            os.close(self._directory)
            raise

    def remove(self) -> None:
        """Remove the file, if it still is the one that was made; who is connected stays so."""
        if self._directory < 0:
            return
        try:
            with _alone(self._directory):
                found = self._found()
                if found and self._made and (found.st_dev, found.st_ino) == (self._made.st_dev, self._made.st_ino):
                    os.unlink(self.path.name, dir_fd=self._directory)
        except OSError:
            self._leave()  # not when interrupted: that can be tried again
            raise
        self._leave()

    def close(self) -> None:
        """Stop listening and remove the file, if it still is the one that was made."""
        try:
            self.remove()
        finally:
            self.socket.close()

    def _leave(self) -> None:
        directory, self._directory = self._directory, -1
        os.close(directory)

    def _found(self) -> os.stat_result | None:
        try:
            return os.stat(self.path.name, dir_fd=self._directory, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def _make_room(self) -> None:
        """Remove a socket that a process left behind when it died; nothing else is ever removed."""
        found = self._found()
        if found is None:
            return
        if not stat.S_ISSOCK(found.st_mode):
            raise ControlSocketError(
                f"{self.path} is {_kind(found.st_mode)}, where the control socket should be.",
                "Find out who put it there, then move it away.",
            )
        if found.st_uid != os.geteuid():
            raise ControlSocketError(
                f"The socket {self.path} belongs to user {found.st_uid}.", "Find out who put it there, then remove it."
            )
        try:
            reached(_way(self._directory, self.path.name), _PROBE).close()
        except ConnectionRefusedError:
            os.unlink(self.path.name, dir_fd=self._directory)  # stale: nobody has it open any more
        except OSError as error:
            raise ControlSocketError(
                f"It cannot be told whether somebody listens at {self.path}: {error.strerror or error}.",
                "Try again in a moment.",
            ) from error
        else:
            raise ControlSocketError(
                f"Somebody listens at {self.path} already.", f"Type: scirehooks attach {self.path}"
            )

    def _bind(self) -> socket.socket:
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            with _private_files():
                made.bind(_way(self._directory, self.path.name))
            made.listen(_BACKLOG)
        except OSError as error:
            made.close()
            raise ControlSocketError(
                f"The control socket {self.path} cannot be made: {error.strerror}.", "Choose another place."
            ) from error
        return made


def connect(path: Path, *, state: Path | None = None) -> socket.socket:
    """Return a connection to the control socket PATH, which may be longer than the kernel takes.

    STATE is the state directory that was named, if it was: what starts a system there is to name it, too.

    Raises:
        NobodyAnswersError: there is no such socket, or nobody listens.
    """
    try:
        return socket.socket(fileno=reached(str(path.absolute()), _PROBE).detach())
    except OSError as error:
        if other := no_socket(str(path)):
            raise NobodyAnswersError(other) from error
        reason = "there is none" if isinstance(error, FileNotFoundError) else error.strerror or str(error)
        raise NobodyAnswersError(
            f"Nobody answers at the control socket {path}: {reason}.",
            f"Start it with: scirehooks {f'--state {state} ' if state else ''}daemon",
        ) from error


def _way(directory: int, name: str) -> str:
    return f"/proc/self/fd/{directory}/{name}"


def _directory(path: Path) -> int:
    """Open the directory PATH, made private if it is not there, once nobody else can enter it."""
    try:
        with contextlib.suppress(FileExistsError):
            path.mkdir(mode=0o700)
        directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise ControlSocketError(
            f"The directory {path} of the control socket cannot be used: {error.strerror}.",
            f"Make it first: mkdir -m 700 {path}",
        ) from error
    found = os.fstat(directory)
    problem = ""
    if found.st_uid != os.geteuid():
        problem, cure = f"belongs to user {found.st_uid}", "Choose a directory of your own."
    elif found.st_mode & 0o077:
        what = "written to" if found.st_mode & 0o022 else "entered"
        problem, cure = f"can be {what} by others", f"Type: chmod 700 {path}"
    if problem:
        os.close(directory)
        raise ControlSocketError(f"The directory {path} of the control socket {problem}.", cure)
    return directory


@contextmanager
def _alone(directory: int) -> Iterator[None]:
    """Be the only one who probes, makes or removes sockets in DIRECTORY: two who start would remove each other's."""
    fcntl.flock(directory, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(directory, fcntl.LOCK_UN)


@contextmanager
def _private_files() -> Iterator[None]:
    with _umask:
        before = os.umask(0o177)
        try:
            yield
        finally:
            os.umask(before)


def _kind(mode: int) -> str:
    kinds = {
        stat.S_ISLNK: "a symbolic link",
        stat.S_ISREG: "a file",
        stat.S_ISDIR: "a directory",
        stat.S_ISFIFO: "a named pipe",
    }
    return next((name for test, name in kinds.items() if test(mode)), "a device")
