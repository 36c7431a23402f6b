"""What the live state differs in from what the init scripts give.

State is layers by owner, so this is a question about them: which cells would show something else without the layers
of sessions? Nobody has to remember what was typed, and a change that was taken back is none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from scirehooks.hooks import ABSENT, BUILTIN, Advice, Declaration, Entry, Module, Owner, Runtime
from scirehooks.hooks.entries import EntryCells
from scirehooks.hooks.journal import Cells, Key, Layer
from scirehooks.records import dataclass
from scirehooks.values import Values

__all__ = ["Change", "Difference", "Saved", "by_session", "changes", "told", "touched"]

_KINDS = ("hook", "alias", "request", "option", "option value", "advice", "entry", "command")


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference: what was added, moved, set …; NOTE says why it cannot be saved."""

    kind: str
    change: str
    subject: str
    before: str = ""
    after: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Saved:
    """What was saved: the differences, the files that were written, and what could not be saved, with the reason."""

    differences: tuple[Difference, ...]
    files: tuple[Path, ...]
    not_saved: tuple[Difference, ...]


class Change(NamedTuple):
    """A cell that shows LIVE and would show BASE without what was typed; ABSENT is nothing."""

    cells: Cells
    key: Key
    base: Any
    live: Any


def by_session(runtime: Runtime) -> Callable[[Owner], bool]:
    """Return what tells whether an owner is a session of RUNTIME; the program that it is part of is none."""
    return lambda owner: owner.kind == "session" and owner != runtime.owners.default


def touched(runtime: Runtime, counts: Callable[[Owner], bool], kinds: Iterable[str] = _KINDS) -> Iterator[Change]:
    """Yield every cell in which an owner that COUNTS has a layer, whether that makes a difference or not."""
    for cells in list(runtime.journal.kinds):
        if cells.kind not in kinds:
            continue
        for key in cells.keys():  # noqa: SIM118 - the cells' own method: a hook's cells are nested by scope
            stack = [layer for layer in cells.stack(key) if not _set_aside(layer)]
            if any(counts(layer.owner) for layer in stack):
                yield Change(cells, key, _shown(layer for layer in stack if not counts(layer.owner)), _shown(stack))


def changes(
    runtime: Runtime,
    counts: Callable[[Owner], bool],
    given: Mapping[tuple[int, Key], tuple[Cells, Any]] | None = None,
) -> list[Change]:
    """Return the cells that would show something else without the layers of owners that COUNT.

    GIVEN is what some cells are known to show after a restart, whoever put it there.
    """
    known = dict(given or {})
    found = []
    for change in touched(runtime, counts):
        cells, base = known.pop((id(change.cells), change.key), (change.cells, change.base))
        found.append(change._replace(cells=cells, base=base))
    for (_, key), (cells, base) in known.items():
        if cells.kind in _KINDS:  # what was typed has been taken back since it was saved
            stack = [layer for layer in cells.stack(key) if not _set_aside(layer)]
            found.append(Change(cells, key, base, _shown(stack)))
    return [change for change in found if not _same(change.base, change.live) and _counts(change, runtime)]


def _set_aside(layer: Layer) -> bool:
    """Tell whether LAYER is a quarantine, which comes and goes by itself and is nobody's wish."""
    return layer.owner == BUILTIN and isinstance(layer.value, Entry) and layer.value.state == "quarantined"


def _shown(layers: Iterable[Layer]) -> Any:
    value: Any = ABSENT
    for layer in layers:
        value = layer.value
    return value


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, Entry) and isinstance(other, Entry):
        # Not the objects: a reload makes others of the same number.
        return (one.number, one.order, one.state) == (other.number, other.order, other.state)
    return one is other or (type(one) is type(other) and bool(one == other))


def _counts(change: Change, runtime: Runtime) -> bool:
    """Tell whether CHANGE is about something that can be seen."""
    if isinstance(change.cells, EntryCells):
        return change.cells.hook in runtime.hooks
    if change.cells.kind == "option value":
        return change.key in runtime.options  # its module may have been unloaded
    if isinstance(change.live, Module):
        return change.live.name in runtime.modules  # somebody wanted it, but it has gone
    return True


def told(change: Change, runtime: Runtime, values: Values) -> list[Difference]:
    """Return CHANGE in words; one cell may differ in several ways."""
    base, live, kind = change.base, change.live, change.cells.kind
    if isinstance(change.cells, EntryCells):
        return _told_of_entry(change.cells.hook, base, live)
    if kind == "request":
        return [Difference("module", "loaded" if base is ABSENT else "unloaded", str(change.key))]
    if kind == "option value":
        option = runtime.options[change.key]
        before, after = (
            str(values.to_json(option.default if value is ABSENT else value, option.type)) for value in (base, live)
        )
        return [Difference("option", "set", str(change.key), before, after)]
    subject = change.cells.subject(change.key).removeprefix(f"{kind} ")
    if kind == "advice":
        subject = f"{(live or base).label} on {change.key[0]}"
    what = "added" if base is ABSENT else "removed" if live is ABSENT else "changed"
    return [Difference(kind, what, subject, _text(base), _text(live))]


def _told_of_entry(hook: str, base: Any, live: Any) -> list[Difference]:
    some = live or base
    subject = f"{some.label} in {hook}" + (f" for {some.local}" if some.local is not None else "")
    if base is ABSENT or live is ABSENT or base.number != live.number:
        return [
            *([Difference("entry", "removed", subject, before=_text(base))] if base is not ABSENT else []),
            *([Difference("entry", "added", subject, after=_text(live))] if live is not ABSENT else []),
        ]
    found = []
    if base.order != live.order:
        again = ", anew" if base.depth == live.depth else ""
        found.append(Difference("entry", "moved", subject, f"depth {base.depth:g}", f"depth {live.depth:g}{again}"))
    if base.state != live.state:
        word = {"active": "enabled", "disabled": "disabled"}.get(live.state, live.state)
        found.append(Difference("entry", word, subject, base.state, live.state))
    return found


def _text(value: Any) -> str:
    if isinstance(value, Entry):
        return f"depth {value.depth:g}" + (f", {value.state}" if value.state != "active" else "")
    if isinstance(value, Advice):
        return f"{value.how}, depth {value.depth:g}"
    if isinstance(value, Declaration):
        return f"{value.payload} {value.mode}, {value.on_error}"
    return value if isinstance(value, str) else ""
