"""The commands of the journal: journal, undo, redo, diff, save."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import cached_property
from itertools import groupby, islice
from pathlib import Path
from typing import TYPE_CHECKING

from scirehooks.errors import ConflictError
from scirehooks.hooks import BATCH, Origin, Record, command, hyphenated, says
from scirehooks.load.difference import Difference, Saved
from scirehooks.load.loader import Loader
from scirehooks.records import dataclass
from scirehooks.values import Count

if TYPE_CHECKING:
    from scirehooks.load.save import Saver

__all__ = ["JournalCommands", "JournalRow"]

_SHOWN = 3  # of what was changed, in a sentence


@dataclass(frozen=True, slots=True)
class JournalRow:
    """One act in the journal: when, who, for which owner, what, and what was changed by it."""

    number: str
    time: datetime
    actor: str
    owner: str
    what: str
    changed: tuple[str, ...]


class JournalCommands:
    """The commands on the journal of LOADER's runtime, to be given to `runtime.define`."""

    def __init__(self, loader: Loader) -> None:
        self._runtime = loader.runtime
        self._loader = loader

    @command
    def journal(self, word: str = "", *, last: Count = Count(20)) -> list[JournalRow]:
        """List the latest changes to what the system is made of, the latest last.

        That is hooks, options, advice, modules and names. LAST is how many at most; WORD keeps those that have it in
        what was done, in what was changed, or in who did it. What one command or one load did is one line; its number
        begins it.

        Example: journal undo --last 5
        """
        rows = (row for row in map(self._row, self._groups()) if _speaks_of(row, word.lower()))
        return list(islice(rows, last))[::-1]

    def _groups(self) -> Iterable[list[Record]]:
        """Yield what belongs together, the latest first."""
        with self._runtime.journal.lock:
            records = list(self._runtime.journal.records)
        for _, group in groupby(reversed(records), key=lambda record: record.group):
            yield list(group)[::-1]

    def _row(self, records: list[Record]) -> JournalRow:
        first = records[0]
        changed = dict.fromkeys(record.subject for record in records)
        time, what = datetime.fromtimestamp(first.time, UTC), self._runtime.journal.title(first)
        return JournalRow(str(first.group), time, first.actor, str(first.owner), what, tuple(changed))

    @command(fresh=True)
    @says(
        lambda row: f"Taken back: {row.what} ({_some(row.changed)}), change {row.number} of {row.actor or row.owner}."
    )
    def undo(self, who: str = "") -> JournalRow:
        """Take back the latest change; with WHO, the latest one of his.

        Changes are to hooks, options, advice, aliases and loads. WHO is a user's name, or the owner: a module, an
        init script, a session. What scirehooks defines stays, and so does what the init scripts did at the start.
        Python variables are no such changes, nor is what was done to the fleet. A change that a later one stands on is
        refused, and that one is named. A batch has seen nothing: of others it takes back only what WHO says.

        Example: undo
        """
        origin = self._runtime.owners.origin()
        by: Callable[[Record], bool] = lambda record: not who or who in (record.actor, record.owner.name)  # noqa: E731 - it is short and has one use

        def check(latest: list[Record]) -> None:
            if origin.owner == BATCH and not who:
                self._check_seen(latest[0], origin, f"To take it back all the same, type: undo {latest[0].owner}")

        return self._row(self._runtime.undo(by, check))

    def _check_seen(self, latest: Record, origin: Origin, hint: str) -> None:
        """Refuse to let the batch of ORIGIN take back LATEST if that is another's; HINT tells how it can be done."""
        # The very object: what this batch loads belongs to the module; other batches, and another root, have his name.
        if latest.actor is not origin.actor:
            raise ConflictError(
                f"The latest change is {self._runtime.journal.title(latest)} ({latest.subject}) of {latest.owner}, "
                f"which this batch has not seen.",
                hint,
            )

    @command(fresh=True)
    @says(lambda row: f"Done again: {row.what} ({_some(row.changed)}).")
    def redo(self) -> JournalRow:
        """Do again what was undone last; a batch only what it has undone itself.

        Example: redo
        """
        origin = self._runtime.owners.origin()

        def check(undone: list[Record]) -> None:
            if origin.owner == BATCH:
                self._check_seen(undone[0], origin, "To do it again, type redo in a shell.")

        return self._row(self._runtime.redo(check))

    @command
    def diff(self) -> list[Difference]:
        """Show what was done at the prompt and is in no init script.

        Functions put into hooks, taken out, moved, switched on or off; options, modules, aliases and advice; and
        functions that were typed and that a hook calls. The note says why something cannot be saved.

        Example: diff
        """
        return self._saver.diff()

    @command(fresh=True)
    def save(self, directory: Path | None = None) -> Saved:
        """Write what `diff` shows, so that it is there after a restart.

        It goes into 90-saved.yaml and 90-saved.py. They are init scripts in DIRECTORY, by default the last one that
        init scripts were read from. What was saved before stays. Closures, and what was never given a name, cannot be
        saved and are listed.

        Example: save
        """
        return self._saver.save(directory)

    @cached_property
    def _saver(self) -> Saver:
        from scirehooks.load.save import Saver  # noqa: PLC0415 - a start saves nothing

        return Saver(self._loader)


def _some(changed: tuple[str, ...]) -> str:
    more = len(changed) - _SHOWN
    return ", ".join(changed[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _speaks_of(row: JournalRow, word: str) -> bool:
    spelt = hyphenated(word)
    texts = (row.actor, row.owner, row.what, *row.changed)
    return any(word in text.lower() or spelt in hyphenated(text.lower()) for text in texts)
