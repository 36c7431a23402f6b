"""What an operation is: a declaration from which its hooks, its command and its Python call are derived.

An operation is a value. Its fields are the payload that functions get; `prepare` makes one from what was typed, and
its signature is the command line; `write` carries it out. `declare.py` derives the hooks and the command,
`engine.py` carries it through pre, on and post.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import typing
from collections.abc import Collection, Iterable, Mapping
from typing import Any, ClassVar, Literal, Protocol, Self

from scirehooks.core.store import Store, Transaction
from scirehooks.records import dataclass

__all__ = ["Core", "Dispatching", "Operation", "Phase", "PreRule"]

Phase = Literal["pre", "on", "post"]
PreRule = Literal["refuse", "stop", "fact", "fold"]
_ALL: tuple[Phase, ...] = ("pre", "on", "post")


class Dispatching(Protocol):
    """What operations tell the dispatcher, after their commit."""

    def submit(self, run: int) -> None:
        """Run the run when it is due."""

    def cancel(self, run: int) -> None:
        """Stop what is under way of the run."""


class Core(Protocol):
    """What an operation needs of the fleet."""

    @property
    def store(self) -> Store:
        """The store, for reading."""

    @property
    def dispatcher(self) -> Dispatching:
        """Who carries out runs."""

    @property
    def transports(self) -> Collection[str]:
        """The names of the ways to reach a client."""

    @property
    def actor(self) -> str:
        """On whose behalf the calling code acts."""


@typing.dataclass_transform(frozen_default=True, kw_only_default=True)
class Operation:
    """Something the core does, with a pre-, an on- and a post-hook; a subclass declares one.

    NAME gives the hooks' names, COMMAND the command's, SAYS what is said at a prompt when it is done. AMEND lists what
    pre-functions may amend, as `field` or `field.part`; they name the last word of it. PHASES are the hooks that exist.
    PRE says what answers in the pre-hook mean: by `refuse` a veto refuses, and so does an error; by `stop` only a veto,
    since nothing broken may keep anybody from stopping something; a `fact` has happened, and nothing refuses it; `fold`
    sends the first field through every function.
    """

    name: ClassVar[str]
    command: ClassVar[str]
    says: ClassVar[str]
    amend: ClassVar[Mapping[str, str]]
    phases: ClassVar[tuple[Phase, ...]]
    pre: ClassVar[PreRule]

    def __init_subclass__(
        cls,
        *,
        name: str = "",
        command: str = "",
        says: str = "",
        amend: Iterable[str] = (),
        phases: tuple[Phase, ...] = _ALL,
        pre: PreRule = "refuse",
    ) -> None:
        cls.name, cls.command, cls.says, cls.phases, cls.pre = name, command, says, phases, pre
        cls.amend = {path.rpartition(".")[2]: path for path in amend}
        dataclass(frozen=True, kw_only=True)(cls)

    # -- what a declaration says beyond its fields

    @property
    def subject(self) -> str:
        """What the operation is about, as `client:7`: its events are fired in order, its scopes counted."""
        raise NotImplementedError

    @property
    def scopes(self) -> tuple[str, ...]:
        """The scopes whose local hook values count, the innermost first."""
        return (self.subject,)

    @property
    def title(self) -> str:
        """What people call the subject, for messages."""
        return self.subject

    @property
    def refusable(self) -> bool:
        """Whether a pre-function may refuse it; what has happened already cannot be refused."""
        return self.pre != "fact"

    def contains(self, core: Core) -> Iterable[Operation]:
        """Return the operations that are carried out within this one, in its transaction and before it.

        A field of the same name and type is one field: as the inner operation leaves it, the outer has it.
        """
        return ()

    def settled(self) -> Self:
        """Return the operation as it is to be written, now that nobody will amend it; raise if it cannot be."""
        return self

    def write(self, transaction: Transaction) -> Any:
        """Carry it out; return what the Python call returns."""

    def done(self, core: Core) -> None:
        """Start in this process what the committed operation sets going."""

    @classmethod
    def warning(cls, core: Core, result: Any) -> str:
        """Return what whoever typed the command should know of its RESULT, beside what it says."""
        return ""

    # -- what follows from it

    @property
    def payload(self) -> dict[str, Any]:
        """The fields by name."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}  # type: ignore[arg-type]

    @classmethod
    def annotations(cls) -> dict[str, Any]:
        """Return the type of each field."""
        known: Any = cls
        return _annotations(known)

    def with_fields(self, payload: Mapping[str, Any]) -> Self:
        """Return the operation with those of its fields changed that are in PAYLOAD."""
        known = {name: payload[name] for name in self.payload if name in payload}
        return dataclasses.replace(self, **known)  # type: ignore[type-var]  # a subclass is a dataclass

    def with_inner(self, inner: Operation) -> Self:
        """Return the operation with the fields that it has in common with INNER, which it contains."""
        theirs = inner.annotations()
        common = [name for name, kind in self.annotations().items() if theirs.get(name) == kind]
        return self.with_fields({name: inner.payload[name] for name in common})

    @classmethod
    def hook(cls, phase: Phase) -> str:
        """Return the name of the hook of PHASE.

        Example:
            >>> class Demo(Operation, name="demo-creation"): ...
            >>> Demo.hook("pre"), Demo.hook("on")
            ('pre-demo-creation-hook', 'demo-creation-hook')
        """
        return f"{cls.name}-hook" if phase == "on" else f"{phase}-{cls.name}-hook"


@functools.cache
def _annotations(operation: Any) -> dict[str, Any]:
    # Not `typing.get_type_hints`: it would resolve what Operation declares, too, and for each of its subclasses anew.
    mine = operation.__mro__[: operation.__mro__.index(Operation)]
    hints = {name: kind for each in mine[::-1] for name, kind in inspect.get_annotations(each, eval_str=True).items()}
    return {field.name: hints[field.name] for field in dataclasses.fields(operation)}
