"""Dataclasses that cost little until they are used.

`dataclass` here makes what the one of the standard library makes. That one generates the text of every method of every
class and compiles it while modules are imported, half a millisecond a class: with more than a hundred classes, most of
them rows and pages that a session never shows, a quarter of a start. Here the standard one collects the fields and
makes the slots, methods that need no text of their own are closures, and `__init__`, which would be slow without, is
compiled when the first object is made.

Not known here are `order`, `InitVar` and `field(init=False)`. A type checker sees the standard one.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Sequence
from operator import attrgetter
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, Final

__all__ = ["dataclass"]

_NOTHING: Final = dataclasses.MISSING


def _dataclass(cls: type | None = None, /, *, eq: bool = True, frozen: bool = False, **options: Any) -> Any:
    """Make CLS a dataclass; OPTIONS are `slots`, `kw_only` and `match_args`, as in the standard library."""

    def make(cls: Any) -> Any:
        own = dict(cls.__dict__)
        # Classes of one family must agree on being frozen: there the standard one has to know, and writes two methods.
        known = frozen and any(map(dataclasses.is_dataclass, cls.__mro__[1:]))
        made = dataclasses.dataclass(cls, init=False, repr=False, eq=False, frozen=known, **options)
        made.__dataclass_params__.frozen = frozen
        for name, method in _methods(made, eq=eq, frozen=frozen).items():
            if name not in own or (name == "__hash__" and "__eq__" in own and own[name] is None):
                setattr(made, name, method)
        return made

    return make if cls is None else make(cls)


if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    dataclass = _dataclass


def _methods(cls: type, *, eq: bool, frozen: bool) -> dict[str, Any]:
    """Return what the dataclass CLS gets beside its fields."""
    fields = _fields(cls)
    methods: dict[str, Any] = {"__init__": _FirstInit(cls, frozen=frozen)}
    methods["__repr__"] = _repr([field.name for field in fields if field.repr])
    if eq:
        methods |= _comparison([field.name for field in fields if field.compare], hashed=frozen)
    if frozen:
        methods |= _protection(cls, [field.name for field in fields])
    return methods


def _fields(cls: Any) -> Sequence[dataclasses.Field[Any]]:
    return dataclasses.fields(cls)


# -- methods that are closures


def _repr(names: Sequence[str]) -> Callable[[Any], str]:
    @recursive_repr("...")
    def __repr__(self: Any) -> str:
        fields = ", ".join([f"{name}={getattr(self, name)!r}" for name in names])
        return f"{type(self).__qualname__}({fields})"

    return __repr__


def _comparison(names: Sequence[str], *, hashed: bool) -> dict[str, Any]:
    # With fewer than two names attrgetter gives no tuple; what is compared and hashed is always one.
    values: Callable[[Any], Any]
    if len(names) > 1:
        values = attrgetter(*names)
    else:

        def values(self: Any) -> Any:
            return tuple([getattr(self, name) for name in names])

    def __eq__(self: Any, other: Any) -> bool:
        return values(self) == values(other) if other.__class__ is self.__class__ else NotImplemented

    def __hash__(self: Any) -> int:
        return hash(values(self))

    return {"__eq__": __eq__, "__hash__": __hash__ if hashed else None}


def _protection(cls: Any, names: Sequence[str]) -> dict[str, Any]:
    """Return what keeps the fields as they are, also in classes that inherit and have attributes of their own."""

    def __setattr__(self: Any, name: str, value: Any) -> None:
        if type(self) is cls or name in names:
            raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")
        super(cls, self).__setattr__(name, value)

    def __delattr__(self: Any, name: str) -> None:
        if type(self) is cls or name in names:
            raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")
        super(cls, self).__delattr__(name)

    methods: dict[str, Any] = {"__setattr__": __setattr__, "__delattr__": __delattr__}
    if "__slots__" in cls.__dict__:  # what copies and pickles such an object sets its attributes one by one
        methods |= {"__getstate__": _get_state, "__setstate__": _set_state}
    return methods


def _get_state(self: Any) -> list[Any]:
    return [getattr(self, field.name) for field in dataclasses.fields(self)]


def _set_state(self: Any, state: list[Any]) -> None:
    for field, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, field.name, value)


# -- __init__


class _FirstInit:
    """The `__init__` of CLS until it is wanted: whoever looks it up finds the real one, which takes its place."""

    def __init__(self, cls: type, *, frozen: bool) -> None:
        self._cls = cls
        self._frozen = frozen

    def __get__(self, instance: object, owner: type) -> Any:
        init = _init(self._cls, frozen=self._frozen)
        self._cls.__init__ = init  # type: ignore[misc]
        return init.__get__(instance, owner)


class _Factory:
    """Stands, in a signature, for a value that is made anew for each object."""

    def __repr__(self) -> str:
        return "<factory>"


_FACTORY: Final = _Factory()


def _init(cls: type, *, frozen: bool) -> Any:
    """Return the `__init__` of CLS: a plain function, so that a wrong call raises what Python itself says of it."""
    fields = sorted(_fields(cls), key=lambda field: bool(field.kw_only))
    names: dict[str, Any] = {"_record_set": object.__setattr__, "_record_factory": _FACTORY}
    defaults: dict[str, Any] = {}
    parameters, lines = ["self"], []
    for field in fields:
        name = value = field.name
        if field.default_factory is not _NOTHING:
            names[f"_record_make_{name}"] = field.default_factory
            defaults[name] = _FACTORY
            value = f"_record_make_{name}() if {name} is _record_factory else {name}"
        elif field.default is not _NOTHING:
            defaults[name] = field.default
        if field.kw_only and "*" not in parameters:
            parameters.append("*")
        parameters.append(f"{name}=None" if name in defaults else name)
        lines.append(f"_record_set(self, {name!r}, {value})" if frozen else f"self.{name} = {value}")
    if hasattr(cls, "__post_init__"):
        lines.append("self.__post_init__()")
    text = f"def __init__({', '.join(parameters)}):\n  " + "\n  ".join(lines or ["pass"])
    init = _compiled(cls, text, names)
    optional = [field for field in fields if field.name in defaults]
    init.__defaults__ = tuple(defaults[field.name] for field in optional if not field.kw_only)
    init.__kwdefaults__ = {field.name: defaults[field.name] for field in optional if field.kw_only}
    init.__annotations__ = {**{field.name: field.type for field in fields}, "return": None}
    init.__qualname__ = f"{cls.__qualname__}.__init__"
    return init


def _compiled(cls: type, text: str, names: dict[str, Any]) -> Any:
    """Return the function of TEXT, which knows NAMES, in the module of CLS: types are looked up there by name."""
    module = sys.modules.get(cls.__module__)
    made: dict[str, Any] = {}
    exec(f"def make({', '.join(names)}):\n {text}\n return __init__", vars(module) if module else {}, made)
    return made["make"](**names)
