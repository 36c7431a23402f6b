"""Records as rows: how a field of a dataclass becomes a column and comes back.

The columns of a table are the fields of its record, so that neither is listed twice. Times are text that sorts as
time does; what has parts is JSON.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import types
import typing
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

__all__ = ["columns", "from_row", "pack", "stamp", "to_row"]

_Record = TypeVar("_Record")


def stamp(time: datetime) -> str:
    """Return TIME as stored.

    Example:
        >>> stamp(datetime(2024, 5, 1, 12, tzinfo=UTC))
        '2024-05-01T12:00:00.000000Z'
    """
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _same(value: Any) -> Any:
    return value


def pack(value: Any) -> str | None:
    """Return VALUE as stored, if it has parts: as JSON; None is nothing there, too."""
    return None if value is None else json.dumps(value, separators=(",", ":"))


_CODECS: dict[Any, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    datetime: (stamp, datetime.fromisoformat),
    timedelta: (timedelta.total_seconds, lambda seconds: timedelta(seconds=seconds)),
    bool: (int, bool),
    dict: (pack, json.loads),
    tuple: (pack, lambda text: tuple(json.loads(text))),
}


def _base(annotation: Any) -> Any:
    """Return the plain class behind ANNOTATION: through Optional, NewType, Literal and type arguments."""
    while isinstance(annotation, typing.NewType):
        annotation = annotation.__supertype__
    if isinstance(annotation, types.UnionType) or typing.get_origin(annotation) is typing.Union:
        (annotation,) = (part for part in typing.get_args(annotation) if part is not types.NoneType)
        return _base(annotation)
    return typing.get_origin(annotation) or annotation


@functools.cache
def _fields(record: Any) -> Mapping[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]]:
    hints = typing.get_type_hints(record)
    return {f.name: _CODECS.get(_base(hints[f.name]), (_same, _same)) for f in dataclasses.fields(record)}


def columns(record: Any) -> tuple[str, ...]:
    """Return the columns that a RECORD's class has."""
    return tuple(_fields(record))


def to_row(record: Any, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return VALUES, which are fields of RECORD, as columns."""
    codecs = _fields(record)
    return {name: None if value is None else codecs[name][0](value) for name, value in values.items()}


def from_row(record: type[_Record], row: tuple[Any, ...]) -> _Record:
    """Return the RECORD that ROW holds, its columns in the order of `columns`."""
    fields: Any = record
    codecs = _fields(fields).values()
    return record(*(None if value is None else codec[1](value) for codec, value in zip(codecs, row, strict=True)))
