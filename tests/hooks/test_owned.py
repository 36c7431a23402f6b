from __future__ import annotations

import asyncio
import threading

import pytest

from scirehooks.errors import ConflictError
from scirehooks.hooks import Owner, Runtime
from scirehooks.hooks.owned import _Ticking
from scirehooks.testing import FakeClock, recorder
from tests.hooks.support import MODULE, Calls, DefHook, errors_in


def wait_until_forgotten(runtime: Runtime) -> None:
    """Wait for the threads now running to end, and with them what they run."""
    for thread in threading.enumerate():
        if " #" in thread.name:
            thread.join(10)


def test_every_calls_at_each_tick_until_unloaded(runtime: Runtime, clock: FakeClock) -> None:
    """A timer of a module calls every minute, in a thread; unloading the module ends it."""
    tick = recorder()
    with runtime.owners.acting(MODULE):
        runtime.every(60, tick)
    clock.advance(59)
    assert tick.calls == []
    clock.advance(1)
    tick.wait(1)
    wait_until_forgotten(runtime)
    clock.advance(60)
    tick.wait(2)
    runtime.withdraw(MODULE)
    clock.advance(600)
    wait_until_forgotten(runtime)
    assert len(tick.calls) == 2


def test_every_still_busy_is_not_called_twice_at_a_time(runtime: Runtime, clock: FakeClock) -> None:
    """A call that takes longer than the interval is not begun a second time beside itself."""
    busy, leave, calls = threading.Event(), threading.Event(), Calls()

    def slow() -> None:
        calls.append("slow")
        busy.set()
        assert leave.wait(10)

    runtime.every(60, slow)
    clock.advance(60)
    assert busy.wait(10)
    clock.advance(60)
    leave.set()
    wait_until_forgotten(runtime)
    assert calls == ["slow"]


