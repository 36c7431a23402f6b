"""What the fleet says of itself for `status`: how much there is, and which post-firings are dead."""

from __future__ import annotations

from scirehooks.core.store import Store
from scirehooks.hooks import StatusPart

__all__ = ["status_of"]


def status_of(store: Store) -> StatusPart:
    """Return how the fleet in STORE fares; a post-firing that never ended is wrong, a run that failed is not."""
    clients = list(store.clients())
    failed = sum(client.status == "failed" for client in clients)
    runs = store.runs(active=True, limit=-1)
    parts = [f"{len(clients)} client{'s' * (len(clients) != 1)}"]
    parts += [f"{failed} of them failed"] if failed else []
    parts.append(f"{len(runs)} run{'s' * (len(runs) != 1)} under way" if runs else "no run under way")
    dead = tuple(
        f"the post-hook of {event.operation} ({event.subject}) is dead: begun three times, and never ended; "
        f"look with events --after {event.seq - 1}"
        for event in store.dead()
    )
    return StatusPart(", ".join(parts), dead)
