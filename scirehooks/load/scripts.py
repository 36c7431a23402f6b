"""The init scripts of a runtime: all at the start, one of them again when it has changed."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from scirehooks.errors import LoadError, UnknownNameError
from scirehooks.hooks import UNASKED, Owner, Runtime
from scirehooks.load import python
from scirehooks.load.door import Door
from scirehooks.load.init import InitReport, Script, ScriptReport, scripts_in
from scirehooks.load.places import is_shipped
from scirehooks.load.replace import replacing
from scirehooks.load.secure import read_code

__all__ = ["ReadYaml", "Scripts"]

_log = logging.getLogger("scirehooks")

ReadYaml: TypeAlias = Callable[[bytes, str, Owner], tuple[str, ...]]
"""How a YAML file is read and applied: its content, its name, its owner; what it was that it passed over."""


class Scripts:
    """Loads init scripts into RUNTIME through DOOR; READ_YAML applies one that is no Python."""

    def __init__(self, runtime: Runtime, door: Door, read_yaml: ReadYaml) -> None:
        self._runtime = runtime
        self._door = door
        self._read_yaml = read_yaml
        self._owners: dict[str, Owner] = {}  # of each script that was loaded, by its name
        self._only = ""
        self._leave_out: Mapping[str, str] = {}
        self.report = InitReport(())
        self.directories: tuple[Path, ...] = ()

    def load_all(
        self,
        directories: Sequence[Path],
        *,
        strict: bool = False,
        only: str = "",
        leave_out: Mapping[str, str] | None = None,
    ) -> InitReport:
        """Load the init scripts in DIRECTORIES in name order; see `Loader.load_init`."""
        self.directories = tuple(directories)
        self._only, self._leave_out = only, leave_out or {}
        reports = [self._loaded(script, strict) for script in self._listed()]
        first = not self.report.scripts
        self.report = InitReport(tuple(reports))
        if first:
            self._runtime.history.begin()  # `undo` takes back what was done since the start, never the start
        return self.report

    def refresh(self) -> InitReport:
        """Bring the init scripts up to what is on the disk; see `Loader.refresh_init`."""
        with self._runtime.owners.acting(self._runtime.owners.current(), actor=UNASKED):
            return self._refresh()

    def _refresh(self) -> InitReport:
        before = {report.file: report for report in self.report.scripts}
        listed = self._listed()
        there = {script.file.name for script in listed if script.status == "ok"}
        # First what is gone: a file that was only renamed finds its names free.
        for name in [name for name in self._owners if name not in there]:
            self._unload(name)
        reports = []
        for script in listed:
            known = before.get(script.file)
            if script.status == "ok" and known is not None and not self._door.changed(script.file):
                reports.append(known)
            elif script.status == "ok" and not self._door.changed(script.file):
                reports.append(ScriptReport(script.file, "ok"))  # written by `save`: what it says is there already
            else:
                reports.append(self._loaded(script, strict=False))
        self.report = InitReport(tuple(reports))
        return self.report

    def _listed(self) -> list[Script]:
        """Return the files to look at; those that are to be left out have failed beforehand, with that as the reason.

        Raises:
            UnknownNameError: only one was asked for, and it is not there.
        """
        scripts = scripts_in(self.directories)
        if self._only:
            return [self._single(self._only, scripts)]
        return [
            replace(script, status="failed", note=note)
            if script.status == "ok" and (note := self._leave_out.get(script.file.stem)) and not self._has(script)
            else script
            for script in scripts
        ]

    def _has(self, script: Script) -> bool:
        return script.file.name in self._owners

    def _single(self, wanted: str, scripts: list[Script]) -> Script:
        """Return the script WANTED: one of SCRIPTS by its name, else a file anywhere."""
        known = {script.file.name: script for script in scripts if script.status == "ok"}
        if wanted in known:
            return known[wanted]
        file = Path(wanted).expanduser().absolute()
        if file.is_file() and file.suffix in (".py", ".yaml"):
            return Script(file)
        looked = ", ".join(map(str, self.directories)) or "no directory"
        raise UnknownNameError("init script", wanted, known, f"Looked in {looked}, and for a file of that name.")

    def _loaded(self, script: Script, strict: bool) -> ScriptReport:
        """Load SCRIPT if it is one to load; a bad one is told in the log, unless STRICT."""
        if script.status == "failed" and strict:
            raise LoadError(f"{script.file} is not loaded: {script.note}", str(script.file))
        if script.status != "ok":
            return ScriptReport(script.file, script.status, script.note)
        started = time.perf_counter()
        try:
            return self.load(script)
        except LoadError as problem:
            if strict:
                raise
            _log.error("%s", problem)
            return ScriptReport(script.file, "failed", str(problem), time.perf_counter() - started)

    def _unload(self, name: str) -> None:
        """Take out what the script NAME gave, whose file is gone."""
        with self._runtime.journal.transaction(f"unload {name}"):
            self._runtime.withdraw(self._owners.pop(name), f"unload {name}")

    def find(self, name: str | Path) -> Script | None:
        """Return the script NAME (`20-guard.py`, or its file) of those directories, None if there is none."""
        scripts = [script for script in scripts_in(self.directories) if script.status == "ok"]
        for script in scripts:
            if str(name) in (script.file.name, str(script.file)):
                return script
        gone = self._owners.get(str(name))
        return Script(Path(gone.file)) if gone is not None and gone.file is not None else None

    def names(self) -> list[str]:
        """Return the names of the scripts that can be loaded, or loaded again."""
        return [script.file.name for script in scripts_in(self.directories) if script.status == "ok"]

    def reload(self, script: Script) -> ScriptReport:
        """Load SCRIPT anew in the place of what it gave before; see `Loader.reload`."""
        report = self.load(script)
        others = [old for old in self.report.scripts if old.file != script.file]
        reports = sorted([*others, report], key=lambda report: report.file.name)
        self.report = replace(self.report, scripts=tuple(reports))
        return report

    def load(self, script: Script) -> ScriptReport:
        """Load SCRIPT; if it was loaded before, put what it gives now in the place of what it gave then.

        Raises:
            LoadError: it fails; nothing of it is left, or all is as it was before.

        Journal: one transaction.
        """
        started = time.perf_counter()
        name, file = script.file.name, str(script.file)
        owner = Owner("init", name, file)
        owners = {owner, self._owners.get(name, owner)}  # a namesake in another directory may take the place of one
        again = any(self._runtime.journal.of(each) for each in owners)
        verb = "reload" if again else "load"
        words = f"init script {name} is not {verb}ed"
        hint = "What it gave before goes on." if again else ""
        if again and not script.file.exists():
            hint = "What it gave goes on until the init scripts are read again: at SIGHUP, or at the next start."
        notes: tuple[str, ...] = ()
        with (
            self._door.alone(name),
            self._door.through(f"{verb} {name}", words, file, owner, hint),
            replacing(self._runtime, owners, f"{verb} {name}") if again else contextlib.nullcontext(),
        ):
            content = read_code(script.file, trusted=is_shipped(script.file))
            if content.strip() and script.file.suffix == ".yaml":
                notes = self._read_yaml(content, file, owner)
            elif content.strip():
                python.run_init(content, file, owner, self._runtime)
        self._owners[name] = owner
        self._door.remember(file, content)
        seconds = time.perf_counter() - started
        return ScriptReport(script.file, "ok" if content.strip() else "empty", " ".join(notes), seconds)
