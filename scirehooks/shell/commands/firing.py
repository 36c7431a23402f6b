"""Firing a hook by hand, to see what its functions do."""

from __future__ import annotations

from typing import Any

from scirehooks.errors import UsageError, ValueFormatError, nearest
from scirehooks.hooks import Entry, Hook, Runtime, Verdict, command, rehearsing
from scirehooks.shell.form import Typed
from scirehooks.shell.views import Fired, VerdictView
from scirehooks.values import MISSING, Values

__all__ = ["FiringCommands"]


class FiringCommands:
    """The commands that fire hooks of a runtime."""

    def __init__(self, runtime: Runtime, values: Values) -> None:
        self._runtime = runtime
        self._values = values

    @command
    def fire(self, hook: Hook, /, **payload: Any) -> Fired:
        """Fire HOOK with a payload given as key=value words, and say what came of it.

        Words are converted by the types that the hook declares: `client=web1` looks the client up. The hook's own
        rules hold; a hook that works inside a transaction is fired in one that is rolled back.

        Example: fire option-change-hook option=demo old=1 new=2
        """
        hook = self._runtime.hook(hook)
        given = {key: self._convert(hook, key, value) for key, value in payload.items()}
        entries = hook.in_force()
        rolled_back = False

        def run(extra: dict[str, Any]) -> Any:
            nonlocal rolled_back
            rolled_back = "transaction" in extra
            return hook.run(**self._complete(hook, {**extra, **given}))

        with rehearsing() as failed:
            result = hook.rehearse(run) if hook.rehearse else run({})
        verdict = VerdictView.of(result) if isinstance(result, Verdict) else None
        return Fired(
            hook.name, given, _running(entries), None if verdict else result, verdict, rolled_back,
            _set_aside(entries), tuple(_failure(entry, error) for entry, error in failed),
        )  # fmt: skip

    def _convert(self, hook: Hook, key: str, value: Any) -> Any:
        """Return VALUE for the field KEY of HOOK: words are read by type, values from Python stay as they are."""
        parameters = {p.name: p for p in hook.payload.parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)}
        if key not in parameters:
            if hook.payload.rest_keywords:
                return str(value) if isinstance(value, Typed) else value
            close = nearest(key, parameters, 1)
            guess = f"Did you mean {close[0]}?" if close else self._takes(hook)
            raise UsageError(f"{hook.name} has no field {key}.", guess)
        if not isinstance(value, Typed):
            return value
        try:
            return self._values.from_word(parameters[key].annotation, value, field=key)
        except ValueFormatError as error:
            raise UsageError(error.message, error.hint) from error

    def _complete(self, hook: Hook, payload: dict[str, Any]) -> dict[str, Any]:
        """Return PAYLOAD with what the application provides filled in.

        Raises:
            UsageError: a field is missing; the message names it, its type and how to write it.
        """
        whole = dict(payload)
        for parameter in hook.payload.parameters:
            if parameter.name in whole or parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                continue
            provided = self._values.provided(parameter.annotation)
            if provided is not MISSING:
                whole[parameter.name] = provided
            elif parameter.default is parameter.empty:
                type_name = self._values.type_name(parameter.annotation)
                raise UsageError(
                    f"{hook.name}: the field {parameter.name} ({type_name}) is missing.",
                    f"Type: fire {hook.name} {parameter.name}=…",
                )
        return whole

    def _takes(self, hook: Hook) -> str:
        parameters = [p for p in hook.payload.parameters if self._values.provided(p.annotation) is MISSING]
        takes = ", ".join(f"{p.name} ({self._values.type_name(p.annotation)})" for p in parameters)
        return f"It takes {takes}." if takes else "It takes none."


def _running(entries: tuple[Entry, ...]) -> tuple[str, ...]:
    return tuple(entry.label for entry in entries if entry.state == "active")


def _set_aside(entries: tuple[Entry, ...]) -> tuple[str, ...]:
    """Return those of ENTRIES that a firing passes over, each with why."""
    return tuple(f"{entry.label} ({entry.state})" for entry in entries if entry.state != "active")


def _failure(entry: Entry, error: BaseException) -> str:
    return f"{entry.label}: {type(error).__name__}: {error}"
