"""`would LINE`: the very line one would type, read, answered and completed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from scirehooks.core import Fleet
from scirehooks.errors import Defer, Veto
from scirehooks.hooks import Runtime
from scirehooks.shell import Renderer, Session, furnish
from scirehooks.shell.completing.complete import Completer
from scirehooks.shell.showing.text import plain
from scirehooks.testing import fresh_fleet
from scirehooks.values import Values

At = Callable[[str], Any]


@pytest.fixture
def fleet() -> Iterator[Fleet]:
    """A fleet with a shell."""
    with fresh_fleet() as fleet:
        fleet.values.register(Renderer, name="renderer")
        fleet.values.provide(Renderer, furnish(fleet.runtime, fleet.values))
        yield fleet


@pytest.fixture
def session(fleet: Fleet) -> Session:
    """A session of the fleet."""
    return Session(fleet.runtime, fleet.values, actor="tester")


def text(fleet: Fleet, outcome: Any) -> str:
    """Return OUTCOME as it is shown."""
    if outcome.problem:
        return plain(outcome.problem.text)
    renderer: Renderer = fleet.values.provided(Renderer)
    return plain(renderer.render(outcome.value))


def test_would_names_function_place_depth_reason_and_who_was_not_asked(fleet: Fleet, session: Session) -> None:
    """All that one needs to find the guard, and what else there is; exit status 3, and no event."""
    session.evaluate("def no_test_hosts(client): raise Veto('no test hosts')", file="/etc/guard.py", line=7)
    session.evaluate("def later(client): pass", file="/etc/guard.py", line=9)
    session.evaluate("add-hook pre-client-add-hook no_test_hosts --depth 5")
    session.evaluate("add-hook pre-client-add-hook later --depth 6")
    outcome = session.evaluate("would client-add test1 --transport local")
    assert text(fleet, outcome) == (
        "Refused by no_test_hosts (/etc/guard.py:7, depth 5): no test hosts\n"
        "Not asked after that: later (/etc/guard.py:9, depth 6).\n"
    )
    assert outcome.status == 3
    assert fleet.store.events() == []
    data = fleet.values.to_json(outcome.value)
    assert isinstance(data, dict)
    assert data["answer"] == "refused"
    assert data["refused_by"] == {
        "hook": "pre-client-add-hook", "function": "no_test_hosts", "place": "/etc/guard.py:7", "depth": 5,
        "owner": "shell", "about": "",
    }  # fmt: skip


def test_would_of_an_amended_line_shows_by_whom_and_to_what(fleet: Fleet, session: Session) -> None:
    """Each amendment has its function; the plan has the client as amended."""
    fleet.runtime.add_hook("pre-client-add-hook", lambda: {"labels": {"site": "b"}}, label="site")
    outcome = session.evaluate("would client-add web1 --transport local")
    assert outcome.value.answer == "amended"
    assert "Allowed.\nAmended by site (" in text(fleet, outcome)
    assert "): labels, site=b\nIt would do:\n  client-creation  client=web1\n" in text(fleet, outcome)
    assert outcome.value.plan[0].arguments["client"].labels == {"site": "b"}


def test_would_of_a_deferred_line_says_when_to_try_again(fleet: Fleet, session: Session) -> None:
    """A maintenance window has an end."""
    fleet.runtime.add_hook("pre-client-add-hook", lambda: Defer(90, "maintenance"), label="window")
    said = text(fleet, session.evaluate("would client-add web1"))
    assert "maintenance\nIt may be tried again in 90 s.\n" in said


def test_would_lists_failures_of_what_may_be_tried(fleet: Fleet, session: Session) -> None:
    """A post-function that may be tried and fails would fail in earnest, too."""
    fleet.runtime.add_hook("post-client-add-hook", lambda: 1 / 0, label="bad", dry_run=True)
    outcome = session.evaluate("would client-add web1")
    assert "Failed: bad: ZeroDivisionError: division by zero\n" in text(fleet, outcome)
    assert outcome.status == 0


def test_would_says_once_how_the_function_that_refuses_failed(fleet: Fleet, session: Session) -> None:
    """Its failure is the reason; a failure of another function is told below, in `would` as in `fire`."""
    fleet.runtime.add_hook("pre-client-add-hook", lambda: 1 / 0, label="bad")
    reason = "Refused by bad (test_would.py"
    for line in ("would client-add web1", "fire pre-client-add-hook client=web1 --sample"):
        said = text(fleet, session.evaluate(line))
        assert reason in said.replace(str(Path(__file__).parent) + "/", "")
        assert said.count("ZeroDivisionError") == 1


@pytest.mark.parametrize(
    ("line", "said", "status"),
    [
        ("would", "would needs a line. Such as: would client-add …", 2),
        ("would hooks", "would cannot try hooks, which is no operation. It tries cancel, client-add,", 2),
        ("would client-ad web1", "There is no command 'client-ad'. Did you mean client-add", 2),
        ("would client-add", "client-add: NAME is missing.\nUsage: client-add NAME", 2),
        ("would client-add web1 --transprt local", "client-add: There is no option --transprt. Did you mean --tr", 2),
        ("would client-remove web1", "There is no client 'web1'.", 1),
    ],
)
def test_would_of_a_line_that_cannot_be_typed_is_its_error(
    fleet: Fleet, session: Session, line: str, said: str, status: int
) -> None:
    """What is wrong with the line is said as if it had been typed."""
    outcome = session.evaluate(line)
    assert text(fleet, outcome).startswith(said)
    assert outcome.status == status


def test_would_from_python_takes_a_line(fleet: Fleet, session: Session) -> None:
    """As one text, or as words."""
    fleet.runtime.add_hook("pre-client-add-hook", lambda client: Veto(client.name), label="no")
    for line in ('would("client-add web1 --labels a=b")', 'would("client-add", "web1", "--labels", "a=b")'):
        outcome = session.evaluate(line)
        assert (outcome.value.reason, outcome.value.line) == ("web1", "client-add web1 --labels a=b")


@pytest.mark.parametrize(
    ("typed", "start", "offered"),
    [
        ("would client-a", 6, "client-add"),
        ("would client-add web1 --tr", 22, "--transport"),
        ("would client-add web1 --transport l", 34, "local"),
        ("would  client-remove w", 21, "web1"),
        ("would ", 6, "client-add"),
    ],
)
def test_would_completes_the_line_in_it(fleet: Fleet, session: Session, typed: str, start: int, offered: str) -> None:
    """What one would be offered without `would`, at its place."""
    fleet.client_add("web1", transport="local")
    completions = Completer(session).complete(typed)
    assert completions.start == start
    assert offered in [candidate.word for candidate in completions.candidates]


def test_would_of_nothing_where_nothing_can_be_tried(session: Session) -> None:
    """A runtime without operations says so."""
    runtime, values = Runtime("bare"), Values()
    furnish(runtime, values)
    outcome = Session(runtime, values).evaluate("would hooks")
    assert outcome.problem is not None
    assert "It tries nothing here." in plain(outcome.problem.text)
