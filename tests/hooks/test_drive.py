from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from scirehooks.errors import HookRecursionError, Terminated, UndefinedFunctionError
from scirehooks.hooks import Hook, Runtime
from tests.hooks.support import MODULE, Calls, DefHook, module


def arun(hook: Hook) -> Any:
    """Fire HOOK from a coroutine."""
    return asyncio.run(hook.arun())


FIRE: list[Callable[[Hook], Any]] = [Hook.__call__, arun]


@pytest.fixture(params=FIRE, ids=["run", "arun"])
def fire(request: pytest.FixtureRequest) -> Callable[[Hook], Any]:
    """Fire a hook from a plain thread, and from a coroutine."""
    found: Callable[[Hook], Any] = request.param
    return found


# -- raise


def test_raise_propagates_the_very_object_with_a_note(
    runtime: Runtime, defhook: DefHook, calls: Calls, fire: Callable[[Hook], Any]
) -> None:
    """The first exception goes out as it is, noting hook, function, place and owner; later functions do not run."""
    hook, error = defhook(), ValueError("no")
    audit = module(runtime, MODULE, "def audit():\n    raise error")
    audit.error = error  # type: ignore[attr-defined]  # its function reads it
    runtime.add_hook(hook, calls.function("before"), 1)
    runtime.add_hook(hook, audit.audit, 2, owner=MODULE)
    runtime.add_hook(hook, calls.function("never"), 3)
    with pytest.raises(ValueError, match="no") as caught:
        fire(hook)
    assert caught.value is error
    assert error.__notes__ == ["in test-hook: audit.audit (/modules/audit.py:1, owner audit)"]
    assert calls == ["before"]


def test_raise_the_same_object_twice_is_noted_once(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """An exception raised again by a function that keeps it does not collect notes."""
    hook, error = defhook(), ValueError("no")
    runtime.add_hook(hook, calls.function("a", error=error))
    for _ in range(3):
        with pytest.raises(ValueError, match="no"):
            hook.run()
    assert len(error.__notes__) == 1


def test_raise_through_nested_hooks_notes_each(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """The notes tell the way an exception has come, the innermost hook first."""
    inner, outer = defhook(name="inner-hook"), defhook(name="outer-hook")
    error = ValueError("no")
    runtime.add_hook(inner, calls.function("a", error=error))
    runtime.add_hook(outer, calls.function("b", do=inner.run))
    with pytest.raises(ValueError, match="no"):
        outer.run()
    assert [note.partition(":")[0] for note in error.__notes__] == ["in inner-hook", "in outer-hook"]


def test_raise_stop_iteration_is_not_taken_for_the_end(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """A StopIteration out of a function goes out like any other error: the firing has not ended well."""
    hook = defhook()
    runtime.add_hook(hook, calls.function("a", error=StopIteration("mine")), 1)
    runtime.add_hook(hook, calls.function("never"), 2)
    with pytest.raises(StopIteration, match="mine"):
        hook.run()
    with pytest.raises(RuntimeError, match="StopIteration"):  # so Python has it in coroutines
        arun(hook)
    assert calls == ["a", "a"]


@pytest.mark.parametrize("mode", ["all", "until_success", "until_failure", "fold", "ask"])
def test_raise_in_each_calling_rule(runtime: Runtime, defhook: DefHook, calls: Calls, mode: str) -> None:
    """Whatever the calling rule, the error rule `raise` lets the first exception out."""
    hook, error = defhook(lambda value: None, mode=mode), ValueError("no")
    runtime.add_hook(hook, calls.function("a", error=error))
    with pytest.raises(ValueError, match="no") as caught:
        hook.run(1)
    assert caught.value is error


# -- isolate


class Unusual(BaseException):
    """Raised by a function for reasons of its own."""


@pytest.mark.parametrize(
    "kind", [ValueError, SystemExit, StopIteration, NotImplementedError, asyncio.CancelledError, Unusual]
)
def test_isolate_keeps_each_failure_to_itself(
    runtime: Runtime, defhook: DefHook, calls: Calls, fire: Callable[[Hook], Any], kind: type[BaseException]
) -> None:
    """A failing function, SystemExit included, does not keep the later ones from running."""
    hook = defhook(on_error="isolate")
    runtime.add_hook(hook, calls.function("a", error=kind()), 1)
    runtime.add_hook(hook, calls.function("b"), 2)
    runtime.add_hook(hook, calls.function("c", error=kind()), 3)
    runtime.add_hook(hook, calls.function("d"), 4)
    fire(hook)
    assert calls == ["a", "b", "c", "d"]
    assert [entry.health.failures for entry in hook.entries()] == [1, 0, 1, 0]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), GeneratorExit(), Terminated(15)], ids=repr)
