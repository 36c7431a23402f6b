"""What the table knows of a type that is one word, and of a choice between words.

Each sort of type is a small class with the same five questions: from a word, from JSON, to JSON, candidates, sample.
FIELD is always the path of what is read, such as `client.port`: errors name it.
"""

# ruff: noqa: D102 - the methods of a kind are the questions that `Kind` asks and explains
from __future__ import annotations

import base64
import binascii
import json
import os
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from enum import Enum
from pathlib import Path
from typing import Any, NoReturn, Protocol

from scirehooks.errors import ScireError, ValueFormatError, nearest
from scirehooks.records import dataclass
from scirehooks.values.directory import located
from scirehooks.values.strict_json import MAX_DIGITS, Json, shorten

__all__ = [
    "Anything",
    "Candidate",
    "Choice",
    "Counted",
    "File",
    "Flag",
    "Kind",
    "Length",
    "Lookup",
    "Number",
    "Scalar",
    "Text",
    "guess",
    "show",
]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A WORD that would complete what is typed, and its one-line DOC."""

    word: str
    doc: str = ""


class Lookup(Protocol):
    """The table, as a kind made of other kinds sees it."""

    def kind(self, annotation: Any) -> Kind:
        """Return what is known of ANNOTATION."""

    def write(self, value: Any, annotation: Any, depth: int) -> Json:
        """Write VALUE, which is DEPTH levels down, as JSON."""


def show(data: object) -> str:
    """Name DATA in an error: never at full length."""
    if isinstance(data, list | dict) and data:
        return "a list" if isinstance(data, list) else "an object"
    return shorten(repr(data) if isinstance(data, str) else json.dumps(data, default=repr))


def guess(name: str, known: Iterable[str]) -> str:
    """Say which of KNOWN was probably meant by NAME, or nothing."""
    close = nearest(name, known, 1)
    return f"Did you mean {close[0]!r}?" if close else ""


class Kind:
    """What the table knows of one type; the defaults are those of a type that nobody described.

    NAME says it to people. `to_json` is asked about instances of ACCEPTS only: payloads are not type-checked, and a
    value that is not what was declared is written by what it is.
    """

    accepts: type | tuple[type, ...] = ()
    nests = False  # whether values are made of others, perhaps without end

    def __init__(self, name: str) -> None:
        self.name = name

    def from_word(self, word: str, field: str) -> Any:
        """Return the value that WORD writes."""
        self.refuse(field, word, "It cannot be written as a word.")

    def from_json(self, data: Json, field: str) -> Any:
        """Return the value that DATA describes."""
        self.refuse(field, data, "It cannot be given as JSON.")

    def to_json(self, value: Any, depth: int) -> Json:
        """Return VALUE, which is DEPTH levels down, as JSON."""
        return {"repr": repr(value)}

    def candidates(self, prefix: str) -> Iterable[Candidate]:
        """Return words for what begins with PREFIX; others among them do no harm."""
        return ()

    def sample(self) -> Any:
        """Return some value of this type."""
        raise ScireError(f"There is no sample of {self.name}.", "Give the value as key=value.")

    def refuse(self, field: str, got: object, hint: str = "") -> NoReturn:
        """Say that GOT is not of this type."""
        raise ValueFormatError(field, self.name, show(got), hint)


class Scalar(Kind):
    """A type written as one word; READ turns the word into a value or raises ValueError saying why."""

    def __init__(
        self, accepts: type, name: str, read: Callable[[str], Any], write: Callable[[Any], Json], sample: Any
    ) -> None:
        super().__init__(name)
        self.accepts = accepts
        self._read, self._write, self._sample = read, write, sample

    def from_word(self, word: str, field: str) -> Any:
        try:
            return self._read(word)
        except (ValueError, OverflowError) as error:
            self.refuse(field, word, str(error))

    def from_json(self, data: Json, field: str) -> Any:
        return self.from_word(data, field) if isinstance(data, str) else self.refuse(field, data)

    def to_json(self, value: Any, depth: int) -> Json:
        return self._write(value)

    def sample(self) -> Any:
        return self._sample


class Text(Scalar):
    """Text, paths and bytes: a JSON string, or base64 where what is meant is not Unicode."""

    def from_json(self, data: Json, field: str) -> Any:
        if isinstance(data, dict) and data.keys() == {"base64"} and isinstance(coded := data["base64"], str):
            try:
                data = base64.b64decode(coded, validate=True).decode(errors="surrogateescape")
            except binascii.Error:
                raise ValueFormatError(f"{field}.base64", "base64", show(coded)) from None
        return self.from_text(data, field) if isinstance(data, str) else self.refuse(field, data)

    def from_text(self, text: str, field: str) -> Any:
        """Return what TEXT in JSON stands for."""
        return self.from_word(text, field)


class File(Text):
    """A path; files are offered as candidates."""

    def from_text(self, text: str, field: str) -> Any:
        # Only a word that somebody typed means his home by "~"; in JSON a path is exact.
        return Path(text) if text and "\0" not in text else super().from_text(text, field)

    def candidates(self, prefix: str) -> Iterable[Candidate]:
        head, tail = os.path.split(prefix)
        try:
            with os.scandir(located(Path(os.path.expanduser(head)))) as entries:
                found = sorted((entry.name, entry.is_dir()) for entry in entries)
        except OSError:
            return
        for name, is_directory in found:
            if name.startswith(tail) and (tail or not name.startswith(".")):
                yield Candidate(prefix[: len(prefix) - len(tail)] + name + "/" * is_directory)


class Number(Scalar):
    """Whole numbers and floats: compared by value in JSON, since PHP writes 1.0 as 1."""

    def from_json(self, data: Json, field: str) -> Any:
        if isinstance(data, str) and len(data) > MAX_DIGITS and self.accepts is int:
            return self.from_word(data, field)  # how `to_json` writes a number that others would round
        if isinstance(data, bool) or not isinstance(data, int | float):
            self.refuse(field, data)
        try:
            whole, real = int(data), float(data)
        except (ValueError, OverflowError):  # not a number, infinite, or beyond a float
            self.refuse(field, data)
        if self.accepts is float:
            return real
        return whole if data == whole else self.refuse(field, data)


class Counted(Number):
    """A number of things, at least one."""

    def from_json(self, data: Json, field: str) -> Any:
        count = super().from_json(data, field)
        return count if count >= 1 else self.refuse(field, data)


class Flag(Scalar):
    """True or false; in JSON nothing else than a boolean."""

    def from_json(self, data: Json, field: str) -> Any:
        return data if isinstance(data, bool) else self.refuse(field, data)

    def candidates(self, prefix: str) -> Iterable[Candidate]:
        return (Candidate("true"), Candidate("false"))


class Length(Scalar):
    """A duration; a bare JSON number counts seconds."""

    def from_json(self, data: Json, field: str) -> Any:
        if isinstance(data, int | float) and not isinstance(data, bool):
            try:
                return timedelta(seconds=data)
            except OverflowError:
                self.refuse(field, data)
        return super().from_json(data, field)


class Anything(Kind):
    """No annotation, Any or object: a word stays text, JSON stays JSON."""

    def __init__(self, values: Lookup) -> None:
        super().__init__("anything")
        self.accepts = object
        self._values = values

    def from_word(self, word: str, field: str) -> Any:
        return word

    def from_json(self, data: Json, field: str) -> Any:
        return data

    def to_json(self, value: Any, depth: int) -> Json:
        return self._values.write(value, None, depth)

    def sample(self) -> Any:
        return "sample"


class Choice(Kind):
    """Literal and Enum: one of a few words."""

    def __init__(self, choices: Mapping[str, Any]) -> None:
        super().__init__("one of " + ", ".join(choices))
        self.accepts = tuple({type(choice) for choice in choices.values()})
        self._choices = choices

    def from_word(self, word: str, field: str) -> Any:
        if word not in self._choices:
            self.refuse(field, word, guess(word, self._choices))
        return self._choices[word]

    def from_json(self, data: Json, field: str) -> Any:
        for value in self._choices.values():
            if type(value) is type(data) and value == data:
                return value
        return self.from_word(data, field) if isinstance(data, str) else self.refuse(field, data)

    def to_json(self, value: Any, depth: int) -> Json:
        if isinstance(value, Enum | bytes):
            return next((word for word, choice in self._choices.items() if choice == value), repr(value))
        plain: Json = value  # a Literal is None, a truth value, a whole number or text, and so is JSON
        return plain

    def candidates(self, prefix: str) -> Iterable[Candidate]:
        return map(Candidate, self._choices)

    def sample(self) -> Any:
        return next(iter(self._choices.values()))
