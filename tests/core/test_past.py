"""How functions fared is recorded with the event, so that it can be replayed."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from scirehooks.core import Client, Fleet
from scirehooks.core.model import Event
from scirehooks.core.schema import MIGRATIONS
from scirehooks.core.store import Store
from scirehooks.errors import ConflictError, UnknownNameError, UsageError, Veto
from scirehooks.hooks import EventLog, EventWord, Outcome


def log(fleet: Fleet) -> EventLog:
    found: EventLog = fleet.values.provided(EventLog)
    return found


def put(fleet: Fleet, hook: str, label: str, function: Any) -> None:
    fleet.runtime.add_hook(hook, function, label=label)


def test_event_records_how_each_function_fared(fleet: Fleet) -> None:
    """Those asked before it, those in its transaction, and those after it, with what they were asked."""
    put(fleet, "pre-client-add-hook", "site", lambda: {"labels": {"site": "b"}})
    put(fleet, "client-add-hook", "audit", lambda: None)
    put(fleet, "post-client-add-hook", "tell", lambda: 1 / 0)
    put(fleet, "post-client-add-hook", "off", lambda: None)
    fleet.runtime.disable("post-client-add-hook", "off")
    fleet.start()
    client = fleet.client_add("web1", transport="local")
    fleet.drain(None, 10)
    past = log(fleet).past("2")
    pre, on, post = past.firings
    assert (past.number, past.operation, past.subject, past.scopes) == ("2", "client-add", "client:1", ("client:1",))
    assert past.event == fleet.store.event(2)
    assert pre.outcomes == (Outcome("site", "amended labels {'site': 'b'}"),)
    assert on.outcomes == (Outcome("audit"),)
    assert post.outcomes == (Outcome("tell", "failed: ZeroDivisionError: division by zero"),)
    assert (pre.payload["client"]["labels"], on.payload["client"]["labels"]) == ({}, {"site": "b"})
    assert on.payload == past.event.payload == {"client": fleet.values.to_json(client, Client)}


def test_event_that_nobody_amended_is_stored_once(fleet: Fleet, web1: Client) -> None:
    """What was asked is kept apart only if it is not what was done."""
    before, after = fleet.store.outcome(2)
    assert (before, after) == ({"pre": [], "on": []}, None)
    assert log(fleet).past("2").firings[0].payload == fleet.store.event(2).payload


def test_event_records_a_refusal_that_was_passed_over(fleet: Fleet, web1: Client) -> None:
    """What has happened cannot be refused, and who would have is in the record."""
    put(fleet, "pre-run-completion-hook", "deny", lambda: Veto("it did not happen"))
    fleet.start()
    fleet.job_create("true", "true", target=("web1",))
    fleet.run("true")
    fleet.drain(None, 20)
    (event,) = fleet.store.events(operation="run-completion")
    assert log(fleet).past(event.id).firings[0].outcomes == (Outcome("deny", "refused: it did not happen"),)


def test_failures_in_other_hooks_are_not_this_ones(fleet: Fleet) -> None:
    """A post-function that fires a hook of its own is not blamed for failures in that."""

    def other_hook() -> None:
        """Fires in between."""

    fleet.runtime.defhook(on_error="isolate")(other_hook)
    put(fleet, "other-hook", "bad", lambda: 1 / 0)
    put(fleet, "post-client-add-hook", "outer", lambda: fleet.runtime.hooks["other-hook"].run())
    fleet.start()
    fleet.client_add("web1", transport="local")
    fleet.drain(None, 10)
    assert log(fleet).past("2").firings[2].outcomes == (Outcome("outer"),)


def test_event_of_an_older_store_is_known_without_outcomes(fleet: Fleet, web1: Client) -> None:
    """Who was called then, nobody wrote down."""
    with closing(sqlite3.connect(fleet.store.file)) as connection, connection:
        connection.execute("UPDATE event SET outcome = NULL")
    assert [firing.outcomes for firing in log(fleet).past("2").firings] == [None, None, None]


def test_older_store_gets_the_columns(tmp_path: Path) -> None:
    """A store of the first version is brought up to date, and its events stay."""
    file = tmp_path / "store.db"
    Store(file, MIGRATIONS[:1]).close()
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(
            "INSERT INTO event (id, operation, subject, time, actor, root, depth, dry_run, payload) "
            "VALUES ('x', 'client-add', 'client:1', '2024-05-01T12:00:00.000000Z', 'root', 'x', 0, 0, '{}')"
        )
    store = Store(file)
    assert store.outcome(1) == (None, None)
    store.close()


@pytest.mark.parametrize("word", ["99", "nothing", "01ARZ3NDEKTSV4RRFFQ69G5FAV", "1;2", "²", "9" * 20, "9" * 40])
def test_event_that_is_not_there_is_told(fleet: Fleet, web1: Client, word: str) -> None:
    """A word that names no event is an error that says so, whatever it is."""
    with pytest.raises(UnknownNameError, match="There is no event"):
        log(fleet).past(word)
    with pytest.raises(UnknownNameError, match="There is no event"):
        fleet.values.from_word(Event, word, field="event")


def test_event_of_an_operation_that_is_gone_is_told(fleet: Fleet, web1: Client) -> None:
    """A module that declared an operation may be gone; its events are still there."""
    with closing(sqlite3.connect(fleet.store.file)) as connection, connection:
        connection.execute("UPDATE event SET operation = 'client-blessing' WHERE seq = 2")
    with pytest.raises(ConflictError, match="client-blessing, which this program does not know"):
        log(fleet).past("2")
    assert fleet.runtime.commands["events"].function()[1].title == ""


def test_about_gives_scopes_and_an_event_that_is_not_stored(fleet: Fleet, web1: Client) -> None:
    """A firing by hand is in the scopes of the real one, and its event says what it is about."""
    scopes, event = log(fleet).about("post-client-add-hook", {"client": web1, "fleet": fleet}, dry_run=True)
    assert (scopes, event.operation, event.subject, event.seq) == (("client:1",), "client-add", "client:1", 0)
    assert event.dry_run
    assert log(fleet).about("startup-hook", {}, dry_run=False) == ((), None)
    assert len(fleet.store.events()) == 2


# -- events, describe-event


def ask(fleet: Fleet, command: str, *args: Any, **options: Any) -> Any:
    return fleet.runtime.commands[command].function(*args, **options)


def test_events_are_found_by_word_hook_subject_and_number(fleet: Fleet, web1: Client) -> None:
    """Each way of asking leaves others out."""
    fleet.client_add("db1", transport="local")
    fleet.client_remove("web1")

    def found(*args: Any, **options: Any) -> list[int]:
        return [event.seq for event in ask(fleet, "events", *args, **options)]

    assert found() == [1, 2, 3, 4, 5, 6]
    assert found("web1") == [1, 2, 5, 6]
    assert found("client-add") == [2, 4]
    assert found("removal") == [6]
    assert found(subject="client:2") == [3, 4]
    assert found(hook=fleet.runtime.hooks["post-client-removal-hook"]) == [6]
    assert found(last=2) == [5, 6]
    assert found(after=4) == [5, 6]
    assert found("client", last=1) == [6]
    assert found('"%_') == []
    with pytest.raises(UsageError, match="startup-hook is fired for no event"):
        found(hook=fleet.runtime.hooks["startup-hook"])


def test_events_name_what_they_are_about_and_their_cause(fleet: Fleet, web1: Client) -> None:
    """The creation was caused by the addition, whose number comes after it."""
    creation, addition = ask(fleet, "events")
    assert (creation.title, creation.cause, addition.cause) == ("web1", 2, None)


def test_events_of_another_version_are_listed_all_the_same(fleet: Fleet, web1: Client) -> None:
    """An operation that is gone, or whose payload was another, has no title; the log is there, and can be read."""
    with closing(sqlite3.connect(fleet.store.file)) as connection, connection:
        connection.execute("UPDATE event SET operation = 'client-paint' WHERE seq = 1")
        connection.execute("UPDATE event SET payload = '{}' WHERE seq = 2")
    assert [(event.operation, event.title) for event in ask(fleet, "events")] == [
        ("client-paint", ""),
        ("client-add", ""),
    ]
    assert ask(fleet, "describe-event", EventWord("1")).functions == ()
    assert ask(fleet, "describe-event", EventWord("2")).payload == {}


def test_describe_event_shows_how_functions_fared(fleet: Fleet) -> None:
    """One line for each function, with its hook."""
    put(fleet, "pre-client-add-hook", "site", lambda: {"labels": {"site": "b"}})
    fleet.client_add("web1", transport="local")
    sheet = ask(fleet, "describe-event", EventWord("2"))
    assert [(one.hook, one.function, one.how) for one in sheet.functions] == [
        ("pre-client-add-hook", "site", "amended labels {'site': 'b'}")
    ]
    assert (sheet.seq, sheet.operation, sheet.cause) == (2, "client-add", None)
    assert sheet.id == fleet.store.event(2).id


def test_events_are_offered_as_words(fleet: Fleet, web1: Client) -> None:
    """Tab offers the latest events with what they are."""
    offered = fleet.values.candidates(EventWord, "")
    assert fleet.values.candidates(Event, "") == offered
    one = fleet.store.event(1)
    assert (
        fleet.values.from_word(Event, "1", field="event") == fleet.values.from_word(Event, one.id, field="event") == one
    )
    assert [(one.word, one.doc) for one in offered] == [("2", "client-add client:1"), ("1", "client-creation client:1")]
