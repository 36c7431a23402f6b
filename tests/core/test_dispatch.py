from __future__ import annotations

import os
import signal
import stat
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from scirehooks.core import Client, Fleet, Result, Run
from scirehooks.core.execution import outcome
from scirehooks.core.operations import RunCompletion
from scirehooks.core.store import Store
from scirehooks.core.transport import Task
from scirehooks.errors import ConflictError, Defer, UsageError, Veto
from scirehooks.process import Completed

if TYPE_CHECKING:
    from tests.core.conftest import Child, MakeFleet


def ran(fleet: Fleet, *argv: str, target: tuple[str, ...] = ("web1",), name: str = "job", **options: Any) -> Run:
    """Make a job of ARGV, run it, and return the run when it has ended."""
    fleet.start()
    fleet.job_create(name, *argv, target=target, **options)
    run: Run = fleet.run(name)
    assert not fleet.drain(None, 30)
    return fleet.store.run(run.id)


def result_of(fleet: Fleet, run: Run) -> Result:
    """Return the only result of RUN."""
    (result,) = fleet.store.results(run.id)
    return result


def fifo(tmp_path: Path) -> Path:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    return path


# -- a run on this machine


def test_run_of_a_script_stores_what_it_prints(fleet: Fleet, web1: Client) -> None:
    """Both streams are stored apart; the result says how it ended, and the job is summed up."""
    fleet.script_create("hello", body="#!/bin/sh\necho hello $SCIRE_CLIENT\necho oops >&2\n")
    run = ran(fleet, script="hello")
    result = result_of(fleet, run)
    assert (run.status, result.status, result.exit_status, result.reason) == ("succeeded", "succeeded", 0, "")
    assert (fleet.output(run.id, web1.id), fleet.output(run.id, web1.id, "stderr")) == (b"hello web1\n", b"oops\n")
    assert (result.bytes, result.output) == (16, f"{run.id}/{web1.id}")
    assert fleet.store.job("job").status == "succeeded"
    assert run.created
    assert run.started
    assert run.ended
    assert run.created <= run.started <= run.ended


def test_script_is_a_private_file_never_an_argument(fleet: Fleet, web1: Client) -> None:
    """Nobody reads a script in the process list, nor in the file system; it is gone after the run."""
    body = '#!/bin/sh\n# secret word\ntr "\\0" " " </proc/$$/cmdline; echo; stat -c "%a" "$0" "$PWD"; pwd'
    fleet.script_create("look", body=body)
    run = ran(fleet, script="look")
    arguments, script_mode, directory_mode, directory = fleet.output(run.id, web1.id).decode().splitlines()
    assert "secret" not in arguments
    assert (script_mode, directory_mode) == ("700", "700")
    assert Path(directory).is_relative_to(fleet.state.path / "work")
    assert not Path(directory).exists()


def test_output_is_readable_by_its_owner_only(fleet: Fleet, web1: Client) -> None:
    """What programs print may be secret."""
    ran(fleet, "echo", "x")
    for path in (fleet.state.path / "output").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)


@pytest.mark.parametrize(
    ("argv", "status", "result", "exit_status", "number", "reason"),
    [
        (("sh", "-c", "exit 3"), "failed", "failed", 3, None, "exit status 3"),
        (("sh", "-c", "kill -KILL $$"), "failed", "failed", None, 9, "signal 9"),
        (("/no/such/program",), "failed", "unreachable", None, None, "it could not be started"),
    ],
)
def test_run_that_fails_says_how(
    fleet: Fleet,
    web1: Client,
    argv: tuple[str, ...],
    status: str,
    result: str,
    exit_status: Any,
    number: Any,
    reason: str,
) -> None:
    """What ran and failed is told from what never started."""
    run = ran(fleet, *argv)
    found = result_of(fleet, run)
    assert (run.status, found.status, found.exit_status, found.signal) == (status, result, exit_status, number)
    assert found.reason.startswith(reason)
    assert fleet.store.job("job").status == "failed"


