"""Read a file that is run as code, if nobody else could have written it.

The file is opened first and checked on the descriptor, so what is checked is what is read. Then every directory that
leads to it is checked, through symbolic links too: whoever can write one of them can put another file in its place.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from scirehooks.errors import LoadError, UnsafeFileError

__all__ = ["check_code", "read_code"]

_FOREIGN_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH
_MOST_LINKS: Final = 40  # as the kernel has it
_LARGEST: Final = 1 << 24  # no script is larger, and /dev/zero is refused before


def read_code(path: Path, *, trusted: bool = False) -> bytes:
    """Return the content of PATH, which is to be run as code.

    TRUSTED leaves out who may write: for files that came with scirehooks, since who could change them could change
    scirehooks itself.

    Raises:
        UnsafeFileError: it is not a regular file, or somebody else could have written it.
        LoadError: it cannot be read.

    Source: OpenSSH's StrictModes; here directories count up to the root, as anybody's code may be run as root.
    """
    descriptor = _open(path)
    try:
        _check_file(path, os.fstat(descriptor), trusted)
        if not trusted:
            _check_directories(path)
        with open(descriptor, "rb", closefd=False) as file:
            content = file.read(_LARGEST + 1)
    finally:
        os.close(descriptor)
    if len(content) > _LARGEST:
        raise LoadError(f"{path}: it is larger than {_LARGEST >> 20} MiB.", str(path))
    return content


def check_code(path: Path) -> None:
    """Check PATH, a program to be run, as `read_code` does.

    Raises:
        UnsafeFileError: as `read_code`.
        OSError: there is no such file.
    """
    _check_file(path, os.stat(path), trusted=False)
    _check_directories(path)


def _open(path: Path) -> int:
    try:
        # Not blocking: a FIFO would wait for a writer. No controlling terminal: a device might become ours.
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise LoadError(f"{path}: it cannot be read: {reason}.", str(path)) from None


def _ours(uid: int) -> bool:
    return uid in (0, os.geteuid())


def _check_file(path: Path, status: os.stat_result, trusted: bool) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise UnsafeFileError(f"{path}: it is not a regular file.", str(path))
    if trusted:
        return
    if not _ours(status.st_uid):
        raise UnsafeFileError(
            f"{path}: it belongs to user {status.st_uid}, who could change what is run.",
            str(path),
            hint=f"If you trust it: chown {os.geteuid()} {path}",
        )
    if status.st_mode & _FOREIGN_WRITE:
        raise UnsafeFileError(
            f"{path}: others can write it (mode {stat.S_IMODE(status.st_mode):04o}).",
            str(path),
            hint=f"If you trust it: chmod go-w {path}",
        )


def _check_directories(path: Path) -> None:
    for directory, entry in _steps(path):
        status = os.stat(directory)
        if _ours(status.st_uid) and not status.st_mode & _FOREIGN_WRITE:
            continue
        # In a sticky directory, such as /tmp, only the owner of an entry can replace it.
        sticky = _ours(status.st_uid) and status.st_mode & stat.S_ISVTX
        if sticky and _ours(os.lstat(os.path.join(directory, entry)).st_uid):
            continue
        cure = f"chmod go-w {directory}" if _ours(status.st_uid) else f"chown {os.geteuid()} {directory}"
        raise UnsafeFileError(
            f"{path}: others can write the directory {directory}, and so replace the file.",
            str(path),
            hint=f"If you trust it: {cure}",
        )


def _steps(path: Path) -> Iterator[tuple[str, str]]:
    """Yield each directory and the entry in it that are passed on the way to PATH, following symbolic links."""
    here, ahead, links = "/", _parts(os.path.abspath(path)), 0
    while ahead:
        entry = ahead.pop(0)
        if entry == "..":
            here = os.path.dirname(here)
            continue
        yield here, entry
        there = os.path.join(here, entry)
        if not os.path.islink(there):
            here = there
            continue
        links += 1
        if links > _MOST_LINKS:
            raise UnsafeFileError(f"{path}: too many symbolic links.", str(path))
        target = os.readlink(there)
        ahead = _parts(target) + ahead
        here = "/" if target.startswith("/") else here


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part not in ("", ".")]
