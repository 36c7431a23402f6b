"""One call of one function: finding it, giving it what it wants, waiting for it, and not for ever."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import inspect
import os
import sys
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from types import FunctionType
from typing import TYPE_CHECKING, Any, NamedTuple

from scirehooks.errors import FunctionTimeoutError, NotAllowedHereError, UndefinedFunctionError
from scirehooks.hooks.entry import Entry

if TYPE_CHECKING:
    from scirehooks.hooks.hook import Hook

__all__ = ["SKIPPED", "Step", "acall", "call", "is_async", "resolve"]

SKIPPED = object()  # the result of a function whose `when` said no
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
    prepared = _prepare(hook, step)
    if prepared is None:
        return SKIPPED
    entry = step.entry
    if is_async(prepared.function):
        loop = hook.loop
        if loop.is_current():
            raise NotAllowedHereError(
                f"{hook.name}.run was called on the loop that is to run its coroutine {entry.label}.",
                f"Write: await {hook.variable}.arun(…)",
            )
        return loop.run(_within(prepared.make(), entry))
    if entry.terms.timeout is None:
        return prepared.make()
    return _in_thread(hook, prepared.make, entry, entry.terms.timeout)


async def acall(hook: Hook, step: Step) -> Any:
    """Call from a coroutine; in a `threaded` hook, or with a time-out, a plain function gets a thread."""
    prepared = _prepare(hook, step)
    if prepared is None:
        return SKIPPED
    if is_async(prepared.function):
        return await _within(prepared.make(), step.entry)
    if step.entry.timeout is not None:
        return await _elsewhere(functools.partial(_in_thread, hook, prepared.make, step.entry, step.entry.timeout))
    return await _elsewhere(prepared.make) if hook.threaded else prepared.make()


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


async def _within(coroutine: Any, entry: Entry) -> Any:
    if entry.timeout is None:
        return await coroutine
    try:
        async with asyncio.timeout(entry.timeout) as limit:
            return await coroutine
    except TimeoutError as error:
        if not limit.expired():
            raise  # its own, from somewhere inside
        raise _timed_out(entry, "it has been stopped") from error


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


def _whereabouts(thread: threading.Thread) -> str:
    """Return where THREAD, which goes on, is now: the innermost line that is not Python's own or a library's."""
    frame = sys._current_frames().get(thread.ident or 0)
    if frame is None:
        return "it has just ended"
    lines = traceback.extract_stack(frame)
    ours = max((index for index, line in enumerate(lines) if line.filename == __file__), default=-1)
    theirs = lines[ours + 1 :]
    if not theirs:
        return "it goes on"
    own = [line for line in theirs if not _is_library(line.filename)]
    at = (own or theirs)[-1]
    return f"now at {os.path.basename(at.filename)}:{at.lineno}: {at.line}".rstrip(": ")


def _is_library(file: str) -> bool:
    """Whether FILE belongs to Python or to an installed package, as far as its name says."""
    return file.startswith(("<frozen", _PYTHON)) or "/site-packages/" in file
