"""Split a command line into words as sh does, and know where each one was.

The positions are what `shlex` cannot give and completion needs. Nothing is expanded: `$HOME`, `*` and `~` are ordinary
characters, since words are read by the values table and never by a shell. A `#` that stands alone begins a comment;
`#17` is a word.
"""

from __future__ import annotations

from scirehooks.errors import UsageError
from scirehooks.records import dataclass

__all__ = ["Word", "is_unfinished", "quote", "split"]

_BLANKS = " \t\n"
_ESCAPED_IN_DOUBLE_QUOTES = '$`"\\'
_SAFE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+=:,./-_#")


@dataclass(frozen=True, slots=True)
class Word:
    """One word: its TEXT without quotes, where it stood, and what it left open (a quote, a backslash, or nothing)."""

    text: str
    start: int
    end: int
    open: str = ""


def split(line: str, *, unfinished: bool = False) -> list[Word]:
    r"""Return the words of LINE; an open quote at the end is an error unless UNFINISHED words are wanted.

    Raises:
        UsageError: a quote or a backslash is left open.

    Example:
        >>> [word.text for word in split(r"run 'back up' web\ 1")]
        ['run', 'back up', 'web 1']
    """
    words: list[Word] = []
    at = 0
    while at < len(line):
        if line[at] in _BLANKS:
            at += 1
            continue
        if _is_comment(line, at) and not (unfinished and at + 1 == len(line)):  # what is `#` may become `#17`
            at = (line + "\n").index("\n", at)
            continue
        word, at = _word(line, at)
        words.append(word)
    if words and words[-1].open and not unfinished:
        what = "a backslash" if words[-1].open == "\\" else f"a quote ({words[-1].open})"
        raise UsageError(f"The line ends inside {what}.", "Close it, or write \\ before it to mean the character.")
    # A lone backslash before the end of a line joins two lines and is no word by itself.
    return [word for word in words if word.text or line[word.start : word.end] != "\\\n"]


def is_unfinished(line: str) -> bool:
    r"""Whether LINE ends inside a quote or after a backslash, so that the next line belongs to it.

    Example:
        >>> is_unfinished("run 'back"), is_unfinished("run back")
        (True, False)
    """
    words = split(line, unfinished=True)
    return bool(words) and bool(words[-1].open)


def quote(text: str) -> str:
    r"""Return TEXT as one word that `split` reads back.

    Example:
        >>> print(quote("web1"), quote("it's"))
        web1 'it'\''s'
    """
    if text and text != "#" and _SAFE.issuperset(text):
        return text
    return "'" + text.replace("'", "'\\''") + "'"


def _is_comment(line: str, at: int) -> bool:
    """Whether the word of LINE that begins at AT is a `#` alone, so that what follows is for readers."""
    return line[at] == "#" and line[at + 1 : at + 2] in ("", *_BLANKS)


def _word(line: str, start: int) -> tuple[Word, int]:
    """Read the word of LINE that begins at START; return it and the position behind it."""
    text: list[str] = []
    within = ""
    at = start
    while at < len(line):
        character = line[at]
        following = line[at + 1] if at + 1 < len(line) else ""
        if within == "'":
            if character == "'":
                within = ""
            else:
                text.append(character)
        elif character == "\\" and (not within or following in _ESCAPED_IN_DOUBLE_QUOTES + "\n"):
            if not following:
                return Word("".join(text), start, at + 1, within or "\\"), at + 1
            if following != "\n":
                text.append(following)
            at += 1
        elif within:
            if character == within:
                within = ""
            else:
                text.append(character)
        elif character in "'\"":
            within = character
        elif character in _BLANKS:
            break
        else:
            text.append(character)
        at += 1
    return Word("".join(text), start, at, within), at
