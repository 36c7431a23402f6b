"""Styled text: what the shell shows, before any terminal is known.

Text is a list of `(style, text)` fragments. Styles are words (`error`, `name`, `dim`); whoever shows the text decides
what they look like, so that the same answer fits a terminal, a pipe and the control protocol.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

__all__ = ["Fragments", "cells", "clip", "neutral", "pad", "plain", "to_ansi", "wrapped"]

Fragments = list[tuple[str, str]]

# C0 and C1 controls, marks that change the direction of text, and halves of surrogate pairs: each could make a
# terminal show something else than what is there.
_DANGEROUS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")

_WORD = re.compile(r"\S+")

_ANSI = {
    "bold": "1",
    "command": "1",
    "dim": "2",
    "doc": "2",
    "error": "31",
    "good": "32",
    "heading": "1",
    "key": "36",
    "name": "36",
    "place": "2",
    "usage": "36",
    "warning": "33",
}


def neutral(text: str) -> str:
    r"""Return TEXT with every control character spelt out; line ends and tabs stay.

    Example:
        >>> neutral("a\x1b[2Jb")
        'a\\x1b[2Jb'
    """
    return _DANGEROUS.sub(lambda found: _spelt(found[0]), text)


def _spelt(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def cells(text: str) -> int:
    """Return how many columns TEXT takes.

    Example:
        >>> cells("web"), cells("日本")
        (3, 4)
    """
    if text.isascii():
        return len(text)
    return sum(_width(character) for character in text)


def _width(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def clip(text: str, width: int) -> str:
    """Return TEXT cut to WIDTH columns, with an ellipsis where something is missing.

    Example:
        >>> clip("post-client-add-hook", 8)
        'post-cl…'
    """
    if cells(text) <= width:
        return text
    kept, used = [], 0
    for character in text:
        used += _width(character)
        if used > width - 1:
            break
        kept.append(character)
    return "".join(kept) + "…" if width > 0 else ""


def pad(text: str, width: int, *, right: bool = False) -> str:
    """Return TEXT filled with blanks to WIDTH columns, at the left if it is to stand RIGHT."""
    gap = " " * max(0, width - cells(text))
    return gap + text if right else text + gap


def plain(fragments: Iterable[tuple[str, str]]) -> str:
    """Return the text of FRAGMENTS without styles."""
    return "".join(text for _, text in fragments)


def to_ansi(fragments: Sequence[tuple[str, str]], *, color: bool) -> str:
    r"""Return FRAGMENTS for a terminal, with escape sequences if it has COLOR.

    Example:
        >>> to_ansi([("error", "no"), ("", "!")], color=True)
        '\x1b[31mno\x1b[0m!'
    """
    if not color:
        return plain(fragments)
    return "".join(f"\x1b[{_ANSI[style]}m{text}\x1b[0m" if style in _ANSI else text for style, text in fragments)


_LEAST = 20  # columns of a terminal where breaking lines makes them easier to read


def wrapped(fragments: Iterable[tuple[str, str]], width: int) -> Fragments:
    r"""Return FRAGMENTS with lines that are longer than WIDTH columns (0: any) broken between words.

    What goes on stands below its key if the line begins with one, else a little to the right of where an indented line
    begins. A word wider than half of that, such as a path, stays where it is, and so does an indented line of code.

    Example:
        >>> plain(wrapped([("key", "rule  "), ("", "every function is called\n")], 24))
        'rule  every function is\n      called\n'
    """
    if width < _LEAST:
        return list(fragments)
    result: Fragments = []
    for line in _lines(fragments):
        text = plain(line)
        code = text[:1] == " " and all(style == "usage" for style, part in line if part.strip())
        if cells(text.rstrip("\n")) <= width or code:
            result += line
        else:
            result += _broken(line, text, width)
    return result


def _lines(fragments: Iterable[tuple[str, str]]) -> Iterator[Fragments]:
    """Yield FRAGMENTS line by line, each with its end."""
    line: Fragments = []
    for style, text in fragments:
        for part in text.splitlines(keepends=True):
            line.append((style, part))
            if part.endswith("\n"):
                yield line
                line = []
    if line:
        yield line


def _broken(line: Fragments, text: str, width: int) -> Fragments:
    """Return LINE, which reads TEXT, in pieces of WIDTH columns, all but the first moved to the right."""
    indent = len(text) - len(text.lstrip(" "))
    style, first = line[0]
    key = cells(first) if style == "key" and first.endswith(" ") else indent + 2 if indent else 0
    hang = key if key <= width // 2 else indent
    ends: list[int] = []  # where a piece ends; the blanks behind it are dropped
    begin, at, room = 0, indent, width
    for word in _WORD.finditer(text.rstrip("\n"), indent):
        movable = cells(word[0]) <= width // 2
        if movable and at > max(begin, indent) and cells(text[begin : word.end()]) > room:
            ends.append(at)
            begin, room = word.start(), width - hang
        at = word.end()
    return _cut(line, ends, " " * hang)


def _cut(line: Fragments, ends: list[int], margin: str) -> Fragments:
    """Return LINE with a new line at each of ENDS, which begins with MARGIN."""
    result: Fragments = []
    position, skipping = 0, False
    breaks = set(ends)
    for style, part in line:
        kept: list[str] = []
        for character in part:
            if position in breaks:
                kept.append("\n" + margin)
                skipping = True
            skipping = skipping and character == " "
            if not skipping:
                kept.append(character)
            position += 1
        result.append((style, "".join(kept)))
    return result
