"""The drivers of a firing: one for a plain thread, one for a coroutine; and who is to blame when a function fails."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

from scirehooks.errors import Defer, HookRecursionError, NotAllowedHereError, Terminated, Veto
from scirehooks.hooks.call import SKIPPED, Step, acall, call
from scirehooks.hooks.entry import Entry
from scirehooks.hooks.firing import Failed, Steps
from scirehooks.hooks.loop import is_cancelled
from scirehooks.hooks.trace import Tracer

if TYPE_CHECKING:
    from scirehooks.hooks.hook import Hook

__all__ = ["FILENAME", "adrive", "blame", "drive", "isolated"]

_SIGNALS = (KeyboardInterrupt, GeneratorExit, Terminated)  # to whoever fired, not failures of a function
FILENAME = "<scirehooks hook {}>"  # of generated code; linecache shows its lines under this name


def drive(hook: Hook, steps: Steps, tracer: Tracer | None = None) -> Any:
    """Do what STEPS ask for, in this thread, and return what the rule makes of it."""
    step, answer = _advance(steps, None)
    try:
        while step is not None:
            span = tracer.begin(step) if tracer else None
            try:
                result = call(hook, step)
                if step.accept and result is not SKIPPED:
                    result = step.accept(result)
            except BaseException as error:  # noqa: BLE001 - the door between a user's function and us
                if span:
                    span.end(Failed(error))
                result = _judge(error, hook, step)
            else:
                if span:
                    span.end(result)
            step, answer = _advance(steps, _settle(hook, step, result))
        return answer
    finally:
        steps.close()


async def adrive(hook: Hook, steps: Steps, tracer: Tracer | None = None) -> Any:
    """Do what STEPS ask for, awaiting coroutines, and return what the rule makes of it."""
    step, answer = _advance(steps, None)
    try:
        while step is not None:
            span = tracer.begin(step) if tracer else None
            try:
                result = await acall(hook, step)
                if step.accept and result is not SKIPPED:
                    result = step.accept(result)
            except BaseException as error:  # noqa: BLE001 - the door between a user's function and us
                if span:
                    span.end(Failed(error))
                result = _judge(error, hook, step)
            else:
                if span:
                    span.end(result)
            step, answer = _advance(steps, _settle(hook, step, result))
        return answer
    finally:
        steps.close()


def _advance(steps: Steps, result: Any) -> tuple[Step | None, Any]:
    """Send RESULT and return what is to be called next; or None, and what the rule makes of it all.

    Apart from the call, so that a StopIteration out of a user's function is not taken for the end of the rule.
    """
    try:
        return steps.send(result), None
    except StopIteration as done:
        return None, done.value


def _judge(error: BaseException, hook: Hook, step: Step) -> Any:
    """Return what the rule is sent for ERROR, or raise it again: the very object."""
    if step.asked and isinstance(error, (Veto, Defer)):
        return error  # raised or returned, a verdict is the same
    if isinstance(error, NotAllowedHereError) and hook.loop.is_current():
        raise error  # the caller's fault, not the function's
    blame(error, hook, step.entry)
    if hook.on_error == "raise" or not isolated(error, hook):
        raise error
    hook.failed(step.entry, error)
    return Failed(error)


def _settle(hook: Hook, step: Step, result: Any) -> Any:
    health = step.entry.health
    if health.consecutive and result is not SKIPPED and not isinstance(result, Failed):
        health.consecutive = 0
        hook.refresh()  # nothing is wrong any more: back to the fast way
    return result


def isolated(error: BaseException, hook: Hook) -> bool:
    """Tell whether an isolating hook keeps ERROR to itself.

    SystemExit is the function's failure, not a wish to end the daemon, and so is that something was cancelled which the
    function waited for, if the firing is not. An endless recursion goes out to the first firing of the hook: kept in
    each of a thousand nested ones, it would be tried a thousand times more.
    """
    if isinstance(error, RecursionError):
        return len(_chain(hook.name)) < 2
    if isinstance(error, asyncio.CancelledError):
        return not is_cancelled(error)
    return not isinstance(error, _SIGNALS)


def blame(error: BaseException, hook: Hook, entry: Entry) -> None:
    """Say in a note on ERROR (PEP 678) which function of which hook it came from; the object stays the same one.

    Raises:
        HookRecursionError: ERROR is an endless recursion through hooks; the chain is shown.
    """
    if isinstance(error, RecursionError) and not isinstance(error, HookRecursionError):
        chain = _chain(hook.name)
        if len(chain) > 1:
            again = chain.index(hook.name, 1) + 1 if hook.name in chain[1:] else len(chain)
            raise HookRecursionError(
                f"{hook.name} fires itself without end: {' > '.join(chain[:again])}, {len(chain)} deep.",
                f"Look at {entry.where()}.",
            ) from error
    note = f"in {hook.name}: {entry.where()}"
    if note not in getattr(error, "__notes__", ()):
        error.add_note(note)


_DRIVERS = {drive.__code__, adrive.__code__}
_PREFIX, _SUFFIX = FILENAME.split("{}")


def _chain(first: str) -> list[str]:
    """Return the names of the hooks now firing on this thread, from the first firing of the hook FIRST on."""
    names: list[str] = []
    frame = sys._getframe()
    while frame is not None:
        code = frame.f_code
        if code in _DRIVERS:
            names.append(frame.f_locals["hook"].name)
        elif code.co_filename.startswith(_PREFIX) and frame.f_lineno > 2:
            names.append(code.co_filename.removeprefix(_PREFIX).removesuffix(_SUFFIX))
        frame = frame.f_back  # type: ignore[assignment]  # the last frame has none, which ends the loop
    names.reverse()
    return names[names.index(first) :] if first in names else names
