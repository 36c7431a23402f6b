"""The runtime loop: where coroutine functions run when a hook is fired from a plain thread."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import logging
import threading
import time
from collections.abc import Callable, Coroutine, Generator, Iterator
from concurrent.futures import Future, InvalidStateError, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from types import CodeType
from typing import Any

from scirehooks.errors import NotAllowedHereError
from scirehooks.hooks.owner import Place

__all__ = ["Interrupted", "Running", "RuntimeLoop", "is_cancelled", "kept_in"]

_SLOW = 0.1  # seconds that a coroutine may hold the loop before somebody is told
_CLOSING = 2.0  # seconds that tasks, and then threads, have to end when the loop is closed
_log = logging.getLogger("scirehooks")


class Interrupted(asyncio.CancelledError):
    """What a thread waits for on the loop was cancelled from outside, and so is the thread's own work."""


_running: ContextVar[Running | None] = ContextVar("scirehooks_running", default=None)


def is_cancelled(error: asyncio.CancelledError) -> bool:
    """Tell whether ERROR cancels the code that runs here, rather than just something which that has waited for."""
    running = _running.get()
    if isinstance(error, Interrupted) or (running is not None and running.called_off and not running.ended):
        return True
    try:
        task = asyncio.current_task()
    except RuntimeError:
        return False  # a plain thread
    return task is not None and task.cancelling() > 0


