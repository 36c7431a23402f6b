"""What `describe` tells: the commands and the operations, with a number that says whether they have changed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, ClassVar

from scirehooks.control.ops import OpTable
from scirehooks.hooks import Command, Runtime
from scirehooks.shell import Session
from scirehooks.shell.line.form import Form, Slot, provided_by
from scirehooks.values import Values

__all__ = ["Description"]


class Description:
    """The names of RUNTIME and the table OPS, for terminals, which keep them until the generation changes."""

    result: ClassVar[dict[str, str]] = {
        "generation": "a number that changes with the commands",
        "version": "of the server",
        "commands": "a list of name, doc, usage and parameters (name, kind, type, required, option, shown, metavar)",
        "ops": "a list of name, doc, params and result",
    }

    def __init__(self, runtime: Runtime, values: Values, ops: OpTable, version: str) -> None:
        self.version = version
        self._runtime = runtime
        self._values = values
        self._ops = ops
        self._lock = threading.Lock()
        self._known: list[tuple[str, Callable[..., Any]]] = []
        self._generation = 0

    @property
    def generation(self) -> int:
        """The number of the present set of commands."""
        present = [(name, command.function) for name, command in self._runtime.commands.items()]
        with self._lock:
            if present != self._known:
                self._known = present
                self._generation += 1
            return self._generation

    def tell(self, known: int | None) -> dict[str, Any]:
        """Return all of it, unless the generation KNOWN is the present one."""
        generation = self.generation
        if known == generation:
            return {"generation": generation}
        commands = [self._command(command) for command in self._runtime.commands.values()]
        ops = [each.described() for each in self._ops.values()]
        return {"generation": generation, "version": self.version, "commands": commands, "ops": ops}

    def _command(self, command: Command) -> dict[str, Any]:
        form = Form(command, provided_by(self._values, {Session: None}))
        parameters = [self._slot(slot) for slot in form.slots if slot.kind != "provided"]
        return {"name": command.name, "doc": command.summary, "usage": form.usage, "parameters": parameters}

    def _slot(self, slot: Slot) -> dict[str, Any]:
        return {
            "name": slot.name,
            "kind": "flag" if slot.flag else slot.kind,
            "type": self._values.type_name(slot.annotation),
            "required": slot.required,
            "option": slot.option,
            "shown": slot.shown,
            "metavar": slot.metavar,
        }
