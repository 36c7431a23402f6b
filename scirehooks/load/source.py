"""The text of what was defined at the prompt, so that it can be written into a file.

Text is found where the prompt left it for tracebacks. A function is taken with all that it needs and that was typed,
too: helpers, imports, tables. What is a closure, or an object that nobody can write down, has no text.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import linecache
import textwrap
from collections.abc import Callable
from types import FunctionType, ModuleType
from typing import Any

from scirehooks.hooks import Declaration, Hook, Namespace, Owner, variable
from scirehooks.hooks.declaration import replace_parameter
from scirehooks.hooks.journal import Layer

__all__ = ["NoSourceError", "Sources", "declaration_source"]

_MARKS = ("on", "command")  # a file would apply them once more


class NoSourceError(Exception):
    """What was typed cannot be written down; the message says why."""


class Sources:
    """The texts of names in NAMESPACE that owners who COUNT defined, each after those that it needs."""

    def __init__(self, namespace: Namespace, counts: Callable[[Owner], bool]) -> None:
        self._namespace = namespace
        self._counts = counts
        self._under_way: list[str] = []
        self.texts: dict[str, str] = {}

    def need(self, name: str) -> None:
        """Take the text of NAME, and of all that it needs, unless it is defined elsewhere.

        Raises:
            NoSourceError: NAME, or something that it needs, has no text.
        """
        layer = self._namespace.definition(name)
        if name in self.texts or name in self._under_way or layer is None or not self._counts(layer.owner):
            return
        before = dict(self.texts)
        self._under_way.append(name)
        try:
            text = _text(name, layer)
            for other in _needed(text):
                try:
                    self.need(other)
                except NoSourceError as error:
                    raise NoSourceError(f"it needs {other}: {error}") from None
            self.texts[name] = text
        except NoSourceError:
            self.texts = before
            raise
        finally:
            self._under_way.pop()


def _needed(text: str) -> list[str]:
    tree = ast.parse(text)
    names = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)]
    return list(dict.fromkeys(names))


def _text(name: str, layer: Layer) -> str:
    value = layer.value
    if isinstance(value, ModuleType):
        return f"import {value.__name__} as {name}" if value.__name__ != name else f"import {name}"
    if isinstance(value, Hook):
        return declaration_source(value.declaration)
    literal = _literal(name, value)
    if literal:
        return literal
    if layer.place is None:
        raise NoSourceError("it was not typed")
    try:
        statement = _statement(layer.place.file, layer.place.line)
    except NoSourceError:
        statement = ast.Pass()
    if isinstance(statement, ast.ImportFrom) and _defines(statement, name):
        return _source(statement)
    if callable(value) and not isinstance(value, type):
        return _function(name, value)
    if not _defines(statement, name):
        raise NoSourceError("its text is not known")
    return _source(statement)


def _literal(name: str, value: Any) -> str:
    """Return the statement that makes plain data: what it holds now, which may be more than was typed."""
    try:
        text = f"{name} = {value!r}" if isinstance(value, _PLAIN) else ""
        return text if text and _same(ast.literal_eval(repr(value)), value) else ""
    except (ValueError, SyntaxError, RecursionError):
        return ""


_PLAIN = (str, bytes, int, float, complex, bool, type(None), list, tuple, dict, set)


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)


def _function(name: str, value: Any) -> str:
    plain = inspect.unwrap(value)
    if not isinstance(plain, FunctionType):
        raise NoSourceError("it is an object that holds more than a function")
    code = plain.__code__
    if code.co_freevars:
        raise NoSourceError("it is a closure")
    if "<" in plain.__qualname__:
        raise NoSourceError("it was made without def")
    statement = _statement(code.co_filename, code.co_firstlineno)
    if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef) or statement.name != name:
        raise NoSourceError(f"its text defines {getattr(statement, 'name', 'something else')}")
    statement.decorator_list = [one for one in statement.decorator_list if not _is_mark(one)]
    return _source(statement)


def _is_mark(decorator: ast.expr) -> bool:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return isinstance(called, ast.Name) and called.id in _MARKS


def _statement(file: str, line: int) -> ast.stmt:
    """Return the statement that begins at LINE of FILE, with its text in `source`.

    Raises:
        NoSourceError: there is none.
    """
    lines = linecache.getlines(file)
    while line > 1 and line <= len(lines) and lines[line - 2].lstrip().startswith("@"):
        line -= 1
    for end in range(line, len(lines) + 1):
        if end < len(lines) and (not lines[end].strip() or lines[end][0].isspace() or lines[end][0] in ")]}"):
            continue  # it goes on
        text = textwrap.dedent("".join(lines[line - 1 : end])).rstrip()
        try:
            (statement,) = ast.parse(text).body
        except (SyntaxError, ValueError):
            continue
        statement.source = text  # type: ignore[attr-defined]  # a node may have more than its fields
        return statement
    raise NoSourceError("its text is not known")


def _source(statement: ast.stmt) -> str:
    """Return the text of STATEMENT as it was typed, but for decorators that were taken out."""
    text: str = statement.source  # type: ignore[attr-defined]  # set above
    if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
        return text
    lines = text.split("\n")
    kept = [line for each in statement.decorator_list for line in lines[each.lineno - 1 : each.end_lineno]]
    return "\n".join([*kept, *lines[statement.lineno - 1 :]])


def _defines(statement: ast.stmt, name: str) -> bool:
    match statement:
        case ast.Assign(targets=[ast.Name(id=found)]) | ast.AnnAssign(target=ast.Name(id=found)):
            return found == name
        case ast.ClassDef(name=found):
            return found == name
        case ast.ImportFrom(names=names) | ast.Import(names=names):
            return name in [alias.asname or alias.name for alias in names]
    return False


def declaration_source(declaration: Declaration) -> str:
    """Return the text that declares a hook as DECLARATION does.

    Raises:
        NoSourceError: it holds what cannot be written down.

    Example:
        >>> from scirehooks.hooks import Runtime
        >>> def my_hook(client, times: int = 1): "Fires now and then."
        >>> print(declaration_source(Runtime("x").defhook(my_hook, ).declaration))
        @defhook
        def my_hook(client, times: int = 1):
            'Fires now and then.'
    """
    if declaration.amender is not replace_parameter or declaration.rehearse is not None:
        raise NoSourceError("it was declared with functions of its own")
    rules = {
        "mode": (declaration.mode, "all"),
        "on_error": (declaration.on_error, "raise"),
        "amend": (declaration.amend, ()),
        "threaded": (declaration.threaded, False),
        "failure_limit": (declaration.failure_limit, 3),
    }
    given = ", ".join(f"{key}={value!r}" for key, (value, default) in rules.items() if value != default)
    parameters = []
    for parameter in declaration.payload.parameters:
        if parameter.default is not parameter.empty and not _literal("x", parameter.default):
            raise NoSourceError(f"the default of {parameter.name} cannot be written down")
        known = getattr(builtins, getattr(parameter.annotation, "__name__", ""), None) is parameter.annotation
        parameters.append(parameter if known else parameter.replace(annotation=parameter.empty))
    signature = declaration.payload.signature.replace(parameters=parameters, return_annotation=inspect.Signature.empty)
    head = f"@defhook({given})" if given else "@defhook"
    return f"{head}\ndef {variable(declaration.name)}{signature}:\n    {declaration.doc!r}"
