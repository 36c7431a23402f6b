"""Commands, options and modules: what is defined by name, and how the marks of a file are applied."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from scirehooks.errors import ScireError
from scirehooks.hooks.declaration import hyphenated
from scirehooks.hooks.journal import ABSENT, Journal
from scirehooks.hooks.marks import Command, Mark, Option, marks_of
from scirehooks.hooks.namespace import Namespace
from scirehooks.hooks.owner import Owner, Owners, Place, source_of
from scirehooks.hooks.registry import DeclarationCells, Registry
from scirehooks.hooks.status import Report

if TYPE_CHECKING:
    from scirehooks.hooks.runtime import Runtime

__all__ = ["Definitions", "Module"]


class Module(NamedTuple):
    """A loaded module."""

    name: str
    file: str
    requires: tuple[str, ...]
    doc: str
    owner: Owner
    module: ModuleType | None = None


class Definitions:
    """The commands, options and modules of a runtime."""

    def __init__(self, runtime: Runtime, journal: Journal, owners: Owners, namespace: Namespace) -> None:
        self._runtime = runtime
        self._journal = journal
        self._owners = owners
        self._namespace = namespace
        self._commands = DeclarationCells("command")
        self._options = DeclarationCells("option")
        self._option_values = DeclarationCells("option value")
        self._modules = DeclarationCells("module")
        self._reports = DeclarationCells("status part")
        for cells in (self._commands, self._options, self._option_values, self._modules, self._reports):
            journal.register(cells)
        self.commands: Mapping[str, Command] = Registry(self._commands)
        self.options: Mapping[str, Option[Any]] = Registry(self._options)
        self.modules: Mapping[str, Module] = Registry(self._modules, spell=str)
        self.reports: Mapping[str, Report] = Registry(self._reports, spell=str)

    def define(self, source: object, owner: Owner) -> None:
        """Apply the marks in SOURCE (a module, a mapping of names, an object with marked methods) for OWNER.

        Journal: one transaction; if one mark cannot be applied, none is.
        """
        with self._journal.transaction(f"define {owner}"):
            for name, value in _offered(source):
                if isinstance(value, Option):
                    self._define_option(name, value, owner)
                    continue
                place = source_of(value)
                for mark in marks_of(value):
                    try:
                        self._apply(mark, value, owner, place)
                    except ScireError as error:
                        error.place = place  # the mark was written there, and nothing of that file is on the stack
                        raise

    def _apply(self, mark: Mark, function: Callable[..., Any], owner: Owner, place: Place | None) -> None:
        if mark.kind == "command":
            self.define_command(mark.name, function, owner=owner, place=place, **mark.keywords)
        else:
            self._runtime.add_hook(mark.name, function, owner=owner, place=place, **mark.keywords)

    def define_command(
        self,
        name: str,
        function: Callable[..., Any],
        *,
        owner: Owner | None = None,
        place: Place | None = None,
        fresh: bool = False,
    ) -> Command:
        """Let typing NAME call FUNCTION, in Python under the name with underscores; FRESH is explained at `command`."""
        origin = self._owners.origin(owner=owner, place=place)
        made = Command(hyphenated(name), function, origin.owner, origin.place, fresh=fresh)
        with self._journal.transaction(f"command {made.name}"):
            self._journal.set(self._commands, made.name, made, "command", origin)
            self._namespace.define(made.variable, function, origin, declared=True)
        return made

    def defoption(
        self, name: str, type: Any, default: Any, *, unit: str = "", doc: str = "", owner: Owner | None = None
    ) -> Option[Any]:
        """Declare the option NAME of TYPE, with its DEFAULT (Emacs: defcustom)."""
        made = Option(type, default, unit, doc, hyphenated(name))
        origin = self._owners.origin(owner=owner)
        made.place = origin.place
        self._define_option(name, made, origin.owner)
        return made

    def _define_option(self, variable_name: str, made: Option[Any], owner: Owner) -> None:
        if not made.name:
            prefix = f"{owner.name}-" if owner.kind == "module" else ""
            made.name = hyphenated(f"{prefix}{variable_name}").lower()
        made.owner = owner
        name = made.name

        def read() -> Any:
            value = self._option_values.value(name)
            return made.default if value is ABSENT else value

        made.read_with(read)
        origin = self._owners.origin(owner=owner, place=made.place)
        self._journal.set(self._options, name, made, "option", origin)

    def set_option(self, name: str, value: Any, *, owner: Owner | None = None) -> None:
        """Set the option NAME to VALUE (Emacs: customize-set-variable).

        Raises:
            UnknownNameError: there is no such option.
            ValueFormatError: VALUE is not of its type.

        Journal: one record.
        """
        found = self.options[name]
        value, before = found.check(value), found.value
        self._journal.set(self._option_values, found.name, value, "set-option", self._owners.origin(owner=owner))
        self._runtime.hooks["option-change-hook"].run(found.name, before, value)

    def defstatus(self, name: str, report: Report, *, owner: Owner | None = None) -> None:
        """Let `status` show what REPORT says of the part NAME of the system, until the owner is unloaded.

        Journal: one record.
        """
        self._journal.set(self._reports, name, report, "defstatus", self._owners.origin(owner=owner))

    def define_module(self, module: Module) -> None:
        """Note that MODULE is loaded; its owner's withdrawal takes the note away."""
        self._journal.set(self._modules, module.name, module, "load", self._owners.origin(owner=module.owner))


def _offered(source: object) -> Iterator[tuple[str, Any]]:
    """Yield what may carry marks in SOURCE, in the order of its file; nothing is evaluated to find it."""
    if isinstance(source, Mapping):
        yield from list(source.items())
    elif isinstance(source, ModuleType):
        for name, value in list(vars(source).items()):
            if isinstance(value, Option) or getattr(value, "__module__", None) == source.__name__:
                yield name, value  # not what it imported from another module
    else:
        for cls in reversed(type(source).__mro__):
            for name, value in vars(cls).items():
                if marks_of(value):
                    yield name, getattr(source, name)
