"""How long the functions that are asked may take: each of them, and all together.

Somebody waits for the answer. A coroutine, and a program, is really stopped at its deadline; a plain function runs in a
thread of its own, and is given up: the operation is refused, naming it and where it is now, and whatever it answers
later reaches nobody. Python cannot end such a thread. If they become many, something is wrong that waiting will not
mend, and new operations are refused until some have ended.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta

from scirehooks.core.positive import Positive
from scirehooks.errors import RefusedError
from scirehooks.hooks import BUILTIN, Entry, Runtime, leaves_the_process

__all__ = ["Deadlines"]

_GIVEN_UP = 16  # functions that go on
_LEAST = 0.001  # seconds; a function whose turn comes when the time is over is named, and refuses


class Deadlines:
    """The deadlines of those who are asked in RUNTIME, as options say."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._function = Positive(
            timedelta, timedelta(seconds=2), doc="Longest that a plain function may take which is asked."
        )
        self._chain = Positive(
            timedelta, timedelta(seconds=10), doc="Longest that all may take together who are asked for one operation."
        )
        runtime.define({"function_deadline": self._function, "chain_deadline": self._chain}, BUILTIN)

    def check(self, name: str, title: str) -> None:
        """Refuse the operation NAME on TITLE if too many functions were given up and have not ended.

        Raises: RefusedError, naming them.
        """
        given_up = list(self._runtime.forsaken.values())
        if len(given_up) > _GIVEN_UP:
            names = ", ".join(sorted({f"{entry.label} in {entry.hook}" for entry, _ in given_up}))
            raise RefusedError(
                f"{name} {title} was refused: {len(given_up)} functions that took too long have not ended ({names}).",
                None,
                "Disable what hangs, and restart scirehooks if it does not end.",
            )

    def limited(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        """Yield ENTRIES, each with the time that it may take, now that its turn has come."""
        end = time.monotonic() + self._chain.value.total_seconds()
        for entry in entries:
            yield self._limited(entry, end - time.monotonic()) if entry.state == "active" else entry

    def _limited(self, entry: Entry, left: float) -> Entry:
        limits = [max(left, _LEAST)]
        if entry.timeout is not None:
            limits.append(entry.timeout)
        elif not leaves_the_process(entry.function):  # a program ends by a deadline of its own
            limits.append(self._function.value.total_seconds())
        return entry.replace(terms=replace(entry.terms, timeout=min(limits)))
