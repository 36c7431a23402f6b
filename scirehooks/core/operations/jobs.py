# What these methods mean is said once, in `Operation`.
# ruff: noqa: D102
"""The operations on scripts, and on jobs."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

from scirehooks.core import transitions
from scirehooks.core.making import check_job, read_body, shebang
from scirehooks.core.model import Job, JobStatus, Run, Script, ScriptRevision
from scirehooks.core.names import ClientName, Name, ScriptName, Target
from scirehooks.core.operation import Core, Operation
from scirehooks.core.store import Transaction
from scirehooks.errors import ConflictError

__all__ = ["JobCreation", "JobModificationStatus", "ScriptCreation"]


class ScriptCreation(
    Operation, name="script-creation", command="script-create", says="Stored {0.name} (script {0.id})."
):
    """SCRIPT is stored, with its code as the first REVISION.

    The code is in FILE, or is the text BODY. INTERPRETER runs it; without one its `#!` line says, else /bin/sh does.

    Example: script-create clean-tmp ./clean-tmp.sh
    """

    script: Script
    revision: ScriptRevision

    @property
    def subject(self) -> str:
        return f"script:{self.script.id}"

    @property
    def title(self) -> str:
        return self.script.name

    @classmethod
    def prepare(
        cls, core: Core, name: Name, file: Path | None = None, *, body: str = "", interpreter: str = ""
    ) -> Self:
        code, key, now = read_body(file, body), core.store.new_id("script"), datetime.now(UTC)
        return cls(
            script=Script(id=key, name=name, revision=1, created=now),
            revision=ScriptRevision(
                script=key, revision=1, sha256=hashlib.sha256(code.encode()).hexdigest(),
                interpreter=interpreter or shebang(code), body=code, author=core.actor, created=now,
            ),
        )  # fmt: skip

    def write(self, transaction: Transaction) -> Script:
        name = self.script.name
        if transaction.is_taken(Script, name):
            raise ConflictError(f"There is a script {name} already.", "Choose another name.")
        transaction.insert(self.script)
        transaction.insert(self.revision)
        return self.script


class _OfJob(Operation):
    job: Job

    @property
    def subject(self) -> str:
        return f"job:{self.job.id}"

    @property
    def title(self) -> str:
        return self.job.name


class JobCreation(
    _OfJob,
    name="job-creation",
    command="job-create",
    says="Made {0.name} (job {0.id}).",
    amend=["job.targets", "job.not_before", "job.timeout", "job.parallel", "job.max_failures", "job.idempotent"],
):
    """JOB is made: what to run, and on which clients.

    `run JOB` runs it. It runs SCRIPT (at its latest REVISION, if none is given) or the command ARGV, on each TARGET
    for TIMEOUT at most, on PARALLEL clients at a time, and goes on until more than MAX_FAILURES have failed.
    IDEMPOTENT notes that it may be repeated when nobody knows how it ended; scirehooks repeats nothing by itself yet.

    Example: job-create uptime --target web1 -- uptime -p
    """

    @classmethod
    def prepare(
        cls,
        core: Core,
        name: Name,
        *argv: str,
        script: ScriptName | None = None,
        revision: int | None = None,
        target: tuple[ClientName, ...] = (),
        not_before: datetime | None = None,
        timeout: timedelta = timedelta(hours=1),
        parallel: int = 10,
        max_failures: int | None = None,
        idempotent: bool = False,
    ) -> Self:
        code = core.store.script(script).id if script else None
        if code and revision:
            core.store.revision(code, revision)
        return cls(
            job=Job(
                id=core.store.new_id("job"), name=name, script=code, revision=revision, argv=argv,
                targets=tuple(Target(f"client:{core.store.client(one).id}") for one in target), not_before=not_before,
                timeout=timeout, parallel=parallel, max_failures=max_failures, idempotent=idempotent, status="idle",
                created=datetime.now(UTC),
            )
        )  # fmt: skip

    def settled(self) -> Self:
        check_job(self.job)
        return self

    def write(self, transaction: Transaction) -> Job:
        name = self.job.name
        if transaction.is_taken(Job, name):
            raise ConflictError(
                f"There is a job {name} already.", f"Look with describe-job {name}, or choose another name."
            )
        transaction.insert(self.job)
        return self.job


class JobModificationStatus(_OfJob, name="job-modification-status"):
    """The status of JOB goes from OLD to NEW.

    RUN is the run that it is due to, REASON says why. Only what is VOLUNTARY can be refused.
    """

    old: JobStatus
    new: JobStatus
    run: Run | None = None
    reason: str = ""
    voluntary: bool = False

    @property
    def refusable(self) -> bool:
        return self.voluntary

    def write(self, transaction: Transaction) -> None:
        transitions.change(transaction, "job", self.job.id, self.old, self.new)
