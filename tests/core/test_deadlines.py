"""Who is asked answers in time, or the operation is refused with his name."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from scirehooks.core import Client, Fleet
from scirehooks.errors import RefusedError, ValueFormatError
from scirehooks.hooks import dry_run_of


class Gate:
    """Lets functions hang until it is opened."""

    def __init__(self) -> None:
        self.opened = threading.Event()
        self.passed: list[str] = []

    def hang(self, client: Client) -> dict[str, Any]:
        """Wait, then answer: too late."""
        assert self.opened.wait(30)
        self.passed.append(client.name)
        return {"labels": {"late": "yes"}}


@pytest.fixture
def gate(fleet: Fleet) -> Iterator[Gate]:
    """A gate that is open at the end, so that every thread ends."""
    gate = Gate()
    yield gate
    gate.opened.set()
    for _, thread in list(fleet.runtime.forsaken.values()):
        thread.join(10)


def hurry(fleet: Fleet, *, function: float = 0.05, chain: float = 10) -> None:
    """Give those who are asked so many seconds."""
    fleet.runtime.set_option("function-deadline", timedelta(seconds=function))
    fleet.runtime.set_option("chain-deadline", timedelta(seconds=chain))


def test_deadlines_are_options_with_their_defaults(fleet: Fleet) -> None:
    """Two seconds for a function, ten for all; none can be set to nothing."""
    options = fleet.runtime.options
    assert options["function-deadline"].value == timedelta(seconds=2)
    assert options["chain-deadline"].value == timedelta(seconds=10)
    with pytest.raises(ValueFormatError, match="over zero"):
        fleet.runtime.set_option("chain-deadline", timedelta())


def test_function_that_hangs_refuses_with_its_name_and_where_it_is(fleet: Fleet, gate: Gate) -> None:
    """The caller gets his answer; what comes later reaches no transaction."""
    hurry(fleet)
    fleet.runtime.add_hook("pre-client-add-hook", gate.hang, label="hangs")
    begun = time.monotonic()
    with pytest.raises(RefusedError, match=r"hangs .*: it took longer than 0\.05 s \(now at .*opened\.wait\(30\)"):
        fleet.client_add("web1", transport="local")
    assert time.monotonic() - begun < 5
    ((entry, thread),) = fleet.runtime.forsaken.values()
    assert entry.label == "hangs"
    gate.opened.set()
    thread.join(10)
    assert gate.passed == ["web1"]
    assert (fleet.store.clients(), fleet.store.events(), fleet.runtime.forsaken) == ([], [], {})


def test_chain_that_takes_too_long_refuses_with_whose_turn_it_is(fleet: Fleet, gate: Gate) -> None:
    """Each may be quick enough, and all together too slow."""
    hurry(fleet, function=10, chain=0.5)
    for number in range(3):
        fleet.runtime.add_hook("pre-client-add-hook", lambda: time.sleep(0.3), number, label=f"slow{number}")
    with pytest.raises(RefusedError, match=r"slow1 .*: it took longer than") as caught:
        fleet.client_add("web1", transport="local")
    verdict: Any = caught.value.verdict
    assert [entry.label for entry in verdict.not_asked] == ["slow2"]
    for _, thread in list(fleet.runtime.forsaken.values()):
        thread.join(10)


def test_coroutine_that_hangs_is_stopped(fleet: Fleet) -> None:
    """It is cancelled, so nobody has to be listed."""
    hurry(fleet)
    cancelled = threading.Event()

    async def hangs() -> None:
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    fleet.runtime.add_hook("pre-client-add-hook", hangs, label="hangs")
    with pytest.raises(RefusedError, match=r"hangs .*: it took longer than"):
        fleet.client_add("web1", transport="local")
    assert cancelled.wait(10)
    assert fleet.runtime.forsaken == {}
    fleet.runtime.close()


def test_entry_with_a_time_of_its_own_has_that(fleet: Fleet) -> None:
    """Whoever needs longer says so when it is added."""
    hurry(fleet)
    fleet.runtime.add_hook("pre-client-add-hook", lambda: time.sleep(0.2), timeout=5)
    assert fleet.client_add("web1", transport="local").name == "web1"


def test_program_has_a_deadline_of_its_own(fleet: Fleet) -> None:
    """The deadline of plain functions is not for programs; that of all together is."""

    class Program:
        leaves_the_process = True

        def __call__(self) -> None:
            """Take a while."""
            time.sleep(0.2)

    fleet.runtime.add_hook("pre-client-add-hook", Program(), label="program")
    hurry(fleet)
    assert fleet.client_add("web1", transport="local").name == "web1"
    hurry(fleet, chain=0.05)
    with pytest.raises(RefusedError, match=r"program .*: it took longer than"):
        fleet.client_add("web2", transport="local")
    for _, thread in list(fleet.runtime.forsaken.values()):
        thread.join(10)


def test_operation_is_refused_while_too_many_hang(fleet: Fleet, gate: Gate) -> None:
    """Seventeen threads that do not end are no accident; when they have ended all goes on."""
    hurry(fleet, function=0.01)
    entry = fleet.runtime.add_hook("pre-client-add-hook", gate.hang, label="hangs")
    hook = fleet.runtime.hooks["pre-client-add-hook"]
    while len(fleet.runtime.forsaken) <= 16:
        with pytest.raises(RefusedError, match=r"hangs .*: it took longer"):
            fleet.client_add("web1", transport="local")
        if hook.find("#" + str(entry.number)).state != "active":
            fleet.runtime.release(hook, "hangs")
    fleet.runtime.remove_hook(hook, "hangs")
    with pytest.raises(RefusedError, match=r"refused: 17 functions .* \(hangs in pre-client-add-hook\)"):
        fleet.client_add("web1", transport="local")
    threads = [thread for _, thread in fleet.runtime.forsaken.values()]
    gate.opened.set()
    for thread in threads:
        thread.join(10)
    assert fleet.client_add("web1", transport="local").name == "web1"


def test_would_has_the_same_deadlines(fleet: Fleet, gate: Gate) -> None:
    """A dry run waits no longer than the operation, and says the same."""
    hurry(fleet)
    fleet.runtime.add_hook("pre-client-add-hook", gate.hang, label="hangs")
    dry_run = dry_run_of(fleet.runtime.commands["client-add"].function)
    assert dry_run is not None
    refused = dry_run("web1", transport="local").refused
    assert refused is not None
    assert "it took longer than 0.05 s (now at test_deadlines.py:" in refused.reason


def test_operation_whose_caller_was_interrupted_is_not_done(fleet: Fleet) -> None:
    """Whoever pressed Ctrl-C while functions were asked finds nothing done behind his back."""
    interrupted = False

    def interrupt() -> None:
        nonlocal interrupted
        interrupted = True

    fleet.engine.abandoned = lambda: interrupted
    fleet.runtime.add_hook("pre-client-add-hook", interrupt)
    with pytest.raises(KeyboardInterrupt):
        fleet.client_add("web1", transport="local")
    assert fleet.store.clients() == []
