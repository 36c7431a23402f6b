"""Preparing a hook to fire: generated code where there is text for all that is in use, else the plain rules."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from scirehooks.errors import HookSignatureError
from scirehooks.hooks import firing
from scirehooks.hooks.binding import Bound, Stale
from scirehooks.hooks.call import is_async
from scirehooks.hooks.drive import blame, drive, isolated
from scirehooks.hooks.entry import PLAIN, Entry
from scirehooks.hooks.firing import CallingRule
from scirehooks.hooks.generate import AGAIN, BOUND, FIRST_CALL, STRIDE, binder, show, unrolled
from scirehooks.hooks.scope import Scope, current_scopes
from scirehooks.hooks.signature import Shape

if TYPE_CHECKING:
    from scirehooks.hooks.hook import Hook
    from scirehooks.hooks.runtime import Runtime

__all__ = ["prepare", "steps"]


def prepare(hook: Hook, mode: CallingRule, runtime: Runtime) -> Callable[..., Any]:
    """Return the function that fires HOOK by the rule MODE; it takes the payload as the hook was declared."""
    unrolled = _unrolled(hook, mode, runtime)
    if unrolled is None:
        return _checked(hook, mode, runtime)
    scopes = frozenset(hook.locals)
    return _scoped(scopes, _checked(hook, mode, runtime), unrolled) if scopes else unrolled


def steps(
    hook: Hook,
    mode: CallingRule,
    values: tuple[Any, ...],
    extra: dict[str, Any],
    entries: Iterator[Entry] | None = None,
) -> firing.Steps:
    """Return the steps of a firing of HOOK here and now by the rule MODE, through ENTRIES if they are given."""
    if entries is None:
        entries = firing.walk(hook, current_scopes())
    if mode == "ask":
        return firing.ask(hook, entries, values, extra)
    return firing.follow(mode, entries, values, extra)


def _checked(hook: Hook, mode: CallingRule, runtime: Runtime) -> Callable[..., Any]:
    traces = runtime.traces

    def fire(values: tuple[Any, ...], extra: dict[str, Any]) -> Any:
        if not traces.on:
            return drive(hook, steps(hook, mode, values, extra))
        with traces.watch(hook.name, hook.payload, values, extra) as tracer:
            return drive(hook, steps(hook, mode, values, extra), tracer)

    return binder(hook.payload, hook.name, fire)


def _scoped(scopes: frozenset[Scope], inside: Callable[..., Any], elsewhere: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that fires by INSIDE in SCOPES, where the hook has local values, and by ELSEWHERE else."""

    def fire(*args: Any, **payload: Any) -> Any:
        return (elsewhere if scopes.isdisjoint(current_scopes()) else inside)(*args, **payload)

    return fire


def _unrolled(hook: Hook, mode: CallingRule, runtime: Runtime) -> Callable[..., Any] | None:
    """Return generated code for the global value; None if something is in use that the code has no text for."""
    shown = hook.snapshot(None)
    if mode == "fold" and not hook.payload.names:
        return None  # there is no name for what goes through the functions
    if mode == "ask" or not runtime.generating or runtime.traces.on or len(shown) > BOUND:
        return None
    bound = Bound(hook.payload)
    entries: list[Entry] = []
    shapes: list[Shape] = []
    for entry in shown:
        if entry.state != "active":
            continue
        function = entry.function
        shape = _shape(hook, entry, function)
        if shape is None:
            return None
        bound.hold(len(entries), function, entry.name, shape)
        entries.append(entry)
        shapes.append(shape)
    runtime.namespace.bindings.register(bound)
    caught = functools.partial(_caught, hook, entries, shapes, mode)
    return unrolled(hook.payload, hook.name, shapes, mode, caught, bound.names)


def _shape(hook: Hook, entry: Entry, function: Any) -> Shape | None:
    """Return what the code passes to FUNCTION, that of ENTRY; None if it needs more care than the code takes."""
    payload, terms = hook.payload, entry.terms
    if entry.health.consecutive:
        return None  # it is watched until it succeeds
    if entry.prepared is not None and entry.prepared[0] is payload:
        return entry.prepared[1]  # type: ignore[no-any-return]  # put there below
    if terms is not PLAIN and (terms.when is not None or terms.timeout is not None or terms.until is not None):
        return None
    if function is None or is_async(function):
        return None
    try:
        shape = payload.shape(function)
    except HookSignatureError:
        return None  # the error is the function's, and comes when its turn comes
    if shape.optional:
        return None  # what is passed depends on what `**` holds
    if entry.name is None:
        entry.prepared = (payload, shape)  # a function held as an object stays what it is
    return shape


def _caught(
    hook: Hook,
    entries: list[Entry],
    shapes: list[Shape],
    mode: CallingRule,
    error: BaseException,
    values: tuple[Any, ...],
    extra: dict[str, Any],
) -> Any:
    """Judge an ERROR out of generated code: the line it left tells which function failed; then go on, if so ruled."""
    trace = error.__traceback__
    assert trace is not None  # it has just been raised through the code
    index = (trace.tb_lineno - FIRST_CALL) // STRIDE[mode]
    if isinstance(error, Stale):
        # Not called: the name got another meaning while the hook was firing. From here on by the plain rules.
        return drive(hook, firing.follow(mode, entries[index:], values, extra))
    show(hook.payload, hook.name, zip((entry.label for entry in entries), shapes, strict=True), mode)
    blame(error, hook, entries[index])
    if hook.on_error == "raise":
        return AGAIN
    if not isolated(error, hook):
        raise error
    hook.failed(entries[index], error)
    return drive(hook, firing.follow(mode, entries[index + 1 :], values, extra))
