"""Strict JSON: what two readers could take differently is refused."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Final, NoReturn, TypeAlias

from scirehooks.errors import ValueFormatError

__all__ = ["MAX_DEPTH", "MAX_DIGITS", "Json", "parse_json", "shorten"]

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

MAX_DEPTH: Final = 32
MAX_DIGITS: Final = 15  # all whole numbers of 15 digits survive a reader that knows floats only
_SHOWN: Final = 60  # characters of a wrong value quoted in an error


def parse_json(text: str | bytes, *, field: str = "JSON") -> Json:
    """Read TEXT as JSON, refusing all that two readers could take differently.

    Refused are duplicate keys, NaN, Infinity, numbers beyond a float, integers of more than 15 digits, lone
    surrogates, a byte order mark, anything but UTF-8, more than 32 levels and data after the value.

    Raises: ValueFormatError, its `field` being FIELD.
    Source: RFC 8259, section 4 and 6 on interoperability; PHP's json_decode differs from Python's in all of these.

    Example:
        >>> parse_json('{"port": 22}')
        {'port': 22}
        >>> parse_json('{"port": 22, "port": 23}')
        Traceback (most recent call last):
        scirehooks.errors.ValueFormatError: JSON: expected each key once, got "port" twice.
    """

    def refuse(expected: str, got: str) -> NoReturn:
        raise ValueFormatError(field, expected, got)

    def pairs(items: list[tuple[str, Json]]) -> dict[str, Json]:
        result = dict(items)
        if len(result) < len(items):
            keys = [key for key, _ in items]
            refuse("each key once", f'"{next(key for key in keys if keys.count(key) > 1)}" twice')
        return result

    def whole(digits: str) -> int:
        if len(digits.lstrip("-")) > MAX_DIGITS:
            refuse(f"a whole number of at most {MAX_DIGITS} digits", shorten(digits))
        return int(digits)

    def real(digits: str) -> float:
        if not math.isfinite(value := float(digits)):
            refuse("a number that fits a float", shorten(digits))
        return value

    def constant(word: str) -> NoReturn:
        refuse("a number", word)

    try:
        decoded = text.decode() if isinstance(text, bytes) else text
        data: Json = json.loads(
            decoded, object_pairs_hook=pairs, parse_int=whole, parse_float=real, parse_constant=constant
        )
        _check_json(data, refuse, 0)
    except UnicodeDecodeError as error:
        raise ValueFormatError(field, "UTF-8", f"byte 0x{error.object[error.start]:02x} at {error.start}") from None
    except json.JSONDecodeError as error:
        place = f"line {error.lineno} column {error.colno}"
        raise ValueFormatError(field, "a JSON value", f"something else at {place} ({error.msg})") from None
    except RecursionError:  # the reader of the standard library descends as deep as the text does
        raise ValueFormatError(field, f"at most {MAX_DEPTH} levels", "more") from None
    return data


def _check_json(data: Json, refuse: Callable[[str, str], NoReturn], depth: int) -> None:
    if isinstance(data, str):
        if not data.isascii() and _has_surrogate(data):
            refuse("Unicode text", "half a surrogate pair")
    elif isinstance(data, dict | list):
        if depth == MAX_DEPTH:
            refuse(f"at most {MAX_DEPTH} levels", "more")
        if isinstance(data, dict):
            for key in data:
                _check_json(key, refuse, depth)
        for item in data.values() if isinstance(data, dict) else data:
            _check_json(item, refuse, depth + 1)


def _has_surrogate(text: str) -> bool:
    return any("\ud800" <= letter <= "\udfff" for letter in text)


def shorten(text: str) -> str:
    """Return TEXT as an error quotes it: never at full length."""
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
