"""Marks: how the author of a module says what it offers, without doing anything.

A mark only notes something on a function; nothing happens until the file is loaded and `Runtime.define` applies all
marks of it in one journal transaction. So reading a file changes nothing, and what it offers can be taken back.
"""

from __future__ import annotations

import functools
import inspect
import logging
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Generic, NamedTuple, ParamSpec, TypeVar, get_type_hints, overload

from scirehooks.errors import ValueFormatError
from scirehooks.hooks.carried import Carried, carry
from scirehooks.hooks.declaration import hyphenated, variable
from scirehooks.hooks.owner import BUILTIN, Owner, Place
from scirehooks.records import dataclass

__all__ = [
    "Command",
    "Effect",
    "Mark",
    "Option",
    "command",
    "effect",
    "marks_of",
    "on",
    "option",
    "planned_instead",
    "planning",
    "taking_turn",
]

_log = logging.getLogger("scirehooks")

T = TypeVar("T")
P = ParamSpec("P")
F = TypeVar("F", bound=Callable[..., Any])

_MARKS = "__scirehooks_marks__"


class Mark(NamedTuple):
    """One mark on a function: `on` (a hook and add_hook's keywords) or `command` (its name)."""

    kind: str
    name: str
    keywords: dict[str, Any]


def marks_of(function: object) -> tuple[Mark, ...]:
    """Return the marks on FUNCTION in the order they are written, the topmost first."""
    found = getattr(function, _MARKS, ())
    return found if isinstance(found, tuple) else ()


def _mark(function: F, mark: Mark) -> F:
    setattr(function, _MARKS, (mark, *marks_of(function)))
    return function


def on(hook: str, depth: float = 0, **keywords: Any) -> Callable[[F], F]:
    """Mark a function to be put into HOOK at DEPTH when its file is loaded; KEYWORDS are those of `add_hook`.

    Example:
        >>> @on("post-client-add-hook", depth=10)
        ... def tell_root(client): ...
        >>> marks_of(tell_root)[0].name
        'post-client-add-hook'

    Raises:
        TypeError: HOOK is no name, as where the mark is written `@on` alone.
    """
    if not isinstance(hook, str):
        raise TypeError('@on needs the name of a hook: @on("post-client-add-hook").')
    return lambda function: _mark(function, Mark("on", hook, {"depth": depth, **keywords}))


@overload
def command(function: F, /) -> F: ...
@overload
def command(name: str, /, *, fresh: bool = False) -> Callable[[F], F]: ...
@overload
def command(*, fresh: bool = False) -> Callable[[F], F]: ...
def command(function_or_name: Any = None, /, *, fresh: bool = False) -> Any:
    """Mark a function as a command: typing its name, with hyphens, calls it (Emacs: interactive).

    Positional parameters are words, keyword-only ones `--options`, a bool `--flag`, `*args` the rest. FRESH says that
    it builds on what its user has seen last: typed after somebody else has changed something, it is refused.

    Example:
        >>> @command
        ... def tell_joke(topic: str, *, loud: bool = False) -> str: ...
        >>> marks_of(tell_joke)[0].name
        'tell-joke'
    """

    def mark(function: F) -> F:
        name = function_or_name if isinstance(function_or_name, str) else hyphenated(function.__name__)
        return _mark(function, Mark("command", name, {"fresh": fresh}))

    return mark(function_or_name) if callable(function_or_name) else mark


class Command:
    """A function that can be called by typing its name."""

    def __init__(
        self, name: str, function: Callable[..., Any], owner: Owner, place: Place | None, *, fresh: bool = False
    ) -> None:
        self.name = name
        self.fresh = fresh
        self.function = function
        self.owner = owner
        self.place = place
        self.doc = inspect.getdoc(function) or ""

    @property
    def variable(self) -> str:
        """The command's name in Python."""
        return variable(self.name)

    @property
    def summary(self) -> str:
        """The first line of its documentation."""
        return self.doc.partition("\n")[0]

    @functools.cached_property
    def parameters(self) -> tuple[inspect.Parameter, ...]:
        """What it takes, with the annotations resolved."""
        signature = inspect.signature(self.function)
        hints = get_type_hints(inspect.unwrap(self.function), include_extras=True)
        return tuple(p.replace(annotation=hints.get(p.name, Any)) for p in signature.parameters.values())

    def __repr__(self) -> str:
        return f"<Command {self.name}>"


