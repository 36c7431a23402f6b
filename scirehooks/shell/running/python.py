"""Run lines of Python: several at once, with top-level `await`, giving the value of a last expression."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator, MutableMapping
from types import CodeType
from typing import Any

from scirehooks.errors import NotAllowedHereError
from scirehooks.hooks import Runtime
from scirehooks.shell.running.sources import Source

__all__ = ["Locals", "Python", "compile_chunk"]


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


class Locals(MutableMapping[str, Any]):
    """What a session's top-level code reads and writes: the namespace's VIEW, and a `_` of the session's own.

    SOURCES keeps, by name, the text that assigned it: `source`, while that runs.
    """

    def __init__(self, view: MutableMapping[str, Any], sources: MutableMapping[str, Source]) -> None:
        self._view = view
        self._own: dict[str, Any] = {}
        self._sources = sources
        self.source: Source | None = None

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
            if self.source is not None:
                self._sources[name] = self.source

    def __delitem__(self, name: str) -> None:
        if name in self._own:
            del self._own[name]
        else:
            del self._view[name]
            self._sources.pop(name, None)

    def __iter__(self) -> Iterator[str]:
        return iter([*self._own, *self._view])

    def __len__(self) -> int:
        return len(self._own) + len(self._view)


class Python:
    """Runs code in the namespace of RUNTIME, and awaits on its loop, where tasks go on living between two lines."""

    def __init__(self, runtime: Runtime, local: Locals) -> None:
        self._globals = runtime.namespace.globals
        self._locals = local
        self._loop = runtime.loop

    def run(self, codes: list[CodeType]) -> Any:
        """Run CODES in order and return the value of the last."""
        value = None
        for code in codes:
            value = eval(code, self._globals, self._locals)
            if code.co_flags & inspect.CO_COROUTINE:
                if self._loop.is_current():
                    value.close()
                    raise NotAllowedHereError("The await would have to run on the very loop that waits for it here.")
                value = self._loop.run(value)
        return value