class Running:
    """A coroutine that runs on a loop in another thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, Any]) -> None:
        self._loop = loop
        self._coroutine = coroutine
        self._future: Future[Any] = Future()
        self._task: asyncio.Task[Any] | None = None
        self.called_off = False  # whether somebody has asked it to end
        self.context = contextvars.copy_context()
        self.context.run(_running.set, self)
        loop.call_soon_threadsafe(self._start)

    @property
    def ended(self) -> bool:
        """Whether the coroutine itself has ended."""
        return self._task is not None and self._task.done()

    def cancelled(self) -> bool:
        """Whether it has ended, and because it was cancelled."""
        return self._task is not None and self._task.cancelled()

    def _start(self) -> None:
        name = getattr(self._coroutine, "__qualname__", None)  # as listings of tasks should show it
        timed = _Timed(kept_in(self._coroutine), self._coroutine)
        self._task = self._loop.create_task(timed, name=name, context=self.context)
        self._task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        with contextlib.suppress(AttributeError):  # something else that can be awaited
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

    def wait(self, seconds: float) -> bool:
        """Wait for the coroutine, at most SECONDS; whether it has ended."""
        try:
            self._future.exception(seconds)
        except TimeoutError:
            return False
        return True

    def result(self) -> Any:
        """Wait for the coroutine and return its result, or raise what it raised."""
        return self._future.result()

    def when_ended(self, call: Callable[[], None]) -> None:
        """Let CALL be called when the coroutine has ended, in whichever way."""
        self._future.add_done_callback(lambda _: call())

    def cancel(self) -> None:
        """Cancel the coroutine if it has not ended; it may still take its time to clean up."""
        if not self._future.done():
            self.called_off = True
            with contextlib.suppress(RuntimeError):  # the loop has just been closed, and with it this
                self._loop.call_soon_threadsafe(lambda: self._task and self._task.cancel())

    def leave(self) -> None:
        """Let whoever waits for it go on, as if it had been cancelled, whatever it still does."""
        with contextlib.suppress(InvalidStateError):
            self._future.set_exception(asyncio.CancelledError())


async def kept_in(coroutine: Coroutine[Any, Any, Any]) -> tuple[bool, Any]:
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


class _Timed(Coroutine[Any, Any, Any]):
    """A coroutine whose steps are timed: one that holds the loop too long is told of, under the name of SOURCE.

    The loop's own way (its debug mode) makes everything on it several times slower; this costs half a microsecond a
    step, and firings of plain functions nothing.
    """

    def __init__(self, coroutine: Coroutine[Any, Any, Any], source: object) -> None:
        self._coroutine = coroutine
        self._source = source

    def __getattr__(self, name: str) -> Any:
        return getattr(self._coroutine, name)  # what listings and tracebacks of tasks look at

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._coroutine.__await__()

    def send(self, value: Any) -> Any:
        begun = time.perf_counter()
        try:
            return self._coroutine.send(value)
        finally:
            self._tell(time.perf_counter() - begun)

    def throw(self, *error: Any) -> Any:
        begun = time.perf_counter()
        try:
            return self._coroutine.throw(*error)
        finally:
            self._tell(time.perf_counter() - begun)

    def close(self) -> None:
        self._coroutine.close()

    def _tell(self, seconds: float) -> None:
        if seconds > _SLOW:
            name = getattr(self._source, "__qualname__", type(self._source).__name__)
            code = getattr(self._source, "cr_code", None)
            place = f" ({Place(code.co_filename, code.co_firstlineno)})" if isinstance(code, CodeType) else ""
            _log.warning(
                "The coroutine %s%s held the runtime loop for %.0f ms: what blocks delays all other coroutines; await "
                "instead, or use asyncio.to_thread.", name, place, seconds * 1000,
            )  # fmt: skip


def _timing(loop: asyncio.AbstractEventLoop, coroutine: Any, **how: Any) -> asyncio.Task[Any]:
    """Make a task on LOOP of COROUTINE, timed (a task factory)."""
    timed = coroutine if isinstance(coroutine, _Timed) else _Timed(coroutine, coroutine)
    return asyncio.Task(timed, loop=loop, **how)


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
        self.thread: threading.Thread | None = None
        self._awaited: dict[threading.Thread, Running] = {}
        self._pool: ThreadPoolExecutor | None = None

    def is_current(self) -> bool:
        """Tell whether the caller runs on this loop's thread."""
        return self.thread is not None and threading.current_thread() is self.thread

    def _started(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._closed:
                raise NotAllowedHereError(f"The {self._name} loop is closed: nothing runs on it any more.")
            if self._loop is None:
                self._loop = loop = asyncio.new_event_loop()
                loop.set_task_factory(_timing)
                self._pool = ThreadPoolExecutor(thread_name_prefix=f"{self._name} pool")
                loop.set_default_executor(self._pool)
                self.thread = threading.Thread(target=_serve, args=(loop,), name=f"{self._name} loop", daemon=True)
                self.thread.start()
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

    @contextmanager
    def awaiting(self, coroutine: Coroutine[Any, Any, Any]) -> Iterator[Running]:
        """Run COROUTINE on the loop while this thread waits for it in the block; left by an exception, cancel it.

        Raises:
            Interrupted: somebody else cancelled it.
        """
        thread = threading.current_thread()
        running = self._awaited[thread] = self.submit(coroutine)
        try:
            yield running
        except asyncio.CancelledError as error:
            if running.called_off or self._closed:
                raise Interrupted from error
            raise
        except BaseException:
            running.cancel()  # nothing to do if it has ended
            raise
        finally:
            del self._awaited[thread]

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Run COROUTINE on the loop and return its result; an interrupt of the caller cancels it."""
        with self.awaiting(coroutine) as running:
            return running.result()

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
        """Cancel what runs on the loop, stop it and wait for its thread; for what does not end not long.

        What goes on all the same is named in the log. Python cannot end it.
        """
        if self.is_current():
            raise NotAllowedHereError(f"The {self._name} loop cannot be closed from itself: it would wait for itself.")
        with self._lock:
            self._closed = True
            loop, thread, pool, self._loop = self._loop, self.thread, self._pool, None
        if loop is None or thread is None or pool is None:
            return
        ending = asyncio.run_coroutine_threadsafe(_end_all(), loop)
        ending.add_done_callback(lambda _: loop.call_soon_threadsafe(loop.stop))
        thread.join(_CLOSING * 1.5)
        if thread.is_alive():
            task = asyncio.current_task(loop)
            _log.warning("The %s loop did not end: %s holds it.", self._name, task.get_name() if task else "something")
        for running in list(self._awaited.values()):
            running.leave()  # what has not ended now is waited for in vain
        joining = threading.Thread(target=pool.shutdown, kwargs={"cancel_futures": True}, daemon=True)
        joining.start()
        joining.join(_CLOSING)
        if joining.is_alive():
            _log.warning("Threads that coroutines of the %s loop have started did not end.", self._name)


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    loop.run_forever()
    loop.close()


async def _end_all() -> None:
    """Cancel all tasks of the running loop and wait for their end; name those that take too long."""
    tasks = await _others()
    for task in tasks:
        task.cancel()
    if tasks:
        _, left = await asyncio.wait(tasks, timeout=_CLOSING)
        if left:
            names = ", ".join(sorted(task.get_name() for task in left))
            _log.warning("These tasks did not end when they were cancelled, and were left: %s.", names)
    await asyncio.get_running_loop().shutdown_asyncgens()