def test_run_that_takes_too_long_is_ended(fleet: Fleet, web1: Client) -> None:
    """A time-out is a status of its own: nobody knows what was done until then."""
    run = ran(fleet, "sleep", "60", timeout=timedelta(seconds=0.2))
    assert (run.status, result_of(fleet, run).status) == ("timed-out", "timed-out")


def test_run_on_a_client_without_its_transport_is_unreachable(fleet: Fleet) -> None:
    """A client may be recorded before there is a way to it."""
    fleet.client_add("web1", transport="ssh")
    run = ran(fleet, "true")
    assert result_of(fleet, run).reason == "there is no transport ssh here"
    assert run.status == "failed"


def test_run_uses_the_revision_pinned_when_it_was_created(fleet: Fleet, web1: Client) -> None:
    """The run says which code ran."""
    fleet.script_create("s", body="echo one")
    run = ran(fleet, script="s")
    assert (run.revision, fleet.store.job("job").revision) == (1, None)


# -- output


def test_output_goes_through_the_filters_before_it_is_stored(fleet: Fleet, web1: Client) -> None:
    """A secret that a filter masks is nowhere on the disk; the filter knows client and stream."""
    seen: set[tuple[str, str]] = set()

    def mask(chunk: bytes, client: Client, stream: str) -> bytes:
        seen.add((client.name, stream))
        return chunk.replace(b"hunter2", b"*****")

    fleet.runtime.add_hook("pre-run-client-output-hook", mask)
    fleet.runtime.add_hook("pre-run-client-output-hook", lambda chunk: None)
    run = ran(fleet, "sh", "-c", "echo password hunter2; echo err >&2")
    assert fleet.output(run.id, web1.id) == b"password *****\n"
    assert seen == {("web1", "stdout"), ("web1", "stderr")}
    assert not any(b"hunter2" in path.read_bytes() for path in (fleet.state.path / "output").rglob("*.std*"))


def test_output_that_a_filter_fails_on_is_withheld(fleet: Fleet, web1: Client) -> None:
    """A filter that is broken must not let a secret through; the result says so."""
    fleet.runtime.add_hook("pre-run-client-output-hook", lambda chunk: 1 / 0)
    run = ran(fleet, "echo", "hunter2")
    result = result_of(fleet, run)
    assert (fleet.output(run.id, web1.id), result.status) == (b"", "succeeded")
    assert result.reason == "1 pieces of its output are withheld"


def test_output_beyond_the_limit_is_cut_off_and_said_to_be(fleet: Fleet, web1: Client) -> None:
    """A program that prints without end fills neither memory nor disk."""
    fleet.runtime.set_option("output-limit", 1000)
    run = ran(fleet, "sh", "-c", "head -c 5000000 /dev/zero; echo short >&2")
    result = result_of(fleet, run)
    assert (len(fleet.output(run.id, web1.id)), result.bytes, result.truncated) == (1000, 1006, True)
    assert result.status == "succeeded"


# -- facts and amendments


def test_facts_amended_into_a_result_become_facts_of_the_client(fleet: Fleet, web1: Client) -> None:
    """They are merged into what was known, in the transaction of the result."""
    fleet.runtime.add_hook("pre-run-client-completion-hook", lambda run: {"facts": {f"run{run.id}": {"cpu": [1, 2]}}})
    heard: list[dict[str, Any]] = []
    fleet.runtime.add_hook("post-run-client-completion-hook", lambda client, result: heard.append(client.facts))
    first = ran(fleet, "true", name="a")
    ran(fleet, "true", name="b")
    facts = {"run1": {"cpu": [1, 2]}, "run2": {"cpu": [1, 2]}}
    assert fleet.store.client("web1").facts == heard[-1] == facts
    assert result_of(fleet, first).facts == {"run1": {"cpu": [1, 2]}}


def test_classification_of_a_result_can_be_amended(fleet: Fleet, web1: Client) -> None:
    """What post-processing finds in the output decides, where the exit status says nothing."""
    answer = {"status": "failed", "label": "warning"}
    fleet.runtime.add_hook("pre-run-client-completion-hook", lambda: answer)
    run = ran(fleet, "true")
    assert (run.status, result_of(fleet, run).label) == ("failed", "warning")


