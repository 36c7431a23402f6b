"""A condition on a payload, written as a Python expression over the names that a hook passes."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable
from typing import Any

from scirehooks.errors import UsageError, nearest
from scirehooks.hooks import Hook, Runtime

__all__ = ["condition"]


def condition(text: str, hook: Hook, runtime: Runtime) -> Callable[..., Any]:
    """Return TEXT as a function of those names of HOOK's payload that it uses; other names are RUNTIME's.

    Raises:
        UsageError: it is no expression, or a name in it means nothing.
    """
    try:
        tree = ast.parse(text.strip(), "<condition>", mode="eval").body
    except (SyntaxError, ValueError) as error:
        raise UsageError(f"`when` is not a Python expression: {getattr(error, 'msg', error)}.", _QUOTES) from None
    bound = {part.id for part in ast.walk(tree) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)}
    bound |= {part.arg for part in ast.walk(tree) if isinstance(part, ast.arg)}
    wanted = []
    for name in sorted({part.id for part in ast.walk(tree) if isinstance(part, ast.Name)} - bound):
        if name in hook.payload.names:
            wanted.append(name)
        elif name not in runtime.namespace and not hasattr(builtins, name):
            close = nearest(name, hook.payload.names, 1)
            passes = f"It passes {', '.join(hook.payload.names) or 'nothing'}."
            hint = f"Did you mean {close[0]}?" if close else f"{passes} {_QUOTES}"
            raise UsageError(f"`when` uses {name}, which {hook.name} does not pass.", hint)
    parameters = ast.arguments([], [ast.arg(name) for name in wanted], None, [], [], None, [])
    function = ast.fix_missing_locations(ast.Expression(ast.Lambda(parameters, tree)))
    made: Callable[..., Any] = eval(compile(function, "<condition>", "eval"), runtime.namespace.globals)
    made.__doc__ = ast.unparse(tree)
    return made


_QUOTES = "Put it in quotes, as any word: when 'client.name == \"web1\"'"
