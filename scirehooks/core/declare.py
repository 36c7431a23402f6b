"""From the declaration of an operation: its three hooks with their contracts, and its command."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import textwrap
import typing
from collections.abc import Callable
from typing import Any, NamedTuple

from scirehooks.core.model import Event
from scirehooks.core.operation import Core, Operation, Phase
from scirehooks.core.store import Transaction
from scirehooks.errors import nearest
from scirehooks.hooks import BUILTIN, CallingRule, ErrorRule, Rehearsal, Runtime, says, source_of
from scirehooks.values import Values

__all__ = ["command_function", "declare_hooks"]

_KIND = inspect.Parameter.POSITIONAL_OR_KEYWORD


class _Rule(NamedTuple):
    """How a hook is fired, and what its contract says: in the FIRST line, and of the MEANING of what functions do."""

    mode: CallingRule
    on_error: ErrorRule
    first: str
    meaning: str


_MAY_IT = "Asks, before {name}, whether it may be done."
_RULES: dict[str, _Rule] = {
    "pre refuse": _Rule(
        "ask",
        "refuse",
        _MAY_IT,
        "None agrees, a mapping amends ({amend}), raising Veto(reason) or Defer(seconds) refuses, and ends the asking. "
        "An error of a function refuses, too.\n\n"
        "In the thread of the caller, in the scope of the subject; nothing is locked, so a function may take its time "
        "and ask elsewhere. It decides, and changes nothing: a later function may still refuse.",
    ),
    "pre stop": _Rule(
        "ask",
        "isolate",
        _MAY_IT,
        "None agrees, a mapping amends ({amend}), raising Veto(reason) refuses, and ends the asking. An error of a "
        "function is reported and passed over: what is broken keeps nobody from stopping something.\n\n"
        "In the thread of the caller, in the scope of the subject; nothing is locked.",
    ),
    "pre fact": _Rule(
        "ask",
        "isolate",
        "Asks, before {name} is recorded, what to record.",
        "None agrees, a mapping amends ({amend}). It has happened, so nothing can refuse it: a Veto is logged and "
        "passed over, and so is an error.\n\n"
        "In the thread of the run, in the scope of the subject.",
    ),
    "pre fold": _Rule(
        "fold",
        "raise",
        "Sends what {name} stores through each function first.",
        "What a function returns goes on to the next, and what the last returns is stored; None leaves it as it is. "
        "After an error nothing of it is stored.\n\n"
        "In the thread of the run, in the scope of the subject, for each piece as it comes.",
    ),
    "on": _Rule(
        "all",
        "raise",
        "Fires inside the transaction of {name}.",
        "Results are ignored. An exception undoes the whole operation and is the caller's.\n\n"
        "In the writer's thread, in the scope of the subject: be quick, do nothing outside the transaction, call no "
        "operation. `transaction.note(topic, **data)` leaves a row that is there only if the operation is.",
    ),
    "post": _Rule(
        "all",
        "isolate",
        "Fires after {name} has been committed.",
        "Results are ignored; an error is reported to hook-failure-hook and keeps no other function from running.\n\n"
        "In a worker's thread, in the scope of the subject, in order for each subject. It fires at least once, also "
        "if the process was killed in between, so it may fire again.",
    ),
}


def declare_hooks(
    runtime: Runtime,
    values: Values,
    operation: type[Operation],
    fleet: type[Any],
    rehearse: Callable[[Phase], Rehearsal],
) -> None:
    """Declare the hooks of OPERATION; functions find the FLEET's class in the signature."""
    place = source_of(operation.write)
    for phase in operation.phases:
        rule = _RULES[f"pre {operation.pre}" if phase == "pre" else phase]
        asks = rule.mode == "ask"
        runtime.declare(
            operation.hook(phase),
            _signature(operation, phase, fleet),
            functools.partial(_doc, operation, phase, rule),
            mode=rule.mode,
            on_error=rule.on_error,
            amend=tuple(operation.amend) if asks else (),
            amender=_amender(operation, values) if asks else None,
            rehearse=rehearse(phase),
            owner=BUILTIN,
            place=place,
        )


def _signature(operation: type[Operation], phase: Phase, fleet: type[Any]) -> inspect.Signature:
    types = {**operation.annotations(), "event": Event, "fleet": fleet}
    if phase == "pre" and operation.pre == "fold":
        del types["event"]  # what is filtered is not yet worth an event
    if phase == "on":
        types["transaction"] = Transaction
    return inspect.Signature([inspect.Parameter(name, _KIND, annotation=kind) for name, kind in types.items()])


