"""A session and the connection that it belongs to: what runs in it, and how a line is answered over the wire."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from dataclasses import field
from typing import Any

from scirehooks.control.console import LinkConsole
from scirehooks.control.link import Link
from scirehooks.hooks import Record
from scirehooks.records import dataclass
from scirehooks.shell import Fragments, Host, Outcome, Session
from scirehooks.shell.line.chunks import Chunk, chunks
from scirehooks.shell.views import is_answer

__all__ = ["Attached"]

_MOST = 1 << 16  # characters of an answer that travel with it; what is longer goes before it, piece by piece


@dataclass(eq=False, slots=True)
class Attached:
    """A session known as KEY on the wire, of the client at LINK; BATCH if it runs lines that nobody types."""

    key: str
    session: Session
    link: Link
    console: LinkConsole
    host: Host
    batch: bool = False
    width: int = 0  # of answers, where nothing else is said
    since: float = field(default_factory=time.time)
    busy: bool = False  # an evaluation is under way; set and reset under the lock of the service
    closing: bool = False
    ending: bool = False  # nothing is under way any more, and what it leaves behind is cleaned up

    def evaluate(self, text: str, width: int, with_value: bool) -> dict[str, Any]:
        """Evaluate TEXT, which may hold several lines; show each answer but the last, and return that one.

        Only WITH_VALUE its value is made JSON, which takes long if it is large.
        """
        lines = text.split("\n")
        outcome, shown = Outcome("python"), Fragments()
        for chunk in chunks(lines, self.session.runtime.commands):
            outcome = self.session.evaluate(chunk.text)
            shown = self.host.shown(outcome, width)
            if outcome.error is not None or outcome.quit or _is_last(chunk, lines):
                break
            self.console.show(shown)
        if sum(len(part) for _, part in shown) > _MOST:
            self.console.show(shown)
            shown = []
        value = self._value(outcome) if with_value else None
        return {"status": outcome.status, "quit": outcome.quit, "value": value, "text": shown}

    def unseen(self) -> list[Record]:
        """Return what others have changed since this was last asked; nothing the first time."""
        journal = self.session.runtime.journal
        seen, found = self.session.seen, []
        with journal.lock:
            self.session.seen = journal.records[-1].id if journal.records else 0
            for record in reversed(journal.records):
                if seen is None or record.id <= seen:
                    break
                found.append(record)
        return [record for record in reversed(found) if not self.session.made(record)]

    def _value(self, outcome: Outcome) -> Any:
        """Return the value of OUTCOME as JSON: null for a command whose answer is an acknowledgement."""
        if outcome.kind == "command" and not is_answer(outcome.command, outcome.value):
            return None
        with contextlib.suppress(Exception):  # the function door: how a value becomes JSON may be the user's code
            return self.session.values.to_json(outcome.value)
        return None


def _is_last(chunk: Chunk, lines: Sequence[str]) -> bool:
    """Whether nothing but blanks and comments stand behind CHUNK in LINES."""
    behind = lines[chunk.line + chunk.text.count("\n") :]
    return all(not line.strip() or line.strip().startswith("#") for line in behind)
