"""What is declared by name: aliases, commands, options, modules, and the mappings that people look them up in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Generic, TypeVar

from scirehooks.errors import NotAllowedHereError, UnknownNameError
from scirehooks.hooks.declaration import hyphenated
from scirehooks.hooks.journal import ABSENT, Cells, Key

__all__ = ["DeclarationCells", "Registry"]

T = TypeVar("T")


class DeclarationCells(Cells):
    """The declarations of one kind: a cell for each name, spelt with hyphens."""

    def __init__(self, kind: str, changed: Callable[[str, Any], None] | None = None) -> None:
        super().__init__()
        self.kind = kind
        self._changed = changed

    def changed(self, key: Key, before: Any, after: Any) -> None:
        """Hand the change on to whoever keeps something in step with the declarations."""
        if self._changed:
            self._changed(key, after)


class Registry(Mapping[str, T], Generic[T]):
    """The declarations of one kind, found in either spelling; an unknown name gets the nearest ones as an answer.

    FIND turns what a cell holds into what people get; ALIASES holds other names of the same things.
    """

    def __init__(
        self,
        cells: DeclarationCells,
        find: Callable[[str, Any], T] = lambda _name, value: value,
        *,
        spell: Callable[[str], str] = hyphenated,
        aliases: Cells | None = None,
    ) -> None:
        self._cells = cells
        self._find = find
        self._spell = spell
        self._aliases = aliases

    def _spelt(self, name: str) -> str:
        spelt = self._spell(name)
        return (self._aliases.value(spelt) or spelt) if self._aliases else spelt

    def __getitem__(self, name: str) -> T:
        spelt = self._spelt(name)
        value = self._cells.value(spelt)
        if value is ABSENT:
            kind = self._cells.kind
            raise UnknownNameError(kind, spelt, self, f"Type {kind}s to see them all.")
        return self._find(spelt, value)

    def get(self, key: str, default: Any = None) -> Any:
        """Return what KEY names, else DEFAULT: without an error, for which the nearest names would be looked for."""
        spelt = self._spelt(key)
        value = self._cells.value(spelt)
        return default if value is ABSENT else self._find(spelt, value)

    def __setitem__(self, name: str, value: T) -> None:
        """Take back what was found under NAME, so that `runtime.hooks["a-hook"] += function` can be written.

        Raises:
            NotAllowedHereError: VALUE is something else; a declaration is changed by declaring.
        """
        if value is not self[name]:
            raise NotAllowedHereError(f"A {self._cells.kind} is not put in here.", f"Declare the {self._cells.kind}.")

    def __iter__(self) -> Iterator[str]:
        # In the order of definition, which the layers know: where the cells lie changes with undo and redo.
        return iter(sorted((key for key, _ in self._cells.items()), key=lambda key: self._cells.stack(key)[0].id))

    def __len__(self) -> int:
        return sum(1 for _ in self._cells.items())

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._cells.value(self._spelt(name)) is not ABSENT
