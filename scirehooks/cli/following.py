"""Following what a line of a batch sets going: its runs, the post-hooks of its operations, and what those start."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Final

from scirehooks.core import Fleet, Left, Run
from scirehooks.shell import Drained
from scirehooks.shell.running.evaluation import check_interrupt

__all__ = ["Following"]

_LOOK: Final = 0.1  # seconds between two looks whether somebody has interrupted the wait


class Following:
    """Collects what is set going in FLEET inside a `with` block; what that yields waits for it, so many SECONDS."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        # What was waited for as long as somebody wanted to, in vain: runs, and events whose post-hooks were firing.
        self._runs: set[int] = set()
        self._events: set[int] = set()

    @contextlib.contextmanager
    def __call__(self, seconds: float) -> Iterator[Callable[[], Drained]]:
        """Collect in the block."""
        with self._fleet.collecting_roots() as roots:
            yield lambda: self._drained(roots, seconds) if roots and seconds else Drained()

    @property
    def given_up(self) -> bool:
        """Whether nothing is under way but what was waited for in vain."""
        runs, events = self._fleet.dispatcher.under_way(), self._fleet.engine.firer.under_way()
        return self._runs.issuperset(runs) and self._events.issuperset(events)

    def _drained(self, roots: list[str], seconds: float) -> Drained:
        """Say in words what of ROOTS did not succeed, and what has not ended."""
        fleet = self._fleet
        left = _left(fleet, roots, seconds)
        self._runs |= {int(run.id) for run in left.runs}
        self._events |= {event.seq for event in left.firings}
        failed: dict[bool, list[str]] = {True: [], False: []}
        for run in left.unsuccessful:
            own = fleet.store.origin(f"run:{run.id}").cause is None
            failed[own].append(_unsuccessful(fleet, run))
        firings = [f"the post-hook of {event.operation} ({event.subject})" for event in left.firings]
        under_way = (*firings, *(_of(fleet, run).lower() for run in left.runs))
        return Drained(tuple(failed[True]), tuple(failed[False]), under_way)


def _left(fleet: Fleet, roots: list[str], seconds: float) -> Left:
    """Wait for what descends from ROOTS, at most SECONDS, and be there for an interrupt meanwhile."""
    while True:
        left = fleet.drain(roots, min(_LOOK, seconds))
        seconds -= _LOOK
        if not left or seconds <= 0:
            return left
        check_interrupt()


def _unsuccessful(fleet: Fleet, run: Run) -> str:
    reason = f": {run.reason}" if run.reason else ""
    return f"{_of(fleet, run)} {run.status}{reason}. Look with describe-run {run.id}."


def _of(fleet: Fleet, run: Run) -> str:
    return f"Run {run.id} of {fleet.store.job(int(run.job)).name}"
