"""Modules: loaded, unloaded and loaded anew, each a transaction in the name of an owner of its own."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from pathlib import Path

from scirehooks.errors import ConflictError, LoadError, RefusedError, UnknownNameError
from scirehooks.hooks import Module, Owner, Runtime, variable
from scirehooks.load import python
from scirehooks.load.after import AfterLoad
from scirehooks.load.door import Door, Loading
from scirehooks.load.find import Found, available, find
from scirehooks.load.places import is_shipped
from scirehooks.load.replace import replacing
from scirehooks.load.requests import Requests
from scirehooks.load.scripts import ReadYaml
from scirehooks.load.secure import read_code
from scirehooks.load.setups import SetUps

__all__ = ["Modules"]

_log = logging.getLogger("scirehooks")


class Modules:
    """The modules of RUNTIME, found on PATH and loaded through DOOR; READ_YAML applies one that is no Python."""

    def __init__(self, runtime: Runtime, path: Sequence[Path], door: Door, read_yaml: ReadYaml) -> None:
        self.runtime = runtime
        self.path = tuple(path)
        self.door = door
        self.requests = Requests(runtime)
        self.seconds: dict[str, float] = {}  # how long loading took, by module, with what it required
        self._read_yaml = read_yaml
        self._after = AfterLoad(runtime)
        self.set_ups = SetUps(runtime, door)
        self._found: dict[str, Found] = {}  # where a module that was loaded came from

    def available(self) -> dict[str, Path]:
        """Return the modules that could be loaded by name, and their files."""
        return available(self.path)

    def require(self, name: str | Path) -> Module:
        """Load the module NAME unless it is loaded; a module that calls this while it is loaded depends on it."""
        loading = self.door.loading
        module = self.load(name)
        if loading and module.name not in loading[-1].requires:
            loading[-1].requires.append(module.name)
        return module

    def load(self, name: str | Path) -> Module:
        """Load the module NAME, a name on the path or a file; one that is loaded already is left as it is.

        Raises:
            UnknownNameError: there is no such module.
            RefusedError: a function in pre-module-load-hook objects.
            LoadError: it fails, and leaves nothing behind.
            ConflictError: another file of that name is loaded, or it is being loaded just now.

        Journal: one transaction.
        """
        runtime = self.runtime
        if isinstance(name, str) and (loaded := runtime.modules.get(variable(name))):
            return self._wanted(loaded)
        found = find(name, self.path)
        if loaded := runtime.modules.get(found.name):
            if Path(loaded.file) == found.file:
                return self._wanted(loaded)
            raise ConflictError(
                f"A module {found.name!r} is loaded already, from {loaded.file}.", f"Type: unload {found.name}"
            )
        ring = [loading.owner.name for loading in self.door.loading]
        if found.name in ring:
            circle = " → ".join([*ring[ring.index(found.name) :], found.name])
            raise LoadError(f"{found.file}: modules require each other in a circle: {circle}.", str(found.file))
        with self.door.alone(found.name):
            self._ask("pre-module-load-hook", f"Loading {found.name}", name=found.name, file=found.file)
            started = time.perf_counter()
            module = self._load(found)
            self.seconds[module.name] = time.perf_counter() - started
        self._loaded_now(module)
        return module

    def _load(self, found: Found) -> Module:
        file, name = str(found.file), found.name
        owner = Owner("module", name, file)
        with self.door.through(f"load {name}", f"module {name!r} is not loaded", file, owner) as loading:
            module = self._run(found, owner, loading)
            self.set_ups.first(module)
            module = self._defined(module, loading)
            self._wanted(module, self.door.loading[:-1])
        self._found[name] = found
        return module

    def _run(self, found: Found, owner: Owner, loading: Loading, old: Module | None = None) -> Module:
        """Read the file FOUND and put in place what it offers, but for what its `setup` does."""
        file, name = str(found.file), found.name
        content = loading.content = read_code(found.file, trusted=found.trusted)
        if found.file.suffix == ".yaml":
            self._read_yaml(content, file, owner)
            return Module(name, file, (), "", owner)
        doc, requires = python.header(content, file)
        for other in requires:
            self.require(other)
        called = old.module.__name__ if old and old.module else ""
        made = python.run_module(content, file, name, owner, self.runtime, found.package, called)
        return Module(name, file, (), doc, owner, made)

    def _defined(self, module: Module, loading: Loading) -> Module:
        module = module._replace(requires=tuple(loading.requires))
        self.runtime.define_module(module)
        self.door.remember(module.file, loading.content)
        return module

    def _wanted(self, module: Module, loading: tuple[Loading, ...] | None = None) -> Module:
        """Note who wants MODULE: the file that is being loaded, else whoever calls."""
        loading = self.door.loading if loading is None else loading
        origin = self.runtime.owners.origin()
        origin = origin._replace(owner=loading[-1].owner) if loading else origin
        self.requests.want(module, origin, loading=bool(loading))
        return module

    def _loaded_now(self, module: Module) -> None:
        self.runtime.hooks["post-module-load-hook"].run(module)
        self._after.run(module)

    def unload(
        self, name: str, *, cascade: bool = False, break_glass: bool = False, owner: Owner | None = None
    ) -> tuple[Module, ...]:
        """Unload the module NAME, and with CASCADE first those that require it; return them in that order.

        With BREAK_GLASS the functions in pre-module-unload-hook are not asked, which is logged.

        Raises:
            UnknownNameError: there is no such module.
            ConflictError: others require it.
            RefusedError: a function in pre-module-unload-hook objects.

        Journal: one transaction for each module.
        """
        runtime = self.runtime
        module = runtime.modules.get(variable(name))
        if module is None:
            raise UnknownNameError("loaded module", name, runtime.modules, "Type: modules")
        needing = [other.name for other in runtime.modules.values() if module.name in other.requires]
        if needing and not cascade:
            raise ConflictError(
                f"Module {module.name!r} cannot be unloaded: {', '.join(needing)} needs it.",
                f"Type: unload {module.name} --cascade",
            )
        gone: list[Module] = []
        for other in needing:
            if other in runtime.modules:  # it may have gone with one before it
                gone += self.unload(other, cascade=True, break_glass=break_glass, owner=owner)
        origin = runtime.owners.origin(owner=owner)
        if break_glass:
            by = f"{origin.actor} ({origin.owner})" if origin.actor else str(origin.owner)
            _log.warning("%s unloads the module %s by --break-glass: nobody was asked", by, module.name)
        else:
            self._ask("pre-module-unload-hook", f"Unloading {module.name}", module=module)
        with runtime.journal.transaction(f"unload {module.name}"):
            python.tear_down(module.module, runtime)
            runtime.withdraw(module.owner, f"unload {module.name}")
            self.requests.refuse(module, origin)
        runtime.hooks["post-module-unload-hook"].run(module)
        return (*gone, module)

    def _ask(self, hook: str, what: str, **payload: object) -> None:
        verdict = self.runtime.hooks[hook].run(**payload)
        if not verdict.allowed:
            by = f" by {verdict.refused_by.where()}" if verdict.refused_by else ""
            raise RefusedError(f"{what} was refused{by}: {verdict.reason}", verdict)

    def reload_module(self, old: Module) -> Module:
        """Load the module OLD anew; see `Loader.reload`."""
        name, runtime = old.name, self.runtime
        found = self._found_of(old)
        words, hint = f"module {name!r} is not reloaded", "The old one goes on."
        torn, state = False, None
        with self.door.alone(name):
            self._ask("pre-module-load-hook", f"Reloading {name}", name=name, file=found.file)
            try:
                with (
                    self.door.through(f"reload {name}", words, old.file, old.owner, hint) as loading,
                    replacing(runtime, {old.owner}, f"reload {name}"),
                ):
                    new = self._run(found, old.owner, loading, old)
                    torn, state = True, python.tear_down(old.module, runtime)
                    self.set_ups.first(new, state)
                    new = self._defined(new, loading)
            except BaseException:
                if torn:
                    self.set_ups.undo_teardown(old, state)
                raise
        self._loaded_now(new)
        return new

    def _found_of(self, module: Module) -> Found:
        file = Path(module.file)
        return self._found.setdefault(module.name, Found(module.name, file, is_shipped(file)))
