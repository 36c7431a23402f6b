"""What the fleet says of itself for `status`: how much there is, and which post-firings are dead."""

from __future__ import annotations

from scirehooks.core.events import PostFirer
from scirehooks.core.store import Store
from scirehooks.hooks import StatusPart

__all__ = ["status_of"]


def status_of(store: Store, firer: PostFirer) -> StatusPart:
    """Return how the fleet in STORE fares; a post-firing that waits or never ended is wrong, a run that failed is not.

    FIRER knows which post-firings were put off, or could not be carried out, and why.
    """
    failed, put_off = dict(firer.failed), dict(firer.put_off)
    clients, broken = store.count_clients(), store.count_clients(status="failed")
    runs = store.runs(active=True, limit=-1)
    parts = [f"{clients} client{'s' * (clients != 1)}"]
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
    one = len(put_off) == 1
    left = tuple(
        f"{len(put_off)} post-firing{'' if one else 's'} left by an earlier process wait{'s' if one else ''}: {why}. "
        f"To fire one as things are, type: replay {min(put_off)}"
        for why in set(put_off.values())
    )
    return StatusPart(", ".join(parts), (*dead, *waiting, *left))