def test_isolate_lets_an_interrupt_out(runtime: Runtime, defhook: DefHook, calls: Calls, error: BaseException) -> None:
    """A Ctrl-C, or a signal that ends the program, is nobody's failure: it goes out at once."""
    hook = defhook(on_error="isolate")
    runtime.add_hook(hook, calls.function("a", error=error), 1)
    runtime.add_hook(hook, calls.function("never"), 2)
    with pytest.raises(type(error)):
        hook.run()
    assert calls == ["a"]
    assert hook.entries()[0].health.failures == 0


@pytest.mark.parametrize("kind", [asyncio.CancelledError, Unusual])
def test_refuse_takes_whatever_is_raised_for_a_refusal(
    runtime: Runtime, defhook: DefHook, calls: Calls, fire: Callable[[Hook], Any], kind: type[BaseException]
) -> None:
    """A policy that fails refuses, in whichever way it fails."""
    hook = defhook(mode="ask", on_error="refuse")
    entry = runtime.add_hook(hook, calls.function("a", error=kind("no")), 1)
    verdict = fire(hook)
    assert not verdict
    assert (verdict.refused_by, verdict.reason) == (entry, f"it failed: {kind.__name__}: no")
    assert entry.health.failures == 1


def test_isolate_keeps_that_something_was_cancelled_which_a_function_awaited(
    runtime: Runtime, defhook: DefHook, calls: Calls, fire: Callable[[Hook], Any]
) -> None:
    """A task of the function's own that is cancelled is its failure; nobody has cancelled the firing."""
    hook = defhook(on_error="isolate")

    async def awaits_a_cancelled_task() -> None:
        task = asyncio.ensure_future(asyncio.sleep(600))
        task.cancel()
        await task

    entry = runtime.add_hook(hook, awaits_a_cancelled_task, 1)
    runtime.add_hook(hook, calls.function("b"), 2)
    fire(hook)
    assert (calls, entry.health.failures) == (["b"], 1)


@pytest.mark.parametrize("timeout", [None, 600])
def test_isolate_of_a_firing_that_is_cancelled_ends_it(
    runtime: Runtime, defhook: DefHook, calls: Calls, timeout: float | None
) -> None:
    """Whoever cancels the task that fires, or a thread that waits for a coroutine, ends the firing."""
    hook = defhook(on_error="isolate")
    waiting = threading.Event()

    async def endless() -> None:
        waiting.set()
        try:
            await asyncio.Event().wait()
        finally:
            calls.append("cleaned")

    entry = runtime.add_hook(hook, endless, 1, timeout=timeout)
    runtime.add_hook(hook, calls.function("never"), 2)

    async def cancelled() -> None:
        task = asyncio.create_task(hook.arun())
        while not waiting.is_set():
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    waiting.clear()
    raised: list[BaseException] = []

    def fire() -> None:
        try:
            hook.run()
        except BaseException as error:  # noqa: BLE001 - handed to the test
            raised.append(error)

    thread = threading.Thread(target=fire)
    thread.start()
    assert waiting.wait(10)
    until = time.monotonic() + 10
    while not runtime.loop.cancel_awaited(thread):  # the coroutine may begin before the thread has noted it
        assert time.monotonic() < until
    thread.join(10)
    assert [isinstance(error, asyncio.CancelledError) for error in raised] == [True]
    assert (calls, entry.health.failures) == (["cleaned", "cleaned"], 0)


