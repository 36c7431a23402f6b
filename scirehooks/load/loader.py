"""Load, unload and load anew: each file is an owner and a transaction, so a file is loaded whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from scirehooks.errors import ConflictError, LoadError, RefusedError, UnknownNameError
from scirehooks.hooks import BUILTIN, Module, Origin, Owner, Runtime, variable
from scirehooks.load import contracts
from scirehooks.load.apply import apply
from scirehooks.load.declarations import declarations
from scirehooks.load.door import Door
from scirehooks.load.init import InitReport, ScriptReport, must_exist
from scirehooks.load.modules import Modules
from scirehooks.load.places import module_path
from scirehooks.load.scripts import Scripts
from scirehooks.load.strict_yaml import read_yaml
from scirehooks.values import Values

__all__ = ["Loader", "load_init"]


class Loader(Modules):
    """Loads modules and init scripts into RUNTIME; PATH is looked through before the usual directories."""

    def __init__(
        self,
        runtime: Runtime,
        values: Values,
        *,
        path: Sequence[Path] = (),
        directories: Sequence[Path] | None = None,
    ) -> None:
        path = (*path, *directories) if directories is not None else module_path(path)
        super().__init__(runtime, path, Door(runtime), self._apply_yaml)
        self.values = values
        self.scripts = Scripts(runtime, self.door, self._apply_yaml)
        contracts.declare(runtime)
        for function in (self.load, self.unload, self.reload, self.require, self.after_load):
            runtime.namespace.define(function.__name__, function, Origin(BUILTIN, None, ""))

    def after_load(self, name: str, function: Callable[..., Any] | str) -> None:
        """Call FUNCTION now if the module NAME is loaded, and whenever it is loaded or reloaded (eval-after-load).

        FUNCTION may take the module. It belongs to whoever calls this, and goes with him. What it raises comes out of
        `load`, and the module stays loaded.

        Journal: one record.
        """
        name = variable(name)
        self._after.add(name, function)
        if module := self.runtime.modules.get(name):
            self._after.call(function, module)

    def reload(self, name: str | Path) -> Module | ScriptReport:
        """Load the module or the init script NAME anew, and put it in the place of what it gave before.

        The file is read and checked first. Until the new version is complete, firings in every thread meet the old
        one, and then in one step the new one. What a session did to its entries stays (see `replace.py`), and the
        modules that require it stay loaded. `teardown` of the old one is called when the new one has been run, and
        what it returns is given to a new `setup` that takes two parameters.

        Raises:
            UnknownNameError: nothing of that name is loaded.
            RefusedError: a function in pre-module-load-hook objects.
            LoadError: it fails. The old one goes on as it was; if it had been torn down, its `setup` has been called
                again, with what its `teardown` had returned.

        Journal: one transaction.
        """
        modules = self.runtime.modules
        module = modules.get(variable(str(name))) or next((m for m in modules.values() if m.file == str(name)), None)
        if module is not None:
            return self.reload_module(module)
        script = self.scripts.find(name)
        if script is not None:
            return self.scripts.reload(script)
        hint = f"Type: load {name}" if variable(str(name)) in self.available() else "Type: modules, or: init-status"
        raise UnknownNameError("loaded module or init script", str(name), [*modules, *self.scripts.names()], hint)

    @property
    def report(self) -> InitReport:
        """What became of each init script."""
        return self.scripts.report

    def load_init(
        self,
        directories: Sequence[Path],
        *,
        strict: bool = False,
        only: str = "",
        leave_out: Mapping[str, str] | None = None,
    ) -> InitReport:
        """Load the init scripts in DIRECTORIES in name order; a bad one leaves nothing, and the others are loaded.

        With ONLY, the name of one of them or of a file elsewhere, nothing else is loaded. LEAVE_OUT tells by name,
        without its ending, why a script is to be passed over this time.

        Raises:
            LoadError: with STRICT, at the first bad one.
            UnknownNameError: there is no script ONLY.

        Journal: one transaction for each script.
        """
        return self.scripts.load_all(directories, strict=strict, only=only, leave_out=leave_out)

    def refresh_init(self) -> InitReport:
        """Look at the init scripts again: load what is new, reload what has changed, unload what is gone.

        One that has not changed is left alone, with all that was done at the prompt to what it gave. One that fails
        is told in the log, and what it gave before goes on.

        Journal: one transaction for each script that is loaded or unloaded.
        """
        return self.scripts.refresh()

    def _apply_yaml(self, content: bytes, file: str, owner: Owner) -> tuple[str, ...]:
        """Do what a YAML file says; return what it spoke of that is not there, if it says that this may be."""
        said = declarations(read_yaml(content, file), self.values)
        passed_over = []
        for node in said.require:
            try:
                self.require(node.value)
            except UnknownNameError as error:
                if not said.lenient:
                    raise node.error(str(error)) from error
                passed_over.append(str(node.error(str(error))))
            except (LoadError, ConflictError, RefusedError) as error:
                raise node.error(str(error)) from error
        for node in said.unload:
            if variable(node.value) in self.runtime.modules:
                try:
                    self.unload(node.value, cascade=True, owner=owner)
                except RefusedError as error:
                    raise node.error(str(error)) from error
            elif not said.lenient and variable(node.value) not in self.available():
                raise node.error(str(UnknownNameError("module", node.value, self.available())))
        return (*passed_over, *apply(said, owner, Path(file).parent, self.runtime, self.values, self.available()))


def load_init(runtime: Runtime, directory: Path | str, *, values: Values | None = None) -> InitReport:
    """Load the init scripts in DIRECTORY into RUNTIME, for programs that embed it.

    Raises:
        LoadError: there is no DIRECTORY. What is wrong with a script is in the report, and in the log.

    Example:
        >>> import tempfile
        >>> runtime = Runtime("shop")
        >>> with tempfile.TemporaryDirectory() as directory:
        ...     _ = Path(directory, "20-hello.py").write_text("greeting = 'hello'")
        ...     report = load_init(runtime, directory)
        >>> report.scripts[0].status, runtime.namespace["greeting"]
        ('ok', 'hello')
    """
    must_exist([Path(directory)])
    return Loader(runtime, values or Values()).load_init([Path(directory)])
