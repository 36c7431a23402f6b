"""The fleet: clients, scripts, jobs and runs, their operations, and the hooks around each."""

from scirehooks.core.fleet import Fleet, Left
from scirehooks.core.model import Client, Event, Job, Note, Result, Run, Script, ScriptRevision
from scirehooks.core.operation import Operation
from scirehooks.core.store import Transaction

__all__ = [
    "Client",
    "Event",
    "Fleet",
    "Job",
    "Left",
    "Note",
    "Operation",
    "Result",
    "Run",
    "Script",
    "ScriptRevision",
    "Transaction",
]
