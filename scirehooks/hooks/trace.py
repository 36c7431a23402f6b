"""Traces: a firing as a tree, as data. What is shown of it is the shell's business.

A traced hook runs in the checked shape; an untraced one carries nothing of this.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from scirehooks.errors import Defer, Veto
from scirehooks.hooks.call import SKIPPED, Step
from scirehooks.hooks.entry import Entry
from scirehooks.hooks.firing import Failed
from scirehooks.hooks.signature import Payload

__all__ = ["CallSpan", "FiringSpan", "Tracer", "Traces"]


@dataclass(slots=True)
class CallSpan:
    """One call: of which entry, how long (seconds), how it ended, which payload fields it changed, what it fired."""

    entry: Entry
    started: float
    duration: float | None = None
    result: str = ""
    verdict: str = ""
    error: str = ""
    changed: tuple[str, ...] = ()
    firings: list[FiringSpan] = field(default_factory=list)


@dataclass(slots=True)
class FiringSpan:
    """One firing: of which hook, when (seconds since the epoch), how long, and its calls in order."""

    hook: str
    time: float
    started: float
    duration: float | None = None
    error: str = ""
    calls: list[CallSpan] = field(default_factory=list)


_within: ContextVar[CallSpan | None] = ContextVar("scirehooks_span", default=None)


def _brief(value: Any, limit: int = 200) -> str:
    try:
        text = repr(value)
    except Exception as error:  # noqa: BLE001 - a user's `__repr__` must not break the firing that is watched
        text = f"<{type(value).__name__} whose repr failed: {type(error).__name__}>"
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _fields(values: tuple[Any, ...], names: tuple[str, ...]) -> dict[str, Any]:
    """Return what can be changed in place in the payload: the fields of its objects, the items of its mappings."""
    found: dict[str, Any] = {}
    for name, value in zip(names, values, strict=False):
        if isinstance(value, dict):
            found.update((f"{name}[{key!r}]", item) for key, item in value.items())
        elif isinstance(value, list):
            found.update((f"{name}[{index}]", item) for index, item in enumerate(value[:1000]))
        else:
            inside = getattr(value, "__dict__", None)
            if isinstance(inside, dict):
                found.update((f"{name}.{key}", item) for key, item in inside.items())
    return found


_NOTHING = object()


def _changes(before: dict[str, Any], after: dict[str, Any]) -> tuple[str, ...]:
    keys = {**before, **after}
    return tuple(key for key in keys if before.get(key, _NOTHING) is not after.get(key, _NOTHING))


class _Call:
    """A call being watched."""

    def __init__(self, span: CallSpan, step: Step, names: tuple[str, ...]) -> None:
        self._span = span
        self._asked = step.asked
        self._values = step.values
        self._names = names
        self._before = _fields(step.values, names)
        self._token = _within.set(span)

    def end(self, result: Failed | Any) -> None:
        """Note how the call ended."""
        span = self._span
        _within.reset(self._token)
        span.duration = time.perf_counter() - span.started
        changed = list(_changes(self._before, _fields(self._values, self._names)))
        if self._asked and isinstance(result, Failed) and isinstance(result.error, (Veto, Defer)):
            result = result.error  # raised or returned, a verdict is the same
        if isinstance(result, Failed):
            span.error = f"{type(result.error).__name__}: {result.error}"
        elif result is SKIPPED:
            span.result = "skipped: its `when` said no"
        elif self._asked and isinstance(result, (Veto, Defer)):
            span.verdict = f"{type(result).__name__.lower()}: {result}"
        elif self._asked and result is not None:
            changed += [key for key in result[1] if key not in changed]  # an amendment
        elif result is not None:
            span.result = _brief(result)
        span.changed = tuple(changed)


class Tracer:
    """Watches one firing."""

    def __init__(self, span: FiringSpan, names: tuple[str, ...]) -> None:
        self.span = span
        self._names = names

    def begin(self, step: Step) -> _Call:
        """Watch the call that STEP asks for."""
        span = CallSpan(step.entry, time.perf_counter())
        self.span.calls.append(span)
        return _Call(span, step, self._names)


class Traces:
    """The last firings of the hooks being traced, each the root of a tree; memory stays bounded."""

    def __init__(self, kept: int = 200) -> None:
        self.firings: deque[FiringSpan] = deque(maxlen=kept)
        self.followers: list[Callable[[FiringSpan], None]] = []
        self._wanted: dict[str, Callable[..., Any] | None] = {}

    @property
    def on(self) -> bool:
        """Whether any hook is being traced."""
        return bool(self._wanted)

    def start(self, hook: str, when: Callable[..., Any] | None) -> None:
        """Watch the firings of HOOK for whose payload WHEN, if given, is true."""
        self._wanted[hook] = when

    def stop(self, hook: str) -> None:
        """Watch the firings of HOOK no longer."""
        self._wanted.pop(hook, None)

    def _wants(self, hook: str, payload: Payload, values: tuple[Any, ...], extra: Mapping[str, Any]) -> bool:
        if hook not in self._wanted:
            return False
        when = self._wanted[hook]
        if when is None:
            return True
        args, keywords = payload.arguments(payload.shape(when), values, extra)
        return bool(when(*args, **keywords))

    @contextmanager
    def watch(
        self, hook: str, payload: Payload, values: tuple[Any, ...], extra: Mapping[str, Any]
    ) -> Iterator[Tracer | None]:
        """Watch a firing of HOOK: as a root if it is wanted, inside a watched call in any case."""
        inside = _within.get()
        if inside is not None and inside.duration is not None:
            inside = None  # that call has ended: this is a thread or timer begun in it
        if inside is None and not self._wants(hook, payload, values, extra):
            yield None
            return
        span = FiringSpan(hook, time.time(), time.perf_counter())
        if inside is not None:
            inside.firings.append(span)
        try:
            yield Tracer(span, payload.names)
        except BaseException as error:
            span.error = f"{type(error).__name__}: {error}"
            raise
        finally:
            span.duration = time.perf_counter() - span.started
            if inside is None:
                self.firings.append(span)
                for follower in list(self.followers):
                    follower(span)
