"""The order of a hook's functions: by depth, then as Emacs orders ties, then by what was asked for by name.

Among equal depths a new function goes before the others, above depth 0 behind them (Emacs: `add-hook`). `before=` and
`after=` then order entries of equal depth; those that say nothing keep their place. `explain_order` says as data why
each stands where it does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Literal

from scirehooks.errors import OrderError
from scirehooks.hooks.entry import Entry
from scirehooks.records import dataclass

__all__ = ["OrderRule", "Placed", "arrange", "check_constraints", "explain_order", "rank"]

OrderRule = Literal["depth", "newest-first", "newest-last", "by-name"]


@dataclass(frozen=True, slots=True)
class Placed:
    """Why ENTRY stands where it does: the RULE that decided, and its EQUALS, the others of its depth.

    BEFORE and AFTER are those of its equals that it was asked to run before and after, by itself or by them; MISSING
    are the names that it asked for and that no equal has.
    """

    entry: Entry
    rule: OrderRule
    equals: tuple[Entry, ...] = ()
    before: tuple[Entry, ...] = ()
    after: tuple[Entry, ...] = ()
    missing: tuple[str, ...] = ()


def rank(sequence: int, depth: float) -> int:
    """Return the place among equals of the entry that came as number SEQUENCE (Emacs: depth 0 and less prepends)."""
    return sequence if depth > 0 else -sequence


def arrange(entries: Iterable[Entry]) -> list[Entry]:
    """Return ENTRIES in the order they run in. Contradictions, refused when added, are passed over here."""
    ordered = sorted(entries, key=attrgetter("order"))
    if not any(entry.terms.constrained for entry in ordered):
        return ordered
    result: list[Entry] = []
    for _, group in groupby(ordered, key=lambda entry: entry.depth):
        equals = list(group)
        result += _by_name(equals) or equals
    return result


def explain_order(entries: Iterable[Entry]) -> list[Placed]:
    """Return ENTRIES in the order they run in, each with what gave it its place."""
    result: list[Placed] = []
    for _, group in groupby(arrange(entries), key=lambda entry: entry.depth):
        equals = list(group)
        first = _predecessors(equals)
        for entry in equals:
            others = tuple(other for other in equals if other is not entry)
            before = tuple(other for other in others if entry.number in first[other.number])
            after = tuple(other for other in others if other.number in first[entry.number])
            asked = dict.fromkeys((*entry.before, *entry.after))
            missing = tuple(name for name in asked if not any(_names(other, (name,)) for other in others))
            result.append(Placed(entry, _rule(entry, others, before or after), others, before, after, missing))
    return result


def _rule(entry: Entry, others: tuple[Entry, ...], asked: tuple[Entry, ...]) -> OrderRule:
    if not others:
        return "depth"
    if asked:
        return "by-name"
    return "newest-last" if entry.depth > 0 else "newest-first"


def check_constraints(entries: Iterable[Entry], hook: str) -> None:
    """Check that `before=` and `after=` of ENTRIES can all be kept.

    Raises:
        OrderError: some of them contradict each other (the cycle is named), or the depths.
    """
    ordered = sorted(entries, key=attrgetter("order"))
    if not any(entry.terms.constrained for entry in ordered):
        return  # nearly always, and what follows looks at each pair
    for entry in ordered:
        for other in ordered:
            wrong = (other.depth < entry.depth and _names(other, entry.before)) or (
                other.depth > entry.depth and _names(other, entry.after)
            )
            if wrong:
                wanted = "before" if _names(other, entry.before) else "after"
                raise OrderError(
                    f"{hook}: {entry.label} at depth {entry.depth:g} cannot run {wanted} {other.label} "
                    f"at depth {other.depth:g}.",
                    f"`{wanted}` orders functions of equal depth: give {entry.label} depth {other.depth:g}.",
                )
    for _, group in groupby(ordered, key=lambda entry: entry.depth):
        equals = list(group)
        if not _by_name(equals):
            raise OrderError(
                f"{hook}: the order asked for is a circle: {' before '.join(_cycle(equals))}.",
                "Take one of these `before`/`after` away.",
            )


def _names(entry: Entry, refs: Sequence[str]) -> bool:
    return entry.label in refs or f"#{entry.number}" in refs or (entry.name is not None and entry.name in refs)


def _predecessors(equals: list[Entry]) -> dict[int, set[int]]:
    """Return for the number of each entry the numbers of those that must run before it."""
    first: dict[int, set[int]] = {entry.number: set() for entry in equals}
    for entry in equals:
        for other in equals:
            if _names(other, entry.before):
                first[other.number].add(entry.number)
            if _names(other, entry.after):
                first[entry.number].add(other.number)
    return first


def _by_name(equals: list[Entry]) -> list[Entry]:
    """Return EQUALS with the constraints kept; empty if that cannot be.

    An entry that asks for a place moves as little as that takes; the others stay as they are among themselves. Only
    if what is asked for turns two of those round, they give way.
    """
    first = _predecessors(equals)
    sorted_out = _topological(equals, first)
    placed = [entry for entry in equals if not entry.terms.constrained]
    for entry in sorted_out:
        if entry.terms.constrained:
            numbers = [other.number for other in placed]
            low = max((numbers.index(number) + 1 for number in first[entry.number] if number in numbers), default=0)
            later = [index for index, number in enumerate(numbers) if entry.number in first[number]]
            high = min(later, default=len(placed))
            if low > high:
                return sorted_out
            natural = next((i for i, other in enumerate(placed) if other.order > entry.order), len(placed))
            placed.insert(min(max(natural, low), high), entry)
    return placed if sorted_out else []


def _topological(equals: list[Entry], first: dict[int, set[int]]) -> list[Entry]:
    """Return EQUALS so that each comes after those that must be FIRST; empty if that goes in a circle."""
    waiting, done, result = list(equals), set[int](), list[Entry]()
    while waiting:
        ready = next((entry for entry in waiting if first[entry.number] <= done), None)
        if ready is None:
            return []
        waiting.remove(ready)
        done.add(ready.number)
        result.append(ready)
    return result


def _cycle(equals: list[Entry]) -> list[str]:
    """Return the labels along one circle of constraints, of which there is one; the first is repeated at the end."""
    first = _predecessors(equals)
    by_number = {entry.number: entry for entry in equals}

    def within(number: int, path: list[int]) -> list[int]:
        if number in path:
            return [*path[path.index(number) :], number]
        for before in sorted(first[number]):
            if found := within(before, [*path, number]):
                return found
        return []

    circle = next(filter(None, (within(number, []) for number in first)))
    return [by_number[n].label for n in reversed(circle)]
