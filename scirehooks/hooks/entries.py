"""The cells of a hook: a cell for each function in each scope."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import TYPE_CHECKING, Any

from scirehooks.hooks.entry import Entry, label_of
from scirehooks.hooks.journal import ABSENT, Cells, Key, Stack
from scirehooks.hooks.owner import BUILTIN
from scirehooks.hooks.scope import Scope

if TYPE_CHECKING:
    from scirehooks.hooks.still import Still

__all__ = ["EntryCells"]


class EntryCells(Cells):
    """The entries of one hook: a cell for each function in each scope (None: the global value)."""

    kind = "entry"

    def __init__(self, hook: str, refresh: Callable[[], None]) -> None:
        super().__init__()
        self.hook = hook
        self._refresh = refresh
        self.scopes: dict[Scope | None, dict[Hashable, Stack]] = {}
        self.held: dict[Key, tuple[Still, Any]] = {}  # what firings go on seeing in cells that are being replaced
        self._stills: list[Still] = []
        self.labels: dict[tuple[Scope | None, str], int] = {}
        self.constrained: dict[Scope | None, int] = {}

    def stack(self, key: Key) -> Stack:
        """Return the layers of the cell KEY: a scope and a function's identity."""
        scope, function = key
        return self.scopes.get(scope, {}).get(function, ())

    def put(self, key: Key, stack: Stack) -> None:
        """Replace the layers of the cell KEY; a scope without layers is forgotten."""
        for still in self._stills:
            if still.within():
                self.held.setdefault(key, (still, self.value(key)))
        scope, function = key
        cells = self.scopes.setdefault(scope, {})
        if stack:
            cells[function] = stack
        else:
            cells.pop(function, None)
            if not cells:
                del self.scopes[scope]

    def keys(self) -> Iterable[Key]:
        """Return the keys of all cells that have a layer."""
        return [(scope, function) for scope, cells in self.scopes.items() for function in cells]

    def shown(self, scope: Scope | None) -> list[Entry]:
        """Return the entries of the value for SCOPE, in no order."""
        stacks = list(self.scopes.get(scope, {}).values())  # at once: a firing asks without the lock
        tops = (stack[-1].value for stack in stacks)
        return [value for value in tops if value is not ABSENT]

    def in_force(self, scope: Scope | None) -> list[Entry]:
        """Return the entries that firings see in the value for SCOPE: those shown, but for what is being replaced."""
        if not self.held:
            return self.shown(scope)
        tops = {function: stack[-1].value for function, stack in list(self.scopes.get(scope, {}).items())}
        tops.update((key[1], value) for key, (_, value) in list(self.held.items()) if key[0] == scope)
        return [value for value in tops.values() if value is not ABSENT]

    def hold(self, still: Still, stand_ins: Iterable[tuple[Key, Entry]]) -> None:
        """Let firings see what is shown now, and STAND_INS, until STILL is over."""
        if still not in self._stills:
            self._stills.append(still)
        before = len(self.held)
        for key, entry in stand_ins:
            self.held.setdefault(key, (still, entry))
        if len(self.held) > before:
            self._refresh()

    def release(self, still: Still) -> None:
        """Let firings see what is shown from now on: STILL is over."""
        self._stills.remove(still)
        if any(held[0] is still for held in self.held.values()):
            self.held = {key: held for key, held in self.held.items() if held[0] is not still}
            self._refresh()

    def shown_at(self, scope: Scope | None, function: Hashable) -> Entry | None:
        """Return the entry of FUNCTION (its identity) in the value for SCOPE, None if it is not there."""
        cells = self.scopes.get(scope)
        stack = cells.get(function) if cells else None
        return (stack[-1].value or None) if stack else None

    def subject(self, key: Key) -> str:
        """Name the entry and the hook."""
        scope, function = key
        value = self.value(key)
        label = value.label if isinstance(value, Entry) else label_of(function, BUILTIN)
        return f"{label} in {self.hook}" + (f" for {scope}" if scope is not None else "")

    def changed(self, key: Key, before: Any, after: Any) -> None:
        """Keep count of labels and constraints, and let the next firing read the value anew."""
        if before is not ABSENT:
            self._count(before, -1)
        if after is not ABSENT:
            self._count(after, 1)
        self._refresh()

    def _count(self, entry: Entry, by: int) -> None:
        label = (entry.local, entry.label)
        if left := self.labels.get(label, 0) + by:
            self.labels[label] = left
        else:
            del self.labels[label]
        if entry.terms.constrained:
            self.constrained[entry.local] = self.constrained.get(entry.local, 0) + by
