from __future__ import annotations

import asyncio
import contextlib
import functools
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from scirehooks.errors import FunctionTimeoutError, NotAllowedHereError, UndefinedFunctionError
from scirehooks.hooks import Hook, Owner, Runtime
from scirehooks.hooks.call import _whereabouts, is_async
from tests.hooks.support import Calls, DefHook, errors_in

Hang = Callable[..., Any]


@pytest.fixture
def leave() -> threading.Event:
    """Set by the test when hanging functions should return."""
    return threading.Event()


@pytest.fixture
def hang(leave: threading.Event) -> Hang:
    """A function that hangs until it may leave."""

    def hang() -> str:
        assert leave.wait(20)
        return "late"

    hang.__qualname__ = "hang"
    return hang


def until_returned(runtime: Runtime) -> None:
    """Wait for the threads that were given up."""
    for _, thread in list(runtime.forsaken.values()):
        thread.join(10)


def either_way(hook: Hook) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """Return what fires HOOK from a plain thread, and what does from a coroutine."""
    return hook.run, lambda: asyncio.run(hook.arun())


# -- plain and coroutine functions in one order


def test_run_plain_and_coroutine_functions_keep_their_order(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """Fired from a plain thread, coroutine functions run on the runtime loop, each at its turn."""
    hook = defhook()
    for depth, make in enumerate([calls.function, calls.coroutine, calls.function, calls.coroutine]):
        runtime.add_hook(hook, make(f"f{depth}"), depth + 1)
    hook.run()
    assert calls == ["f0", "f1", "f2", "f3"]


def test_arun_plain_and_coroutine_functions_keep_their_order(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """Fired from a coroutine, they run in the same order."""
    hook = defhook(mode="until_success")
    for depth, make in enumerate([calls.function, calls.coroutine, calls.function, calls.coroutine]):
        runtime.add_hook(hook, make(f"f{depth}", result=depth if depth > 1 else None), depth + 1)
    assert asyncio.run(hook.arun()) == 2
    assert calls == ["f0", "f1", "f2"]


def test_run_on_the_runtime_loop_with_a_coroutine_function_is_refused(runtime: Runtime, defhook: DefHook) -> None:
    """A loop cannot wait for a coroutine of its own: the message says to write `await hook.arun(…)`."""
    hook = defhook(on_error="isolate")

    async def probe() -> None:
        """Do nothing."""

    runtime.add_hook(hook, probe)

    async def fire() -> None:
        hook.run()

    with pytest.raises(NotAllowedHereError, match=r"await test_hook\.arun"):
        runtime.loop.run(fire())
    assert hook.entries()[0].health.failures == 0  # the caller's fault, not the function's


def test_run_on_another_loop_waits_for_the_runtime_loop(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """On the loop of an embedder `run` waits, as any call that blocks does."""
    hook = defhook()
    runtime.add_hook(hook, calls.coroutine("probe"))

    async def fire() -> None:
        hook.run()

    asyncio.run(fire())
    assert calls == ["probe"]


class AsyncCallable:
    async def __call__(self) -> None:
        """Do nothing."""

    async def method(self) -> None:
        """Do nothing."""


async def coroutine_function() -> None:
    """Do nothing."""


@pytest.mark.parametrize(
    ("function", "answer"),
    [
        (coroutine_function, True),
        (functools.partial(functools.partial(coroutine_function)), True),
        (AsyncCallable(), True),
        (AsyncCallable().method, True),
        (print, False),
        (lambda: None, False),
        (AsyncCallable, False),
    ],
)
def test_coroutine_functions_are_told_from_plain_ones(function: Callable[..., Any], answer: bool) -> None:
    """Functions, methods, partials and callable objects are looked into."""
    assert is_async(function) is answer


def test_advised_coroutine_function_is_still_awaited(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """Advice around a coroutine function leaves it one."""
    hook = defhook()
    runtime.namespace["probe"] = calls.coroutine("probe")
    runtime.add_hook(hook, "probe")
    runtime.advice_add("probe", "before", calls.function("before"))
    assert is_async(runtime.namespace["probe"])
    hook.run()
    assert calls == ["before", "probe"]


def test_advice_that_answers_for_a_coroutine_function_is_taken_as_it_is(
    runtime: Runtime, defhook: DefHook, calls: Calls
) -> None:
    """A plain function may stand in for a coroutine function."""
    hook = defhook(mode="until_success")
    runtime.namespace["probe"] = calls.coroutine("probe")
    runtime.add_hook(hook, "probe")
    runtime.advice_add("probe", "override", calls.function("instead", result=42))
    assert hook.run() == 42
    assert asyncio.run(hook.arun()) == 42
    assert calls == ["instead", "instead"]


# -- threaded


def test_arun_of_a_threaded_hook_calls_plain_functions_in_threads(runtime: Runtime, defhook: DefHook) -> None:
    """In a threaded hook a plain function leaves the loop free; a coroutine function stays on it."""
    hook = defhook(threaded=True, mode="until_failure")
    where: dict[str, bool] = {}

    def plain() -> bool:
        where["plain"] = threading.current_thread() is main
        return True

    async def coroutine() -> bool:
        where["coroutine"] = threading.current_thread() is main
        return True

    main = threading.current_thread()
    runtime.add_hook(hook, plain)
    runtime.add_hook(hook, coroutine)
    assert asyncio.run(hook.arun()) is True
    assert where == {"plain": False, "coroutine": True}


@pytest.mark.parametrize("kind", [ValueError, StopIteration, SystemExit])
def test_arun_of_a_threaded_hook_hands_on_what_a_function_raises(
    runtime: Runtime, defhook: DefHook, calls: Calls, kind: type[BaseException]
) -> None:
    """Whatever is raised in the thread is the function's error, a StopIteration too, which no future can hold."""
    hook = defhook(threaded=True, on_error="isolate")
    runtime.add_hook(hook, calls.function("fails", error=kind()), 1)
    runtime.add_hook(hook, calls.function("next"), 2)
    asyncio.run(hook.arun())
    assert calls == ["fails", "next"]
    assert hook.entries()[0].health.failures == 1


def test_arun_threaded_function_that_blocks_does_not_delay_another_task(
    runtime: Runtime, defhook: DefHook, calls: Calls
) -> None:
    """While a plain function sleeps for two seconds, the loop answers another task within 50 ms, all the time."""
    hook = defhook(threaded=True)
    woken = threading.Event()

    def sleeper() -> None:
        calls.append("begun")
        woken.wait(2)
        calls.append("ended")

    runtime.add_hook(hook, sleeper)

    async def main() -> list[float]:
        delays = []
        firing = asyncio.create_task(hook.arun())
        while not firing.done():
            before = time.perf_counter()
            await asyncio.sleep(0.01)  # what is measured is how much later than this the loop comes back
            delays.append(time.perf_counter() - before - 0.01)
        await firing
        return delays

    delays = asyncio.run(main())
    assert calls == ["begun", "ended"]
    assert len(delays) >= 30  # two seconds of being answered; a blocked loop comes back once or twice
    assert sorted(delays)[int(len(delays) * 0.99) - 1] < 0.05


def test_arun_ten_thousand_at_a_time_each_keep_their_order(runtime: Runtime, defhook: DefHook) -> None:
    """However many firings of a mixed hook are under way, each calls its functions in the order of the hook."""
    hook = defhook(lambda seen: None)
    makers = []
    for number in range(6):

        def plain(seen: list[int], number: int = number) -> None:
            seen.append(number)

        async def coroutine(seen: list[int], number: int = number) -> None:
            await asyncio.sleep(0)
            seen.append(number)

        makers.append(coroutine if number % 2 else plain)
        runtime.add_hook(hook, makers[-1], number + 1)

    async def main() -> list[list[int]]:
        all_seen: list[list[int]] = [[] for _ in range(10_000)]
        await asyncio.gather(*(hook.arun(seen) for seen in all_seen))
        return all_seen

    assert all(seen == [0, 1, 2, 3, 4, 5] for seen in asyncio.run(main()))


# -- time-outs


def test_timeout_of_a_plain_function_reports_where_it_is_and_lists_it(
    runtime: Runtime, defhook: DefHook, hang: Hang, leave: threading.Event
) -> None:
    """A function that hangs is not waited for: the error shows where it is, and it is listed until it returns."""
    hook = defhook()
    entry = runtime.add_hook(hook, hang, timeout=0.02)
    with pytest.raises(FunctionTimeoutError) as caught:
        hook.run()
    message = str(caught.value)
    assert "hang took longer than 0.02 s (now at test_call.py:" in message
    assert message.endswith(": assert leave.wait(20)).")
    assert isinstance(caught.value, TimeoutError)
    assert [listed for listed, _ in runtime.forsaken.values()] == [entry]
    leave.set()
    until_returned(runtime)
    assert runtime.forsaken == {}


def test_timeout_in_an_isolating_hook_lets_the_firing_go_on(
    runtime: Runtime,
    defhook: DefHook,
    calls: Calls,
    hang: Hang,
    leave: threading.Event,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """By the rule `isolate` the next function runs, and the failure is logged."""
    hook = defhook(on_error="isolate")
    runtime.add_hook(hook, hang, 1, timeout=0.02)
    runtime.add_hook(hook, calls.function("next"), 2)
    hook.run()
    assert calls == ["next"]
    assert "took longer than 0.02 s" in errors_in(caplog)[0]
    leave.set()
    until_returned(runtime)


def test_timeout_of_a_function_in_c_has_no_place_to_show(runtime: Runtime, defhook: DefHook) -> None:
    """A call that waits in C is on no line of anybody's."""
    gate = threading.Lock()
    gate.acquire()
    hook = defhook()
    runtime.add_hook(hook, gate.acquire, timeout=0.02)
    with pytest.raises(FunctionTimeoutError, match=r"took longer than 0\.02 s \(it goes on\)"):
        hook.run()
    gate.release()
    until_returned(runtime)


def test_timeout_in_a_refusing_hook_refuses(
    runtime: Runtime, defhook: DefHook, hang: Hang, leave: threading.Event
) -> None:
    """By the rule `refuse` a policy that hangs refuses."""
    hook = defhook(mode="ask", on_error="refuse")
    entry = runtime.add_hook(hook, hang, timeout=0.02)
    verdict = hook.run()
    assert not verdict
    assert verdict.reason.startswith("it took longer than 0.02 s (now at test_call.py:")
    assert verdict.refused_by is entry
    assert isinstance(verdict.error, FunctionTimeoutError)
    leave.set()
    until_returned(runtime)


def test_timeout_not_reached_gives_result_and_error(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """A function that keeps its time counts as any other; what it raises is the very object."""
    hook, error = defhook(mode="until_success"), ValueError("no")
    runtime.add_hook(hook, calls.function("a", result=42), timeout=10)
    assert hook.run() == asyncio.run(hook.arun()) == 42
    runtime.add_hook(hook, calls.function("b", error=error), timeout=10)
    with pytest.raises(ValueError, match="no") as caught:
        hook.run()
    assert caught.value is error


def test_timeout_that_ends_as_it_is_given_up_counts_as_kept(
    runtime: Runtime, defhook: DefHook, calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A function that returned while it was being listed has returned: its result counts."""
    hook = defhook(mode="until_success")
    runtime.add_hook(hook, calls.function("a", result=42), timeout=10)

    class LateEvent(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            super().wait(timeout)
            return False

    monkeypatch.setattr("scirehooks.hooks.call.threading.Event", LateEvent)
    assert hook.run() == 42
    assert runtime.forsaken == {}


def test_timeout_of_a_coroutine_stops_it(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """A coroutine is really stopped, and can clean up, fired either way."""
    hook = defhook()

    async def slow() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            calls.append("cleaned")

    runtime.add_hook(hook, slow, timeout=0.02, label="slow")

    def arun() -> None:
        asyncio.run(hook.arun())

    for fire in (hook.run, arun):
        with pytest.raises(FunctionTimeoutError, match=r"slow took longer than 0\.02 s \(it has been stopped\)\."):
            fire()
    assert calls == ["cleaned", "cleaned"]
    assert runtime.forsaken == {}


@pytest.fixture
def stubborn(leave: threading.Event) -> Callable[..., Any]:
    """A coroutine function that goes on whoever cancels it, until it may leave."""

    async def stubborn() -> str:
        while not leave.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(0.01)
        return "late"

    return stubborn


@pytest.mark.parametrize("fails", [False, True])
def test_timeout_of_a_coroutine_that_blocks_and_returns_is_an_error(
    runtime: Runtime, defhook: DefHook, fails: bool
) -> None:
    """What comes too late is not used, though nothing could stop it: not the result, nor the coroutine's own error."""
    hook = defhook(mode="until_success")

    async def blocks() -> str:
        time.sleep(0.05)
        if fails:
            raise ValueError("late")
        return "late"

    runtime.add_hook(hook, blocks, timeout=0.02, label="blocks")
    for fire in either_way(hook):
        with pytest.raises(FunctionTimeoutError, match=r"blocks took longer than 0\.02 s \(it has ended since\)\."):
            fire()
    assert runtime.forsaken == {}


def test_timeout_of_a_coroutine_that_will_not_be_cancelled_gives_it_up(
    runtime: Runtime, defhook: DefHook, stubborn: Callable[..., Any], leave: threading.Event
) -> None:
    """Nobody waits longer than the time it has to clean up; it is listed, with where it is, until it ends."""
    hook = defhook()
    entry = runtime.add_hook(hook, stubborn, timeout=0.02, label="stubborn")
    begun = time.monotonic()
    with pytest.raises(FunctionTimeoutError, match=r"0\.02 s \(now at test_call\.py:\d+: await asyncio\.sleep"):
        hook.run()
    assert time.monotonic() - begun < 5
    ((listed, coroutine),) = runtime.forsaken.values()
    assert listed is entry
    assert coroutine.is_alive()
    leave.set()
    coroutine.join(10)
    assert not coroutine.is_alive()
    assert runtime.forsaken == {}


def test_timeout_in_arun_of_a_coroutine_that_will_not_be_cancelled_gives_it_up(
    runtime: Runtime, defhook: DefHook, calls: Calls, stubborn: Callable[..., Any], leave: threading.Event
) -> None:
    """Fired from a coroutine, the firing goes on as well."""
    hook = defhook(on_error="isolate")
    entry = runtime.add_hook(hook, stubborn, 1, timeout=0.02, label="stubborn")
    runtime.add_hook(hook, calls.function("next"), 2)

    async def fire() -> None:
        await hook.arun()
        ((listed, coroutine),) = runtime.forsaken.values()
        assert listed is entry
        assert coroutine.is_alive()
        assert "now at test_call.py" in entry.health.last
        leave.set()
        while coroutine.is_alive():
            await asyncio.sleep(0.001)

    asyncio.run(fire())
    assert calls == ["next"]
    assert runtime.forsaken == {}


def test_timeout_of_a_coroutine_that_holds_the_loop_gives_up_whoever_waits(
    runtime: Runtime, defhook: DefHook, calls: Calls, leave: threading.Event
) -> None:
    """Not even the loop itself is needed; what could not begin because of it never begins."""
    hook, other = defhook(), defhook(name="other-hook")

    async def blocks() -> None:
        assert leave.wait(20)

    runtime.add_hook(hook, blocks, timeout=0.02, label="blocks")
    runtime.add_hook(other, calls.coroutine("other"), timeout=0.02)
    here = r"now at test_call\.py:\d+: assert leave\.wait"
    with pytest.raises(FunctionTimeoutError, match=rf"blocks took longer than 0\.02 s \({here}"):
        hook.run()
    with pytest.raises(FunctionTimeoutError, match=rf"other took longer .*it has not begun: its loop is {here}"):
        other.run()
    assert len(runtime.forsaken) == 2
    leave.set()
    until_returned(runtime)
    assert (runtime.forsaken, calls) == ({}, [])


def test_timeout_error_of_a_coroutines_own_is_its_own(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """A TimeoutError out of a coroutine that kept its time is not taken for ours."""
    hook, error = defhook(), TimeoutError("the server's")
    runtime.add_hook(hook, calls.coroutine("a", error=error), timeout=10)
    for fire in either_way(hook):
        with pytest.raises(TimeoutError) as caught:
            fire()
        assert caught.value is error


def test_timeout_not_reached_gives_the_result_of_a_coroutine(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """A coroutine that keeps its time counts as any other."""
    hook = defhook(mode="until_success")
    runtime.add_hook(hook, calls.coroutine("a", result=42), timeout=10)
    assert hook.run() == asyncio.run(hook.arun()) == 42


def test_timeout_of_a_plain_function_in_arun_leaves_the_loop_free(
    runtime: Runtime, defhook: DefHook, hang: Hang, leave: threading.Event
) -> None:
    """Fired from a coroutine, a plain function with a time-out gets a thread as well."""
    hook = defhook()
    runtime.add_hook(hook, hang, timeout=0.02)
    with pytest.raises(FunctionTimeoutError):
        asyncio.run(hook.arun())
    leave.set()
    until_returned(runtime)


@pytest.mark.parametrize("timeout", [0, -1, float("nan")])
def test_timeout_that_no_function_can_keep_is_refused(runtime: Runtime, defhook: DefHook, timeout: float) -> None:
    """A time-out is a positive number of seconds."""
    with pytest.raises(ValueError, match="more than 0 seconds"):
        runtime.add_hook(defhook(), lambda: None, timeout=timeout)


def test_place_of_a_thread_is_what_it_can_be(leave: threading.Event) -> None:
    """A thread that runs nobody's code is somewhere in Python; one that has ended is nowhere."""
    thread = threading.Thread(target=leave.wait)
    thread.start()
    assert _whereabouts(thread).startswith("now at threading.py:")
    leave.set()
    thread.join()
    assert _whereabouts(thread) == "it has just ended"


# -- conditions and names


def test_when_says_whether_a_function_runs(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """A condition names what it wants of the payload, as a function does."""
    hook = defhook(lambda client, event: None)
    runtime.add_hook(hook, calls.function("a"), when=lambda event: event == "loud")
    hook.run("web1", "quiet")
    hook.run("web1", event="loud")
    asyncio.run(hook.arun("web1", "quiet"))
    assert calls == ["a"]


def test_when_that_fails_is_the_functions_failure(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """An error in a condition is treated as an error of its function."""
    hook = defhook(on_error="isolate")
    entry = runtime.add_hook(hook, calls.function("a"), when=lambda: 1 / 0)
    hook.run()
    assert calls == []
    assert "ZeroDivisionError" in entry.health.last


def test_name_not_defined_is_an_error_when_fired(runtime: Runtime, defhook: DefHook) -> None:
    """A name may be added before it is defined; fired undefined, the message says what to type."""
    hook = defhook()
    entry = runtime.add_hook(hook, "later")
    assert entry.function is None
    with pytest.raises(UndefinedFunctionError, match="remove-hook test-hook later") as caught:
        hook.run()
    assert isinstance(caught.value, NameError)
    runtime.namespace["later"] = 42
    with pytest.raises(UndefinedFunctionError):
        hook.run()


def test_name_of_a_builtin_is_found(runtime: Runtime, defhook: DefHook) -> None:
    """A builtin function may be held by name."""
    hook = defhook(lambda x: None, mode="until_success")
    entry = runtime.add_hook(hook, "abs")
    assert entry.function is abs
    assert hook.run(-3) == 3


def fire_twice(hook: Hook) -> None:
    """Fire as a user would, in either way."""
    hook.run()
    asyncio.run(hook.arun())


def test_context_of_the_caller_counts_in_every_function(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """Owner and scope of the caller count in plain, coroutine and threaded functions."""
    hook = defhook(threaded=True)
    owner = Owner("session", "alice")

    def note() -> None:
        calls.append(str(runtime.owners.current()))

    async def note_later() -> None:
        note()

    runtime.add_hook(hook, note, 1, timeout=10)
    runtime.add_hook(hook, note_later, 2)
    runtime.add_hook(hook, lambda: note(), 3)
    with runtime.owners.acting(owner):
        fire_twice(hook)
    assert calls == ["alice"] * 6
