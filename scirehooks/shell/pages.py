"""How the shell's own answers look: hooks with their order first, firings, verdicts, help."""

from __future__ import annotations

import difflib
from datetime import timedelta
from typing import Any

from scirehooks.hooks import Entry, Hook, Runtime, Verdict
from scirehooks.load import Saved
from scirehooks.shell.cells import one_line
from scirehooks.shell.markdown import markdown
from scirehooks.shell.render import Columns, Page, Renderer, indented
from scirehooks.shell.text import Fragments, cells, clip, neutral, pad
from scirehooks.shell.views import (
    CommandView,
    EntryView,
    Fired,
    FunctionView,
    HookRow,
    HookView,
    Match,
    Note,
    OptionView,
    Overview,
    Topic,
    VerdictView,
)
from scirehooks.values import Values

__all__ = ["COLUMNS", "PAGES", "entry_page"]

_RULES = {
    "all": "every function is called; results do not count",
    "until_success": "functions are called until one result is true",
    "until_failure": "functions are called until one result is false",
    "fold": "the first field goes through every function; None leaves it as it is",
    "ask": "each function is asked: nothing means no objection, a mapping amends, Veto or Defer refuses",
}
_ERRORS = {
    "raise": "the first error ends the firing and is raised where the hook was fired",
    "isolate": "an error is reported and the other functions still run",
    "refuse": "an error is a refusal",
}


def _hook(view: HookView, renderer: Renderer, width: int) -> Fragments:
    result: Fragments = [("heading", view.name + "\n")]
    result += _order(view.order, renderer, width)
    result += [("", "\n"), ("key", "rule      "), ("", f"{view.rule}: {_RULES.get(view.rule, '')}\n")]
    result += [("key", "on error  "), ("", f"{view.on_error}: {_ERRORS.get(view.on_error, '')}\n")]
    fields = ", ".join(f"{field.name} ({field.type})" for field in view.payload)
    result += [("key", "payload   "), ("", f"{fields or 'none'}\n")]
    if view.amend:
        result += [("key", "amend     "), ("", f"{', '.join(view.amend)}\n")]
    result += [("key", "declared  "), ("", view.owner), ("place", f" {view.place or ''}\n")]
    return [*result, ("", "\n"), *markdown(view.doc, width)] if view.doc else result


def _order(order: tuple[EntryView, ...], renderer: Renderer, width: int) -> Fragments:
    """Return the table of functions: the order they run in is what one looks for."""
    if not order:
        return [("dim", "  No functions.\n")]
    columns = [
        {
            "": entry.position,
            "function": entry.function,
            "depth": entry.depth,
            "for": entry.local,
            "state": "" if entry.state == "active" else entry.state,
            "owner": entry.owner,
            "where": entry.source or entry.added,
            "number": entry.number,
        }
        for entry in order
    ]
    return indented(renderer.table(columns, width and width - 2), "  ")


def _hook_object(hook: Hook, renderer: Renderer, width: int) -> Fragments:
    """Show what is in a hook whose variable was typed."""
    order = tuple(EntryView.of(entry, number) for number, entry in enumerate(hook.entries(), 1))
    return [("heading", hook.name + "\n"), *_order(order, renderer, width)]


def entry_page(runtime: Runtime) -> Page:
    """Return what says where an entry stands in RUNTIME, as `add-hook` and `remove-hook` answer it."""
    return lambda entry, renderer, width: _entry(entry, runtime)


def _entry(entry: Entry, runtime: Runtime) -> Fragments:
    result: Fragments = [("name", neutral(entry.label)), ("", f" ({f'#{entry.number}'}, depth {entry.depth:g})")]
    if entry.local is not None:
        result.append(("", f" for {neutral(str(entry.local))}"))
    if entry.function is None and entry.name is not None and _is_gone(entry, runtime):
        result.append(("", " is removed"))  # whether it is defined matters no more
    elif entry.function is None and entry.name is not None:
        close = difflib.get_close_matches(entry.name, entry.globals, 1, cutoff=0.75)
        result.append(("warning", " is not defined yet" + (f"; did you mean {close[0]}?" if close else "")))
    return [*result, ("", "\n")]


def _is_gone(entry: Entry, runtime: Runtime) -> bool:
    hook = runtime.hooks.get(entry.hook)
    return hook is None or all(each.key != entry.key for each in hook.entries(entry.local))


