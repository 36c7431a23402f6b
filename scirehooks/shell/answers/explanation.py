"""Why each function of a hook is where it is, and why it does not run: what `explain` answers, and how it looks."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Literal

from scirehooks.errors import HookSignatureError, UnknownNameError
from scirehooks.hooks import GLOBAL, Entry, Hook, OrderRule, Placed, Record, Runtime, explain_order
from scirehooks.records import dataclass
from scirehooks.shell.showing.render import Renderer
from scirehooks.shell.showing.text import Fragments, neutral
from scirehooks.shell.views import (
    Answer,
    LeaseView,
    by_whom,
    last_error,
    latest_first,
    meant_function,
    place_text,
    words_for,
)

__all__ = ["Explained", "Explanation", "explained", "explanation_page", "find_in", "who"]

_TIES: dict[OrderRule, str] = {
    "newest-first": "newest first",
    "newest-last": "newest last",
}
_TIE = "Of functions at the same depth the newest, added or moved, runs first up to depth 0, and last above it.\n"
_SHOWN = 3  # of the others at the same depth, in a sentence


@dataclass(frozen=True, slots=True)
class Explained:
    """Why a function is at its POSITION: the rule that decided, its equals, and what was asked for by name.

    RUNS says whether a firing would call it; if not, OBSTACLE says why, and HINT what to type. WHEN is its condition.
    In a local value the functions of the global one run where the rule is `marker`.
    """

    position: int
    function: str
    number: str
    depth: float
    rule: OrderRule | Literal["marker"]
    equals: tuple[str, ...]
    before: tuple[str, ...]
    after: tuple[str, ...]
    missing: tuple[str, ...]
    why: str
    runs: bool
    state: str
    obstacle: str
    hint: str
    when: str | None
    until: LeaseView | None
    local: str | None
    owner: str
    added: datetime | None
    by: str
    place: str | None


@dataclass(frozen=True, slots=True)
class Explanation(Answer):
    """The order of a hook, explained; ONE is the function that was asked about, if it was one."""

    hook: str
    rule: str
    on_error: str
    order: tuple[Explained, ...]
    one: Explained | None = None


def explained(runtime: Runtime, hook: Hook, function: Any = None) -> Explanation:
    """Return why the functions of HOOK stand where they do, those of single scopes last; FUNCTION is asked about.

    Raises:
        UnknownNameError: FUNCTION is in no value of HOOK.
    """
    wanted = None if function is None else find_in(hook, function)
    past = latest_first(runtime.journal)
    order: list[Explained] = []
    chosen = None
    for scope in (None, *hook.locals):
        rows = []
        for number, placed in enumerate(explain_order(hook.entries(scope)), 1):
            rows.append(_explained(placed, number, hook, past))
            if wanted is not None and placed.entry.number == wanted.number:
                chosen = rows[-1]
        if scope is not None:
            at = next((number for number, held in enumerate(hook.value(scope)) if held is GLOBAL), 0)
            rows.insert(at, _marker(str(scope)))
        order += rows
    return Explanation(hook.name, hook.mode, hook.on_error, tuple(order), chosen)


def find_in(hook: Hook, function: Any) -> Entry:
    """Return the entry FUNCTION of HOOK, of the global value if it is there, else of a scope's.

    Raises:
        UnknownNameError: it is in neither; the message says what the global value holds.
    """
    missing: UnknownNameError | None = None
    for scope in (None, *hook.locals):
        try:
            return hook.find(function, scope)
        except UnknownNameError as error:
            missing = missing or error
    assert missing is not None
    raise missing


def who(past: Iterable[Record], entry: Entry, what: str) -> Record | None:
    """Return that record of PAST, the latest first, that says who did WHAT to ENTRY; None if it has none any more."""
    for record in past:
        after = record.after
        if record.what == what and isinstance(after, Entry) and after.number == entry.number:
            return record
    return None


def _explained(placed: Placed, position: int, hook: Hook, past: list[Record]) -> Explained:
    entry = placed.entry
    state, obstacle, hint = _obstacle(entry, hook, past)
    record = who(past, entry, "add-hook")
    return Explained(
        position=position,
        function=entry.label,
        number=f"#{entry.number}",
        depth=entry.depth,
        rule=placed.rule,
        equals=_labels(placed.equals),
        before=_labels(placed.before),
        after=_labels(placed.after),
        missing=placed.missing,
        why=_why(placed),
        runs=not obstacle,
        state=state,
        obstacle=obstacle,
        hint=hint,
        when=_condition(entry),
        until=None if entry.until is None else LeaseView.of(entry.until),
        local=None if entry.local is None else str(entry.local),
        owner=str(entry.owner),
        added=datetime.fromtimestamp(int(entry.time), UTC),
        by=record.actor if record else "",
        place=place_text(entry.place),
    )


def _marker(scope: str) -> Explained:
    return Explained(
        position=0, function="(the global value)", number="", depth=0, rule="marker", equals=(), before=(), after=(),
        missing=(), why="the functions for every scope run here", runs=True, state="active", obstacle="", hint="",
        when=None, until=None, local=scope, owner="", added=None, by="", place=None,
    )  # fmt: skip


def _labels(entries: tuple[Entry, ...]) -> tuple[str, ...]:
    return tuple(entry.label for entry in entries)


def _why(placed: Placed) -> str:
    """Say in a few words what gave an entry its place."""
    if placed.rule == "depth":
        return "the only one at its depth"
    if placed.rule == "by-name":
        asked = [f"{word} {_some(_labels(them))}" for word, them in
                 (("before", placed.before), ("after", placed.after)) if them]  # fmt: skip
        return f"asked for {', '.join(asked)}"
    return f"{_TIES[placed.rule]}, among equals: {_some(_labels(placed.equals))}"


def _some(names: tuple[str, ...]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _obstacle(entry: Entry, hook: Hook, past: list[Record]) -> tuple[str, str, str]:
    """Return the state of ENTRY, why a firing does not call it (nothing if it does), and what to type."""
    if entry.state == "disabled":
        return "disabled", f"it is switched off{_by(who(past, entry, 'disable'))}", f"enable {words_for(entry)}"
    if entry.state == "quarantined":
        goes_on = "; it goes on refusing" if hook.on_error == "refuse" else ""
        failures = entry.health.consecutive
        return (
            "quarantined",
            f"it failed {failures} times in a row, last with {last_error(entry)}{goes_on}",
            f"release {words_for(entry)}",
        )
    function = entry.function
    if function is None:
        if entry.name in entry.globals:
            return "undefined", f"{entry.name} is defined, but is no function, which is an error when it is fired", ""
        meant = meant_function(entry.name or "", entry.globals)
        guess = f" (did you mean {meant}?)" if meant else ""
        return "undefined", f"nothing is called {entry.name}{guess}, which is an error when it is fired", ""
    try:
        hook.payload.shape(function)
    except HookSignatureError as error:
        return "misfit", f"it does not fit, which is an error when it is fired: {error.message.rstrip('.')}", error.hint
    if entry.until is not None and entry.until.over:
        return "expired", "its lease has ended", f"remove-hook {words_for(entry)}"
    return entry.state, "", ""


def _by(record: Record | None) -> str:
    if record is None:
        return ""
    when = datetime.fromtimestamp(record.time).strftime("%Y-%m-%d %H:%M:%S")
    return f" by {by_whom(record)} at {when}"


def _condition(entry: Entry) -> str | None:
    """Return the condition of ENTRY as it was written in YAML, else where its function is."""
    if entry.when is None:
        return None
    return entry.when.__doc__ or getattr(entry.when, "__qualname__", "a function")


# -- how it looks


def explanation_page(view: Explanation, renderer: Renderer, width: int) -> Fragments:
    """Return VIEW: the order as a table, and below it what does not run, or all about one function."""
    if view.one is not None:
        return _one(view.one, view, renderer, width)
    result: Fragments = [("heading", view.hook), ("dim", f"  {view.rule}, {view.on_error}\n")]
    if not view.order:
        return [*result, ("dim", "  No functions.\n")]
    rows = [
        {
            "": row.position or "",
            "function": row.function,
            "depth": row.depth,
            "for": row.local,
            "state": "" if row.state == "active" else row.state,
            "why it is here": row.why,
        }
        for row in view.order
    ]
    result += renderer.table(rows, width, "  ")
    if any(row.rule in _TIES for row in view.order):
        result.append(("dim", _TIE))
    for row in view.order:
        name = neutral(row.function)
        for name_asked in row.missing:
            result.append(("warning", f"{name} names {neutral(name_asked)}, which is not beside it at its depth.\n"))
        if row.when:
            result.append(("", f"{name} runs only when {neutral(row.when)}.\n"))
        if not row.runs:
            result.append(("warning", f"{name} does not run: {neutral(row.obstacle)}."))
            result += [("", " Type: "), ("name", neutral(row.hint))] if row.hint else []
            result.append(("", "\n"))
    return result


def _one(row: Explained, view: Explanation, renderer: Renderer, width: int) -> Fragments:
    last = sum(1 for other in view.order if other.local == row.local and other.rule != "marker")
    fields = {
        "position": f"{row.position} of {last}" + (f", for {row.local}" if row.local else ""),
        "depth": row.depth,
        "why": row.why,
        "not beside it": row.missing,
        "runs": "yes" if row.runs else f"no: {row.obstacle}",
        "only when": row.when,
        "until": str(row.until) if row.until else None,
        "type": row.hint,
        "owner": row.owner,
        "added": row.added,
        "by": row.by,
        "at": row.place,
        "number": row.number,
    }
    head: Fragments = [("heading", f"{neutral(row.function)} in {view.hook}\n")]
    return [
        *head,
        *renderer.record({key: value for key, value in fields.items() if value not in (None, "", ())}, width),
    ]
