"""How a line is read: with everything that a terminal can do, or as it comes."""

from __future__ import annotations

from concurrent.futures import Future
from pathlib import Path
from typing import Any, Protocol

from prompt_toolkit import PromptSession
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
from prompt_toolkit.document import Document
from prompt_toolkit.enums import EditingMode
from prompt_toolkit.filters import vi_insert_mode
from prompt_toolkit.formatted_text import ANSI, StyleAndTextTuples

from scirehooks.errors import ConnectionLostError
from scirehooks.shell.line.language import needs_more
from scirehooks.terminal.asking import Asking
from scirehooks.terminal.completer import LinkCompleter
from scirehooks.terminal.history import SharedHistory, history_in
from scirehooks.terminal.keys import KeyChoice, keys
from scirehooks.terminal.lexer import ShellLexer
from scirehooks.terminal.link import Link
from scirehooks.terminal.screen import Screen
from scirehooks.terminal.signature import SignatureBox
from scirehooks.terminal.style import style

__all__ = ["LineReader", "PlainReader", "Reader"]

PROMPT = "scire> "
MORE = "  ...> "
_MENU = 6  # rows kept free below the line, so that a menu does not make the screen jump


class Reader(Protocol):
    """Reads what somebody types."""

    def read(self) -> str:
        """Return the next line, with those that belong to it.

        Raises:
            KeyboardInterrupt: Ctrl-C.
            EOFError: Ctrl-D, or the end of the input.
        """

    def read_answer(self, prompt: str) -> str:
        """Return a line for a program that asks, with its line end; raises as `read` does."""


class PlainReader:
    """Reads lines from a terminal that can do nothing, or from none at all."""

    def __init__(self, screen: Screen, link: Link) -> None:
        self._screen = screen
        self._link = link

    def read(self) -> str:
        """Return the next line, with those that belong to it; what cannot be sent is said so, and is lost."""
        while True:
            text = self._line(PROMPT)
            while needs_more(text, self._link.commands):
                text += "\n" + self._line(MORE)
            if not text.strip() or self._link.ready():
                return text

    def read_answer(self, prompt: str) -> str:
        """Return a line for a program that asks."""
        with self._screen.interrupts(None):
            return self._line(prompt, always=True) + "\n"

    def _line(self, prompt: str, *, always: bool = False) -> str:
        if self._screen.prompting or always:
            self._screen.write(prompt)
        line = self._screen.stdin.readline()
        if self._screen.prompting:
            self._screen.at_line_start()
        if not line:
            raise EOFError
        return line.removesuffix("\n")


class _CommandWanted(Exception):
    """Somebody pressed Esc-x."""


class LineReader:
    """Reads lines with everything that prompt_toolkit gives."""

    def __init__(self, screen: Screen, link: Link, history: Path | None) -> None:
        self._screen = screen
        self._link = link
        self._choice = KeyChoice(history.with_name(history.name + ".keys") if history else None)
        self._history = history_in(history)
        self._look = {"style": style(color=screen.color), "include_default_pygments_style": False, **screen.devices()}
        self._kept = Document()
        self._box = SignatureBox(lambda text: link.ask("signature", text=text), screen.redraw)
        completer = LinkCompleter(self._candidates)
        self._session: PromptSession[str] = PromptSession(
            [("class:prompt", PROMPT)],
            auto_suggest=AutoSuggestFromHistory(),
            bottom_toolbar=self._toolbar,
            complete_while_typing=True,
            completer=completer,
            editing_mode=self._choice.mode,
            enable_open_in_editor=True,
            enable_suspend=True,
            history=self._history,
            key_bindings=keys(
                needs_more=lambda text: needs_more(text, link.commands),
                ready=link.ready,
                completer=completer,
                choice=self._choice,
                ask_command=self._want_command,
            ),
            lexer=ShellLexer(lambda: link.commands),
            multiline=True,
            prompt_continuation=[("class:prompt", MORE)],
            tempfile_suffix=".py",
            **self._look,
        )
        self._session.app.before_render += lambda app: self._fit()
        self._box.follow(self._session.default_buffer)

    def read(self) -> str:
        """Return the next line, with those that belong to it."""
        while True:
            kept, self._kept = self._kept, Document()
            try:
                return self._prompt(kept)
            except _CommandWanted:
                line = self._asking().line()
                if line is not None:
                    return self._prompt(Document(line), accept=True)  # what was half typed is there again after it

    def read_answer(self, prompt: str) -> str:
        """Return a line for a program that asks."""
        asking: PromptSession[str] = PromptSession(editing_mode=self._choice.mode, **self._look)
        self._screen.write(prompt)
        # Code that asks has often written its prompt already; what stands before the cursor stays there.
        last = self._screen.taken_line()

        def begin() -> None:
            self._screen.typing_begins()
            if not self._link.answering:
                self._screen.leave(EOFError())  # who asked has gone before we began

        with self._screen.typing(asking.app):
            return asking.prompt(ANSI(last), pre_run=begin) + "\n"

    # -- inside

    def _prompt(self, text: Document, *, accept: bool = False) -> str:
        if isinstance(self._history, SharedHistory):
            self._history.refresh()
        self._box.clear()
        app = self._session.app
        app.erase_when_done = False
        app.editing_mode = self._choice.mode

        def begin() -> None:
            self._screen.typing_begins()
            if self._link.over:
                self._screen.leave(ConnectionLostError(self._link.trouble))  # it ended before we began

        with self._screen.typing(app):
            return self._session.prompt(default=text, accept_default=accept, pre_run=begin)

    def _want_command(self) -> None:
        """Leave the line, which is kept, to ask for a command."""
        app = self._session.app
        self._kept = self._session.default_buffer.document
        app.erase_when_done = True
        app.exit(exception=_CommandWanted())

    def _asking(self) -> Asking:
        return Asking(self._screen, self._candidates, self._link.commands, editing_mode=self._choice.mode, **self._look)

    def _candidates(self, before: str) -> Future[Any]:
        return self._link.ask("complete", text=before)

    def _fit(self) -> None:
        """Keep as many rows free for menus as a screen of this height can spare."""
        rows = self._session.app.output.get_size().rows
        self._session.reserve_space_for_menu = max(0, min(_MENU, rows - 5))

    def _toolbar(self) -> StyleAndTextTuples:
        """Return the lines at the bottom: how the call being typed is used, and the state of the system."""
        size = self._session.app.output.get_size()
        line = self._box.lines(size.columns, size.rows)
        if self._choice.mode is EditingMode.VI:
            line.append(("class:usage", " vi:insert ·" if vi_insert_mode() else " vi:command ·"))
        trouble = self._link.trouble
        line.append(("class:trouble", f" {trouble}") if trouble else ("class:status", f" {self._link.status}"))
        return line
