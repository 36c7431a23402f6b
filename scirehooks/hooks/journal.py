"""The journal: every change to the runtime, and the one way to take changes back.

All that the runtime owns stands in *cells*: an entry of a hook, a name, an option's value, an advice. A cell holds a
stack of *layers*, one for each owner that set it, and shows the topmost. So

- setting a cell puts the owner's layer on top (or replaces it, if it is there);
- unloading an owner takes its layers out, wherever they are, and what lies below shows again;
- undo and rollback put back the stack that was there before a record.

No change needs a hand-written opposite, and a module author has no bookkeeping to remember. (The simpler record of
"before" and "after" was rejected: it resurrects what an owner, unloaded in between, had put there.)
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from dataclasses import replace
from itertools import count
from typing import Any, NamedTuple

from scirehooks.errors import ConflictError
from scirehooks.hooks.owner import Origin, Owner, Place
from scirehooks.records import dataclass

__all__ = ["ABSENT", "Cells", "Journal", "Key", "Layer", "Record", "Stack", "same"]

_new = tuple.__new__  # makes a named tuple at half the cost of calling its class, whose own `__new__` is Python


class _Absent:
    """The value of a cell that holds nothing; None is a value like any other."""

    def __repr__(self) -> str:
        return "ABSENT"

    def __bool__(self) -> bool:
        return False


ABSENT = _Absent()


@dataclass(slots=True, eq=False)
class Layer:
    """What one owner put into a cell (to be frozen would double what it takes to make one).

    It never changes, except for a variable's that is set again: see `Journal.renews`.
    """

    id: int
    owner: Owner
    value: Any
    place: Place | None
    time: float

    _replace = replace  # as the named tuples around it have it


Stack = tuple[Layer, ...]
Key = Any  # hashable; each kind of cells knows what its keys are made of


def _top(stack: Stack) -> Any:
    return stack[-1].value if stack else ABSENT


def _settle(stack: Stack) -> Stack:
    """Drop what says "nothing" with nothing below it."""
    start = 0
    while start < len(stack) and stack[start].value is ABSENT:
        start += 1
    return stack[start:]


def same(one: Stack, other: Stack) -> bool:
    """Compare by layer, never by the values in them, whose `==` is the user's."""
    return [layer.id for layer in one] == [layer.id for layer in other]


def _between_sessions(one: Stack, other: Stack) -> bool:
    """Tell whether only layers of sessions make the difference between ONE and OTHER."""
    different = {layer.id for layer in one} ^ {layer.id for layer in other}
    return all(layer.owner.kind == "session" for layer in (*one, *other) if layer.id in different)


class Cells:
    """The cells of one kind. Subclasses say what a change means by overriding `changed`."""

    kind = "cell"
    fleeting = False  # whether what is here may end by itself: then nothing is left to take back
    personal = False  # whether what a session sets here is its own business: no record is kept, and undo passes it by

    def __init__(self) -> None:
        self.stacks: dict[Key, Stack] = {}

    def stack(self, key: Key) -> Stack:
        """Return the layers of the cell KEY, the topmost last."""
        return self.stacks.get(key, ())

    def put(self, key: Key, stack: Stack) -> None:
        """Replace the layers of the cell KEY."""
        if stack:
            self.stacks[key] = stack
        else:
            self.stacks.pop(key, None)

    def keys(self) -> Iterable[Key]:
        """Return the keys of all cells that have a layer."""
        return list(self.stacks)

    def value(self, key: Key) -> Any:
        """Return what the cell KEY shows, ABSENT if nothing."""
        return _top(self.stack(key))

    def items(self) -> Iterator[tuple[Any, Any]]:
        """Yield the key and value of each cell that shows something."""
        for key in self.keys():
            value = self.value(key)
            if value is not ABSENT:
                yield key, value

    def belongs(self, layer: Layer, owner: Owner) -> bool:
        """Tell whether OWNER made LAYER, or the thing in it (which somebody else then moved or switched off)."""
        return layer.owner == owner or getattr(layer.value, "owner", None) == owner

    def subject(self, key: Key) -> str:
        """Say in a few words what the cell KEY is, for the journal."""
        return f"{self.kind} {key}"

    def changed(self, key: Key, before: Any, after: Any) -> None:
        """React to the cell KEY showing AFTER instead of BEFORE; called under the journal's lock, so be brief."""


