"""Undo and redo: the journal read backwards, one group of changes at a time."""

from __future__ import annotations

from collections.abc import Callable

from scirehooks.errors import ConflictError
from scirehooks.hooks.journal import Journal, Record
from scirehooks.hooks.owner import Origin

__all__ = ["History"]


class History:
    """Which groups of changes can be undone, and which have been.

    A group is what was done by one act: a command, a load. An undo is a group of its own, and is recorded as every
    change is; redoing takes that group back. What happened before `begin` (the init scripts) is not undone.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._floor = 0
        self._undone: list[tuple[int, int]] = []  # (group, the group that undid it), the latest last
        self._takings: set[int] = set()  # groups that are undoings or redoings themselves

    def begin(self) -> None:
        """Let undo reach no further back than now."""
        with self._journal.lock:
            self._floor = self._journal.records[-1].id if self._journal.records else 0

    def _groups(self) -> list[int]:
        undone = {group for group, _ in self._undone}
        undone.add(self._journal.cut)
        seen = dict.fromkeys(record.group for record in self._journal.records if record.id > self._floor)
        return [group for group in seen if group not in undone and group not in self._takings]

    def _records(self, group: int) -> list[Record]:
        return [record for record in self._journal.records if record.group == group]

    def undo(self, origin: Origin, wanted: Callable[[Record], bool] = lambda _: True) -> list[Record]:
        """Take back the latest group that has a record WANTED and has not been undone; return its records.

        Raises:
            ConflictError: there is none, or a later change stands on it.
        """
        with self._journal.lock:
            for group in reversed(self._groups()):
                records = [record for record in self._records(group) if not record.over]
                if any(wanted(record) for record in records):
                    break
            else:
                raise ConflictError("There is nothing to undo.")
            done = self._journal.revert(records, f"undo {records[0].what}", origin)
            self._takings.add(done[0].group)
            self._undone.append((group, done[0].group))
            return records

    def redo(self, origin: Origin) -> list[Record]:
        """Do again what was undone last; return the records of what is done again.

        Raises:
            ConflictError: nothing was undone, or a later change stands in the way.
        """
        with self._journal.lock:
            group, undoing = self._undone[-1] if self._undone else (0, 0)
            records, undone = self._records(group), self._records(undoing)
            if not records or not undone or self._journal.cut in (group, undoing):
                raise ConflictError("There is nothing to redo.")  # or the journal does not reach back to it any more
            done = self._journal.revert(undone, f"redo {records[0].what}", origin)
            self._takings.add(done[0].group)
            self._undone.pop()
            return records
