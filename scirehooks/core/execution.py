"""One run, carried out: begun, run on each of its clients, and completed."""

from __future__ import annotations

import dataclasses
import logging
import shutil
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from datetime import UTC, datetime, timedelta
from typing import Any

from scirehooks.core import transitions
from scirehooks.core.events import acting_in
from scirehooks.core.model import Client, Job, Result, ResultStatus, Run, RunStatus, ScriptRevision, Stream
from scirehooks.core.operation import Operation
from scirehooks.core.operations import RunClientCompletion, RunCompletion, RunLost, RunStart
from scirehooks.core.output import Output
from scirehooks.core.state import StateDirectory
from scirehooks.core.store import Store
from scirehooks.core.transport import Task, Transport
from scirehooks.errors import ConflictError, RefusedError, ScireError
from scirehooks.hooks import BUILTIN, Runtime
from scirehooks.process import Completed
from scirehooks.records import dataclass
from scirehooks.values import Id

__all__ = ["ClientSlots", "Execution", "Means", "outcome"]

_log = logging.getLogger("scirehooks")


def outcome(counts: Mapping[ResultStatus, int], max_failures: int | None, *, cancelled: bool = False) -> RunStatus:
    """Return how a run has ended whose results have these COUNTS.

    Example:
        >>> outcome({"succeeded": 2, "failed": 1}, None), outcome({"succeeded": 2, "failed": 1}, 0)
        ('partial', 'failed')
    """
    total, succeeded = sum(counts.values()), counts.get("succeeded", 0)
    if succeeded == total:
        return "succeeded"
    if cancelled:
        return "cancelled" if counts.get("cancelled") else "failed"
    if counts.get("lost"):
        return "lost"
    if succeeded and (max_failures is None or total - succeeded <= max_failures):
        return "partial"
    return "timed-out" if counts.get("timed-out", 0) == total - succeeded else "failed"


