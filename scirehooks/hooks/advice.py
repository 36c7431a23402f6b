"""Advice: functions wrapped around a named function (Emacs: nadvice.el).

Advice belongs to a name, not to a function object: it stays when the name is defined anew, waits while the name is
not defined, and goes when the name is taken away. Whoever calls the name, in a hook or from Python, meets it.

A name is a coroutine function as long as its function, or any advice on it, is one: whoever calls it awaits it, and
each part comes after the end of the one before it. (To refuse coroutine functions around plain ones was rejected: what
is plain today may be a coroutine function after the next reload.)
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Generator, Iterable
from typing import Any, NamedTuple

from scirehooks.errors import UndefinedFunctionError
from scirehooks.hooks.call import is_async
from scirehooks.hooks.entry import identity, label_of, meaning
from scirehooks.hooks.journal import Cells, Key
from scirehooks.hooks.owner import Owner, Place

__all__ = ["HOWS", "Advice", "AdviceCells", "advised", "how_spelt"]

Function = Callable[..., Any]
Call = tuple[Function, tuple[Any, ...], dict[str, Any]]
Rule = Callable[[Function, Function, tuple[Any, ...], dict[str, Any]], Generator[Call, Any, Any]]


# The kinds. Each yields the calls that are to be made and is sent what they gave, so that one text serves plain
# functions and coroutines.


def _around(advice: Function, inner: Function, args: Any, keywords: Any) -> Generator[Call, Any, Any]:
    return (yield advice, (inner, *args), keywords)


def _before(advice: Function, inner: Function, args: Any, keywords: Any) -> Generator[Call, Any, Any]:
    yield advice, args, keywords
    return (yield inner, args, keywords)


def _after(advice: Function, inner: Function, args: Any, keywords: Any) -> Generator[Call, Any, Any]:
    result = yield inner, args, keywords
    yield advice, args, keywords
    return result


def _override(advice: Function, inner: Function, args: Any, keywords: Any) -> Generator[Call, Any, Any]:
    return (yield advice, args, keywords)


def _before_while(advice: Function, inner: Function, args: Any, keywords: Any) -> Generator[Call, Any, Any]:
    return (yield advice, args, keywords) and (yield inner, args, keywords)


def _before_until(advice: Function, inner: Function, args: Any, keywords: Any) -> Generator[Call, Any, Any]:
    return (yield advice, args, keywords) or (yield inner, args, keywords)


def _after_while(advice: Function, inner: Function, args: Any, keywords: Any) -> Generator[Call, Any, Any]:
    return (yield inner, args, keywords) and (yield advice, args, keywords)


def _after_until(advice: Function, inner: Function, args: Any, keywords: Any) -> Generator[Call, Any, Any]:
    return (yield inner, args, keywords) or (yield advice, args, keywords)


def _filter_args(advice: Function, inner: Function, args: Any, keywords: Any) -> Generator[Call, Any, Any]:
    filtered = yield advice, (list(args),), {}
    return (yield inner, tuple(filtered), keywords)


def _filter_return(advice: Function, inner: Function, args: Any, keywords: Any) -> Generator[Call, Any, Any]:
    result = yield inner, args, keywords
    return (yield advice, (result,), {})


HOWS: dict[str, Rule] = {
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

    def advised_by(self, name: str) -> list[str]:
        """Return the targets of advice that is held by NAME, and those that these advise, by name as well."""
        by_name = [advice for _, advice in self.items() if isinstance(advice.held, str)]
        found, waiting = list[str](), [name]
        while waiting:
            held = waiting.pop()
            for advice in by_name:
                if advice.held == held and advice.target not in found:
                    found.append(advice.target)
                    waiting.append(advice.target)
        return found

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
        function = meaning(held, names)
        if not callable(function):
            raise UndefinedFunctionError(f"The advice function {held!r} is not defined.", "Define it, or remove it.")
        return function(*args, **keywords)

    return call


def _wrap(rule: Rule, advice: Function, inner: Function, waits: bool) -> Function:
    """Return INNER advised by ADVICE in the way of RULE; a coroutine function if it WAITS for one of them."""

    def run(*args: Any, **keywords: Any) -> Any:
        calls, result = rule(advice, inner, args, keywords), None
        while True:
            try:
                function, given, named = calls.send(result)
            except StopIteration as done:
                return done.value
            result = function(*given, **named)

    async def arun(*args: Any, **keywords: Any) -> Any:
        calls, result = rule(advice, inner, args, keywords), None
        while True:
            try:
                function, given, named = calls.send(result)
            except StopIteration as done:
                return done.value
            result = function(*given, **named)
            if inspect.isawaitable(result):
                result = await result

    return arun if waits else run


def advised(definition: Function, advice: Iterable[Advice], names: dict[str, Any]) -> Function:
    """Return DEFINITION wrapped in ADVICE (outermost first); a call under way is not changed by a new one.

    It is a coroutine function if DEFINITION is one, or any advice: a hook awaits it then, and nothing is left unrun.
    """
    chain = definition
    for one in reversed(list(advice)):
        meant = meaning(one.held, names) if isinstance(one.held, str) else one.held
        chain = _wrap(HOWS[one.how], _late(one.held, names), chain, is_async(meant) or is_async(chain))
    return functools.update_wrapper(chain, definition)
