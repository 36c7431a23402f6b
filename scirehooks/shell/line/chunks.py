"""Cut a file, `-c` lines or piped input into what is evaluated at once.

A chunk is a command line, a program line or a Python statement with its block. Lines are taken one at a time, so that a
program that feeds our standard input sees each answer before it writes the next line; only a block has to look at the
line behind it, to know that it has ended.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator

from scirehooks.records import dataclass
from scirehooks.shell.line.language import is_command, needs_more

__all__ = ["Chunk", "chunks"]

_GOES_ON = re.compile(r"[ \t]|(?:else|elif|except|finally)\b")
_NOTHING = re.compile(r"[ \t]*(?:#.*)?\Z")


@dataclass(frozen=True, slots=True)
class Chunk:
    """TEXT to be evaluated, which began at LINE (from 1) of its file."""

    text: str
    line: int


def chunks(lines: Iterable[str], commands: Container[str]) -> Iterator[Chunk]:
    r"""Yield the chunks of LINES (without line ends), looking COMMANDS up anew for each.

    Example:
        >>> [chunk.text for chunk in chunks(["if x:", "    y", "else:", "    z", "", "w"], ())]
        ['if x:\n    y\nelse:\n    z', 'w']
    """
    source = _Lines(lines)
    for text in source:
        if _NOTHING.match(text):
            continue
        start = source.number
        yield Chunk(_chunk(text, source, commands), start)


class _Lines:
    """An iterator over lines that counts them and can take one back."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self._back: list[str] = []
        self.number = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._back.pop() if self._back else next(self._lines)
        self.number += 1
        return line

    def put_back(self, line: str) -> None:
        """Let LINE be the next one again."""
        self._back.append(line)
        self.number -= 1


def _chunk(first: str, source: _Lines, commands: Container[str]) -> str:
    """Return the chunk that begins with FIRST, taking what belongs to it from SOURCE."""
    lines = [first]
    if first[:1] in (":", "!") or is_command(first, commands):
        while needs_more("\n".join(lines), commands) and _take(lines, source):
            pass
        return "\n".join(lines)
    while True:
        text = "\n".join(lines)
        if needs_more(text + "\n", commands):
            # An open bracket or string, a header without its body, a decorator: whatever comes belongs to it.
            if not _take(lines, source):
                return text
        elif not (needs_more(text, commands) and _take_of_block(lines, source)):
            return text


def _take(lines: list[str], source: _Lines) -> bool:
    """Move one line from SOURCE to LINES; whether there was one."""
    line = next(source, None)
    if line is not None:
        lines.append(line)
    return line is not None


def _take_of_block(lines: list[str], source: _Lines) -> bool:
    """Move the next line of the block LINES, with the gap before it, from SOURCE; whether there was one."""
    gap: list[str] = []
    for line in source:
        gap.append(line)
        if _NOTHING.match(line):
            continue
        if _GOES_ON.match(line):
            lines += gap
            return True
        break
    for line in reversed(gap):
        source.put_back(line)
    return False
