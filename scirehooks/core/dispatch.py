"""The dispatcher: runs in the queue begin when they are due and there is room for them."""

from __future__ import annotations

import heapq
import logging
import threading
import time

from scirehooks.core.execution import Execution, Means
from scirehooks.core.operations import RunLost
from scirehooks.core.progress import Progress
from scirehooks.errors import UnknownNameError

__all__ = ["Dispatcher"]

_log = logging.getLogger("scirehooks")
_LONGEST_WAIT = 60.0  # seconds; the clock of the wall may be set, which no timer notices
_IN_QUEUE = ("queued", "deferred")
_KILLING = 10.0  # seconds for a killed program to be gone


class Dispatcher:
    """Carries out runs by MEANS, at most LIMIT at a time; nothing before `start`."""

    def __init__(self, means: Means, progress: Progress, limit: int) -> None:
        self._means, self._progress, self._limit = means, progress, limit
        self._changed = threading.Condition()
        self._queue: list[tuple[float, int]] = []
        self._under_way: dict[int, tuple[Execution, threading.Thread]] = {}
        self._state = "new"
        self._thread = threading.Thread(target=self._work, name="scirehooks-dispatch", daemon=True)

    def declare_lost(self) -> None:
        """Declare lost what an earlier process had under way; to be called before `start`."""
        store = self._means.store
        for run in store.runs(active=True, limit=-1) if self._state == "new" else ():
            if run.status not in _IN_QUEUE:
                self._means.perform(RunLost.of(run, store.job(int(run.job)), store.results(run.id)))

    def start(self) -> None:
        """Carry out what is in the queue."""
        with self._changed:
            if self._state != "new":
                return
            self._state = "running"
        for run in self._means.store.runs(active=True, limit=-1):
            if run.status in _IN_QUEUE:
                self.submit(run.id)
        self._thread.start()

    def submit(self, run: int) -> None:
        """Carry out the run with the id RUN when it is due."""
        with self._changed:
            if self._state == "running":  # before, it is read from the store at the start
                due = self._means.store.run(run).not_before
                heapq.heappush(self._queue, (due.timestamp() if due else 0.0, run))
                self._changed.notify_all()

    def cancel(self, run: int) -> None:
        """End the run with the id RUN; one that is not under way is skipped when its turn comes."""
        with self._changed:
            found = self._under_way.get(run)
        if found:
            found[0].cancel()

    def under_way(self) -> list[int]:
        """Return the ids of the runs that are being carried out."""
        with self._changed:
            return sorted(self._under_way)

    def _work(self) -> None:
        while True:
            with self._changed:
                if self._state == "closed":
                    return
                wait = self._queue[0][0] - time.time() if self._queue else None
                if wait is None or wait > 0 or len(self._under_way) >= self._limit:
                    room = len(self._under_way) < self._limit
                    self._changed.wait(min(wait, _LONGEST_WAIT) if wait is not None and room else None)
                    continue
                _, run = heapq.heappop(self._queue)
                if run in self._under_way:
                    continue
                execution = Execution(self._means, run)
                thread = threading.Thread(
                    target=self._carry_out, args=(execution, run), name=f"scirehooks-run-{run}", daemon=True
                )
                self._under_way[run] = (execution, thread)
            thread.start()

    def _carry_out(self, execution: Execution, run: int) -> None:
        until = None
        try:
            until = execution.carry_out()
        except UnknownNameError:
            _log.exception("The run %s is in the queue, but not in the store.", run)
        except Exception:  # noqa: BLE001 - the store failed: the other runs go on, this one is lost at the next start
            _log.exception("The run %s could not be carried out.", run)
        with self._changed:
            del self._under_way[run]
            if until:
                heapq.heappush(self._queue, (until.timestamp(), run))
            self._changed.notify_all()
        self._progress.step()

    def close(self, timeout: float) -> None:
        """Begin nothing more; wait TIMEOUT seconds for what is under way, then end it: it is lost.

        An interrupt ends the waiting, not the programs' being ended.
        """
        with self._changed:
            self._state = "closed"
            self._changed.notify_all()
        try:
            with self._changed:
                self._changed.wait_for(lambda: not self._under_way, timeout)
        finally:
            self._end()

    def _end(self) -> None:
        """End what is under way; it is lost."""
        with self._changed:
            left = list(self._under_way.values())
        for execution, _ in left:
            execution.cancel(lost=True)
        if self._thread.is_alive():
            self._thread.join()
        with self._changed:
            if not self._changed.wait_for(lambda: not self._under_way, _KILLING):
                _log.error("These runs did not end: %s.", ", ".join(map(str, self._under_way)))
