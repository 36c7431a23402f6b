from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from scirehooks.core import Client, Fleet, Transaction
from scirehooks.errors import UnknownNameError

QUERIES = [
    "clients", "describe-client", "describe-job", "describe-run", "events", "jobs", "output", "runs", "scripts",
]  # fmt: skip


@pytest.fixture
def ran(fleet: Fleet, web1: Client) -> Fleet:
    """A fleet in which the job `greet` has run on web1."""
    fleet.script_create("hello", body="#!/bin/sh\necho hello; echo oops >&2")
    fleet.job_create("greet", script="hello", target=("web1",))
    fleet.start()
    fleet.run("greet")
    assert not fleet.drain(None, 10)
    return fleet


def ask(fleet: Fleet, command: str, *args: Any, **options: Any) -> Any:
    """Return what COMMAND answers, as `--json` prints it."""
    answer = fleet.values.to_json(fleet.runtime.commands[command].function(*args, **options))
    json.dumps(answer, allow_nan=False)
    return answer


@pytest.mark.parametrize("name", QUERIES)
def test_query_is_documented_with_an_example(fleet: Fleet, name: str) -> None:
    """`help` shows what it is for in one line, and how to type it."""
    command = fleet.runtime.commands[name]
    assert len(command.summary) <= 72
    assert f"Example: {name}" in command.doc


def test_clients_lists_those_in_the_fleet(ran: Fleet) -> None:
    """One that was removed is not in it."""
    ran.client_add("web2", labels={"site": "b"})
    ran.client_remove("web1")
    assert ask(ran, "clients") == [
        {"name": "web2", "status": "active", "transport": "ssh", "address": None, "labels": {"site": "b"}, "id": "2"}
    ]


def test_describe_client_shows_facts_jobs_and_runs(ran: Fleet) -> None:
    """All about a client stands on one page."""
    sheet = ask(ran, "describe-client", "web1")
    assert (sheet["name"], sheet["id"], sheet["facts"], sheet["jobs"]) == ("web1", "1", {}, ["greet"])
    assert [run["status"] for run in sheet["runs"]] == ["succeeded"]


def test_describe_client_finds_its_runs_behind_any_number_of_others(ran: Fleet) -> None:
    """A client on which nothing has run for long still shows what did."""
    ran.client_add("web9", transport="local")
    found = ran.store.run(1)

    def add_others(transaction: Transaction) -> None:
        for _ in range(1100):
            transaction.insert(dataclasses.replace(found, id=ran.store.new_run_id(), targets=()))

    ran.store.write(add_others)
    assert [run["id"] for run in ask(ran, "describe-client", "web1")["runs"]] == ["1"]
    assert ask(ran, "describe-client", "web9")["runs"] == []


def test_jobs_and_describe_job_say_what_runs_where(ran: Fleet) -> None:
    """Names, not numbers."""
    (line,) = ask(ran, "jobs")
    assert line == {"name": "greet", "status": "succeeded", "runs": "hello", "targets": ["web1"], "id": "1"}
    sheet = ask(ran, "describe-job", "greet")
    assert sheet["settings"]["timeout"] == "1h"
    assert [run["id"] for run in sheet["latest"]] == ["1"]


def test_runs_lists_the_latest_and_can_be_narrowed(ran: Fleet) -> None:
    """To a job, or to what has not ended."""
    ran.job_create("other", "true", target=("web1",))
    assert [(run["job"], run["status"], run["clients"]) for run in ask(ran, "runs")] == [
        ("greet", "succeeded", ["web1"])
    ]
    assert ask(ran, "runs", "other") == ask(ran, "runs", active=True) == []


def test_describe_run_and_output_show_what_happened_on_each_client(ran: Fleet) -> None:
    """How it ended, and what it printed."""
    (result,) = ask(ran, "describe-run", 1)["results"]
    assert (result["client"], result["status"], result["exit_status"], result["bytes"]) == ("web1", "succeeded", 0, 11)
    shown = [
        {
            "client": "web1", "status": "succeeded", "reason": "", "stdout": "hello\n", "stderr": "oops\n",
            "truncated": False,
        }
    ]  # fmt: skip
    assert ask(ran, "output", 1) == ask(ran, "output", 1, "web1") == shown
    with pytest.raises(UnknownNameError, match=r"no client of run 1 called 'web2'\. Did you mean web1\?"):
        ask(ran, "output", 1, "web2")


def test_output_of_an_unreachable_client_says_why(ran: Fleet) -> None:
    """Where nothing was written, that is what one wants to know."""
    ran.job_create("lost", "/no/such/program", target=("web1",))
    ran.run("lost")
    assert not ran.drain(None, 10)
    (shown,) = ask(ran, "output", 2)
    assert shown["status"] == "unreachable"
    assert shown["reason"].startswith("it could not be started: ")


def test_scripts_lists_their_latest_revision(ran: Fleet) -> None:
    """What would run now, by its digest."""
    (script,) = ask(ran, "scripts")
    assert (script["name"], script["revision"], script["interpreter"], script["bytes"]) == ("hello", 1, "/bin/sh", 35)


def test_events_can_be_read_from_a_number_on(ran: Fleet) -> None:
    """Whoever follows the log keeps one number."""
    events = ask(ran, "events", last=100)
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert ask(ran, "events", after=events[-2]["seq"]) == events[-1:]
    assert {event["operation"] for event in ask(ran, "events", subject="client:1")} == {"client-creation", "client-add"}


@pytest.mark.parametrize(
    ("command", "argument"), [("describe-client", "web2"), ("describe-job", "gret"), ("describe-run", 7), ("runs", "x")]
)
def test_query_about_what_is_not_there_says_so(ran: Fleet, command: str, argument: Any) -> None:
    """An error names what was asked for."""
    with pytest.raises(UnknownNameError, match=f"There is no .*'{argument}'"):
        ask(ran, command, argument)
