# What these methods mean is said once, in `Operation`.
# ruff: noqa: D102
"""The operations on runs."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Self

from scirehooks.core import transitions
from scirehooks.core.making import targets_of
from scirehooks.core.model import Client, Job, JobStatus, Result, ResultStatus, Run, RunStatus, Stream
from scirehooks.core.names import JobName, RunId
from scirehooks.core.operation import Core, Operation
from scirehooks.core.operations.jobs import JobModificationStatus
from scirehooks.core.store import Transaction
from scirehooks.errors import ConflictError
from scirehooks.values import Id

__all__ = [
    "RunCancellation",
    "RunClientCompletion",
    "RunClientOutput",
    "RunCompletion",
    "RunCreation",
    "RunLost",
    "RunStart",
]


class _OfRun(Operation):
    run: Run

    @property
    def subject(self) -> str:
        return f"run:{self.run.id}"


class _OfRunAndJob(_OfRun):
    job: Job

    @property
    def title(self) -> str:
        return f"{self.run.id} of {self.job.name}"

    def _write_status(self, transaction: Transaction, old: RunStatus) -> Run:
        """Store the status that the run has come to from OLD, its end and the reason for it; return the run."""
        fields = {"ended": self.run.ended, "reason": self.run.reason}
        transitions.change(transaction, "run", self.run.id, old, self.run.status, **fields)
        return self.run

    def _job_becomes(self, core: Core, new: JobStatus) -> Iterable[Operation]:
        """Yield the change of the job's status; none while another run of it decides that, or it is out of use."""
        job = core.store.job(int(self.job.id))
        others = [run for run in core.store.runs(job=job.id, active=True) if run.id != self.run.id]
        if not others and transitions.allowed("job", job.status, new):
            yield JobModificationStatus(
                job=dataclasses.replace(job, status=new), old=job.status, new=new, run=self.run, reason=self.run.reason
            )


class RunCreation(
    _OfRunAndJob,
    name="run-creation",
    command="run",
    says="Run {0.id} is queued.",
    amend=["run.targets", "run.not_before"],
):
    """RUN of JOB is put in the queue.

    It has the clients that are targets of the job now; a function may amend them to fewer. NOT_BEFORE puts it off,
    TRIGGER says what it is run for.

    Example: run uptime
    """

    @classmethod
    def prepare(cls, core: Core, job: JobName, *, not_before: datetime | None = None, trigger: str = "manual") -> Self:
        found = core.store.job(job)
        latest = core.store.script(int(found.script)).revision if found.script else None
        return cls(
            job=found,
            run=Run(
                id=core.store.new_run_id(), job=found.id, revision=found.revision or latest, trigger=trigger,
                parent=None, attempt=1, targets=targets_of(core.store, found), status="queued",
                not_before=not_before or found.not_before, created=datetime.now(UTC),
            ),
        )  # fmt: skip

    def contains(self, core: Core) -> Iterable[Operation]:
        return self._job_becomes(core, "queued")

    def settled(self) -> Self:
        if self.job.status in ("disabled", "removed"):
            raise ConflictError(
                f"The job {self.job.name} is {self.job.status}.", f"Look with describe-job {self.job.name}."
            )
        return self

    def write(self, transaction: Transaction) -> Run:
        if not self.run.targets or not set(self.run.targets) <= set(targets_of(transaction, self.job)):
            raise ConflictError(
                f"A run of {self.job.name} needs targets, and only those of the job.",
                f"Try describe-job {self.job.name}",
            )
        transaction.insert(self.run)
        for client in self.run.targets:
            transaction.insert(Result(run=self.run.id, client=client))
        return self.run

    def done(self, core: Core) -> None:
        core.dispatcher.submit(self.run.id)


class RunStart(_OfRunAndJob, name="run-start"):
    """RUN of JOB begins: it is due, and there is room for it.

    A Veto rejects the run, a Defer puts it off.
    """

    def contains(self, core: Core) -> Iterable[Operation]:
        return self._job_becomes(core, "running")

    def write(self, transaction: Transaction) -> Run:
        transitions.change(transaction, "run", self.run.id, "queued", "running", started=self.run.started)
        return self.run


class RunClientOutput(Operation, name="run-client-output", phases=("pre",), pre="fold"):
    """A CHUNK of what RUN writes to STREAM on CLIENT, before it is stored."""

    chunk: bytes
    run: Run
    client: Client
    stream: Stream

    @property
    def subject(self) -> str:
        return f"run:{self.run.id}"

    @property
    def scopes(self) -> tuple[str, ...]:
        return (f"client:{self.client.id}", self.subject)


