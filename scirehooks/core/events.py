"""The event log, and the firing of post-hooks from it: at least once, in order for each subject.

An event is stored in the transaction of its operation, so there is one if and only if the operation was committed.
That its post-hook begins, and that it has ended, is recorded, too; whatever had not ended when a process died is
fired at the next start. A firing that three processes began and none ended is dead: it takes them down with it.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from scirehooks.core.model import Event
from scirehooks.core.progress import Progress
from scirehooks.core.store import Store
from scirehooks.errors import HookRecursionError

__all__ = [
    "MAX_DEPTH",
    "PostFirer",
    "acting_in",
    "collecting_roots",
    "current_event",
    "make_event",
    "new_id",
    "note_root",
]

MAX_DEPTH = 8  # operations called in functions of operations: deeper is a ring
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_log = logging.getLogger("scirehooks")

_current: ContextVar[Event | None] = ContextVar("scirehooks_event", default=None)
_roots: ContextVar[list[str] | None] = ContextVar("scirehooks_roots", default=None)
current_event = _current.get


def new_id() -> str:
    """Return an id that nobody else has, and that sorts by time (a ULID).

    Source: https://github.com/ulid/spec

    Example:
        >>> len(new_id())
        26
    """
    number = int(time.time() * 1000) << 80 | int.from_bytes(os.urandom(10), "big")
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))


def make_event(operation: str, subject: str, actor: str, payload: dict[str, Any], *, dry_run: bool = False) -> Event:
    """Return the event of an OPERATION that is about to be tried, caused by the one whose function is running.

    Raises: HookRecursionError if operations call each other without end.
    """
    cause, key = _current.get(), new_id()
    depth = cause.depth + 1 if cause else 0
    if cause and depth > MAX_DEPTH:
        raise HookRecursionError(
            f"{operation} for {subject} was called within {cause.operation} for {cause.subject}, {depth} deep.",
            f"Look for the function that calls it: describe-hook post-{cause.operation}-hook",
        )
    return Event(
        id=key, seq=0, operation=operation, subject=subject, time=datetime.now(UTC), actor=actor,
        cause=cause.id if cause else None, root=cause.root if cause else key, depth=depth, dry_run=dry_run,
        payload=payload,
    )  # fmt: skip


@contextmanager
def acting_in(event: Event) -> Iterator[None]:
    """Let operations called inside the `with` block be caused by EVENT."""
    token = _current.set(event)
    try:
        yield
    finally:
        _current.reset(token)


@contextmanager
def collecting_roots() -> Iterator[list[str]]:
    """Collect the ids of the events that this context makes of its own accord, caused by no other."""
    roots: list[str] = []
    token = _roots.set(roots)
    try:
        yield roots
    finally:
        _roots.reset(token)


def note_root(event: Event) -> None:
    """Add EVENT to what is collected, if it is a root."""
    roots = _roots.get()
    if roots is not None and event.cause is None:
        roots.append(event.id)


class PostFirer:
    """Fires the post-hooks of committed events by FIRE, in WORKERS threads; nothing before `start`.

    FIRE returns how the functions fared, which is stored. If it fails itself, so that nobody knows who was called, the
    firing is not taken for done: it is in `failed`, and the next start tries again, three times in all.
    """

    def __init__(self, store: Store, fire: Callable[[Event], Any], progress: Progress, workers: int) -> None:
        self._store, self._fire, self._progress, self._limit = store, fire, progress, workers
        self._changed = threading.Condition()
        self._waiting: dict[str, deque[Event]] = {}  # by subject; a subject is here while one of its events is
        self._ready: deque[str] = deque()  # subjects that no worker is at
        self._last = 0  # events up to this one came from the store
        self.failed: dict[int, str] = {}  # why, by the number of the event
        self.put_off: dict[int, str] = {}  # likewise: what an earlier process left, and waits for `catch_up`
        self._workers: set[threading.Thread] = set()
        self._idle = 0
        self._state = "new"

    def start(self, put_off: str = "") -> None:
        """Fire what an earlier process left, and from now on what is committed.

        If PUT_OFF says why the functions would not be called that it was left for, it is put off until `catch_up`, or
        the next start.
        """
        with self._changed:
            if self._state != "new":
                return
            self._state = "running"
            left = self._store.unfired()
            self._last = left[-1].seq if left else 0
            if put_off:
                self.put_off = {event.seq: put_off for event in left}
            else:
                self._put(left)
        if self.put_off:
            _log.warning("Post-firings left by an earlier process wait (%s): %s.", len(self.put_off), put_off)
        for event in self._store.dead():
            _log.error(
                "The post-firing of event %s (%s) is dead: begun 3 times, never ended.", event.seq, event.operation
            )

    def catch_up(self) -> None:
        """Fire what was put off: behind what has come meanwhile about the same subject."""
        with self._changed:
            put_off, self.put_off = self.put_off, {}
            if put_off and self._state == "running":
                self._put([event for event in self._store.unfired() if event.seq in put_off])
        if put_off:
            _log.info("Post-firings left by an earlier process are made up for (%s).", len(put_off))

    def under_way(self) -> set[int]:
        """Return the numbers of the events that are being fired."""
        with self._changed:
            return {events[0].seq for subject, events in self._waiting.items() if subject not in self._ready}

    def submit(self, events: Collection[Event]) -> None:
        """Fire EVENTS, just committed; called in the order of the commits."""
        with self._changed:
            if self._state == "running":
                self._put([event for event in events if event.seq > self._last])

    def _put(self, events: Collection[Event]) -> None:
        for event in events:
            if event.subject not in self._waiting:
                self._waiting[event.subject] = deque()
                self._ready.append(event.subject)
            self._waiting[event.subject].append(event)
        for _ in range(min(len(self._ready) - self._idle, self._limit - len(self._workers))):
            thread = threading.Thread(target=self._work, name="scirehooks-post", daemon=True)
            self._workers.add(thread)
            thread.start()
        self._changed.notify_all()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._idle += 1
                self._changed.wait_for(lambda: self._ready or self._state == "closed")
                self._idle -= 1
                if self._state == "closed":
                    self._workers.discard(threading.current_thread())
                    self._changed.notify_all()
                    return
                subject = self._ready.popleft()
                event = self._waiting[subject][0]
            self._fire_one(event)
            with self._changed:
                self._waiting[subject].popleft()
                if self._waiting[subject]:
                    self._ready.append(subject)
                    self._changed.notify()
                else:
                    del self._waiting[subject]

    def _fire_one(self, event: Event) -> None:
        try:
            self._store.write(lambda transaction: transaction.begin_firing(event.seq))
            with acting_in(event):
                outcome = self._fire(event)
        except BaseException as error:  # noqa: BLE001 - the door of functions: whatever it is, the worker goes on
            self.failed[event.seq] = f"{type(error).__name__}: {error}"
            _log.exception("The post-firing of event %s (%s) failed.", event.seq, event.operation)
            self._progress.step()
            return
        try:
            self._store.write(lambda transaction: transaction.end_firing(event.seq, outcome))
        except Exception:  # noqa: BLE001 - the store is closed or full: it fires again at the next start
            _log.exception("That event %s was fired could not be recorded.", event.seq)
        self._progress.step()

    def close(self, timeout: float) -> bool:
        """End the workers; say whether all have within TIMEOUT seconds. What was not fired is at the next start."""
        with self._changed:
            self._state = "closed"
            self._changed.notify_all()
            return self._changed.wait_for(lambda: not self._workers, timeout)
