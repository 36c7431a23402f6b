"""Traces as they happen: each tree is written to a terminal when its firing ends, as many as one can read."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from scirehooks.hooks import FiringSpan
from scirehooks.shell.session import Session
from scirehooks.shell.showing.text import plain
from scirehooks.shell.trying.traceview import FiringView, tree

__all__ = ["LiveTrace"]

_A_SECOND = 10  # trees; nobody reads more, and a hook may fire ten thousand times


class LiveTrace:
    """Writes the trees of `hooks` to the terminal of SESSION; those beyond ten a second are only counted.

    LATER calls a function after some seconds; GONE is called when nobody reads that terminal any more.
    """

    def __init__(
        self, session: Session, later: Callable[[float, Callable[[], object]], Any], gone: Callable[[LiveTrace], None]
    ) -> None:
        self.hooks: set[str] = set()
        self.session = session
        self._later, self._gone = later, gone
        self._lock = threading.Lock()
        self._second, self._shown = 0.0, 0
        self._skipped: Counter[str] = Counter()

    def __call__(self, span: FiringSpan) -> None:
        """Write the tree of SPAN, if it is one of ours and there is time to read it."""
        if span.hook not in self.hooks:
            return
        with self._lock:
            now = time.monotonic()
            if now - self._second >= 1:
                self._second, self._shown = now, 0
            self._shown += 1
            late = self._shown > _A_SECOND
            if late:
                first = not self._skipped
                self._skipped[span.hook] += 1
        if not late:
            self._write(plain(tree(FiringView.of(span))))
        elif first:
            self._later(1.0, self._tell)

    def _tell(self) -> None:
        with self._lock:
            skipped, self._skipped = self._skipped, Counter()
        for hook, times in skipped.items():
            self._write(f"{hook}  {times} times more; trace --last shows the latest\n")

    def _write(self, text: str) -> None:
        console = self.session.console
        try:
            if console is None:
                raise BrokenPipeError
            console.write("stdout", text)
        except OSError:
            self._gone(self)
