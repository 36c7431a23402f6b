"""Say what somebody meant who misspelt a command or a name: one line instead of Python's caret."""

from __future__ import annotations

import builtins
import inspect
import keyword
import re
from collections.abc import Collection
from types import FunctionType, MethodType

from scirehooks.errors import UnknownNameError, UsageError, nearest
from scirehooks.shell.line.language import first_word, is_command
from scirehooks.shell.line.names import topic_names
from scirehooks.shell.line.words import quote, split

__all__ = ["as_in_sh", "meant", "no_such_command"]

_OF_SH = re.compile(r"^(?:&&|\|\|?|>>?|;)|;$")
_SEVERAL = re.compile(";")  # `hooks;options`: no name has one in it
_QUOTING = frozenset("'\"\\")
_ELSEWHERE = {"blame": "where", "logout": "quit", "man": "help"}  # what other programs have, and what it is here
_UNEXPECTED = re.compile(r"([\w.]+)\(\) got an unexpected keyword argument '(\w+)'")
_COMMAND = re.compile(r"[A-Za-z][A-Za-z0-9_]*(?:-[A-Za-z0-9_]+)*")


def no_such_command(name: str, commands: Collection[str]) -> UnknownNameError:
    """Return the error of a command NAME that is none of COMMANDS.

    Example:
        >>> str(no_such_command("client-ad", ["client-add", "clients"]))
        "There is no command 'client-ad'. Did you mean client-add?"
        >>> str(no_such_command("tour", ["help", "trace"]))
        "There is no command 'tour'. Type: help tour"
    """
    known, hint = list[str](), _known_otherwise(name, commands)
    if not hint:
        known, hint = nearest(name, commands, 1), "Type help for a list."
    error = UnknownNameError("command", name, known, hint)
    error.exit_status = UsageError.exit_status  # the line could not be understood
    return error


def meant(text: str, error: Exception, commands: Collection[str], names: Collection[str]) -> Exception | None:
    """Return a better error than ERROR, which the Python line TEXT gave, if TEXT was probably meant as a command.

    Example:
        >>> print(meant("client-ad web1", SyntaxError("invalid syntax"), ["client-add"], []))
        There is no command 'client-ad'. Did you mean client-add?
    """
    word = first_word(text)
    if word in commands:
        return as_in_sh(text, commands) if text[len(word) :].lstrip().startswith(">") else None
    looks_like_command = bool(_COMMAND.fullmatch(word)) and not keyword.iskeyword(word)
    typed_as_command = looks_like_command and is_command(text, [word])
    undefined = error.name if isinstance(error, NameError) else word
    if typed_as_command and undefined == word and _known_otherwise(word, commands):
        return no_such_command(word, commands)
    if isinstance(error, TypeError):
        # `clients-list` is Python for "clients minus list".
        wrong = typed_as_command and "-" in word and text.strip() == word and nearest(word, commands)
        return no_such_command(word, commands) if wrong else _unexpected(error)
    if isinstance(error, SyntaxError):
        # `cliens web1` is no Python either; without a near command Python's own message says more.
        if looks_like_command and ("-" in word or (text.strip() != word and nearest(word, commands))):
            return no_such_command(word, commands)
        return None
    if not isinstance(error, NameError) or not isinstance(error.name, str):
        return None
    if looks_like_command and "-" in word and error.name in word.split("-"):
        return no_such_command(word, commands)
    variables = {command.replace("-", "_") for command in commands}
    known = {*names, *variables, *(each for each in dir(builtins) if not each.startswith("_"))}
    if typed_as_command:
        # Who types a word and nothing else means a command, and no class.
        close = nearest(error.name, variables, 1)
        known = set(close) or {each for each in known if not each[:1].isupper()}
    return _undefined(error, error.name, known)


def _known_otherwise(name: str, commands: Collection[str]) -> str:
    """Say what to type instead of NAME if it is a topic of the manual, or a command of other programs; else nothing."""
    if name in topic_names() and "help" in commands:
        return f"Type: help {name}"
    here = _ELSEWHERE.get(name)
    return f"Did you mean {here}?" if here in commands else ""


def as_in_sh(text: str, commands: Collection[str]) -> UsageError | None:
    """Return the error of TEXT if it begins with one of COMMANDS and goes on as only sh would understand it.

    Example:
        >>> print(as_in_sh("clients | head", ["clients"]))
        Output is not piped here. In a shell, type: scirehooks -c clients | head
        >>> print(as_in_sh("clients; hooks", ["clients"]))
        One command on a line. Type them one after the other, or in a shell: scirehooks -c clients -c hooks
    """
    for word in split(text, unfinished=True):
        raw = text[word.start : word.end]
        found = None if _QUOTING & set(raw) else (_OF_SH if word.start else _SEVERAL).search(raw)
        if found:
            break
    else:
        return None
    line, operator, rest = (
        text[: word.start + found.start()].strip(),
        found[0],
        text[word.start + found.end() :].strip(),
    )
    if first_word(line) not in commands:
        return None
    # Not with `!`: while we run, nobody else can open the fleet.
    command = f"scirehooks -c {quote(line)}"
    if operator in (";", "&&", "||"):
        more = f" -c {quote(rest)}" if rest else ""
        return UsageError("One command on a line.", f"Type them one after the other, or in a shell: {command}{more}")
    what = "piped" if operator == "|" else "redirected"
    return UsageError(f"Output is not {what} here.", f"In a shell, type: {command} {operator} {rest}")


def _unexpected(error: TypeError) -> TypeError | None:
    """Return ERROR, that a function has no parameter of some name, with the one that was perhaps meant."""
    found, walk = _UNEXPECTED.fullmatch(str(error)), error.__traceback__
    while walk is not None and walk.tb_next is not None:
        walk = walk.tb_next
    if found is None or walk is None:
        return None
    name = found[1].rpartition(".")[2]
    function = walk.tb_frame.f_globals.get(name)
    if not isinstance(function, FunctionType | MethodType) or function.__qualname__ != found[1]:
        return None  # it was called by another name, or as somebody's method
    close = nearest(found[2], inspect.signature(function).parameters, 1)
    if not close:
        return None
    better = TypeError(f"{name}() got an unexpected keyword argument {found[2]!r}. Did you mean {close[0]}?")
    return better.with_traceback(error.__traceback__)


def _undefined(error: NameError, name: str, known: Collection[str]) -> NameError | None:
    """Return ERROR, that NAME is not defined, with the one of the KNOWN names that was perhaps meant."""
    close = nearest(name, known, 1)
    if not close:
        return None
    better = NameError(f"name {name!r} is not defined. Did you mean {close[0]}?", name=name)
    return better.with_traceback(error.__traceback__)
