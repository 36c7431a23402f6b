"""Where something is written, whose it is, and in which hooks: what `where` answers."""

from __future__ import annotations

import inspect
import os
from datetime import UTC, datetime
from typing import Any

from scirehooks.errors import UnknownNameError
from scirehooks.hooks import Command, Entry, Hook, Module, Option, Owner, Place, Record, Runtime, source_of
from scirehooks.load import Loader
from scirehooks.records import dataclass
from scirehooks.shell.answers.explanation import who
from scirehooks.shell.showing.render import Renderer
from scirehooks.shell.showing.text import Fragments, neutral
from scirehooks.shell.views import Answer, all_entries, entries_called, latest_first, place_text

__all__ = ["Use", "Whereabouts", "find_whereabouts", "place_of", "whereabouts_page"]


@dataclass(frozen=True, slots=True)
class Use:
    """A hook that a function is in: its number and depth there, for which scope, added when, by whom and where."""

    hook: str
    number: str
    depth: float
    local: str | None
    state: str
    owner: str
    added: datetime
    by: str
    place: str | None


@dataclass(frozen=True, slots=True)
class Whereabouts(Answer):
    """Where NAME is written (PLACE), whose it is, since when it is there and by whom, and the hooks that it is in.

    CHANGED says that its file is another one now than the one that was loaded; HINT what to type then.
    """

    name: str
    kind: str
    place: str | None
    owner: str
    since: datetime | None
    by: str
    changed: bool
    hint: str
    hooks: tuple[Use, ...]
    advice: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Found:
    """Something that has a name: of which KIND, where it was written, whose, since when."""

    name: str
    kind: str
    place: Place | None
    owner: Owner
    time: float | None
    entries: tuple[Entry, ...] = ()
    held: str | None = None


def find_whereabouts(runtime: Runtime, loader: Loader | None, ref: Any) -> Whereabouts:
    """Return where REF is: the name of a function, an entry's label or number, a command, a hook, an option, a module.

    Raises:
        UnknownNameError: nothing is called so.
    """
    found = _find(runtime, ref)
    changed, hint = _changed(found, loader)
    past = latest_first(runtime.journal)
    uses = tuple(_use(past, entry) for entry in found.entries)
    advice = runtime.namespace.advice.of(found.held) if found.held else ()
    by = uses[0].by if found.kind == "entry" and uses else _actor(past, found)
    return Whereabouts(
        found.name, found.kind, place_text(found.place), str(found.owner), _time(found.time), by, changed, hint, uses,
        tuple(f"{each.how} {each.label}" for each in advice),
    )  # fmt: skip


def place_of(runtime: Runtime, ref: Any) -> Place | None:
    """Return the line where REF is written, as `find_whereabouts` finds it; None if it is in no file."""
    return _find(runtime, ref).place


def _find(runtime: Runtime, ref: Any) -> _Found:
    if not isinstance(ref, str):
        return _of_object(runtime, ref)
    if ref in runtime.commands and "_" not in ref:
        return _of_command(runtime, runtime.commands[ref])
    if ref in runtime.hooks:
        return _of_hook(runtime.hooks[ref])
    if ref in runtime.namespace:
        return _of_name(runtime, ref, runtime.namespace[ref])
    if entries := entries_called(runtime, ref):
        return _of_entries(entries[0].label if ref.startswith("#") else ref, entries)
    if ref.startswith("#"):
        raise UnknownNameError("entry", ref, hint="describe-hook shows the numbers of a hook's entries.")
    if ref in runtime.commands:
        return _of_command(runtime, runtime.commands[ref])
    if ref in runtime.options:
        return _of_option(runtime.options[ref])
    if ref in runtime.modules:
        return _of_module(runtime.modules[ref])
    known = [*runtime.commands, *runtime.hooks, *runtime.namespace, *(entry.label for entry in all_entries(runtime))]
    raise UnknownNameError("function, command or hook", ref, known, f"Try: apropos {ref}")


def _of_object(runtime: Runtime, found: Any) -> _Found:
    if isinstance(found, Entry):
        return _of_entries(found.label, (found,))
    if isinstance(found, Hook):
        return _of_hook(found)
    if isinstance(found, Module):
        return _of_module(found)
    if isinstance(found, Option):
        return _of_option(found)
    command = next((each for each in runtime.commands.values() if each.function == found), None)
    if command is not None:
        return _of_command(runtime, command)
    held = runtime.namespace.held(found)
    if isinstance(held, str):
        return _of_name(runtime, held, found)
    entries = tuple(entry for entry in all_entries(runtime) if entry.function is found or entry.held == found)
    if entries:
        return _of_entries(entries[0].label, entries)
    name = str(getattr(found, "__qualname__", None) or type(found).__qualname__)
    return _Found(name, "function", source_of(found), runtime.owners.default, None)


