"""Where Python and installed packages lie: what is told of an error, and what is interrupted, is the user's code."""

from __future__ import annotations

import os
import sysconfig
from functools import cache

import scirehooks.errors

__all__ = ["PACKAGE", "libraries"]

PACKAGE = os.path.dirname(os.path.abspath(scirehooks.errors.__file__)) + os.sep
"""Where we lie ourselves."""


@cache
def libraries() -> tuple[str, ...]:
    """Return the folders that a user's file does not lie in, each with a separator at its end.

    They are found when first asked for: Python reads a table of a thousand settings for it.
    """
    return tuple({os.path.realpath(path) + os.sep for path in sysconfig.get_paths().values()})
