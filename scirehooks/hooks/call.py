"""One call of one function: finding it, giving it what it wants, waiting for it, and not for ever."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import inspect
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from types import FunctionType
from typing import TYPE_CHECKING, Any, NamedTuple

from scirehooks.errors import FunctionTimeoutError, NotAllowedHereError, UndefinedFunctionError
from scirehooks.hooks.entry import Entry
from scirehooks.hooks.loop import Running, kept_in

if TYPE_CHECKING:
    from scirehooks.hooks.hook import Hook

__all__ = ["SKIPPED", "GivenUp", "Step", "acall", "call", "is_async", "resolve"]

SKIPPED = object()  # the result of a function that was not called: its `when` said no, or its lease is over
_PATIENCE = 0.4  # seconds that a coroutine whose time is over has to clean up
_PYTHON = os.path.dirname(os.__file__) + os.sep


class Step(NamedTuple):
    """What is to be called next: the function of ENTRY with the payload VALUES and what `**` collects.

    ACCEPT turns what the function answered into what the rule is sent; what it raises is the function's error. ASKED
    says that a verdict raised is an answer.
    """

    entry: Entry
    values: tuple[Any, ...]
    extra: Mapping[str, Any]
    accept: Callable[[Any], Any] | None = None
    asked: bool = False


def resolve(entry: Entry) -> Callable[..., Any]:
    """Return the function of ENTRY as it is defined now.

    Raises:
        UndefinedFunctionError: its name is not defined, or not as a function (Emacs: void-function).
    """
    found = entry.function
    if found is None:
        raise UndefinedFunctionError(
            f"{entry.hook}: the function {entry.held!r} is not defined.",
            f"Define it, or type: remove-hook {entry.hook} {entry.held}",
        )
    return found


def is_async(function: Any) -> bool:
    """Tell whether calling FUNCTION gives a coroutine.

    Example:
        >>> async def probe(client): ...
        >>> is_async(functools.partial(probe, 1)), is_async(print)
        (True, False)
    """
    while isinstance(function, functools.partial):
        function = function.func
    if type(function) is FunctionType:  # nearly always, and quicker than asking `inspect`
        return bool(function.__code__.co_flags & inspect.CO_COROUTINE)
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__)


class GivenUp:
    """A coroutine that goes on though its time is over; it is asked about as a thread is that does."""

    def __init__(self) -> None:
        self._ended = threading.Event()

    def is_alive(self) -> bool:
        """Whether it has not ended yet."""
        return not self._ended.is_set()

    def join(self, timeout: float | None = None) -> None:
        """Wait for its end, at most TIMEOUT seconds."""
        self._ended.wait(timeout)

    def list(self, hook: Hook, entry: Entry, when_ended: Callable[[Callable[[], None]], object]) -> None:
        """List it as what ENTRY of HOOK has left; WHEN_ENDED calls back at its end, which takes it off the list."""
        hook.forsaken[id(self)] = (entry, self)

        def end() -> None:
            self._ended.set()
            del hook.forsaken[id(self)]

        when_ended(end)


class _Call(NamedTuple):
    """A call about to be made."""

    function: Callable[..., Any]
    args: Sequence[Any]
    keywords: Mapping[str, Any]

    def make(self) -> Any:
        return self.function(*self.args, **self.keywords)


def _prepare(hook: Hook, step: Step) -> _Call | None:
    """Return the call that STEP asks for, None where its `when` says no or its lease is over."""
    terms, payload = step.entry.terms, hook.payload
    if terms.when is not None:
        args, keywords = payload.arguments(payload.shape(terms.when), step.values, step.extra)
        if not terms.when(*args, **keywords):
            return None
    function = resolve(step.entry)
    args, keywords = payload.arguments(payload.shape(function), step.values, step.extra)
    if terms.until is not None and not terms.until.claim():
        return None
    return _Call(function, args, keywords)


def call(hook: Hook, step: Step) -> Any:
    """Call from a plain thread; a coroutine runs on the runtime's loop, and is waited for.

    Raises:
        NotAllowedHereError: a coroutine would have to run on the very loop whose thread waits here.
    """
    entry = step.entry
    try:
        prepared = _prepare(hook, step)
        if prepared is None:
            return SKIPPED
        timeout = entry.terms.timeout
        if not is_async(prepared.function):
            return prepared.make() if timeout is None else _in_thread(hook, prepared.make, entry, timeout)
        if hook.loop.is_current():
            raise NotAllowedHereError(
                f"{hook.name}.run was called on the loop that is to run its coroutine {entry.label}.",
                f"Write: await {hook.variable}.arun(…)",
            )
        return _on_loop(hook, prepared.make(), entry, timeout)
    finally:
        _let_go(hook, entry)


async def acall(hook: Hook, step: Step) -> Any:
    """Call from a coroutine; in a `threaded` hook, or with a time-out, a plain function gets a thread."""
    entry = step.entry
    try:
        prepared = _prepare(hook, step)
        if prepared is None:
            return SKIPPED
        timeout = entry.terms.timeout
        if is_async(prepared.function):
            return await (prepared.make() if timeout is None else _within(hook, prepared.make, entry, timeout))
        if timeout is not None:
            return await _elsewhere(functools.partial(_in_thread, hook, prepared.make, entry, timeout))
        return await _elsewhere(prepared.make) if hook.threaded else prepared.make()
    finally:
        _let_go(hook, entry)


def _let_go(hook: Hook, entry: Entry) -> None:
    """Take ENTRY out if this was the last call of its lease, whatever came of it."""
    if entry.terms.until is not None and entry.terms.until.over:
        hook.expire(entry)


async def _elsewhere(prepared: Callable[[], Any]) -> Any:
    """Call in a thread of the loop's pool. What is raised comes back as a value: a future cannot hold StopIteration."""
    succeeded, result = await asyncio.to_thread(_outcome, prepared)
    if not succeeded:
        raise result
    return result


