"""Complete Python names without running anybody's code.

`dir()`, `getattr` and even `isinstance` may call methods of the object at hand (`__dir__`, properties, a metaclass),
and a property may restart a machine. Here only the dictionaries of objects and classes are read, through slots of
`type` and `object` that user classes cannot override; where those do not lead on, nothing is offered.
"""

from __future__ import annotations

import builtins
import keyword
import types
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from scirehooks.hooks import Hook
from scirehooks.shell.line.names import doc_of_function
from scirehooks.shell.views import summary
from scirehooks.values import Candidate

__all__ = ["NOTHING", "complete_name", "describe", "find", "look_up", "members"]

_MRO = type.__dict__["__mro__"]
_CLASS_DICT = type.__dict__["__dict__"]
_CLASS_NAME = type.__dict__["__name__"]
NOTHING = object()

# What is found in a class and is the very thing one gets from the object, or is harmless to look further into.
_PLAIN = (types.FunctionType, types.BuiltinFunctionType, types.ModuleType, type, str, int, float, dict, list, tuple)


def complete_name(text: str, names: Mapping[str, Any]) -> list[Candidate]:
    """Return what completes the dotted name TEXT, NAMES being what is defined; each candidate is the whole name.

    Example:
        >>> [candidate.word for candidate in complete_name("web.na", {"web": types.SimpleNamespace(name="web1")})]
        ['web.name']
    """
    *path, prefix = text.split(".")
    if not path:
        found = {name: value for name, value in {**vars(builtins), **names}.items() if type(name) is str}
        words = [Candidate(word, "keyword") for word in keyword.kwlist if prefix and word.startswith(prefix)]
        return [*_matching(found, prefix, ""), *words]
    here = find(path, names)
    return [] if here is NOTHING else _matching(members(here), prefix, ".".join(path) + ".")


def find(path: Sequence[str], names: Mapping[str, Any]) -> Any:
    """Return what the dotted name PATH stands for where NAMES are defined, NOTHING if that cannot be told."""
    here = names.get(path[0], vars(builtins).get(path[0], NOTHING))
    for name in path[1:]:
        if here is not NOTHING:
            here = _attribute(here, name)
    return here


def look_up(thing: Any, name: str) -> tuple[Any, bool]:
    """Return what stands under NAME in the dictionaries of THING or its classes, and whether THING has it itself."""
    own = _own_dict(thing)
    in_class = next((each[name] for each in _class_dicts(thing) if name in each), NOTHING)
    if own is not None and name in own and not _is_descriptor(in_class):
        return own[name], True
    return in_class, issubclass(type(thing), type)


def members(thing: Any) -> dict[str, Any]:
    """Return the attributes of THING that stand in dictionaries, those of the object before those of its classes."""
    found: dict[str, Any] = {}
    for each in reversed(list(_dicts(thing))):
        found.update((name, value) for name, value in each.items() if type(name) is str)
    return found


def describe(value: Any) -> str:
    """Return one line about VALUE without asking VALUE.

    Example:
        >>> describe(3), describe(len)
        ('int', 'builtin function')
    """
    kind = type(value)
    if kind is types.FunctionType:
        return doc_of_function(value)
    if kind is types.MethodType:
        return doc_of_function(value.__func__) if type(value.__func__) is types.FunctionType else "method"
    if kind in (types.BuiltinFunctionType, types.BuiltinMethodType):
        return "builtin function"
    if kind is types.ModuleType:
        return "module"
    if kind is Hook:
        return summary(value.doc)
    if issubclass(kind, type):
        return "class"
    return str(_CLASS_NAME.__get__(kind))


def _matching(found: Mapping[str, Any], prefix: str, before: str) -> list[Candidate]:
    hidden = not prefix.startswith("_")
    names = sorted(name for name in found if name.startswith(prefix) and not (hidden and name.startswith("_")))
    return [Candidate(before + name, describe(found[name])) for name in names]


def _attribute(thing: Any, name: str) -> Any:
    """Return the attribute NAME of THING if a dictionary holds the very thing, else NOTHING."""
    found, its_own = look_up(thing, name)
    if its_own and not issubclass(type(thing), type):
        return found
    return found if type(found) in _PLAIN else NOTHING


def _is_descriptor(value: Any) -> bool:
    """Whether VALUE takes part in attribute access, so that an object's own dictionary does not decide."""
    return value is not NOTHING and type(value) not in _PLAIN and any(
        "__set__" in _CLASS_DICT.__get__(each) for each in _MRO.__get__(type(value))
    )  # fmt: skip


def _dicts(thing: Any) -> Iterator[Mapping[Any, Any]]:
    own = _own_dict(thing)
    if own is not None:
        yield own
    yield from _class_dicts(thing)


def _class_dicts(thing: Any) -> Iterator[Mapping[Any, Any]]:
    classes = _MRO.__get__(thing) if issubclass(type(thing), type) else _MRO.__get__(type(thing))
    for each in classes:
        yield _CLASS_DICT.__get__(each)


def _own_dict(thing: Any) -> Mapping[Any, Any] | None:
    """Return the object's own dictionary, unless its class puts something of its own in the place of `__dict__`."""
    if issubclass(type(thing), type):
        return None
    for each in _class_dicts(thing):
        if "__dict__" in each:
            if type(each["__dict__"]) not in (types.GetSetDescriptorType, types.MemberDescriptorType):
                return None
            break
    try:
        found = object.__getattribute__(thing, "__dict__")
    except AttributeError:
        return None
    return found if type(found) is dict else None
