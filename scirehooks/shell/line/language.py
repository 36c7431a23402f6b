"""Tell which language a line is in: a command, Python, or a local program.

The rule is one sentence, so that it can be remembered: a line is a command when its first word, spelt with hyphens, is
a command's name and the next word does not begin with an assignment or comparison operator, `,` or `.`. Everything
else is Python. So a variable never hides a command: `run = 3` makes a variable, and `run backup` still runs.
Two refinements, for lines that no Python could be: `load ./mine.py` is a command although `.` follows, and
`run is None` is Python although a word follows.
"""

from __future__ import annotations

import ast
import codeop
import re
import textwrap
from collections.abc import Container
from functools import cache

from scirehooks.errors import UsageError
from scirehooks.records import dataclass
from scirehooks.shell.line.words import Word, is_unfinished, split

__all__ = ["CommandLine", "Line", "ProgramLine", "PythonLine", "first_word", "is_command", "needs_more", "read"]

_OPERATOR = re.compile(r"(?:\*\*|//|>>|<<|[-+*/%@&|^:])?=|!=|[<>,]|\.(?!\.?(?:/|$))")
_WORD_OPERATORS = re.compile(r"(?:is|in|not[ \t]+in)[ \t]+\S")
_FIRST = re.compile(r"[^ \t\n]+")


@dataclass(frozen=True, slots=True)
class CommandLine:
    """A command and its words."""

    name: str
    words: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class PythonLine:
    """Python source, one or more lines."""

    source: str


@dataclass(frozen=True, slots=True)
class ProgramLine:
    """What a local sh is to run."""

    text: str


Line = CommandLine | PythonLine | ProgramLine


def first_word(text: str) -> str:
    """Return the first blank-delimited word of TEXT, or nothing when TEXT begins with a blank.

    Example:
        >>> first_word("client-add web1"), first_word(" x"), first_word("")
        ('client-add', '', '')
    """
    found = _FIRST.match(text)
    return found[0] if found else ""


def is_command(text: str, commands: Container[str]) -> bool:
    """Whether TEXT is a command line by the rule of this module.

    Example:
        >>> [is_command(line, {"run"}) for line in ("run backup", "run = 3", "run(3)", "run .x", "run ./x", "run")]
        [True, False, False, False, True, True]
    """
    name = first_word(text)
    if name not in commands or "_" in name:  # `client_add` is Python's spelling of `client-add`
        return False
    rest = text[len(name) :].lstrip(" \t")
    return not (_OPERATOR.match(first_word(rest)) or _WORD_OPERATORS.match(rest))


def read(text: str, commands: Container[str], *, unfinished: bool = False) -> Line:
    """Return TEXT as the line that it is, COMMANDS being the names of commands.

    Raises:
        UsageError: a command line leaves a quote open (unless UNFINISHED), or `:` stands alone.

    Example:
        >>> read("clients", {"clients"}).name
        'clients'
        >>> read(" clients", {"clients"})
        PythonLine(source='clients')
    """
    if text.startswith("!"):
        return ProgramLine(text[1:].strip())
    if text.startswith(":"):
        words = split(" " + text[1:], unfinished=unfinished)
        if not words and not unfinished:
            raise UsageError("There is no command after the colon.", "Type help for a list.")
        return CommandLine(words[0].text if words else "", tuple(words[1:]))
    if is_command(text, commands):
        words = split(text, unfinished=unfinished)
        return CommandLine(words[0].text, tuple(words[1:]))
    # A leading blank forces Python; the indent that did it is no part of the program.
    return PythonLine(textwrap.dedent(text).strip("\n") if text[:1] in " \t" else text)


def needs_more(text: str, commands: Container[str]) -> bool:
    r"""Whether TEXT is the beginning of something that goes on in the next line.

    Example:
        >>> needs_more("if x:", ()), needs_more("if x:\n  y\n", ()), needs_more("x = (", ()), needs_more("x", ())
        (True, False, True, False)
    """
    if text.startswith(":") or is_command(text, commands):
        return is_unfinished(text)
    if text.startswith("!"):
        return text.endswith("\\")
    try:
        return _compiler()(textwrap.dedent(text) if text[:1] in " \t" else text, "<input>", "single") is None
    except (SyntaxError, ValueError, OverflowError, MemoryError, RecursionError):
        # It will not get better by more lines; evaluating it tells what is wrong.
        return False


@cache
def _compiler() -> codeop.CommandCompiler:
    compiler = codeop.CommandCompiler()
    compiler.compiler.flags |= ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    return compiler
