"""Highlight both languages: a command by its words, everything else as Python."""

from __future__ import annotations

import functools
from collections.abc import Callable, Container

from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.lexers import Lexer, PygmentsLexer

from scirehooks.shell.line.language import CommandLine, read
from scirehooks.shell.line.words import split

__all__ = ["ShellLexer"]


class ShellLexer(Lexer):
    """The lexer of a shell whose commands COMMANDS gives."""

    def __init__(self, commands: Callable[[], Container[str]]) -> None:
        self._commands = commands

    @functools.cached_property
    def _python(self) -> PygmentsLexer:
        # Late: it compiles a hundred regular expressions, and the first prompt need not wait for them.
        from pygments.lexers.python import PythonLexer  # noqa: PLC0415

        return PygmentsLexer(PythonLexer)

    def lex_document(self, document: Document) -> Callable[[int], StyleAndTextTuples]:
        """Return what gives the styled text of a line by its number."""
        text = document.text
        if not text:
            return lambda number: []
        if text.startswith("!"):
            return lambda number: [("class:program", document.lines[number])]
        if not isinstance(read(text, self._commands(), unfinished=True), CommandLine):
            return self._python.lex_document(document)
        lines = _lines(_styled(text))
        return lambda number: lines[number] if number < len(lines) else []


def _styled(text: str) -> list[tuple[str, str]]:
    """Return a command line as fragments."""
    result: list[tuple[str, str]] = []
    at = 0
    if text.startswith(":"):
        result.append(("class:punctuation", ":"))
        at = 1
    plain = False
    for number, word in enumerate(split(" " * at + text[at:], unfinished=True)):
        written = text[word.start : word.end]
        result.append(("", text[at : word.start]))
        if number == 0:
            style = "class:command"
        elif written.startswith("--") and not plain:
            style = "class:option"
            plain = written == "--"
        elif written[:1] in ("'", '"'):
            style = "class:string"
        else:
            style = "class:word"
        result.append((style, written))
        at = word.end
    return [*result, ("", text[at:])]


def _lines(fragments: list[tuple[str, str]]) -> list[StyleAndTextTuples]:
    """Cut FRAGMENTS at line ends."""
    lines: list[StyleAndTextTuples] = [[]]
    for style, text in fragments:
        first, *others = text.split("\n")
        lines[-1].append((style, first))
        lines += [[(style, other)] for other in others]
    return lines
