"""How the shell's own answers look: hooks with their order first, firings, verdicts, help."""

from __future__ import annotations

from scirehooks.hooks import Entry, Hook
from scirehooks.load import Saved, ScriptReport
from scirehooks.load.commands import InitStatus
from scirehooks.shell.answers.explanation import Explanation, explanation_page
from scirehooks.shell.answers.status import Status, status_page
from scirehooks.shell.answers.whereabouts import Whereabouts, whereabouts_page
from scirehooks.shell.showing.cells import fields_of
from scirehooks.shell.showing.markdown import markdown
from scirehooks.shell.showing.render import Columns, Page, Renderer, indented
from scirehooks.shell.showing.text import Fragments, cells, clip, neutral, pad
from scirehooks.shell.views import (
    CommandView,
    EntryView,
    FunctionView,
    HookRow,
    HookView,
    Match,
    Note,
    OptionView,
    Overview,
    Topic,
    undefined_text,
)

__all__ = ["COLUMNS", "PAGES"]

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
            "until": str(entry.until) if entry.until else None,
            "owner": entry.owner,
            "where": entry.source or entry.added,
            "number": entry.number,
        }
        for entry in order
    ]
    return renderer.table(columns, width, "  ")


def _hook_object(hook: Hook, renderer: Renderer, width: int) -> Fragments:
    """Show what is in a hook whose variable was typed."""
    order = tuple(EntryView.of(entry, number) for number, entry in enumerate(hook.entries(), 1))
    return [("heading", hook.name + "\n"), *_order(order, renderer, width)]


def _entry(entry: Entry, renderer: Renderer, width: int) -> Fragments:
    """Say which entry it is, as Python shows it; a batch says so of one whose function is not defined."""
    result: Fragments = [("name", neutral(entry.label)), ("", f" (#{entry.number}, depth {entry.depth:g})")]
    if entry.local is not None:
        result.append(("", f" for {neutral(str(entry.local))}"))
    if undefined := undefined_text(entry):
        result.append(("warning", f" {undefined}"))
    return [*result, ("", "\n")]


def _command(view: CommandView, renderer: Renderer, width: int) -> Fragments:
    result: Fragments = [("usage", view.usage + "\n"), ("", "\n"), *markdown(view.doc, width)]
    typed = [field for field in view.parameters if field.type]
    if typed:
        column = max(cells(field.name) for field in typed)
        result.append(("", "\n"))
        for field in typed:
            default = f", {field.default} if not given" if field.default else ""
            result += [("key", f"  {pad(field.name, column)}"), ("", f"  {neutral(field.type + default)}\n")]
    if view.place and view.owner != "scirehooks":
        result += [("", "\n"), ("place", f"From {view.owner}, {view.place}\n")]
    if view.topic is None:
        return result
    rule = f"---- The topic {view.topic.name} of the manual ----"
    return [*result, ("", "\n"), ("dim", f"{neutral(rule)}\n"), ("", "\n"), *_topic(view.topic, renderer, width)]


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


def _init_status(answer: InitStatus, renderer: Renderer, width: int) -> Fragments:
    """Return the files as a table, and below it in full what is to be said of one, which no column has room for."""
    files = [script for script in answer if script.status != "absent"]
    result: Fragments = renderer.table(files, width) if files else [("dim", "No init scripts.\n")]
    for script in answer:
        if script.error:
            style = "error" if script.status == "failed" else "dim"
            about = script.file if script.status == "absent" else script.file.name
            text = f"{about}: {script.error}".rstrip("\n")
            result += indented([(style, neutral(text) + "\n")], "  ")
    return result


def _option(view: OptionView, renderer: Renderer, width: int) -> Fragments:
    """Return all about an option, what it is and would be by default as `set-option` takes it."""
    words = {"value": renderer.word(view.value), "default": renderer.word(view.default)}
    return renderer.record({**fields_of(view), **words}, width)


PAGES: dict[type, Page] = {
    CommandView: _command,
    Entry: _entry,
    Explanation: explanation_page,
    FunctionView: _function,
    Hook: _hook_object,
    HookView: _hook,
    InitStatus: _init_status,
    Note: _note,
    OptionView: _option,
    Overview: _overview,
    Saved: _saved,
    Status: status_page,
    Topic: _topic,
    Whereabouts: whereabouts_page,
}

COLUMNS: dict[type, Columns] = {
    ScriptReport: lambda report, _: {
        "file": report.file.name,
        "status": report.status,
        "ms": round(report.seconds * 1000, 1),
        "directory": report.file.parent,
    },
    HookRow: lambda row, _: {"hook": row.name, "functions": row.functions, "about": row.doc},
    OptionView: lambda view, renderer: {
        "option": view.name,
        "value": f"{renderer.word(view.value)} {view.unit}".strip(),
        "about": view.doc,
    },
}
