"""What the table knows of types made of other types, and of types that embedders registered.

By words a list is `a,b` and a record or mapping `key=value,key=value`; where a comma or a bracket is part of a value
one writes JSON, which is known by its opening bracket.
"""

# ruff: noqa: D102 - the methods of a kind are the questions that `Kind` asks and explains
from __future__ import annotations

import dataclasses
import json
import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, TypeAlias

from scirehooks.errors import ScireError, UnknownNameError, ValueFormatError
from scirehooks.values.kinds import Candidate, Kind, Lookup, guess
from scirehooks.values.strict_json import Json, parse_json

__all__ = ["Array", "OneOf", "Record", "Registered", "Table", "words_of"]

_Read: TypeAlias = Callable[[Kind, Any, str], Any]  # (kind, part, field) -> value


def words_of(name: str) -> str:
    """Write the name of a class as people would say it.

    Example:
        >>> words_of("RunResult")
        'run result'
    """
    split = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name.replace("_", " "))
    return " ".join(split.split())


def _by_word(kind: Kind, part: Any, field: str) -> Any:
    return kind.from_word(part, field)


def _by_json(kind: Kind, part: Any, field: str) -> Any:
    return kind.from_json(part, field)


def _pairs(kind: Kind, word: str, field: str) -> dict[str, str]:
    """Split `a=1,b=2`."""
    result: dict[str, str] = {}
    for pair in word.split(",") if word else []:
        key, equals, part = pair.partition("=")
        if not equals or not key:
            kind.refuse(field, pair, "Write it like key=value,key=value.")
        if key in result:
            kind.refuse(field, pair, f"{key!r} is there twice.")
        result[key] = part
    return result


def _key(data: Json) -> str:
    return data if isinstance(data, str) else json.dumps(data)


class OneOf(Kind):
    """Optional and unions: the first kind that takes it; text last, since it would take everything."""

    def __init__(self, values: Lookup, members: Sequence[Any]) -> None:
        self._values = values
        self._optional = types.NoneType in members
        self._members = sorted((m for m in members if m is not types.NoneType), key=lambda m: m in (str, Any, object))
        names = [values.kind(member).name for member in self._members]
        super().__init__(" or ".join(names + ["none"] * self._optional))
        self.accepts = object

    def from_word(self, word: str, field: str) -> Any:
        return self._first(lambda kind: kind.from_word(word, field), field, word, self._optional and word == "none")

    def from_json(self, data: Json, field: str) -> Any:
        if data is None and self._optional:
            return None
        return self._first(lambda kind: kind.from_json(data, field), field, data, False)

    def _first(self, read: Callable[[Kind], Any], field: str, got: object, may_be_none: bool) -> Any:
        for member in self._members:
            try:
                return read(self._values.kind(member))
            except (ValueFormatError, UnknownNameError):
                # An only member explains itself best: the nearest name, or the part of it that is wrong.
                if len(self._members) == 1 and not may_be_none:
                    raise
        return None if may_be_none else self.refuse(field, got)

    def to_json(self, value: Any, depth: int) -> Json:
        if value is None:
            return None
        fits = (member for member in self._members if isinstance(value, self._values.kind(member).accepts))
        return self._values.write(value, next(fits, None), depth)

    def candidates(self, prefix: str) -> Iterable[Candidate]:
        for member in self._members:
            yield from self._values.kind(member).candidates(prefix)

    def sample(self) -> Any:
        return self._values.kind(self._members[0]).sample()