# -- beginning


def test_run_start_vetoed_rejects_the_run_and_gives_the_job_back(fleet: Fleet, web1: Client) -> None:
    """A run that was not allowed to begin is neither failed nor lost."""
    fleet.runtime.add_hook("pre-run-start-hook", lambda: Veto("not today"))
    run = ran(fleet, "true")
    assert (run.status, result_of(fleet, run).status, fleet.store.job("job").status) == ("rejected", "skipped", "idle")
    assert "not today" in run.reason


def test_run_start_deferred_begins_later(fleet: Fleet, web1: Client) -> None:
    """A Defer puts the run back into the queue for as long as it says."""
    asked: list[float] = []

    def later() -> Defer | None:
        asked.append(time.monotonic())
        return Defer(0.3, "busy") if len(asked) == 1 else None

    fleet.runtime.add_hook("pre-run-start-hook", later)
    ended = threading.Event()
    fleet.runtime.add_hook("post-run-completion-hook", lambda: ended.set())
    fleet.start()
    fleet.job_create("job", "true", target=("web1",))
    run = fleet.run("job")
    assert ended.wait(10)
    assert asked[1] - asked[0] >= 0.3
    assert fleet.store.run(run.id).status == "succeeded"


def test_run_start_deferred_again_and_again_begins_in_the_end(fleet: Fleet, web1: Client) -> None:
    """Each Defer counts from when it was said."""
    asked: list[str] = []

    def later(run: Run) -> Defer | None:
        asked.append(run.status)
        return Defer(0.01, "busy") if len(asked) < 3 else None

    fleet.runtime.add_hook("pre-run-start-hook", later)
    fleet.start()
    fleet.job_create("job", "true", target=("web1",))
    run = fleet.run("job")
    fleet.progress.wait_for(lambda: fleet.store.run(run.id).ended, 10)
    assert (asked, fleet.store.run(run.id).status) == (["running"] * 3, "succeeded")


@pytest.mark.parametrize("amended", ["partial", "lost", "queued", "running"])
def test_run_rejected_stays_so_whatever_a_function_makes_of_it(fleet: Fleet, web1: Client, amended: str) -> None:
    """It has never begun, so it ends in no other way."""
    fleet.runtime.add_hook("pre-run-start-hook", lambda: Veto("not today"))
    fleet.runtime.add_hook("pre-run-completion-hook", lambda: {"status": amended})
    assert ran(fleet, "true").status == "rejected"


def test_run_not_before_a_time_waits_and_is_not_waited_for(fleet: Fleet, web1: Client) -> None:
    """A batch does not sit out what was put off to tomorrow."""
    fleet.start()
    fleet.job_create("job", "true", target=("web1",), not_before=datetime.now(UTC) + timedelta(days=1))
    with fleet.collecting_roots() as roots:
        run = fleet.run("job")
    assert not fleet.drain(roots, 10)
    assert fleet.store.run(run.id).status == "queued"
    soon = fleet.run("job", not_before=datetime.now(UTC) + timedelta(seconds=0.2))
    fleet.progress.wait_for(lambda: fleet.store.run(soon.id).ended, 10)
    done = fleet.store.run(soon.id)
    assert done.started
    assert done.not_before
    assert done.started >= done.not_before


def test_run_is_narrowed_by_a_function_but_never_widened(fleet: Fleet, web1: Client) -> None:
    """A canary function picks some of the targets; none picks clients that the job does not name."""
    fleet.client_add("web2", transport="local")
    fleet.client_add("web3", transport="local")
    fleet.job_create("job", "true", target=("web1", "web2"))
    chosen = ["2"]
    fleet.runtime.add_hook("pre-run-creation-hook", lambda: {"targets": chosen})
    assert fleet.run("job").targets == (2,)
    chosen.append("3")
    with pytest.raises(ConflictError, match="only those of the job"):
        fleet.run("job")


