"""What a YAML file says, checked as far as it can be without touching the runtime."""

from __future__ import annotations

import ast
import shlex
from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Final, Literal

from scirehooks.errors import ScireError, nearest
from scirehooks.hooks import hyphenated, variable
from scirehooks.hooks.advice import HOWS
from scirehooks.load.strict_yaml import Node
from scirehooks.records import dataclass
from scirehooks.values import Values

__all__ = ["Declarations", "HookAdvice", "HookEntry", "Setting", "declarations", "is_label"]

State = Literal["active", "disabled"]

_FILE_KEYS: Final = ("lenient", "require", "unload", "aliases", "options", "advice", "hooks")
_ENTRY_KEYS: Final = (
    "function", "program", "depth", "before", "after", "local", "timeout", "when", "dry_run", "deliver", "label",
    "state", "existing", "remove",
)  # fmt: skip
_CHANGING_KEYS: Final = ("function", "local", "depth", "state", "existing", "remove")
_ADVICE_KEYS: Final = ("function", "how", "depth", "label", "remove")


@dataclass(frozen=True, slots=True)
class HookEntry:
    """One entry under a hook: a FUNCTION by name (or the label of one that is there), or a PROGRAM.

    NODE says where it is written. DEPTH and STATE, where given, hold for an entry that is there, too.
    """

    hook: str
    node: Node
    function: str | None = None
    program: tuple[str, ...] | None = None
    depth: float | None = None
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    local: str | None = None
    timeout: float | None = None
    when: ast.expr | None = None
    dry_run: bool = False
    deliver: bool = False
    label: str | None = None
    state: State | None = None
    existing: bool = False  # it is about an entry that is there, and adds none
    remove: bool = False


@dataclass(frozen=True, slots=True)
class HookAdvice:
    """Advice on TARGET: FUNCTION wrapped around it in the way HOW, or taken off."""

    target: str
    node: Node
    function: str
    how: str = ""
    depth: float = 0
    label: str | None = None
    remove: bool = False


@dataclass(frozen=True, slots=True)
class Setting:
    """An option that is set, or another name of a hook; NODE is its value."""

    name: str
    node: Node


@dataclass(frozen=True, slots=True)
class Declarations:
    """All that one file says; hooks and advice in the order in which they are to be added.

    LENIENT: what the file speaks of and is not there (any more) is passed over and told, instead of being an error.
    """

    require: tuple[Node, ...] = ()
    unload: tuple[Node, ...] = ()
    aliases: tuple[Setting, ...] = ()
    options: tuple[Setting, ...] = ()
    advice: tuple[HookAdvice, ...] = ()
    hooks: tuple[HookEntry, ...] = ()
    lenient: bool = False


def declarations(root: Node, values: Values) -> Declarations:
    """Return what the file ROOT says.

    Raises:
        LoadError: it says something that cannot be meant, at which line and column.
    """
    top = _mapping(root, _FILE_KEYS, "a file")

    def settings(key: str) -> tuple[Setting, ...]:
        return tuple(Setting(name, node) for name, node in _named(top[key])) if key in top else ()

    aliases = settings("aliases")
    for alias in aliases:
        if not isinstance(alias.node.value, str):
            raise alias.node.error("here belongs the name of a hook.")
    return Declarations(
        require=tuple(_texts(top["require"])) if "require" in top else (),
        unload=tuple(_texts(top["unload"])) if "unload" in top else (),
        aliases=aliases,
        options=settings("options"),
        advice=tuple(_all_advice(top["advice"], values)) if "advice" in top else (),
        hooks=tuple(_entries(top["hooks"], values)) if "hooks" in top else (),
        lenient=_value(top["lenient"], bool, "lenient", values) if "lenient" in top else False,
    )


def _mapping(node: Node, known: Iterable[str], what: str) -> dict[str, Node]:
    items = dict(_items(node))
    for name in items:
        if name not in known:
            close = nearest(name, known, 1)
            hint = f"Did you mean {close[0]!r}?" if close else f"Known are {', '.join(known)}."
            raise node.keys[name].error(f"{what} has no key {name!r}.", hint)
    return items


def _items(node: Node) -> Iterable[tuple[str, Node]]:
    if node.value is None:
        return ()  # `hooks:` with nothing under it, as when its entries are commented out
    if not isinstance(node.value, dict):
        raise node.error("here belongs a mapping: `key: value`, one a line.")
    return node.value.items()


def _named(node: Node) -> Iterable[tuple[str, Node]]:
    """Return the items of NODE, whose keys are names: one and the same in either spelling, so each is there once."""
    first: dict[str, Node] = {}
    for name, value in _items(node):
        key = node.keys[name]
        if (known := first.setdefault(variable(name), key)) is not key:
            raise key.error(f"{name!r} is there twice; the first is {known.value!r} on line {known.line}.")
        yield name, value


def _list(node: Node) -> list[Node]:
    """Return the items of NODE; one alone needs no list."""
    if node.value is None:
        return []
    return node.value if isinstance(node.value, list) else [node]


def _texts(node: Node) -> list[Node]:
    for item in _list(node):
        if not isinstance(item.value, str):
            raise item.error("here belongs a name.")
    return _list(node)


