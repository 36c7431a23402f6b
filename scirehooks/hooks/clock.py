"""The clock: what happens later. A runtime is given one, so that tests can turn its hands."""

from __future__ import annotations

import contextvars
import heapq
import logging
import threading
import time
from collections.abc import Callable
from itertools import count
from typing import Protocol

__all__ = ["Alarm", "Clock", "SystemClock"]


_log = logging.getLogger("scirehooks")

_FEW = 64  # alarms that are not worth looking through


class Alarm:
    """Something to be called at a time, unless it is cancelled before."""

    def __init__(self, when: float, call: Callable[[], object]) -> None:
        self.when = when
        self.call = call
        self.cancelled = False

    def cancel(self) -> None:
        """Let it not be called; nothing happens if it has been."""
        self.cancelled = True


class Clock(Protocol):
    """Tells the time and calls back."""

    def now(self) -> float:
        """Return seconds on a clock that never goes back."""

    def after(self, seconds: float, call: Callable[[], object]) -> Alarm:
        """Let CALL be called SECONDS from now; it must be brief."""

    def close(self) -> None:
        """Call nothing any more."""


class SystemClock:
    """The machine's clock; one thread, started when first needed, makes the calls."""

    def __init__(self) -> None:
        self._ready = threading.Condition()
        self._alarms: list[tuple[float, int, Alarm]] = []
        self._numbers = count()
        self._thread: threading.Thread | None = None
        self._closed = False
        self._many = _FEW  # so many alarms, and the cancelled ones among them are dropped

    def now(self) -> float:
        """Return seconds on a clock that never goes back."""
        return time.monotonic()

    def after(self, seconds: float, call: Callable[[], object]) -> Alarm:
        """Let CALL be called SECONDS from now; it must be brief."""
        alarm = Alarm(self.now() + seconds, call)
        with self._ready:
            if len(self._alarms) >= self._many:
                self._drop_cancelled()
            heapq.heappush(self._alarms, (alarm.when, next(self._numbers), alarm))
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._serve, name="scirehooks clock", daemon=True)
                contextvars.Context().run(self._thread.start)  # it belongs to nobody who happened to be the first
            self._ready.notify()
        return alarm

    def _drop_cancelled(self) -> None:
        """Forget what was cancelled, which may have been set for hours; done at each doubling, it is cheap."""
        self._alarms = [item for item in self._alarms if not item[2].cancelled]
        heapq.heapify(self._alarms)
        self._many = max(_FEW, 2 * len(self._alarms))

    def _serve(self) -> None:
        while True:
            with self._ready:
                while not self._closed and (not self._alarms or self._alarms[0][0] > self.now()):
                    self._ready.wait(self._alarms[0][0] - self.now() if self._alarms else None)
                if self._closed:
                    return
                alarm = heapq.heappop(self._alarms)[2]
            if not alarm.cancelled:
                try:
                    alarm.call()
                except Exception:  # noqa: BLE001 - one failing call must not stop all clocks; it is logged
                    _log.exception("A call that was due failed")

    def close(self) -> None:
        """Call nothing any more, and wait for the thread."""
        with self._ready:
            self._closed = True
            self._ready.notify()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()
