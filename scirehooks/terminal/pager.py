"""What to do with an answer that is longer than the screen."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import termios
import tty
from collections.abc import Iterator, Sequence

from scirehooks.shell.showing.text import cells, plain
from scirehooks.terminal.screen import Screen

__all__ = ["page"]

# As git does: R keeps colours, F needs no key for one screen, and X leaves what was read in the scrollback. With K
# Ctrl-C leaves it. The prompt says how to go on: by itself it is a colon or (END), which look like places to type at.
_LESS = r"FKRXPs?e(END) q goes on:Space shows more, q goes on."
# What is typed at it must not become a file (s), or a program (!).
_ENVIRONMENT = {"LESS": _LESS, "LESSSECURE": "1", "LV": "-c"}
_MORE = "-- more: Space, Enter: a line, g: all, q: stop --"


def page(screen: Screen, fragments: Sequence[tuple[str, str]]) -> None:
    """Show styled text on SCREEN, a page at a time if it is longer than that.

    `$PAGER` is asked first, then `less`; without both the shell does it itself. `PAGER=cat` switches paging off.
    """
    text = screen.styled(fragments)
    if screen.plain or _lines(plain(fragments), screen.columns) < screen.rows:
        screen.write(text)
        return
    command = _pager()
    if command is None:
        _page_by_ourselves(screen, text)
    elif command[0] == "cat":
        screen.write(text)
    else:
        environment = {**_ENVIRONMENT, **os.environ}
        try:
            screen.program(command, text=text, environment=environment)
        except OSError as error:  # it has gone since it was looked for, or is no program
            screen.write(text)
            screen.show([("warning", f"{command[0]}: {error.strerror}.\n")])


def _pager() -> list[str] | None:
    """Return the pager as a command line; None if there is none."""
    with contextlib.suppress(ValueError):  # an open quote
        chosen = shlex.split(os.environ.get("PAGER", ""))
        if chosen and shutil.which(chosen[0]):
            return chosen
    return ["less"] if shutil.which("less") else None


def _lines(text: str, columns: int) -> int:
    """Return how many lines TEXT takes on a screen COLUMNS wide."""
    return sum(max(1, -(-cells(line) // columns)) for line in text.splitlines())


def _page_by_ourselves(screen: Screen, text: str) -> None:
    lines = [row for line in text.splitlines(keepends=True) for row in _rows(line, screen.columns)]
    shown = 0
    room = max(1, screen.rows - 1)
    with _single_keys(screen):
        while True:
            screen.write("".join(lines[shown : shown + room]))
            shown += room
            if shown >= len(lines):
                return
            screen.write(_MORE[: screen.columns - 1])
            key = os.read(screen.stdin.fileno(), 32)
            screen.write("\r\x1b[K")
            if key[:1] in (b"q", b"Q", b"\x03", b"\x04", b"\x1b", b""):
                screen.write(f"({len(lines) - shown} lines left out)\n"[-screen.columns :])
                return
            if key[:1] in (b"g", b"G"):
                room = len(lines)
            elif key[:1] in (b"\r", b"\n"):
                room = 1
            else:
                room = max(1, screen.rows - 1)


def _rows(line: str, columns: int) -> list[str]:
    """Return LINE cut where a screen COLUMNS wide would wrap it; one with colours, which is made to fit, is left."""
    if "\x1b" in line or cells(line.rstrip("\n")) <= columns:
        return [line]
    rows, row, width = [], "", 0
    for character in line:
        width += cells(character)
        if width > columns and character != "\n":
            rows.append(row)
            row, width = "", cells(character)
        row += character
    return [*rows, row]


@contextlib.contextmanager
def _single_keys(screen: Screen) -> Iterator[None]:
    """Read keys one by one, Ctrl-C included, without showing them."""
    descriptor = screen.stdin.fileno()
    settings = termios.tcgetattr(descriptor)
    tty.setcbreak(descriptor)
    without_signals = termios.tcgetattr(descriptor)
    without_signals[3] &= ~termios.ISIG
    termios.tcsetattr(descriptor, termios.TCSADRAIN, without_signals)
    try:
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, settings)
