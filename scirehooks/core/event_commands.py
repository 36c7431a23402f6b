"""The commands that show the event log."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from scirehooks.core.engine import Engine
from scirehooks.core.model import Event
from scirehooks.core.past import PastEvents
from scirehooks.core.store import Store
from scirehooks.core.words import event_of
from scirehooks.errors import ScireError, UsageError
from scirehooks.hooks import EventWord, Hook, command
from scirehooks.records import dataclass
from scirehooks.values import Count

__all__ = ["EventCommands"]


@dataclass(frozen=True, slots=True)
class EventLine:
    """An event in a list."""

    seq: int
    time: datetime
    operation: str
    subject: str
    title: str
    actor: str
    cause: int | None  # the number of the event in whose functions it was called
    id: str
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Fared:
    """How a function fared in a firing for an event; nothing where there is nothing to say."""

    hook: str
    function: str
    how: str


@dataclass(frozen=True, slots=True)
class EventSheet:
    """All about an event: what was done, by whom, why, and how the functions fared."""

    seq: int
    id: str
    time: datetime
    operation: str
    subject: str
    actor: str
    cause: int | None
    root: str
    depth: int
    payload: dict[str, Any]
    functions: tuple[Fared, ...]


class EventCommands:
    """The queries on the events in STORE, whose operations ENGINE knows."""

    def __init__(self, engine: Engine, store: Store, past: PastEvents) -> None:
        self._engine, self._store, self._past = engine, store, past

    @command
    def events(
        self, word: str = "", *, last: Count = Count(20), hook: Hook | None = None, subject: str = "", after: int = 0
    ) -> list[EventLine]:
        """List the latest events, the newest last.

        Only those with WORD in them: in the operation, the subject, the actor, or as a name. Only those for which HOOK
        was fired, those about SUBJECT, as `client:1`, those AFTER a number. LAST is how many at most.

        Example: events client-add --last 5
        """
        operation = None
        if hook is not None:
            found = self._engine.operation_of(hook.name)
            if found is None:
                raise UsageError(f"{hook.name} is fired for no event: it belongs to no operation.")
            operation = found.name
        events = self._store.events(after=after, subject=subject or None, operation=operation, word=word, limit=last)
        return [self._line(event) for event in events]

    @command
    def describe_event(self, event: EventWord) -> EventSheet:
        """Show what EVENT, a number or id, recorded, and how each function fared.

        Example: describe-event 1
        """
        found = event_of(self._store, event)
        firings = self._past.firings(found) if found.operation in self._engine.operations else ()
        fared = tuple(
            Fared(firing.hook, each.function, each.how) for firing in firings for each in firing.outcomes or ()
        )
        return EventSheet(
            found.seq, found.id, found.time, found.operation, found.subject, found.actor, self._number(found.cause),
            found.root, found.depth, found.payload, fared,
        )  # fmt: skip

    def _line(self, event: Event) -> EventLine:
        return EventLine(
            event.seq, event.time, event.operation, event.subject, self._title(event), event.actor,
            self._number(event.cause), event.id, event.payload,
        )  # fmt: skip

    def _title(self, event: Event) -> str:
        """Return what EVENT is about, in words; nothing for one whose operation has changed or gone since."""
        operation = self._engine.operations.get(event.operation)
        try:
            return self._engine.read(operation, event.payload).title if operation else ""
        except (ScireError, TypeError):
            return ""

    def _number(self, cause: str | None) -> int | None:
        """Return the number of the event with the id CAUSE, if it was committed."""
        return None if cause is None else self._store.number(cause)