def _of_entries(name: str, entries: tuple[Entry, ...]) -> _Found:
    first = entries[0]
    return _Found(name, "entry", first.source or first.place, first.owner, first.time, entries, first.name)


def _of_command(runtime: Runtime, command: Command) -> _Found:
    entries = tuple(entry for entry in all_entries(runtime) if entry.function == command.function)
    layer = runtime.namespace.definition(command.variable)
    return _Found(
        command.name, "command", command.place, command.owner, layer.time if layer else None, entries, command.variable
    )


def _of_hook(hook: Hook) -> _Found:
    return _Found(hook.name, "hook", hook.place, hook.owner, None)


def _of_option(option: Option[Any]) -> _Found:
    return _Found(option.name, "option", option.place, option.owner, None)


def _of_module(module: Module) -> _Found:
    return _Found(module.name, "module", Place(module.file, 1), module.owner, None)


def _of_name(runtime: Runtime, name: str, value: Any) -> _Found:
    layer = runtime.namespace.definition(name)
    entries = tuple(entry for entry in all_entries(runtime) if entry.name == name or entry.function is value)
    owner = layer.owner if layer else runtime.owners.default
    place = source_of(value) or _place_of_class(value) or (layer.place if layer else None)
    kind = "function" if callable(value) else "variable"
    return _Found(name, kind, place, owner, layer.time if layer else None, entries, name)


def _place_of_class(found: Any) -> Place | None:
    """Return where the class FOUND is written; None if it is none, or in no file."""
    if not isinstance(found, type):
        return None
    try:
        return Place(inspect.getfile(found), inspect.getsourcelines(found)[1])
    except (OSError, TypeError):
        return None


def _use(past: list[Record], entry: Entry) -> Use:
    record = who(past, entry, "add-hook")
    added = datetime.fromtimestamp(int(entry.time), UTC)
    local = None if entry.local is None else str(entry.local)
    state = "undefined" if entry.function is None else entry.state
    by, place = record.actor if record else "", place_text(entry.place)
    return Use(entry.hook, f"#{entry.number}", entry.depth, local, state, str(entry.owner), added, by, place)


def _actor(past: list[Record], found: _Found) -> str:
    """Return on whose behalf FOUND was put there, as far as the journal knows, whose records are PAST."""
    for record in past:
        if record.owner == found.owner and record.actor and str(record.key) in (found.name, found.held):
            return record.actor
    return ""


def _time(time: float | None) -> datetime | None:
    return None if time is None else datetime.fromtimestamp(int(time), UTC)


def _changed(found: _Found, loader: Loader | None) -> tuple[bool, str]:
    """Tell whether the file of FOUND is another one than was loaded, and what to type then."""
    if found.place is None or found.place.file.startswith("<"):
        return False, ""
    file = found.place.file
    if loader is not None and loader.door.knows(file):
        if not loader.door.changed(file):
            return False, ""
        return True, f"reload {found.owner.name}" if found.owner.kind in ("module", "init") else ""
    try:
        newer = found.time is not None and os.stat(file).st_mtime > found.time
    except OSError:
        return False, ""  # in an archive, say
    return newer, ""


def whereabouts_page(view: Whereabouts, renderer: Renderer, width: int) -> Fragments:
    """Return VIEW: the place first, for it is what is copied; below it the hooks."""
    place = view.place or "(in no file)"
    result: Fragments = [("heading", neutral(view.name)), ("", f"  {view.kind}\n"), ("place", f"  {neutral(place)}\n")]
    since = f" since {renderer.cell(view.since)}" if view.since else ""
    result.append(("", f"  of {neutral(view.owner)}{since}{f', by {neutral(view.by)}' if view.by else ''}\n"))
    if view.changed:
        result.append(("warning", "  The file has changed since it was loaded."))
        result += [("", " Type: "), ("name", neutral(view.hint))] if view.hint else []
        result.append(("", "\n"))
    for each in view.advice:
        result.append(("", f"  advised: {neutral(each)}\n"))
    if view.hooks:
        rows = [
            {
                "in": use.hook,
                "number": use.number,
                "depth": use.depth,
                "for": use.local,
                "state": "" if use.state == "active" else use.state,
                "added": use.added,
                "by": use.by,
                "at": use.place,
            }
            for use in view.hooks
        ]
        result += renderer.table(rows, width, "  ")
    return result
