"""Who made a change, and where: owners, places and how they are found.

The owner of a change is the nearest frame on the stack whose file is registered, so nobody has to say who he is: a
module's function that adds a hook is the module, whoever called it. Walking the frames costs a third of a
microsecond once, at the change; a variable that every firing would have to set costs more at every firing.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from types import CodeType, FrameType
from typing import Final, NamedTuple

from scirehooks.records import dataclass

__all__ = ["BATCH", "BUILTIN", "UNASKED", "Origin", "Owner", "Owners", "Place", "source_of"]

_PACKAGE = os.path.dirname(__file__) + os.sep
_new = tuple.__new__  # makes a named tuple at half the cost of calling its class, whose own `__new__` is Python


@dataclass(frozen=True, slots=True)
class Owner:
    """Whom an entry, a name or an option belongs to: a module, an init script, a session, or scirehooks itself."""

    kind: str
    name: str
    file: str | None = None

    def __str__(self) -> str:
        return self.name


BUILTIN = Owner("builtin", "scirehooks")
BATCH = Owner("session", "batch")
"""Whose all is that lines do which nobody types, in whichever batch they are."""
UNASKED: Final = "init scripts"
"""On whose behalf files are read again that have changed. Nobody undoes that: he would contradict the files."""


class Place(NamedTuple):
    """A line in a file."""

    file: str
    line: int

    def __str__(self) -> str:
        if self.file.startswith("<"):  # a line typed at a prompt, `<shell:3>`: it has a number already
            return self.file[1:-1] if self.line == 1 else f"{self.file[1:-1]}:{self.line}"
        return f"{self.file}:{self.line}"

    @property
    def short(self) -> str:
        """The place without its directory, as labels show it."""
        return str(self._replace(file=os.path.basename(self.file)))


@dataclass(slots=True)
class Origin:
    """Who made a change and where, and on whose behalf (the actor: a user's name).

    Each change makes one and reads it often; frozen, or a named tuple, it would take twice the time.
    """

    owner: Owner
    place: Place | None
    actor: str

    _replace = replace  # as the named tuples around it have it


_acting: ContextVar[tuple[Owner, str] | None] = ContextVar("scirehooks_acting", default=None)


class Owners:
    """The registry of files whose code acts for an owner.

    Example:
        >>> owners = Owners(Owner("session", "demo"))
        >>> owners.register("/etc/scirehooks/init.d/20-guard.py", Owner("init", "20-guard.py"))
        >>> str(owners.current())
        'demo'
    """

    def __init__(self, default: Owner) -> None:
        self.default = default
        self._files: dict[str, Owner] = {}

    def register(self, filename: str, owner: Owner) -> None:
        """Let code compiled from FILENAME act for OWNER from now on."""
        self._files[filename] = owner

    def forget(self, filename: str) -> None:
        """Let FILENAME be nobody's: no code that was compiled from it is left."""
        self._files.pop(filename, None)

    def of_file(self, filename: str) -> Owner | None:
        """Return the owner of code compiled from FILENAME, if it has one."""
        return self._files.get(filename)

    @contextmanager
    def acting(self, owner: Owner, actor: str = "") -> Iterator[None]:
        """Act for OWNER, on behalf of ACTOR, wherever no registered file is on the stack."""
        token = _acting.set((owner, actor))
        try:
            yield
        finally:
            _acting.reset(token)

    def current(self) -> Owner:
        """Return the owner for whom the calling code acts."""
        return self.origin(sys._getframe(1)).owner

    def origin(self, frame: FrameType | None = None, owner: Owner | None = None, place: Place | None = None) -> Origin:
        """Return who acts at FRAME (default: the caller); OWNER and PLACE, where given, stand as they are."""
        acting = _acting.get()
        actor = acting[1] if acting else ""
        if owner is not None:
            return Origin(owner, place, actor)
        first: Place | None = None
        walk = frame or sys._getframe(1)
        files = self._files
        while walk is not None:
            filename = walk.f_code.co_filename
            if filename in files:
                return Origin(files[filename], place or Place(filename, walk.f_lineno), actor)
            if first is None and not filename.startswith(_PACKAGE):
                first = _new(Place, (filename, walk.f_lineno))
                if not files:
                    break  # an application that loads no files: nobody further up can be anybody
            walk = walk.f_back  # type: ignore[assignment]  # the last frame has none, which ends the loop
        return Origin(acting[0] if acting else self.default, place or first, actor)


def source_of(function: object) -> Place | None:
    """Return where FUNCTION is written, looking through wrappers, methods and partials; None if it is not Python's.

    Example:
        >>> source_of(len) is None
        True
    """
    for _ in range(100):  # a chain of wrappers may be a ring
        code = getattr(function, "__code__", None)
        inner = getattr(function, "__wrapped__", None) or getattr(function, "__func__", None)
        inner = inner or getattr(function, "func", None)
        if inner is None:
            place = getattr(function, "place", None)
            if isinstance(place, Place):
                return place  # a callable object that knows where it was written, such as a program
            return Place(code.co_filename, code.co_firstlineno) if isinstance(code, CodeType) else None
        function = inner
    return None
