"""Timers, tasks and threads that belong to whoever starts them, and end when that is unloaded."""

from __future__ import annotations

import contextvars
import inspect
import logging
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextvars import ContextVar
from typing import Any

from scirehooks.hooks.clock import Alarm, Clock
from scirehooks.hooks.journal import Journal
from scirehooks.hooks.loop import Running, RuntimeLoop
from scirehooks.hooks.owner import Owner, Owners
from scirehooks.hooks.resource import Resource, ResourceCells

__all__ = ["Helpers", "current_line"]

_log = logging.getLogger("scirehooks")

Done = Callable[[], None]


class Helpers:
    """What a module calls to have something run: `runtime.every`, `.after`, `.task`, `.thread`, `.resource`."""

    def __init__(
        self, clock: Clock, loop: RuntimeLoop, journal: Journal, owners: Owners, cells: ResourceCells,
        numbers: Iterator[int],
    ) -> None:  # fmt: skip
        self._clock = clock
        self._loop = loop
        self._journal = journal
        self._owners = owners
        self._resources = cells
        self._numbers = numbers

    def every(self, seconds: float, function: Callable[[], Any]) -> None:
        """Call FUNCTION each SECONDS in a thread, until its owner is unloaded; its failures are logged."""
        self._own(_every(self._clock, self._title(function), seconds, function))

    def after(self, seconds: float, function: Callable[[], Any]) -> None:
        """Call FUNCTION once, SECONDS from now, in a thread, unless its owner is unloaded before."""
        self._own_once(lambda name, done: _after(self._clock, name, seconds, function, done), function)

    def task(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        """Run COROUTINE on the runtime loop; it is cancelled when its owner is unloaded."""
        self._own_once(lambda name, done: _task(self._loop, name, coroutine, done), coroutine)

    def thread(self, function: Callable[..., Any]) -> None:
        """Run FUNCTION in a thread; if it takes a parameter, that is an Event which is set when it should end."""
        self._own_once(lambda name, done: _thread(name, function, done), function)

    def _title(self, work: object) -> str:
        return f"{getattr(work, '__qualname__', type(work).__name__)} #{next(self._numbers)}"

    def _own(self, made: Resource) -> None:
        self._journal.set(self._resources, (made.kind, made.name), made, made.kind, self._owners.origin())

    def _own_once(self, make: Callable[[str, Callable[[], None]], Resource], work: object) -> None:
        """Own something that ends by itself; when it has, nothing of it is left."""
        name = self._title(work)

        def done() -> None:
            self._resources.forget((made.kind, made.name))

        made = make(name, done)
        self._own(made)

    def resource(
        self, kind: str, name: str, start: Callable[[], Any], stop: Callable[[], Any], *, owner: Owner | None = None
    ) -> None:
        """Own something that runs (a timer, a thread, a route): START it now, STOP it when its owner is unloaded."""
        origin = self._owners.origin(owner=owner)
        self._journal.set(self._resources, (kind, name), Resource(kind, name, start, stop), kind, origin)


current_line: ContextVar[Any] = ContextVar("scirehooks_line", default=None)
"""What evaluates the line that the calling code is a part of, where there is one; an interrupt ends that as a whole."""


def _lasting_context() -> contextvars.Context:
    """Return a copy of this context for what goes on behind the line that begins it, interrupted or not."""
    context = contextvars.copy_context()
    context.run(current_line.set, None)
    return context


def _guarded(name: str, call: Callable[[], Any]) -> Callable[[], None]:
    """Return CALL with its failure logged: nobody is there to catch what is raised in a thread of its own."""

    def run() -> None:
        try:
            call()
        except Exception:  # noqa: BLE001 - the door between a user's function and us; it is logged
            _log.exception("%s failed", name)

    return run


def _every(clock: Clock, name: str, seconds: float, function: Callable[[], Any]) -> Resource:
    """Return a resource that calls FUNCTION each SECONDS, in a thread; a call still running is not started twice."""
    state = _Ticking(clock, name, seconds, function)
    return Resource("timer", name, state.start, state.stop)


class _Ticking:
    def __init__(self, clock: Clock, name: str, seconds: float, function: Callable[[], Any]) -> None:
        self._clock, self._name, self._seconds, self._function = clock, name, seconds, function
        self._alarm: Alarm | None = None
        self._busy = threading.Lock()
        self._changing = threading.Lock()
        self._context = _lasting_context()

    def start(self) -> None:
        with self._changing:
            self._wind()

    def _wind(self) -> None:
        self._alarm = self._clock.after(self._seconds, self._tick)

    def _tick(self) -> None:
        with self._changing:
            if self._alarm is None:
                return  # stopped while the clock was about to call: wound up again, nobody could stop it any more
            self._wind()
        if self._busy.acquire(blocking=False):
            run = _guarded(self._name, self._function)

            def work() -> None:
                try:
                    self._context.copy().run(run)
                finally:
                    self._busy.release()

            threading.Thread(target=work, name=self._name, daemon=True).start()

    def stop(self) -> None:
        with self._changing:
            if self._alarm is not None:
                self._alarm.cancel()
                self._alarm = None


def _after(clock: Clock, name: str, seconds: float, function: Callable[[], Any], done: Done) -> Resource:
    """Return a resource that calls FUNCTION once, SECONDS after it is started, in a thread, and then DONE."""
    waiting: list[tuple[threading.Event, Alarm]] = []
    context = _lasting_context()

    def start() -> None:
        stopped = threading.Event()

        def work() -> None:
            context.copy().run(_guarded(name, function))
            if not stopped.is_set():  # else a redo may have started it anew, and that is not over
                done()

        alarm = clock.after(seconds, lambda: threading.Thread(target=work, name=name, daemon=True).start())
        waiting[:] = [(stopped, alarm)]

    def stop() -> None:
        for stopped, alarm in waiting:
            stopped.set()
            alarm.cancel()

    return Resource("timer", name, start, stop)


def _task(loop: RuntimeLoop, name: str, work: Coroutine[Any, Any, Any], done: Done) -> Resource:
    """Return a resource that runs the coroutine WORK on LOOP, and then DONE; it is cancelled when stopped."""
    running: list[Running] = []
    context = _lasting_context()

    async def run() -> None:
        if inspect.getcoroutinestate(work) != inspect.CORO_CREATED:
            _log.warning("%s is not started again by redo: a coroutine runs but once", name)
            return
        try:
            await work
        except Exception:  # noqa: BLE001 - as above
            _log.exception("%s failed", name)

    def ended() -> None:
        work.close()  # it may have been cancelled before its first step
        done()

    def start() -> None:
        running.append(context.run(loop.submit, run()))
        running[-1].when_ended(ended)

    def stop() -> None:
        for one in running:
            one.cancel()

    return Resource("task", name, start, stop)


def _thread(name: str, function: Callable[..., Any], done: Done) -> Resource:
    """Return a resource that runs FUNCTION in a thread, and then DONE.

    FUNCTION may take a `threading.Event` that is set when it should end; without one its thread cannot be ended.
    """
    stopping: list[threading.Event] = []
    takes_event = bool(inspect.signature(function).parameters)
    context = _lasting_context()

    def start() -> None:
        stop = threading.Event()  # and a thread: a redo starts it once more, and neither can be used twice

        def work() -> None:
            context.copy().run(_guarded(name, (lambda: function(stop)) if takes_event else function))
            if not stop.is_set():
                done()

        stopping[:] = [stop]
        threading.Thread(target=work, name=name, daemon=True).start()

    return Resource("thread", name, start, lambda: stopping[0].set())