class Record(NamedTuple):
    """One change: of which cell, by whom, in which group, and the layers before and after."""

    id: int
    group: int
    time: float
    actor: str
    owner: Owner
    place: Place | None
    what: str
    cells: Cells
    key: Key
    stack_before: Stack
    stack_after: Stack
    automatic: bool = False  # whether it came about by itself: a lease that expired, a quarantine

    @property
    def subject(self) -> str:
        """What was changed."""
        return self.cells.subject(self.key)

    @property
    def before(self) -> Any:
        """What the cell showed before, ABSENT if nothing."""
        return _top(self.stack_before)

    @property
    def after(self) -> Any:
        """What the cell showed afterwards, ABSENT if nothing."""
        return _top(self.stack_after)

    @property
    def over(self) -> bool:
        """Whether what was started here has ended by itself since."""
        return self.cells.fleeting and bool(self.stack_after) and not self.cells.stack(self.key)


@dataclass(slots=True)
class _Transaction:
    group: int
    began: int  # the number it began with: what is made inside has a greater one
    what: str
    records: list[Record]
    open: bool = True


class Journal:
    """The record of all changes, and the lock they are made under. User code never runs under the lock."""

    def __init__(self, kept: int = 10_000) -> None:
        self.lock = threading.RLock()
        self.records: deque[Record] = deque(maxlen=kept)
        self.kinds: list[Cells] = []
        self._next = count(1).__next__
        self._titles: dict[int, str] = {}
        self.cut = 0  # the group whose first records were dropped last: it cannot be taken back as a whole
        self._current: ContextVar[_Transaction | None] = ContextVar("scirehooks_transaction", default=None)

    def _open(self) -> _Transaction | None:
        """Return the transaction under way; a thread or timer begun inside one outlives it, but not as part of it."""
        opened = self._current.get()
        return opened if opened is not None and opened.open else None

    def register(self, cells: Cells) -> None:
        """Let unloading look through CELLS."""
        self.kinds.append(cells)

    def set(
        self, cells: Cells, key: Key, value: Any, what: str, origin: Origin, *, automatic: bool = False,
        keep: bool = False,
    ) -> Record:  # fmt: skip
        """Let the cell KEY show VALUE (ABSENT: nothing) in the name of ORIGIN's owner.

        AUTOMATIC says that nobody did it: it came about by itself. KEEP keeps the record, so that it can be undone,
        even if it is a session's own business.

        Journal: one record.
        """
        with self.lock:
            return self.set_locked(cells, key, value, what, origin, automatic, keep)

    def set_locked(
        self, cells: Cells, key: Key, value: Any, what: str, origin: Origin, automatic: bool = False,
        keep: bool = False,
    ) -> Record:  # fmt: skip
        """Do what `set` does, for a caller who has the lock: to take it once more would be a tenth of the cost."""
        number, now = self._next(), time.time()
        before = below = cells.stack(key)
        if before and (before[-1].owner is origin.owner or before[-1].owner == origin.owner):
            below = before[:-1]
        layer = Layer(number, origin.owner, value, origin.place, now)
        if below:
            after: Stack = (*below, layer)
        elif value is ABSENT:
            after = ()  # nothing is not set on nothing
        else:
            after = (layer,)
        return self._write(number, cells, key, before, after, what, origin, now, automatic, keep)

    def renews(self, layer: Layer) -> bool:
        """Tell whether LAYER, on top of its cell, may hold another value without a record; asked under the lock.

        It may if nothing can be taken back to when it held the one that it has: no record that is kept is as new as it
        is, or it was made inside the very transaction that is open, which is taken back as a whole.
        """
        opened = self._current.get()
        if opened is not None and opened.open:
            return layer.id > opened.began
        # Outside of one each change of others is a step that undo takes by itself; those of sessions it passes by.
        return layer.owner.kind == "session" and layer.id > (self.records[-1].id if self.records else 0)

    def _write(
        self, number: int, cells: Cells, key: Key, before: Stack, after: Stack, what: str, origin: Origin, now: float,
        automatic: bool = False, keep: bool = False,
    ) -> Record:  # fmt: skip
        opened = self._open()
        group = opened.group if opened else number
        record = _new(
            Record,
            (number, group, now, origin.actor, origin.owner, origin.place, what, cells, key, before, after, automatic),
        )
        cells.put(key, after)
        if opened:
            opened.records.append(record)
        if keep or not cells.personal or not _between_sessions(before, after):
            if len(self.records) == self.records.maxlen:
                self.cut = self.records[0].group
            self.records.append(record)
        cells.changed(key, before[-1].value if before else ABSENT, after[-1].value if after else ABSENT)
        return record

    @contextmanager
    def transaction(self, what: str) -> Iterator[list[Record]]:
        """Make the changes inside one group; when an exception leaves the block, take every one of them back.

        Yields the list that the records are added to. A transaction inside another joins it, but is still taken back
        on its own.
        """
        outer = self._open()
        number = self._next()
        opened = _Transaction(outer.group if outer else number, number, what, [])
        if outer is None:
            self._titles[opened.group] = what
            if len(self._titles) > (self.records.maxlen or 0):
                del self._titles[next(iter(self._titles))]
        token = self._current.set(opened)
        try:
            yield opened.records
        except BaseException:
            self._close(opened, token)
            self._roll_back(opened.records)
            raise
        self._close(opened, token)
        if outer:
            outer.records.extend(opened.records)

    def _close(self, opened: _Transaction, token: Token[_Transaction | None]) -> None:
        opened.open = False
        self._current.reset(token)

    def _roll_back(self, records: list[Record]) -> None:
        with self.lock:
            for record in reversed(records):
                self._take_back(record)
            gone = {record.id for record in records}
            kept = [record for record in self.records if record.id not in gone]
            self.records.clear()
            self.records.extend(kept)

    def _take_back(self, record: Record) -> None:
        """Put back what RECORD replaced; where somebody has changed the cell since, take out only its layer."""
        cells, key = record.cells, record.key
        now = cells.stack(key)
        if same(now, record.stack_after):
            then = record.stack_before
        else:
            made = {layer.id for layer in record.stack_after} - {layer.id for layer in record.stack_before}
            then = _settle(tuple(layer for layer in now if layer.id not in made))
        cells.put(key, then)
        cells.changed(key, _top(now), _top(then))

    def title(self, record: Record) -> str:
        """Say what was done that RECORD is part of: the outermost transaction, else the change itself."""
        return self._titles.get(record.group, record.what)

    def withdraw(self, owner: Owner, what: str, origin: Origin) -> list[Record]:
        """Take out every layer that OWNER made, latest first; what others put above or below stays.

        Journal: one record for each cell, in one group.
        """
        with self.lock, self.transaction(what) as records:
            for cells, key in self.of(owner):
                before = cells.stack(key)
                self.restack(cells, key, [layer for layer in before if not cells.belongs(layer, owner)], what, origin)
        return records

    def of(self, owner: Owner) -> list[tuple[Cells, Key]]:
        """Return the cells in which something belongs to OWNER, those that he set last first."""
        found: list[tuple[int, Cells, Key]] = []
        with self.lock:
            for cells in self.kinds:
                for key in cells.keys():  # noqa: SIM118 - the cells' own method: a hook's cells are nested by scope
                    latest = max((layer.id for layer in cells.stack(key) if cells.belongs(layer, owner)), default=0)
                    if latest:
                        found.append((latest, cells, key))
        return [(cells, key) for _, cells, key in sorted(found, key=lambda item: -item[0])]

    def restack(self, cells: Cells, key: Key, layers: Iterable[Layer], what: str, origin: Origin) -> Record:
        """Let the cell KEY have these LAYERS, the topmost last, instead of those it has.

        Journal: one record.
        """
        with self.lock:
            return self._write(
                self._next(), cells, key, cells.stack(key), _settle(tuple(layers)), what, origin, time.time()
            )

    def revert(self, records: list[Record], what: str, origin: Origin) -> list[Record]:
        """Put back what each of RECORDS replaced, the last first, as changes of their own.

        Raises:
            ConflictError: one of the cells has been changed since; nothing is done, and the later change is named.
        """
        with self.lock, self.transaction(what) as done:
            for record in reversed(records):
                now = record.cells.stack(record.key)
                if not same(now, record.stack_after):
                    raise ConflictError(
                        f"{what}: {record.subject} has been changed since{self._by_whom(record)}.",
                        "Undo that first, or set it by hand.",
                    )
                self._write(
                    self._next(), record.cells, record.key, now, record.stack_before, what, origin, time.time(),
                    keep=True,
                )  # fmt: skip
        return done

    def _by_whom(self, record: Record) -> str:
        for later in reversed(self.records):
            if later.id > record.id and later.cells is record.cells and later.key == record.key:
                return f" by {later.owner} (record {later.id}, {later.what})"
        return ""
