"""The table itself: which kind an annotation is, what embedders registered, what is filled in."""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime, timedelta
from enum import Enum
from inspect import Parameter
from pathlib import Path
from typing import Any, Final, Literal, NewType

from scirehooks.values import scalars
from scirehooks.values.compound import Array, OneOf, Record, Registered, Table, words_of
from scirehooks.values.kinds import Anything, Candidate, Choice, Counted, File, Flag, Kind, Length, Number, Scalar, Text
from scirehooks.values.strict_json import MAX_DEPTH, Json

__all__ = ["MISSING", "Count", "Id", "Missing", "Values"]

Id = NewType("Id", int)
"""A number that identifies something; in JSON it is a string, since PHP and JavaScript round big numbers."""

Count = NewType("Count", int)
"""A number of things, at least one: how many to show, say."""


class Missing(Enum):
    """The type of `MISSING`, so that a checker can tell it from a value that is None."""

    MISSING = "missing"


MISSING: Final = Missing.MISSING

_LISTS: Final = (list, Collection, Iterable, Sequence)
_SETS: Final[dict[Any, Callable[[list[Any]], Any]]] = {set: set, frozenset: frozenset, AbstractSet: frozenset}


class Values:
    """What is known of types; one object per application, passed to whoever reads or writes values."""

    def __init__(self) -> None:
        self._builtin: dict[Any, Kind] = {
            str: Text(str, "text", str, scalars.write_text, "sample"),
            bytes: Text(bytes, "bytes", scalars.read_bytes, scalars.write_bytes, b"sample"),
            Path: File(Path, "path", scalars.read_path, scalars.write_path, Path("sample")),
            int: Number(int, "whole number", scalars.read_whole, scalars.write_whole, 1),
            Count: Counted(int, "whole number from 1 up", scalars.read_count, scalars.write_whole, 1),
            float: Number(float, "number", scalars.read_real, scalars.write_real, 1.0),
            bool: Flag(bool, "true or false", scalars.read_flag, bool, False),
            datetime: Scalar(datetime, "time", scalars.read_time, scalars.write_time, datetime(2024, 5, 1, tzinfo=UTC)),
            timedelta: Length(timedelta, "duration", scalars.read_length, scalars.write_length, timedelta(seconds=90)),
            types.NoneType: Choice({"none": None}),
        }
        self._kinds: dict[Any, Kind] = dict(self._builtin)
        self._provided: dict[Any, Any] = {}
        self._derived: dict[Any, Kind] = {}
        self.register(Id, name="number", from_json=_id_from_json, to_json=str, sample=lambda: 0)  # nobody has it

    def register(
        self,
        type_: Any,
        *,
        name: str,
        from_word: Callable[[str], Any] | None = None,
        from_json: Callable[[Any], Any] | None = None,
        to_json: Callable[[Any], Json] | None = None,
        candidates: Callable[[str], Iterable[Candidate | str]] | None = None,
        sample: Callable[[], Any] | None = None,
    ) -> None:
        """Describe TYPE_, a class or NewType, whose NAME people know.

        FROM_WORD and FROM_JSON raise ValueError, whose text becomes the hint, or any of our own errors. CANDIDATES is
        called while somebody types: it must be quick and change nothing. What is left out is as for any such class.
        """
        base = self._builtin.get(type_) or self._derive(type_)
        functions = {
            "from_word": from_word,
            "from_json": from_json,
            "to_json": to_json,
            "candidates": candidates,
            "sample": sample,
        }
        accepts = type_ if isinstance(type_, type) else base.accepts
        self._kinds[type_] = Registered(name, accepts, base, functions)
        self._derived.clear()  # kinds made of this one were made of its predecessor

    def provide(self, type_: Any, value: Any) -> None:
        """Fill in VALUE for parameters annotated TYPE_; they are never words."""
        self._provided[type_] = value

    def provided(self, annotation: Any, default: Any = MISSING) -> Any:
        """Return what is filled in for ANNOTATION, or DEFAULT."""
        return self._provided.get(_bare(annotation), default)

    @property
    def provisions(self) -> list[Any]:
        """Everything that is filled in for some annotation."""
        return list(self._provided.values())

    def from_word(self, annotation: Any, word: str, *, field: str) -> Any:
        """Return the value of type ANNOTATION that WORD writes; FIELD names it in errors.

        Raises: ValueFormatError, or what a registered type's own reader raises.

        Example:
            >>> Values().from_word(Literal["local", "ssh"], "shs", field="transport")
            Traceback (most recent call last):
            scirehooks.errors.ValueFormatError: transport: expected one of local, ssh, got 'shs'. Did you mean 'ssh'?
        """
        return self.kind(annotation).from_word(word, field)

    def from_json(self, annotation: Any, data: Json, *, field: str) -> Any:
        """Return the value of type ANNOTATION that DATA describes; FIELD is its path, such as `client.port`.

        Raises: ValueFormatError, or what a registered type's own reader raises.
        """
        return self.kind(annotation).from_json(data, field)

    def to_json(self, value: Any, annotation: Any = None) -> Json:
        r"""Return VALUE as JSON, by ANNOTATION where that says more than the value's own class.

        What nobody described becomes `{"repr": …}`; what is nested too deeply, or in itself, is cut off.

        Example:
            >>> Values().to_json({"after": timedelta(hours=2), "raw": b"\xff"})
            {'after': '2h', 'raw': {'base64': '/w=='}}
        """
        return self.write(value, annotation, 0)

    def to_word(self, value: Any, annotation: Any = None) -> str:
        """Return VALUE as the word that `from_word` reads it from; what has a comma in it becomes JSON.

        Example:
            >>> Values().to_word([22, 80]), Values().to_word({"on": True, "after": timedelta(hours=2)})
            ('22,80', 'on=yes,after=2h')
        """
        return _word_of(self.to_json(value, annotation))

    def candidates(self, annotation: Any, prefix: str) -> list[Candidate]:
        """Return the words that begin with PREFIX and write a value of type ANNOTATION."""
        return [found for found in self.kind(annotation).candidates(prefix) if found.word.startswith(prefix)]

    def sample(self, annotation: Any) -> Any:
        """Return some value of type ANNOTATION, for firing a hook to see what happens."""
        return self.kind(annotation).sample()

    def type_name(self, annotation: Any) -> str:
        """Return what an administrator calls ANNOTATION.

        Example:
            >>> Values().type_name(list[int] | None)
            'list of whole number or none'
        """
        return self.kind(annotation).name

    # -- what kinds ask of the table

    def kind(self, annotation: Any) -> Kind:
        """Return what is known of ANNOTATION: as registered, else by how it is made."""
        bare = _bare(annotation)
        found: Kind | None = self._kinds.get(bare) or self._derived.get(bare)
        if found is None:
            found = self._derived[bare] = self._derive(bare)
        return found

    def write(self, value: Any, annotation: Any, depth: int) -> Json:
        """Write VALUE, which is DEPTH levels down, as JSON; see `to_json`."""
        kind = self.kind(Any if annotation is None else annotation)
        if isinstance(kind, Anything) or not isinstance(value, kind.accepts):
            kind = self._kind_of_value(value)
        return kind.to_json(value, depth) if depth < MAX_DEPTH or not kind.nests else repr(value)

    def _kind_of_value(self, value: Any) -> Kind:
        cls = type(value)
        if cls in self._kinds:
            return self._kinds[cls]
        if cls is object:
            return Kind("object")  # as an annotation it means anything, as a class it means nothing
        if isinstance(value, Enum) or dataclasses.is_dataclass(cls):
            return self.kind(cls)
        for base in cls.__mro__:
            if base in self._kinds:
                return self._kinds[base]
        if isinstance(value, Mapping):
            return self.kind(dict)
        if isinstance(value, list | tuple):
            return self.kind(list)
        return self.kind(frozenset if isinstance(value, AbstractSet) else cls)

    def _derive(self, annotation: Any) -> Kind:
        if annotation in (Any, object, Parameter.empty):
            return Anything(self)
        if isinstance(annotation, NewType):
            return self.kind(annotation.__supertype__)
        origin: Any = typing.get_origin(annotation) or annotation
        arguments = typing.get_args(annotation)
        if origin is Literal:
            return Choice({_word(choice): choice for choice in arguments})
        if origin in (typing.Union, types.UnionType):
            return OneOf(self, arguments)
        if origin in (dict, Mapping):
            return Table(self, *(arguments or (str, Any)))
        if origin is tuple and arguments[-1:] != (...,) and arguments:
            return Array(self, tuple, arguments, fixed=True)
        if origin in _LISTS or origin is tuple:
            return Array(self, tuple if origin is tuple else list, arguments[:1] or (Any,), fixed=False)
        if origin in _SETS:
            return Array(self, _SETS[origin], arguments or (Any,), fixed=False)
        if isinstance(origin, type) and issubclass(origin, Enum):
            return Choice({_word(member): member for member in origin})
        if isinstance(origin, type) and dataclasses.is_dataclass(origin):
            return Record(self, origin)
        return Kind(words_of(getattr(origin, "__name__", str(origin))))


