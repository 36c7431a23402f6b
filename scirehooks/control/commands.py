"""The commands of a system that several people are attached to: who is there, and what the log says."""

from __future__ import annotations

import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from scirehooks.control.sessions import Sessions, doing
from scirehooks.errors import UsageError
from scirehooks.hooks import StatusPart, command
from scirehooks.records import dataclass
from scirehooks.shell import Renderer, Session
from scirehooks.shell.running.evaluation import Evaluation, wait_for
from scirehooks.shell.running.streams import Console
from scirehooks.shell.session import current_session
from scirehooks.shell.showing.text import Fragments, neutral

__all__ = ["ControlCommands", "Events", "Who", "WhoRow", "status_of", "who_page"]

Events = Callable[[int | None], tuple[int, Sequence[str]]]
"""Given the number of the last event that is known (None: only what comes from now on), the newest number and lines."""

_KEPT = 10_000  # records of the log that wait for a terminal; older ones are left out
_LOOK = 0.5  # seconds between two looks at the event log


@dataclass(frozen=True, slots=True)
class WhoRow:
    """A session: whose it is, since when, and what it does.

    YOU marks the session that asks. A thread that was given up has a row of its own, with its stack, the innermost
    function last.
    """

    session: str
    user: str
    process: int
    since: datetime
    state: str
    doing: str
    stack: str = ""
    you: bool = False


class Who(list[WhoRow]):
    """All sessions."""


def who_page(rows: Who, renderer: Renderer, width: int) -> Fragments:
    """Return ROWS as a table, an asterisk before the session that asks; stacks, which may be long, stand below it."""
    shown = [
        {
            "session": f"* {row.session}" if row.you else f"  {row.session}",
            "user": row.user,
            "process": row.process,
            "since": row.since,
            "state": row.state,
            "doing": row.doing,
        }
        for row in rows
    ]
    result = renderer.table(shown, width)
    for row in rows:
        if row.stack:
            result.append(("", f"Given up in {row.session}, and now at (the innermost last):\n"))
            result += [("place", f"  {neutral(line)}\n") for line in row.stack.split("\n")]
    return result


class ControlCommands:
    """The commands on the sessions of a server; EVENTS reads the event log, if there is one."""

    def __init__(self, sessions: Sessions, events: Events | None = None) -> None:
        self._sessions = sessions
        self._events = events

    @command
    def who(self) -> Who:
        """List the sessions: whose, since when, and what each does.

        Yours is marked with an asterisk, in JSON by `you`.

        Code that could not be interrupted is listed, too, as *given up*, with its stack: it ends when the call that it
        is in returns.

        Example: who
        """
        own = current_session.get()
        rows = Who()
        for attached in self._sessions.all():
            running = self._sessions.running(attached)
            state = "running" if running else "idle"
            peer, since = attached.link.peer, _time(attached.since)
            rows.append(
                WhoRow(attached.key, peer.user, peer.pid, since, state, doing(running), you=attached.session is own)
            )
        rows += [self._left(evaluation) for evaluation in self._sessions.evaluations.left]
        return rows

    def _left(self, evaluation: Evaluation) -> WhoRow:
        name, actor = evaluation.session.name, evaluation.session.actor
        stack = "\n".join(evaluation.stack())
        return WhoRow(name, actor, os.getpid(), _time(evaluation.started), "given up", doing(evaluation), stack)

    @command
    def follow(self, session: Session, *, log: bool = False, events: bool = False) -> None:
        """Show what is logged, and which events come, until interrupted.

        With LOG or EVENTS only that is shown. The log is that of the whole system, not of this session.

        Example: follow --log
        """
        if events and self._events is None:
            raise UsageError("There is no event log here.", "Type follow to see the log.")
        console = session.console
        if console is None:
            raise UsageError("There is no terminal to show it at.")
        both = not log and not events
        news = _News()
        handler = _Handler(news)
        if log or both:
            logging.getLogger().addHandler(handler)
        try:
            _show(news, console, self._events if events or both else None)
        finally:
            logging.getLogger().removeHandler(handler)


def status_of(sessions: Sessions) -> StatusPart:
    """Return how many sessions there are, and which threads were given up and still run."""
    count = len(sessions.all())
    left = tuple(
        f"a thread of {each.session.name} could not be interrupted and has not returned: who"
        for each in sessions.evaluations.left
    )
    return StatusPart(f"{count} session{'s' * (count != 1)}", left)


class _News:
    """Lines that wait to be shown."""

    def __init__(self) -> None:
        self.lines: deque[str] = deque(maxlen=_KEPT)
        self.came = threading.Event()

    def add(self, line: str) -> None:
        self.lines.append(line)
        self.came.set()


class _Handler(logging.Handler):
    """Hands the log on; it must not wait, since whoever logs would."""

    def __init__(self, news: _News) -> None:
        super().__init__()
        self.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        self._news = news

    def emit(self, record: logging.LogRecord) -> None:
        """Take RECORD as a line."""
        try:
            self._news.add(self.format(record))
        except Exception:  # noqa: BLE001 - as every handler: what cannot be formatted must not end who logs it
            self.handleError(record)


def _show(news: _News, console: Console, events: Events | None) -> None:
    """Show NEWS and EVENTS at CONSOLE until an interrupt."""
    number = events(None)[0] if events else 0
    while True:
        wait_for(news.came, _LOOK if events else None)
        news.came.clear()
        while news.lines:
            console.write("stdout", neutral(news.lines.popleft()) + "\n")
        if events:
            number, lines = events(number)
            for line in lines:
                console.write("stdout", neutral(line) + "\n")


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)
