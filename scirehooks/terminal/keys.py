"""Keys: Enter ends a line or begins another, Tab completes, the rest is Emacs (or vi)."""

from __future__ import annotations

from collections.abc import Callable

from prompt_toolkit.buffer import Buffer
from prompt_toolkit.enums import DEFAULT_BUFFER
from prompt_toolkit.filters import has_focus, is_searching
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

from scirehooks.terminal.completer import complete_further

__all__ = ["keys"]


def keys(needs_more: Callable[[str], bool]) -> KeyBindings:
    """Return the shell's own keys; NEEDS_MORE tells whether a text goes on in another line."""
    bindings = KeyBindings()
    typing = has_focus(DEFAULT_BUFFER) & ~is_searching

    @bindings.add("enter", filter=typing)
    def _(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        at_end = not buffer.document.text_after_cursor.strip()
        text = buffer.text
        if not buffer.document.current_line.strip():
            text = text.rstrip() + "\n"  # an empty line ends a block, though it has been indented
        if at_end and needs_more(text):
            _new_line(buffer)
        else:
            buffer.validate_and_handle()

    @bindings.add("escape", "enter", filter=typing)
    def _(event: KeyPressEvent) -> None:
        _new_line(event.current_buffer)

    @bindings.add("tab", filter=typing)
    def _(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if buffer.document.current_line_before_cursor.strip() or buffer.document.line_count == 1:
            complete_further(buffer)
        else:
            buffer.insert_text("    ")

    return bindings


def _new_line(buffer: Buffer) -> None:
    """Begin a line, indented like the one above and deeper behind a colon."""
    line = buffer.document.current_line_before_cursor
    indent = line[: len(line) - len(line.lstrip())]
    if line.rstrip().endswith(":"):
        indent += "    "
    buffer.insert_text("\n" + indent)
