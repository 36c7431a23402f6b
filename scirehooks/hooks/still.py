"""Holding firings still: while a file is loaded anew they go on as they stood, then take what is new in one step.

A file that is loaded again takes its functions out of hooks and puts others in, one by one, and an init script defines
its names anew, one by one, while user code runs. A firing meanwhile must meet neither a hook without its guard nor a
guard whose table is half read. To hold a lock for so long would stop everybody, and could wait for ever.

So the cells of entries remember what they showed before the replacement touched them, and firings are shown that. What
others do meanwhile counts at once, except to those very entries. Functions that live in the namespace are called as
copies that see its names as they were: the names themselves change as the script runs, as in Emacs. Firings that were
under way already call the functions themselves, so they are given a moment to end before the first name changes (RCU's
grace period, found from the stacks of the threads, so that no firing has to count itself). Not covered: the methods of
a class, which see the new names, a firing by `arun`, which has no stack while it waits, and one that takes longer than
that moment.
"""

from __future__ import annotations

import functools
import sys
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from types import CellType, FrameType, FunctionType, MethodType
from typing import TYPE_CHECKING, Any, Final

from scirehooks.hooks.drive import FILENAME
from scirehooks.hooks.entries import EntryCells
from scirehooks.hooks.entry import Entry
from scirehooks.hooks.owner import Owner

if TYPE_CHECKING:
    from scirehooks.hooks.journal import Key
    from scirehooks.hooks.runtime import Runtime

__all__ = ["Still", "replaced_now", "still"]

_MOMENT: Final = 1.0  # seconds that firings under way are waited for
_PAUSE: Final = 0.0005

_current: ContextVar[Still | None] = ContextVar("scirehooks_still", default=None)


class Still:
    """One replacement under way."""

    def __init__(self) -> None:
        self.ended = False

    def within(self) -> bool:
        """Tell whether the calling code is part of it; a thread begun inside may outlive it."""
        return _current.get() is self and not self.ended


def replaced_now() -> bool:
    """Tell whether the calling code replaces something: then what it gives again must count as given, if only again."""
    held = _current.get()
    return held is not None and not held.ended


@contextmanager
def still(runtime: Runtime, owners: Collection[Owner]) -> Iterator[None]:
    """Let firings of RUNTIME go on as they stand while the block replaces what OWNERS gave.

    At its end all hooks take what is there then, in one step. A replacement inside another is part of that.
    """
    outer, part = _current.get(), replaced_now()
    held = outer if part and outer is not None else Still()
    token = _current.set(held)
    with runtime.journal.lock:
        copies = _Copies(runtime.namespace.globals)
        kinds = [cells for cells in runtime.journal.kinds if isinstance(cells, EntryCells)]
        concerned = set()
        for cells in kinds:
            stand_ins = list(_stand_ins(cells, runtime, owners, copies))
            cells.hold(held, stand_ins)
            if stand_ins:
                concerned.add(FILENAME.format(cells.hook))
    try:
        _wait(concerned)
        yield
    finally:
        _current.reset(token)
        if not part:
            with runtime.journal.lock:
                held.ended = True
                for cells in kinds:
                    cells.release(held)


def _stand_ins(
    cells: EntryCells, runtime: Runtime, owners: Collection[Owner], copies: _Copies
) -> Iterator[tuple[Key, Entry]]:
    """Yield the entries that call what OWNERS define, each with a function that sees the names as they are now."""
    for key, entry in list(cells.items()):
        definition = runtime.namespace.definition(entry.name) if entry.name is not None else None
        if entry.owner not in owners and (definition is None or definition.owner not in owners):
            continue
        function, when = entry.function, entry.when
        if function is None:
            continue
        copy, terms = copies.of(function), entry.terms
        if when is not None and (condition := copies.of(when)) is not when:
            terms = replace(terms, when=condition)
        if entry.name is not None or copy is not function or terms is not entry.terms:
            yield key, entry.replace(held=copy, terms=terms)


def _wait(files: Collection[str]) -> None:
    """Wait until the firings that are under way now have ended, of the hooks whose code has one of these FILES."""
    waiting = _firings(files)
    end = time.monotonic() + _MOMENT
    while waiting and time.monotonic() < end:
        time.sleep(_PAUSE)
        waiting &= _firings(files)


def _firings(files: Collection[str]) -> set[FrameType]:
    """Return the frames of code from FILES that other threads are in."""
    found = set()
    for thread, frame in sys._current_frames().items() if files else ():
        walk: FrameType | None = frame if thread != threading.get_ident() else None
        while walk is not None:
            if walk.f_code.co_filename in files:
                found.add(walk)
            walk = walk.f_back
    return found


class _Copies:
    """Copies of functions whose globals are NAMES, with NAMES as they are now."""

    def __init__(self, names: dict[str, Any]) -> None:
        self._live = names
        self._names: dict[str, Any] | None = None
        self._made: dict[int, Any] = {}

    def of(self, value: Any) -> Any:
        """Return VALUE, or a copy of it if it, or a function in its closure, looks names up."""
        if value is self._live:
            return self._still_names()
        if type(value) is functools.partial:
            inner = self.of(value.func)
            return value if inner is value.func else functools.partial(inner, *value.args, **value.keywords)
        if type(value) is MethodType:
            inner = self.of(value.__func__)
            return value if inner is value.__func__ else MethodType(inner, value.__self__)
        if type(value) is not FunctionType or not self._looks_up(value, set()):
            return value
        return self._function(value)

    def _still_names(self) -> dict[str, Any]:
        if self._names is None:
            self._names = dict(self._live)
            self._names.update((name, self.of(value)) for name, value in list(self._names.items()))
        return self._names

    def _looks_up(self, value: Any, seen: set[int]) -> bool:
        """Tell whether VALUE is the names, or a function that uses them or has such a function in its closure."""
        if value is self._live:
            return True
        if type(value) is not FunctionType or id(value) in seen:
            return False
        seen.add(id(value))
        contents = map(_content, value.__closure__ or ())
        return value.__globals__ is self._live or any(self._looks_up(content, seen) for content in contents)

    def _function(self, function: FunctionType) -> FunctionType:
        if id(function) in self._made:
            return self._made[id(function)]  # type: ignore[no-any-return]  # put there below
        names = self._still_names() if function.__globals__ is self._live else function.__globals__
        if id(function) in self._made:
            return self._made[id(function)]  # type: ignore[no-any-return]  # copied on the way, with all names
        # A cell that stays as it is stays shared, so that a counter in it goes on counting.
        closure = tuple(
            CellType() if self._looks_up(_content(cell), set()) else cell for cell in function.__closure__ or ()
        )
        copy = FunctionType(function.__code__, names, function.__name__, function.__defaults__, closure)
        copy.__kwdefaults__ = function.__kwdefaults__
        copy.__qualname__, copy.__doc__ = function.__qualname__, function.__doc__
        copy.__annotations__, copy.__module__ = function.__annotations__, function.__module__
        copy.__dict__.update(function.__dict__)
        self._made[id(function)] = copy  # before its closure: a function may refer to itself
        for cell, old in zip(closure, function.__closure__ or (), strict=True):
            if cell is not old:
                cell.cell_contents = self.of(old.cell_contents)
        return copy


def _content(cell: CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return None  # its variable has not been set yet
