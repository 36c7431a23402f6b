"""Every operation of the fleet, each declared once.

Its hooks, its command, its Python call, its event and its help page follow from the declaration: the docstring is the
contract, the fields are the payload, `prepare` is the command line, `write` is what is done. A new operation is one
more class, and its name in `OPERATIONS`.
"""

from scirehooks.core.operation import Operation
from scirehooks.core.operations.clients import ClientAdd, ClientCreation, ClientModificationStatus, ClientRemoval
from scirehooks.core.operations.jobs import JobCreation, JobModificationStatus, ScriptCreation
from scirehooks.core.operations.runs import (
    RunCancellation,
    RunClientCompletion,
    RunClientOutput,
    RunCompletion,
    RunCreation,
    RunLost,
    RunStart,
)

__all__ = [
    "OPERATIONS",
    "RunClientCompletion",
    "RunCompletion",
    "RunLost",
    "RunStart",
]

OPERATIONS: tuple[type[Operation], ...] = (
    ClientAdd,
    ClientCreation,
    ClientModificationStatus,
    ClientRemoval,
    JobCreation,
    JobModificationStatus,
    RunCancellation,
    RunClientCompletion,
    RunClientOutput,
    RunCompletion,
    RunCreation,
    RunLost,
    RunStart,
    ScriptCreation,
)