class Array(Kind):
    """Lists, tuples and sets: words between commas, or JSON after an opening bracket."""

    nests = True

    def __init__(self, values: Lookup, build: Callable[[list[Any]], Any], items: Sequence[Any], fixed: bool) -> None:
        self._values, self._build, self._items, self._fixed = values, build, items, fixed
        names = [values.kind(item).name for item in items]
        super().__init__(f"{', '.join(names)} between commas" if fixed else f"list of {names[0]}")
        self.accepts = AbstractSet if build in (set, frozenset) else (list, tuple)

    def from_word(self, word: str, field: str) -> Any:
        if word.startswith("["):
            return self.from_json(parse_json(word, field=field), field)
        words = word.split(",") if word else []
        return self._each(words, field, word, _by_word)

    def from_json(self, data: Json, field: str) -> Any:
        if not isinstance(data, list):
            self.refuse(field, data)
        return self._each(data, field, data, _by_json)

    def _each(self, parts: Sequence[Any], field: str, got: object, read: _Read) -> Any:
        if self._fixed and len(parts) != len(self._items):
            self.refuse(field, got, f"It needs {len(self._items)}, not {len(parts)}.")
        return self._build([read(self._kind_at(i), part, f"{field}[{i}]") for i, part in enumerate(parts)])

    def _kind_at(self, index: int) -> Kind:
        return self._values.kind(self._items[index] if self._fixed else self._items[0])

    def to_json(self, value: Any, depth: int) -> Json:
        # A set has no order of its own, and equal states must give equal text.
        items = sorted(value, key=repr) if isinstance(value, AbstractSet) else value
        writes = self._values.write
        kinds = self._items if self._fixed else None
        return [writes(item, kinds[i] if kinds else self._items[0], depth + 1) for i, item in enumerate(items)]

    def candidates(self, prefix: str) -> Iterable[Candidate]:
        done, comma, last = prefix.rpartition(",")
        index = done.count(",") + 1 if comma else 0
        if self._fixed and index >= len(self._items):
            return
        for found in self._kind_at(index).candidates(last):
            yield Candidate(done + comma + found.word, found.doc)

    def sample(self) -> Any:
        return self._build([self._values.kind(item).sample() for item in self._items])


class Table(Kind):
    """A mapping: `key=value` between commas, or JSON after an opening brace."""

    nests = True

    def __init__(self, values: Lookup, key: Any, item: Any) -> None:
        self._values, self._key, self._item = values, key, item
        super().__init__(f"key=value pairs between commas, each value {values.kind(item).name}")
        self.accepts = Mapping

    def from_word(self, word: str, field: str) -> Any:
        if word.startswith("{"):
            return self.from_json(parse_json(word, field=field), field)
        return self._each(_pairs(self, word, field), field, _by_word)

    def from_json(self, data: Json, field: str) -> Any:
        if data == []:  # how PHP writes an empty map
            return {}
        if not isinstance(data, dict):
            self.refuse(field, data)
        return self._each(data, field, _by_json)

    def _each(self, parts: Mapping[str, Any], field: str, read: _Read) -> dict[Any, Any]:
        key_kind, kind = self._values.kind(self._key), self._values.kind(self._item)
        return {key_kind.from_word(k, f"{field}, key"): read(kind, part, f"{field}.{k}") for k, part in parts.items()}

    def to_json(self, value: Any, depth: int) -> Json:
        writes = self._values.write
        pairs = value.items()
        return {_key(writes(key, self._key, depth)): writes(item, self._item, depth + 1) for key, item in pairs}

    def sample(self) -> Any:
        return {self._values.kind(self._key).sample(): self._values.kind(self._item).sample()}


