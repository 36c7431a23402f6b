"""What is said to whoever started the program, beside all results."""

from __future__ import annotations

import contextlib
import sys

__all__ = ["tell"]


def tell(text: str) -> None:
    """Print TEXT on standard error, if anybody listens."""
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(f"scirehooks: {text}\n")
        sys.stderr.flush()
