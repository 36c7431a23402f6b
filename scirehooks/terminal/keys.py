"""Keys: Enter ends a line or begins another, Tab completes, Esc-x asks for a command; the rest is Emacs or vi."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

from prompt_toolkit.application import get_app
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.enums import DEFAULT_BUFFER, EditingMode
from prompt_toolkit.filters import Condition, emacs_mode, has_focus, is_searching, vi_insert_mode, vi_mode
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

from scirehooks.terminal.completer import LinkCompleter, complete_further

__all__ = ["KeyChoice", "keys"]


class KeyChoice:
    """Which keys are used, Emacs's or vi's: as `SCIRE_KEYS` says, else as F4 was pressed last, kept in FILE."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        wish = os.environ.get("SCIRE_KEYS", "")
        if not wish and file is not None:
            with contextlib.suppress(OSError, UnicodeDecodeError):
                wish = file.read_text().strip()
        self.mode = EditingMode.VI if wish.lower() == "vi" else EditingMode.EMACS

    def toggle(self) -> EditingMode:
        """Choose the other keys, and remember that; a disk that is full only forgets it."""
        self.mode = EditingMode.EMACS if self.mode is EditingMode.VI else EditingMode.VI
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.write_text(f"{self.mode.value.lower()}\n")
        return self.mode


def keys(
    *,
    needs_more: Callable[[str], bool],
    ready: Callable[[], bool],
    completer: LinkCompleter,
    choice: KeyChoice,
    ask_command: Callable[[], None],
) -> KeyBindings:
    """Return the shell's own keys.

    NEEDS_MORE tells whether a text goes on in another line, READY whether a line can be sent now, and ASK_COMMAND
    leaves the line to ask for a command by name.
    """
    bindings = KeyBindings()
    indent = _Indent()
    typing = has_focus(DEFAULT_BUFFER) & ~is_searching

    @bindings.add("enter", filter=typing)
    def _(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        at_end = not buffer.document.text_after_cursor.strip()
        text = buffer.text
        if not buffer.document.current_line.strip():
            text = text.rstrip() + "\n"  # an empty line ends a block, though it has been indented
        if at_end and needs_more(text):
            indent.new_line(buffer)
        elif not text.strip() or ready():
            buffer.validate_and_handle()

    # With vi keys Esc must not wait for a second key: there Ctrl-O, or `o`, begins a line, and F2 asks for a command.
    @bindings.add("escape", "enter", filter=typing & emacs_mode)
    @bindings.add("c-o", filter=typing & vi_mode)
    def _(event: KeyPressEvent) -> None:
        indent.new_line(event.current_buffer)

    @bindings.add("space", filter=typing & (emacs_mode | vi_insert_mode) & indent.expects_blanks)
    def _(event: KeyPressEvent) -> None:
        indent.absorb()

    @bindings.add("tab", filter=typing)
    def _(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if buffer.document.current_line_before_cursor.strip() or buffer.document.line_count == 1:
            complete_further(event.app, buffer, completer)
        else:
            buffer.insert_text("    ")

    @bindings.add("escape", "x", filter=typing & emacs_mode)
    @bindings.add("f2", filter=typing)
    def _(event: KeyPressEvent) -> None:
        ask_command()

    @bindings.add("f4")
    def _(event: KeyPressEvent) -> None:
        event.app.editing_mode = choice.toggle()

    return bindings


class _Indent:
    """The blanks that a new line begins with by itself.

    Who types blanks there, out of habit or from a page that he copies, means these: they count once.
    """

    def __init__(self) -> None:
        self._text = ""  # of the buffer, right behind them
        self._left = 0  # how many of them may yet be typed
        self.expects_blanks = Condition(lambda: self._expected(get_app().current_buffer))

    def new_line(self, buffer: Buffer) -> None:
        """Begin a line, indented like the one above and deeper behind a colon."""
        line = buffer.document.current_line_before_cursor
        indent = line[: len(line) - len(line.lstrip())]
        if line.rstrip().endswith(":"):
            indent += "    "
        buffer.insert_text("\n" + indent)
        self._text, self._left = buffer.text, len(indent)

    def _expected(self, buffer: Buffer) -> bool:
        return self._left > 0 and buffer.text == self._text and not buffer.document.current_line.strip()

    def absorb(self) -> None:
        """Take a blank that is typed for one that stands there."""
        self._left -= 1
