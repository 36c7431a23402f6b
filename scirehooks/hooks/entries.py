"""The cells of a hook: a cell for each function in each scope."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import TYPE_CHECKING, Any, Final

from scirehooks.hooks.clock import Alarm
from scirehooks.hooks.entry import PLAIN, Entry, label_of
from scirehooks.hooks.journal import ABSENT, Cells, Key, Stack
from scirehooks.hooks.owner import BUILTIN
from scirehooks.hooks.scope import Scope

if TYPE_CHECKING:
    from scirehooks.hooks.still import Still

__all__ = ["EMPTY", "EntryCells", "Value"]


class Value:
    """The value for one scope: a cell for each function, and what has to be known of all that they show."""

    __slots__ = ("constrained", "labels", "stacks", "suffixes")

    def __init__(self) -> None:
        self.stacks: dict[Hashable, Stack] = {}
        self.labels: set[str] = set()
        self.suffixes: dict[str, int] = {}  # by label: the suffix to try next
        self.constrained = 0  # how many ask for their order by name

    def shown_at(self, function: Hashable) -> Entry | None:
        """Return the entry of FUNCTION (its identity), None if it is not there."""
        stack = self.stacks.get(function)
        return (stack[-1].value or None) if stack else None

    def free_label(self, label: str) -> str:
        """Return LABEL, with a suffix if an entry shown has it."""
        if label not in self.labels:
            if self.suffixes:
                self.suffixes.pop(label, None)
            return label
        number = self.suffixes.get(label, 2)  # not always from 2: a thousand may be called alike
        while (numbered := f"{label}~{number}") in self.labels:
            number += 1
        self.suffixes[label] = number + 1
        return numbered


EMPTY: Final = Value()  # the value for a scope that has none: to be read, as `()` is


class EntryCells(Cells):
    """The entries of one hook: a cell for each function in each scope (None: the global value).

    FORGET is called, under the journal's lock, when firings must read the value anew; WIND sets the alarm that takes
    an entry out when its lease expires.
    """

    kind = "entry"

    def __init__(self, hook: str, forget: Callable[[], None], wind: Callable[[Entry, float], Alarm]) -> None:
        super().__init__()
        self.hook = hook
        self._forget = forget
        self._wind = wind
        self._alarms: dict[int, Alarm] = {}  # by the number of the entry
        self.scopes: dict[Scope | None, Value] = {}
        self.held: dict[Key, tuple[Still, Any]] = {}  # what firings go on seeing in cells that are being replaced
        self._stills: list[Still] = []

    def stack(self, key: Key) -> Stack:
        """Return the layers of the cell KEY: a scope and a function's identity."""
        scope, function = key
        return self.scopes.get(scope, EMPTY).stacks.get(function, ())

    def put(self, key: Key, stack: Stack) -> None:
        """Replace the layers of the cell KEY; a scope without layers is forgotten.

        An entry that shows again may find its label taken by one that came meanwhile: then it gets another.
        """
        for still in self._stills:
            if still.within():
                self.held.setdefault(key, (still, self.value(key)))
        scope, function = key
        value = self.scopes.get(scope)
        if value is None:
            value = self.scopes[scope] = Value()
        stacks = value.stacks
        if function in stacks and (hidden := stacks[function][-1].value):
            value.labels.discard(hidden.label)
            if hidden.terms is not PLAIN:
                self._leave(value, hidden)
        if stack:
            shown = stack[-1].value
            if shown:
                if shown.label in value.labels:
                    shown = shown.replace(label=value.free_label(shown.label))
                    stack = (*stack[:-1], stack[-1]._replace(value=shown))
                value.labels.add(shown.label)
                if shown.terms is not PLAIN:
                    self._enter(value, shown)
            stacks[function] = stack
        else:
            stacks.pop(function, None)
            if not stacks:
                del self.scopes[scope]
        self._forget()

    def _enter(self, value: Value, entry: Entry) -> None:
        """Note the terms of ENTRY, which shows in VALUE from now on."""
        value.constrained += entry.terms.constrained
        if entry.until is not None and entry.until.expires is not None:
            self._alarms[entry.number] = self._wind(entry, entry.until.expires)

    def _leave(self, value: Value, entry: Entry) -> None:
        """Forget the terms of ENTRY, which shows in VALUE no longer."""
        value.constrained -= entry.terms.constrained
        alarm = self._alarms.pop(entry.number, None)
        if alarm is not None:
            alarm.cancel()

    def keys(self) -> Iterable[Key]:
        """Return the keys of all cells that have a layer."""
        return [(scope, function) for scope, value in self.scopes.items() for function in value.stacks]

    def _stacks(self, scope: Scope | None) -> list[tuple[Hashable, Stack]]:
        return list(self.scopes.get(scope, EMPTY).stacks.items())  # at once: a firing asks without the lock

    def shown(self, scope: Scope | None) -> list[Entry]:
        """Return the entries of the value for SCOPE, in no order."""
        tops = (stack[-1].value for _, stack in self._stacks(scope))
        return [value for value in tops if value is not ABSENT]

    def in_force(self, scope: Scope | None) -> list[Entry]:
        """Return the entries that firings see in the value for SCOPE: those shown, but for what is being replaced."""
        if not self.held:
            return self.shown(scope)
        tops = {function: stack[-1].value for function, stack in self._stacks(scope)}
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
            self._forget()

    def release(self, still: Still) -> None:
        """Let firings see what is shown from now on: STILL is over."""
        self._stills.remove(still)
        if any(held[0] is still for held in self.held.values()):
            self.held = {key: held for key, held in self.held.items() if held[0] is not still}
            self._forget()

    def subject(self, key: Key) -> str:
        """Name the entry and the hook."""
        scope, function = key
        value = self.value(key)
        label = value.label if isinstance(value, Entry) else label_of(function, BUILTIN)
        return f"{label} in {self.hook}" + (f" for {scope}" if scope is not None else "")
