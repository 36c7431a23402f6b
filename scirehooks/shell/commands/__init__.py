"""The shell's own commands: bound methods marked `@command`, given to `Runtime.define` like anybody's."""

from scirehooks.shell.commands.firing import FiringCommands
from scirehooks.shell.commands.help import HelpCommands
from scirehooks.shell.commands.hooks import HookCommands
from scirehooks.shell.commands.options import OptionCommands

__all__ = ["FiringCommands", "HelpCommands", "HookCommands", "OptionCommands"]
