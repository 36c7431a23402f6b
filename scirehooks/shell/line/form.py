"""What a command may be given, read off its signature.

Positional parameters are words, keyword-only ones `--options`, booleans `--flag` or `--no-flag`, `*args` the rest, and
`**fields` takes `key=value` words. A parameter of a type that the application provides is filled in and never typed.
A positional parameter may be given as `--name value` as well, so `add-hook H F --depth 20` and `add-hook H F 20` are
the same, as they are in Python.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Sequence
from dataclasses import field
from inspect import Parameter
from typing import Any, Literal, NewType

from scirehooks.hooks import Command, Lease
from scirehooks.records import dataclass
from scirehooks.values import MISSING, Values

__all__ = ["Expected", "Form", "LineWord", "Slot", "Typed", "provided_by"]

Kind = Literal["word", "option", "rest", "fields", "provided"]


LineWord = NewType("LineWord", str)
"""A word of another command's line: `*line: LineWord` takes all that follows as it stands, options included."""


class Typed(str):
    """Text as it was typed, for a command that alone knows which type it is to have.

    From Python such a command gets the value itself; the class tells one from the other.
    """

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Slot:
    """One parameter of a command, as an administrator sees it."""

    name: str  # as in Python
    kind: Kind
    annotation: Any
    required: bool
    flag: bool
    default: Any
    value: Any = MISSING  # of a provided one

    @property
    def option(self) -> str:
        """The slot's name as an option."""
        return "--" + _spelt(self.name)

    @property
    def metavar(self) -> str:
        """What stands for a value of it in usage and help.

        Example:
            >>> Slot("not_before", "option", str, False, False, None).metavar
            'NOT-BEFORE'
        """
        return _spelt(self.name).upper()

    @property
    def shown(self) -> str:
        """The slot as usage shows it.

        Example:
            >>> Slot("depth", "option", float, False, False, 0).shown
            '[--depth DEPTH]'
        """
        metavar = self.metavar
        if self.kind == "fields":
            return "[KEY=VALUE…]"
        if self.kind == "rest":
            return f"[{metavar.removesuffix('S')}…]"
        if self.kind == "word":
            return metavar if self.required else f"[{metavar}]"
        shown = self.option if self.flag else f"{self.option} {metavar}"
        if self.flag and self.default is True:
            shown = "--no-" + shown[2:]
        return shown if self.required else f"[{shown}]"


@dataclass(frozen=True, slots=True)
class Expected:
    """What may stand at the end of a line typed so far: a value for SLOT, one of OPTIONS, and what is GIVEN already."""

    slot: Slot | None
    options: tuple[tuple[str, Slot], ...] = ()
    given: dict[str, str] = field(default_factory=dict)


class Form:
    """The slots of a command."""

    def __init__(self, command: Command, provided: Callable[[Any], Any]) -> None:
        self.command = command
        self.slots = tuple(_slot(parameter, provided) for parameter in command.parameters if _can_be_typed(parameter))
        self.positional = tuple(slot for slot in self.slots if slot.kind == "word")
        self.rest = next((slot for slot in self.slots if slot.kind == "rest"), None)
        self.fields = next((slot for slot in self.slots if slot.kind == "fields"), None)
        self.options: dict[str, Slot] = {}
        for slot in self.slots:
            # Something positional-only (as FIRE's hook) must not be taken from a field of that name.
            if slot.kind == "option" or (slot.kind == "word" and slot.name in self._by_name):
                self.options[slot.option] = slot
                if slot.flag:
                    self.options["--no-" + slot.option[2:]] = slot

    @property
    def takes_line(self) -> bool:
        """Whether what follows the name is the line of another command."""
        return self.rest is not None and self.rest.annotation is LineWord

    @property
    def _by_name(self) -> frozenset[str]:
        return frozenset(p.name for p in self.command.parameters if p.kind is not Parameter.POSITIONAL_ONLY)

    @property
    def usage(self) -> str:
        """The one-line usage: what must be given, then what may."""
        words = [slot.shown for slot in (*self.positional, self.rest, self.fields) if slot]
        options = sorted((s for s in self.slots if s.kind == "option"), key=lambda slot: not slot.required)
        return " ".join([self.command.name, *words, *(slot.shown for slot in options)])

    def expected(self, words: Sequence[str]) -> Expected:
        """Return what may follow WORDS, those that stand behind the command's name."""
        given: dict[str, str] = {}
        waiting: Slot | None = None
        free: list[str] = []
        only_words = False
        for word in words:
            if waiting:
                given[waiting.name] = word
                waiting = None
            elif word == "--" and not only_words:
                only_words = True
            elif word.startswith("--") and not only_words:
                name, equals, value = word.partition("=")
                slot = self.options.get(name)
                if slot and not slot.flag and not equals:
                    waiting = slot
                elif slot:
                    given[slot.name] = value
            else:
                free.append(word)
        if waiting:
            return Expected(waiting, (), given)
        left = [slot for slot in self.positional if slot.name not in given]
        given.update((slot.name, word) for slot, word in zip(left, free, strict=False))
        following = left[len(free)] if len(free) < len(left) else (self.rest or self.fields)
        options = () if only_words else tuple((o, s) for o, s in self.options.items() if s.name not in given)
        return Expected(following, options, given)


def _can_be_typed(parameter: Parameter) -> bool:
    """Whether a word can be written for PARAMETER: for some objects none can; such an option is for Python only."""
    members = typing.get_args(parameter.annotation) or (parameter.annotation,)
    return not any(typing.get_origin(member) is Callable or member is Lease for member in members)


def _spelt(name: str) -> str:
    """Return the parameter NAME as it is typed; Python keeps some words for itself, so `for_` is `--for`."""
    return name.rstrip("_").replace("_", "-")


def _slot(parameter: Parameter, provided: Callable[[Any], Any]) -> Slot:
    annotation = parameter.annotation
    default = parameter.default
    required = default is inspect.Parameter.empty
    flag = annotation is bool
    kind: Kind = "word"
    if parameter.kind is Parameter.VAR_POSITIONAL:
        kind, required = "rest", False
    elif parameter.kind is Parameter.VAR_KEYWORD:
        kind, required = "fields", False
    elif parameter.kind is Parameter.KEYWORD_ONLY or (flag and not required):
        kind = "option"
    value = provided(annotation)
    if value is not MISSING:
        kind = "provided"
    return Slot(parameter.name, kind, annotation, required, flag, default, value)


def provided_by(values: Values, own: dict[Any, Any]) -> Callable[[Any], Any]:
    """Return the look-up of what is filled in: OWN of the session first, then what the application provides."""
    return lambda annotation: own[annotation] if _in(annotation, own) else values.provided(annotation)


def _in(annotation: Any, own: dict[Any, Any]) -> bool:
    try:
        return annotation in own
    except TypeError:  # an annotation that cannot be hashed names no type
        return False
