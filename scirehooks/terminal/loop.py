"""The loop of an interactive shell: read, evaluate, show, until somebody leaves."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.application import get_app
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.patch_stdout import patch_stdout
from prompt_toolkit.styles import Style, merge_styles, style_from_pygments_cls
from pygments.styles.default import DefaultStyle

from scirehooks.shell import Fragments, Host, colors_for, to_ansi
from scirehooks.terminal.completer import HostCompleter
from scirehooks.terminal.history import history_in
from scirehooks.terminal.keys import keys
from scirehooks.terminal.lexer import ShellLexer

__all__ = ["run"]

PROMPT = "scire> "
MORE = "  ...> "

# Only the sixteen colours of the terminal's own palette: they are readable on its background, whatever it is.
_STYLE = Style.from_dict(
    {
        "prompt": "bold",
        "command": "bold ansigreen",
        "option": "ansicyan",
        "string": "ansiyellow",
        "program": "ansimagenta",
        "punctuation": "ansibrightblack",
        "auto-suggestion": "ansibrightblack",
        "bottom-toolbar": "noreverse ansibrightblack",
        "bottom-toolbar.text": "",
        "completion-menu": "bg:ansiblack ansiwhite",
        "completion-menu.completion.current": "bg:ansiblue ansiwhite bold",
        "completion-menu.meta.completion": "bg:ansiblack ansibrightblack",
        "completion-menu.meta.completion.current": "bg:ansiblue ansiwhite",
        "pygments.keyword": "bold ansiblue",
        "pygments.literal.string": "ansiyellow",
        "pygments.literal.number": "ansicyan",
        "pygments.comment": "ansibrightblack italic",
        "pygments.name.builtin": "ansicyan",
        "pygments.name.function": "ansigreen",
    }
)


def run(host: Host, *, history: Path | None = None) -> int:
    """Serve HOST on this terminal until somebody leaves; return the exit status.

    A terminal that can do nothing (TERM=dumb), or none at all, gets plain lines.
    """
    plain = os.environ.get("TERM", "dumb") in ("dumb", "unknown") or not sys.stdin.isatty()
    read = _plain_reader(host) if plain else _line_reader(host, history)
    _show(host.banner)
    while True:
        try:
            text = read()
            if not text.strip():
                continue
            reply = host.evaluate(text, shutil.get_terminal_size().columns, _show)
        except KeyboardInterrupt:
            # At the prompt it clears the line; a late one, while an answer is shown, ends the answer.
            sys.stdout.write("\n" if plain else "")
            continue
        except EOFError:
            return 0
        if reply.quit:
            return reply.status


def _show(text: Fragments) -> None:
    sys.stdout.write(to_ansi(text, color=colors_for(sys.stdout)))
    sys.stdout.flush()


def _plain_reader(host: Host) -> Callable[[], str]:
    """Return what reads a line, and the lines that belong to it, without a terminal's help."""
    prompting = sys.stdin.isatty()

    def read() -> str:
        text = input(PROMPT if prompting else "")
        while host.needs_more(text):
            text += "\n" + input(MORE if prompting else "")
        return text

    return read


def _line_reader(host: Host, history: Path | None) -> Callable[[], str]:
    """Return what reads a line with everything that prompt_toolkit gives."""
    toolbar = _Toolbar(host)
    session: PromptSession[str] = PromptSession(
        [("class:prompt", PROMPT)],
        auto_suggest=AutoSuggestFromHistory(),
        bottom_toolbar=toolbar,
        complete_while_typing=True,
        completer=HostCompleter(host),
        enable_open_in_editor=True,
        history=history_in(history),
        key_bindings=keys(host.needs_more),
        lexer=ShellLexer(lambda: host.commands),
        multiline=True,
        prompt_continuation=MORE,
        reserve_space_for_menu=6,
        style=merge_styles([style_from_pygments_cls(DefaultStyle), _STYLE]),
    )

    def read() -> str:
        # What threads print while somebody types goes above the prompt, not into the line.
        with patch_stdout(raw=True):
            return session.prompt()

    return read


class _Toolbar:
    """The line at the bottom: how the command being typed is used, else the state of the system."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._status = ""
        self._until = 0.0

    def __call__(self) -> StyleAndTextTuples:
        """Return the line; the state is asked for at most once a second, not at every key."""
        usage = self._host.usage(get_app().current_buffer.text)
        if usage:
            return [("", f" {usage}")]
        if time.monotonic() > self._until:
            self._status = self._host.status
            self._until = time.monotonic() + 1.0
        return [("", f" {self._status}")]