def _bare(annotation: Any) -> Any:
    return annotation.__origin__ if typing.get_origin(annotation) is typing.Annotated else annotation


def _word_of(data: Json) -> str:
    """Spell DATA as a word: a list as `a,b`, an object as `a=1,b=2`, and as JSON where that would not be read back."""
    if isinstance(data, bool):
        return "yes" if data else "no"
    if isinstance(data, list):
        parts = [_word_of(item) for item in data]
        plain = parts != [""] and not any(isinstance(item, list | dict) for item in data)
    elif isinstance(data, dict):
        if data.keys() == {"repr"}:
            return str(data["repr"])  # nobody can type it
        parts = [f"{key}={_word_of(item)}" for key, item in data.items()]
        plain = not any(isinstance(item, list | dict) or not key or "=" in key for key, item in data.items())
    else:
        return "none" if data is None else str(data).removesuffix(".0" if isinstance(data, float) else "")
    if plain and not any("," in part for part in parts) and not (parts and parts[0].startswith(("[", "{"))):
        return ",".join(parts)
    return json.dumps(data, ensure_ascii=False)


def _word(choice: Any) -> str:
    """Spell a member of an Enum or Literal: text as it is, else the name, `none`, `true` or the number."""
    if isinstance(choice, Enum):
        return choice.value if isinstance(choice.value, str) else choice.name.lower().replace("_", "-")
    return choice if isinstance(choice, str) else str(choice).lower()


def _id_from_json(data: Any) -> int:
    """Read an Id: text, since a number has perhaps been rounded on its way."""
    if not isinstance(data, str):
        raise ValueError("Write it as text.")
    return scalars.read_whole(data)
