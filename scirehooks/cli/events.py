"""The event log of the fleet as lines, for those who follow it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from scirehooks.core import Event, Fleet

__all__ = ["events_of"]


def events_of(fleet: Fleet) -> Callable[[int | None], tuple[int, Sequence[str]]]:
    """Return what gives the events of FLEET behind a number as lines, and the number of the last one.

    Asked with None, it gives the number of the last one there is, and no lines.
    """

    def events(after: int | None) -> tuple[int, Sequence[str]]:
        found = fleet.store.events(limit=1) if after is None else fleet.store.events(after=after, limit=-1)
        last = found[-1].seq if found else after or 0
        return last, [] if after is None else [_line(event) for event in found]

    return events


def _line(event: Event) -> str:
    return f"{event.time:%Y-%m-%dT%H:%M:%SZ} {event.operation} {event.subject} by {event.actor}"
