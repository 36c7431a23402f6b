"""Loading: one loader for modules and init scripts, with readers for Python and YAML.

A file is opened safely (`secure`), read (`strict_yaml`, `declarations`) or run (`python`), and what it says is applied
in one transaction of the journal (`loader`, `apply`), under an owner of its own. So a file is loaded whole or leaves
nothing, and unloading is a query over records. `program` makes any executable a function in a hook. Loaded anew, a file
takes the place of what it gave before in one step (`replace`); what was done at the prompt is told and kept by `save`.
"""

from scirehooks.load.commands import LoaderCommands, ModuleInfo
from scirehooks.load.difference import Difference, Saved
from scirehooks.load.init import InitReport, ScriptReport
from scirehooks.load.journal_commands import JournalCommands, JournalRow
from scirehooks.load.loader import Loader, load_init
from scirehooks.load.places import init_directories, module_path, shipped
from scirehooks.load.program import Program
from scirehooks.load.unfinished import unfinished

__all__ = [
    "Difference",
    "InitReport",
    "JournalCommands",
    "JournalRow",
    "Loader",
    "LoaderCommands",
    "ModuleInfo",
    "Program",
    "Saved",
    "ScriptReport",
    "init_directories",
    "load_init",
    "module_path",
    "shipped",
    "unfinished",
]
