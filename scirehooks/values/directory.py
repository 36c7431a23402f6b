"""The directory that relative paths are meant from: that of who typed them, not that of the process."""

from __future__ import annotations

from contextvars import ContextVar
from pathlib import Path

__all__ = ["current_directory", "located"]

current_directory: ContextVar[Path | None] = ContextVar("scirehooks_directory", default=None)
"""Where the user is whose line is being read; None: where the process is."""


def located(path: Path) -> Path:
    """Return PATH as seen from the current directory.

    Example:
        >>> token = current_directory.set(Path("/home/anna"))
        >>> str(located(Path("site.py"))), str(located(Path("/etc/motd")))
        ('/home/anna/site.py', '/etc/motd')
        >>> current_directory.reset(token)
    """
    directory = current_directory.get()
    return path if directory is None else directory / path
