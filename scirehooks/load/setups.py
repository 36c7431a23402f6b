"""The `setup` of modules, called again when a module comes back, and their `teardown` when undo or redo takes one out.

The journal brings back what a module gave, but not what its `setup` opened. So where undo or redo makes a module come
or go, `teardown` is called before it goes, and `setup` when all of it is back. What `setup` made through the runtime
the time before has come back, too, and is replaced by what it makes now. While that is done firings go on as they
stood (`hooks/still.py`), and no lock is held: it is the user's code.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, NamedTuple

from scirehooks.errors import ConflictError
from scirehooks.hooks import Module, Record, Runtime
from scirehooks.hooks.still import still
from scirehooks.load import python
from scirehooks.load.door import Door
from scirehooks.load.replace import replacing

__all__ = ["SetUps"]

_log = logging.getLogger("scirehooks")


class _Change(NamedTuple):
    """What taking something back makes of one module: it is NOW, and THEN another or the same loaded differently."""

    now: Module | None
    then: Module | None


class SetUps:
    """Calls `setup` and `teardown` of the modules of RUNTIME, which come through DOOR."""

    def __init__(self, runtime: Runtime, door: Door) -> None:
        self._runtime = runtime
        self._door = door
        self._made: set[int] = set()  # the layers that any `setup` has made, also those that may only come back
        runtime.taking_back = self.taking_back

    def first(self, module: Module, state: Any = None) -> None:
        """Call the `setup` of MODULE, which has just been loaded, with STATE if it takes that."""
        if module.module:
            self._made |= python.set_up(module.module, self._runtime, state)

    def _again(self, module: Module, what: str, state: Any) -> None:
        """Call the `setup` of MODULE, which was there before; what it made then is replaced."""
        with replacing(self._runtime, {module.owner}, what, lambda layer: layer.id in self._made):
            self.first(module, state)

    def undo_teardown(self, module: Module, state: Any) -> None:
        """Set MODULE up again, which was torn down and stays all the same; its `teardown` had returned STATE."""
        if not (hasattr(module.module, "teardown") and hasattr(module.module, "setup")):
            return
        try:
            self._again(module, f"reload {module.name}", state)
        except Exception:  # noqa: BLE001 - a door to a file; the error of what failed before is what is raised
            _log.exception("setup of module %s (%s) failed when it was brought back", module.name, module.file)

    # -- undo and redo

    def taking_back(
        self,
        look: Callable[[], list[Record]],
        take: Callable[[], list[Record]],
        put_back: Callable[[list[Record]], object],
    ) -> list[Record]:
        """Take back the records that LOOK finds by TAKE; by PUT_BACK, which gets what that returned, if it fails.

        Raises:
            LoadError: a `setup` fails. Nothing has changed; what was torn down has been set up again.
            ConflictError: one of the modules is being loaded just now.
        """
        with self._runtime.journal.lock:
            records = look()
            changes = _changes(records)
            if not changes:
                return take()
        with ExitStack() as held:
            for name in changes:
                held.enter_context(self._door.alone(name))
            torn: list[tuple[Module, Any]] = []
            try:
                owners = {module.owner for change in changes.values() for module in change if module}
                with still(self._runtime, owners):
                    torn.extend((each.now, self._torn_down(each.now)) for each in changes.values() if each.now)
                    states = {module.name: state for module, state in torn}
                    return self._taken(records, changes, states, look, take, put_back)
            except BaseException:
                for module, state in reversed(torn):
                    self.undo_teardown(module, state)
                raise

    def _torn_down(self, module: Module) -> Any:
        """Call the `teardown` of MODULE and return the state that it returns.

        What it does through the runtime is taken back: all of that goes in a moment, and if it has gone already, it
        looks as if somebody had changed it since.
        """
        state = None
        try:
            with self._runtime.journal.transaction(f"tear down {module.name}") as records:
                state = python.tear_down(module.module, self._runtime)
                if records:
                    raise _TakeBackError
        except _TakeBackError:
            pass
        return state

    def _taken(
        self,
        records: list[Record],
        changes: dict[str, _Change],
        states: dict[str, Any],
        look: Callable[[], list[Record]],
        take: Callable[[], list[Record]],
        put_back: Callable[[list[Record]], object],
    ) -> list[Record]:
        journal = self._runtime.journal
        coming: list[Module] = []
        failure: BaseException | None = None
        with journal.transaction(_title(records)):
            with journal.lock:
                if [record.id for record in look()] != [record.id for record in records]:
                    raise ConflictError("Somebody has changed something meanwhile.", "Try again.")
                found = take()
            with journal.transaction("set up") as made:
                try:
                    for module in (change.then for change in changes.values() if change.then):
                        coming.append(module)
                        self._set_up(module, states.get(module.name))
                except BaseException as error:  # noqa: BLE001 - raised below, when the transaction has been ended
                    failure = error
            if failure:
                journal.revert(list(made), "set up", self._runtime.owners.origin())
        if failure is None:
            return found
        for module in reversed(coming[:-1]):  # those that were set up
            self._torn_down(module)
        put_back(found)
        raise failure

    def _set_up(self, module: Module, state: Any) -> None:
        try:
            self._again(module, f"set up {module.name}", state)
        except (Exception, SystemExit) as error:  # a door to a file; `sys.exit()` in one must not end the daemon
            words, hint = f"module {module.name!r} is not brought back", "Nothing has changed."
            raise python.failure(words, module.file, error, hint) from error


class _TakeBackError(Exception):
    pass


def _changes(records: list[Record]) -> dict[str, _Change]:
    """Return by name the modules that come or go when RECORDS are taken back, in the order in which they do so.

    That is the order of the journal read backwards: whoever requires another goes before it and comes after it.
    """
    found: dict[str, _Change] = {}
    for record in reversed(records):
        if record.cells.kind == "module":
            now = found[record.key].now if record.key in found else record.after or None
            found[record.key] = _Change(now, record.before or None)
    return {name: change for name, change in found.items() if _object(change.now) is not _object(change.then)}


def _title(records: list[Record]) -> str:
    """Return what taking RECORDS back is called: they are what was done, or its undoing."""
    what = records[0].what
    return f"redo {what.removeprefix('undo ')}" if what.startswith("undo ") else f"undo {what}"


def _object(module: Module | None) -> object:
    return module.module if module else None
