"""The commands that show the fleet; what they return is data, which the shell renders and `--json` prints."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from typing import Any, Protocol, TypeVar

from scirehooks.core.model import ClientStatus, Job, JobStatus, ResultStatus, Run, RunStatus, Stream
from scirehooks.core.names import Address, ClientName, JobName, Name, Port, RunId, TransportName, UserName
from scirehooks.core.store import Store
from scirehooks.errors import UnknownNameError
from scirehooks.hooks import command
from scirehooks.records import dataclass
from scirehooks.values import Count, Id

__all__ = ["FleetCommands"]

_RECENT = 10
_Kind = TypeVar("_Kind")


@dataclass(frozen=True, slots=True)
class ClientLine:
    """A client in a list."""

    name: Name
    status: ClientStatus
    transport: TransportName
    address: Address | None
    labels: dict[str, str]
    id: Id


@dataclass(frozen=True, slots=True)
class ScriptLine:
    """A script in a list."""

    name: Name
    revision: int
    interpreter: str
    bytes: int
    sha256: str
    id: Id


@dataclass(frozen=True, slots=True)
class JobLine:
    """A job in a list."""

    name: Name
    status: JobStatus
    runs: str  # the script or command
    targets: tuple[Name, ...]
    id: Id


@dataclass(frozen=True, slots=True)
class RunLine:
    """A run in a list."""

    id: RunId
    job: Name
    status: RunStatus
    trigger: str
    clients: tuple[Name, ...]
    reason: str
    created: datetime | None
    started: datetime | None
    ended: datetime | None


@dataclass(frozen=True, slots=True)
class ResultLine:
    """How a run went on one client."""

    client: Name
    status: ResultStatus
    exit_status: int | None
    signal: int | None
    reason: str
    started: datetime | None
    ended: datetime | None
    bytes: int
    truncated: bool
    sha256: str
    facts: dict[str, Any]
    label: str


@dataclass(frozen=True, slots=True)
class ClientSheet:
    """All about a client: how it is reached, what is known about it, what ran on it."""

    name: Name
    id: Id
    status: ClientStatus
    added: datetime
    transport: TransportName
    address: Address | None
    port: Port
    user: UserName | None
    labels: dict[str, str]
    facts: dict[str, Any]
    jobs: tuple[Name, ...]
    runs: tuple[RunLine, ...]


@dataclass(frozen=True, slots=True)
class JobSheet:
    """All about a job."""

    name: Name
    id: Id
    status: JobStatus
    created: datetime
    runs: str
    targets: tuple[Name, ...]
    settings: dict[str, Any]
    latest: tuple[RunLine, ...]


@dataclass(frozen=True, slots=True)
class RunSheet:
    """All about a run."""

    run: RunLine
    results: tuple[ResultLine, ...]


@dataclass(frozen=True, slots=True)
class ClientOutput:
    """What a run wrote on a client."""

    client: Name
    status: ResultStatus
    reason: str
    stdout: str
    stderr: str
    truncated: bool


class HasOutput(Protocol):
    """What the commands need of the fleet."""

    @property
    def store(self) -> Store:
        """The store."""

    def output(self, run: int, client: int, stream: Stream = "stdout") -> bytes:
        """What a run wrote on a client."""


class FleetCommands:
    """The queries of FLEET."""

    def __init__(self, fleet: HasOutput) -> None:
        self._fleet, self._store = fleet, fleet.store

    @command
    def clients(self) -> list[ClientLine]:
        """List the clients of the fleet.

        Example: clients
        """
        return [_line(ClientLine, client) for client in self._store.clients()]

    @command
    def describe_client(self, client: ClientName) -> ClientSheet:
        """Show how CLIENT is reached, its facts, its jobs and its latest runs.

        Example: describe-client web1
        """
        found = self._store.client(client)
        target = f"client:{found.id}"
        jobs = tuple(job.name for job in self._store.jobs() if target in job.targets)
        runs = self._store.runs(client=found.id, limit=_RECENT)
        return _line(ClientSheet, found, jobs=jobs, runs=tuple(map(self._run_line, runs)))

    @command
    def scripts(self) -> list[ScriptLine]:
        """List the scripts.

        Example: scripts
        """
        lines = []
        for script in self._store.scripts():
            code = self._store.revision(int(script.id), script.revision)
            size = len(code.body.encode())
            lines.append(_line(ScriptLine, script, interpreter=code.interpreter, bytes=size, sha256=code.sha256))
        return lines

    @command
    def jobs(self) -> list[JobLine]:
        """List the jobs, with what they run and on which clients.

        Example: jobs
        """
        return [_line(JobLine, job, runs=self._what(job), targets=self._targets(job)) for job in self._store.jobs()]

    @command
    def describe_job(self, job: JobName) -> JobSheet:
        """Show all about JOB: what it runs, where, how, and its latest runs.

        Example: describe-job uptime
        """
        found = self._store.job(job)
        keys = ("not_before", "timeout", "parallel", "max_failures", "idempotent")
        latest = tuple(map(self._run_line, self._store.runs(job=found.id, limit=_RECENT)))
        return _line(
            JobSheet, found, runs=self._what(found), targets=self._targets(found), latest=latest,
            settings={key: getattr(found, key) for key in keys},
        )  # fmt: skip

    @command
    def runs(self, job: JobName | None = None, *, active: bool = False, last: Count = Count(100)) -> list[RunLine]:
        """List the latest runs, the newest last.

        Only those of JOB; with ACTIVE only those that have not ended; LAST is how many at most.

        Example: runs --active
        """
        key = self._store.job(job).id if job else None
        return [self._run_line(run) for run in self._store.runs(job=key, active=active, limit=last)]

    @command
    def describe_run(self, run: RunId) -> RunSheet:
        """Show how RUN went on each of its clients.

        Example: describe-run 1
        """
        found = self._store.run(run)
        results = tuple(
            _line(ResultLine, result, client=self._store.client(int(result.client)).name)
            for result in self._store.results(run)
        )
        return RunSheet(self._run_line(found), results)

    @command
    def output(self, run: RunId, client: ClientName | None = None) -> list[ClientOutput]:
        """Show what RUN wrote on each client, or on CLIENT, and how it went there.

        Example: output 1 web1
        """
        self._store.run(run)
        shown = []
        for result in self._store.results(run):
            on = self._store.client(int(result.client))
            if client is None or on.name == client:
                shown.append(
                    ClientOutput(
                        on.name,
                        result.status,
                        result.reason,
                        self._text(run, on.id, "stdout"),
                        self._text(run, on.id, "stderr"),
                        result.truncated,
                    )
                )
        if client and not shown:
            names = [self._store.client(int(result.client)).name for result in self._store.results(run)]
            raise UnknownNameError(f"client of run {run} called", client, names, f"Look with describe-run {run}.")
        return shown

    def _text(self, run: RunId, client: Id, stream: Stream) -> str:
        return self._fleet.output(run, client, stream).decode(errors="replace")

    def _what(self, job: Job) -> str:
        if not job.script:
            return " ".join(job.argv)
        script = self._store.script(int(job.script)).name
        return f"{script}, revision {job.revision}" if job.revision else script

    def _targets(self, job: Job) -> tuple[Name, ...]:
        clients = (self._store.client(int(target.partition(":")[2])) for target in dict.fromkeys(job.targets))
        return tuple(Name(f"{each.name} (removed)") if each.status == "removed" else each.name for each in clients)

    def _run_line(self, run: Run) -> RunLine:
        clients = tuple(self._store.client(int(key)).name for key in run.targets)
        return _line(RunLine, run, job=self._store.job(int(run.job)).name, clients=clients)


def _line(kind: type[_Kind], record: Any, **more: Any) -> _Kind:
    """Return a KIND with those fields of RECORD that it has, and MORE."""
    fields = {f.name: getattr(record, f.name) for f in dataclasses.fields(kind) if f.name not in more}  # type: ignore[arg-type]
    return kind(**fields, **more)
