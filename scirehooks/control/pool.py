"""Threads that nobody waits for: neither a server that closes, nor the end of the process."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from queue import SimpleQueue
from typing import Any, TypeVar

__all__ = ["Pool", "start_apart"]

T = TypeVar("T")


def start_apart(name: str, run: Callable[[], object]) -> None:
    """Start a thread NAME that RUNs for no session, whoever's code begins it, and that no end of a process waits for.

    Raises:
        RuntimeError: no thread can be started.
    """
    thread = threading.Thread(target=run, name=name, daemon=True)
    contextvars.Context().run(thread.start)


class Pool(Executor):
    """At most SIZE threads called NAME, which are started when there is something for them.

    Not a ThreadPoolExecutor: the end of the process waits for the threads of those, and code of the user's may come to
    run here and not end.
    """

    def __init__(self, size: int, name: str) -> None:
        self._size = size
        self._name = name
        self._started = 0
        self._closed = False
        self._lock = threading.Lock()  # of the two before
        self._calls: SimpleQueue[Callable[[], None] | None] = SimpleQueue()

    def submit(self, function: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Have FUNCTION called in one of the threads.

        Raises:
            RuntimeError: the pool is closed, or no thread can be started.
        """
        future: Future[T] = Future()

        def call() -> None:
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(function(*args, **kwargs))
                except BaseException as error:  # noqa: BLE001 - the door of the pool: who waits gets it
                    future.set_exception(error)

        with self._lock:
            if self._closed:
                raise RuntimeError("the pool is closed")
            if self._started < self._size:
                start_apart(self._name, self._work)
                self._started += 1
            self._calls.put(call)
        return future

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            call()
            del call  # or an idle thread would keep what it did last

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Let each thread end when it is free; nobody waits for that, whatever WAIT says."""
        with self._lock:
            started, self._started, self._closed = self._started, 0, True
        for _ in range(started):
            self._calls.put(None)
