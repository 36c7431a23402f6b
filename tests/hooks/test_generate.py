from __future__ import annotations

import gc
import traceback
import weakref
from typing import Any

import pytest

from scirehooks.hooks import Lease, Runtime
from scirehooks.hooks.generate import BOUND
from scirehooks.testing import FakeClock
from tests.hooks.support import Calls, DefHook


def is_generated(hook: Any) -> bool:
    """Tell whether generated code fires HOOK: what hands over to the plain rules has no `try` in it."""
    return bool(hook._prepared(hook.mode).__code__.co_exceptiontable)


def test_ordinary_hook_is_fired_by_generated_code(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """With plain functions only, `run` has the calls in its text; otherwise it follows the plain rules."""
    hook = defhook(lambda client: None)
    runtime.add_hook(hook, calls.function("a"))
    hook.run("web1")
    assert is_generated(hook) == runtime.generating


@pytest.mark.parametrize(
    "use",
    [
        {"when": lambda: True},
        {"timeout": 10},
        {"until": Lease(calls=10)},
        {"local": "client:7"},
    ],
)
def test_hook_with_more_in_use_follows_the_plain_rules_until_it_is_over(
    runtime: Runtime, defhook: DefHook, calls: Calls, use: dict[str, Any]
) -> None:
    """Conditions, time-outs, leases and local values have no text; when the last is gone the code is back."""
    hook = defhook()
    runtime.add_hook(hook, calls.function("a"))
    entry = runtime.add_hook(hook, calls.function("b"), **use)
    hook.run()
    assert not is_generated(hook)
    runtime.remove_hook(hook, "b", local=entry.local)
    hook.run()
    assert is_generated(hook) == runtime.generating


def test_hook_being_traced_or_failing_follows_the_plain_rules(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """While anything is traced, or a function has failed and not succeeded since, there is more to do."""
    hook = defhook(lambda fails=False: None, on_error="isolate")

    def sometimes(fails: bool) -> None:
        if fails:
            raise ValueError

    runtime.add_hook(hook, sometimes)
    runtime.trace(hook)
    hook.run()
    assert not is_generated(hook)
    runtime.untrace(hook)
    hook.run(fails=True)
    hook.run(fails=True)
    assert not is_generated(hook)
    hook.run()
    hook.run()
    assert is_generated(hook) == runtime.generating


def test_hook_whose_failing_function_is_released_is_fired_by_generated_code(
    runtime: Runtime, defhook: DefHook, calls: Calls
) -> None:
    """Released before it was set aside, a function is watched no longer."""
    hook = defhook(on_error="isolate")
    function = calls.function("a", error=ValueError())
    runtime.add_hook(hook, function)
    hook.run()
    assert not is_generated(hook)
    runtime.release(hook, function)
    assert is_generated(hook) == runtime.generating


def test_hook_with_coroutine_functions_follows_the_plain_rules(
    runtime: Runtime, defhook: DefHook, calls: Calls
) -> None:
    """A coroutine has to be waited for."""
    hook = defhook()
    runtime.add_hook(hook, calls.coroutine("a"))
    hook.run()
    assert not is_generated(hook)


def test_hook_of_very_many_functions_follows_the_plain_rules(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """Above a bound a loop is as fast, and compiling is not."""
    hook = defhook()
    for n in range(BOUND + 1):
        runtime.add_hook(hook, calls.function(f"f{n}"))
    hook.run()
    assert not is_generated(hook)
    assert len(calls) == BOUND + 1


@pytest.mark.parametrize("name", ["with-hyphens", "class", "client", "1st"])
def test_name_that_cannot_be_written_is_called_all_the_same(
    runtime: Runtime, defhook: DefHook, calls: Calls, name: str
) -> None:
    """A function may be held by a name that is no identifier, a keyword, or a parameter of the payload."""
    hook = defhook(lambda client: None)
    runtime.namespace[name] = calls.function("called")
    runtime.add_hook(hook, name)
    hook.run("web1")
    assert calls == ["called"]


def test_functions_that_stand_in_the_code_are_the_very_objects(runtime: Runtime, defhook: DefHook) -> None:
    """What cannot be hashed or compared can stand in generated code; numbers in the payload do not get mixed up."""

    class Odd:
        __hash__ = None  # type: ignore[assignment]  # that it cannot be hashed is the point

        def __eq__(self, other: object) -> bool:
            raise ValueError("not comparable")

        def __call__(self, n: int) -> int:
            return n + 1

    hook = defhook(lambda n=9_000_000_001: None, mode="until_success")
    runtime.add_hook(hook, Odd())
    assert hook.run() == hook.run() == 9_000_000_002


def test_traceback_shows_the_text_of_the_code(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """A traceback through generated code shows its line with the function's name."""
    hook = defhook(lambda client, event: None, mode="until_success")
    runtime.add_hook(hook, calls.function("first"), 1)
    runtime.add_hook(hook, calls.function("guard", error=ValueError()), 2)
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - any will do
        hook.run("web1", "up")
    shown = "".join(traceback.format_exception(caught.value))
    if runtime.generating:
        assert 'File "<scirehooks hook test-hook>", line 6, in test_hook' in shown
        assert "_scirehooks_result = guard(client, event)" in shown


def test_texts_compiled_are_shared_and_bounded(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """What was compiled is used again; however a hook changes, a payload keeps no more than a hundred texts."""
    hook = defhook()
    runtime.add_hook(hook, calls.function("a"))
    hook.run()
    before = hook.run
    runtime.remove_hook(hook, "a")
    runtime.add_hook(hook, calls.function("a"))
    hook.run()
    if runtime.generating:
        assert hook.run is not before
        assert hook.run.__code__ is before.__code__
    for n in range(110):
        runtime.add_hook(hook, calls.function(f"f{n}"))
        hook.run()
    assert len(hook.payload.templates) <= 102


def test_code_of_each_hook_is_its_own(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """Two hooks of the same payload and functions do not share a code object: each has its name in tracebacks."""
    hooks = [defhook(name=name) for name in ("one-hook", "two-hook")]
    function = calls.function("a")
    for hook in hooks:
        runtime.add_hook(hook, function)
        hook.run()
    assert [hook.run.__code__.co_name for hook in hooks] == ["one_hook", "two_hook"]


def test_closed_runtime_is_let_go(calls: Calls) -> None:
    """Generated code does not keep a runtime alive that has been closed."""
    runtime = Runtime("gone", clock=FakeClock())

    @runtime.defhook
    def test_hook() -> None:
        """Fires for a test."""

    runtime.add_hook(test_hook, calls.function("a"))
    test_hook.run()
    runtime.close()
    gone = weakref.ref(test_hook)
    del runtime, test_hook
    gc.collect()
    assert gone() is None
