"""Make the payload for firing a hook by hand: from words, from Python, from an event, and from samples."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from inspect import Parameter, Signature
from typing import Any

from scirehooks.errors import ScireError, UnknownNameError, UsageError, ValueFormatError, nearest
from scirehooks.hooks import BUILTIN, Entry, Hook, Module, Runtime
from scirehooks.shell.line.form import Typed
from scirehooks.values import MISSING, Values

__all__ = ["PayloadMaker"]

_REST = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)


class PayloadMaker:
    """Makes payloads for HOOK; with SAMPLES, what is missing is made up."""

    def __init__(self, hook: Hook, values: Values, *, samples: bool = False) -> None:
        self._hook, self._values, self._samples = hook, values, samples
        self._fields = {p.name: p for p in hook.payload.parameters if p.kind not in _REST}
        self.sampled: dict[str, Any] = {}

    def read(self, words: Mapping[str, Any]) -> dict[str, Any]:
        """Return WORDS as values: what was typed is read by type, values from Python stay as they are.

        Raises:
            UsageError: there is no such field, or a word does not fit; one line names the field and what was meant.
        """
        return {key: self._read(key, value) for key, value in words.items()}

    def from_json(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        """Return those fields of PAYLOAD, as an event has it, that the hook passes today."""
        fields = {key: self._fields[key] for key in payload if key in self._fields}
        return {key: self._values.from_json(field.annotation, payload[key], field=key) for key, field in fields.items()}

    def complete(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        """Return PAYLOAD with what the application provides, and with samples if they are wanted.

        Raises:
            UsageError: a field is missing; the message names it, its type and how to write it.
        """
        whole = dict(payload)
        for name, field in self._fields.items():
            if name in whole:
                continue
            provided = self._values.provided(field.annotation)
            if provided is not MISSING:
                whole[name] = provided
            elif field.default is not field.empty:
                continue
            elif self._samples:
                whole[name] = self.sampled[name] = self._sample(field.annotation, name)
            else:
                kind = self._values.type_name(field.annotation)
                raise UsageError(
                    f"{self._hook.name}: the field {name} ({kind}) is missing.",
                    f"Type: fire {self._hook.name} {name}=…, or add --sample",
                )
        return whole

    def shown(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        """Return what of PAYLOAD is worth showing: not what the application passes of itself."""
        hidden = {
            name for name, field in self._fields.items() if self._values.provided(field.annotation) is not MISSING
        }
        return {name: value for name, value in payload.items() if name not in hidden | {"event", "transaction"}}

    def _read(self, key: str, value: Any) -> Any:
        if key not in self._fields:
            if self._hook.payload.rest_keywords:
                return str(value) if isinstance(value, Typed) else value
            close = nearest(key, self._fields, 1)
            guess = f"Did you mean {close[0]}?" if close else self._takes()
            raise UsageError(f"{self._hook.name} has no field {key}.", guess)
        if not isinstance(value, Typed):
            return value
        annotation = self._fields[key].annotation
        try:
            return self._values.from_word(annotation, value, field=key)
        except UnknownNameError as error:
            if self._samples and dataclasses.is_dataclass(annotation):
                made = self.sampled[key] = self._called(annotation, value, key)
                return made
            if dataclasses.is_dataclass(annotation):
                error.hint = f"{error.hint} With --sample one of that name is made up.".lstrip()
            raise
        except ValueFormatError as error:
            raise UsageError(error.message, error.hint) from error

    def _called(self, annotation: Any, name: str, key: str) -> Any:
        """Return a sample of the record ANNOTATION that is called NAME: a guard may be tried on what is not there."""
        sample = self._values.to_json(self._sample(annotation, key), annotation)
        if not isinstance(sample, dict) or "name" not in sample:
            raise UsageError(
                f"{key}: there is no {self._values.type_name(annotation)} {name!r}, and none can be made up."
            )
        try:
            # By JSON: its reader knows what a name may be.
            record = {field.name for field in dataclasses.fields(annotation)}
            whole = {part: value for part, value in sample.items() if part in record}
            return self._values.from_json(annotation, {**whole, "name": name}, field=key)
        except ValueFormatError as error:
            raise UsageError(error.message, error.hint) from error

    def _sample(self, annotation: Any, name: str) -> Any:
        if annotation is Hook:
            return self._hook
        if annotation is Entry:
            return next(iter(self._hook.entries()), None) or _entry_of_nobody()
        if annotation is Module:
            return Module("sample", "sample.py", (), "A module made up.", BUILTIN)
        if isinstance(annotation, type) and issubclass(annotation, BaseException):
            return annotation("a sample")
        try:
            return self._values.sample(annotation)
        except ScireError as error:
            kind = self._values.type_name(annotation)
            raise UsageError(f"{name}: there is no sample of {kind}.", f"Give it as {name}=…") from error

    def _takes(self) -> str:
        fields = [f for f in self._fields.values() if self._values.provided(f.annotation) is MISSING]
        takes = ", ".join(f"{f.name} ({self._values.type_name(f.annotation)})" for f in fields)
        return f"It takes {takes}." if takes else "It takes none."


def nobody() -> None:
    """Stand for a function where a payload needs one."""


def _entry_of_nobody() -> Entry:
    elsewhere = Runtime("sample")
    return elsewhere.add_hook(elsewhere.declare("sample-hook", Signature()), nobody)
