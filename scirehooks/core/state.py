"""The state directory: made private, and held by one process at a time."""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path

from scirehooks.errors import StateInUseError, StoreError

__all__ = ["StateDirectory"]


class StateDirectory:
    """The directory PATH, made if need be (but nothing above it), and locked until `close`.

    Raises: StateInUseError, with the pid of its holder; StoreError if others could change what is in it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        try:
            # Without parents: a misspelt path would be a new, empty fleet, and nobody would notice.
            self.path.mkdir(mode=0o700, exist_ok=True)
            found = self.path.stat()
        except FileNotFoundError as error:
            if self.path.parent.is_dir():  # as in /proc, or a dangling link
                why, hint = f"{self.path.parent} takes no new directory.", "Try another with --state."
            else:
                why = f"there is no directory {self.path.parent}."
                hint = "Make it first, or look at the spelling of --state."
            raise StoreError(f"The state directory {path} cannot be made: {why}", hint) from error
        except OSError as error:
            raise StoreError(
                f"The state directory {path} cannot be made: {error.strerror}.", "Try --state DIR."
            ) from error
        if found.st_uid != os.geteuid():
            raise StoreError(f"The state directory {path} belongs to another user.", "Try --state DIR.")
        if found.st_mode & 0o022:
            raise StoreError(f"Others may write to the state directory {path}.", f"Try: chmod 700 {path}")
        if found.st_mode & 0o077:
            # Only what is ours for certain is changed: `--state .` must not lock others out of somebody's directory.
            if not all((self.path / name).is_file() for name in ("lock", "store.db")):
                raise StoreError(f"Others may enter the state directory {path}.", f"Try: chmod 700 {path}")
            self.path.chmod(0o700)
        self._lock = os.open(self.path / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._lock, 32, 0).decode("ascii", "replace").strip()
            os.close(self._lock)
            pid = int(holder) if holder.isdigit() else None
            whose = f"process {pid}" if pid else "another process"
            raise StateInUseError(
                f"The state directory {path} is in use by {whose}.",
                pid,
                "End that one, or choose another with --state.",
            ) from None
        # Written after locking: who is refused may read it at any time, so it is replaced in one write.
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, f"{os.getpid()}\n".encode(), 0)

    def directory(self, *parts: str) -> Path:
        """Return the directory PARTS below the state directory, made private."""
        path = self.path
        for part in parts:
            path = path / part
            with contextlib.suppress(FileExistsError):
                path.mkdir(mode=0o700)
        return path

    def close(self) -> None:
        """Let another process have it. The lock file stays: to remove it would let two processes lock two files."""
        lock, self._lock = self._lock, -1
        if lock >= 0:
            os.close(lock)