@pytest.mark.parametrize(
    ("argv", "options"),
    [((), {}), (("true",), {"script": "s"}), (("true",), {"parallel": 0}), (("true",), {"timeout": timedelta()})],
)
def test_job_that_could_never_run_is_refused(fleet: Fleet, web1: Client, argv: tuple[str, ...], options: Any) -> None:
    """A mistake is told where it is made, not at night."""
    fleet.script_create("s", body="true")
    with pytest.raises(UsageError):
        fleet.job_create("job", *argv, target=("web1",), **options)
    assert fleet.store.jobs() == []


def test_run_is_on_each_client_once_however_often_it_is_named(fleet: Fleet, web1: Client) -> None:
    """A target that was given twice is one."""
    fleet.job_create("job", "true", target=("web1", "web1"))
    assert fleet.runtime.commands["describe-job"].function("job").targets == ("web1",)
    assert fleet.run("job").targets == (web1.id,)


def test_run_of_a_job_without_clients_is_refused(fleet: Fleet, web1: Client) -> None:
    """When the last target has left the fleet there is nothing to run on, and the job says so."""
    fleet.job_create("job", "true", target=("web1",))
    fleet.client_remove("web1")
    assert fleet.runtime.commands["describe-job"].function("job").targets == ("web1 (removed)",)
    with pytest.raises(ConflictError, match="has no targets"):
        fleet.run("job")


# -- bounds, with a transport that we hold in our hands


class Held:
    """A transport whose tasks wait until they are let go."""

    def __init__(self) -> None:
        self.let_go = threading.Semaphore(0)
        self.begun = threading.Semaphore(0)
        self.lock = threading.Lock()
        self.now = self.most = 0
        self.ran: list[str] = []

    def execute(self, task: Task, on_output: Callable[[Any, bytes], None], cancel: threading.Event) -> Completed:
        """Note that TASK has begun, and wait."""
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
            self.ran.append(task.client.name)
        self.begun.release()
        while not self.let_go.acquire(timeout=0.01):
            if cancel.is_set():
                break
        with self.lock:
            self.now -= 1
        failed = task.client.name.startswith("bad")
        return Completed(int(failed), None, False, cancel.is_set(), b"", b"", False, 0.0)


@pytest.fixture
def held() -> Held:
    """A transport that we hold."""
    return Held()


@pytest.fixture
def held_fleet(make_fleet: MakeFleet, held: Held) -> Fleet:
    """A started fleet with the clients c1 to c6, on that transport."""
    fleet = make_fleet(transports={"local": held})
    for number in range(1, 7):
        fleet.client_add(f"c{number}", transport="local")
    fleet.start()
    return fleet


def everywhere(fleet: Fleet) -> tuple[str, ...]:
    return tuple(client.name for client in fleet.store.clients())


def test_run_is_on_no_more_clients_at_a_time_than_its_job_says(held_fleet: Fleet, held: Held) -> None:
    """`parallel` bounds it, and is used in full."""
    held_fleet.job_create("job", "x", target=everywhere(held_fleet), parallel=3)
    run = held_fleet.run("job")
    for _ in range(3):
        assert held.begun.acquire(timeout=10)
    assert not held.begun.acquire(blocking=False)
    held.let_go.release(6)
    held_fleet.drain(None, 10)
    assert (held.most, held_fleet.store.run(run.id).status) == (3, "succeeded")


def test_two_runs_are_never_at_one_client_together(held_fleet: Fleet, held: Held) -> None:
    """The second waits for the first, and then runs."""
    for name in ("a", "b"):
        held_fleet.job_create(name, "x", target=("c1",))
        held_fleet.run(name)
    assert held.begun.acquire(timeout=10)
    held.let_go.release(2)
    held_fleet.drain(None, 10)
    assert (held.most, held.ran) == (1, ["c1", "c1"])