def test_every_failing_is_logged_and_goes_on(
    runtime: Runtime, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    """A failing timer is logged with its name, and called again at the next tick."""
    tick = recorder(raises=ZeroDivisionError(), name="tick")
    runtime.every(60, tick)
    for n in (1, 2):
        clock.advance(60)
        tick.wait(n)
        wait_until_forgotten(runtime)
    assert [message.partition(" #")[0] for message in errors_in(caplog)] == ["tick", "tick"]


def test_every_stopped_while_the_clock_calls_does_not_wind_up_again(clock: FakeClock, calls: Calls) -> None:
    """A tick that was due when the timer was stopped neither calls nor sets another alarm."""
    ticking = _Ticking(clock, "tick", 60, calls.function("tick"))
    ticking.start()
    ticking.stop()
    ticking.stop()
    ticking._tick()
    clock.advance(600)
    assert calls == []


def test_every_keeps_the_scope_it_was_begun_in(runtime: Runtime, defhook: DefHook, clock: FakeClock) -> None:
    """A timer fires hooks in the scope in which it was set up."""
    hook, seen = defhook(), recorder()
    runtime.add_hook(hook, seen, local="client:7")
    with runtime.scope("client:7"):
        runtime.every(60, hook.run)
    clock.advance(60)
    seen.wait(1)


def test_after_calls_once_and_leaves_nothing(runtime: Runtime, clock: FakeClock) -> None:
    """A call put off is made once, in a thread; then there is nothing of it to unload or undo."""
    late = recorder()
    runtime.after(60, late)
    clock.advance(60)
    late.wait(1)
    wait_until_forgotten(runtime)
    clock.advance(600)
    assert len(late.calls) == 1
    assert runtime.withdraw(Owner("session", "test")) == []
    with pytest.raises(ConflictError, match="nothing to undo"):
        runtime.undo()


def test_after_unloaded_before_its_time_is_never_called(runtime: Runtime, clock: FakeClock, calls: Calls) -> None:
    """A call put off by a module is not made once the module is gone."""
    with runtime.owners.acting(MODULE):
        runtime.after(60, calls.function("late"))
    runtime.withdraw(MODULE)
    clock.advance(600)
    assert calls == []


def test_load_with_a_timer_that_has_ended_can_be_undone(runtime: Runtime, defhook: DefHook, clock: FakeClock) -> None:
    """A load whose timer has run out is undone as far as something is left of it, and can be redone."""
    hook, late = defhook(), recorder()
    with runtime.transaction("load"):
        entry = runtime.add_hook(hook, lambda: None)
        runtime.after(60, late)
    clock.advance(60)
    late.wait(1)
    wait_until_forgotten(runtime)
    assert [record.what for record in runtime.undo()] == ["add-hook"]
    assert len(hook) == 0
    runtime.redo()
    assert hook.entries() == (entry,)


def test_timer_undone_while_it_runs_and_redone_can_still_be_unloaded(runtime: Runtime, clock: FakeClock) -> None:
    """The end of the first call is not the end of the timer that was wound up anew."""
    leave, calls = threading.Event(), recorder()

    def work() -> None:
        calls(thread=threading.current_thread())
        assert leave.wait(10)

    runtime.after(60, work)
    clock.advance(60)
    first = calls.wait(1)[0]["thread"]
    runtime.undo()
    runtime.redo()
    leave.set()
    first.join(10)
    assert runtime.withdraw(Owner("session", "test")) != []
    clock.advance(60)
    assert len(calls.calls) == 1


def test_task_is_not_redone(runtime: Runtime, caplog: pytest.LogCaptureFixture) -> None:
    """A coroutine runs once; redo of one that was taken back says so and leaves nothing."""
    running = threading.Event()

    async def work() -> None:
        running.set()
        await asyncio.Event().wait()

    runtime.task(work())
    assert running.wait(10)
    runtime.undo()
    runtime.redo()
    runtime.loop.run(asyncio.sleep(0))
    wait_until_forgotten(runtime)
    assert "is not started again by redo: a coroutine runs but once" in caplog.text
    assert runtime.withdraw(Owner("session", "test")) == []


def test_task_runs_on_the_runtime_loop_and_leaves_nothing(runtime: Runtime) -> None:
    """A coroutine is run on the loop of the runtime; when it has ended there is nothing to unload."""
    done = threading.Event()

    async def work() -> None:
        assert runtime.loop.is_current()
        done.set()

    runtime.task(work())
    assert done.wait(10)
    runtime.loop.run(asyncio.sleep(0))
    assert runtime.withdraw(Owner("session", "test")) == []


def test_task_unloaded_is_cancelled(runtime: Runtime) -> None:
    """Unloading cancels a task, which can clean up."""
    running, cleaned = threading.Event(), threading.Event()

    async def work() -> None:
        running.set()
        try:
            await asyncio.Event().wait()
        finally:
            cleaned.set()

    with runtime.owners.acting(MODULE):
        runtime.task(work())
    assert running.wait(10)
    runtime.withdraw(MODULE)
    assert cleaned.wait(10)


def test_task_unloaded_before_its_first_step_complains_of_nothing(runtime: Runtime) -> None:
    """A coroutine cancelled before it began is closed: Python does not warn that nobody awaited it."""
    with runtime.owners.acting(MODULE):
        for _ in range(20):
            runtime.task(asyncio.sleep(60))
            runtime.withdraw(MODULE)


def test_task_failing_is_logged(runtime: Runtime, caplog: pytest.LogCaptureFixture) -> None:
    """What a task raises is logged with its name: nobody waits for it."""

    async def work() -> None:
        raise ZeroDivisionError

    runtime.task(work())
    runtime.loop.run(asyncio.sleep(0))
    assert [message.rpartition(".")[2].partition(" #")[0] for message in errors_in(caplog)] == ["work"]


def test_thread_without_a_parameter_runs_to_its_end(runtime: Runtime, calls: Calls) -> None:
    """A function without parameters is run in a thread, and nothing of it is left."""

    def work() -> None:
        calls.append(threading.current_thread().name.partition(" #")[0])

    runtime.thread(work)
    wait_until_forgotten(runtime)
    assert [name.rpartition(".")[2] for name in calls] == ["work"]
    assert runtime.withdraw(Owner("session", "test")) == []


def test_thread_with_a_parameter_is_told_when_to_end(runtime: Runtime) -> None:
    """A function that takes an Event finds it set when its owner is unloaded."""
    ended = threading.Event()

    def work(stop: threading.Event) -> None:
        assert stop.wait(10)
        ended.set()

    with runtime.owners.acting(MODULE):
        runtime.thread(work)
    runtime.withdraw(MODULE)
    assert ended.wait(10)


def test_thread_undone_and_redone_is_started_once_more(runtime: Runtime) -> None:
    """A thread taken back ends; redone, the function runs in a new one, which the end of the first does not touch."""
    begun, leave = recorder(), threading.Event()

    def work(stop: threading.Event) -> None:
        begun(thread=threading.current_thread())
        assert stop.wait(10)
        assert leave.wait(10)

    runtime.thread(work)
    first = begun.wait(1)[0]["thread"]
    runtime.undo()
    runtime.redo()
    begun.wait(2)
    leave.set()
    first.join(10)
    assert [record.what for record in runtime.undo()] == ["thread"]
