from __future__ import annotations

import json
import os
import signal
import sqlite3
import threading
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from scirehooks.core import Client, Event, Fleet
from scirehooks.core.events import new_id

if TYPE_CHECKING:
    from pathlib import Path

    from tests.core.conftest import Child, MakeFleet

# Adds web1 with a function in its post-hook that tells us on stdout, and then never ends.
ADDS = """
import os, sys, threading
from pathlib import Path
from scirehooks.core import Fleet
from scirehooks.hooks import Runtime
from scirehooks.values import Values

def tell_and_block(client):
    os.write(1, b"firing " + client.name.encode() + b"\\n")  # in one piece: two threads write
    threading.Event().wait()

fleet = Fleet(Runtime("child"), Values(), Path(sys.argv[1]))
fleet.runtime.add_hook("post-client-add-hook", tell_and_block)
if sys.argv[2] == "fire":
    fleet.start()
if not fleet.store.clients():
    fleet.client_add("web1", transport="local")
os.write(1, b"added\\n")
sys.stdin.read()
"""


def killed(child: Child, state: Path, how: str, last_line: bytes) -> None:
    """Run ADDS until it says LAST_LINE, then kill -9 it."""
    process = child(ADDS, state, how)
    assert process.stdout
    while (line := process.stdout.readline()) != last_line:
        assert line, "the child ended too early"
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL


def heard_after_start(fleet: Fleet) -> list[tuple[Client, Event]]:
    """Start FLEET and return what its post-client-add-hook fires with."""
    heard: list[tuple[Client, Event]] = []
    fleet.runtime.add_hook("post-client-add-hook", lambda client, event: heard.append((client, event)))
    fleet.start()
    assert not fleet.drain(None, 10)
    return heard


@pytest.mark.parametrize(("how", "last"), [("fire", b"firing web1\n"), ("do not", b"added\n")])
def test_post_hook_fires_at_the_next_start_after_kill_9(
    child: Child, state: Path, make_fleet: MakeFleet, how: str, last: bytes
) -> None:
    """Killed between the commit and the end of the firing, begun or not, it fires again, with what was committed."""
    killed(child, state, how, last)
    fleet = make_fleet()
    (event,) = [event for event in fleet.store.unfired() if event.operation == "client-add"]
    assert heard_after_start(fleet) == [(fleet.store.client("web1"), event)]
    assert fleet.store.unfired() == []


def test_post_hook_that_has_fired_does_not_fire_at_the_next_start(make_fleet: MakeFleet) -> None:
    """At least once is not every time."""
    first = make_fleet()
    first.start()
    first.client_add("web1", transport="local")
    first.drain(None, 10)
    first.close()
    assert heard_after_start(make_fleet()) == []


def test_firing_that_three_processes_did_not_end_is_dead(child: Child, state: Path, make_fleet: MakeFleet) -> None:
    """A function that takes the process down with it must not do so at every start; it is listed instead."""
    for _ in range(3):
        killed(child, state, "fire", b"firing web1\n")
    fleet = make_fleet()
    assert [event.operation for event in fleet.store.dead()] == ["client-add"]
    assert heard_after_start(fleet) == []


def test_post_functions_failure_changes_no_answer_and_stops_no_other(fleet: Fleet) -> None:
    """What was committed stays so; each function is on its own, and the failure is reported."""
    heard: list[Any] = []

    def leave() -> None:
        raise SystemExit(1)

    fleet.runtime.add_hook("post-client-add-hook", leave, depth=-1)
    fleet.runtime.add_hook("post-client-add-hook", lambda client: heard.append(client.name))
    fleet.runtime.add_hook("hook-failure-hook", lambda entry, error: heard.append((entry.label, type(error))))
    fleet.start()
    assert fleet.client_add("web1", transport="local").name == "web1"
    assert not fleet.drain(None, 10)
    assert [item if isinstance(item, str) else item[1] for item in heard] == [SystemExit, "web1"]


def test_post_payload_is_built_from_the_event(fleet: Fleet) -> None:
    """The first firing is as any later one: equal to what was committed, but not the same object."""
    heard: list[Client] = []
    fleet.runtime.add_hook("post-client-add-hook", lambda client: heard.append(client))
    fleet.start()
    added = fleet.client_add("web1", transport="local", labels={"site": "berlin"})
    fleet.drain(None, 10)
    assert heard == [added]
    assert heard[0] is not added