class Record(Kind):
    """A dataclass: its fields by name, as JSON or as `field=value` between commas."""

    nests = True

    def __init__(self, values: Lookup, cls: Any) -> None:
        super().__init__(words_of(cls.__name__))
        self.accepts = cls
        self._values, self._class = values, cls
        self._fields = {field.name: field for field in dataclasses.fields(cls) if field.init}
        self._needed = [
            name
            for name, field in self._fields.items()
            if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        ]
        self._hints: dict[str, Any] = {}

    def _hint(self, name: str) -> Any:
        # Resolved late: a record may name itself, and is being described while its kind is made.
        if not self._hints:
            self._hints = typing.get_type_hints(self._class, include_extras=True)
        return self._hints.get(name, Any)

    def from_word(self, word: str, field: str) -> Any:
        if word.startswith("{"):
            return self.from_json(parse_json(word, field=field), field)
        return self._each(_pairs(self, word, field), field, _by_word)

    def from_json(self, data: Json, field: str) -> Any:
        if not isinstance(data, dict) and data != []:
            self.refuse(field, data)
        given = data if isinstance(data, dict) else {}
        return self._each(given, field, _by_json)

    def _each(self, parts: Mapping[str, Any], field: str, read: _Read) -> Any:
        for name in parts:
            if name not in self._fields:
                raise ValueFormatError(field, self.name, f"unknown field {name!r}", guess(name, self._fields))
        for name in self._needed:
            if name not in parts:
                raise ValueFormatError(f"{field}.{name}", self._values.kind(self._hint(name)).name, "nothing")
        given = {k: read(self._values.kind(self._hint(k)), part, f"{field}.{k}") for k, part in parts.items()}
        return self._class(**given)

    def to_json(self, value: Any, depth: int) -> Json:
        writes = self._values.write
        return {name: writes(getattr(value, name), self._hint(name), depth + 1) for name in self._fields}

    def candidates(self, prefix: str) -> Iterable[Candidate]:
        done, comma, last = prefix.rpartition(",")
        name, equals, word = last.partition("=")
        if not equals:
            for known in self._fields:
                yield Candidate(f"{done}{comma}{known}=", self._values.kind(self._hint(known)).name)
        elif name in self._fields:
            for found in self._values.kind(self._hint(name)).candidates(word):
                yield Candidate(f"{done}{comma}{name}={found.word}", found.doc)

    def sample(self) -> Any:
        return self._class(**{name: self._values.kind(self._hint(name)).sample() for name in self._needed})


class Registered(Kind):
    """A type that an embedder described; what it left out is as if nobody had described it."""

    def __init__(self, name: str, accepts: Any, base: Kind, given: Mapping[str, Callable[..., Any] | None]) -> None:
        super().__init__(name)
        self.accepts = accepts
        self.nests = base.nests and given["to_json"] is None
        self._base, self._given = base, given

    def from_word(self, word: str, field: str) -> Any:
        if self._given["from_word"]:
            return self._call("from_word", word, field)
        return self._based("from_word", word, field)

    def from_json(self, data: Json, field: str) -> Any:
        if self._given["from_json"]:
            return self._call("from_json", data, field)
        if isinstance(data, str) and self._given["from_word"]:
            return self.from_word(data, field)
        return self._based("from_json", data, field)

    def _call(self, what: str, data: Json, field: str) -> Any:
        function = self._given[what]
        assert function is not None
        try:
            return function(data)
        except ScireError:
            raise  # it explains itself, and its class decides the exit status
        except (ValueError, TypeError, LookupError, OverflowError) as error:
            known = [found.word for found in self.candidates("")] if isinstance(data, str) else []
            self.refuse(field, data, guess(str(data), known) or str(error))

    def _based(self, what: str, data: Json, field: str) -> Any:
        try:
            return getattr(self._base, what)(data, field)
        except ValueFormatError as error:
            if error.field != field:
                raise
            raise ValueFormatError(field, self.name, error.got, error.hint) from None

    def to_json(self, value: Any, depth: int) -> Json:
        write = self._given["to_json"]
        return typing.cast("Json", write(value)) if write else self._base.to_json(value, depth)

    def candidates(self, prefix: str) -> Iterable[Candidate]:
        find = self._given["candidates"]
        if find is None:
            return self._base.candidates(prefix)
        return (found if isinstance(found, Candidate) else Candidate(found) for found in find(prefix))

    def sample(self) -> Any:
        make = self._given["sample"]
        return make() if make else self._base.sample()
