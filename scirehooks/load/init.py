"""The init scripts of several directories as one list, and what became of each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, Literal, TypeAlias

from scirehooks.errors import LoadError
from scirehooks.records import dataclass

__all__ = ["InitReport", "Script", "ScriptReport", "Status", "must_exist", "scripts_in"]

Status: TypeAlias = Literal["ok", "empty", "failed", "replaced", "passed-over", "absent"]

_NAME: Final = re.compile(r"[0-9]{2}-[A-Za-z0-9][A-Za-z0-9_-]*\.(py|yaml)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Script:
    """A file in a directory of init scripts; NOTE says why it is not one to load."""

    file: Path
    status: Status = "ok"
    note: str = ""


@dataclass(frozen=True, slots=True)
class ScriptReport:
    """What became of FILE: loaded (ok), empty on purpose, failed, replaced by a later one, passed over, or absent."""

    file: Path
    status: Status
    error: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class InitReport:
    """What became of every file in the directories of init scripts, in the order in which they were looked at."""

    scripts: tuple[ScriptReport, ...]

    @property
    def failed(self) -> tuple[ScriptReport, ...]:
        """Those that were to be loaded and could not be."""
        return tuple(script for script in self.scripts if script.status == "failed")

    @property
    def passed_over(self) -> tuple[ScriptReport, ...]:
        """Those whose name is not that of an init script."""
        return tuple(script for script in self.scripts if script.status == "passed-over")


def must_exist(directories: Iterable[Path]) -> None:
    """Check DIRECTORIES that somebody named: without the scripts in them, nothing would be guarded.

    Raises:
        LoadError: one of them is not there.
    """
    for directory in directories:
        if not directory.is_dir():
            raise LoadError(f"{directory}: there is no such directory.", str(directory))


def scripts_in(directories: Sequence[Path]) -> list[Script]:
    """Return the files in DIRECTORIES in name order, those that are not to be loaded with a note."""
    scripts: list[Script] = []
    latest: dict[str, int] = {}
    for directory in directories:
        try:
            files = sorted(directory.absolute().iterdir())
        except (FileNotFoundError, NotADirectoryError):
            scripts.append(Script(directory, "absent", "there is no such directory"))
            continue
        except OSError as error:
            scripts.append(Script(directory, "failed", f"{directory}: {error.strerror}."))
            continue
        for file in files:
            if not _NAME.fullmatch(file.name):
                scripts.append(Script(file, "passed-over", "its name is not like 20-name.py or 20-name.yaml"))
                continue
            if (earlier := latest.get(file.name)) is not None:
                scripts[earlier] = replace(scripts[earlier], status="replaced", note=f"replaced by {file}")
            latest[file.name] = len(scripts)
            scripts.append(Script(file))
    # A stable sort: namesakes stay in the order of their directories.
    return sorted(scripts, key=lambda script: script.file.name)
