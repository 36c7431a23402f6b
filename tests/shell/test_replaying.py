"""`replay`: a past event against today's hooks, and what differs from then."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from scirehooks.core import Fleet
from scirehooks.errors import Veto
from scirehooks.hooks import Runtime
from scirehooks.load import Loader
from scirehooks.shell import Renderer, Session, furnish
from scirehooks.shell.showing.text import plain
from scirehooks.shell.trying.firingview import Replayed
from scirehooks.testing import recorder
from scirehooks.values import Values

Replay = Callable[..., Replayed]


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    """A runtime of its own."""
    runtime = Runtime("test")
    yield runtime
    runtime.close()


@pytest.fixture
def renderer(runtime: Runtime, values: Values) -> Renderer:
    """What shows answers."""
    return furnish(runtime, values)


@pytest.fixture
def fleet(tmp_path: Path, runtime: Runtime, values: Values, renderer: Renderer) -> Iterator[Fleet]:
    """A fleet in which web1 was added, with a function in each hook."""
    Loader(runtime, values)
    fleet = Fleet(runtime, values, tmp_path / "state")
    runtime.add_hook("pre-client-add-hook", lambda: {"labels": {"site": "b"}}, label="site")
    runtime.add_hook("pre-client-creation-hook", lambda: {"port": 2222}, label="port")
    runtime.add_hook("client-add-hook", lambda transaction: transaction.note("audit"), label="audit", dry_run=True)
    runtime.add_hook("post-client-add-hook", recorder(), label="tell")
    fleet.start()
    fleet.client_add("web1", transport="local")
    fleet.drain(None, 10)
    yield fleet
    fleet.close(patience=0)


@pytest.fixture
def replay(fleet: Fleet, runtime: Runtime, values: Values) -> Replay:
    """A function from the words behind `replay` to its answer."""

    def ask(words: str = "2") -> Replayed:
        outcome = Session(runtime, values, actor="tester").evaluate(f"replay {words}")
        assert outcome.problem is None, plain(outcome.problem.text)
        assert isinstance(outcome.value, Replayed)
        assert outcome.status == outcome.value.exit_status
        return outcome.value

    return ask


def found(answer: Replayed) -> list[tuple[str, str, str, str]]:
    return [(one.hook, one.function, one.then, one.now) for one in answer.differences]


@pytest.mark.parametrize("words", ["2", "2 --dry-run", "1", "1 --dry-run"])
def test_replay_against_the_same_hooks_differs_in_nothing(replay: Replay, fleet: Fleet, words: str) -> None:
    """The payload is what was asked then, before anybody amended it; nothing of it is stored."""
    before = fleet.store.events(), fleet.store.notes("audit")
    answer = replay(words)
    assert (found(answer), answer.exit_status) == ([], 0)
    assert (fleet.store.events(), fleet.store.notes("audit")) == before


def test_replay_against_changed_hooks_names_exactly_what_differs(
    replay: Replay, runtime: Runtime, renderer: Renderer
) -> None:
    """One that refuses now, one that is new, one that is gone, one that amends otherwise, and one that fails."""
    runtime.remove_hook("pre-client-add-hook", "site")
    runtime.add_hook("pre-client-add-hook", lambda: {"labels": {"site": "c"}}, label="site")
    runtime.remove_hook("client-add-hook", "audit")
    runtime.add_hook("client-add-hook", lambda: None, label="count")
    runtime.remove_hook("post-client-add-hook", "tell")
    runtime.add_hook("post-client-add-hook", lambda: 1 / 0, label="tell")
    answer = replay()
    assert found(answer) == [
        ("pre-client-add-hook", "site", "amended labels {'site': 'b'}", "amended labels {'site': 'c'}"),
        ("client-add-hook", "count", "not there", "called"),
        ("client-add-hook", "audit", "called", "not there"),
        ("post-client-add-hook", "tell", "called", "failed: ZeroDivisionError: division by zero"),
    ]
    assert answer.exit_status == 1
    said = plain(renderer.render(answer))
    assert said.startswith("Event 2, client-add client:1, of ")
    assert "What differs from then:\n  hook                  function  then" in said
    assert "\n  client-add-hook       count     not there" in said


@pytest.mark.parametrize(
    ("begun", "failed", "words", "wrong"),
    [(3, False, "2", 0), (1, True, "2", 0), (3, False, "2 --dry-run", 1), (3, False, "2 --only tell", 1),
     (3, False, "1", 1)],
)  # fmt: skip
def test_replay_ends_a_post_firing_that_never_came_to_its_end(
    replay: Replay, fleet: Fleet, begun: int, failed: bool, words: str, wrong: int
) -> None:
    """What `status` calls dead has a way back: fired whole, in earnest, it is done; a test of it is not."""
    with closing(sqlite3.connect(fleet.store.file)) as connection, connection:
        connection.execute("UPDATE firing SET begun = ?, ended = NULL, outcome = NULL WHERE event = 2", (begun,))
    if failed:
        fleet.engine.firer.failed[2] = "OSError: no"
    (said,) = fleet.runtime.reports["fleet"]().wrong
    assert "replay 2" in said
    replay(words)
    assert len(fleet.runtime.reports["fleet"]().wrong) == wrong
    assert (fleet.store.outcome(2)[1] is not None) == (not wrong)


def test_replay_of_what_would_be_refused_today(replay: Replay, runtime: Runtime) -> None:
    """Who refuses is named, and who is not asked any more; one that is disabled did not run."""
    runtime.add_hook("pre-client-add-hook", lambda: Veto("frozen"), -5, label="freeze")
    runtime.disable("client-add-hook", "audit")
    assert found(replay("2 --dry-run")) == [
        ("pre-client-add-hook", "freeze", "not there", "refused: frozen"),
        ("pre-client-add-hook", "site", "amended labels {'site': 'b'}", "not asked: refused before"),
        ("client-add-hook", "audit", "called", "disabled"),
    ]


def test_replay_dry_run_calls_no_function_that_acts(replay: Replay, runtime: Runtime) -> None:
    """Who is unknown is no difference; effects and notes are in the plan."""
    (entry,) = runtime.hooks["post-client-add-hook"].entries()
    seen: Any = entry.function
    calls = len(seen.calls)
    answer = replay("2 --dry-run")
    assert len(seen.calls) == calls
    assert [one.function for one in answer.firings[2].unknown] == ["tell"]
    assert [act.act for act in answer.firings[1].plan] == ["note"]
    replay("2")
    assert seen.calls[-1]["event"].seq == 2


def test_replay_of_one_function_fires_only_its_hooks(replay: Replay, fleet: Fleet, runtime: Runtime) -> None:
    """A function that is mended is replayed alone; one that is nowhere is an error with what there is."""
    answer = replay("2 --only audit")
    assert [fired.hook for fired in answer.firings] == ["client-add-hook"]
    outcome = Session(runtime, fleet.values).evaluate("replay 2 --only aduit")
    assert outcome.problem is not None
    assert "Did you mean audit?" in plain(outcome.problem.text)


def test_replay_of_an_event_of_an_older_store_says_what_it_does_not_know(
    replay: Replay, fleet: Fleet, renderer: Renderer
) -> None:
    """Then nobody wrote down who was called."""
    with closing(sqlite3.connect(fleet.store.file)) as connection, connection:
        connection.execute("UPDATE event SET outcome = NULL")
    answer = replay("2 --dry-run")
    assert answer.unrecorded == ("pre-client-add-hook", "client-add-hook")
    assert "How functions of client-add-hook fared then was not recorded.\n" in plain(renderer.render(answer))


def test_replay_without_events_says_so(session: Session) -> None:
    """A runtime that keeps none has none to replay."""
    outcome = session.evaluate("replay 1")
    assert outcome.problem is not None
    assert plain(outcome.problem.text) == "There are no events here: nothing keeps any.\n"


def test_replay_asks_whoever_sits_at_a_terminal(fleet: Fleet, runtime: Runtime, values: Values) -> None:
    """Without a yes nothing is fired, not even the hook that only decides."""

    class Terminal:
        def write(self, stream: str, text: str) -> None:
            """Show nothing."""

        def read_line(self, prompt: str = "") -> str:
            """Say no."""
            asked.append(prompt)
            return "n\n"

        def run_program(self, text: str) -> int:
            """Start nothing."""
            return 0

    asked: list[str] = []
    session = Session(runtime, values, console=Terminal())
    assert session.evaluate("replay 2").value == "Nothing was fired."
    assert asked == ["Fire post-client-add-hook (tell) in earnest? --dry-run would not. [y/N] "]


def test_replay_only_of_one_that_is_switched_off_says_how_to_switch_it_on(
    fleet: Fleet, runtime: Runtime, values: Values
) -> None:
    """It is there, and not called by firings; another name is none."""
    for words, said in (
        ("site", "Type: enable pre-client-add-hook site"),
        ("#1", "is switched off"),
        ("x", "There is no"),
    ):
        runtime.disable("pre-client-add-hook", "site")
        outcome = Session(runtime, values).evaluate(f"replay 2 --only {words}")
        assert said in str(outcome.error)
