"""Generated code: what `hook.run` is.

For a hook in its ordinary state (no local value, nothing traced, leased, failing or awaited) `run` is a function that
calls the hook's functions one after another, each with just what it wants, as one would write it by hand:

    def run(client, event):
        try:
            audit(client)
            tell_root(client, event)
        except BaseException as _error:
            result = caught(_error, (client, event), {})
            if result is AGAIN:
                raise
            return result

Otherwise it hands the payload to the plain rules, which are the specification (firing.py).

The functions are globals of the code, in a dict of its own (binding.py): they bind late and cost nothing. The text is
compiled once for each hook and shape, since the interpreter's inline caches live in the code object.
"""

from __future__ import annotations

import inspect
import linecache
from collections.abc import Callable, Iterable, Sequence
from types import CodeType
from typing import Any

from scirehooks.hooks.binding import slot
from scirehooks.hooks.declaration import variable
from scirehooks.hooks.drive import FILENAME
from scirehooks.hooks.firing import CallingRule
from scirehooks.hooks.signature import Payload, Shape

__all__ = ["AGAIN", "BOUND", "FIRST_CALL", "STRIDE", "binder", "show", "unrolled"]

BOUND = 200  # functions; above it a loop is as fast, and compiling is not
FIRST_CALL = 3  # the line of the first call in the text
AGAIN = object()  # what `caught` returns to have the exception raised again: the very object, its traceback as it was
_RESULT, _ERROR = "_scirehooks_result", "_scirehooks_error"
_CAUGHT, _AGAIN = "_scirehooks_caught", "_scirehooks_again"
_TEMPLATES = 100  # compiled texts kept for one payload

STRIDE: dict[CallingRule, int] = {"all": 1, "until_success": 3, "until_failure": 3, "fold": 3}


def _parameters(payload: Payload) -> str:
    """Return the parameter list of `run`; defaults are names looked up when the function is made."""
    parameters = [
        p.replace(annotation=p.empty, default=p.empty if p.default is p.empty else _Text(f"_default_{p.name}"))
        for p in payload.parameters
    ]
    return str(inspect.Signature(parameters))[1:-1]


class _Text:
    """Shows as TEXT in a signature."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def _everything(payload: Payload) -> str:
    """Return the text of the payload's values and of what `**` collects."""
    values = "".join(f"{name}, " for name in payload.names) + (f"*{payload.rest_args}, " if payload.rest_args else "")
    return f"({values}), {payload.rest_keywords or '{}'}"


def _arguments(shape: Shape, payload: Payload) -> str:
    parts = list(shape.positional)
    if shape.rest_args:
        parts.append(f"*{payload.rest_args}")
    parts += [f"{name}={name}" for name in shape.keyword]
    if shape.rest_keywords:
        parts.append(f"**{payload.rest_keywords}")
    return ", ".join(parts)


def _text(payload: Payload, name: str, called: Iterable[tuple[str, Shape]], mode: CallingRule) -> str:
    """Return the text of `run` of the hook NAME, calling what is CALLED so by the rule MODE."""
    lines = [f"def {variable(name)}({_parameters(payload)}):", "    try:"]
    first = payload.names[0] if payload.names else "None"
    for function, shape in called:
        written = f"{function}({_arguments(shape, payload)})"
        if mode == "all":
            lines.append(f"        {written}")
            continue
        lines.append(f"        {_RESULT} = {written}")
        if mode == "fold":
            lines += [f"        if {_RESULT} is not None:", f"            {first} = {_RESULT}"]
        else:
            lines += [
                f"        if {'not ' if mode == 'until_failure' else ''}{_RESULT}:",
                f"            return {_RESULT}",
            ]
    if len(lines) == 2:
        lines[1:] = []
    else:
        lines += [
            f"    except BaseException as {_ERROR}:",
            f"        {_RESULT} = {_CAUGHT}({_ERROR}, {_everything(payload)})",
            f"        if {_RESULT} is {_AGAIN}:",
            "            raise",
            f"        return {_RESULT}",
        ]
    lines.append({"until_failure": "    return True", "fold": f"    return {first}"}.get(mode, "    return None"))
    return "\n".join(lines) + "\n"


def _made(module: CodeType, payload: Payload, name: str, names: dict[str, Any]) -> Callable[..., Any]:
    """Return the function that MODULE defines for the hook NAME, with NAMES as its globals."""
    place = {f"_default_{p.name}": p.default for p in payload.parameters if p.default is not p.empty}
    exec(module, names, place)
    return place[variable(name)]  # type: ignore[no-any-return]  # what MODULE defines


def binder(payload: Payload, name: str, then: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that takes the payload as declared and returns THEN(values, extra)."""
    module = payload.templates.get("binder")
    if module is None:
        text = f"def {variable(name)}({_parameters(payload)}):\n    return {_CAUGHT}({_everything(payload)})\n"
        module = payload.templates["binder"] = compile(text, FILENAME.format(name), "exec")
    return _made(module, payload, name, {_CAUGHT: then})


def unrolled(
    payload: Payload,
    name: str,
    shapes: Sequence[Shape],
    mode: CallingRule,
    caught: Callable[..., Any],
    names: dict[str, Any],
) -> Callable[..., Any]:
    """Return a function that takes the payload as declared and calls functions of SHAPES by the rule MODE.

    The functions are in their slots in NAMES. An exception goes to CAUGHT(error, values, extra); what that returns is
    the result, or AGAIN to raise it again.
    """
    key = (mode, *shapes)
    module = payload.templates.get(key)
    if module is None:
        if len(payload.templates) > _TEMPLATES:
            payload.templates.clear()
        text = _text(payload, name, [(slot(index), shape) for index, shape in enumerate(shapes)], mode)
        module = payload.templates[key] = compile(text, FILENAME.format(name), "exec")
    names[_CAUGHT], names[_AGAIN] = caught, AGAIN
    return _made(module, payload, name, names)


def show(payload: Payload, name: str, called: Iterable[tuple[str, Shape]], mode: CallingRule) -> None:
    """Let tracebacks and debuggers show the text of the code, with what is CALLED under its labels."""
    text = _text(payload, name, called, mode)
    linecache.cache[FILENAME.format(name)] = (len(text), None, text.splitlines(keepends=True), FILENAME.format(name))