def _outcome(prepared: Callable[[], Any]) -> tuple[bool, Any]:
    """Return whether the call succeeded, and its result or what it raised."""
    try:
        return True, prepared()
    except BaseException as error:  # noqa: BLE001 - handed on to whoever waits
        return False, error


def _on_loop(hook: Hook, coroutine: Any, entry: Entry, timeout: float | None) -> Any:
    """Run COROUTINE on the runtime loop, and stop waiting after TIMEOUT whatever it does."""
    with hook.loop.awaiting(coroutine) as running:
        if timeout is None or running.wait(timeout):
            return running.result()
        running.cancel()
        if running.wait(_PATIENCE):
            raise _timed_out(entry, _end_of(running))
        GivenUp().list(hook, entry, running.when_ended)
        raise _timed_out(entry, _line_of(coroutine) or _blocked(coroutine, hook.loop.thread))


async def _within(hook: Hook, make: Callable[[], Any], entry: Entry, timeout: float) -> Any:
    """Await the coroutine of MAKE in a task of its own, and stop waiting after TIMEOUT whatever it does."""
    end = time.monotonic() + timeout
    task = asyncio.create_task(_clocked(make), name=entry.label)
    try:
        await asyncio.wait([task], timeout=timeout)
        if not task.done():
            raise _timed_out(entry, await _stop(task, hook, entry))
    except asyncio.CancelledError:  # the firing is
        await _stop(task, hook, entry)
        raise
    succeeded, result, ended = task.result()
    if ended > end:
        raise _timed_out(entry, _end_of(task))
    if not succeeded:
        raise result
    return result


async def _clocked(make: Callable[[], Any]) -> tuple[bool, Any, float]:
    """Return what `kept_in` does of the coroutine that MAKE makes, and when that ended: who waits may hear it late."""
    return *await kept_in(make()), time.monotonic()


async def _stop(task: asyncio.Task[Any], hook: Hook, entry: Entry) -> str:
    """Cancel TASK and wait a moment for its end; say what has become of it. What goes on is listed."""
    task.cancel()
    await asyncio.wait([task], timeout=_PATIENCE)
    if task.done():
        return _end_of(task)
    GivenUp().list(hook, entry, lambda call: task.add_done_callback(lambda _: call()))
    return _line_of(task.get_coro()) or "it goes on"


def _end_of(ended: Running | asyncio.Task[Any]) -> str:
    return "it has been stopped" if ended.cancelled() else "it has ended since"


def _in_thread(hook: Hook, prepared: Callable[[], Any], entry: Entry, timeout: float) -> Any:
    """Call in a thread of its own and stop waiting after TIMEOUT; Python cannot end the thread, so it is listed."""
    outcome: list[Any] = []
    ended = threading.Event()

    def work() -> None:
        outcome.extend(_outcome(prepared))
        ended.set()  # before it is taken off the list: whoever lists it from now on sees that it has ended
        hook.forsaken.pop(thread.ident, None)

    context = contextvars.copy_context()
    thread = threading.Thread(target=context.run, args=(work,), name=f"{hook.name} {entry.label}", daemon=True)
    thread.start()
    if not ended.wait(timeout):
        hook.forsaken[thread.ident] = (entry, thread)
        if not ended.is_set():
            raise _timed_out(entry, _whereabouts(thread))
        hook.forsaken.pop(thread.ident, None)  # it ended while we wrote that down
    succeeded, result = outcome
    if not succeeded:
        raise result
    return result


def _timed_out(entry: Entry, what_now: str) -> FunctionTimeoutError:
    took = f"took longer than {entry.timeout:g} s ({what_now})."
    return FunctionTimeoutError(f"{entry.hook}: {entry.label}", took)


def _whereabouts(thread: threading.Thread | None) -> str:
    """Return where THREAD, which goes on, is now: the innermost line that is not Python's own or a library's."""
    frame = sys._current_frames().get((thread and thread.ident) or 0)
    if frame is None:
        return "it has just ended"
    lines = traceback.extract_stack(frame)
    ours = max((index for index, line in enumerate(lines) if line.filename == __file__), default=-1)
    return _at(lines[ours + 1 :]) or "it goes on"


def _line_of(coroutine: Any) -> str:
    """Return where COROUTINE waits, nothing if it does not."""
    frames = []
    while getattr(coroutine, "cr_suspended", False):
        frames.append((coroutine.cr_frame, coroutine.cr_frame.f_lineno))
        coroutine = coroutine.cr_await
    return _at(traceback.StackSummary.extract(frames)) if frames else ""


def _blocked(coroutine: Any, thread: threading.Thread | None) -> str:
    """Return where THREAD is, in which COROUTINE runs without end, or cannot begin."""
    where = _whereabouts(thread)
    return where if getattr(coroutine, "cr_running", True) else f"it has not begun: its loop is {where}"


def _at(lines: Sequence[traceback.FrameSummary]) -> str:
    own = [line for line in lines if not _is_library(line.filename)]
    at = (own or lines)[-1:]
    return f"now at {os.path.basename(at[0].filename)}:{at[0].lineno}: {at[0].line}".rstrip(": ") if at else ""


def _is_library(file: str) -> bool:
    """Whether FILE belongs to Python or to an installed package, as far as its name says."""
    return file.startswith(("<frozen", _PYTHON)) or "/site-packages/" in file
