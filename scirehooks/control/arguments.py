"""`sys.argv` of a file that a client runs: its own arguments, while other files run beside it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

__all__ = ["arguments"]

_current: ContextVar[list[str] | None] = ContextVar("scirehooks_arguments", default=None)


class _Arguments(list[str]):
    """A list that shows the arguments of the context it is looked at in, else those of the process.

    It is a list, since programs take `sys.argv[1:]`, and put something in its place; what is changed in it is changed
    for the whole process.
    """

    def __getitem__(self, index: Any) -> Any:
        found = _current.get()
        return super().__getitem__(index) if found is None else found[index]

    def __len__(self) -> int:
        found = _current.get()
        return super().__len__() if found is None else len(found)

    def __iter__(self) -> Iterator[str]:
        found = _current.get()
        return super().__iter__() if found is None else iter(found)

    def __reversed__(self) -> Iterator[str]:
        return iter([*self][::-1])

    def __contains__(self, item: object) -> bool:
        return item in [*self]

    def __eq__(self, other: object) -> bool:
        return [*self] == other

    __hash__ = None

    def __add__(self, other: list[Any]) -> list[Any]:
        return [*self] + other  # noqa: RUF005 - which says no to what is no list

    def __radd__(self, other: list[Any]) -> list[Any]:
        return [*other, *self]

    def __repr__(self) -> str:
        return repr([*self])

    def index(self, *given: Any) -> int:
        """Return where an argument stands."""
        return [*self].index(*given)

    def count(self, value: str, /) -> int:
        """Return how many times an argument is there."""
        return [*self].count(value)

    def copy(self) -> list[str]:
        """Return the arguments as a list of its own."""
        return [*self]


@contextmanager
def arguments(given: Sequence[str] | None) -> Iterator[None]:
    """Let `sys.argv` be GIVEN inside the block, in this context only; None leaves it as it is."""
    if given is None:
        yield
        return
    if not isinstance(sys.argv, _Arguments):
        sys.argv = _Arguments(sys.argv)
    token = _current.set([*given])
    try:
        yield
    finally:
        _current.reset(token)
