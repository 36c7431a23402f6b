"""The life of a daemon: ready, alive, reading its init scripts again, and ending as it was asked to."""

from __future__ import annotations

import faulthandler
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from types import FrameType

from scirehooks.daemon.notify import Notifier
from scirehooks.daemon.serving import Serving

__all__ = ["Life", "log_to_stderr"]

# Seconds of a wait at most: a signal that comes just before it begins, or to another thread, does not end it, and
# Python calls the handler only when it is over.
_LOOK = 1.0
_log = logging.getLogger("scirehooks")


class Life:
    """What a daemon is told by signals, and what it tells the service manager.

    Inside the `with` block SIGHUP is kept for later instead of ending the process, from the very start on.

    Example:
        with Life() as life:
            ...  # start
            life.run(serving, reload)  # until SIGTERM
            ...  # end
    """

    def __init__(self, notifier: Notifier | None = None) -> None:
        self.notifier = notifier or Notifier()
        self._told: SimpleQueue[int] = SimpleQueue()  # its `put` may interrupt its `get`, as a signal does
        self._to_reload: SimpleQueue[None] = SimpleQueue()

    def __enter__(self) -> Life:
        self._before = signal.signal(signal.SIGHUP, self._noted)
        # SIGABRT is how a watchdog ends us: then the log shows where each thread was.
        self._faults = faulthandler.is_enabled()
        faulthandler.enable(all_threads=True)
        return self

    def __exit__(self, *_error: object) -> None:
        signal.signal(signal.SIGHUP, self._before)
        if not self._faults:
            faulthandler.disable()

    def _noted(self, number: int, frame: FrameType | None) -> None:
        self._told.put(number)

    def run(self, serving: Serving, reload: Callable[[], None]) -> None:
        """Return when SIGTERM or SIGINT asks for the end of SERVING; call RELOAD at each SIGHUP.

        RELOAD runs in a thread of its own: code that hangs there keeps nobody from ending the daemon.
        """
        status = f"serving {serving.path}"
        worker = threading.Thread(target=self._reload, args=(reload, status), name="reload", daemon=True)
        worker.start()
        with self._ends_noted():
            _log.info("ready, %s", status)
            self.notifier.ready(status)
            for number in self._signals(serving):
                if number == signal.SIGHUP:
                    self._to_reload.put(None)
                    continue
                _log.info("%s: ending", signal.Signals(number).name)
                self.notifier.stopping("ending")
                return

    @contextmanager
    def _ends_noted(self) -> Iterator[None]:
        before = {number: signal.signal(number, self._noted) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _signals(self, serving: Serving) -> Iterator[int]:
        """Yield signals as they come; meanwhile show at each half of the watchdog's time that SERVING is alive."""
        interval = self.notifier.watchdog and self.notifier.watchdog / 2
        beat = time.monotonic()
        while True:
            if interval and time.monotonic() >= beat:
                # Not from here: a loop that does not come round must be found out.
                serving.beat(self.notifier.alive)
                beat = time.monotonic() + interval
            try:
                yield self._told.get(timeout=min(_LOOK, max(0.0, beat - time.monotonic())) if interval else _LOOK)
            except Empty:
                continue

    def _reload(self, reload: Callable[[], None], status: str) -> None:
        while True:
            self._to_reload.get()
            while not self._to_reload.empty():
                self._to_reload.get()  # asked for several times while it was at it: once more is enough
            self.notifier.reloading()
            try:
                reload()
            except BaseException:  # noqa: BLE001 - a door to files: without this thread none would be read again
                _log.exception("the init scripts could not be read again")
            self.notifier.ready(status)


def log_to_stderr() -> None:
    """Write the program's log to standard error in plain lines: for the journal with levels, else with the time."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Journal() if _is_journal() else logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)


class _Journal(logging.Formatter):
    """Lines as the journal reads them: each begins with its priority (sd-daemon(3)); the time it knows itself."""

    def format(self, record: logging.LogRecord) -> str:
        level = 3 if record.levelno >= logging.ERROR else 4 if record.levelno >= logging.WARNING else 6
        return "\n".join(f"<{level}>{line}" for line in super().format(record).split("\n"))


def _is_journal() -> bool:
    """Tell whether standard error is the journal's (systemd.exec(5), JOURNAL_STREAM)."""
    try:
        found = os.fstat(sys.stderr.fileno())
    except (OSError, ValueError, AttributeError):
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}"
