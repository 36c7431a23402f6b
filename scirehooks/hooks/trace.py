"""Traces: a firing as a tree, as data. What is shown of it is the shell's business.

A traced hook runs in the checked shape; an untraced one carries nothing of this. However often a hook fires, and
however much one firing fires in turn, what is kept is bounded: the last firings, and of each so many calls.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import field
from itertools import islice
from typing import Any, NamedTuple

from scirehooks.errors import Defer, Veto
from scirehooks.hooks.call import SKIPPED, Step
from scirehooks.hooks.entry import Entry
from scirehooks.hooks.firing import Failed
from scirehooks.hooks.signature import Payload
from scirehooks.records import dataclass

__all__ = ["CallSpan", "Change", "FiringSpan", "Tracer", "Traces"]

_KEPT = 200  # firings
_SPANS = 200  # calls and nested firings that are kept of one
_DEEP = 20  # firings within each other
_LOOKED_AT = 1000  # fields of a payload compared before and after a call
_CHANGES = 20  # kept of a call
_BRIEF = 200  # characters of a value
_PLAIN = (bool, int, float, str, bytes, type(None))
_log = logging.getLogger("scirehooks")


class Change(NamedTuple):
    """A FIELD of the payload that a call changed, and its values BEFORE and AFTER as text (None: it was not there)."""

    field: str
    before: str | None
    after: str | None


@dataclass(slots=True)
class CallSpan:
    """One call: of which entry, how long (seconds), how it ended, what it changed in the payload, what it fired."""

    entry: Entry
    started: float
    duration: float | None = None
    result: str = ""
    verdict: str = ""
    error: str = ""
    changes: tuple[Change, ...] = ()
    firings: list[FiringSpan] = field(default_factory=list)

    @property
    def changed(self) -> tuple[str, ...]:
        """The fields of the payload that it changed."""
        return tuple(change.field for change in self.changes)


@dataclass(slots=True)
class FiringSpan:
    """One firing: of which hook, when (seconds since the epoch), how long, and its calls in order.

    LEFT_OUT counts the calls and firings within it that were too many, or too deep, to be kept; it is in the root, as
    is DOUBT: why it is not known whether this firing was to be traced.
    """

    hook: str
    time: float
    started: float
    duration: float | None = None
    error: str = ""
    calls: list[CallSpan] = field(default_factory=list)
    left_out: int = 0
    doubt: str = ""


class _Tree:
    """The tree of one firing while it grows."""

    def __init__(self, root: FiringSpan) -> None:
        self._root = root
        self._left = _SPANS

    def takes(self, depth: int) -> bool:
        """Tell whether there is room for one more call or firing at DEPTH; count it as left out if not."""
        if self._left <= 0 or depth > _DEEP:
            self._root.left_out += 1
            return False
        self._left -= 1
        return True


class _Place(NamedTuple):
    """Where in which tree the code is that runs now."""

    call: CallSpan
    tree: _Tree
    depth: int


_within: ContextVar[_Place | None] = ContextVar("scirehooks_span", default=None)
_captured: ContextVar[deque[FiringSpan] | None] = ContextVar("scirehooks_captured", default=None)


def _text(value: Any) -> str:
    try:
        return repr(value)
    except Exception as error:  # noqa: BLE001 - a user's `__repr__` must not break the firing that is watched
        return f"<{type(value).__name__} whose repr failed: {type(error).__name__}>"


def _brief(value: Any, limit: int = _BRIEF) -> str:
    text = _text(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _said(error: BaseException) -> str:
    try:
        text = f"{type(error).__name__}: {error}"
    except Exception:  # noqa: BLE001 - a user's `__str__` must not break the firing that is watched
        text = type(error).__name__
    return text if len(text) <= _BRIEF else text[: _BRIEF - 1] + "…"


# -- what a call changes in the payload

_Found = dict[tuple[Any, ...], Any]  # by path: the name of the payload's value, then (what, key) for each step inside


def _inside(value: Any) -> Iterable[tuple[str, Any, Any]]:
    """Yield what can be changed in place in VALUE: items, or fields, each as what it is, its key and its value."""
    if isinstance(value, dict):
        yield from (("item", key, item) for key, item in islice(value.items(), _LOOKED_AT))
    elif isinstance(value, list):
        yield from (("item", index, item) for index, item in enumerate(islice(value, _LOOKED_AT)))
    elif not isinstance(value, _PLAIN):
        fields = getattr(value, "__dict__", None)
        if isinstance(fields, dict):
            yield from (("field", key, item) for key, item in fields.items())
        for cls in type(value).__mro__:
            slots = cls.__dict__.get("__slots__", ())
            for key in (slots,) if isinstance(slots, str) else slots:
                try:
                    yield "field", key, getattr(value, key)
                except AttributeError:
                    continue  # it is not set


def _fields(values: tuple[Any, ...], names: tuple[str, ...]) -> _Found:
    """Return what can be changed in place in the payload: fields and items of its values, and items of those."""
    found: _Found = {}
    for name, value in zip(names, values, strict=False):
        for what, key, item in _inside(value):
            found[name, what, key] = item
            if isinstance(item, dict | list):
                found.update(((name, what, key, *step), inner) for *step, inner in _inside(item))
            if len(found) > _LOOKED_AT:
                return found
    return found


_NOTHING = object()


def _differ(before: Any, after: Any) -> bool:
    """Tell whether AFTER is another than BEFORE. By its text: `==` is the user's, and may answer anything or fail."""
    if before is after:
        return False
    if type(before) is type(after) and type(after) in _PLAIN:
        return bool(before != after)
    return type(before) is not type(after) or _text(before) != _text(after)