class RunClientCompletion(
    _OfRun,
    name="run-client-completion",
    amend=["result.status", "result.facts", "result.label"],
    pre="fact",
):
    """RUN has ended on CLIENT, with RESULT.

    What it has printed is `fleet.output(run.id, client.id)`. The facts in the result become facts of the client.
    """

    client: Client
    result: Result

    @property
    def scopes(self) -> tuple[str, ...]:
        return (f"client:{self.client.id}", self.subject)

    @property
    def title(self) -> str:
        return f"{self.run.id} on {self.client.name}"

    def settled(self) -> Self:
        transitions.check("result", "running", self.result.status)
        facts = self.client.facts | self.result.facts
        return dataclasses.replace(self, client=dataclasses.replace(self.client, facts=facts))

    def write(self, transaction: Transaction) -> Result:
        key = {"run": self.run.id, "client": self.client.id}
        fields = {f.name: getattr(self.result, f.name) for f in dataclasses.fields(Result) if f.name not in key}
        old = transaction.result(self.run.id, self.client.id).status
        transitions.change(transaction, "result", key, old, fields.pop("status"), **fields)
        if self.result.facts:
            known = transaction.client(int(self.client.id)).facts
            transaction.update("client", self.client.id, {"facts": known | self.result.facts})
        return self.result


class RunCompletion(_OfRunAndJob, name="run-completion", amend=["run.status", "run.reason"], pre="fact"):
    """RUN of JOB has ended; until now it was OLD.

    COUNTS says on how many clients in which way, FAILED on which it did not succeed.
    """

    old: RunStatus
    counts: dict[ResultStatus, int]
    failed: tuple[Id, ...]

    def settled(self) -> Self:
        transitions.check("run", self.old, self.run.status)
        if self.run.status not in transitions.JOB_AFTER:
            raise ConflictError(f"A run that is {self.run.status} has not ended.")
        return self

    def contains(self, core: Core) -> Iterable[Operation]:
        return self._job_becomes(core, transitions.JOB_AFTER[self.run.status])

    def write(self, transaction: Transaction) -> Run:
        return self._write_status(transaction, self.old)


class RunCancellation(
    _OfRunAndJob, name="run-cancellation", command="cancel", says="Run {0.id} is {0.status}.", pre="stop"
):
    """RUN of JOB, which was OLD, is stopped, because of REASON.

    What is under way is ended, and what has not begun never will.

    Example: cancel 1 --reason "wrong host"
    """

    old: RunStatus
    reason: str

    @classmethod
    def prepare(cls, core: Core, run: RunId, *, reason: str = "") -> Self:
        found = core.store.run(run)
        begun = found.status in ("running", "cancelling")
        now = None if begun else datetime.now(UTC)
        stopped = dataclasses.replace(
            found, status="cancelling" if begun else "cancelled", reason=reason or "cancelled", ended=now
        )
        return cls(run=stopped, job=core.store.job(int(found.job)), old=found.status, reason=reason)

    def contains(self, core: Core) -> Iterable[Operation]:
        return self._job_becomes(core, "cancelled") if self.run.status == "cancelled" else ()

    def write(self, transaction: Transaction) -> Run:
        run = self._write_status(transaction, self.old)
        if run.ended:
            transitions.end_results(transaction, run.id, "cancelled", run.ended)
        return run

    def done(self, core: Core) -> None:
        core.dispatcher.cancel(self.run.id)


class RunLost(_OfRunAndJob, name="run-lost", phases=("post",), pre="fact"):
    """Nobody knows how RUN of JOB ended on CLIENTS.

    scirehooks ended while it was under way there.
    """

    clients: tuple[Id, ...]

    @classmethod
    def of(cls, run: Run, job: Job, results: Iterable[Result]) -> Self:
        """Return the loss of RUN, now: of those of its RESULTS that have not ended."""
        lost = dataclasses.replace(
            run, status="lost", ended=datetime.now(UTC), reason="scirehooks ended while it was under way"
        )
        return cls(run=lost, job=job, clients=tuple(result.client for result in results if result.ended is None))

    def contains(self, core: Core) -> Iterable[Operation]:
        return self._job_becomes(core, "lost")

    def write(self, transaction: Transaction) -> Run:
        run = self._write_status(transaction, transaction.run(self.run.id).status)  # whatever it is by now
        assert run.ended is not None
        transitions.end_results(transaction, run.id, "lost", run.ended)
        return run
