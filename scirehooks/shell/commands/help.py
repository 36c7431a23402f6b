"""Commands that explain: help, apropos; and the one that ends."""

from __future__ import annotations

import builtins
import inspect
import re
from collections.abc import Iterator
from typing import Any

from scirehooks.errors import UnknownNameError, UsageError
from scirehooks.hooks import Command, Hook, Option, Runtime, command, source_of
from scirehooks.shell.answers.manual import Manual
from scirehooks.shell.line.form import Form, provided_by
from scirehooks.shell.line.names import FunctionName, HelpWord, OptionName
from scirehooks.shell.session import Session
from scirehooks.shell.showing.cells import one_line
from scirehooks.shell.views import (
    CommandView,
    FieldView,
    FunctionView,
    HookView,
    Match,
    OptionView,
    Overview,
    Topic,
    entries_called,
    place_text,
    summary,
)
from scirehooks.values import Values

__all__ = ["HelpCommands"]


class HelpCommands:
    """The commands that explain what is there."""

    def __init__(self, runtime: Runtime, values: Values) -> None:
        self._runtime = runtime
        self._values = values
        self._manual = Manual()

    @command
    def help(self, word: HelpWord = HelpWord("")) -> object:
        """Explain WORD; alone, list the topics and the commands.

        WORD is a command, a hook, an option, a module, a function, or a topic of the manual.

        Example: help describe-hook
        """
        if not isinstance(word, str):
            return self._object(word)
        if not word:
            return self._overview()
        found = self._lookup(word)
        if found is None:
            topics = " or ".join(f"help {name}" for name in self._manual.about(word))
            if topics:
                raise UnknownNameError("help for", word, (), f"See {topics}.")
            raise UnknownNameError("help for", word, self._known(), f"Try: apropos {word}")
        return found

    @command
    def apropos(self, word: str) -> list[Match]:
        """List whatever has WORD in its name or first line, or in the manual.

        Commands, hooks, options, modules and functions are searched, and all the text of the topics of the manual.

        Example: apropos failure
        """
        wanted = word.lower()
        spelt = wanted.replace("_", "-")
        topics = {topic.name for topic in self._manual.holding(word)}
        return [
            match
            for match in self._everything()
            if spelt in match.name.replace("_", "-").lower()
            or wanted in match.doc.lower()
            or (match.kind == "topic" and match.name in topics)
        ]

    @command
    def describe_command(self, command: Command) -> CommandView:
        """Show how COMMAND is used: its words, its options, their types.

        Example: describe-command add-hook
        """
        found: Any = command  # from Python it may be the name
        return self._command(self._runtime.commands[found] if isinstance(found, str) else found)

    @command
    def describe_option(self, option: OptionName) -> OptionView:
        """Show OPTION: what it is for, its value, its default, its type and unit.

        Example: describe-option quiet-hours
        """
        return OptionView.of(self._runtime.options[option], self._values)

    @command
    def describe_function(self, function: FunctionName) -> FunctionView:
        """Show what FUNCTION takes, what it does, and where it is written.

        Example: describe-function no_tests
        """
        given: Any = function  # from Python it may be the function itself
        found = self._called(given) if isinstance(given, str) else given
        if found is None:
            raise UnknownNameError("function", str(function), self._runtime.namespace, f"Try: apropos {function}")
        if not callable(found):
            raise UsageError(f"{function} is no function.", f"Look at it in Python: {function}")
        return self._function(found)

    def _called(self, name: str) -> Any:
        """Return what is called NAME: a name, the label of a function in a hook, or one of Python's own functions."""
        if name in self._runtime.namespace:
            return self._runtime.namespace[name]
        functions = (entry.function for entry in entries_called(self._runtime, name))
        return next((each for each in functions if each is not None), getattr(builtins, name, None))

    @command
    def quit(self, status: int = 0) -> None:
        """Leave the shell, with exit STATUS.

        Example: quit 0
        """
        raise SystemExit(status)

    @command
    def exit(self, status: int = 0) -> None:
        """Leave the shell, as `quit` does.

        Example: exit 0
        """
        raise SystemExit(status)

    def candidates(self) -> list[Match]:
        """Return what `help` can be asked, for completion."""
        return list(self._everything())

    def _lookup(self, word: str) -> object:
        """Return the page for WORD; that of a command brings the topic of the same name with it."""
        if word in self._runtime.commands:
            return self._command(self._runtime.commands[word])
        if word in self._runtime.hooks:
            return HookView.of(self._runtime.hooks[word], self._values)
        if word in self._runtime.options:
            return OptionView.of(self._runtime.options[word], self._values)
        if word in self._manual.names():
            return self._manual.topic(word)
        if word in self._runtime.modules:
            module = self._runtime.modules[word]
            return Topic(word, summary(module.doc), module.doc)
        found = self._called(word)
        return None if found is None else self._object(found)

    def _object(self, found: Any) -> object:
        """Return the page of a Python object."""
        if isinstance(found, Hook):
            return HookView.of(found, self._values)
        if isinstance(found, Option):
            return OptionView.of(found, self._values)
        for each in self._runtime.commands.values():
            if each.function == found:
                return self._command(each)
        return self._function(found)

    def _function(self, found: Any) -> FunctionView:
        name = getattr(found, "__qualname__", None) or type(found).__name__
        try:
            signature = str(inspect.signature(found)) if callable(found) else ""
        except (TypeError, ValueError):
            signature = "(…)"
        return FunctionView(str(name), signature, inspect.getdoc(found) or "", place_text(source_of(found)))

    def _command(self, found: Command) -> CommandView:
        form = Form(found, provided_by(self._values, {Session: None}))  # as any session fills it in
        parameters = tuple(
            FieldView(
                slot.option if slot.kind == "option" else slot.metavar,
                "flag" if slot.flag else self._values.type_name(slot.annotation),
                slot.required,
                "" if slot.flag or slot.default is inspect.Parameter.empty else one_line(slot.default, self._values),
            )
            for slot in form.slots
            if slot.kind not in ("provided", "fields")
        )
        doc = found.doc
        for slot in form.slots:  # in the text as in the usage: NOT-BEFORE, for --not-before
            doc = re.sub(rf"\b{slot.name.upper()}\b", slot.metavar, doc)
        topic = self._manual.topic(found.name) if found.name in self._manual.names() else None
        place = place_text(found.place)
        return CommandView(found.name, form.usage, parameters, doc, str(found.owner), place, topic)

    def _overview(self) -> Overview:
        everything = list(self._everything())
        return Overview(
            tuple(match for match in everything if match.kind == "topic"),
            tuple(match for match in everything if match.kind == "command"),
        )

    def _known(self) -> list[str]:
        return [match.name for match in self._everything()]

    def _everything(self) -> Iterator[Match]:
        for name in self._manual.names():
            yield Match("topic", name, self._manual.topic(name).title)
        for command_ in sorted(self._runtime.commands.values(), key=lambda each: each.name):
            yield Match("command", command_.name, command_.summary)
        for hook in sorted(self._runtime.hooks.values(), key=lambda each: each.name):
            yield Match("hook", hook.name, summary(hook.doc))
        for option in sorted(self._runtime.options.values(), key=lambda each: each.name):
            yield Match("option", option.name, option.doc)
        for module in self._runtime.modules.values():
            yield Match("module", module.name, summary(module.doc))
        shown = {command_.variable for command_ in self._runtime.commands.values()}
        for name, value in sorted(self._runtime.namespace.items()):
            if inspect.isroutine(value) and name not in shown and not name.startswith("_"):
                yield Match("function", name, summary(inspect.getdoc(value) or ""))