def _path(path: tuple[Any, ...]) -> str:
    text = str(path[0])
    for what, key in zip(path[1::2], path[2::2], strict=True):
        text += f".{key}" if what == "field" else f"[{_brief(key)}]"
    return text


def _shown(value: Any) -> str | None:
    return None if value is _NOTHING else _brief(value, 60)


def _changes(before: _Found, after: _Found) -> Iterator[Change]:
    for path in {**before, **after}:
        old, new = before.get(path, _NOTHING), after.get(path, _NOTHING)
        if _differ(old, new):
            yield Change(_path(path), _shown(old), _shown(new))


def _amendment(key: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Change:
    """Return what amending KEY changed: a value of the payload, or a field of one."""
    if key in after:
        old, new = before.get(key, _NOTHING), after[key]
        return Change(key, _shown(old), _shown(new)) if _differ(old, new) else Change(key, None, None)
    for name, new in after.items():
        old, new = getattr(before.get(name), key, _NOTHING), getattr(new, key, _NOTHING)
        if _differ(old, new):
            return Change(f"{name}.{key}", _shown(old), _shown(new))
    return Change(key, None, None)  # it was as it is now


class _Call:
    """A call being watched."""

    def __init__(self, place: _Place, step: Step, names: tuple[str, ...]) -> None:
        self._span = place.call
        self._asked = step.asked
        self._values = step.values
        self._names = names
        self._before = _fields(step.values, names)
        self._token = _within.set(place)

    def end(self, result: Failed | Any) -> None:
        """Note how the call ended."""
        span = self._span
        _within.reset(self._token)
        span.duration = time.perf_counter() - span.started
        changes = list(islice(_changes(self._before, _fields(self._values, self._names)), _CHANGES))
        if self._asked and isinstance(result, Failed) and isinstance(result.error, (Veto, Defer)):
            result = result.error  # raised or returned, a verdict is the same
        if isinstance(result, Failed):
            span.error = _said(result.error)
        elif result is SKIPPED:
            span.result = "skipped: its `when` said no, or its lease is over"
        elif self._asked and isinstance(result, (Veto, Defer)):
            span.verdict = f"{type(result).__name__.lower()}: {str(result)[:_BRIEF]}"
        elif self._asked and result is not None:
            payload, keys = result
            before = dict(zip(self._names, self._values, strict=False))
            changes += [_amendment(key, before, payload) for key in keys]
        elif result is not None:
            span.result = _brief(result)
        span.changes = tuple(changes)


class Tracer:
    """Watches one firing, in its TREE, DEPTH firings inside the root."""

    def __init__(self, span: FiringSpan, names: tuple[str, ...], tree: _Tree, depth: int) -> None:
        self.span = span
        self._names = names
        self._tree = tree
        self._depth = depth

    def begin(self, step: Step) -> _Call | None:
        """Watch the call that STEP asks for, if there is room for it."""
        if not self._tree.takes(self._depth):
            return None
        span = CallSpan(step.entry, time.perf_counter())
        self.span.calls.append(span)
        return _Call(_Place(span, self._tree, self._depth), step, self._names)


class Traces:
    """The last firings of the hooks being traced, each the root of a tree; memory stays bounded.

    CHANGED is called when other firings are to be watched than before.
    """

    def __init__(self, kept: int = _KEPT, *, changed: Callable[[], None] = lambda: None) -> None:
        self.firings: deque[FiringSpan] = deque(maxlen=kept)
        self.followers: list[Callable[[FiringSpan], None]] = []
        self.on = False  # whether any hook is being traced; asked at each firing in the checked shape
        self._wanted: dict[str, Callable[..., Any] | None] = {}
        self._changed = changed
        self._captures = 0
        self._counting = threading.Lock()  # several sessions may trace at once

    def _settle(self, captures: int = 0) -> None:
        with self._counting:
            self._captures += captures
            self.on = bool(self._wanted) or self._captures > 0
        self._changed()

    @property
    def wanted(self) -> dict[str, Callable[..., Any] | None]:
        """The names of the hooks being traced, each with the condition for it."""
        return dict(self._wanted)

    def start(self, hook: str, when: Callable[..., Any] | None) -> None:
        """Watch the firings of HOOK for whose payload WHEN, if given, is true."""
        self._wanted[hook] = when
        self._settle()

    def stop(self, hook: str) -> None:
        """Watch the firings of HOOK no longer."""
        self._wanted.pop(hook, None)
        self._settle()

    @contextmanager
    def capture(self) -> Iterator[deque[FiringSpan]]:
        """Watch every firing that is begun in the block; their trees are in what this yields, and nowhere else."""
        trees: deque[FiringSpan] = deque(maxlen=self.firings.maxlen)
        token = _captured.set(trees)
        self._settle(captures=1)
        try:
            yield trees
        finally:
            _captured.reset(token)
            self._settle(captures=-1)

    def _wants(
        self, hook: str, payload: Payload, values: tuple[Any, ...], extra: Mapping[str, Any]
    ) -> tuple[bool, str]:
        """Tell whether a firing of HOOK is wanted; it is when nobody can say, and then with the reason."""
        if hook not in self._wanted:
            return False, ""
        when = self._wanted[hook]
        if when is None:
            return True, ""
        try:
            args, keywords = payload.arguments(payload.shape(when), values, extra)
            return bool(when(*args, **keywords)), ""
        except Exception as error:  # noqa: BLE001 - whoever looks on must not break the firing that is watched
            return True, f"its `when` failed: {_said(error)}"

    @contextmanager
    def watch(
        self, hook: str, payload: Payload, values: tuple[Any, ...], extra: Mapping[str, Any]
    ) -> Iterator[Tracer | None]:
        """Watch a firing of HOOK: as a root if it is wanted, inside a watched call in any case."""
        inside, captured = _within.get(), _captured.get()
        if inside is not None and inside.call.duration is not None:
            inside = None  # that call has ended: this is a thread or timer begun in it
        wanted, doubt = self._wants(hook, payload, values, extra) if inside is None else (False, "")
        if inside is not None and not inside.tree.takes(inside.depth + 1):
            yield None
            return
        if inside is None and captured is None and not wanted:
            yield None
            return
        span = FiringSpan(hook, time.time(), time.perf_counter(), doubt=doubt)
        if inside is not None:
            inside.call.firings.append(span)
            tracer = Tracer(span, payload.names, inside.tree, inside.depth + 1)
        else:
            tracer = Tracer(span, payload.names, _Tree(span), 0)
        try:
            yield tracer
        except BaseException as error:
            span.error = _said(error)
            raise
        finally:
            span.duration = time.perf_counter() - span.started
            if inside is None and captured is not None:
                captured.append(span)
            if wanted:
                self._keep(span)

    def _keep(self, span: FiringSpan) -> None:
        self.firings.append(span)
        for follower in list(self.followers):
            try:
                follower(span)
            except Exception:  # noqa: BLE001 - whoever looks on must not break the firing that is watched
                self.followers.remove(follower)
                _log.exception("A trace of %s could not be shown, and is shown there no longer.", span.hook)
