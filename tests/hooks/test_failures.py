from __future__ import annotations

import asyncio
import logging
import threading
from typing import Any

import pytest

from scirehooks.errors import ConflictError
from scirehooks.hooks import BUILTIN, Entry, Hook, Runtime, rehearsing
from scirehooks.testing import recorder
from tests.hooks.support import Calls, DefHook, errors_in


def fail_times(hook: Hook, times: int) -> None:
    """Fire HOOK so many times."""
    for _ in range(times):
        hook.run()


def test_failure_is_logged_counted_and_told(
    runtime: Runtime, defhook: DefHook, calls: Calls, caplog: pytest.LogCaptureFixture
) -> None:
    """An isolated failure goes to the log, the counters of its entry, and hook-failure-hook."""
    hook, error, told = defhook(on_error="isolate"), ValueError("no"), recorder()
    entry = runtime.add_hook(hook, calls.function("a", error=error))
    runtime.add_hook("hook-failure-hook", told)
    hook.run()
    assert errors_in(caplog) == [f"test-hook: {entry.where()} failed: ValueError: no"]
    assert (entry.health.failures, entry.health.consecutive) == (1, 1)
    assert entry.health.last.startswith("Traceback")
    assert "ValueError: no" in entry.health.last
    assert told.calls == [{"hook": hook, "entry": entry, "error": error}]


def test_failure_of_the_failure_handler_is_only_logged(
    runtime: Runtime, defhook: DefHook, calls: Calls, caplog: pytest.LogCaptureFixture
) -> None:
    """A function in hook-failure-hook that fails is not told of its own failure."""
    hook = defhook(on_error="isolate")
    runtime.add_hook(hook, calls.function("a", error=ValueError()))
    runtime.add_hook("hook-failure-hook", calls.function("handler", error=ValueError()))
    hook.run()
    assert calls == ["a", "handler"]
    assert len(errors_in(caplog)) == 2