def _fired(fired: Fired, renderer: Renderer, width: int) -> Fragments:
    payload = ", ".join(f"{key}={renderer.cell(value)}" for key, value in fired.payload.items())
    head = f"Fired {fired.hook}" + (f" with {payload}" if payload else "")
    result: Fragments = [("", head + (", in a transaction that was rolled back" if fired.rolled_back else "") + ".\n")]
    if fired.verdict:
        return result + _verdict(fired.verdict, renderer, width) + _not_run(fired)
    result += _called(fired) + _not_run(fired) + _failed(fired.failed)
    if fired.result is not None:
        result += [("key", "Result: "), *renderer.render(fired.result, width, python=True)]
    return result


def _called(fired: Fired) -> Fragments:
    names = ", ".join(neutral(name) for name in fired.functions)
    if names:
        return [("", f"Functions: {names}.\n")]
    return [("dim", "Nothing was called.\n" if fired.not_run else "It is empty: nothing was called.\n")]


def _not_run(fired: Fired) -> Fragments:
    return [("warning", f"Not run: {neutral(', '.join(fired.not_run))}.\n")] if fired.not_run else []


def _failed(failed: tuple[str, ...]) -> Fragments:
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


def _command(view: CommandView, renderer: Renderer, width: int) -> Fragments:
    result: Fragments = [("usage", view.usage + "\n"), ("", "\n"), *markdown(view.doc, width)]
    typed = [field for field in view.parameters if field.type]
    if typed:
        column = max(cells(field.name) for field in typed)
        result.append(("", "\n"))
        for field in typed:
            result += [("key", f"  {pad(field.name, column)}"), ("", f"  {neutral(field.type)}\n")]
    if view.place and view.owner != "scirehooks":
        result += [("", "\n"), ("place", f"From {view.owner}, {view.place}\n")]
    return [*result, ("", "\n"), *_topic(view.topic, renderer, width)] if view.topic else result


def _function(view: FunctionView, renderer: Renderer, width: int) -> Fragments:
    result: Fragments = [("usage", f"{view.name}{view.signature}\n")]
    if view.place:
        result.append(("place", f"{view.place}\n"))
    return [*result, ("", "\n"), *markdown(view.doc, width)] if view.doc else result


def _topic(topic: Topic, renderer: Renderer, width: int) -> Fragments:
    return markdown(topic.text, min(width, 100))


def _overview(view: Overview, renderer: Renderer, width: int) -> Fragments:
    """Return two lists: what one can read, and what one can type."""
    column = max((cells(match.name) for match in (*view.topics, *view.commands)), default=0)
    result: Fragments = [("heading", "Topics"), ("dim", "  (help TOPIC)\n"), *_lines(view.topics, column, width)]
    result += [("", "\n"), ("heading", "Commands"), ("dim", "  (help COMMAND)\n")]
    result += _lines(view.commands, column, width)
    result += [("", "\n"), ("dim", "Whatever is no command is Python. apropos WORD searches everything.\n")]
    return result


def _lines(matches: tuple[Match, ...], column: int, width: int) -> Fragments:
    result: Fragments = []
    for match in matches:
        doc = clip(match.doc, width - column - 4) if width else match.doc
        result += [("name", f"  {pad(match.name, column)}"), ("", f"  {doc}\n")]
    return result


def _note(note: Note, renderer: Renderer, width: int) -> Fragments:
    return [("dim", neutral(note) + "\n")]


def _saved(saved: Saved, renderer: Renderer, width: int) -> Fragments:
    """Name the files that were written, and then what is not in them: whoever saves wants to find it again."""
    result: Fragments = [("", f"Saved in {neutral(str(file))}.\n") for file in saved.files]
    for each in saved.not_saved:
        what = " ".join((each.kind, each.subject, each.change))
        result.append(("warning", f"Not saved: {neutral(what)}: {neutral(each.note)}\n"))
    return result or [("dim", "There is nothing to save.\n")]


def _typed(value: Any) -> Any:
    """Return the VALUE of an option as `set-option` takes it: Python writes an hour as 1:00:00."""
    return one_line(value, Values()) if isinstance(value, timedelta) else value


PAGES: dict[type, Page] = {
    CommandView: _command,
    Fired: _fired,
    FunctionView: _function,
    Hook: _hook_object,
    HookView: _hook,
    Note: _note,
    Overview: _overview,
    Saved: _saved,
    Topic: _topic,
    Verdict: _verdict_object,
    VerdictView: _verdict,
}

COLUMNS: dict[type, Columns] = {
    HookRow: lambda row: {"hook": row.name, "functions": row.functions, "about": row.doc},
    OptionView: lambda view: {
        "option": view.name,
        "value": f"{_typed(view.value)} {view.unit}".strip(),
        "about": view.doc,
    },
}
