"""Traces as data, and as a tree that one reads: who was called in which firing, how long, and what came of it.

In the text, firings and calls that are alike and follow each other are folded into one line that counts them; the data
has them all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import groupby
from operator import attrgetter
from typing import TypeVar

from scirehooks.hooks import CallSpan, Change, FiringSpan
from scirehooks.records import dataclass
from scirehooks.shell.showing.render import Renderer
from scirehooks.shell.showing.text import Fragments, neutral
from scirehooks.shell.views import Answer, clock_text, place_text

__all__ = ["CallView", "FiringView", "Trees", "firing_page", "tree", "trees_page"]


@dataclass(frozen=True, slots=True)
class CallView:
    """One call: of which function, how long it took, how it ended, what it changed, and what it fired."""

    function: str
    place: str | None
    depth: float
    milliseconds: float | None
    result: str
    verdict: str
    error: str
    changed: tuple[Change, ...]
    firings: tuple[FiringView, ...]

    @classmethod
    def of(cls, span: CallSpan) -> CallView:
        """Return the view of SPAN."""
        entry = span.entry
        firings = tuple(FiringView.of(firing) for firing in span.firings)
        place = place_text(entry.source or entry.place)
        return cls(
            entry.label, place, entry.depth, _milliseconds(span.duration), span.result, span.verdict, span.error,
            span.changes, firings,
        )  # fmt: skip

    @property
    def outline(self) -> tuple[object, ...]:
        """What makes it like another, but for the time it took."""
        return (
            self.function, self.result, self.verdict, self.error, self.changed,
            tuple(firing.outline for firing in self.firings),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class FiringView(Answer):
    """One firing: of which hook, when, how long it took, and its calls; LEFT_OUT were too many to be kept.

    DOUBT says why it is not known whether the firing was to be traced.
    """

    hook: str
    time: datetime
    milliseconds: float | None
    error: str
    calls: tuple[CallView, ...]
    left_out: int
    doubt: str = ""

    @classmethod
    def of(cls, span: FiringSpan) -> FiringView:
        """Return the view of SPAN."""
        calls = tuple(CallView.of(call) for call in list(span.calls))
        when = datetime.fromtimestamp(span.time, UTC)
        return cls(span.hook, when, _milliseconds(span.duration), span.error, calls, span.left_out, span.doubt)

    @property
    def outline(self) -> tuple[object, ...]:
        """What makes it like another, but for the time it took."""
        return self.hook, self.error, self.doubt, tuple(call.outline for call in self.calls)


_View = TypeVar("_View", CallView, FiringView)


class Trees(list[FiringView]):
    """The trees of several firings, in the order in which they ended."""


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 3)


def tree(view: FiringView) -> Fragments:
    """Return VIEW as text, each call under its firing.

    Example:
        >>> call = CallView("guard", None, 0, 0.25, "", "veto: no", "", (), ())
        >>> view = FiringView("pre-order-hook", datetime.now(UTC), 0.5, "", (call,), 0)
        >>> print("".join(text for _, text in tree(view)), end="")
        pre-order-hook  0.500 ms
        └ guard  0.250 ms  veto: no
    """
    result: Fragments = [*_head(view, 1, view.milliseconds), *_calls(view.calls, "")]
    if view.left_out:
        result.append(
            ("dim", f"{view.left_out} more calls and firings in it were too many, or too deep, to be kept.\n")
        )
    return result


def _head(view: FiringView, times: int, took: float | None) -> Fragments:
    result: Fragments = [("heading", neutral(view.hook)), *_took(took, times)]
    if view.error:
        result.append(("error", f"  {_line(view.error)}"))
    if view.doubt:
        result.append(("warning", f"  {_line(view.doubt)}"))
    if not view.calls:
        result.append(("dim", "  nobody was called"))
    return [*result, ("", "\n")]


def _calls(calls: Iterable[CallView], indent: str) -> Fragments:
    result: Fragments = []
    folded = list(_folded(calls))
    for number, (call, times, took) in enumerate(folded):
        last = number == len(folded) - 1
        result += [("dim", f"{indent}{'└' if last else '├'} "), ("name", neutral(call.function)), *_took(took, times)]
        result += [*_said(call), ("", "\n")]
        inside = indent + ("  " if last else "│ ")
        firings = list(_folded(call.firings))
        for place, (firing, often, together) in enumerate(firings, 1):
            branch, below = ("└ ", "  ") if place == len(firings) else ("├ ", "│ ")
            result += [("dim", inside + branch), *_head(firing, often, together), *_calls(firing.calls, inside + below)]
    return result


def _folded(views: Iterable[_View]) -> Iterator[tuple[_View, int, float]]:
    """Yield each of VIEWS that is unlike the one before it, how often it came in a row, and how long that took."""
    for _, group in groupby(views, key=attrgetter("outline")):
        alike = list(group)
        yield alike[0], len(alike), sum(view.milliseconds or 0 for view in alike)


def _took(milliseconds: float | None, times: int) -> Fragments:
    many: Fragments = [("warning", f"  {times} times")] if times > 1 else []
    return [*many, ("dim", "  under way" if milliseconds is None else f"  {milliseconds:.3f} ms")]


def _said(call: CallView) -> Fragments:
    result: Fragments = []
    for style, text in (("error", call.error), ("warning", call.verdict)):
        if text:
            result.append((style, f"  {_line(text)}"))
    if call.result:
        result.append(
            ("", f"  {_line(call.result) if call.result.startswith('skipped') else '→ ' + _line(call.result)}")
        )
    inside = set(_changes_inside(call))
    for change in (change for change in call.changed if change not in inside):
        before, after = change.before or "nothing", change.after or "nothing"
        result.append(("warning", f"  {_line(change.field)}: {_line(before)} → {_line(after)}"))
    return result


def _changes_inside(call: CallView) -> Iterator[Change]:
    """Yield what calls within CALL changed: they say so themselves."""
    for firing in call.firings:
        for inner in firing.calls:
            yield from inner.changed
            yield from _changes_inside(inner)


def _line(text: str) -> str:
    return neutral(text).replace("\n", "\\n")


def firing_page(view: FiringView, renderer: Renderer, width: int) -> Fragments:
    """Show one tree."""
    return tree(view)


def trees_page(trees: Trees, renderer: Renderer, width: int) -> Fragments:
    """Show TREES, each with the time it began."""
    result: Fragments = []
    for view, times, _ in _folded(trees):
        result.append(("dim", f"{clock_text(view.time)}{f', and {times - 1} more like it' if times > 1 else ''}\n"))
        result += tree(view)
    return result
