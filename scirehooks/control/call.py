"""A request under way, to be answered once, from whatever thread."""

from __future__ import annotations

import threading
from typing import Any

from scirehooks.control.link import Link
from scirehooks.control.wire import LIMIT, Answer, encode, failure

__all__ = ["Call"]


class Call:
    """The request NUMBER of the client at LINK; nobody waits for an answer if NUMBER is None."""

    def __init__(self, link: Link, number: str | int | None, size: int = 0) -> None:
        self.link = link
        self._number = number
        self._size = size
        self._begun = False
        self._answered = False
        self._lock = threading.Lock()

    def begin(self) -> None:
        """Count the request as under way.

        Raises:
            WireError: there are too many.
        """
        self.link.begin(self._size)
        self._begun = True

    def answer(self, result: Any, smaller: Any = None) -> None:
        """Answer with RESULT, or with SMALLER if RESULT is no JSON or longer than a message may be."""
        if not self._end() or self._number is None:
            return
        try:
            line = encode(Answer(self._number, result))
        except (TypeError, ValueError, RecursionError):  # the application has its own idea of JSON
            line = b""
        if not line or len(line) > LIMIT:
            line = encode(Answer(self._number, smaller))
        self.link.send_line(line)

    def fail(self, error: BaseException) -> None:
        """Answer that ERROR kept it from being done."""
        if self._end() and self._number is not None:
            self.link.send(failure(self._number, error))

    def _end(self) -> bool:
        """Whether this is the first answer."""
        with self._lock:
            first, self._answered = not self._answered, True
        if first and self._begun:
            self.link.done(self._size)
        return first