def test_isolate_of_a_firing_that_an_interrupt_ends_while_it_blocks_its_loop(
    runtime: Runtime, defhook: DefHook, calls: Calls
) -> None:
    """Somebody cancels what the loop is busy with; raised in there by force, that is no failure of the function."""
    hook = defhook(on_error="isolate")
    waiting, cancelled = threading.Event(), threading.Event()

    def blocks() -> None:
        waiting.set()
        assert cancelled.wait(10)
        raise asyncio.CancelledError

    entry = runtime.add_hook(hook, blocks, 1)
    runtime.add_hook(hook, calls.function("never"), 2)
    running = runtime.loop.submit(hook.arun())
    assert waiting.wait(10)
    running.cancel()
    cancelled.set()
    with pytest.raises(asyncio.CancelledError):
        running.result()
    assert (calls, entry.health.failures) == ([], 0)


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_raise_lets_an_interrupt_out(
    runtime: Runtime, defhook: DefHook, calls: Calls, kind: type[BaseException]
) -> None:
    """Where errors are raised, SystemExit and Ctrl-C are raised as well."""
    hook = defhook()
    runtime.add_hook(hook, calls.function("a", error=kind()))
    with pytest.raises(kind):
        hook.run()


@pytest.mark.parametrize(
    ("mode", "expected"), [("all", None), ("until_success", "d"), ("until_failure", True), ("fold", "d")]
)
def test_isolate_in_each_calling_rule_passes_over_the_failure(
    runtime: Runtime, defhook: DefHook, calls: Calls, fire: Callable[[Hook], Any], mode: str, expected: object
) -> None:
    """A failed function has no result: it neither ends a search nor changes what is folded."""
    hook = defhook(lambda value="start": None, mode=mode, on_error="isolate")
    runtime.add_hook(hook, calls.function("a", error=ValueError()), 1)
    runtime.add_hook(hook, calls.function("d", result="d"), 2)
    assert fire(hook) == expected
    assert calls == ["a", "d"]


def test_isolate_in_fold_goes_on_with_what_was_folded_so_far(runtime: Runtime, defhook: DefHook) -> None:
    """A failure in the middle loses nothing of what came before it."""
    hook = defhook(lambda value, step: None, mode="fold", on_error="isolate")
    runtime.add_hook(hook, lambda value, step: value + step, 1)
    runtime.add_hook(hook, lambda value: value / 0, 2)
    runtime.add_hook(hook, lambda value, step: value * step, 3)
    assert hook.run(1, 10) == 110


class NoTruth:
    def __bool__(self) -> bool:
        raise ValueError("neither true nor false")


@pytest.mark.parametrize("mode", ["until_success", "until_failure"])
def test_result_without_a_truth_is_the_functions_failure(
    runtime: Runtime, defhook: DefHook, calls: Calls, fire: Callable[[Hook], Any], mode: str
) -> None:
    """What can be neither true nor false (an array) is an error of the function that returned it."""
    hook = defhook(mode=mode, on_error="isolate")
    entry = runtime.add_hook(hook, calls.function("array", result=NoTruth()), 1)
    runtime.add_hook(hook, calls.function("next"), 2)
    fire(hook)
    assert calls == ["array", "next"]
    assert "neither true nor false" in entry.health.last


# -- recursion


