"""What was typed, kept in a file that several shells may write to at once."""

from __future__ import annotations

import os
import time
from pathlib import Path

from prompt_toolkit.history import FileHistory, History, InMemoryHistory

__all__ = ["history_in"]


def history_in(file: Path | None) -> History:
    """Return the history kept in FILE, or one that ends with the shell."""
    return _PrivateHistory(file) if file else InMemoryHistory()


class _PrivateHistory(FileHistory):
    """A history file that nobody else can read; each line is added by one write, so shells do not mix."""

    def __init__(self, file: Path) -> None:
        super().__init__(str(file))
        self._file = file

    def store_string(self, string: str) -> None:
        """Append STRING; a disk that is full costs the history, not the shell."""
        lines = "".join(f"+{line}\n" for line in string.split("\n"))
        entry = f"\n# {time.strftime('%Y-%m-%d %H:%M:%S')}\n{lines}"
        try:
            descriptor = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:
            return
        try:
            os.write(descriptor, entry.encode(errors="surrogateescape"))
        except OSError:
            return
        finally:
            os.close(descriptor)
