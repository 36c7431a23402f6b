"""Give a runtime the shell's commands and types, and say how its answers look."""

from __future__ import annotations

from scirehooks.hooks import BUILTIN, Runtime, option
from scirehooks.shell.answers.pages import COLUMNS, PAGES
from scirehooks.shell.answers.status import report_on_hooks
from scirehooks.shell.commands import (
    EditCommands,
    FindingCommands,
    FiringCommands,
    HelpCommands,
    HookCommands,
    OptionCommands,
    ReplayCommands,
    TraceCommands,
    WouldCommands,
)
from scirehooks.shell.line.names import HelpWord, register_names
from scirehooks.shell.showing.render import Renderer
from scirehooks.shell.trying.firingpages import FIRING_PAGES
from scirehooks.values import Candidate, Values

__all__ = ["furnish"]

_QUOTA = "Most that one evaluation prints on a terminal; batches have no limit."


def furnish(runtime: Runtime, values: Values) -> Renderer:
    """Define the shell's commands in RUNTIME, describe its types in VALUES, and return what shows its answers.

    Example:
        >>> runtime = Runtime("demo")
        >>> _ = furnish(runtime, Values())
        >>> sorted(runtime.commands)[:3]
        ['add-hook', 'apropos', 'defhook']
    """
    register_names(values, runtime)
    help_commands = HelpCommands(runtime, values)
    values.register(
        HelpWord,
        name="command, hook, option, function or topic",
        candidates=lambda _prefix: [Candidate(match.name, match.doc) for match in help_commands.candidates()],
    )
    kinds = (HookCommands, OptionCommands, FindingCommands, EditCommands, FiringCommands, WouldCommands, ReplayCommands)
    for commands in (*(kind(runtime, values) for kind in kinds), TraceCommands(runtime), help_commands):
        runtime.define(commands, BUILTIN)
    runtime.define({"print-quota": option(int, 1 << 20, unit="bytes", doc=_QUOTA)}, BUILTIN)
    report_on_hooks(runtime)
    return Renderer(values, {**PAGES, **FIRING_PAGES}, COLUMNS)
