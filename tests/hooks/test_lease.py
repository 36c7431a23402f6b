from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable

import pytest

from scirehooks.hooks import Alarm, Lease, Runtime
from scirehooks.testing import FakeClock
from tests.hooks.support import MODULE, Calls, DefHook


def test_lease_of_calls_allows_so_many() -> None:
    """A lease of two calls allows two, then none."""
    lease = Lease(calls=2)
    assert [lease.claim() for _ in range(3)] == [True, True, False]
    assert lease.over


def test_lease_without_a_count_allows_any_number() -> None:
    """A lease that ends with a session is not used up by calls."""
    lease = Lease(session="alice")
    assert [lease.claim() for _ in range(3)] == [True] * 3
    assert not lease.over


def test_lease_past_its_time_allows_none() -> None:
    """A lease whose time is over allows no call, even if no alarm has rung."""
    assert not Lease(expires=time.time() - 1).claim()
    assert Lease.lasting(60).claim()


def test_lease_shown_says_what_is_left() -> None:
    """Each kind of lease says in a few words when it ends."""
    assert str(Lease(calls=1)) == "1 more call"
    assert str(Lease(calls=3)) == "3 more calls"
    assert str(Lease(expires=time.time() + 60.2)) == "60 s"
    assert str(Lease(expires=time.time() - 5)) == "0 s"
    assert str(Lease(session="alice")) == "end of session alice"
    assert str(Lease(calls=2, session="alice")) == "2 more calls or end of session alice"


def test_entry_leased_for_two_calls_goes_after_them(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """An entry leased for two calls runs twice, then is gone; the journal says why."""
    hook = defhook()
    runtime.add_hook(hook, calls.function("twice"), until=Lease(calls=2))
    runtime.add_hook(hook, calls.function("always"))
    for _ in range(3):
        hook.run()
    assert calls == ["always", "twice"] * 2 + ["always"]
    assert [entry.label for entry in hook.entries()] == ["always"]
    assert runtime.journal.records[-1].what == "lease expired"


@pytest.mark.parametrize("on_error", ["raise", "isolate"])
def test_entry_leased_once_that_fails_goes_all_the_same(
    runtime: Runtime, defhook: DefHook, calls: Calls, on_error: str
) -> None:
    """Its one call was made, whatever came of it, fired from a plain thread and from a coroutine."""
    hook = defhook(on_error=on_error)
    for from_a_coroutine in (False, True):
        runtime.add_hook(hook, calls.function("once", error=ValueError("no")), until=Lease(calls=1))
        with contextlib.suppress(ValueError):
            asyncio.run(hook.arun()) if from_a_coroutine else hook.run()
        assert len(hook) == 0
    assert calls == ["once", "once"]


def test_entry_leased_once_and_wrapped_goes_after_its_call(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """A call by `run_hook_wrapped` is a call; a wrapper that does not call leaves it."""
    hook = defhook()
    runtime.add_hook(hook, calls.function("once"), until=Lease(calls=1))
    runtime.run_hook_wrapped(hook, lambda function: None)
    assert len(hook) == 1
    runtime.run_hook_wrapped(hook, lambda function: function())
    assert (calls, len(hook)) == (["once"], 0)


def test_entry_leased_once_and_skipped_keeps_its_call(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """A firing in which `when` says no is no call."""
    hook = defhook(lambda number: None)
    runtime.add_hook(hook, calls.function("once"), until=Lease(calls=1), when=lambda number: number > 1)
    for number in range(4):
        hook.run(number)
    assert calls == ["once"]
    assert len(hook) == 0


def test_entry_leased_once_in_two_threads_runs_once(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """Of two firings at the same time only one gets the call."""
    hook = defhook()
    inside, leave = threading.Event(), threading.Event()

    def wait() -> None:
        inside.set()
        assert leave.wait(10)

    runtime.add_hook(hook, calls.function("once", do=wait), until=Lease(calls=1))
    first = threading.Thread(target=hook.run)
    first.start()
    assert inside.wait(10)
    hook.run()
    leave.set()
    first.join()
    assert calls == ["once"]


def test_entry_leased_once_that_fires_its_hook_runs_once(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """A nested firing finds the one call taken: there is no endless recursion."""
    hook = defhook()
    runtime.add_hook(hook, calls.function("once", do=lambda: hook.run()), until=Lease(calls=1))
    hook.run()
    assert calls == ["once"]


def test_entry_leased_for_a_time_goes_when_it_is_over(
    runtime: Runtime, defhook: DefHook, calls: Calls, clock: FakeClock
) -> None:
    """An entry leased for a minute is gone after it, without any firing."""
    hook = defhook()
    runtime.add_hook(hook, calls.function("a"), until=Lease.lasting(60))
    clock.advance(59)
    assert len(hook) == 1
    clock.advance(2)
    assert len(hook) == 0


def test_entry_leased_and_removed_by_hand_is_not_missed(
    runtime: Runtime, defhook: DefHook, calls: Calls, clock: FakeClock
) -> None:
    """When its time comes, an entry that is gone already makes no record."""
    hook, function = defhook(), calls.function("a")
    runtime.add_hook(hook, function, until=Lease.lasting(60))
    runtime.remove_hook(hook, function)
    records = len(runtime.journal.records)
    clock.advance(61)
    assert len(runtime.journal.records) == records


def test_entry_leased_by_a_session_goes_with_it(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """The end of a session takes out what was leased by it, local values included, and nothing else."""
    hook = defhook()
    runtime.add_hook(hook, calls.function("a"), until=Lease(session="alice"))
    runtime.add_hook(hook, calls.function("b"), until=Lease(session="alice"), local="client:7")
    runtime.add_hook(hook, calls.function("c"), until=Lease(session="bob"))
    runtime.add_hook(hook, calls.function("d"))
    runtime.failures.end_session("alice")
    assert [entry.label for entry in hook.entries()] == ["d", "c"]
    assert hook.locals == ()


def test_entry_leased_and_brought_back_too_late_does_not_run(
    runtime: Runtime, defhook: DefHook, calls: Calls, clock: FakeClock
) -> None:
    """An entry brought back after its lease has ended does not stay: the next firing ends it again."""
    hook = defhook()
    runtime.add_hook(hook, calls.function("a"), until=Lease(expires=time.time() - 1))
    clock.advance(1)
    assert len(hook) == 0
    runtime.journal.revert([runtime.journal.records[-1]], "bring back", runtime.owners.origin())
    assert len(hook) == 1
    hook.run()
    assert (calls, len(hook)) == ([], 0)


def test_lease_of_an_entry_that_is_gone_leaves_no_alarm(
    runtime: Runtime, defhook: DefHook, calls: Calls, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An entry's alarm is cancelled when it goes in whatever way, and set again when it comes back."""
    hook, function, alarms = defhook(), calls.function("a"), list[Alarm]()
    after = clock.after

    def noted(seconds: float, call: Callable[[], object]) -> Alarm:
        alarms.append(after(seconds, call))
        return alarms[-1]

    monkeypatch.setattr(clock, "after", noted)
    runtime.add_hook(hook, function, until=Lease.lasting(60), owner=MODULE)
    runtime.withdraw(MODULE)
    runtime.undo()
    runtime.move_hook(hook, function, 5)
    assert [alarm.cancelled for alarm in alarms] == [True, True, False]
    clock.advance(61)
    assert len(hook) == 0
