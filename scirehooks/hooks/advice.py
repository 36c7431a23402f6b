"""Advice: functions wrapped around a named function (Emacs: nadvice.el).

Advice belongs to a name, not to a function object: it stays when the name is defined anew, waits while the name is
not defined, and goes when the name is taken away. Whoever calls the name, in a hook or from Python, meets it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from scirehooks.errors import UndefinedFunctionError
from scirehooks.hooks.entry import identity, label_of
from scirehooks.hooks.journal import Cells, Key
from scirehooks.hooks.owner import Owner, Place

__all__ = ["HOWS", "Advice", "AdviceCells", "advised", "how_spelt"]

Function = Callable[..., Any]


def _around(advice: Function, inner: Function) -> Function:
    return lambda *args, **keywords: advice(inner, *args, **keywords)


def _before(advice: Function, inner: Function) -> Function:
    def run(*args: Any, **keywords: Any) -> Any:
        advice(*args, **keywords)
        return inner(*args, **keywords)

    return run


def _after(advice: Function, inner: Function) -> Function:
    def run(*args: Any, **keywords: Any) -> Any:
        result = inner(*args, **keywords)
        advice(*args, **keywords)
        return result

    return run


def _override(advice: Function, inner: Function) -> Function:
    return advice


def _before_while(advice: Function, inner: Function) -> Function:
    return lambda *args, **keywords: advice(*args, **keywords) and inner(*args, **keywords)


def _before_until(advice: Function, inner: Function) -> Function:
    return lambda *args, **keywords: advice(*args, **keywords) or inner(*args, **keywords)


def _after_while(advice: Function, inner: Function) -> Function:
    return lambda *args, **keywords: inner(*args, **keywords) and advice(*args, **keywords)


def _after_until(advice: Function, inner: Function) -> Function:
    return lambda *args, **keywords: inner(*args, **keywords) or advice(*args, **keywords)


def _filter_args(advice: Function, inner: Function) -> Function:
    return lambda *args, **keywords: inner(*advice(list(args)), **keywords)


def _filter_return(advice: Function, inner: Function) -> Function:
    return lambda *args, **keywords: advice(inner(*args, **keywords))


HOWS: dict[str, Callable[[Function, Function], Function]] = {
    "around": _around,
    "before": _before,
    "after": _after,
    "override": _override,
    "before-while": _before_while,
    "before-until": _before_until,
    "after-while": _after_while,
    "after-until": _after_until,
    "filter-args": _filter_args,
    "filter-return": _filter_return,
}


def how_spelt(how: str) -> str:
    """Return HOW as HOWS spells it; `:before_while` and `before-while` are the same.

    Raises:
        ValueError: there is no such kind of advice.
    """
    spelt = how.removeprefix(":").replace("_", "-")
    if spelt not in HOWS:
        raise ValueError(f"There is no advice {how!r}; it is one of {', '.join(HOWS)}.")
    return spelt


class Advice(NamedTuple):
    """One advice: on which name, how, which function (or the name of one), where among others, whose."""

    target: str
    how: str
    held: Any
    name: str | None
    depth: float
    rank: int
    owner: Owner
    place: Place | None

    @property
    def key(self) -> Key:
        """By what it is known among the advice of its target: its name if it has one, else the function."""
        return (self.target, ("name", self.name) if self.name is not None else identity(self.held))

    @property
    def label(self) -> str:
        """What people call it."""
        return self.name or label_of(self.held, self.owner)


class AdviceCells(Cells):
    """All advice: a cell for each target and each advice on it."""

    kind = "advice"

    def __init__(self, changed: Callable[[str], None]) -> None:
        super().__init__()
        self._changed = changed

    def of(self, target: str) -> list[Advice]:
        """Return the advice on TARGET, outermost first (the newest, at equal depth)."""
        found = (value for _, value in self.items() if value.target == target)
        return sorted(found, key=lambda advice: (advice.depth, -advice.rank))

    def subject(self, key: Key) -> str:
        """Name the advice and its target."""
        value = self.value(key)
        return f"advice {value.label if isinstance(value, Advice) else key[1]} on {key[0]}"

    def changed(self, key: Key, before: Any, after: Any) -> None:
        """Let the target be called with the advice there is now."""
        self._changed(key[0])


def _late(held: Any, names: dict[str, Any]) -> Function:
    """Return a function that finds the one held by name when it is called."""
    if not isinstance(held, str):
        return held  # type: ignore[no-any-return]  # checked when it was added

    def call(*args: Any, **keywords: Any) -> Any:
        function = names.get(held)
        if not callable(function):
            raise UndefinedFunctionError(f"The advice function {held!r} is not defined.", "Define it, or remove it.")
        return function(*args, **keywords)

    return call


def advised(definition: Function, advice: Iterable[Advice], names: dict[str, Any]) -> Function:
    """Return DEFINITION wrapped in ADVICE (outermost first); a call under way is not changed by a new one."""
    chain = definition
    for one in reversed(list(advice)):
        chain = HOWS[one.how](_late(one.held, names), chain)

    @functools.wraps(definition)
    def run(*args: Any, **keywords: Any) -> Any:
        return chain(*args, **keywords)

    run.__scirehooks_advised__ = definition  # type: ignore[attr-defined]  # so that it can be told from a plain one
    return run