def _entries(hooks: Node, values: Values) -> Iterable[HookEntry]:
    for name, node in _named(hooks):
        entries = [_entry(hyphenated(name), item, values) for item in _list(node)]
        yield from (entry for entry in entries if entry.remove)
        entries = [entry for entry in entries if not entry.remove]
        for index, entry in enumerate(entries):
            if entry.function and (entry.function, entry.local) in [(e.function, e.local) for e in entries[:index]]:
                raise entry.node.error(f"{entry.function} is listed twice under {hyphenated(name)}.")
        # They are to run in the order written. Up to depth 0 the newest of equal depth runs first, so the last one
        # is added first; above it the newest runs last.
        yield from (entry for entry in reversed(entries) if (entry.depth or 0) <= 0)
        yield from (entry for entry in entries if (entry.depth or 0) > 0)


def _entry(hook: str, node: Node, values: Values) -> HookEntry:
    if isinstance(node.value, str):
        return HookEntry(hook, node, function=_function(node))
    items = _mapping(node, _ENTRY_KEYS, "an entry")
    if ("function" in items) == ("program" in items):
        raise node.error("an entry has either a `function` or a `program`.")

    def read(key: str, annotation: Any, default: Any = None) -> Any:
        return _value(items[key], annotation, key, values) if key in items else default

    named = items["function"].value if "function" in items else None
    if read("remove", bool, False) or read("existing", bool, False) or is_label(named):
        _mapping(node, _CHANGING_KEYS, "an entry that is there")
        return HookEntry(
            hook, node, _reference(items["function"]), depth=read("depth", float), local=read("local", str),
            state=read("state", State), existing=True, remove=read("remove", bool, False),
        )  # fmt: skip
    timeout: timedelta | None = read("timeout", timedelta)
    if timeout is not None and timeout <= timedelta():
        raise items["timeout"].error("a time-out is longer than nothing.")
    return HookEntry(
        hook,
        node,
        function=_function(items["function"]) if "function" in items else None,
        program=_argv(items["program"]) if "program" in items else None,
        depth=read("depth", float),
        before=tuple(item.value for item in _texts(items["before"])) if "before" in items else (),
        after=tuple(item.value for item in _texts(items["after"])) if "after" in items else (),
        local=read("local", str),
        timeout=timeout.total_seconds() if timeout else None,
        when=_expression(items["when"]) if "when" in items else None,
        dry_run=read("dry_run", bool, False),
        deliver=read("deliver", bool, False),
        label=read("label", str),
        state=read("state", State),
    )


def _all_advice(advice: Node, values: Values) -> Iterable[HookAdvice]:
    for name, node in _named(advice):
        # The first one is to be outermost, as the newest of equal depth is.
        for item in reversed(_list(node)):
            yield _advice(variable(name), item, values)


def _advice(target: str, node: Node, values: Values) -> HookAdvice:
    items = _mapping(node, _ADVICE_KEYS, "advice")
    read = {
        key: _value(items[key], annotation, key, values)
        for key, annotation in (("how", str), ("depth", float), ("label", str), ("remove", bool))
        if key in items
    }
    if "function" not in items or (not read.get("remove") and "how" not in items):
        raise node.error("advice has a `function`, and says `how` or `remove`.", f"How is one of {', '.join(HOWS)}.")
    if "how" in items and read["how"] not in HOWS:
        raise items["how"].error(f"there is no advice {read['how']!r}.", f"It is one of {', '.join(HOWS)}.")
    return HookAdvice(target, node, _function(items["function"]), **read)


def _value(node: Node, annotation: Any, field: str, values: Values) -> Any:
    try:
        return values.from_json(annotation, node.plain(), field=field)
    except ScireError as error:
        raise node.error(str(error)) from None


def _function(node: Node) -> str:
    name = variable(node.value) if isinstance(node.value, str) else ""
    if not name.isidentifier():
        raise node.error("a function is given by its name.")
    return name


def is_label(text: object) -> bool:
    """Tell whether TEXT is the label of an entry whose function has no name: `orders.count`, `20-guard.py:14`."""
    if not isinstance(text, str) or variable(text).isidentifier():
        return False
    return any(letter in text for letter in ".:~") and " " not in text


def _reference(node: Node) -> str:
    return str(node.value) if is_label(node.value) else _function(node)


def _argv(node: Node) -> tuple[str, ...]:
    """Read a command line: a list of words, or text split as a shell would, with nothing expanded."""
    if isinstance(node.value, str):
        try:
            words = shlex.split(node.value)
        except ValueError as error:
            raise node.error(f"the command line cannot be split: {str(error).lower()}.") from None
    else:
        words = [item.value for item in _texts(node)]
    if not words or not words[0]:
        raise node.error("a program has a name.")
    return tuple(words)


def _expression(node: Node) -> ast.expr:
    if not isinstance(node.value, str):
        raise node.error("`when` is a Python expression, as text.", "Put it in quotes.")
    try:
        expression = ast.parse(node.value.strip(), node.file, mode="eval").body
    except (SyntaxError, ValueError) as error:  # ValueError: a NUL
        raise node.error(f"`when` is not a Python expression: {getattr(error, 'msg', error)}.") from None
    # Its own errors shall name the line in the YAML file.
    for part in ast.walk(expression):
        if hasattr(part, "lineno"):
            part.lineno = part.end_lineno = node.line  # type: ignore[attr-defined]  # all that have one have both
    return expression
