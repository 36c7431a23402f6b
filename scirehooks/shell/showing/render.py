"""Turn a value into styled text: lists of records into tables, one record into lines of key and value.

Whatever a value holds, its control characters are spelt out: the name of a client or the output of a machine must not
move the cursor of who looks at it.
"""

from __future__ import annotations

import pprint
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any

from scirehooks.hooks import Command, said
from scirehooks.shell.showing.cells import fields_of, is_record, one_line, safe_repr
from scirehooks.shell.showing.table import GAP, Column, table
from scirehooks.shell.showing.text import Fragments, cells, clip, neutral, pad, wrapped
from scirehooks.values import Values

__all__ = ["Columns", "Page", "Renderer", "indented"]

Page = Callable[[Any, "Renderer", int], Fragments]
"""How values of one class are shown: given the value, the renderer and the width (0: as wide as need be)."""

Columns = Callable[[Any, "Renderer"], dict[str, Any]]
"""Which columns a record of one class has in a table."""


class Renderer:
    """What turns values into text; PAGES and COLUMNS say how classes with a form of their own are shown."""

    def __init__(
        self, values: Values, pages: dict[type, Page] | None = None, columns: dict[type, Columns] | None = None
    ) -> None:
        self._values = values
        self._pages = {**(pages or {})}
        self._columns = columns or {}

    def defpage(self, class_: type, page: Page) -> None:
        """Let PAGE say how values of CLASS_ are shown."""
        self._pages[class_] = page

    def render(self, value: Any, width: int = 0, *, python: bool = False) -> Fragments:
        """Return VALUE as text; a PYTHON value is shown as Python writes it unless it has a form of its own."""
        page = self._pages.get(type(value))
        if page:
            return wrapped(page(value, self, width), width)
        if value is None:
            return []
        records = isinstance(value, list | tuple) and value and all(is_record(item) for item in value)
        if records and any(_is_long(item) for record in value for item in fields_of(record).values()):
            return self._sheets([self._row(record) for record in value], width)
        if records and not (python and isinstance(value[0], dict)):
            return self.table(value, width)
        if python and (isinstance(value, dict) or not is_record(value)):
            return [("", neutral(_repr(value, width)) + "\n")]
        if isinstance(value, str):
            return [("", neutral(value) + ("" if value.endswith("\n") else "\n"))] if value else []
        if is_record(value):
            return self.record(fields_of(value), width)
        if isinstance(value, list | tuple | AbstractSet):
            return [("", one_line(item, self._values) + "\n") for item in value]
        return [("", one_line(value, self._values) + "\n")]

    def line(self, value: Any, width: int = 0, command: Command | None = None) -> Fragments:
        """Return VALUE on one line, as the acknowledgement of COMMAND: what it says of it, else the record."""
        if command is not None and (text := said(command.function, value)):
            return wrapped([("", neutral(text) + "\n")], width)
        if type(value) in self._pages or not is_record(value):
            return self.render(value, width)
        parts = [f"{key} {text}" for key, item in fields_of(value).items() if (text := self.cell(item))]
        text = ", ".join(parts)
        return [("dim", (clip(text, width) if width else text) + "\n")]

    def cell(self, value: Any) -> str:
        """Return VALUE on one line."""
        return one_line(value, self._values)

    def word(self, value: Any) -> str:
        """Return VALUE as it could be typed."""
        return self._values.to_word(value)

    def record(self, fields: dict[str, Any], width: int = 0, indent: str = "") -> Fragments:
        """Return FIELDS one under the other; what is nested is indented."""
        if not fields:
            return []
        column = min(max(cells(neutral(key)) for key in fields), 24)
        result: Fragments = []
        for key, value in fields.items():
            shown = self._value(value, width, indent + GAP)
            below = shown[0] == ("", "\n")
            result += [("key", indent + (neutral(key) if below else pad(neutral(key), column))), *shown]
        return result

    def _sheets(self, records: list[dict[str, Any]], width: int) -> Fragments:
        """Return RECORDS one under the other, as is needed where one holds text of several lines."""
        result: Fragments = []
        for number, fields in enumerate(records):
            result += [("", "\n")] * (number > 0) + self.record(fields, width)
        return result

    def _value(self, value: Any, width: int, indent: str) -> Fragments:
        """Return what stands behind a key: on the same line, or indented below."""
        if isinstance(value, list | tuple) and value and all(is_record(item) for item in value):
            return [("", "\n"), *self.table(value, width, indent)]
        if is_record(value) and not hasattr(value, "name"):
            fields = fields_of(value)
            if len(self.cell(value)) > 60 or any(is_record(item) for item in fields.values()):
                return [("", "\n"), *self.record(fields, width, indent)]
        if _is_long(value):
            return [("", "\n"), *indented([("", neutral(value).rstrip("\n") + "\n")], indent)]
        text = self.cell(value)
        return [("", f"{GAP}{text}\n")] if text else [("dim", f"{GAP}-\n")]

    def table(self, records: Sequence[Any], width: int = 0, indent: str = "") -> Fragments:
        """Return RECORDS as a table behind INDENT; a column that is empty in all of them is left out."""
        rows = [{key: item for key, item in self._row(record).items() if not _is_deep(item)} for record in records]
        columns = [self._column(name, [row.get(name) for row in rows]) for name in _names(rows)]
        shown = [column for column in columns if any(column.texts)] or columns[:1]
        return indented(table(shown, width and width - len(indent)), indent)

    def _row(self, record: Any) -> dict[str, Any]:
        """Return what the columns of a table hold of RECORD."""
        columns = self._columns.get(type(record))
        return fields_of(record) if columns is None else columns(record, self)

    def _column(self, name: str, items: list[Any]) -> Column:
        texts = [self.cell(item) for item in items]
        if items and all(map(_is_number, items)):
            return Column(neutral(name), texts, "number")
        if any(isinstance(item, datetime) for item in items) and all(
            item is None or isinstance(item, datetime) for item in items
        ):
            return Column(neutral(name), texts, "time", [_short(item) for item in items])
        return Column(neutral(name), texts)


