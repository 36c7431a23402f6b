"""Options for which nothing at all would make no sense."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, TypeVar

from scirehooks.errors import ValueFormatError
from scirehooks.hooks import Option

__all__ = ["Positive"]

_T = TypeVar("_T", bound=int | timedelta)


class Positive(Option[_T]):
    """An option that holds a whole number, or a duration, over zero."""

    def check(self, value: Any) -> _T:
        """Return VALUE if it is of the type, and over zero; else raise ValueFormatError."""
        checked: Any = super().check(value)
        if checked <= self.type():
            raise ValueFormatError(self.name, "value over zero", repr(value))
        return checked  # type: ignore[no-any-return]  # of the type, as was checked above
