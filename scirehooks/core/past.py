"""The event log as the prompt uses it: an event found again, to be fired once more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from scirehooks.core.engine import Engine
from scirehooks.core.model import Event
from scirehooks.core.operation import Operation
from scirehooks.core.store import Store
from scirehooks.core.words import event_of
from scirehooks.errors import ConflictError
from scirehooks.hooks import Outcome, PastEvent, PastFiring

__all__ = ["PastEvents"]


class PastEvents:
    """The events in STORE, as ENGINE knows their operations (an `EventLog`)."""

    def __init__(self, engine: Engine, store: Store) -> None:
        self._engine, self._store = engine, store

    def past(self, word: str) -> PastEvent:
        """Return the event with the number or id WORD.

        Raises: UnknownNameError if there is none; ConflictError if its operation is none of today's.
        """
        event = event_of(self._store, word)
        scopes = self._engine.read(self._operation(event), event.payload).scopes
        return PastEvent(
            str(event.seq), event.operation, event.subject, event.time, event, scopes, tuple(self.firings(event))
        )

    def firings(self, event: Event) -> Iterator[PastFiring]:
        """Yield how the hooks were fired for EVENT, or raise ConflictError if its operation is none of today's."""
        operation = self._operation(event)
        before, after = self._store.outcome(event.seq)
        for phase in operation.phases:
            fared = after if phase == "post" else None if before is None else before.get(phase, [])
            payload = (before or {}).get("asked", event.payload) if phase == "pre" else event.payload
            yield PastFiring(operation.hook(phase), payload, _outcomes(fared))

    def about(self, hook: str, payload: Mapping[str, Any], *, dry_run: bool) -> tuple[tuple[str, ...], Event | None]:
        """Return the scopes of the operation that HOOK belongs to, and an event of it that is never stored."""
        operation = self._engine.operation_of(hook)
        if operation is None:
            return (), None
        fields = {name: payload[name] for name in operation.annotations() if name in payload}
        one = operation(**fields)
        return one.scopes, self._engine.event_of(one, dry_run=dry_run)

    def replayed(self, event: PastEvent, hook: str, outcomes: tuple[Outcome, ...]) -> None:
        """Take the post-firing of EVENT for done if this was it, and it had never ended."""
        if hook == self._operation(event.event).hook("post"):
            self._engine.fired_by_hand(event.event, outcomes)

    def _operation(self, event: Event) -> type[Operation]:
        operation = self._engine.operations.get(event.operation)
        if operation is None:
            raise ConflictError(
                f"Event {event.seq} is of {event.operation}, which this program does not know.",
                f"To see what was recorded, type: describe-event {event.seq}",
            )
        return operation


def _outcomes(stored: Any) -> tuple[Outcome, ...] | None:
    return None if stored is None else tuple(Outcome(function, how) for function, how in stored)