@dataclass(eq=False)
class Option(Generic[T]):
    """A documented variable (Emacs: defcustom); read it with `.value`, set it with `set-option`."""

    type: type[T] | Any
    default: T
    unit: str = ""
    doc: str = ""
    name: str = ""
    owner: Owner = BUILTIN
    place: Place | None = None

    def __post_init__(self) -> None:
        self._read: Callable[[], T] = lambda: self.default

    @property
    def value(self) -> T:
        """What it is set to now."""
        return self._read()

    def read_with(self, read: Callable[[], T]) -> None:
        """Take the value from READ from now on; the runtime does this when the option is defined."""
        self._read = read

    def check(self, value: Any) -> T:
        """Return VALUE if the option may hold it.

        Raises:
            ValueFormatError: it is of another type.
        """
        if isinstance(self.type, type) and self.type is not Any:  # a class, since Python 3.11
            fits = isinstance(value, self.type) and (self.type is bool or not isinstance(value, bool))
            if not fits and not (self.type is float and isinstance(value, int) and not isinstance(value, bool)):
                raise ValueFormatError(self.name, self.type.__name__, repr(value))
        return value  # type: ignore[no-any-return]  # checked above, or by whoever converted it

    def __repr__(self) -> str:
        return f"<Option {self.name}={self.value!r}>"


def option(type: type[T] | Any, default: T, *, unit: str = "", doc: str = "", name: str = "") -> Option[T]:
    """Declare an option of TYPE; on loading it is called after the module and the variable: `notify-limit`.

    Example:
        >>> LIMIT = option(int, 5, unit="messages", doc="Most messages a minute.")
        >>> LIMIT.value
        5
    """
    return Option(type, default, unit, doc, name)


class Effect(NamedTuple):
    """An act on the world that a dry run recorded instead of doing it."""

    name: str
    arguments: dict[str, Any]


class _Plan(NamedTuple):
    """Where effects are written down: all in EFFECTS, and in TURN those of whoever is being called."""

    effects: list[Effect]
    turn: list[Effect]
    over: threading.Event  # set when the dry run has ended: what comes then was begun in it, by a timer, say


_plan: ContextVar[_Plan | None] = ContextVar("scirehooks_plan", default=None)
_PLANS = Carried(lambda: _plan.get() is not None, pools=True)


@overload
def effect(function: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Coroutine[Any, Any, T | None]]: ...
@overload
def effect(function: Callable[P, T]) -> Callable[P, T | None]: ...
def effect(function: Callable[P, Any]) -> Callable[P, Any]:
    """Mark a function as an act on the world: in a dry run it is written down instead of done, and gives None.

    Example:
        >>> @effect
        ... def send(to, text): print("sent")
        >>> with planning() as plan:
        ...     send("root", text="hello")
        >>> plan[0].arguments
        {'to': 'root', 'text': 'hello'}
    """
    signature = inspect.signature(function)
    name = getattr(function, "__qualname__", repr(function))

    def planned(*args: P.args, **keywords: P.kwargs) -> bool:
        if _plan.get() is None:
            return False  # told apart here: binding costs more than the rest
        return planned_instead(name, dict(signature.bind(*args, **keywords).arguments))

    @functools.wraps(function)
    def act(*args: P.args, **keywords: P.kwargs) -> Any:
        return None if planned(*args, **keywords) else function(*args, **keywords)

    @functools.wraps(function)
    async def act_later(*args: P.args, **keywords: P.kwargs) -> Any:
        return None if planned(*args, **keywords) else await function(*args, **keywords)

    return act_later if inspect.iscoroutinefunction(function) else act


def planned_instead(name: str, arguments: dict[str, Any]) -> bool:
    """Write the act NAME with ARGUMENTS down if this is a dry run, and say whether it is; for what is no function.

    Example:
        >>> with planning() as plan:
        ...     planned_instead("restart", {"unit": "cron"})
        True
        >>> planned_instead("restart", {"unit": "cron"})
        False
    """
    plan = _plan.get()
    if plan is None:
        return False
    effect = Effect(name, arguments)
    plan.turn.append(effect)
    plan.effects.append(effect)
    if plan.over.is_set():
        _log.warning("%s is not done: a dry run, which has ended, began the thread or timer that calls it", name)
    return True


@contextmanager
def planning() -> Iterator[list[Effect]]:
    """Make the block a dry run: what is marked `@effect` is recorded in the list this yields.

    Threads that are started in it, and what it gives to a ThreadPoolExecutor, are part of it, however long they last.
    """
    carry(_PLANS)
    plan = _Plan([], [], threading.Event())
    token = _plan.set(plan)
    try:
        yield plan.effects
    finally:
        _plan.reset(token)
        plan.over.set()


@contextmanager
def taking_turn() -> Iterator[list[Effect]]:
    """Record what the block causes in a dry run in the list this yields, too: whoever is called there is to blame."""
    turn: list[Effect] = []
    plan = _plan.get()
    token = _plan.set(plan and plan._replace(turn=turn))
    try:
        yield turn
    finally:
        _plan.reset(token)
