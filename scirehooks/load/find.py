"""Find the file of a module: on the path, then among the entry points of installed packages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from scirehooks.errors import LoadError, UnknownNameError
from scirehooks.hooks import variable
from scirehooks.load.places import is_shipped
from scirehooks.values import located

__all__ = ["Found", "available", "find"]

_ENDINGS: Final = (".py", ".yaml")
_GROUP: Final = "scirehooks.modules"


class Found(NamedTuple):
    """A module that can be loaded; PACKAGE is the Python package it is part of, if it came with one."""

    name: str
    file: Path
    trusted: bool = False
    package: str = ""


def find(name_or_file: str | Path, path: Sequence[Path]) -> Found:
    """Return the module NAME_OR_FILE; what has a slash or an ending is a file, all else is looked for on PATH.

    Raises:
        UnknownNameError: there is none.
    """
    text = str(name_or_file)
    if isinstance(name_or_file, Path) or "/" in text or text.endswith(_ENDINGS):
        file = located(Path(text).expanduser()).absolute()
        if file.suffix not in _ENDINGS:
            raise LoadError(f"{file}: a module's name ends in {' or '.join(_ENDINGS)}.", str(file))
        return Found(variable(file.stem), file, is_shipped(file))
    name = variable(text)
    for found in _on_path(path):
        if found.name == name:
            return found
    for found in _entry_points(name):
        return found
    raise UnknownNameError("module", text, available(path), f"Looked in {', '.join(map(str, path))}.")


def available(path: Sequence[Path]) -> dict[str, Path]:
    """Return the modules on PATH, and their files, without opening one."""
    found: dict[str, Path] = {}
    for module in _on_path(path):
        found.setdefault(module.name, module.file)
    return dict(sorted(found.items()))


def _on_path(path: Sequence[Path]) -> Iterator[Found]:
    for directory in path:
        try:
            files = sorted(directory.iterdir())
        except OSError:
            continue  # most of the path does not exist on most machines
        for file in files:
            name = variable(file.stem)
            if file.suffix in _ENDINGS and name.isidentifier() and not name.startswith("_") and not file.is_dir():
                yield Found(name, file.absolute(), is_shipped(file))


def _entry_points(name: str) -> Iterator[Found]:
    # Late: it reads the metadata of every installed package, which costs more than the rest of a start.
    from importlib import metadata, util  # noqa: PLC0415

    for point in metadata.entry_points(group=_GROUP, name=name):
        spec = util.find_spec(point.module)
        if spec and spec.origin:
            # Trusted as every installed package is: Python itself would run it.
            yield Found(name, Path(spec.origin), True, spec.parent or "")
