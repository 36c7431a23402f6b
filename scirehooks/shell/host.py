"""What a terminal may ask: the one narrow object between a terminal and a session.

Text goes in, styled text comes out; no object of the runtime crosses. So a terminal in another process can be served
by the same methods, one message each.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import takewhile

from scirehooks.hooks import Record, said
from scirehooks.hooks.fit import misfits
from scirehooks.hooks.journal import Layer
from scirehooks.shell.completing.calls import Signature, signature_of_call
from scirehooks.shell.completing.complete import Completer, Completions
from scirehooks.shell.line.language import first_word, is_command, needs_more
from scirehooks.shell.session import Outcome, Session
from scirehooks.shell.showing.problems import explain
from scirehooks.shell.showing.render import Renderer
from scirehooks.shell.showing.text import Fragments, neutral, wrapped
from scirehooks.shell.views import is_answer, undefined_text
from scirehooks.values import current_directory

__all__ = ["Host"]


class Host:
    """The shell of one session, as a terminal sees it."""

    def __init__(self, session: Session, renderer: Renderer, *, title: str, status: Callable[[], str]) -> None:
        self._session = session
        self._renderer = renderer
        self._title = title
        self._status = status
        self._completer = Completer(session)
        self._looked = time.time()

    @property
    def banner(self) -> Fragments:
        """The two lines at the start: what this is and what it is connected to, and how to find out more."""
        return [
            ("heading", "scirehooks"),
            ("", f" {self._title}\n"),
            ("dim", "Type "),
            ("name", "help"),
            ("dim", " to read on, "),
            ("name", "Tab"),
            ("dim", " for what fits here, "),
            ("name", "quit"),
            ("dim", " to leave.\n"),
        ]

    @property
    def status(self) -> str:
        """One line for a toolbar."""
        return self._status()

    def shown(self, outcome: Outcome, width: int) -> Fragments:
        """Return OUTCOME as text, and below it which hooks it leaves with a function that they cannot call."""
        notes: Fragments = [("warning", f"{neutral(text)}\n") for text in self._misfits()]
        return [*self._shown(outcome, width), *wrapped(notes, width)]

    def _misfits(self) -> Iterator[str]:
        """Yield what is to be said of hooks whose functions were defined anew since this was last asked, or they.

        What other sessions define is told there.
        """
        looked, self._looked = self._looked, time.time()
        runtime, own = self._session.runtime, self._session.owner

        def is_news(made: Layer | Record | None) -> bool:
            return made is not None and made.time > looked and (made.owner == own or made.owner.kind != "session")

        with runtime.journal.lock:
            new = takewhile(lambda record: record.time > looked, reversed(runtime.journal.records))
            declared = {record.key for record in new if record.cells.kind == "hook" and is_news(record)}
        for hook in list(runtime.hooks.values()):
            for entry in hook.everywhere():
                defined = entry.name is not None and is_news(runtime.namespace.definition(entry.name))
                if defined and (undefined := undefined_text(entry)):
                    yield f"{hook.name} holds {entry.label}, which {undefined}."
                elif defined or hook.name in declared:
                    yield from misfits(hook, [(entry.label, entry.function)])

    def _shown(self, outcome: Outcome, width: int) -> Fragments:
        if outcome.problem:
            return wrapped(outcome.problem.text, width)
        if outcome.kind == "command" and outcome.value == []:
            return [("dim", "There are none.\n")]  # a pipe gets nothing; a person wonders whether it worked
        try:
            command = self._session.runtime.commands.get(outcome.command)
            if outcome.kind == "command" and (
                not is_answer(outcome.command, outcome.value) or (command and said(command.function, outcome.value))
            ):
                return self._renderer.line(outcome.value, width, command)
            return self._renderer.render(outcome.value, width, python=outcome.kind == "python")
        except Exception as error:  # noqa: BLE001 - the terminal door: an answer that cannot be shown ends nothing
            return explain(error, self._session.runtime.owners, "").text

    def complete(self, text: str) -> Completions:
        """Return what could complete TEXT, the input up to the cursor; paths are seen from where the user is."""
        token = current_directory.set(self._session.cwd)
        try:
            return self._completer.complete(text)
        finally:
            current_directory.reset(token)

    def usage(self, text: str) -> str:
        """Return the usage of the command that TEXT begins with, nothing if it is none."""
        commands = self._session.runtime.commands
        name = first_word(text.removeprefix(":"))
        if not name or "_" in name or name not in commands:
            return ""
        return self._session.form(commands[name]).usage if is_command(text.removeprefix(":"), commands) else ""

    def signature(self, text: str) -> Signature:
        """Return what is being typed, TEXT up to the cursor, takes and does: a command, or the innermost open call."""
        usage = self.usage(text)
        if usage:
            return Signature(usage, self._session.runtime.commands[usage.partition(" ")[0]].summary)
        return signature_of_call(text, self._session.runtime.namespace.globals)

    def needs_more(self, text: str) -> bool:
        """Whether Enter behind TEXT should begin another line."""
        return needs_more(text, self._session.runtime.commands)