class ClientSlots:
    """Lets one run at a time be at a client."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._busy: set[int] = set()

    @contextmanager
    def at(self, client: int, cancel: threading.Event) -> Iterator[None]:
        """Wait until the CLIENT is free, and have it; after CANCEL do not wait."""
        with self._changed:
            self._changed.wait_for(lambda: client not in self._busy or cancel.is_set())
            mine = client not in self._busy
            self._busy.add(client)
        try:
            yield
        finally:
            if mine:
                with self._changed:
                    self._busy.discard(client)
                    self._changed.notify_all()

    def wake(self) -> None:
        """Let those who wait look at their `cancel`."""
        with self._changed:
            self._changed.notify_all()


@dataclass(frozen=True, slots=True)
class Means:
    """What a run is carried out with."""

    runtime: Runtime
    store: Store
    state: StateDirectory
    fleet: Any  # for functions; the execution itself does not use it
    perform: Callable[[Operation], Any]
    transports: Mapping[str, Transport]
    slots: ClientSlots
    output_limit: Callable[[], int]


class Execution:
    """Carries out the run with the id RUN."""

    def __init__(self, means: Means, run: int) -> None:
        self._means, self._id = means, run
        self._cancel = threading.Event()
        self._lost = False
        self._failures = 0
        self._counting = threading.Lock()

    def cancel(self, *, lost: bool = False) -> None:
        """End what is under way; LOST: nobody may wait for how it ends."""
        self._lost = self._lost or lost
        self._cancel.set()
        self._means.slots.wake()

    def carry_out(self) -> datetime | None:
        """Do it; return a time if a function puts it off until then."""
        # What happens in a run descends from the event that created it. Its depth begins anew: hours may lie between,
        # and a job that runs again after each run is no endless recursion.
        origin = dataclasses.replace(self._means.store.origin(f"run:{self._id}"), depth=-1)
        with acting_in(origin), self._means.runtime.owners.acting(BUILTIN, origin.actor):
            run, job = self._means.store.run(self._id), None
            if run.status == "deferred":
                run = self._change(run, "queued")
            elif run.status != "queued":
                return None  # cancelled before it began
            job = self._means.store.job(int(run.job))
            try:
                started = dataclasses.replace(run, status="running", started=datetime.now(UTC))
                run = self._means.perform(RunStart(run=started, job=job))
            except RefusedError as refusal:
                defer = getattr(refusal.verdict, "defer", None)
                if defer is None:
                    self._reject(run, job, str(refusal))
                    return None
                until = datetime.now(UTC) + timedelta(seconds=defer)
                self._change(run, "deferred", not_before=until, reason=str(refusal))
                return until
            except ConflictError:
                return None  # as above, at the last moment
            except Exception as error:  # noqa: BLE001 - the door of functions: one in run-start-hook has failed
                _log.exception("The run %s cannot begin.", run.id)
                self._reject(run, job, f"it could not begin: {error}")
                return None
            self._run_on_clients(run, job)
            self._complete(job)
        return None

    def _change(self, run: Run, new: RunStatus, **fields: Any) -> Run:
        self._means.store.write(
            lambda transaction: transitions.change(transaction, "run", run.id, run.status, new, **fields)
        )
        return dataclasses.replace(run, status=new, **fields)

    def _reject(self, run: Run, job: Job, reason: str) -> None:
        now = datetime.now(UTC)
        self._means.store.write(lambda transaction: transitions.end_results(transaction, run.id, "skipped", now))
        rejected = dataclasses.replace(run, status="rejected", reason=reason, ended=now)
        counts: dict[ResultStatus, int] = {"skipped": len(run.targets)}
        self._means.perform(RunCompletion(run=rejected, job=job, old=run.status, counts=counts, failed=run.targets))

    def _complete(self, job: Job) -> None:
        try:
            self._means.perform(self._end_of(job))
        except ConflictError:  # cancelled just now, which leaves fewer ways to end; now it can but end
            self._means.perform(self._end_of(job))

    def _end_of(self, job: Job) -> Operation:
        run, results = self._means.store.run(self._id), self._means.store.results(self._id)
        if self._lost:
            return RunLost.of(run, job, results)
        counts = Counter(result.status for result in results)
        status = outcome(counts, job.max_failures, cancelled=run.status == "cancelling")
        failed = tuple(result.client for result in results if result.status != "succeeded")
        ended = dataclasses.replace(run, status=status, ended=datetime.now(UTC))
        return RunCompletion(run=ended, job=job, old=run.status, counts=dict(counts), failed=failed)

    # -- on the clients

    def _run_on_clients(self, run: Run, job: Job) -> None:
        script = None
        if job.script and run.revision:
            script = self._means.store.revision(int(job.script), run.revision)
        with ThreadPoolExecutor(min(job.parallel, len(run.targets)), f"scirehooks-run-{run.id}") as pool:
            for client in run.targets:
                pool.submit(copy_context().run, self._run_on, client, run, job, script)

    def _run_on(self, key: Id, run: Run, job: Job, script: ScriptRevision | None) -> None:
        try:
            client = self._means.store.client(int(key))
            result = self._result(client, run, job, script)
            if not self._lost:
                self._means.perform(RunClientCompletion(run=run, client=client, result=result))
        except Exception:  # noqa: BLE001 - the store failed: the run must come to an end all the same
            _log.exception("The result of run %s on client %s could not be recorded.", run.id, key)

    def _result(self, client: Client, run: Run, job: Job, script: ScriptRevision | None) -> Result:
        result = Result(run=run.id, client=client.id)
        with self._counting:
            too_many = job.max_failures is not None and self._failures > job.max_failures
        if self._cancel.is_set():
            return _ended(result, "cancelled")
        if client.status not in ("active", "failed") or too_many:
            reason = "too many others have failed" if too_many else f"the client is {client.status}"
            return _ended(result, "skipped", reason=reason)
        with self._means.slots.at(client.id, self._cancel):
            if self._cancel.is_set():
                return _ended(result, "cancelled")
            result = self._begun(result)
            result = self._execute(result, client, run, job, script)
        if result.status != "succeeded":
            with self._counting:
                self._failures += 1
        return result

    def _begun(self, result: Result) -> Result:
        result = dataclasses.replace(result, status="running", started=datetime.now(UTC))
        key = {"run": result.run, "client": result.client}
        self._means.store.write(
            lambda transaction: transitions.change(
                transaction, "result", key, "pending", "running", started=result.started
            )
        )
        return result

    def _execute(self, result: Result, client: Client, run: Run, job: Job, script: ScriptRevision | None) -> Result:
        transport = self._means.transports.get(client.transport)
        if transport is None:
            return _ended(result, "unreachable", reason=f"there is no transport {client.transport} here")
        files = self._means.state.directory("output", str(run.id)) / str(client.id)
        work = self._means.state.directory("work", f"{run.id}-{client.id}")
        output = Output(files, self._means.output_limit(), self._filter(client, run))
        try:
            task = Task(run, client, script, job.argv, job.timeout.total_seconds(), work)
            done = transport.execute(task, output.write, self._cancel)
        except (OSError, ScireError, ValueError) as error:
            return _ended(result, "unreachable", reason=f"it could not be started: {error}")
        finally:
            output.close()
            shutil.rmtree(work, ignore_errors=True)
        status, reason = _meaning(done)
        if output.withheld:
            reason = f"{reason}; {output.withheld} pieces of its output are withheld".removeprefix("; ")
        return _ended(
            result, status, reason=reason, exit_status=done.status, signal=done.signal, bytes=output.bytes,
            output=f"{run.id}/{client.id}", truncated=output.truncated, sha256=output.sha256,
        )  # fmt: skip

    def _filter(self, client: Client, run: Run) -> Callable[[Stream, bytes], bytes]:
        hook, scope = self._means.runtime.hooks["pre-run-client-output-hook"], self._means.runtime.scope

        def filter(stream: Stream, chunk: bytes) -> bytes:
            with scope(f"client:{client.id}", f"run:{run.id}"):
                result: bytes = hook.run(chunk=chunk, run=run, client=client, stream=stream, fleet=self._means.fleet)
            return result

        return filter


def _ended(result: Result, status: ResultStatus, **fields: Any) -> Result:
    return dataclasses.replace(result, status=status, ended=datetime.now(UTC), **fields)


def _meaning(done: Completed) -> tuple[ResultStatus, str]:
    if done.cancelled:
        return "cancelled", "it was ended"
    if done.timed_out:
        return "timed-out", f"it took longer than {done.duration:.0f} s"
    if done.status == 0:
        return "succeeded", ""
    return "failed", f"signal {done.signal}" if done.signal else f"exit status {done.status}"
