"""How what is being typed is used, and what it does: the box above the toolbar."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from prompt_toolkit.buffer import Buffer
from prompt_toolkit.formatted_text import StyleAndTextTuples

from scirehooks.shell.showing.text import clip

__all__ = ["SignatureBox"]

_LOW = 8  # rows; below them the box has one line
_LOWEST, _NARROWEST = 5, 16  # below them it would cover what is typed
_USAGE_LINES = 2


class SignatureBox:
    """Asks for the signature of the call at the cursor whenever the text changes, without waiting.

    One question is under way at a time; what was typed meanwhile is asked next. CHANGED is called when there is
    something new to show.
    """

    def __init__(self, ask: Callable[[str], Future[Any]], changed: Callable[[], None]) -> None:
        self._ask = ask
        self._changed = changed
        self._lock = threading.Lock()
        self._wanted = ""  # the text before the cursor
        self._asking = False
        self._usage = ""
        self._doc = ""

    def clear(self) -> None:
        """Forget what was typed."""
        with self._lock:
            self._wanted = self._usage = self._doc = ""

    def follow(self, buffer: Buffer) -> None:
        """Show the signature of what is typed in BUFFER."""

        def look(buffer: Buffer) -> None:
            self.want(buffer.document.text_before_cursor)

        buffer.on_text_changed += look
        buffer.on_cursor_position_changed += look

    def want(self, before: str) -> None:
        """Ask about BEFORE, the text before the cursor."""
        with self._lock:
            if before == self._wanted:
                return
            self._wanted = before
            if not before.strip():
                self._usage = self._doc = ""
            if self._asking:
                return
            self._asking = True
        self._ask_about(before)

    def _ask_about(self, before: str) -> None:
        def answered(found: Future[Any]) -> None:
            failed = found.cancelled() or found.exception() is not None
            answer = {"usage": "", "doc": ""} if failed else found.result()
            with self._lock:
                if self._wanted.strip():
                    self._usage, self._doc = answer["usage"] or "", answer["doc"] or ""
                following = self._wanted
                self._asking = following != before and not failed
                ask_again = self._asking
            self._changed()
            if ask_again:
                self._ask_about(following)

        self._ask(before).add_done_callback(answered)

    def lines(self, columns: int, rows: int) -> StyleAndTextTuples:
        """Return the box, nothing if there is no signature, for a terminal of so many COLUMNS and ROWS."""
        usage, doc = self._usage, self._doc.split("\n", 1)[0]
        if not usage or rows < _LOWEST or columns < _NARROWEST:
            return []
        low = rows < _LOW
        box: StyleAndTextTuples = []
        for line in _wrapped(usage, max(1, columns - 1), 1 if low else _USAGE_LINES):
            box += [("class:usage", f" {line}"), ("", "\n")]
        if doc and not low:
            box += [("class:doc", f" {clip(doc, max(1, columns - 1))}"), ("", "\n")]
        return box


def _wrapped(text: str, width: int, most: int) -> list[str]:
    """Return TEXT in at most so many lines, broken before words; what is too much ends in an ellipsis."""
    lines: list[str] = []
    words = text.split(" ")
    while words and len(lines) < most - 1:
        line = words.pop(0)
        while words and len(line) + 1 + len(words[0]) <= width:
            line += " " + words.pop(0)
        lines.append(clip(line, width))
    return [*lines, clip(" ".join(words), width)] if words else lines
