"""The output of a run on a client: filtered, bounded, and stored as it comes."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import IO

from scirehooks.core.model import Stream

__all__ = ["Output"]

_log = logging.getLogger("scirehooks")
_STREAMS: tuple[Stream, ...] = ("stdout", "stderr")


class Output:
    """Stores what a run writes into FILE.stdout and FILE.stderr, at most LIMIT bytes of each.

    Each chunk goes through FILTER first. What it cannot filter is not stored: a filter is there to keep a secret.
    """

    def __init__(self, file: Path, limit: int, filter: Callable[[Stream, bytes], bytes]) -> None:
        self._limit, self._filter = limit, filter
        self._files: dict[Stream, IO[bytes]] = {stream: _create(file, stream) for stream in _STREAMS}
        self._left = dict.fromkeys(_STREAMS, limit)
        self._digest = hashlib.sha256()
        self.withheld = 0  # chunks
        self.truncated = False

    def write(self, stream: Stream, chunk: bytes) -> None:
        """Store CHUNK, which was written to STREAM."""
        try:
            kept = self._filter(stream, chunk)
            if not isinstance(kept, bytes):
                raise TypeError(f"The filters made {type(kept).__name__} of it, not bytes.")
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the door of functions
            self.withheld += 1
            _log.error("%d bytes of %s are withheld: a filter failed: %r", len(chunk), stream, error)
            return
        left = self._left[stream]
        if len(kept) > left:
            self.truncated, kept = True, kept[:left]
        self._left[stream] = left - len(kept)
        self._files[stream].write(kept)
        self._files[stream].flush()  # somebody may be reading along
        if stream == "stdout":
            self._digest.update(kept)

    @property
    def bytes(self) -> int:
        """How much is stored, of both streams."""
        return sum(self._limit - left for left in self._left.values())

    @property
    def sha256(self) -> str:
        """The digest of the stored standard output."""
        return self._digest.hexdigest()

    def close(self) -> None:
        """Finish the files."""
        for file in self._files.values():
            file.close()


def _create(file: Path, stream: Stream) -> IO[bytes]:
    path = file.with_name(f"{file.name}.{stream}")
    return open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "wb")
