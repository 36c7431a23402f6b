"""Undo and redo: the journal read backwards, one group of changes at a time."""

from __future__ import annotations

from collections.abc import Callable

from scirehooks.errors import ConflictError
from scirehooks.hooks.journal import ABSENT, Cells, Journal, Key, Record, same
from scirehooks.hooks.owner import BUILTIN, UNASKED, Origin

__all__ = ["History"]

Automatic = dict[tuple[Cells, Key], list[Record]]  # what came about by itself: changes of entries, by their cell


class History:
    """Which groups of changes can be undone, and which have been.

    A group is what was done by one act: a command, a load. An undo is a group of its own, and is recorded as every
    change is; redoing takes that group back. What happened before `begin` (the init scripts) is not undone, nor what
    came of reading them again, and what scirehooks itself defines never is, whenever that was: a shell or a server that
    is opened later brings commands. What was undone can be redone until somebody makes a new change, as in any editor.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._floor = 0
        self._undone: list[tuple[int, int]] = []  # (group, the group that undid it), the latest last
        self._passed_by: set[int] = set()  # groups that undo leaves alone: undoings, redoings, what is not redone
        self._taken = 0  # the last record of the last undoing or redoing

    def begin(self) -> None:
        """Let undo reach no further back than now."""
        with self._journal.lock:
            self._floor = self._journal.records[-1].id if self._journal.records else 0

    def _groups(self) -> dict[int, list[Record]]:
        """Return what can be undone: the records of each group, the latest group last."""
        passed_by = {group for group, _ in self._undone} | self._passed_by | {self._journal.cut}
        groups: dict[int, list[Record]] = {}
        for record in self._journal.records:
            if record.id > self._floor and record.group not in passed_by:
                groups.setdefault(record.group, []).append(record)
        return groups

    def _automatic(self) -> Automatic:
        found: Automatic = {}
        for record in self._journal.records:
            if record.automatic:
                found.setdefault((record.cells, record.key), []).append(record)
        return found

    def _records(self, group: int) -> list[Record]:
        return [record for record in self._journal.records if record.group == group]

    def latest(self, wanted: Callable[[Record], bool] = lambda _: True) -> list[Record]:
        """Return the records of the change that `undo` would take back, or raise ConflictError if there is none."""
        with self._journal.lock:
            return self._latest(self._automatic(), wanted)

    def _latest(self, automatic: Automatic, wanted: Callable[[Record], bool]) -> list[Record]:
        for made in reversed(self._groups().values()):
            records = [record for record in made if _somebodys(record) and not _over(record, automatic)]
            if any(wanted(record) for record in records):
                return records
        raise ConflictError("There is nothing to undo.")

    def undo(self, origin: Origin, wanted: Callable[[Record], bool] = lambda _: True) -> list[Record]:
        """Take back the latest group that has a record WANTED and has not been undone; return its records.

        What scirehooks defines is passed by, even if a user's act made it do so.

        What came about by itself is nobody's change and is never the latest: what has ended so (a lease) is passed by,
        and what stands so on a change (a quarantine) is taken back along with that.

        Raises:
            ConflictError: there is none, or a later change stands on it.
        """
        with self._journal.lock:
            self._forget_undone()
            automatic = self._automatic()
            records = self._latest(automatic, wanted)
            taken = {record.id: record for one in records for record in (one, *_upon(one, automatic))}
            in_order = [taken[number] for number in sorted(taken)]
            done = self._journal.revert(in_order, f"undo {records[0].what}", origin)
            self._take(done)
            self._undone.append((records[0].group, done[0].group))
            return records

    def _take(self, done: list[Record]) -> None:
        """Note that DONE was an undoing or a redoing."""
        self._passed_by.add(done[0].group)
        self._taken = done[-1].id

    def _forget_undone(self) -> None:
        """Let what was undone be undone for good if somebody has changed something since."""
        for record in reversed(self._journal.records):
            if record.id <= self._taken:
                break
            if _somebodys(record) and record.group not in self._passed_by:
                self._passed_by.update(group for group, _ in self._undone)
                self._undone.clear()
                break

    def undone(self) -> tuple[list[Record], list[Record]]:
        """Return the records of what was undone last, and those of its undoing, or raise ConflictError if none was."""
        with self._journal.lock:
            self._forget_undone()
            group, undoing = self._undone[-1] if self._undone else (0, 0)
            records, undone = self._records(group), self._records(undoing)
            if not records or not undone or self._journal.cut in (group, undoing):
                raise ConflictError("There is nothing to redo.")  # or the journal does not reach back to it any more
            return records, undone

    def redo(self, origin: Origin) -> list[Record]:
        """Do again what was undone last; return the records of what is done again.

        Raises:
            ConflictError: nothing was undone, or a later change stands in the way.
        """
        with self._journal.lock:
            records, undone = self.undone()
            done = self._journal.revert(undone, f"redo {records[0].what}", origin)
            self._take(done)
            self._undone.pop()
            return records


def _somebodys(record: Record) -> bool:
    """Tell whether RECORD is the change of somebody: it did not come about by itself, and is not what we come with."""
    return not record.automatic and record.owner != BUILTIN and record.actor != UNASKED


def _upon(record: Record, automatic: Automatic) -> list[Record]:
    """Return the AUTOMATIC records that stand on RECORD: each found the cell as the one before it left it."""
    upon, stack = list[Record](), record.stack_after
    for later in automatic.get((record.cells, record.key), ()):
        if later.id > record.id and same(later.stack_before, stack):
            upon.append(later)
            stack = later.stack_after
    return upon


def _over(record: Record, automatic: Automatic) -> bool:
    """Tell whether what RECORD put there, or changed, has ended by itself since, so that nothing is left of it."""
    if record.over:
        return True
    gone = [later.before.number for later in automatic.get((record.cells, record.key), ()) if later.after is ABSENT]
    made, now = record.after, record.cells.value(record.key)
    return bool(gone) and made is not ABSENT and made.number in gone and (now is ABSENT or now.number != made.number)
