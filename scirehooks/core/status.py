"""What the fleet says of itself for `status`: how much there is, and which post-firings are dead."""

from __future__ import annotations

from collections.abc import Mapping

from scirehooks.core.store import Store
from scirehooks.hooks import StatusPart

__all__ = ["status_of"]


def status_of(store: Store, failed: Mapping[int, str]) -> StatusPart:
    """Return how the fleet in STORE fares; a post-firing that never ended is wrong, a run that failed is not.

    FAILED are the post-firings that could not be carried out, and why, by the numbers of their events.
    """
    clients = list(store.clients())
    broken = sum(client.status == "failed" for client in clients)
    runs = store.runs(active=True, limit=-1)
    parts = [f"{len(clients)} client{'s' * (len(clients) != 1)}"]
    parts += [f"{broken} of them failed"] if broken else []
    parts.append(f"{len(runs)} run{'s' * (len(runs) != 1)} under way" if runs else "no run under way")
    dead = tuple(
        f"the post-hook of {event.operation} ({event.subject}) is dead: begun three times, and never ended. "
        f"Look with describe-event {event.seq}, then type: replay {event.seq}"
        for event in store.dead()
    )
    waiting = tuple(
        f"the post-hook of {event.operation} ({event.subject}) could not be fired: {failed[event.seq]}. "
        f"The next start tries again, and so does: replay {event.seq}"
        for event in store.unfired()
        if event.seq in failed
    )
    return StatusPart(", ".join(parts), (*dead, *waiting))