def test_post_hooks_fire_in_order_for_each_subject_and_do_not_wait_for_others(fleet: Fleet) -> None:
    """A function that is slow about one client holds up that client's events only."""
    release, other_done = threading.Event(), threading.Event()
    heard: list[str] = []

    def listen(client: Client, event: Event) -> None:
        if event.operation == "client-add" and client.name == "slow":
            release.wait(10)
        heard.append(f"{event.operation} {client.name}")
        if client.name == "other" and event.operation == "client-removal":
            other_done.set()

    for hook in ("post-client-add-hook", "post-client-removal-hook"):
        fleet.runtime.add_hook(hook, listen)
    fleet.start()
    fleet.client_add("slow", transport="local")
    fleet.client_remove("slow")
    fleet.client_add("other", transport="local")
    fleet.client_remove("other")
    assert other_done.wait(10)
    assert heard == ["client-add other", "client-removal other"]
    release.set()
    fleet.drain(None, 10)
    assert heard[2:] == ["client-add slow", "client-removal slow"]


def test_firing_that_cannot_be_carried_out_is_told_and_tried_at_the_next_start(
    make_fleet: MakeFleet, caplog: pytest.LogCaptureFixture
) -> None:
    """What nobody was called for is not taken for done, nobody waits for it, and `status` says so."""
    first = make_fleet()
    first.client_add("web1", transport="local")

    def payload(text: str) -> None:
        with closing(sqlite3.connect(first.store.file)) as connection, connection:
            connection.execute("UPDATE event SET payload = ? WHERE seq = 2", (text,))

    kept = json.dumps(first.store.event(2).payload)
    payload("{}")
    assert heard_after_start(first) == []
    assert "The post-firing of event 2 (client-add) failed." in caplog.text
    (wrong,) = first.runtime.reports["fleet"]().wrong
    assert wrong.startswith("the post-hook of client-add (client:1) could not be fired: ")
    first.close()
    payload(kept)
    second = make_fleet()
    assert len(heard_after_start(second)) == 1
    assert (second.store.unfired(), second.runtime.reports["fleet"]().wrong) == ([], ())


def test_what_an_earlier_process_left_waits_where_functions_are_missing(
    make_fleet: MakeFleet, caplog: pytest.LogCaptureFixture
) -> None:
    """A start without init scripts must not use up what was promised to their functions; what is new fires."""
    first = make_fleet()
    first.client_add("web1", transport="local")
    first.close()
    second = make_fleet()
    heard: list[str] = []
    second.runtime.add_hook("post-client-add-hook", lambda client: heard.append(client.name))
    second.start(put_off="started with -Q")
    second.client_add("web2", transport="local")
    assert not second.drain(None, 10)
    assert heard == ["web2"]
    assert "Post-firings left by an earlier process wait (2): started with -Q." in caplog.text
    (wrong,) = second.runtime.reports["fleet"]().wrong
    assert wrong.startswith("2 post-firings left by an earlier process wait: started with -Q. To fire one as things ")
    second.close()
    third = make_fleet()
    assert [client.name for client, _ in heard_after_start(third)] == ["web1"]
    assert (third.store.unfired(), third.runtime.reports["fleet"]().wrong) == ([], ())


def test_what_waits_is_made_up_for_once_the_functions_are_there(make_fleet: MakeFleet) -> None:
    """Init scripts that were mended meanwhile need no new start; twice is once."""
    first = make_fleet()
    first.client_add("web1", transport="local")
    first.close()
    second = make_fleet()
    second.start(put_off="a script has failed")
    heard: list[str] = []
    second.runtime.add_hook("post-client-add-hook", lambda client: heard.append(client.name))
    second.catch_up()
    second.catch_up()
    assert not second.drain(None, 10)
    assert (heard, second.store.unfired(), second.runtime.reports["fleet"]().wrong) == (["web1"], [], ())


def test_replay_of_what_waits_is_its_firing(make_fleet: MakeFleet) -> None:
    """Somebody has looked and decided: it is not fired once more."""
    first = make_fleet()
    first.client_add("web1", transport="local")
    first.close()
    second = make_fleet()
    second.start(put_off="a script has failed")
    second.engine.fired_by_hand(second.store.event(2), [])
    (wrong,) = second.runtime.reports["fleet"]().wrong
    assert wrong.startswith("1 post-firing left by an earlier process waits: a script has failed.")
    heard: list[str] = []
    second.runtime.add_hook("post-client-add-hook", lambda client: heard.append(client.name))
    second.catch_up()
    assert not second.drain(None, 10)
    assert heard == []


def test_event_of_an_operation_that_is_no_more_ends_without_a_firing(fleet: Fleet, web1: Client) -> None:
    """An event of a newer or older program is no reason to stop firing the others."""
    fleet.store.write(
        lambda transaction: transaction._rows("UPDATE event SET operation = 'moon-landing' WHERE seq = 1")
    )
    assert len(heard_after_start(fleet)) == 1
    assert fleet.store.unfired() == []


def test_ids_of_events_sort_by_time() -> None:
    """An id is good for finding roughly when."""
    ids = [new_id() for _ in range(100)]
    assert len(set(ids)) == 100
    assert [one[:10] for one in ids] == sorted(one[:10] for one in ids)
