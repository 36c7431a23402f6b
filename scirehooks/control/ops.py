"""The table of operations: what may be asked of a server, with which parameters, and what comes back.

An operation is declared where it is done, by a decorator on the method that does it: its parameters are the method's
keyword-only ones, its documentation the docstring. The table is read off the class, so that nothing can be asked
that `describe` does not document.

Source: nREPL, whose ops are a table that its documentation is made from.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, TypeVar, get_type_hints

from scirehooks.control.wire import INVALID_PARAMS, UNKNOWN_METHOD
from scirehooks.errors import ValueFormatError, WireError, nearest
from scirehooks.records import dataclass
from scirehooks.values import Values

__all__ = ["Op", "OpTable", "Param", "Place", "op"]

Place = Literal["loop", "pool", "turn", "session"]
"""Where an operation is done: on the control loop, for what takes no time and runs nothing of the user's; in the pool,
for what only looks; in turn, one after the other for each connection, for what may come to code of the user's that does
not end; or begun on the loop, and answered by the session's own thread."""

Method = TypeVar("Method", bound=Callable[..., Any])
_MARK = "__scirehooks_op__"


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter of an operation."""

    name: str
    annotation: Any
    type: str
    required: bool


@dataclass(frozen=True, slots=True)
class Op:
    """One operation: its documentation, its parameters by name, and what each member of its result is."""

    name: str
    doc: str
    params: Mapping[str, Param]
    result: Mapping[str, str]
    place: Place
    do: Callable[..., Any]

    def described(self) -> dict[str, Any]:
        """Return the operation as `describe` tells it."""
        params = {param.name: {"type": param.type, "required": param.required} for param in self.params.values()}
        return {"name": self.name, "doc": self.doc, "params": params, "result": dict(self.result)}


def op(name: str, *, place: Place = "loop", result: Mapping[str, str] | None = None) -> Callable[[Method], Method]:
    """Declare that the decorated method does the operation NAME, in PLACE, with RESULT."""

    def declare(method: Method) -> Method:
        setattr(method, _MARK, (name, place, result or {}))
        return method

    return declare


class OpTable(Mapping[str, Op]):
    """The operations that the methods of OWNER declare.

    Example:
        >>> class Echo:
        ...     @op("echo", result={"text": "what was said"})
        ...     def echo(self, call, *, text: str):
        ...         "Say TEXT back."
        ...         return {"text": text}
        >>> table = OpTable(Echo())
        >>> table.find("echo").described()["params"]
        {'text': {'type': 'text', 'required': True}}
        >>> table.find("ecko")
        Traceback (most recent call last):
        scirehooks.errors.WireError: There is no operation 'ecko'. Did you mean echo?
    """

    def __init__(self, owner: object) -> None:
        self._values = Values()  # a table of its own: what an application makes of a type is not the protocol's affair
        self._ops: dict[str, Op] = {}
        for attribute in dir(type(owner)):
            method = getattr(type(owner), attribute)
            if declared := getattr(method, _MARK, None):
                name, place, result = declared
                doc = inspect.getdoc(method) or ""
                self._ops[name] = Op(name, doc, self._params(method), result, place, getattr(owner, attribute))

    def _params(self, method: Callable[..., Any]) -> dict[str, Param]:
        hints = get_type_hints(method)
        return {
            each.name: Param(
                each.name,
                hints.get(each.name, Any),
                self._values.type_name(hints.get(each.name, Any)),
                each.default is each.empty,
            )
            for each in inspect.signature(method).parameters.values()
            if each.kind is each.KEYWORD_ONLY
        }

    def __getitem__(self, name: str) -> Op:
        return self._ops[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._ops)

    def __len__(self) -> int:
        return len(self._ops)

    def find(self, name: str) -> Op:
        """Return the operation NAME.

        Raises:
            WireError: there is none; the nearest is named.
        """
        try:
            return self._ops[name]
        except KeyError:
            shown = name if len(name) <= 60 else name[:60] + "…"
            close = nearest(shown, self._ops)
            hint = f"Did you mean {' or '.join(close)}?" if close else "They are listed by describe."
            raise WireError(f"There is no operation {shown!r}.", UNKNOWN_METHOD, hint=hint) from None

    def read(self, found: Op, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return PARAMS as the operation FOUND takes them.

        Raises:
            WireError: one is missing, unknown, or of another type.
        """
        for name in params:
            if name not in found.params:
                close = nearest(name[:60], found.params)
                takes = ", ".join(found.params) or "none"
                hint = f"Did you mean {' or '.join(close)}?" if close else f"It takes: {takes}."
                raise WireError(f"{found.name} has no parameter {name[:60]!r}.", INVALID_PARAMS, hint=hint)
        read: dict[str, Any] = {}
        for param in found.params.values():
            if param.name in params:
                try:
                    read[param.name] = self._values.from_json(param.annotation, params[param.name], field=param.name)
                except ValueFormatError as error:
                    raise WireError(f"{found.name}: {error}", INVALID_PARAMS) from None
            elif param.required:
                raise WireError(f"{found.name} needs {param.name} ({param.type}).", INVALID_PARAMS)
        return read
