"""Where modules and init scripts are looked for."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

__all__ = ["SAVED", "SYSTEM", "init_directories", "is_shipped", "module_path", "shipped", "user_directory"]

SYSTEM: Final = Path("/etc/scirehooks")
SAVED: Final = "90-saved"  # the init scripts that `save` writes, without their endings

_PACKAGE: Final = Path(__file__).parent.parent


def shipped(kind: Literal["contrib", "init.d"]) -> Path:
    """Return the directory of what came with scirehooks: in the built package, else in the checkout.

    Example:
        >>> shipped("init.d").name
        'init.d'
    """
    inside = _PACKAGE / "_shipped" / kind
    # An editable install copies nothing: there the checkout's own folder is the live one.
    return inside if inside.is_dir() else _PACKAGE.parent / kind


def is_shipped(file: Path) -> bool:
    """Tell whether FILE came with scirehooks."""
    return any(file.is_relative_to(shipped(kind)) for kind in ("contrib", "init.d"))


def user_directory() -> Path:
    """Return where the user keeps his own init scripts and modules."""
    # The standard has it that a relative path there is to be ignored.
    configured = Path(os.environ.get("XDG_CONFIG_HOME", ""))
    return (configured if configured.is_absolute() else Path.home() / ".config") / "scirehooks"


def init_directories() -> tuple[Path, ...]:
    """Return the directories of init scripts; a file in a later one replaces its namesake in an earlier one."""
    return (shipped("init.d"), SYSTEM / "init.d", user_directory() / "init.d")


def module_path(given: Sequence[Path] = ()) -> tuple[Path, ...]:
    """Return the directories of modules, first the GIVEN ones; the first that has a module wins."""
    return (*given, user_directory() / "modules", SYSTEM / "modules", shipped("contrib"))
