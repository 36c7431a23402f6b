"""Run lines of Python: several at once, with top-level `await`, giving the value of a last expression."""

from __future__ import annotations

import ast
import asyncio
import inspect
import linecache
from collections.abc import Iterable, Iterator, MutableMapping
from types import CodeType
from typing import Any

__all__ = ["Locals", "Python", "Remembered", "compile_chunk", "remember_source"]


def compile_chunk(source: str, file: str, first_line: int = 1) -> list[CodeType]:
    """Return SOURCE compiled: its statements, and its last expression on its own so that it gives a value.

    FIRST_LINE is where SOURCE begins in FILE.

    Raises:
        SyntaxError: SOURCE is not Python.
    """
    # Empty lines put every position right, those in a SyntaxError too.
    padded = "\n" * (first_line - 1) + source
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    try:
        tree = compile(padded, file, "exec", flags | ast.PyCF_ONLY_AST, dont_inherit=True)
    except (ValueError, MemoryError, RecursionError) as error:
        # A NUL, half of a surrogate pair, a thousand brackets: to who typed it, it is no Python.
        raise SyntaxError(f"this cannot be read: {error}", (file, first_line, None, None)) from error
    assert isinstance(tree, ast.Module)
    parts: list[tuple[ast.Module | ast.Expression, str]] = []
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    if tree.body:
        parts.append((tree, "exec"))
    if isinstance(last, ast.Expr):
        parts.append((ast.Expression(last.value), "eval"))
    return [compile(part, file, mode, flags, dont_inherit=True) for part, mode in parts]


def remember_source(source: str, file: str, first_line: int = 1) -> None:
    """Let tracebacks and `inspect.getsource` find SOURCE, which begins at FIRST_LINE of FILE.

    An entry without a time is never thrown out as stale; a function defined at the prompt may live for months.
    """
    lines = [line + "\n" for line in source.split("\n")]
    linecache.cache[file] = (len(source), None, ["\n"] * (first_line - 1) + lines, file)


class Remembered(Iterable[str]):
    """Lines that come one at a time, of which tracebacks find those that have come."""

    def __init__(self, lines: Iterable[str], file: str) -> None:
        self._lines = lines
        self._seen: list[str] = []
        linecache.cache[file] = (0, None, self._seen, file)

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            self._seen.append(line + "\n")
            yield line


class Locals(MutableMapping[str, Any]):
    """What a session's top-level code reads and writes: the namespace's VIEW, and a `_` of the session's own."""

    def __init__(self, view: MutableMapping[str, Any]) -> None:
        self._view = view
        self._own: dict[str, Any] = {}

    def remember(self, value: Any) -> None:
        """Let `_` be VALUE, the last result."""
        self._own["_"] = value

    def __getitem__(self, name: str) -> Any:
        return self._own[name] if name in self._own else self._view[name]

    def __setitem__(self, name: str, value: Any) -> None:
        if name == "_":
            self._own[name] = value
        else:
            self._view[name] = value

    def __delitem__(self, name: str) -> None:
        if name in self._own:
            del self._own[name]
        else:
            del self._view[name]

    def __iter__(self) -> Iterator[str]:
        return iter([*self._own, *self._view])

    def __len__(self) -> int:
        return len(self._own) + len(self._view)


class Python:
    """Runs code in a namespace; one event loop serves all awaits, so that a task can be awaited lines later."""

    def __init__(self, names: dict[str, Any], local: Locals) -> None:
        self._globals = names
        self._locals = local
        self._runner: asyncio.Runner | None = None

    def run(self, codes: list[CodeType]) -> Any:
        """Run CODES in order and return the value of the last."""
        value = None
        for code in codes:
            value = eval(code, self._globals, self._locals)
            if code.co_flags & inspect.CO_COROUTINE:
                self._runner = self._runner or asyncio.Runner()
                value = self._runner.run(value)
        return value

    def close(self) -> None:
        """Cancel what still waits and close the loop."""
        if self._runner:
            self._runner.close()
            self._runner = None
