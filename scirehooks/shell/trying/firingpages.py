"""How firing for testing looks: a firing, a forecast with its plan, a replay with its differences."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from scirehooks.hooks import Verdict
from scirehooks.shell.showing.render import Page, Renderer, indented
from scirehooks.shell.showing.text import Fragments, cells, neutral, pad
from scirehooks.shell.trying.firingview import Fired, Forecast, Planned, Replayed, Someone
from scirehooks.shell.trying.traceview import FiringView, Trees, firing_page, tree, trees_page
from scirehooks.shell.views import VerdictView, clock_text

__all__ = ["FIRING_PAGES"]


def _fired(fired: Fired, renderer: Renderer, width: int) -> Fragments:
    result: Fragments = [("", _head(fired, renderer) + "\n")]
    for view in fired.trace:
        result += tree(view)
    if fired.verdict:
        result += _verdict(fired.verdict, renderer, width) + _not_run(fired)
    else:
        result += _called(fired) + _not_run(fired) + _failed(fired.failed)
    if fired.error:
        result.append(("error", f"It ended with {neutral(fired.error)}\n"))
    if fired.result is not None:
        result += [("key", "Result: "), *renderer.render(fired.result, width, python=True)]
    return result + _plan(fired.plan, renderer, dry=fired.dry_run) + _unknown(fired.unknown)


def _head(fired: Fired, renderer: Renderer) -> str:
    payload = ", ".join(
        f"{key}={renderer.cell(value)}{' (made up)' if key in fired.sampled else ''}"
        for key, value in fired.payload.items()
    )
    how = ", in a dry run" if fired.dry_run else ""
    how += ", in a transaction that was rolled back" if fired.rolled_back else ""
    return f"Fired {fired.hook}" + (f" with {payload}" if payload else "") + how + "."


def _called(fired: Fired) -> Fragments:
    names = ", ".join(neutral(name) for name in fired.functions)
    if names:
        return [("", f"Functions: {names}.\n")]
    passed_over = fired.not_run or fired.unknown
    return [("dim", "Nothing was called.\n" if passed_over else "It is empty: nothing was called.\n")]


def _not_run(fired: Fired) -> Fragments:
    return [("warning", f"Not run: {neutral(', '.join(fired.not_run))}.\n")] if fired.not_run else []


def _failed(failed: Iterable[str]) -> Fragments:
    return [("warning", f"Failed: {neutral(each)}\n") for each in failed]


def _verdict(verdict: VerdictView, renderer: Renderer, width: int) -> Fragments:
    result: Fragments = []
    if verdict.amended:
        result.append(("warning", f"Amended: {neutral(', '.join(verdict.amended))}.\n"))
    if verdict.allowed:
        result.append(("good", "Allowed.\n"))
    else:
        result.append(("error", f"Refused by {neutral(verdict.refused_by or '?')}: {neutral(verdict.reason)}\n"))
    if verdict.not_asked:
        result.append(("dim", f"Not asked after that: {neutral(', '.join(verdict.not_asked))}.\n"))
    return result + _failed(verdict.failed)


def _verdict_object(verdict: Verdict, renderer: Renderer, width: int) -> Fragments:
    return _verdict(VerdictView.of(verdict), renderer, width)


def _plan(plan: tuple[Planned, ...], renderer: Renderer, *, dry: bool = True) -> Fragments:
    """Return what would be done: by the operation, then by functions, with whom."""
    if not plan:
        return []
    acts = [neutral(each.act) for each in plan]
    column = max(cells(act) for act in acts)
    result: Fragments = [("heading", "It would do:\n" if dry else "It did:\n")]
    for act, each in zip(acts, plan, strict=True):
        words = ", ".join(f"{key}={renderer.cell(value)}" for key, value in each.arguments.items() if value is not None)
        result += [("name", f"  {pad(act, column) if words or each.by else act}"), ("", f"  {words}" if words else "")]
        result += [("dim", f"  by {neutral(str(each.by))}" if each.by else ""), ("", "\n")]
    return result


def _unknown(unknown: tuple[Someone, ...]) -> Fragments:
    """Return who was not run, since nobody knows whether he would act."""
    if not unknown:
        return []
    result: Fragments = [("heading", "Unknown, not run:\n")]
    for each in unknown:
        about = f": {each.about}" if each.about else ""
        result += [("warning", f"  {neutral(str(each))}"), ("dim", f" in {each.hook}{neutral(about)}\n")]
    return result


def _forecast(view: Forecast, renderer: Renderer, width: int) -> Fragments:
    result: Fragments = []
    if view.answer == "refused":
        result.append(("error", f"Refused by {neutral(str(view.refused_by or '?'))}: {neutral(view.reason)}\n"))
        if view.retry_after is not None:
            result.append(("", f"It may be tried again in {view.retry_after:g} s.\n"))
    else:
        result.append(("good", "Allowed.\n" if not view.unknown else "Allowed, as far as that is known.\n"))
    if view.warning:
        result.append(("warning", f"{neutral(view.warning)}\n"))
    for each in view.amended:
        value = renderer.cell(each.value) or "nothing"
        result.append(("warning", f"Amended by {neutral(str(each.by))}: {neutral(each.field)}, {value}\n"))
    if view.not_asked:
        names = ", ".join(neutral(str(each)) for each in view.not_asked)
        result.append(("dim", f"Not asked after that: {names}.\n"))
    return result + _failed(view.failed) + _plan(view.plan, renderer) + _unknown(view.unknown)


def _replayed(view: Replayed, renderer: Renderer, width: int) -> Fragments:
    head = f"Event {view.seq}, {view.operation} {view.subject}, of {clock_text(view.time)}\n"
    result: Fragments = [("heading", head)]
    for fired in view.firings:
        result += indented(_fired(fired, renderer, width and width - 2), "  ")
    for hook in view.unrecorded:
        result.append(("dim", f"How functions of {hook} fared then was not recorded.\n"))
    if not view.differences:
        return [*result, ("good", "Nothing differs from then.\n")]
    result.append(("heading", "What differs from then:\n"))
    rows: list[dict[str, Any]] = [
        {"hook": each.hook, "function": each.function, "then": each.then, "now": each.now} for each in view.differences
    ]
    return result + renderer.table(rows, width, "  ")


FIRING_PAGES: dict[type, Page] = {
    Fired: _fired,
    FiringView: firing_page,
    Forecast: _forecast,
    Replayed: _replayed,
    Trees: trees_page,
    Verdict: _verdict_object,
    VerdictView: _verdict,
}
