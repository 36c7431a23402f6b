"""Putting what a file gives now in the place of what it gave before.

The new version is run over the old one, with firings held still (`hooks/still.py`), and then takes its place:

- what it does not give any more goes;
- what it gives again stands where the old one stood: under what others have put over it. So an entry that a session
  moved, switched off or took out stays so, as long as its label is the same, and an option that a session set stays
  set. An entry at the same depth keeps its number and its place among equals;
- but names and commands are the file's again, even if a session has defined them since: who loads a file anew wants
  what is in it now (Emacs: `load-file`);
- a quarantined entry is given another chance: it is the one change whose reason may have gone.

Anything that fails leaves everything as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from scirehooks.hooks import ABSENT, Entry, Origin, Owner, Runtime
from scirehooks.hooks.entries import EntryCells
from scirehooks.hooks.journal import Cells, Key, Layer, Stack
from scirehooks.hooks.still import still

__all__ = ["replacing"]

_LATEST = ("command", "request")  # kinds of cells where what comes last counts: a module asked for has been loaded


class _Change(NamedTuple):
    """What becomes of one cell: its stack BEFORE, and the layer NEW in TARGET that takes the old one's place."""

    cells: Cells
    key: Key
    before: Stack
    target: Key
    new: Layer | None


@contextmanager
def replacing(
    runtime: Runtime, owners: Collection[Owner], what: str, only: Callable[[Layer], bool] = lambda _layer: True
) -> Iterator[None]:
    """Let what the block does in the name of one of OWNERS take the place of all that they did before.

    ONLY says which of the old layers are to be replaced; the others stay.

    Journal: one transaction.
    """
    journal, origin = runtime.journal, runtime.owners.origin()
    with still(runtime, owners), journal.transaction(what):
        with journal.lock:
            work = _Replacement(runtime, owners, what, origin, only)
            work.take_out()
        yield
        with journal.lock:
            work.settle()


