"""Whose a file is: what is told of an error, and what is interrupted, is the user's code."""

from __future__ import annotations

import os
import sysconfig
from functools import cache
from typing import Literal, TypeAlias

import scirehooks.errors

__all__ = ["Whose", "whose"]

Whose: TypeAlias = Literal["ours", "user", "library"]

_PACKAGE = os.path.dirname(os.path.realpath(scirehooks.errors.__file__)) + os.sep
_UNFILED: dict[str, Whose] = {"<scirehooks": "ours", "<frozen": "library"}  # what fires a hook; Python's own import


@cache
def whose(file: str) -> Whose:
    """Tell whose the code is that was compiled from FILE: ours, a library's, or a user's, which is typed or loaded.

    Modules that we ship lie in our folder, and are users of it: ask `owners.of_file` first.

    Example:
        >>> whose("<shell:3>"), whose(os.__file__), whose(__file__)
        ('user', 'library', 'ours')
    """
    if file.startswith("<"):
        return _UNFILED.get(file.partition(" ")[0], "user")
    path = os.path.realpath(file)
    if path.startswith(_PACKAGE):
        return "ours"
    return "library" if path.startswith(_libraries()) else "user"


@cache
def _libraries() -> tuple[str, ...]:
    """Return the folders of Python and of installed packages, each with a separator at its end.

    They are found when first asked for: Python reads a table of a thousand settings for it.
    """
    return tuple({os.path.realpath(path) + os.sep for path in sysconfig.get_paths().values()})