def test_recursion_without_end_shows_the_chain(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """Two hooks that fire each other without end give one error that names the circle."""
    one, two = defhook(name="one-hook"), defhook(name="two-hook")
    runtime.add_hook(one, calls.function("fire_two", do=lambda: two.run()))
    runtime.add_hook(two, calls.function("fire_one", do=lambda: one.run()))
    with pytest.raises(HookRecursionError, match=r"-hook > .*-hook > .*-hook, [0-9]+ deep") as caught:
        one.run()
    assert isinstance(caught.value, RecursionError)
    assert isinstance(caught.value.__cause__, RecursionError)


def test_recursion_in_an_isolating_hook_ends_after_one_attempt(
    runtime: Runtime, defhook: DefHook, calls: Calls, caplog: pytest.LogCaptureFixture
) -> None:
    """An endless recursion is not isolated in each of a thousand nested firings, only in the outermost."""
    hook = defhook(on_error="isolate")
    runtime.add_hook(hook, calls.function("again", do=lambda: hook.run()), 1)
    entry = runtime.add_hook(hook, calls.function("after"), 2)
    hook.run()
    assert calls.count("after") == 1
    assert entry.health.failures == 0
    assert hook.find("again").health.failures == 1
    assert "fires itself without end: test-hook > test-hook" in hook.find("again").health.last
    assert len(caplog.records) == 1


def test_recursion_of_a_function_alone_is_left_alone(runtime: Runtime, defhook: DefHook) -> None:
    """A function that calls itself without end is no matter of hooks: its RecursionError is its own."""
    hook = defhook()

    def forever() -> None:
        forever()

    runtime.add_hook(hook, forever)
    with pytest.raises(RecursionError) as caught:
        hook.run()
    assert type(caught.value) is RecursionError


def test_recursion_with_an_end_is_allowed(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """A hook may fire itself: each firing goes through its own list (Emacs: independent traversals)."""
    hook = defhook(lambda depth: None)

    def again(depth: int) -> None:
        calls.append(f"again {depth}")
        if depth < 3:
            hook.run(depth + 1)

    runtime.add_hook(hook, again, 1)
    runtime.add_hook(hook, calls.function("a"), 2)
    hook.run(0)
    assert calls == ["again 0", "again 1", "again 2", "again 3", "a", "a", "a", "a"]


def test_recursion_limit_of_a_deep_but_finite_firing_is_not_ours(runtime: Runtime, defhook: DefHook) -> None:
    """As deep as Python goes, nothing of ours gets in the way."""
    hook = defhook(lambda depth: None)

    def again(depth: int) -> None:
        if depth:
            hook.run(depth - 1)

    runtime.add_hook(hook, again)
    hook.run(sys.getrecursionlimit() // 20)


# -- what changes while a hook fires


def test_entry_that_removes_itself_runs_once(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """A function may take itself out: the others run, and next time it does not."""
    hook = defhook()
    once = calls.function("once", do=lambda: runtime.remove_hook(hook, once))
    for depth, function in enumerate([calls.function("a"), once, calls.function("b")]):
        runtime.add_hook(hook, function, depth + 1)
    assert calls.since(hook.run) == ["a", "once", "b"]
    assert calls.since(hook.run) == ["a", "b"]


def test_entry_that_removes_the_next_counts_from_the_next_firing_on(
    runtime: Runtime, defhook: DefHook, calls: Calls
) -> None:
    """A firing goes through the list as it was: one taken out meanwhile is still called, for the last time."""
    hook, following = defhook(), calls.function("next")
    runtime.add_hook(hook, calls.function("first", do=lambda: runtime.remove_hook(hook, following)), 1)
    runtime.add_hook(hook, following, 2)
    assert calls.since(hook.run) == ["first", "next"]
    assert calls.since(hook.run) == ["first"]


def test_entry_that_readds_itself_is_not_called_again(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """Taking oneself out and in again gives a new entry, which has its turn in the next firing."""
    hook = defhook()

    def move_back() -> None:
        runtime.remove_hook(hook, function)
        runtime.add_hook(hook, function, 50)

    function = calls.function("mover", do=move_back)
    first = runtime.add_hook(hook, function, 1)
    runtime.add_hook(hook, calls.function("a"), 2)
    assert calls.since(hook.run) == ["mover", "a"]
    assert calls.since(hook.run) == ["a", "mover"]
    assert hook.find("mover").number > first.number


@pytest.mark.parametrize("depth", [-50, 50])
def test_entry_added_during_a_firing_runs_from_the_next_on(
    runtime: Runtime, defhook: DefHook, calls: Calls, depth: int
) -> None:
    """What a function adds, in front or behind, is not called in the firing under way."""
    hook, new = defhook(), calls.function("new")
    runtime.add_hook(hook, calls.function("adds", do=lambda: runtime.add_hook(hook, new, depth)))
    assert calls.since(hook.run) == ["adds"]
    assert sorted(calls.since(hook.run)) == ["adds", "new"]


def test_global_part_is_read_when_the_marker_is_reached(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """A local function in front of the marker may still change the global value (Emacs: t is read late)."""
    hook, new = defhook(), calls.function("new")
    runtime.add_hook(hook, calls.function("global"))
    runtime.add_hook(hook, calls.function("local", do=lambda: runtime.add_hook(hook, new)), local="client:7")
    with runtime.scope("client:7"):
        assert calls.since(hook.run) == ["local", "new", "global"]


def test_name_redefined_during_a_firing_is_called_as_it_is_now(
    runtime: Runtime, defhook: DefHook, calls: Calls
) -> None:
    """A function held by name is found when its turn comes."""
    hook = defhook()
    runtime.namespace["late"] = calls.function("old")

    def redefine() -> None:
        runtime.namespace["late"] = calls.function("new")

    runtime.add_hook(hook, calls.function("redefine", do=redefine), 1)
    runtime.add_hook(hook, "late", 2)
    assert calls.since(hook.run) == ["redefine", "new"]


@pytest.mark.parametrize("on_error", ["raise", "isolate"])
def test_name_deleted_during_a_firing_is_undefined_at_its_turn(
    runtime: Runtime, defhook: DefHook, calls: Calls, on_error: str
) -> None:
    """A name that is taken away before its turn is an error then, by the error rule (Emacs: void-function)."""
    hook = defhook(on_error=on_error)
    runtime.namespace["late"] = calls.function("late")

    def delete() -> None:
        del runtime.namespace["late"]

    runtime.add_hook(hook, calls.function("delete", do=delete), 1)
    entry = runtime.add_hook(hook, "late", 2)
    runtime.add_hook(hook, calls.function("after"), 3)
    if on_error == "raise":
        with pytest.raises(UndefinedFunctionError, match="'late' is not defined"):
            hook.run()
        assert calls == ["delete"]
    else:
        hook.run()
        assert calls == ["delete", "after"]
        assert "'late' is not defined" in entry.health.last


def test_same_function_reloaded_does_not_double(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """A file run again replaces the functions that hooks hold by name: one entry, the new code."""
    hook = defhook()
    text = "def guard(): calls.append({!r})\nadd_hook('test-hook', guard)"
    runtime.owners.register("20-guard.py", MODULE)
    view = runtime.namespace.view(MODULE)
    view["calls"] = calls
    for version in ("old", "new"):
        exec(compile(text.format(version), "20-guard.py", "exec"), runtime.namespace.globals, view)
    assert list(hook) == ["guard"]
    assert calls.since(hook.run) == ["new"]


def test_disabled_entry_is_passed_over_and_can_be_enabled(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """Switched off, an entry keeps its place and is not called."""
    hook = defhook()
    for name in "abc":
        runtime.add_hook(hook, calls.function(name), 1)
    runtime.disable(hook, "b")
    assert calls.since(hook.run) == ["a", "c"]
    runtime.enable(hook, "b")
    assert calls.since(hook.run) == ["a", "b", "c"]