class _Replacement:
    def __init__(
        self, runtime: Runtime, owners: Collection[Owner], what: str, origin: Origin, only: Callable[[Layer], bool]
    ) -> None:
        self._journal = runtime.journal
        self._owners = owners
        self._what = what
        self._origin = origin
        self._before: list[tuple[Cells, Key, Stack]] = []
        self._there: set[int] = set()  # all layers that OWNERS had
        self._old: set[int] = set()  # those of them that are to be replaced
        for cells, key in self._cells():
            stack = cells.stack(key)
            mine = [layer for layer in stack if layer.owner in owners]
            old = {layer.id for layer in mine if only(layer)}
            self._there |= {layer.id for layer in mine}
            self._old |= old
            if old:
                self._before.append((cells, key, stack))

    def _cells(self) -> list[tuple[Cells, Key]]:
        found = [cell for owner in self._owners for cell in self._journal.of(owner)]
        return list({(id(cells), key): (cells, key) for cells, key in found}.values())

    def _new(self) -> Iterator[tuple[Cells, Key, Layer]]:
        """Yield the cells that the new version has set, and the layers that it put there."""
        for cells, key in self._cells():
            mine = [layer for layer in cells.stack(key) if layer.owner in self._owners and layer.id not in self._there]
            if mine:
                yield cells, key, mine[-1]

    def take_out(self) -> None:
        """Take the entries out of their hooks, so that the new version finds none of them; firings still see them."""
        for cells, key, stack in self._before:
            if isinstance(cells, EntryCells):
                self._restack(cells, key, self._rebased(stack, None))

    def settle(self) -> None:
        """Let what is new take the place of what is old."""
        new = {(id(cells), key): layer for cells, key, layer in self._new()}
        labels = {
            (id(cells), key[0], layer.value.label): key
            for cells, key, layer in self._new()
            if isinstance(cells, EntryCells) and isinstance(layer.value, Entry)
        }
        changes: list[_Change] = []
        for cells, key, before in self._before:
            target = key
            old = self._entry(before)
            if old is not None and (id(cells), key) not in new:
                # A module's functions are other objects now: the same label says which takes whose place.
                target = labels.get((id(cells), old.local, old.label), key)
            change = _Change(cells, key, before, target, new.get((id(cells), target)))
            if isinstance(cells, EntryCells):
                changes.append(change)
            else:
                self._restack(cells, key, self._stack(change))
        renewed = self._renewed(changes)
        for change in changes:
            layer = change.new and change.new._replace(value=renewed[change.new.id])
            rest = [layer for layer in change.cells.stack(change.target) if self._came_since(change, layer)]
            self._restack(change.cells, change.target, [*self._placed(change, layer), *rest])
        self._mark(changes)

    def _restack(self, cells: Cells, key: Key, layers: list[Layer]) -> None:
        now = cells.stack(key)
        if len(now) != len(layers) or any(one is not other for one, other in zip(now, layers, strict=True)):
            self._journal.restack(cells, key, layers, self._what, self._origin)

    def _is_old(self, layer: Layer) -> bool:
        return layer.id in self._old

    def _came_since(self, change: _Change, layer: Layer) -> bool:
        """Tell whether LAYER was put there while the new version was loaded, by others."""
        return layer.owner not in self._owners and layer.id not in {before.id for before in change.before}

    def _entry(self, stack: Stack) -> Entry | None:
        """Return the entry that the old version gave; None if it only changed somebody else's."""
        found = [layer.value for layer in stack if layer.id in self._old and isinstance(layer.value, Entry)]
        return found[0] if found and found[0].owner in self._owners else None

    # -- cells of other kinds

    def _stack(self, change: _Change) -> list[Layer]:
        now = change.cells.stack(change.key)
        if (
            change.cells.personal
            and change.new is None
            and all(layer.place is None for layer in now if self._is_old(layer))
        ):
            return list(now)  # set past the view, by `global x` in a function: nobody sees it set again to the same
        kept = [layer for layer in now if not self._is_old(layer)]
        if change.new is None or change.cells.personal or change.cells.kind in _LATEST:
            return kept
        first = next(index for index, layer in enumerate(change.before) if self._is_old(layer))
        below = [layer for layer in change.before[:first] if layer in kept]
        rest = [layer for layer in kept if layer is not change.new and layer not in below]
        return [*below, change.new, *rest]

    # -- entries

    def _renewed(self, changes: list[_Change]) -> dict[int, Any]:
        """Return by layer the value of each new entry: with the number and the place among equals of the old one."""
        renewed = {change.new.id: change.new.value for change in changes if change.new}
        equals: dict[tuple[int, Any, float], list[tuple[Layer, Entry]]] = {}
        for change in changes:
            old = self._entry(change.before)
            if change.new is None or old is None or change.new.value is ABSENT:
                continue
            new = change.new.value
            if new.until is None:  # whoever ends a lease knows the entry by its number
                renewed[change.new.id] = new.replace(number=old.number)
            if old.depth == new.depth:
                equals.setdefault((id(change.cells), old.local, old.depth), []).append((change.new, old))
        for same in equals.values():
            # In the order of the new file, at the places that they had among all others.
            orders = sorted(old.order for _, old in same)
            for (layer, _), order in zip(sorted(same, key=lambda pair: pair[0].value.order), orders, strict=True):
                renewed[layer.id] = renewed[layer.id].replace(order=order)
        return renewed

    def _mark(self, changes: list[_Change]) -> None:
        """Let GLOBAL stand in local values where it stood: all entries of one value agree on that."""
        markers = {
            (id(change.cells), old.local): old.marker
            for change in changes
            if (old := self._entry(change.before)) is not None and old.local is not None
        }
        for cells, key, _ in self._new():
            marker = markers.get((id(cells), key[0])) if isinstance(cells, EntryCells) else None
            if marker is not None:
                stack = [
                    layer._replace(value=layer.value.replace(marker=marker)) if layer.value else layer
                    for layer in cells.stack(key)
                ]
                self._restack(cells, key, stack)

    def _placed(self, change: _Change, new: Layer | None) -> list[Layer]:
        """Return the stack with NEW in the place of the old entry, and over it what others did to that."""
        layers = self._rebased(change.before, new)
        if change.target == change.key or new is None:
            return layers
        mine = layers[layers.index(new) :]
        own = next((i for i, layer in enumerate(mine) if layer.value and layer.value.number != new.value.number), None)
        return mine[:own]  # what others put in on their own account is about the old function, and stays with that

    def _rebased(self, stack: Stack, new: Layer | None) -> list[Layer]:
        """Return STACK with NEW, or nothing, in the place of the old layers; what others changed is changed again."""
        result: list[Layer] = []
        was: Any = ABSENT  # what the layer below shows in STACK
        now: Any = ABSENT  # and in the result
        for layer in stack:
            value = layer.value
            if layer.id in self._old:
                if new is not None:
                    result.append(new)
                    now, new = new.value, None
            elif value is ABSENT:
                result.append(layer)
                now = ABSENT
            elif was is not ABSENT and value.number == was.number:
                if now is not ABSENT:
                    changed = _changed(now, was, value)
                    if changed is not now:
                        result.append(layer._replace(value=changed))
                    now = changed
            else:
                result.append(layer)
                now = value
            was = value
        return result


def _changed(entry: Entry, before: Entry, after: Entry) -> Entry:
    """Return ENTRY changed as somebody changed BEFORE to AFTER; being set aside for its failures is left out."""
    order = after.order if after.order != before.order else None
    state = after.state if after.state not in (before.state, "quarantined", entry.state) else None
    return entry.replace(order=order, state=state) if order or state else entry