def test_failure_on_the_runtime_loop_is_told_there_later(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """On the loop that is to run a coroutine handler nobody waits for it: the firing goes on, the handler follows."""
    hook, told = defhook(on_error="isolate"), threading.Event()

    async def handler(entry: Entry) -> None:
        calls.append(f"told of {entry.label}")
        told.set()

    runtime.add_hook("hook-failure-hook", handler)
    runtime.add_hook(hook, calls.coroutine("a", error=ValueError()), 1)
    runtime.add_hook(hook, calls.function("b"), 2)
    runtime.loop.run(hook.arun())
    assert told.wait(10)
    assert calls == ["a", "b", "told of a"]


def test_failures_in_a_row_quarantine_the_entry(
    runtime: Runtime, defhook: DefHook, calls: Calls, caplog: pytest.LogCaptureFixture
) -> None:
    """After three failures in a row an entry is set aside by scirehooks itself; the log says how to bring it back."""
    hook = defhook(on_error="isolate")
    runtime.add_hook(hook, calls.function("a", error=ValueError("no")), 1)
    runtime.add_hook(hook, calls.function("b"), 2)
    fail_times(hook, 5)
    assert calls == ["a", "b"] * 3 + ["b", "b"]
    entry = hook.find("a")
    assert entry.state == "quarantined"
    assert "ValueError: no" in entry.health.last
    assert "release test-hook a" in errors_in(caplog)[-1]
    assert runtime.journal.records[-1].what == "quarantine"
    assert runtime.journal.records[-1].owner == BUILTIN


def test_success_in_between_starts_the_count_anew(runtime: Runtime, defhook: DefHook) -> None:
    """Only failures in a row count; a success forgets those before it, and brings the fast way back."""
    hook = defhook(lambda fails: None, on_error="isolate")

    def sometimes(fails: bool) -> None:
        if fails:
            raise ValueError

    entry = runtime.add_hook(hook, sometimes)
    for fails in (True, True, False) * 3:
        hook.run(fails)
    assert hook.entries() == (entry,)
    assert (entry.health.failures, entry.health.consecutive) == (6, 0)


def test_firing_in_which_it_is_skipped_is_no_success(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """A function that fails whenever its condition holds is quarantined, however often it does not hold."""
    hook = defhook(lambda number: None, on_error="isolate")
    runtime.add_hook(hook, calls.function("a", error=ValueError()), when=lambda number: number % 2)
    for number in range(8):
        hook.run(number)
    assert hook.find("a").state == "quarantined"


def test_failure_limit_is_the_hooks(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """A hook may say after how many failures in a row an entry is set aside."""
    hook = defhook(on_error="isolate", failure_limit=1)
    runtime.add_hook(hook, calls.function("a", error=ValueError()))
    hook.run()
    assert hook.find("a").state == "quarantined"


def test_release_brings_the_entry_back_with_a_clean_count(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """Released, an entry runs again, and has three failures before it is set aside again."""
    hook = defhook(on_error="isolate")
    runtime.add_hook(hook, calls.function("a", error=ValueError()))
    fail_times(hook, 3)
    runtime.release(hook, "a")
    assert hook.find("a").state == "active"
    fail_times(hook, 2)
    assert hook.find("a").state == "active"
    fail_times(hook, 1)
    assert hook.find("a").state == "quarantined"
    assert runtime.journal.records[-1].what == "quarantine"


@pytest.mark.parametrize(("mode", "on_error"), [("all", "isolate"), ("ask", "refuse")])
def test_enable_never_ends_a_quarantine(
    runtime: Runtime, defhook: DefHook, calls: Calls, mode: str, on_error: str
) -> None:
    """Only `release` does: switched off and on again it is quarantined as before, and where it was, so it refuses."""
    hook = defhook(mode=mode, on_error=on_error)
    runtime.add_hook(hook, calls.function("a", error=ValueError("no")), local="client:7")
    with runtime.scope("client:7"):
        fail_times(hook, 3)
        with pytest.raises(ConflictError, match=r"quarantined\..* type: release test-hook a --local client:7"):
            runtime.enable(hook, "a", local="client:7")
        runtime.disable(hook, "a", local="client:7")
        assert runtime.enable(hook, "a", local="client:7").state == "quarantined"
        fail_times(hook, 1)
    assert calls == ["a"] * 3
    runtime.undo()
    assert hook.find("a", "client:7").state == "disabled"
    runtime.redo()
    assert runtime.release(hook, "a", local="client:7").state == "active"
    runtime.disable(hook, "a", local="client:7")
    assert runtime.enable(hook, "a", local="client:7").state == "active"


def test_quarantine_of_what_has_just_been_removed_makes_no_record(
    runtime: Runtime, defhook: DefHook, calls: Calls
) -> None:
    """An entry that is gone, or switched off, when it fails for the third time stays so."""
    for change in (runtime.remove_hook, runtime.disable):
        hook = defhook(on_error="isolate", failure_limit=1, name=f"{change.__name__}-hook")
        act: Any = change

        def leave(act: Any = act, hook: Hook = hook) -> None:
            act(hook, "a")

        runtime.add_hook(hook, calls.function("a", error=ValueError(), do=leave))
        hook.run()
        assert runtime.journal.records[-1].what != "quarantine"


def test_refusing_function_that_fails_is_quarantined_and_goes_on_refusing(
    runtime: Runtime, defhook: DefHook, calls: Calls, caplog: pytest.LogCaptureFixture
) -> None:
    """Making a policy fail must never switch it off: quarantined, it refuses by name, until it is released."""
    hook = defhook(mode="ask", on_error="refuse")
    broken = [True]

    def policy() -> None:
        calls.append("policy")
        if broken[0]:
            raise ValueError("no database")

    policy.__qualname__ = "policy"
    runtime.add_hook(hook, policy)
    for _ in range(3):
        verdict = hook.run()
        assert not verdict
        assert verdict.reason == "it failed: ValueError: no database"
    assert len(errors_in(caplog)) == 1, "that it is quarantined; the failures are told to who asked"
    assert hook.find("policy").state == "quarantined"
    verdict = hook.run()
    assert not verdict
    assert verdict.refused_by.label == "policy"
    assert "quarantined" in verdict.reason
    assert verdict.error is None
    assert calls == ["policy"] * 3

    broken[0] = False
    runtime.release(hook, "policy")
    assert hook.run()
    assert calls == ["policy"] * 4


def test_asked_function_that_fails_where_errors_are_isolated_is_passed_over(
    runtime: Runtime, defhook: DefHook, calls: Calls
) -> None:
    """In a hook that asks but isolates, a failure is no refusal, nor is a quarantine; the verdict tells of both."""
    hook, error = defhook(mode="ask", on_error="isolate"), ValueError("no")
    entry = runtime.add_hook(hook, calls.function("a", error=error), 1)
    runtime.add_hook(hook, calls.function("b"), 2)
    for _ in range(3):
        verdict = hook.run()
        assert verdict
        assert verdict.failed == ((entry, error),)
    verdict = hook.run()
    assert verdict
    assert verdict.failed == ()
    assert [asked.label for asked in verdict.asked] == ["a", "b"]


def test_entry_changed_meanwhile_by_somebody_else_is_not_changed(
    runtime: Runtime, defhook: DefHook, calls: Calls
) -> None:
    """Whoever changes an entry as it was before another's change is told so."""
    hook = defhook()
    runtime.add_hook(hook, calls.function("a"))
    stale = hook.find("a")
    runtime.disable(hook, "a")
    with pytest.raises(ConflictError, match="changed by somebody else"):
        hook.change(stale, stale.replace(state="active"), "enable", runtime.owners.origin())


def test_failure_in_a_coroutine_counts_the_same(
    runtime: Runtime, defhook: DefHook, calls: Calls, caplog: pytest.LogCaptureFixture
) -> None:
    """Fired from a coroutine, three failures in a row quarantine as well."""
    hook = defhook(on_error="isolate")
    runtime.add_hook(hook, calls.coroutine("a", error=ValueError()))
    with caplog.at_level(logging.CRITICAL, "scirehooks"):
        for _ in range(4):
            asyncio.run(hook.arun())
    assert calls == ["a"] * 3
    assert hook.find("a").state == "quarantined"


def test_failures_of_a_rehearsal_are_collected_and_not_counted(runtime: Runtime) -> None:
    """Trying a function out does not set it aside for what is done in earnest, nor tell anybody."""
    told: list[BaseException] = []

    @runtime.defhook(on_error="isolate", failure_limit=1)
    def tried_hook() -> None:
        """Fires when something is tried."""

    def boom() -> None:
        raise ValueError("boom")

    runtime.add_hook("tried-hook", boom)
    runtime.add_hook("hook-failure-hook", lambda error: told.append(error))
    with rehearsing() as failed:
        tried_hook.run()
    (entry,) = tried_hook.entries()
    assert [(failing, str(error)) for failing, error in failed] == [(entry, "boom")]
    assert (entry.state, entry.health.failures, told) == ("active", 0, [])
    tried_hook.run()
    assert [entry.state for entry in tried_hook.entries()] == ["quarantined"]
    assert len(told) == 1