def test_run_cancelled_ends_what_is_under_way_and_begins_nothing_more(held_fleet: Fleet, held: Held) -> None:
    """Every client has a result, and none is left pending."""
    held_fleet.job_create("job", "x", target=everywhere(held_fleet), parallel=2)
    run = held_fleet.run("job")
    for _ in range(2):
        assert held.begun.acquire(timeout=10)
    assert held_fleet.cancel(run.id, reason="wrong host").status == "cancelling"
    assert not held_fleet.drain(None, 10)
    done = held_fleet.store.run(run.id)
    assert (done.status, done.reason, held_fleet.store.job("job").status) == ("cancelled", "wrong host", "cancelled")
    assert [result.status for result in held_fleet.store.results(run.id)] == ["cancelled"] * 6
    assert len(held.ran) == 2
    with pytest.raises(ConflictError, match="The run is cancelled already"):
        held_fleet.cancel(run.id)


@pytest.mark.parametrize("amended", ["running", "cancelling", "rejected"])
def test_run_ends_although_a_function_says_that_it_has_not(fleet: Fleet, web1: Client, amended: str) -> None:
    """What cannot be is passed over, and the job becomes what follows from the run as it is."""
    fleet.runtime.add_hook("pre-run-completion-hook", lambda: {"status": amended})
    assert ran(fleet, "true").status == "succeeded"
    assert fleet.store.job("job").status == "succeeded"


def test_run_cancelled_ends_although_a_function_makes_something_else_of_it(held_fleet: Fleet, held: Held) -> None:
    """A run that is being cancelled cannot have ended in part: that is passed over, and the run comes to its end."""
    held_fleet.runtime.add_hook("pre-run-completion-hook", lambda: {"status": "partial"})
    held_fleet.job_create("job", "x", target=("c1",))
    run = held_fleet.run("job")
    assert held.begun.acquire(timeout=10)
    held_fleet.cancel(run.id)
    assert not held_fleet.drain(None, 10)
    assert (held_fleet.store.run(run.id).status, held_fleet.store.job("job").status) == ("cancelled", "cancelled")


def test_run_cancelled_while_its_end_is_recorded_ends_from_there(held_fleet: Fleet, held: Held) -> None:
    """What was asked about its end is asked again: now it was being cancelled."""
    asked: list[tuple[str, str]] = []

    def meddle(run: Run, old: str) -> None:
        if not asked:
            held_fleet.cancel(run.id)
        asked.append((old, run.status))

    held_fleet.client_add("bad1", transport="local")
    held_fleet.runtime.add_hook("pre-run-completion-hook", meddle)
    held_fleet.job_create("job", "x", target=("c1", "bad1"))
    held.let_go.release(2)
    run = held_fleet.run("job")
    assert not held_fleet.drain(None, 10)
    assert (asked[0], asked[-1]) == (("running", "partial"), ("cancelling", "failed"))
    assert held_fleet.store.run(run.id).status == "failed"
    (event,) = held_fleet.store.events(operation="run-completion")
    assert event.payload["old"] == "cancelling"


