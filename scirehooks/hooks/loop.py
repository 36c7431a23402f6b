"""The runtime loop: where coroutine functions run when a hook is fired from a plain thread."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, InvalidStateError
from typing import Any

from scirehooks.errors import NotAllowedHereError

__all__ = ["Running", "RuntimeLoop"]


class Running:
    """A coroutine that runs on a loop in another thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, Any]) -> None:
        self._loop = loop
        self._coroutine = coroutine
        self._future: Future[Any] = Future()
        self._task: asyncio.Task[Any] | None = None
        self.context = contextvars.copy_context()
        loop.call_soon_threadsafe(self._start)

    def _start(self) -> None:
        name = getattr(self._coroutine, "__qualname__", None)  # as listings of tasks should show it
        self._task = self._loop.create_task(_kept_in(self._coroutine), name=name, context=self.context)
        self._task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._coroutine.close()  # cancelled before its first step, it would complain that nobody awaited it
        with contextlib.suppress(InvalidStateError):  # nobody waits for it any more
            if task.cancelled():
                self._future.set_exception(asyncio.CancelledError())
            else:
                succeeded, result = task.result()
                if succeeded:
                    self._future.set_result(result)
                else:
                    self._future.set_exception(result)

    def result(self) -> Any:
        """Wait for the coroutine and return its result, or raise what it raised."""
        return self._future.result()

    def when_ended(self, call: Callable[[], None]) -> None:
        """Let CALL be called when the coroutine has ended, in whichever way."""
        self._future.add_done_callback(lambda _: call())

    def cancel(self) -> None:
        """Cancel the coroutine if it has not ended; it may still take its time to clean up."""
        if not self._future.done():
            self._loop.call_soon_threadsafe(lambda: self._task and self._task.cancel())

    def leave(self) -> None:
        """Let whoever waits for it go on, as if it had been cancelled, whatever it still does."""
        with contextlib.suppress(InvalidStateError):
            self._future.set_exception(asyncio.CancelledError())


async def _kept_in(coroutine: Coroutine[Any, Any, Any]) -> tuple[bool, Any]:
    """Return whether COROUTINE succeeded, and its result or what it raised.

    As the task's own exception, a SystemExit or KeyboardInterrupt would leave `run_forever` and end the loop's thread
    with everything on it, and whoever waits for the coroutine would wait for ever.
    """
    try:
        return True, await coroutine
    except asyncio.CancelledError:
        raise
    except BaseException as error:  # noqa: BLE001 - handed on to whoever waits
        return False, error


async def _others() -> list[asyncio.Task[Any]]:
    """Return the tasks of the running loop but for the current one."""
    return [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]


class RuntimeLoop:
    """An event loop in a thread of its own, started when first needed."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._closed = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._awaited: dict[threading.Thread, Running] = {}

    def is_current(self) -> bool:
        """Tell whether the caller runs on this loop's thread."""
        return self._thread is not None and threading.current_thread() is self._thread

    def _started(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._closed:
                raise NotAllowedHereError(f"The {self._name} loop is closed: nothing runs on it any more.")
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=self._loop.run_forever, name=f"{self._name} loop", daemon=True)
                self._thread.start()
            return self._loop

    def submit(self, coroutine: Coroutine[Any, Any, Any]) -> Running:
        """Start COROUTINE on the loop, in the context of the caller.

        Raises:
            NotAllowedHereError: the loop is closed.
        """
        try:
            loop = self._started()
        except NotAllowedHereError:
            coroutine.close()  # or it would complain that nobody awaited it
            raise
        return Running(loop, coroutine)

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Run COROUTINE on the loop and return its result; an interrupt of the caller cancels it."""
        running = self._awaited[threading.current_thread()] = self.submit(coroutine)
        try:
            return running.result()
        except BaseException:
            running.cancel()  # nothing to do if it has ended
            raise
        finally:
            del self._awaited[threading.current_thread()]

    def cancel_awaited(
        self,
        thread: threading.Thread,
        *,
        leave: bool = False,
        wanted: Callable[[contextvars.Context], bool] = lambda _: True,
    ) -> bool:
        """Cancel the coroutine that THREAD waits for in `run`, if it is WANTED in the context it was given.

        With LEAVE it waits no longer. Whether there is one.
        """
        running = self._awaited.get(thread)
        if running is None or not wanted(running.context):
            return False
        running.cancel()
        if leave:
            running.leave()
        return True

    def tasks(self) -> list[asyncio.Task[Any]]:
        """Return what runs on the loop now."""
        if self._loop is None:
            return []
        found: list[asyncio.Task[Any]] = self.run(_others())  # there, where all that was submitted has begun
        return found

    def close(self) -> None:
        """Cancel what runs on the loop, stop it and wait for its thread."""
        if self.is_current():
            raise NotAllowedHereError(f"The {self._name} loop cannot be closed from itself: it would wait for itself.")
        with self._lock:
            self._closed = True
            loop, thread, self._loop = self._loop, self._thread, None
        if loop is None or thread is None:
            return

        async def cancel_all() -> None:
            tasks = await _others()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await loop.shutdown_asyncgens()
            await loop.shutdown_default_executor()

        asyncio.run_coroutine_threadsafe(cancel_all(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
