"""Commands on options: show them, set one."""

from __future__ import annotations

from typing import Any

from scirehooks.hooks import Runtime, command
from scirehooks.shell.form import Typed
from scirehooks.shell.names import OptionName
from scirehooks.shell.views import OptionView
from scirehooks.values import Values

__all__ = ["OptionCommands"]


class OptionCommands:
    """The commands on the options of a runtime."""

    def __init__(self, runtime: Runtime, values: Values) -> None:
        self._runtime = runtime
        self._values = values

    @command
    def options(self, word: str = "") -> list[OptionView]:
        """List the options whose name holds WORD, with value, default, type and unit.

        Example: options
        """
        found = sorted(self._runtime.options.values(), key=lambda option: option.name)
        return [OptionView.of(option, self._values) for option in found if word.replace("_", "-") in option.name]

    @command
    def set_option(self, name: OptionName, value: Typed) -> None:
        """Set the option NAME to VALUE, read by the option's type; option-change-hook fires.

        Example: set-option --help
        """
        option = self._runtime.options[name]
        # From Python comes the value itself, from a line its text.
        given: Any = value
        typed = isinstance(given, Typed)
        new = self._values.from_word(option.type, given, field=option.name) if typed else given
        self._runtime.set_option(option.name, new)
