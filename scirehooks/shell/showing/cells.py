"""Values as short text: what stands in one cell of a table or behind one key."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from typing import Any

from scirehooks.hooks import Command, Entry, Hook, Option, Owner, Place
from scirehooks.shell.showing.text import neutral
from scirehooks.shell.views import place_text
from scirehooks.values import Values

__all__ = ["fields_of", "is_record", "one_line", "safe_repr"]


def is_record(value: Any) -> bool:
    """Whether VALUE has named fields to show one under the other."""
    return isinstance(value, Mapping) or (dataclasses.is_dataclass(value) and not isinstance(value, type))


def fields_of(value: Any) -> dict[str, Any]:
    """Return the fields of a record by the names that people read."""
    if isinstance(value, Mapping):
        return {str(key): item for key, item in value.items()}
    return {field.name.replace("_", " "): getattr(value, field.name) for field in dataclasses.fields(value)}


def one_line(value: Any, values: Values) -> str:
    r"""Return VALUE on one line, without control characters.

    Example:
        >>> one_line({"role": "db", "note": "a\nb"}, Values())
        'role=db, note=a\\nb'
    """
    text = neutral(_text(value, values)).removesuffix("\n")  # the end of a line is not worth a sign
    return text.replace("\n", "\\n").replace("\t", "\\t")


def safe_repr(value: Any) -> str:
    """Return VALUE as Python writes it; a failing `__repr__` is named and does no harm."""
    try:
        return repr(value)
    except Exception as error:  # noqa: BLE001 - the function door: `__repr__` is the user's code
        return f"<{type(value).__name__}, whose repr failed: {type(error).__name__}>"


def _text(value: Any, values: Values) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        # Local time: the reader compares it with the clock on the wall; JSON has UTC.
        return value.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, timedelta):
        return str(values.to_json(value))
    if isinstance(value, int | float):
        return f"{value:g}" if isinstance(value, float) else str(value)
    if isinstance(value, Place):
        return place_text(value) or ""
    if isinstance(value, Hook | Command | Option | Owner):
        return value.name
    if isinstance(value, Entry):
        return value.label
    if isinstance(value, Mapping):
        return ", ".join(f"{key}={_text(item, values)}" for key, item in value.items())
    if isinstance(value, list | tuple | AbstractSet):
        return ", ".join(_text(item, values) for item in value)
    name = getattr(value, "name", None) if dataclasses.is_dataclass(value) else None
    if isinstance(name, str):
        return name
    if dataclasses.is_dataclass(value) and isinstance(known := getattr(value, "id", None), str | int):
        return str(known)  # of a run, say: all of it is shown where one asks for it
    data = values.to_json(value)
    return _text(data, values) if isinstance(data, str | int | float) else safe_repr(value)
