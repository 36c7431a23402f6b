"""How the payload of a hook meets the parameters of a function: by name.

A function names only the parameters that it wants, in any order, so a payload can grow without breaking anybody. The
match is made once, when the function is added, and gives a *shape*: what to pass, and how. A misfit is an error
then, not at three in the morning.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from types import CodeType, FunctionType
from typing import Any

from scirehooks.errors import HookSignatureError
from scirehooks.hooks.owner import source_of
from scirehooks.records import dataclass

__all__ = ["Payload", "Shape"]

_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
_VAR_POSITIONAL = inspect.Parameter.VAR_POSITIONAL
_VAR_KEYWORD = inspect.Parameter.VAR_KEYWORD
_SAYS_OTHERWISE = {"__wrapped__", "__signature__"}


@dataclass(eq=False, slots=True)
class Shape:
    """What a function gets: payload names by position, payload names by keyword, and whether it takes the rest.

    Two functions of the same shape have the very same one.
    """

    positional: tuple[str, ...] = ()
    keyword: tuple[str, ...] = ()
    rest_args: bool = False
    rest_keywords: bool = False
    optional: tuple[str, ...] = ()  # wanted if the payload's ** holds them
    whole: bool = False  # the payload's values, as they are


class Payload:
    """What a hook passes: the signature it was declared with.

    Raises:
        HookSignatureError: it has positional-only parameters, whose names `**` could hold once more.

    Example:
        >>> def post_client_add_hook(client, event): ...
        >>> payload = Payload(inspect.signature(post_client_add_hook))
        >>> payload.shape(lambda event: None)
        Shape(positional=('event',), keyword=(), rest_args=False, rest_keywords=False, optional=(), whole=False)
    """

    def __init__(self, signature: inspect.Signature) -> None:
        self.signature = signature
        self.parameters = tuple(signature.parameters.values())
        self.names = tuple(p.name for p in self.parameters if p.kind not in (_VAR_POSITIONAL, _VAR_KEYWORD))
        self.rest_args = next((p.name for p in self.parameters if p.kind is _VAR_POSITIONAL), None)
        self.rest_keywords = next((p.name for p in self.parameters if p.kind is _VAR_KEYWORD), None)
        alone = next((p.name for p in self.parameters if p.kind is inspect.Parameter.POSITIONAL_ONLY), None)
        if alone and self.rest_keywords:
            raise HookSignatureError(
                f"{alone!r} could be in the payload {self} twice: it is positional-only, "
                f"and **{self.rest_keywords} may hold one more.",
                "Declare it without the slash.",
            )
        self._whole = Shape(self.names, (), self.rest_args is not None, self.rest_keywords is not None)
        self._by_code: dict[int, tuple[CodeType, Any, Any, Shape]] = {}  # by id: code compares by all that is in it
        self._shapes: dict[tuple[Any, ...], Shape] = {}
        self.templates: dict[Any, Any] = {}  # what the generator has compiled for this payload

    def __str__(self) -> str:
        return f"({', '.join(str(p.replace(annotation=p.empty)) for p in self.parameters)})"

    def shape(self, function: Callable[..., Any]) -> Shape:
        """Return how FUNCTION is called with this payload.

        Raises:
            HookSignatureError: FUNCTION wants what is not in the payload; the message shows both signatures.
        """
        # Closures made in a loop share a code object: match it once, for the same defaults.
        if type(function) is not FunctionType:
            return self._match(function)  # an instance: it may say anything about what it takes
        if function.__dict__ and not function.__dict__.keys().isdisjoint(_SAYS_OTHERWISE):
            return self._match(function)  # and so may a wrapper
        code = function.__code__
        known = self._by_code.get(id(code))
        if known and known[1] is function.__defaults__ and known[2] is function.__kwdefaults__:
            return known[3]
        shape = self._match(function)
        if len(self._by_code) > 1000:
            self._by_code.clear()
        self._by_code[id(code)] = (code, function.__defaults__, function.__kwdefaults__, shape)
        return shape

    def _match(self, function: Callable[..., Any]) -> Shape:
        try:
            signature = inspect.signature(function)
        except (TypeError, ValueError):
            return self._whole  # a builtin that cannot say what it takes gets the payload by position
        positional: list[str] = []
        keyword: list[str] = []
        optional: list[str] = []
        gap: str | None = None  # a positional parameter that is passed by keyword, or left to its default
        named_rest = False
        rest_args = rest_keywords = False
        for parameter in signature.parameters.values():
            if parameter.kind is _VAR_POSITIONAL:
                rest_args = True
            elif parameter.kind is _VAR_KEYWORD:
                rest_keywords = True
            elif parameter.name in self.names:
                if parameter.kind in _POSITIONAL and gap is None and not named_rest:
                    positional.append(parameter.name)
                elif parameter.kind is inspect.Parameter.POSITIONAL_ONLY:
                    raise self._misfit(function, signature, parameter.name)
                else:
                    keyword.append(parameter.name)
            elif self.rest_args and parameter.kind in _POSITIONAL and gap is None:
                named_rest = True  # filled from the payload's *args; how many there are shows when the hook fires
            elif parameter.default is not parameter.empty or (
                self.rest_keywords and parameter.kind is not inspect.Parameter.POSITIONAL_ONLY
            ):
                if parameter.kind in _POSITIONAL:
                    gap = gap or parameter.name
                if self.rest_keywords and parameter.kind is not inspect.Parameter.POSITIONAL_ONLY:
                    optional.append(parameter.name)
            else:
                raise self._misfit(function, signature, parameter.name)
        if rest_args:
            # *args takes by position what was not named; that only works behind arguments given by position.
            if gap is not None:
                raise self._misfit(function, signature, gap)
            positional += [name for name in self.names if name not in positional and name not in keyword]
        elif rest_keywords:
            keyword += [name for name in self.names if name not in positional and name not in keyword]
        parts = (
            tuple(positional),
            tuple(keyword),
            self.rest_args is not None and (rest_args or named_rest),
            self.rest_keywords is not None and rest_keywords,
            tuple(optional),
        )
        whole = parts == (self.names, (), self.rest_args is not None, False, ())
        return self._shapes.setdefault(parts, Shape(*parts, whole))

    def _misfit(self, function: Callable[..., Any], signature: inspect.Signature, name: str) -> HookSignatureError:
        place = source_of(function)
        called = getattr(function, "__name__", None) or repr(function)
        shown = ", ".join(str(p.replace(annotation=p.empty)) for p in signature.parameters.values())
        return HookSignatureError(
            f"{called}({shown}){f' ({place})' if place else ''} cannot be called with the payload {self}: "
            f"{name!r} is not in it and has no default.",
            f"Name only what the payload has, give {name!r} a default, or take *args.",
        )

    def bind(self, args: tuple[Any, ...], keywords: Mapping[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return the payload in the declared order, and what ** collects.

        Raises:
            TypeError: ARGS and KEYWORDS do not fit the declaration, as when a function is called wrongly.
        """
        bound = self.signature.bind(*args, **keywords)
        bound.apply_defaults()
        values = tuple(bound.arguments[name] for name in self.names)
        rest = bound.arguments.get(self.rest_args, ()) if self.rest_args else ()
        extra = bound.arguments.get(self.rest_keywords, {}) if self.rest_keywords else {}
        return (*values, *rest), dict(extra)

    def arguments(
        self, shape: Shape, values: tuple[Any, ...], extra: Mapping[str, Any]
    ) -> tuple[Sequence[Any], dict[str, Any]]:
        """Return what a function of SHAPE is called with: positional and keyword arguments."""
        if shape.whole:
            return values, {}
        by_name = dict(zip(self.names, values, strict=False))
        args = [by_name[name] for name in shape.positional]
        if shape.rest_args:
            args += values[len(self.names) :]
        keywords = {name: by_name[name] for name in shape.keyword}
        if shape.rest_keywords:
            keywords.update(extra)
        else:
            keywords.update((name, extra[name]) for name in shape.optional if name in extra)
        return args, keywords
