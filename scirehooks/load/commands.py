"""The commands of loading: load, unload, reload, modules, init-status."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Literal, NewType

from scirehooks.errors import LoadError
from scirehooks.hooks import BUILTIN, Module, StatusPart, command, says
from scirehooks.load.init import ScriptReport
from scirehooks.load.loader import Loader
from scirehooks.load.python import header
from scirehooks.load.secure import read_code
from scirehooks.records import dataclass
from scirehooks.values import Candidate

__all__ = ["InitStatus", "LoadedName", "LoaderCommands", "ModuleInfo", "ModuleName", "ReloadName"]

ModuleName = NewType("ModuleName", str)
"""The name of a module, or its file."""

LoadedName = NewType("LoadedName", str)
"""The name of a module that is loaded."""

ReloadName = NewType("ReloadName", str)
"""The name of a module that is loaded, or of an init script."""


@dataclass(frozen=True, slots=True)
class ModuleInfo:
    """A module, for people: loaded, or there to be loaded; NOTE says what one may want to do about it."""

    name: str
    state: Literal["loaded", "available"]
    requires: tuple[str, ...]
    summary: str
    file: Path
    note: str = ""


class InitStatus(list[ScriptReport]):
    """What became of each init script: a list like any, which is shown with the errors in full below it."""

    __slots__ = ()


def _reloaded(done: ModuleInfo | ScriptReport) -> str:
    if isinstance(done, ModuleInfo):
        return f"{done.name} is loaded anew."
    what = "loaded anew" if done.status == "ok" else "empty"
    return f"{done.file.name} is {what}{f': {done.error}' if done.error else ''}."


def _unloaded_all(names: list[str]) -> str:
    return f"{', '.join(names)} {'is' if len(names) == 1 else 'are'} unloaded."


class LoaderCommands:
    """The commands of LOADER, to be given to `runtime.define`."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader
        loader.values.register(ModuleName, name="module", from_word=str, candidates=self._to_load)
        loader.values.register(LoadedName, name="loaded module", from_word=str, candidates=self._to_unload)
        loader.values.register(ReloadName, name="loaded module", from_word=str, candidates=self._to_reload)
        loader.runtime.defstatus("init scripts", self._status, owner=BUILTIN)

    def _to_load(self, _prefix: str) -> Iterable[Candidate]:
        loaded = self._loader.runtime.modules
        return [Candidate(name, str(file)) for name, file in self._loader.available().items() if name not in loaded]

    def _to_unload(self, _prefix: str) -> Iterable[Candidate]:
        return [Candidate(module.name, _summary(module.doc)) for module in self._loader.runtime.modules.values()]

    def _to_reload(self, prefix: str) -> Iterable[Candidate]:
        scripts = [Candidate(name, "init script") for name in self._loader.scripts.names()]
        return [*self._to_unload(prefix), *scripts]

    @command
    @says(lambda info: f"{info.name} is loaded{f', but {info.note}' if info.note else ''}.")
    def load(self, name: ModuleName) -> ModuleInfo:
        """Load the module NAME, from the load path or a file.

        All that it offers is put in place in one step, or nothing. One that is loaded already is left as it is, and if
        its file has changed since, the answer says so: `reload NAME` takes the new one.

        Example: load inventory
        """
        return self._info(self._loader.load(name))

    @command
    @says(_unloaded_all)
    def unload(self, name: LoadedName, *, cascade: bool = False, break_glass: bool = False) -> list[str]:
        """Unload the module NAME: undo exactly what it did through the runtime.

        It is refused while other modules need it; with CASCADE they are unloaded first. A function in
        pre-module-unload-hook may object; with BREAK_GLASS none is asked, which is logged. Answers with the names of
        those that are gone.

        Example: unload inventory --cascade
        """
        gone = self._loader.unload(name, cascade=cascade, break_glass=break_glass)
        return [module.name for module in gone]

    @command
    @says(_reloaded)
    def reload(self, name: ReloadName) -> ModuleInfo | ScriptReport:
        """Load the module or init script NAME anew.

        What its file says now takes the place of what it said before. The file is read and checked first; if anything
        in it fails, the old one goes on. Whatever happens meanwhile meets the old one, and then in one step the new
        one: no guard is missing for a moment. What was done to its functions at the prompt (moved, switched off,
        taken out) stays, by their names.

        Example: reload inventory
        """
        done = self._loader.reload(name)
        return self._info(done) if isinstance(done, Module) else done

    @command
    def modules(self) -> list[ModuleInfo]:
        """List the modules that are loaded, and those that could be.

        Example: modules
        """
        loaded = self._loader.runtime.modules
        found = [self._info(module) for module in loaded.values()]
        found += [_unloaded(name, file) for name, file in self._loader.available().items() if name not in loaded]
        return sorted(found, key=lambda info: info.name)

    def _info(self, module: Module) -> ModuleInfo:
        note = f"the file has changed since: reload {module.name}" if self._loader.door.changed(module.file) else ""
        file = Path(module.file)
        return ModuleInfo(module.name, "loaded", module.requires, _summary(module.doc), file, note)

    @command
    def init_status(self) -> InitStatus:
        """List the init scripts, and what became of each at the start.

        Example: init-status
        """
        return InitStatus(self._loader.report.scripts)

    def _status(self) -> StatusPart:
        """Say how many init scripts were read, and which of them failed."""
        report = self._loader.report
        read = sum(script.status in ("ok", "empty") for script in report.scripts)
        changed = [script.file.name for script in report.scripts if script.status == "ok" and self._differs(script)]
        parts = [f"{read} read"]
        parts += [f"{len(report.failed)} failed"] if report.failed else []
        parts += [f"changed since: reload {' or '.join(changed)}"] if changed else []
        wrong = tuple(
            f"{script.file.name} failed: {script.error.partition(chr(10))[0]} Then: reload {script.file.name}"
            for script in report.failed
        )
        return StatusPart(", ".join(parts), wrong)

    def _differs(self, script: ScriptReport) -> bool:
        return self._loader.door.knows(script.file) and self._loader.door.changed(script.file)


def _summary(doc: str) -> str:
    return doc.partition("\n")[0]


def _unloaded(name: str, file: Path) -> ModuleInfo:
    """Describe a module from its header; what cannot be read is still listed, and `load` will say what is wrong."""
    doc, requires = "", tuple[str, ...]()
    if file.suffix == ".py":
        try:
            doc, requires = header(read_code(file, trusted=True), str(file))  # read, not run
        except (LoadError, SyntaxError, ValueError):
            doc = "(cannot be read)"
    return ModuleInfo(name, "available", requires, _summary(doc), file)
