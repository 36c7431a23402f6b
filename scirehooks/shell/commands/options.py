"""Commands on options: show them, set one."""

from __future__ import annotations

from typing import Any

from scirehooks.hooks import Runtime, command
from scirehooks.shell.line.form import Typed
from scirehooks.shell.line.names import OptionName
from scirehooks.shell.views import Note, OptionView
from scirehooks.values import Values

__all__ = ["OptionCommands"]


class OptionCommands:
    """The commands on the options of a runtime."""

    def __init__(self, runtime: Runtime, values: Values) -> None:
        self._runtime = runtime
        self._values = values

    @command
    def options(self, word: str = "") -> list[OptionView]:
        """List the options whose name holds WORD, with their values.

        `describe-option` and `help NAME` show the type, unit and default of one.

        Example: options
        """
        found = sorted(self._runtime.options.values(), key=lambda option: option.name)
        return [OptionView.of(option, self._values) for option in found if word.replace("_", "-") in option.name]

    @command
    def set_option(self, name: OptionName, value: Typed) -> Note | None:
        """Set the option NAME to VALUE.

        VALUE is read by the option's type. Then option-change-hook fires.

        Example: set-option quiet-hours 22-6
        """
        option = self._runtime.options[name]
        # From Python comes the value itself, from a line its text.
        given: Any = value
        typed = isinstance(given, Typed)
        new = self._values.from_word(option.type, given, field=option.name) if typed else given
        self._runtime.set_option(option.name, new)
        shown = f"{self._values.to_word(new, option.type)} {option.unit}".strip()
        return Note(f"{option.name} is {shown or 'empty'}.") if typed else None
