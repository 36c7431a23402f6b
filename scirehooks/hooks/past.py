"""Events as the prompt knows them: what an application that keeps some offers to `fire --like` and `replay`.

The runtime keeps no events. An application that does provides an `EventLog`; then a past event can be fired again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NewType, Protocol

from scirehooks.errors import failure_text
from scirehooks.hooks.entry import Entry
from scirehooks.hooks.firing import Verdict
from scirehooks.hooks.scope import Scope
from scirehooks.records import dataclass

__all__ = [
    "EventLog",
    "EventWord",
    "Outcome",
    "PastEvent",
    "PastFiring",
    "amended_value",
    "outcomes_of",
    "outcomes_of_verdict",
]

_LONG = 300  # characters kept of what somebody said

EventWord = NewType("EventWord", str)
"""What an event is found by: its number or id."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the FUNCTION of that label fared in a firing: HOW is empty where there is nothing to say."""

    function: str
    how: str = ""


def outcomes_of(entries: Iterable[Entry], failed: Iterable[tuple[Entry, BaseException]] = ()) -> tuple[Outcome, ...]:
    """Return how ENTRIES fared in a firing in which these FAILED."""
    errors = {entry.number: _failure(error) for entry, error in failed}
    return tuple(Outcome(entry.label, errors.get(entry.number, "")) for entry in entries if entry.state == "active")


def outcomes_of_verdict(verdict: Verdict) -> tuple[Outcome, ...]:
    """Return what those said who were asked for VERDICT."""
    errors = {entry.number: _failure(error) for entry, error in verdict.failed}
    found = []
    for entry in verdict.asked:
        keys = [f"{key} {amended_value(verdict, key)!r}" for by, key in verdict.amended if by.number == entry.number]
        how = f"amended {', '.join(keys)}"[:_LONG] if keys else errors.get(entry.number, "")
        if verdict.refused_by is not None and verdict.refused_by.number == entry.number:
            how = f"refused: {verdict.reason}"[:_LONG]
        found.append(Outcome(entry.label, how))
    return tuple(found)


def amended_value(verdict: Verdict, key: str) -> Any:
    """Return what KEY, which was amended, is in the end: a field of the payload, or of something in it."""
    if key in verdict.payload:
        return verdict.payload[key]
    return next((getattr(value, key) for value in verdict.payload.values() if hasattr(value, key)), None)


def _failure(error: BaseException) -> str:
    return failure_text(error).removeprefix("it ")[:_LONG]


@dataclass(frozen=True, slots=True)
class PastFiring:
    """A hook that was fired for an event: with which PAYLOAD (JSON), and how its functions fared (None: not known)."""

    hook: str
    payload: dict[str, Any]
    outcomes: tuple[Outcome, ...] | None


@dataclass(frozen=True, slots=True)
class PastEvent:
    """An event that can be fired again; EVENT is what functions get by that name."""

    number: str
    operation: str
    subject: str
    time: datetime
    event: Any
    scopes: tuple[Scope, ...]
    firings: tuple[PastFiring, ...]


class EventLog(Protocol):
    """What `fire` and `replay` ask of an application that keeps events."""

    def past(self, word: str) -> PastEvent:
        """Return the event that WORD names; raise UnknownNameError if there is none."""

    def about(self, hook: str, payload: Mapping[str, Any], *, dry_run: bool) -> tuple[tuple[Scope, ...], Any]:
        """Return in which scopes HOOK is fired with PAYLOAD, the innermost first, and an event that is never stored.

        For a hook that belongs to no operation there are no scopes, and no event (None).
        """

    def replayed(self, event: PastEvent, hook: str, outcomes: tuple[Outcome, ...]) -> None:
        """Hear that HOOK was fired again for EVENT, in earnest and through all of its functions, which fared so."""
