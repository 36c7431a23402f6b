"""The sessions of a server: who has which, what runs in each, and what becomes of them when their client goes."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from scirehooks.control.attached import Attached
from scirehooks.control.console import LinkConsole
from scirehooks.control.link import Link
from scirehooks.control.peer import Peer
from scirehooks.control.pool import start_apart
from scirehooks.errors import ConflictError, UnknownNameError
from scirehooks.hooks import BATCH, Runtime
from scirehooks.shell import Host, Session
from scirehooks.shell.running.evaluation import Evaluation, Evaluations
from scirehooks.shell.running.streams import current_console
from scirehooks.values import Values

__all__ = ["Audit", "Sessions", "doing"]

Audit = Callable[[Peer, str, str], None]
"""Told of each evaluation before it begins: by whom, in which session, the text."""

T = TypeVar("T")

_SHELL = re.compile(r"shell(-([2-9]|[1-9][0-9]{1,5}))?")  # how sessions are called, but those of batches


class Sessions:
    """The sessions of RUNTIME that clients have opened.

    HOST makes what answers a session's lines.
    """

    def __init__(
        self,
        runtime: Runtime,
        values: Values,
        host: Callable[[Session, Peer], Host],
        audit: Audit | None,
    ) -> None:
        self.evaluations = Evaluations(runtime)
        self._runtime = runtime
        self._values = values
        self._host = host
        self._audit = audit
        self._changed = threading.Condition()  # guards what follows; waited for by `end`
        self._attached: dict[str, Attached] = {}
        self._untold = 0  # evaluations whose end nobody has been told of
        self._ending = False

    def all(self) -> list[Attached]:
        """Return the sessions, the oldest first."""
        with self._changed:
            return [*self._attached.values()]

    def described(self) -> list[dict[str, Any]]:
        """Return the sessions as JSON."""
        return [
            {
                "session": each.key,
                "user": each.link.peer.user,
                "pid": each.link.peer.pid,
                "since": each.since,
                "doing": doing(self.running(each)),
            }
            for each in self.all()
        ]

    # -- opening and finding

    def open(
        self, link: Link, *, batch: bool = False, cwd: Path | None = None, width: int = 0, name: str = ""
    ) -> Attached:
        """Open a session for the client at LINK, in the directory CWD of his; answers are WIDTH columns wide.

        It is called NAME if that is free, and such a name as sessions have.
        """
        with self._changed:
            wanted = not batch and name not in self._attached and _SHELL.fullmatch(name)
            key = name if wanted else self._free_key(BATCH.name if batch else "shell")
            console = LinkConsole(link, key)
            owner = BATCH.name if batch else key  # what batches add belongs to one owner, whichever batch it was
            session = Session(self._runtime, self._values, name=owner, actor=link.peer.user, console=console, cwd=cwd)
            attached = Attached(key, session, link, console, self._host(session, link.peer), batch, width)
            self._attached[key] = attached
        if link.lost.is_set():
            self.close(attached)
        return attached

    def _free_key(self, kind: str) -> str:
        return next(
            key for number in count(1) if (key := kind if number == 1 else f"{kind}-{number}") not in self._attached
        )

    def of(self, link: Link, key: str) -> Attached:
        """Return the session KEY of the client at LINK.

        Raises:
            UnknownNameError: he has none of that name.
        """
        with self._changed:
            attached = self._attached.get(key)
            own = [each.key for each in self._attached.values() if each.link is link]
        if attached is None or attached.link is not link:
            raise UnknownNameError("session", key, own, "Open one by session/open, on this connection.")
        return attached

    def find(self, key: str) -> Attached:
        """Return the session KEY, whoever's it is.

        Raises:
            UnknownNameError: there is none of that name.
        """
        with self._changed:
            if key not in self._attached:
                raise UnknownNameError("session", key, self._attached, "They are listed by who.")
            return self._attached[key]

    # -- what runs in them

    def running(self, attached: Attached) -> Evaluation | None:
        """Return what is under way in ATTACHED."""
        return next((each for each in self.evaluations.running if each.session is attached.session), None)

    def start(
        self, attached: Attached, text: str, run: Callable[[], T], done: Callable[[T | BaseException], None]
    ) -> None:
        """Let RUN run in the thread of the session ATTACHED, for TEXT, and tell DONE what came of it.

        Raises:
            ConflictError: the session is evaluating something already, or the system ends.
        """
        with self._changed:
            if self._ending:
                raise ConflictError("The system is ending.", "Type it again after the restart.")
            if attached.closing:
                raise ConflictError(f"The session {attached.key} is closed.", "Open another one.")
            if attached.busy:
                raise ConflictError(f"The session {attached.key} is evaluating.", "Wait for it, or interrupt it.")
            attached.busy = True
            self._untold += 1

        def call() -> T:
            token = current_console.set(attached.console)
            try:
                if self._audit is not None:
                    self._audit(attached.link.peer, attached.key, text)
                return run()
            finally:
                current_console.reset(token)

        def ended(_: Evaluation, result: T | BaseException) -> None:
            self._idle(attached)  # first, so that whoever is told may start the next one at once
            try:
                done(result)
            finally:
                self._told()

        try:
            self.evaluations.start(attached.session, text, call, ended)
        except BaseException:
            self._idle(attached)
            self._told()
            raise

    def _told(self) -> None:
        with self._changed:
            self._untold -= 1
            self._changed.notify_all()

    def _idle(self, attached: Attached) -> None:
        """Know that nothing is under way in ATTACHED any more; if its client has gone, that was all."""
        with self._changed:
            attached.busy = False
            closing = attached.closing
            self._changed.notify_all()
        if closing:
            self._begin_to_clean(attached)

    def interrupt(self, attached: Attached, *, force: bool = False) -> bool:
        """End what is under way in ATTACHED, in a moment; whether there was anything."""
        evaluation = self.running(attached)
        if evaluation is not None:
            evaluation.interrupt(force=force)
        return evaluation is not None

    # -- closing

    def close(self, attached: Attached) -> None:
        """Close a session: what is under way is interrupted, its leases end, what it has defined stays."""
        with self._changed:
            already, attached.closing = attached.closing, True
            busy = attached.busy
        if already:
            return
        if busy:
            self.interrupt(attached)
        else:
            self._begin_to_clean(attached)

    def _begin_to_clean(self, attached: Attached) -> None:
        """Clean up behind ATTACHED in a thread of its own: leases end, whatever else is under way."""
        try:
            start_apart(f"end of {attached.key}", lambda: self._clean(attached))
        except RuntimeError:  # no thread can be started
            self._clean(attached)

    def _clean(self, attached: Attached) -> None:
        # The lease first: as long as the session is listed, nobody gets its name. Of batches that end at the same
        # time, which share one, the last to come here ends it.
        with self._changed:
            attached.ending = True
            namesakes = [each for each in self._attached.values() if each.session.name == attached.session.name]
            last = all(each.ending for each in namesakes)
        if last:
            self._runtime.failures.end_session(attached.session.name)
        self.evaluations.end(attached.session)
        attached.session.close()
        with self._changed:
            if self._attached.get(attached.key) is attached:
                del self._attached[attached.key]
            self._changed.notify_all()

    def lost(self, link: Link) -> None:
        """Close the sessions of the client at LINK, who has gone."""
        for attached in self.all():
            if attached.link is link:
                self.close(attached)

    def end(self, drain: float) -> None:
        """Wait up to DRAIN seconds for what is under way, then end it and close all sessions."""
        until = time.monotonic() + drain
        with self._changed:
            self._ending = True
            while self._untold and (left := until - time.monotonic()) > 0:
                self._changed.wait(left)
        self.evaluations.close()
        for attached in self.all():
            self.close(attached)
        until = time.monotonic() + 1.0
        with self._changed:
            while (self._attached or self._untold) and (left := until - time.monotonic()) > 0:
                self._changed.wait(left)


def doing(evaluation: Evaluation | None) -> str:
    """Say what EVALUATION does: the line under way, or the beginning of what stands on several."""
    return (evaluation.line or evaluation.text).strip().partition("\n")[0] if evaluation else ""
