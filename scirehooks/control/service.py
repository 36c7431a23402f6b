"""What the operations do: sessions, evaluations, and what a terminal asks while somebody types.

The service knows the runtime and nothing of sockets: it gets requests with the link they came by, and answers them
from whatever thread has the answer.
"""

from __future__ import annotations

import contextlib
import contextvars
import os
import threading
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Literal

from scirehooks.control.arguments import arguments
from scirehooks.control.attached import Attached
from scirehooks.control.call import Call
from scirehooks.control.commands import ControlCommands, Events, Who, status_of, who_page
from scirehooks.control.description import Description
from scirehooks.control.lines import BatchRequest
from scirehooks.control.link import Link
from scirehooks.control.news import news
from scirehooks.control.oneshot import DRAIN
from scirehooks.control.ops import Op, OpTable, op
from scirehooks.control.peer import Peer
from scirehooks.control.pool import Pool
from scirehooks.control.sessions import Audit, Sessions
from scirehooks.control.wire import Notification, Request
from scirehooks.errors import ScireError, exit_status_of
from scirehooks.hooks import BUILTIN, Runtime
from scirehooks.shell import Drained, Host, Renderer, Session
from scirehooks.shell.running.evaluation import current_evaluation
from scirehooks.shell.showing.problems import explain
from scirehooks.values import Values

__all__ = ["Service"]

_OPENING = 5.0  # seconds that functions in session-open-hook may keep somebody from his prompt


