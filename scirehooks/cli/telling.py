"""What is said to whoever started the program, and what comes of it if nobody can take it."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TextIO

from scirehooks.errors import ScireError

__all__ = ["flush", "put", "tell"]


def tell(text: str) -> None:
    """Print TEXT on standard error, if anybody listens."""
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(f"scirehooks: {text}\n")
        sys.stderr.flush()


def put(text: str) -> None:
    """Print TEXT, a result, on standard output with all that is buffered there; a reader that has gone is no error.

    Raises:
        ScireError: it cannot be written.
    """
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        _give_up(sys.stdout)
        if not isinstance(error, BrokenPipeError):
            raise ScireError(f"The output cannot be written: {error.strerror}.") from error


def flush() -> None:
    """Write out what is buffered; if that cannot be, Python must not print so at its end."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            _give_up(stream)
        except ValueError:
            pass  # somebody has closed it


def _give_up(stream: TextIO) -> None:
    """Let what is left in STREAM, and comes to it yet, go nowhere."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, stream.fileno())
    os.close(null)
