"""Fleet administration on Emacs-style hooks, in a scriptable shell.

Public names come when they are asked for, so `import scirehooks` costs next to nothing, and a program that wants only
the hook runtime loads neither the store nor the terminal.

Example:
    >>> import scirehooks
    >>> runtime = scirehooks.Runtime("shop")
"""

from scirehooks.late import late

TYPE_CHECKING = False  # checkers take it for true; `typing` alone would cost more than all the rest

if TYPE_CHECKING:
    from scirehooks.core import Client, Event, Fleet, Job, Result, Run, Script, Transaction
    from scirehooks.core.names import ClientName, JobName, RunId, ScriptName
    from scirehooks.daemon import serve
    from scirehooks.errors import Defer, RefusedError, ScireError, Veto
    from scirehooks.hooks import GLOBAL, Entry, Hook, Runtime, Verdict, command, effect, on, option, says
    from scirehooks.load import Loader, Program, load_init
    from scirehooks.values import Values
    from scirehooks.version import __version__

__all__ = [
    "GLOBAL",
    "Client",
    "ClientName",
    "Defer",
    "Entry",
    "Event",
    "Fleet",
    "Hook",
    "Job",
    "JobName",
    "Loader",
    "Program",
    "RefusedError",
    "Result",
    "Run",
    "RunId",
    "Runtime",
    "ScireError",
    "Script",
    "ScriptName",
    "Transaction",
    "Values",
    "Verdict",
    "Veto",
    "__version__",
    "command",
    "effect",
    "load_init",
    "on",
    "option",
    "says",
    "serve",
]

_HOMES = {
    "scirehooks.core": ("Client", "Event", "Fleet", "Job", "Result", "Run", "Script", "Transaction"),
    "scirehooks.core.names": ("ClientName", "JobName", "RunId", "ScriptName"),
    "scirehooks.daemon": ("serve",),
    "scirehooks.errors": ("Defer", "RefusedError", "ScireError", "Veto"),
    "scirehooks.hooks": ("GLOBAL", "Entry", "Hook", "Runtime", "Verdict", "command", "effect", "on", "option", "says"),
    "scirehooks.load": ("Loader", "Program", "load_init"),
    "scirehooks.values": ("Values",),
    "scirehooks.version": ("__version__",),
}

late(globals(), {name: home for home, names in _HOMES.items() for name in names})