def _doc(operation: type[Operation], phase: Phase, rule: _Rule) -> str:
    about = inspect.getdoc(operation) or ""
    about = about.partition("\n\nExample:")[0]
    amend = ", ".join(operation.amend) or "nothing"
    signature = ", ".join([*operation.annotations(), "event", "fleet"] + ["transaction"] * (phase == "on"))
    meaning = f"Called with any of {signature}. {rule.meaning.format(amend=amend)}"
    return "\n\n".join(
        (
            rule.first.format(name=operation.name),
            f"{operation.name}: {about}",
            *(textwrap.fill(paragraph, 100, break_on_hyphens=False) for paragraph in meaning.split("\n\n")),
            "Since 0.1.",
            f"Example: add-hook {operation.hook(phase)} my_function",
        )
    )


def _amender(operation: type[Operation], values: Values) -> Callable[[dict[str, Any], str, Any], None]:
    types = operation.annotations()

    def amend(payload: dict[str, Any], key: str, value: Any) -> None:
        """Put VALUE, as a program may have written it, where the operation's `amend` says KEY is."""
        field, _, part = operation.amend[key].partition(".")
        annotation = typing.get_type_hints(types[field])[part] if part else types[field]
        new = values.from_json(annotation, values.to_json(value, annotation), field=operation.amend[key])
        payload[field] = dataclasses.replace(payload[field], **{part: new}) if part else new

    return amend


def command_function(
    operation: type[Operation],
    core: Core,
    values: Values,
    carry_out: Callable[[Callable[[], Operation]], Any],
    planned: Callable[[str, dict[str, Any]], bool] | None = None,
) -> Callable[..., Any]:
    """Return the function behind OPERATION's command, which is also its Python call: CARRY_OUT what `prepare` returns.

    CARRY_OUT lets it be prepared anew if what it was decided on has changed meanwhile. What Python code passes is
    checked by VALUES as strictly as what is typed. PLANNED says whether the call is only to be written down; that comes
    before `prepare`, since what would be there by now is not, in a dry run.
    """
    prepare: Callable[..., Operation] = operation.prepare  # type: ignore[attr-defined]  # whoever has a command has it
    signature, hints = _typed(operation)  # type: ignore[arg-type]  # mypy takes the hash of its instances for its own

    def call(*args: Any, **options: Any) -> Any:
        try:
            bound = signature.bind(*args, **options)
        except TypeError as error:
            unknown = next((name for name in options if name not in signature.parameters), "")
            close = nearest(unknown, signature.parameters, 1)
            guess = f" Did you mean {close[0]}?" if close else ""
            raise TypeError(f"{call.__name__}() {error}.{guess}") from None
        for name, value in bound.arguments.items():
            if signature.parameters[name].kind is inspect.Parameter.VAR_POSITIONAL:
                bound.arguments[name] = tuple(check(hints[name], one, name) for one in value)
            else:
                bound.arguments[name] = check(hints[name], value, name)
        if planned is not None and planned(operation.command, dict(bound.arguments)):
            return None
        return carry_out(lambda: prepare(core, *bound.args, **bound.kwargs))

    def check(kind: Any, value: Any, name: str) -> Any:
        return values.from_json(kind, values.to_json(value, kind), field=name)

    call.__name__ = call.__qualname__ = operation.command.replace("-", "_")
    call.__doc__ = inspect.getdoc(operation)
    call.__annotations__ = hints | {"return": Any}
    call.__signature__ = signature  # type: ignore[attr-defined]  # PEP 362 reads it
    warns = functools.partial(operation.warning, core)
    return says(operation.says, warns=warns)(call) if operation.says else call


@functools.cache
def _typed(operation: type[Operation]) -> tuple[inspect.Signature, dict[str, Any]]:
    """Return the signature of OPERATION's command, and the types in it: what `prepare` takes behind the core."""
    prepare = operation.prepare  # type: ignore[attr-defined]  # whoever has a command has it
    first, *parameters = inspect.signature(prepare).parameters.values()
    hints = typing.get_type_hints(prepare, include_extras=True)
    for apart in (first.name, "return"):
        hints.pop(apart, None)
    signature = inspect.Signature([each.replace(annotation=hints.get(each.name, Any)) for each in parameters])
    return signature, hints