class Service:
    """Answers the operations of the control protocol for RUNTIME.

    TITLE says what one is connected to, or is asked that for each peer, and STATUS is the line of a toolbar. FOLLOW,
    given the seconds to wait, is entered around each line of a batch; AUDIT is told of every evaluation before it
    begins. EVENTS reads an event log for `follow --events`. Making a service defines the commands `who` and `follow`.
    """

    def __init__(
        self,
        runtime: Runtime,
        values: Values,
        renderer: Renderer,
        *,
        title: str | Callable[[Peer], str],
        status: Callable[[], str],
        follow: Callable[[float], AbstractContextManager[Callable[[], Drained]]] | None = None,
        audit: Audit | None = None,
        events: Events | None = None,
        version: str = "",
    ) -> None:
        self._runtime = runtime
        self._renderer = renderer
        self._title = title if callable(title) else lambda _peer: title
        self._status = status
        self._follow = follow
        self._audit = audit
        self._pool: Executor = Pool(1, "control")
        self._ops = OpTable(self)
        self._description = Description(runtime, values, self._ops, version)
        self.sessions = Sessions(runtime, values, self._host, audit)
        renderer.defpage(Who, who_page)
        runtime.define(ControlCommands(self.sessions, events), BUILTIN)
        runtime.defstatus("sessions", lambda: status_of(self.sessions), owner=BUILTIN)

    def _host(self, session: Session, peer: Peer) -> Host:
        return Host(session, self._renderer, title=self._title(peer), status=self._status)

    # -- what the server needs

    def begin(self, pool: Executor) -> None:
        """Begin to serve; POOL runs what takes a moment."""
        self._pool = pool

    def end(self, drain: float) -> None:
        """Wait up to DRAIN seconds for what is under way, then end it, and close all sessions."""
        self.sessions.end(drain)

    def received(self, link: Link, message: Request | Notification, size: int) -> None:
        """Deal with MESSAGE, a line of SIZE bytes, of the client at LINK."""
        call = Call(link, message.id if isinstance(message, Request) else None, size)
        try:
            found = self._ops.find(message.method)
            params = self._ops.read(found, message.params)
            if found.place == "loop":
                call.answer(found.do(call, **params))
                return
            call.begin()
            if found.place == "session":
                found.do(call, **params)
            else:
                (self._pool if found.place == "pool" else link.turn).submit(self._done, call, found, params)
        except Exception as error:  # noqa: BLE001 - the door of control operations: whatever fails is answered
            call.fail(error)

    def _done(self, call: Call, found: Op, params: dict[str, Any]) -> None:
        try:
            call.answer(found.do(call, **params))
        except Exception as error:  # noqa: BLE001 - the door of control operations, in the pool
            call.fail(error)

    def lost(self, link: Link) -> None:
        """Clean up behind the client at LINK, who has gone: his evaluations end, and the leases of his sessions."""
        self.sessions.lost(link)

    # -- sessions

    @op(
        "session/open",
        place="session",
        result={
            "session": "its name, for the other operations",
            "title": "what one is connected to",
            "banner": "two lines of styled text to begin with",
            "version": "of the server",
            "pid": "of the server",
            "generation": "of the names that describe tells",
        },
    )
    def open_session(
        self,
        call: Call,
        *,
        width: int = 0,
        cwd: str = "",
        interactive: bool = True,
        name: str = "",
    ) -> None:
        """Open a session on this connection.

        Relative paths typed in it are relative to CWD; its answers are WIDTH columns wide where nothing else is said.
        Of an INTERACTIVE one, `prompt` tells what others change from now on. The functions in session-open-hook run
        before the answer comes, so their output may come before it. Whoever connects again asks for the NAME that his
        session had, and gets it if it is free.
        """
        attached = self.sessions.open(call.link, cwd=Path(cwd) if cwd else None, width=width, name=name)
        if interactive:
            attached.unseen()  # from here on: what was there before is no news
        result = {
            "session": attached.key,
            "title": self._title(call.link.peer),
            "banner": attached.host.banner,
            "version": self._description.version,
            "pid": os.getpid(),
            "generation": self._description.generation,
        }
        if not len(self._runtime.hooks["session-open-hook"]):
            call.answer(result)
            return
        greeting = _Greeting(self._runtime, attached)
        self.sessions.start(attached, "session-open-hook", greeting, lambda _: call.answer(result))

    @op("session/close", result={})
    def close_session(self, call: Call, *, session: str) -> dict[str, Any]:
        """Close SESSION.

        What is under way in it is interrupted, and its leases end; names defined in it stay.
        """
        self.sessions.close(self.sessions.of(call.link, session))
        return {}

    @op("session/list", result={"sessions": "a list of session, user, pid, since (seconds since 1970) and doing"})
    def list_sessions(self, call: Call) -> dict[str, Any]:
        """List the sessions of all clients, and what each does."""
        return {"sessions": self.sessions.described()}

    # -- evaluating

    @op(
        "eval",
        place="session",
        result={
            "status": "the exit status that it means; 0 is success",
            "quit": "whether the session wishes to end",
            "value": "the value as JSON, null for none and where it is not wanted",
            "text": "the answer as styled text",
        },
    )
    def evaluate(self, call: Call, *, session: str, text: str, width: int = 0, value: bool = True) -> None:
        """Evaluate TEXT in SESSION.

        What comes of it is shown WIDTH columns wide (0: as wide as the session is). What it prints comes as `output`
        meanwhile, and so do the answers of all lines but the last. `input` and `program` may be asked of this client.
        Whoever only shows the text says that he wants no VALUE: it may be large.
        """
        attached = self.sessions.of(call.link, session)

        def done(result: dict[str, Any] | BaseException) -> None:
            if isinstance(result, BaseException):
                result = self._failed(result)
            call.answer(result, {**result, "value": None})

        self.sessions.start(attached, text, lambda: attached.evaluate(text, width or attached.width, value), done)

    def _failed(self, error: BaseException) -> dict[str, Any]:
        """Return the result of an evaluation that ERROR ended from outside."""
        text = explain(error, self._runtime.owners, "").text
        return {"status": exit_status_of(error), "quit": False, "value": None, "text": text}

    @op("batch", place="session", result={"status": "the exit status of the batch"})
    def batch(
        self,
        call: Call,
        *,
        lines: list[str] | None = None,
        text: str | None = None,
        file: str = "",
        name: str = "",
        stdin: bool = False,
        json: bool = False,
        drain: float = DRAIN,
        width: int = 0,
        colors: dict[str, bool] | None = None,
        cwd: str = "",
        argv: list[str] | None = None,
    ) -> None:
        """Run a batch in a session of its own, until the first error.

        It is LINES, or the TEXT of FILE, or what STDIN has. NAME is the file as errors call it. Each line waits up to
        DRAIN seconds for what it set going. With JSON, standard output has one line of JSON for each command and each
        Python value. WIDTH (0: any) and COLORS (of "stdout" and "stderr") say how to show answers; relative paths are
        relative to CWD, and ARGV is what `sys.argv` is meanwhile.
        """
        wanted = BatchRequest(lines, text, file, name, stdin, json, drain, width, colors or {})
        wanted.check()
        attached = self.sessions.open(call.link, batch=True, cwd=Path(cwd) if cwd else None)

        def came(line: str) -> None:
            if self._audit is not None:
                self._audit(attached.link.peer, attached.key, line)

        greeting = _Greeting(self._runtime, attached)

        def greet() -> None:
            with arguments(argv), wanted.printing(attached.console):
                greeting()

        def greeted(result: BaseException | None) -> None:
            if result is not None and not greeting.late:
                done(result)  # Ctrl-C, say, which is meant for the batch
                return
            try:
                begin()
            except ScireError as error:  # the client has gone meanwhile, or the system ends
                done(error)

        def begin() -> None:
            self.sessions.start(attached, wanted.audited, run, done)

        def run() -> int:
            with arguments(argv):
                return wanted.run(attached, self._renderer, self._follow, came)

        def done(result: int | BaseException) -> None:
            status = result if isinstance(result, int) else self._told(attached, result)
            self.sessions.close(attached)
            call.answer({"status": status})

        try:
            if len(self._runtime.hooks["session-open-hook"]):
                self.sessions.start(attached, "session-open-hook", greet, greeted)
            else:
                begin()
        except ScireError:
            self.sessions.close(attached)
            raise

    def _told(self, attached: Attached, error: BaseException) -> int:
        """Tell the client of a batch what ended it from outside, and return the exit status."""
        failed = self._failed(error)
        with contextlib.suppress(BrokenPipeError):
            attached.console.write("stderr", "scirehooks: " + "".join(part for _, part in failed["text"]))
        return int(failed["status"])

    @op("interrupt", result={"interrupted": "how many evaluations"})
    def interrupt(self, call: Call, *, session: str | None = None, force: bool = False) -> dict[str, Any]:
        """Interrupt what is under way in SESSION, whoever's it is.

        Without SESSION it is what is under way in all sessions of this client. The answer comes at once; the
        evaluation is answered within a second. It is never ended inside a library, which may hold a lock, unless by
        FORCE.
        """
        if session is not None:
            chosen = [self.sessions.find(session)]
        else:
            chosen = [each for each in self.sessions.all() if each.link is call.link]
        return {"interrupted": sum(self.sessions.interrupt(each, force=force) for each in chosen)}

    @op("closed", result={})
    def closed(self, call: Call, *, stream: Literal["stdout", "stderr"]) -> dict[str, Any]:
        """Know that nobody reads STREAM of this client any more."""
        for attached in self.sessions.all():
            if attached.link is call.link:
                attached.console.close(stream)
        return {}

    @op("alive", result={})
    def alive(self, call: Call) -> dict[str, Any]:
        """Do nothing.

        A client that cannot read for a while says so by this, lest it be dropped.
        """
        return {}

    # -- while somebody types

    @op("complete", place="turn", result={"start": "where in TEXT it begins", "candidates": "pairs of word and doc"})
    def complete(self, call: Call, *, session: str, text: str) -> dict[str, Any]:
        """Return what could complete TEXT, the input of SESSION up to the cursor.

        Nothing of the user's is run for it.
        """
        found = self.sessions.of(call.link, session).host.complete(text)
        return {"start": found.start, "candidates": [[each.word, each.doc] for each in found.candidates]}

    @op("signature", place="turn", result={"usage": "how it is called", "doc": "what it does, in a line"})
    def signature(self, call: Call, *, session: str, text: str) -> dict[str, Any]:
        """Return how the command or call that is being typed is used.

        TEXT is what was typed in SESSION, up to the cursor. Both are empty if it is neither a command nor inside the
        brackets of a call. Nothing of the user's is run to find out.
        """
        found = self.sessions.of(call.link, session).host.signature(text)
        return {"usage": found.usage, "doc": found.doc}

    @op("is-complete", place="pool", result={"complete": "whether TEXT can be evaluated as it is"})
    def is_complete(self, call: Call, *, session: str, text: str) -> dict[str, Any]:
        """Tell whether Enter behind TEXT, typed in SESSION, should evaluate it.

        If not, it begins another line.
        """
        return {"complete": not self.sessions.of(call.link, session).host.needs_more(text)}

    @op("describe", place="pool", result=Description.result)
    def describe(self, call: Call, *, generation: int | None = None) -> dict[str, Any]:
        """Return the commands and the operations.

        It is nothing but the number if GENERATION is still that of the commands.
        """
        return self._description.tell(generation)

    @op(
        "prompt",
        place="pool",
        result={
            "status": "the line of a toolbar",
            "news": "what others have changed since, as styled text",
            "generation": "of the names that describe tells",
        },
    )
    def prompt(self, call: Call, *, session: str) -> dict[str, Any]:
        """Return what is to be shown at the prompt of SESSION.

        That is a status, and what others have changed since its last prompt. What is shown here the user knows of:
        commands that build on the present state (undo, save) go by it.
        """
        attached = self.sessions.of(call.link, session)
        return {
            "status": attached.host.status,
            "news": news(self._runtime.journal, attached.unseen()),
            "generation": self._description.generation,
        }


class _Greeting:
    """Calls the functions in session-open-hook for ATTACHED, for no longer than they may keep somebody waiting."""

    def __init__(self, runtime: Runtime, attached: Attached) -> None:
        self._runtime = runtime
        self._session = attached.session
        self.late = False  # they were interrupted

    def __call__(self) -> None:
        evaluation = current_evaluation.get()
        assert evaluation is not None

        def end() -> None:
            self.late = True
            evaluation.interrupt(force=True)

        timer = threading.Timer(_OPENING, end)
        timer.daemon = True
        contextvars.Context().run(timer.start)
        try:
            self._runtime.hooks["session-open-hook"].run(self._session.name, self._session.actor)
        finally:
            timer.cancel()
