"""The types that words of the shell's commands have: hooks, functions, entries, options, help topics.

They are registered in the application's table of values, so that commands, `fire`, completion and `--json` treat them
alike; a module's own command gets hook names completed by annotating a parameter with `Hook`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from types import FunctionType
from typing import Any, NewType

from scirehooks.errors import ValueFormatError
from scirehooks.hooks import Command, Entry, Hook, Option, Owner, Place, Runtime, Verdict
from scirehooks.load import Loader
from scirehooks.shell.line.form import Typed
from scirehooks.shell.views import Note, VerdictView, place_text, summary
from scirehooks.values import Candidate, Values

__all__ = [
    "PAGES",
    "EditWord",
    "EntryName",
    "FunctionName",
    "HelpWord",
    "OptionName",
    "Seconds",
    "WhereWord",
    "doc_of_function",
    "register_names",
    "topic_names",
]

PAGES = Path(__file__).parents[2] / "help"
"""Where the pages of the manual are, one a topic."""

FunctionName = NewType("FunctionName", str)
"""The name of a function in the namespace, perhaps one that is not defined yet."""

EntryName = NewType("EntryName", str)
"""A function that is in the hook named before: its label, name or number `#17`."""

OptionName = NewType("OptionName", str)
"""The name of an option."""

HelpWord = NewType("HelpWord", str)
"""Anything that `help` knows."""

WhereWord = NewType("WhereWord", str)
"""What `where` finds: a function by name, label or number, a command, a hook."""

Seconds = NewType("Seconds", float)
"""A time in seconds; typed as `2s`, or as the bare number."""

EditWord = NewType("EditWord", str)
"""What `edit` opens: a function, a module, an init script, a file."""


def register_names(values: Values, runtime: Runtime) -> None:
    """Describe the shell's types in VALUES, as they are in RUNTIME."""

    def hooks(prefix: str) -> Iterable[Candidate]:
        return [Candidate(name, summary(hook.doc)) for name, hook in sorted(runtime.hooks.items())]

    def commands(prefix: str) -> Iterable[Candidate]:
        return [Candidate(name, command.summary) for name, command in sorted(runtime.commands.items())]

    def options(prefix: str) -> Iterable[Candidate]:
        return [Candidate(name, option.doc) for name, option in sorted(runtime.options.items())]

    def functions(prefix: str) -> Iterable[Candidate]:
        # Plain functions only: asking anything else whether it can be called may run somebody's code.
        found = sorted(runtime.namespace.globals.items(), key=lambda item: item[0])
        return [Candidate(n, doc_of_function(f)) for n, f in found if type(f) is FunctionType and not n.startswith("_")]

    def labels() -> Iterable[Candidate]:
        for name, hook in sorted(runtime.hooks.items()):
            for entry in hook.entries():
                yield Candidate(entry.label, f"in {name}")

    def findable(prefix: str) -> Iterable[Candidate]:
        return [*functions(prefix), *labels(), *commands(prefix), *hooks(prefix)]

    def editable(prefix: str) -> Iterable[Candidate]:
        loader: Loader | None = values.provided(Loader, None)
        if loader is not None:
            yield from (Candidate(name, "init script") for name in loader.scripts.names())
            yield from (Candidate(name, f"module {file}") for name, file in loader.available().items())
        yield from functions(prefix)
        yield from labels()

    values.register(Hook, name="hook", from_word=runtime.hooks.__getitem__, to_json=_name, candidates=hooks)
    values.register(Command, name="command", from_word=runtime.commands.__getitem__, to_json=_name, candidates=commands)
    values.register(Option, name="option", from_word=runtime.options.__getitem__, to_json=_name, candidates=options)
    values.register(OptionName, name="option", candidates=options)
    values.register(FunctionName, name="function", candidates=functions)
    values.register(WhereWord, name="function, command or hook", from_word=Typed, candidates=findable)
    values.register(EditWord, name="function, module, init script or file", from_word=Typed, candidates=editable)
    values.register(EntryName, name="function in the hook", from_word=Typed)
    values.register(Seconds, name="duration or seconds", from_word=lambda word: _seconds(word, values))
    values.register(Typed, name="value", from_word=Typed)
    values.register(Owner, name="owner", to_json=_name)
    values.register(Place, name="place", to_json=place_text)
    values.register(Entry, name="entry", to_json=lambda entry: entry.label)
    values.register(Note, name="note", to_json=lambda _note: None)
    values.register(Verdict, name="verdict", to_json=lambda verdict: values.to_json(VerdictView.of(verdict)))


def doc_of_function(function: FunctionType) -> str:
    """Return the first line of FUNCTION's documentation, else its parameters; nothing of it is run."""
    if function.__doc__:
        return summary(function.__doc__)
    code = function.__code__
    return f"({', '.join(code.co_varnames[: code.co_argcount])})"


def topic_names() -> list[str]:
    """Return the names of the topics of the manual in alphabetic order; none of them is read.

    Example:
        >>> "tour" in topic_names()
        True
    """
    pages = PAGES.iterdir() if PAGES.is_dir() else ()
    return sorted(page.name.removesuffix(".md") for page in pages if page.name.endswith(".md"))


def _seconds(word: str, values: Values) -> float:
    """Read WORD as a number of seconds, or as a duration; what a wrong one is told is how to write a duration."""
    try:
        return float(values.from_word(float, word, field="seconds"))
    except ValueFormatError:
        pass
    try:
        length: timedelta = values.from_word(timedelta, word, field="seconds")
    except ValueFormatError as error:
        raise ValueError(error.hint) from None
    return length.total_seconds()


def _name(value: Any) -> str:
    return str(value.name)
