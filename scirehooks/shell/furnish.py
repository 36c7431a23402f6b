"""Give a runtime the shell's commands and types, and say how its answers look."""

from __future__ import annotations

from scirehooks.hooks import BUILTIN, Entry, Runtime
from scirehooks.shell.commands import FiringCommands, HelpCommands, HookCommands, OptionCommands
from scirehooks.shell.names import HelpWord, register_names
from scirehooks.shell.pages import COLUMNS, PAGES, entry_page
from scirehooks.shell.render import Renderer
from scirehooks.values import Candidate, Values

__all__ = ["furnish"]


def furnish(runtime: Runtime, values: Values) -> Renderer:
    """Define the shell's commands in RUNTIME, describe its types in VALUES, and return what shows its answers.

    Example:
        >>> runtime = Runtime("demo")
        >>> _ = furnish(runtime, Values())
        >>> sorted(runtime.commands)[:3]
        ['add-hook', 'apropos', 'describe-hook']
    """
    register_names(values, runtime)
    help_commands = HelpCommands(runtime, values)
    values.register(
        HelpWord,
        name="command, hook, option, function or topic",
        candidates=lambda _prefix: [Candidate(match.name, match.doc) for match in help_commands.candidates()],
    )
    for commands in (HookCommands(runtime, values), FiringCommands(runtime, values), OptionCommands(runtime, values)):
        runtime.define(commands, BUILTIN)
    runtime.define(help_commands, BUILTIN)
    return Renderer(values, {**PAGES, Entry: entry_page(runtime)}, COLUMNS)
