"""Waiting for something to become true, without looking again and again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

__all__ = ["Progress"]

_T = TypeVar("_T")


class Progress:
    """Tells those who wait that something has moved on; what has, they look up themselves.

    Example:
        >>> progress, found = Progress(), ["done"]
        >>> progress.wait_for(lambda: found, timeout=1)
        ['done']
    """

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._steps = 0

    def step(self) -> None:
        """Let everybody who waits look again."""
        with self._condition:
            self._steps += 1
            self._condition.notify_all()

    def wait_for(self, look: Callable[[], _T], timeout: float | None) -> _T:
        """Return what LOOK returns as soon as that is true, at the latest after TIMEOUT seconds.

        LOOK is called without a lock, as it may ask the store; a step while it looks is not missed.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            with self._condition:
                seen = self._steps
            if found := look():
                return found
            with self._condition:
                left = None if deadline is None else deadline - time.monotonic()
                if not self._condition.wait_for(partial(self._moved_on, seen), left):
                    return found

    def _moved_on(self, seen: int) -> bool:
        return self._steps != seen