def indented(fragments: Fragments, indent: str) -> Fragments:
    r"""Return FRAGMENTS with every line moved to the right by INDENT.

    Example:
        >>> indented([("", "a\nb\n")], "  ")
        [('', '  a\n  b\n')]
    """
    result: Fragments = []
    at_start = True
    for style, text in fragments:
        lines = text.split("\n")
        moved = [
            indent + line if line and (at_start if number == 0 else True) else line for number, line in enumerate(lines)
        ]
        result.append((style, "\n".join(moved)))
        if text:
            at_start = text.endswith("\n")
    return result


def _names(rows: list[dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row))


def _is_long(value: Any) -> bool:
    """Whether VALUE is text of several lines, such as the output of a run."""
    return isinstance(value, str) and "\n" in value.rstrip("\n")


def _is_deep(value: Any) -> bool:
    """Whether VALUE holds more than a cell should show, such as the facts of a client; `describe-` shows it."""
    return isinstance(value, Mapping) and any(is_record(item) or isinstance(item, list) for item in value.values())


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _short(time: datetime | None) -> str:
    """Return TIME as short as it still says something: today the clock, else the date."""
    if time is None:
        return ""
    local = time.astimezone()
    return local.strftime("%H:%M:%S" if local.date() == datetime.now().date() else "%Y-%m-%d")


def _repr(value: Any, width: int) -> str:
    """Return VALUE as Python writes it, a long container on several lines."""
    if not isinstance(value, dict | list | tuple | set | frozenset):
        return safe_repr(value)
    try:
        return pprint.pformat(value, width=width or 120, sort_dicts=False)
    except Exception:  # noqa: BLE001 - the function door: `__repr__` of something inside is the user's code
        return safe_repr(value)
