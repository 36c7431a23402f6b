"""The shell's own commands: bound methods marked `@command`, given to `Runtime.define` like anybody's."""

from scirehooks.shell.commands.edit import EditCommands
from scirehooks.shell.commands.firing import FiringCommands
from scirehooks.shell.commands.help import HelpCommands
from scirehooks.shell.commands.hooks import HookCommands
from scirehooks.shell.commands.options import OptionCommands
from scirehooks.shell.commands.replaying import ReplayCommands
from scirehooks.shell.commands.tracing import TraceCommands
from scirehooks.shell.commands.where import FindingCommands
from scirehooks.shell.commands.would import WouldCommands

__all__ = [
    "EditCommands",
    "FindingCommands",
    "FiringCommands",
    "HelpCommands",
    "HookCommands",
    "OptionCommands",
    "ReplayCommands",
    "TraceCommands",
    "WouldCommands",
]
