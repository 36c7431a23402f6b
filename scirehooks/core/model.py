"""What the fleet consists of: records that never change, as stored, shown, and passed to functions.

A change makes another record. A record in a payload is as its operation leaves it, so `client.status` in
`post-client-removal-hook` reads `removed`.
"""

from __future__ import annotations

from dataclasses import field
from datetime import datetime, timedelta
from typing import Any, Literal

from scirehooks.core.names import Address, Name, Port, RunId, Target, TransportName, UserName
from scirehooks.process import Stream
from scirehooks.records import dataclass
from scirehooks.values import Id

__all__ = [
    "Client",
    "ClientStatus",
    "Event",
    "Job",
    "JobStatus",
    "Note",
    "Result",
    "ResultStatus",
    "Run",
    "RunStatus",
    "Script",
    "ScriptRevision",
    "Stream",
]

ClientStatus = Literal["active", "failed", "disabled", "removed"]
JobStatus = Literal["idle", "queued", "running", "succeeded", "failed", "cancelled", "lost", "disabled", "removed"]
RunStatus = Literal[
    "queued", "deferred", "running", "cancelling",
    "succeeded", "partial", "failed", "timed-out", "cancelled", "rejected", "lost",
]  # fmt: skip
ResultStatus = Literal[
    "pending", "running", "succeeded", "failed", "unreachable", "timed-out", "cancelled", "skipped", "lost"
]


@dataclass(frozen=True, slots=True)
class Client:
    """A machine that is looked after; its id is never used again, not even for the same name."""

    id: Id
    name: Name
    address: Address | None  # None: its name is its address
    port: Port
    transport: TransportName
    user: UserName | None
    labels: dict[str, str]
    facts: dict[str, Any]
    status: ClientStatus
    added: datetime


@dataclass(frozen=True, slots=True)
class Script:
    """A named piece of code, in numbered revisions; REVISION is the latest."""

    id: Id
    name: Name
    revision: int
    created: datetime


@dataclass(frozen=True, slots=True)
class ScriptRevision:
    """One state of a script's code, which never changes: what ran can be read later."""

    script: Id
    revision: int
    sha256: str
    interpreter: str
    body: str
    author: str
    created: datetime


@dataclass(frozen=True, slots=True)
class Job:
    """A script (SCRIPT at REVISION, None: the latest) or a command (ARGV), and the TARGETS it runs on."""

    id: Id
    name: Name
    script: Id | None
    revision: int | None
    argv: tuple[str, ...]
    targets: tuple[Target, ...]
    not_before: datetime | None
    timeout: timedelta  # for each client
    parallel: int
    max_failures: int | None  # None: go on, however many clients fail
    idempotent: bool
    status: JobStatus
    created: datetime


@dataclass(frozen=True, slots=True)
class Run:
    """One execution of a job, on the clients that were its targets when the run was created."""

    id: RunId
    job: Id
    revision: int | None  # of the script, pinned
    trigger: str
    parent: RunId | None
    attempt: int
    targets: tuple[Id, ...]
    status: RunStatus
    not_before: datetime | None
    reason: str = ""
    created: datetime | None = None
    started: datetime | None = None
    ended: datetime | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """How a run went on one client."""

    run: RunId
    client: Id
    status: ResultStatus = "pending"
    exit_status: int | None = None
    signal: int | None = None
    reason: str = ""
    started: datetime | None = None
    ended: datetime | None = None
    output: str = ""  # under the state directory's `output`, with `.stdout` and `.stderr` behind it
    bytes: int = 0
    truncated: bool = False
    sha256: str = ""  # of the stored standard output
    facts: dict[str, Any] = field(default_factory=dict)
    label: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """The durable record of an operation; SEQ orders what was committed, 0 before that.

    CAUSE is the event in whose functions the operation was called, ROOT the first of that chain, DEPTH how many
    functions are between.
    """

    id: str
    seq: int
    operation: str
    subject: str
    time: datetime
    actor: str
    cause: str | None
    root: str
    depth: int
    dry_run: bool
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Note:
    """A row that an on-function left in the transaction of EVENT, under a TOPIC of its own."""

    id: Id
    topic: str
    event: str
    time: datetime
    data: dict[str, Any]
