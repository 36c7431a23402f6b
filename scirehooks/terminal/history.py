"""What was typed, kept in a file that several shells write to, and read from, at once."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path

from prompt_toolkit.history import History, InMemoryHistory

__all__ = ["SharedHistory", "history_in"]

_READ_AT_START = 1 << 20  # bytes of the end of the file; more would cost the first prompt its quickness


def history_in(file: Path | None) -> History:
    """Return the history kept in FILE, or one that ends with the shell."""
    return SharedHistory(file) if file else InMemoryHistory()


class SharedHistory(History):
    """A history file that nobody else can read, shared by all shells that are open.

    Each line is added by one write, so shells do not mix. Before each prompt a shell looks what others added.
    """

    def __init__(self, file: Path) -> None:
        super().__init__()
        self._loaded = True
        self._file = file
        self._read_to = 0

    def refresh(self) -> None:
        """Take in what has been added to the file, by this shell or by another."""
        try:
            with open(self._file, "rb") as file:
                end = file.seek(0, os.SEEK_END)
                if end < self._read_to:  # somebody has cut the file: what was in it stays in memory
                    self._read_to = end
                start = self._read_to or max(0, end - _READ_AT_START)
                file.seek(start)
                added = file.read(end - start)
        except OSError:
            return
        # An entry that another shell is just writing is whole: it is one write. What may be cut is the oldest one.
        if start and not self._read_to:
            added = added[added.find(b"\n# ") + 1 :]
        self._read_to = end
        if added:
            self._loaded_strings[:0] = _entries(added)[::-1]

    def load_history_strings(self) -> Iterable[str]:
        """Return nothing more: what there is has been taken in by `refresh`."""
        return ()

    def append_string(self, string: str) -> None:
        """Add STRING; a disk that is full costs the next shell the line, not this one."""
        self.refresh()
        if self._stored(string):
            self.refresh()
        else:
            self._loaded_strings.insert(0, string)

    def store_string(self, string: str) -> None:
        """Append STRING to the file."""
        self._stored(string)

    def _stored(self, string: str) -> bool:
        """Append STRING to the file by one write, and return whether that went well."""
        lines = "".join(f"+{line}\n" for line in string.split("\n"))
        entry = f"\n# {time.strftime('%Y-%m-%d %H:%M:%S')}\n{lines}".encode(errors="replace")
        try:
            descriptor = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:
            return False
        try:
            return os.write(descriptor, entry) == len(entry)
        except OSError:
            return False
        finally:
            os.close(descriptor)


def _entries(data: bytes) -> list[str]:
    """Return the entries in DATA, a part of the file, the oldest first."""
    found: list[list[str]] = []
    within = False
    for line in data.decode(errors="replace").split("\n"):
        if not line.startswith("+"):
            within = False
        elif within:
            found[-1].append(line[1:])
        else:
            found.append([line[1:]])
            within = True
    return ["\n".join(lines) for lines in found]
