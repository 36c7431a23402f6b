"""What a terminal may ask: the one narrow object between a terminal and a session.

Text goes in, styled text comes out; no object of the runtime crosses. So a terminal in another process can be served
by the same methods, one message each.
"""

from __future__ import annotations

from collections.abc import Callable

from scirehooks.hooks import said
from scirehooks.shell.completing.calls import Signature, signature_of_call
from scirehooks.shell.completing.complete import Completer, Completions
from scirehooks.shell.line.language import first_word, is_command, needs_more
from scirehooks.shell.session import Outcome, Session
from scirehooks.shell.showing.problems import explain
from scirehooks.shell.showing.render import Renderer
from scirehooks.shell.showing.text import Fragments, wrapped
from scirehooks.shell.views import is_answer
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
        """Return OUTCOME as text."""
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
