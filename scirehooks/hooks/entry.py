"""An entry: a function's place in a hook."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Hashable
from typing import Any, Literal

from scirehooks.hooks.lease import Lease
from scirehooks.hooks.owner import Owner, Place, source_of
from scirehooks.hooks.scope import Scope
from scirehooks.records import dataclass

__all__ = ["PLAIN", "Entry", "Health", "State", "Terms", "identity", "label_of", "meaning"]

State = Literal["active", "disabled", "quarantined"]


def meaning(name: str, names: dict[str, Any]) -> Any:
    """Return what NAME means in a namespace's dict NAMES, as for Python: what Python comes with included; or None."""
    return names[name] if name in names else getattr(builtins, name, None)


class _ById:
    """Stands for an unhashable function where a key is needed."""

    __slots__ = ("function",)

    def __init__(self, function: object) -> None:
        self.function = function

    def __hash__(self) -> int:
        return id(self.function)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ById) and other.function is self.function


def identity(function: object) -> Hashable:
    """Return the key under which FUNCTION is known in a hook: equal functions are the same one (Emacs: `equal`)."""
    try:
        hash(function)
    except TypeError:
        return _ById(function)
    return function


def label_of(function: object, owner: Owner) -> str:
    """Return what people call FUNCTION: its name, `module.name`, or the place of one that has no name of its own."""
    if isinstance(function, str):
        return function
    name = getattr(function, "__qualname__", None) or getattr(function, "__name__", None)
    if isinstance(name, str) and "<" not in name:
        return f"{owner.name}.{name}" if owner.kind == "module" else name
    place = source_of(function)
    return place.short if place else type(function).__name__


class Health:
    """How an entry has fared: failures in all and in a row, and the last one; shared by all later forms of it."""

    failures = 0  # on the class: most entries never fail, and then there is nothing to set
    consecutive = 0
    last = ""


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms an entry runs, beyond its depth; most have none."""

    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    timeout: float | None = None
    when: Callable[..., Any] | None = None
    dry_run: bool = False
    deliver: bool = False
    until: Lease | None = None

    @property
    def constrained(self) -> bool:
        """Whether the order among equals was asked for by name."""
        return bool(self.before or self.after)


PLAIN = Terms()


class Entry:
    """A function's place in a hook: which function, at which depth, whose, added where and when.

    Entries never change; what is done to one (moved, switched off, quarantined) makes another with the same number.
    """

    __slots__ = (
        "globals", "health", "held", "hook", "key", "label", "local", "marker", "number", "order", "owner", "place",
        "prepared", "state", "terms", "time",
    )  # fmt: skip

    def __init__(
        self, number: int, hook: str, held: Any, key: Hashable, label: str, order: tuple[float, int],
        local: Scope | None, marker: int, owner: Owner, place: Place | None, time: float, terms: Terms,
        health: Health, names: dict[str, Any], state: State = "active",
    ) -> None:  # fmt: skip
        self.number = number
        self.hook = hook
        self.held = held  # the function, or the name of it
        self.key = key
        self.label = label
        self.order = order  # the depth, and the rank among equals: smaller runs first
        self.local = local
        self.marker = marker  # the rank of GLOBAL in the local value that the entry belongs to
        self.owner = owner
        self.place = place
        self.time = time
        self.terms = terms
        self.health = health
        self.globals = names
        self.state = state
        self.prepared: tuple[Any, Any] | None = None  # what prepare.py found out about it, and for which payload

    def replace(
        self, *, order: tuple[float, int] | None = None, state: State | None = None, number: int | None = None,
        marker: int | None = None, held: Any = None, terms: Terms | None = None, label: str | None = None,
    ) -> Entry:  # fmt: skip
        """Return the entry at another place, in another state, or otherwise changed; what is not given stays."""
        return Entry(
            self.number if number is None else number, self.hook, self.held if held is None else held, self.key,
            label or self.label, order or self.order, self.local, self.marker if marker is None else marker, self.owner,
            self.place, self.time, terms or self.terms, self.health, self.globals, state or self.state,
        )  # fmt: skip

    @property
    def depth(self) -> float:
        """The depth it was added at, or moved to."""
        return self.order[0]

    @property
    def before(self) -> tuple[str, ...]:
        """What it was asked to run before."""
        return self.terms.before

    @property
    def after(self) -> tuple[str, ...]:
        """What it was asked to run after."""
        return self.terms.after

    @property
    def timeout(self) -> float | None:
        """How long it may take, in seconds."""
        return self.terms.timeout

    @property
    def when(self) -> Callable[..., Any] | None:
        """The condition on the payload under which it runs."""
        return self.terms.when

    @property
    def dry_run(self) -> bool:
        """Whether a dry run may call it."""
        return self.terms.dry_run

    @property
    def deliver(self) -> bool:
        """Whether it is called on its own, with retries, from the event log."""
        return self.terms.deliver

    @property
    def until(self) -> Lease | None:
        """When it goes by itself."""
        return self.terms.until

    @property
    def name(self) -> str | None:
        """The name that the function is held by; None if the entry holds the function itself."""
        return self.held if isinstance(self.held, str) else None

    @property
    def function(self) -> Callable[..., Any] | None:
        """The function as it is defined now; None while its name is not defined."""
        held = self.held
        if not isinstance(held, str):
            return held  # type: ignore[no-any-return]  # checked when it was added
        found = meaning(held, self.globals)
        return found if callable(found) else None

    @property
    def source(self) -> Place | None:
        """Where the function is written, `file:line`; for a program, where it is named."""
        return source_of(self.function)

    def __repr__(self) -> str:
        return f"<Entry #{self.number} {self.label} in {self.hook} at {self.depth:g}>"

    def where(self) -> str:
        """Say in a few words which entry this is: label, place and owner, for messages.

        The place is the function's own; an entry whose function is not Python's shows where it was added.
        """
        place = self.source or self.place
        return f"{self.label} ({place}, owner {self.owner})" if place else f"{self.label} (owner {self.owner})"
