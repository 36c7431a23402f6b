"""How values of one word are read and written.

A reader raises ValueError whose text is a hint: what is wrong with the word, or how to write it.
"""

from __future__ import annotations

import base64
import math
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from scirehooks.values.directory import located
from scirehooks.values.strict_json import MAX_DIGITS, Json

__all__ = [
    "read_bytes",
    "read_flag",
    "read_length",
    "read_path",
    "read_real",
    "read_time",
    "read_whole",
    "write_bytes",
    "write_length",
    "write_path",
    "write_real",
    "write_text",
    "write_time",
    "write_whole",
]

_FLAGS: Final = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_UNITS: Final = {  # microseconds
    "w": 604_800_000_000,
    "d": 86_400_000_000,
    "h": 3_600_000_000,
    "m": 60_000_000,
    "s": 1_000_000,
    "ms": 1_000,
}
_LENGTH: Final = re.compile(r"([0-9]+)(\.[0-9]+)?(ms|[wdhms])", re.ASCII)
_LONGEST_NUMBER: Final = 4000  # below the limit at which int() itself gives up


def read_flag(word: str) -> bool:
    """Read WORD as true or false; yes, no, on and off are understood."""
    if word not in _FLAGS:
        raise ValueError
    return _FLAGS[word]


def read_whole(word: str) -> int:
    """Read WORD as a decimal whole number; `022` is refused, since C and YAML 1.1 read it as 18."""
    digits = word.removeprefix("-")
    if not (digits.isascii() and digits.isdigit()) or len(digits) > _LONGEST_NUMBER:
        raise ValueError
    if digits[0] == "0" and digits != "0":
        raise ValueError("A leading 0 could mean octal; leave it out.")
    return int(word)


def read_count(word: str) -> int:
    """Read WORD as a number of things, at least one."""
    count = read_whole(word)
    if count < 1:
        raise ValueError
    return count


def write_whole(value: int) -> Json:
    """Write VALUE as a number, or as text where a reader that knows only floats would round it."""
    return value if abs(value) < 10**MAX_DIGITS else str(int(value))


def read_real(word: str) -> float:
    """Read WORD as a finite decimal number."""
    try:
        value = float(word)
    except ValueError:
        raise ValueError from None  # what is said is "expected number": Python's own words add nothing
    if not word.isascii() or "_" in word or word != word.strip() or not math.isfinite(value):
        raise ValueError
    return value


def write_real(value: float) -> Json:
    """Write VALUE as a number; what JSON has no number for is shown by its Python spelling."""
    return float(value) if math.isfinite(value) else {"repr": repr(value)}


def read_path(word: str) -> Path:
    """Read WORD as a path, `~` being a home directory; a relative one is seen from the user's current directory."""
    if not word or "\0" in word:
        raise ValueError("A path has at least one character, and none of them is NUL.")
    try:
        return located(Path(word).expanduser())
    except RuntimeError as error:  # nobody is called so
        raise ValueError(str(error)) from None


def write_path(value: Path) -> Json:
    """Write VALUE as text, or as base64 of its bytes if they are not UTF-8."""
    return write_text(str(value))


def write_text(value: str) -> Json:
    """Write VALUE as it is, or as base64 of what it was decoded from if that was not UTF-8."""
    try:
        value.encode()
    except UnicodeEncodeError:
        try:
            return write_bytes(value.encode(errors="surrogateescape"))
        except UnicodeEncodeError:  # a lone surrogate that stands for no byte: nothing in the world writes it
            return value.encode(errors="replace").decode()
    return str(value)


def read_bytes(word: str) -> bytes:
    """Read WORD as the bytes it was decoded from."""
    try:
        return word.encode(errors="surrogateescape")
    except UnicodeEncodeError:
        raise ValueError from None


def write_bytes(value: bytes) -> Json:
    """Write VALUE as text, or as `{"base64": …}` if it is not UTF-8."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(value).decode("ascii")}


def read_time(word: str) -> datetime:
    """Read WORD as ISO 8601; without an offset it is local time, as an administrator means it."""
    try:
        return datetime.fromisoformat(word).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("Write it like 2024-05-01T10:00 (local time) or 2024-05-01T10:00Z.") from None


def write_time(value: datetime) -> Json:
    """Write VALUE by RFC 3339 in UTC."""
    return value.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def read_length(word: str) -> timedelta:
    """Read WORD as a duration: numbers, each with its unit.

    Example:
        >>> str(read_length("1h30m"))
        '1:30:00'
    """
    total, end, body = 0, 0, word.removeprefix("-")
    while found := _LENGTH.match(body, end):
        number, fraction, unit = found.groups()
        total += int(number[:20]) * _UNITS[unit] + round(float("0" + (fraction or ".0")) * _UNITS[unit])
        end = found.end()
    if not body or end < len(body):
        raise ValueError("Write it like 90s, 2h, 1d or 1h30m.")
    try:
        return timedelta(microseconds=-total if word.startswith("-") else total)
    except OverflowError:
        raise ValueError("It is too long.") from None


def write_length(value: timedelta) -> Json:
    """Write VALUE as `read_length` reads it.

    Example:
        >>> write_length(timedelta(seconds=5400))
        '1h30m'
    """
    left = abs(value) // timedelta(microseconds=1)
    text = "-" if value < timedelta() else ""
    for unit in ("d", "h", "m"):
        count, left = divmod(left, _UNITS[unit])
        text += f"{count}{unit}" if count else ""
    if left or not text:
        seconds, micros = divmod(left, _UNITS["s"])
        text += f"{seconds}.{micros:06d}".rstrip("0") + "s" if micros else f"{seconds}s"
    return text
