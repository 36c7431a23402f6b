"""Dry runs: firing a hook, or carrying something out, without anybody acting on the world, as far as can be known.

Functions that are asked (`ask`), or that only hand on what they get (`fold`), decide and do nothing else except through
what is marked `@effect`, so they are called, and their effects are written down. Any other function is there to act:
it is called only if it was added with `dry_run=True`, and so is whatever leaves this process, as a program does.
Whoever is not called is listed as unknown: what it would have said or done, nobody can tell.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import field, replace
from types import FunctionType
from typing import Any

from scirehooks.hooks.entry import Entry, Health
from scirehooks.hooks.failures import FailedCalls, rehearsing
from scirehooks.hooks.firing import Verdict
from scirehooks.hooks.hook import Hook
from scirehooks.hooks.marks import Effect, planning, taking_turn
from scirehooks.records import dataclass

__all__ = [
    "DryFiring",
    "DryRun",
    "dry_run_of",
    "dry_running",
    "leaves_the_process",
    "offer_dry_run",
    "stand_in",
]

_DECIDING = ("ask", "fold")
_DRY_RUN = "__scirehooks_dry_run__"


def leaves_the_process(function: Any) -> bool:
    """Tell whether FUNCTION acts outside of Python (`leaves_the_process`), also behind wrappers and partials."""
    while function is not None:
        if inspect.getattr_static(function, "leaves_the_process", False) is True:
            return True
        if isinstance(function, functools.partial):
            function = function.func
        else:
            function = function.__dict__.get("__wrapped__") if type(function) is FunctionType else None
    return False


def _needs_leave(hook: Hook, entry: Entry) -> bool:
    """Tell whether a dry run of HOOK calls ENTRY only by leave, that is, if it was added with `dry_run=True`."""
    return hook.mode not in _DECIDING or entry.deliver or leaves_the_process(entry.function)


def stand_in(entry: Entry) -> Entry:
    """Return ENTRY as one may call it for testing: no failure is counted, and no call of its lease is used up."""
    terms = entry.terms if entry.until is None else replace(entry.terms, until=None)
    spare = entry.replace(terms=terms)
    spare.health = Health()
    spare.prepared = None
    return spare


@dataclass(frozen=True, slots=True)
class DryFiring:
    """One firing of a dry run: who was CALLED, who is UNKNOWN, what each planned in his TURN, and how it ended."""

    hook: str
    called: tuple[Entry, ...] = ()
    unknown: tuple[Entry, ...] = ()
    turns: tuple[tuple[Entry, list[Effect]], ...] = ()
    failed: tuple[tuple[Entry, BaseException], ...] = ()
    verdict: Verdict | None = None
    error: BaseException | None = None

    @property
    def effects(self) -> tuple[tuple[Entry, Effect], ...]:
        """Each effect with the function that caused it; a thread that one has begun may still add to them."""
        return tuple((entry, effect) for entry, effects in self.turns for effect in effects)


@dataclass(slots=True)
class DryRun:
    """What a dry run finds out: the firings in order, and what whoever carries it out adds.

    ACTS is what would be written by the operation itself; NOT_REACHED are functions of firings that never came about.
    """

    effects: list[Effect]
    failures: FailedCalls
    firings: list[DryFiring] = field(default_factory=list)
    acts: list[Effect] = field(default_factory=list)
    not_reached: list[Entry] = field(default_factory=list)
    refused: Verdict | None = None
    result: Any = None
    limited: Callable[[Iterable[Entry]], Iterable[Entry]] = iter  # gives those who are asked the time they may take

    def fire(self, hook: Hook, entries: Iterable[Entry] | None = None, /, **payload: Any) -> Any:
        """Fire HOOK with PAYLOAD by its own rules, through those of ENTRIES (default: in force) that may be called."""
        order = list(hook.in_force() if entries is None else entries)
        unknown = [
            entry for entry in order if entry.state == "active" and _needs_leave(hook, entry) and not entry.dry_run
        ]
        numbers = {entry.number for entry in unknown}
        turns: list[tuple[Entry, list[Effect]]] = []
        failed = len(self.failures)

        def those() -> Generator[Entry, None, None]:
            for entry in self.limited(order) if hook.mode == "ask" else order:
                over = entry.until is not None and entry.until.over
                if entry.number not in numbers and not over:
                    with taking_turn() as effects:
                        turns.append((entry, effects))
                        yield stand_in(entry)

        verdict, error, asked = None, None, those()
        try:
            result = hook.through(asked, **payload)
            if isinstance(result, Verdict):
                verdict = result = _as_in_earnest(result, order)
            return result
        except BaseException as raised:
            error = raised
            raise
        finally:
            asked.close()  # at once: the turn of whoever ended it is over
            if verdict is not None and verdict.refused_by is not None:
                place = _position(order, verdict.refused_by)
                turns = [turn for turn in turns if _position(order, turn[0]) <= place]
                unknown = [entry for entry in unknown if _position(order, entry) < place]
            self.firings.append(
                DryFiring(
                    hook.name,
                    tuple(entry for entry, _ in turns if entry.state == "active"),
                    tuple(unknown),
                    tuple(turns),
                    tuple(self.failures[failed:]),
                    verdict,
                    error,
                )
            )

    @property
    def unknown(self) -> tuple[tuple[str, Entry], ...]:
        """Every function that was not run although its turn came, with the name of its hook."""
        return tuple((firing.hook, entry) for firing in self.firings for entry in firing.unknown)


def _position(order: list[Entry], entry: Entry) -> int:
    return next(index for index, each in enumerate(order) if each.number == entry.number)


def _as_in_earnest(verdict: Verdict, order: list[Entry]) -> Verdict:
    """Return VERDICT in terms of the entries themselves: after a refusal nobody is asked, whoever he is."""
    own = {entry.number: entry for entry in order}
    by = own[verdict.refused_by.number] if verdict.refused_by else None
    return replace(
        verdict,
        refused_by=by,
        amended=tuple((own[entry.number], key) for entry, key in verdict.amended),
        asked=tuple(own[entry.number] for entry in verdict.asked),
        failed=tuple((own[entry.number], error) for entry, error in verdict.failed),
        not_asked=tuple(order[_position(order, by) + 1 :]) if by else (),
    )


@contextmanager
def dry_running() -> Iterator[DryRun]:
    """Make the block a dry run: `@effect`s are written down, failures counted nowhere; fire by what this yields."""
    with planning() as effects, rehearsing() as failures:
        yield DryRun(effects, failures)


def offer_dry_run(function: Callable[..., Any], dry_run: Callable[..., DryRun]) -> None:
    """Say that `would` tries FUNCTION, that of a command, by DRY_RUN, which takes the same arguments.

    Example:
        >>> def order(what): ...
        >>> offer_dry_run(order, lambda what: None)
        >>> dry_run_of(order) is not None
        True
    """
    setattr(function, _DRY_RUN, dry_run)


def dry_run_of(function: Callable[..., Any]) -> Callable[..., DryRun] | None:
    """Return what tries FUNCTION without doing it, None if nothing does."""
    found: Callable[..., DryRun] | None = getattr(function, _DRY_RUN, None)
    return found
