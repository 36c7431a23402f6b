"""The audit log: who evaluated what, and when. Whoever gets in runs code, so all of it is written down."""

from __future__ import annotations

import errno
import json
import logging
import os
import threading
from datetime import UTC, datetime
from pathlib import Path

from scirehooks.control import Peer

__all__ = ["AuditLog"]

_log = logging.getLogger("scirehooks")


class AuditLog:
    """Appends one JSON object a line to the file PATH, readable by its owner only.

    It may be rotated: a file that was moved away is followed by a new one. What cannot be written there (a full disk)
    goes to the program's log instead; to refuse would keep the administrator out who could mend it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._file = -1
        self._torn = False  # the last entry was written in part

    def __call__(self, peer: Peer, session: str, text: str) -> None:
        """Write down that PEER evaluates TEXT in SESSION."""
        entry = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "uid": peer.uid,
            "user": peer.user,
            "loginuid": peer.loginuid,
            "pid": peer.pid,
            "session": session,
            "text": text,
        }
        line = json.dumps(entry)  # ASCII: nothing in it can disturb a terminal, and a line is a line
        try:
            with self._lock:
                self._open()
                whole = b"\n" * self._torn + line.encode() + b"\n"
                self._torn = os.write(self._file, whole) < len(whole)  # one call, so that lines never mix
            if self._torn:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            _log.error("the audit log %s cannot be written: %s; it should say: %s", self.path, error.strerror, line)

    def close(self) -> None:
        """Close the file; another entry opens it again."""
        with self._lock:
            file, self._file = self._file, -1
            if file >= 0:
                os.close(file)

    def _open(self) -> None:
        if self._file >= 0 and self._moved():
            os.close(self._file)
            self._file = -1
        if self._file < 0:
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            self._file = os.open(self.path, flags, 0o600)

    def _moved(self) -> bool:
        try:
            found = os.stat(self.path, follow_symlinks=False)
        except FileNotFoundError:
            return True
        mine = os.fstat(self._file)
        return (found.st_dev, found.st_ino) != (mine.st_dev, mine.st_ino)
