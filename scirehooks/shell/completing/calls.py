"""What a call that is being typed takes, and what it does, without running anybody's code.

`inspect.signature` asks the object for `__signature__`, `__wrapped__` and more, each of which may be a property of the
user's. Here the code of plain functions and the text that functions written in C have are read, and nothing else.
"""

from __future__ import annotations

import re
import types
from collections.abc import Iterator, Mapping
from inspect import CO_VARARGS, CO_VARKEYWORDS
from typing import Any, NamedTuple

from scirehooks.hooks import Hook
from scirehooks.shell.completing.pynames import NOTHING, find, look_up
from scirehooks.shell.views import summary

__all__ = ["Signature", "signature_of_call"]

_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*\Z")
_TOKEN = re.compile(
    r"""#.*|(?:\"\"\"|''').*?(?:\"\"\"|'''|\Z)|"(?:[^"\\\n]|\\.)*(?:"|\Z)|'(?:[^'\\\n]|\\.)*(?:'|\Z)|[()\[\]{}]""",
    re.DOTALL,
)
_SHOWN = (int, float, str, bytes, bool, types.NoneType)
_LONG = 20  # characters of a default value
_CLASS_TEXT = type.__dict__["__text_signature__"]
_CLASS_NAME = type.__dict__["__name__"]
_IN_C = (
    types.BuiltinFunctionType,
    types.MethodDescriptorType,
    types.WrapperDescriptorType,
    types.ClassMethodDescriptorType,
    types.MethodWrapperType,
)


class Signature(NamedTuple):
    """How something is used, and what it does, each in a line; empty where that is not known."""

    usage: str = ""
    doc: str = ""


def signature_of_call(text: str, names: Mapping[str, Any]) -> Signature:
    """Return the signature of the innermost call that is open at the end of TEXT; NAMES are those defined.

    Example:
        >>> def greet(whom, *, loudly=False): "Say hello to WHOM."
        >>> signature_of_call("x = greet('anna', ", {"greet": greet})
        Signature(usage='greet(whom, *, loudly=False)', doc='Say hello to WHOM.')
    """
    for name in _open_calls(text):
        *path, last = name.split(".")
        if not path:
            found, bound = find([last], names), False
        else:
            thing = find(path, names)
            found, its_own = look_up(thing, last) if thing is not NOTHING else (NOTHING, True)
            bound = not its_own
        if found is not NOTHING:
            parameters, doc = _described(found, bound=bound)
            return Signature(f"{name}({parameters})", doc) if parameters is not None else Signature()
    return Signature()


def _open_calls(text: str) -> Iterator[str]:
    """Yield the dotted names before the brackets that are open at the end of TEXT, the innermost first."""
    opened: list[int] = []
    for token in _TOKEN.finditer(text):
        if token[0] in "([{":
            opened.append(token.start())
        elif token[0] in ")]}" and opened:
            opened.pop()
    for start in reversed(opened):
        name = _DOTTED.search(text[:start].rstrip(" ")) if text[start] == "(" else None
        if name and not text[: name.start()].endswith((".", ")", "]", '"', "'", "def ", "class ")):
            yield name[0]


def _described(found: Any, *, bound: bool) -> tuple[str | None, str]:
    """Return the parameters and the doc of FOUND, None if they cannot be told; BOUND leaves out the first."""
    kind = type(found)
    if kind is staticmethod:
        return _described(found.__func__, bound=False)
    if kind is classmethod:
        return _described(found.__func__, bound=True)
    if kind is types.MethodType:
        return _described(found.__func__, bound=True)
    if kind is types.FunctionType:
        return _of_function(found, bound=bound), _doc(found.__doc__)
    if kind is Hook:
        return ", ".join(parameter.name for parameter in found.payload.parameters), summary(found.doc)
    if kind in _IN_C:
        return _of_text(found.__text_signature__), _doc(found.__doc__)
    if issubclass(kind, type):
        return _of_class(found)
    return None, ""


def _of_class(found: Any) -> tuple[str | None, str]:
    doc, _ = look_up(found, "__doc__")
    init, _ = look_up(found, "__init__")
    if type(init) is types.FunctionType:
        return _of_function(init, bound=True), _doc(doc)
    text = _CLASS_TEXT.__get__(found)
    return _of_text(text) if text else None, _doc(doc)


def _doc(doc: Any) -> str:
    return summary(doc) if type(doc) is str else ""


def _of_text(text: Any) -> str | None:
    """Return the parameters in TEXT as functions in C have it: `($self, key, /)`."""
    if type(text) is not str:
        return None
    return re.sub(r"^\$\w+(, /)?(, )?", "", text[1:-1])


def _of_function(function: types.FunctionType, *, bound: bool) -> str:
    """Return the parameters of FUNCTION, of the one that it wraps if it says so, with plain default values."""
    for _ in range(10):
        wrapped = function.__dict__.get("__wrapped__")
        if type(wrapped) is not types.FunctionType:
            break
        function = wrapped
    code = function.__code__
    names = code.co_varnames
    count, only = code.co_argcount, code.co_kwonlyargcount
    defaults = function.__defaults__ or ()
    shown = [*names[: count - len(defaults)]]
    shown += [
        f"{name}={_value(value)}" for name, value in zip(names[count - len(defaults) : count], defaults, strict=True)
    ]
    if code.co_posonlyargcount:
        shown.insert(code.co_posonlyargcount, "/")
    rest = count + only
    if code.co_flags & CO_VARARGS:
        shown.append("*" + names[rest])
        rest += 1
    elif only:
        shown.append("*")
    given = function.__kwdefaults__ or {}
    shown += [f"{name}={_value(given[name])}" if name in given else name for name in names[count : count + only]]
    if code.co_flags & CO_VARKEYWORDS:
        shown.append("**" + names[rest])
    if bound and count:
        shown = shown[1:] if code.co_posonlyargcount != 1 else shown[2:]
    return ", ".join(shown)


def _value(value: Any) -> str:
    """Return VALUE as Python writes it, if writing it runs nobody's code."""
    text = repr(value) if type(value) in _SHOWN or (type(value) in (tuple, list, dict) and not value) else "…"
    return text if len(text) <= _LONG else "…"