def test_run_whose_end_cannot_be_recorded_is_logged(
    held_fleet: Fleet, held: Held, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is lost at the next start; until then somebody can read why."""

    def refuse(_self: RunCompletion) -> RunCompletion:
        raise ConflictError("It cannot end.")

    monkeypatch.setattr(RunCompletion, "settled", refuse)
    held_fleet.job_create("job", "x", target=("c1",))
    held.let_go.release(1)
    run = held_fleet.run("job")
    assert held.begun.acquire(timeout=10)
    held_fleet.progress.wait_for(lambda: not held_fleet.dispatcher.under_way(), 10)
    assert held_fleet.store.run(run.id).status == "running"
    assert f"The run {run.id} could not be carried out." in caplog.text


def test_run_that_begins_while_its_cancellation_is_asked_about_is_ended(
    make_fleet: MakeFleet, held: Held, caplog: pytest.LogCaptureFixture
) -> None:
    """It was in the queue a moment ago; now there is something to end, and its results are recorded."""
    fleet = make_fleet(transports={"local": held})
    fleet.client_add("c1", transport="local")
    fleet.job_create("job", "x", target=("c1",))
    run = fleet.run("job")
    asked: list[str] = []

    def begin(old: str) -> None:
        if not asked:
            fleet.start()
            assert held.begun.acquire(timeout=10)
        asked.append(old)

    fleet.runtime.add_hook("pre-run-cancellation-hook", begin)
    assert fleet.cancel(run.id).status == "cancelling"
    assert asked == ["queued", "running"]
    assert not fleet.drain(None, 10)
    assert (fleet.store.run(run.id).status, result_of(fleet, run).reason) == ("cancelled", "it was ended")
    assert caplog.text == ""


def test_run_cancelled_while_it_waits_for_its_client_never_begins(held_fleet: Fleet, held: Held) -> None:
    """Who waits behind another run can be stopped at once."""
    for name in ("a", "b"):
        held_fleet.job_create(name, "x", target=("c1",))
    first = held_fleet.run("a")
    assert held.begun.acquire(timeout=10)
    second = held_fleet.run("b")
    held_fleet.progress.wait_for(lambda: held_fleet.store.run(second.id).status == "running", 10)
    held_fleet.cancel(second.id)
    held_fleet.progress.wait_for(lambda: held_fleet.store.run(second.id).ended, 10)
    assert held_fleet.store.run(second.id).status == "cancelled"
    assert held_fleet.store.run(first.id).status == "running"
    held.let_go.release(1)
    held_fleet.drain(None, 10)


def test_run_cancelled_in_the_queue_is_cancelled_at_once(fleet: Fleet, web1: Client) -> None:
    """Before `start` nothing runs, so nothing need be ended."""
    fleet.job_create("job", "true", target=("web1",))
    run = fleet.run("job")
    assert fleet.cancel(run.id).status == "cancelled"
    fleet.start()
    fleet.drain(None, 10)
    assert (fleet.store.run(run.id).status, fleet.store.job("job").status) == ("cancelled", "cancelled")
    assert result_of(fleet, run).status == "cancelled"


def test_run_with_too_many_failures_skips_the_rest(held_fleet: Fleet, held: Held) -> None:
    """`max_failures` keeps a bad change from reaching everybody."""
    for number in range(3):
        held_fleet.client_add(f"bad{number}", transport="local")
    targets = ("bad0", "bad1", "c1", "c2")
    held_fleet.job_create("job", "x", target=targets, parallel=1, max_failures=0)
    held.let_go.release(10)
    run = held_fleet.run("job")
    held_fleet.drain(None, 10)
    assert len(held.ran) < len(targets)
    assert held_fleet.store.run(run.id).status == "failed"
    assert {result.status for result in held_fleet.store.results(run.id)} >= {"failed", "skipped"}


@pytest.mark.parametrize(
    ("counts", "max_failures", "cancelled", "status"),
    [
        ({"succeeded": 3}, None, False, "succeeded"),
        ({"succeeded": 2, "failed": 1}, None, False, "partial"),
        ({"succeeded": 2, "failed": 1}, 1, False, "partial"),
        ({"succeeded": 2, "failed": 1}, 0, False, "failed"),
        ({"failed": 3}, None, False, "failed"),
        ({"timed-out": 2}, None, False, "timed-out"),
        ({"timed-out": 1, "failed": 1}, None, False, "failed"),
        ({"succeeded": 1, "lost": 1}, None, False, "lost"),
        ({"succeeded": 1, "cancelled": 1}, None, True, "cancelled"),
        ({"succeeded": 2}, None, True, "succeeded"),
        ({"failed": 2}, None, True, "failed"),
    ],
)
def test_outcome_of_a_run_follows_from_its_results(
    counts: Any, max_failures: Any, cancelled: bool, status: str
) -> None:
    """A run ends in one status, whatever mixture its clients make."""
    assert outcome(counts, max_failures, cancelled=cancelled) == status


# -- lost

RUNS = """
import sys
from pathlib import Path
from scirehooks.core import Fleet
from scirehooks.hooks import Runtime
from scirehooks.values import Values

fleet = Fleet(Runtime("child"), Values(), Path(sys.argv[1]))
fleet.runtime.add_hook("pre-run-client-output-hook", lambda chunk: print("printed", flush=True))
fleet.client_add("web1", transport="local")
fleet.job_create("job", "sh", "-c", "echo x; cat " + sys.argv[2], target=("web1",))
fleet.start()
fleet.run("job")
sys.stdin.read()
"""


def test_run_under_way_when_the_process_was_killed_is_lost(
    child: Child, state: Path, tmp_path: Path, make_fleet: MakeFleet
) -> None:
    """Nobody knows how it ended, and that is what is said: of the run, its result, and its job."""
    pipe = fifo(tmp_path)
    process = child(RUNS, state, pipe)
    assert process.stdout
    assert process.stdout.readline() == b"printed\n"
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    pipe.open("wb").close()  # the orphan reads its end and ends
    fleet = make_fleet()
    heard: list[tuple[str, tuple[int, ...]]] = []
    fleet.runtime.add_hook("post-run-lost-hook", lambda run, clients: heard.append((run.status, clients)))
    fleet.start()
    fleet.drain(None, 10)
    (run,) = fleet.store.runs()
    assert heard == [("lost", (1,))]
    assert (run.status, result_of(fleet, run).status, fleet.store.job("job").status) == ("lost", "lost", "lost")
    assert run.reason == "scirehooks ended while it was under way"
    again = fleet.run("job")
    pipe.open("wb").close()
    fleet.drain(None, 10)
    assert fleet.store.run(again.id).status == "succeeded"


def test_run_lost_by_the_process_before_waits_for_functions_like_all_that_it_left(
    child: Child, state: Path, tmp_path: Path, make_fleet: MakeFleet
) -> None:
    """That is found out in a start without init scripts, and told to the functions in them all the same."""
    pipe = fifo(tmp_path)
    process = child(RUNS, state, pipe)
    assert process.stdout
    assert process.stdout.readline() == b"printed\n"
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    pipe.open("wb").close()  # the orphan reads its end and ends
    fleet = make_fleet()
    fleet.start(put_off="started with -Q")
    assert not fleet.drain(None, 10)
    assert [run.status for run in fleet.store.runs()] == ["lost"]
    heard: list[str] = []
    fleet.runtime.add_hook("post-run-lost-hook", lambda run: heard.append(run.status))
    fleet.catch_up()
    assert not fleet.drain(None, 10)
    assert heard == ["lost"]


def test_run_under_way_when_the_fleet_is_closed_is_ended_and_lost(fleet: Fleet, web1: Client) -> None:
    """SIGTERM waits a while, then ends what is under way; the next start need not find out."""
    begun = threading.Event()
    pids: list[int] = []

    def note_pid(chunk: bytes) -> None:
        pids.append(int(chunk))
        begun.set()

    fleet.runtime.add_hook("pre-run-client-output-hook", note_pid)
    fleet.start()
    fleet.job_create("job", "sh", "-c", "echo $$; exec sleep 60", target=("web1",))
    run = fleet.run("job")
    assert begun.wait(10)
    fleet.close(patience=0.1)
    assert not Path(f"/proc/{pids[0]}").exists()
    store = Store(fleet.store.file)
    assert (store.run(run.id).status, store.job("job").status) == ("lost", "lost")
    store.close()


def test_run_under_way_that_ends_while_the_fleet_is_closed_is_waited_for(fleet: Fleet, web1: Client) -> None:
    """Patience is for those who need only a moment more."""
    begun = threading.Event()
    fleet.runtime.add_hook("pre-run-client-output-hook", lambda: begun.set())
    fleet.start()
    fleet.job_create("job", "sh", "-c", "echo begun; sleep 0.3", target=("web1",))
    run = fleet.run("job")
    assert begun.wait(10)
    fleet.close(patience=10)
    store = Store(fleet.store.file)
    assert (store.run(run.id).status, store.job("job").status) == ("succeeded", "succeeded")
    store.close()


def test_run_in_the_queue_when_the_process_ended_runs_at_the_next_start(make_fleet: MakeFleet) -> None:
    """What had not begun is not lost."""
    first = make_fleet()
    first.client_add("web1", transport="local")
    first.job_create("job", "true", target=("web1",))
    run = first.run("job")
    first.close()
    second = make_fleet()
    second.start()
    second.drain(None, 10)
    assert second.store.run(run.id).status == "succeeded"
