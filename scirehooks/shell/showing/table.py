"""Tables that fit: what a narrow terminal has no room for is shortened first, and left out last.

Text is cut down to what can still be told apart, the widest column first; times lose their date or their clock; only
then do whole columns go, from the right, for the first ones say what a record is. A number or a time is never cut, and
neither is the first column, which is what one types, unless it has no room even alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from typing import Literal

from scirehooks.records import dataclass
from scirehooks.shell.showing.text import Fragments, cells, clip, pad

__all__ = ["GAP", "Column", "table"]

GAP = "  "
_COMFORT = 16  # columns that a text keeps while a time can be shortened instead
_LEAST = 8  # columns that a text keeps while a column can be left out instead


@dataclass(slots=True)
class Column:
    """A column: its NAME, a text for each row, of which KIND they are, and a SHORT form of each, if there is one."""

    name: str
    texts: list[str]
    kind: Literal["text", "number", "time"] = "text"
    short: list[str] = field(default_factory=list)
    width: int = 0

    def measure(self) -> None:
        """Make it as wide as it need be."""
        self.width = max([cells(self.name), *map(cells, self.texts)])


def table(columns: Sequence[Column], width: int = 0) -> Fragments:
    """Return COLUMNS side by side in at most WIDTH columns of a terminal (0: any number)."""
    shown = _fitting(list(columns), width)
    result: Fragments = []
    for number, column in enumerate(shown):
        last = number == len(shown) - 1
        text = clip(column.name, column.width)
        right = column.kind == "number"
        result.append(("heading", text if last and not right else pad(text, column.width, right=right)))
        result.append(("", "\n" if last else GAP))
    for row in range(len(shown[0].texts) if shown else 0):
        result += _row([column.texts[row] for column in shown], shown)
    return result


def _row(texts: list[str], columns: list[Column]) -> Fragments:
    """Return one line, without blanks at its end."""
    filled = max((number for number, text in enumerate(texts) if text), default=0)
    result: Fragments = []
    for number, column in enumerate(columns[: filled + 1]):
        text = clip(texts[number], column.width)
        if number < filled or column.kind == "number":
            text = pad(text, column.width, right=column.kind == "number")
        result.append(("name" if number == 0 else "", text))
        result.append(("", "\n" if number == filled else GAP))
    return result


def _fitting(columns: list[Column], width: int) -> list[Column]:
    """Return those of COLUMNS that are to be shown, as narrow as they have to be."""
    for column in columns:
        column.measure()
    if not width or _shrunk(columns, width, _COMFORT):
        return columns
    for column in columns:
        if column.short:
            column.texts, column.short = column.short, []
            column.measure()
    if _shrunk(columns, width, _LEAST):
        return columns
    if len(columns) > 1:
        return _fitting(columns[:-1], width)
    columns[0].width = min(columns[0].width, width)
    return columns


def _shrunk(columns: list[Column], width: int, least: int) -> bool:
    """Make the widest texts narrower, to LEAST columns at least; tell whether all fits into WIDTH then."""
    over = sum(column.width for column in columns) + len(GAP) * (len(columns) - 1) - width
    first = 1 if columns[0].width <= width else 0
    texts = [column for column in columns[first:] if column.kind == "text" and column.width > least]
    while over > 0 and texts:
        # Of equals the one further right: what stands first says what the record is.
        widest = max(reversed(texts), key=lambda column: column.width)
        widest.width -= 1
        over -= 1
        if widest.width <= least:
            texts.remove(widest)
    return over <= 0
