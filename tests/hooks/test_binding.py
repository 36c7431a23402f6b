from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

import pytest

from scirehooks.hooks import Runtime
from scirehooks.hooks.binding import slot
from tests.hooks.support import Calls, DefHook


@pytest.mark.parametrize(
    ("meaning", "expected"),
    [
        (lambda event: ("event", event), ("event", 2)),
        (lambda event, client: (event, client), (2, 1)),
        (lambda: "nothing", "nothing"),
        (lambda color: color, "HookSignatureError"),
        (5, "UndefinedFunctionError"),
        (None, "UndefinedFunctionError"),
    ],
)
def test_name_that_changes_during_a_firing_is_called_as_it_wants_to_be(
    runtime: Runtime, defhook: DefHook, meaning: Any, expected: object
) -> None:
    """A function redefined before its turn, with another signature or as none, is called the new way or not at all."""
    hook = defhook(lambda client, event: None, mode="until_success")
    runtime.namespace["late"] = lambda client: client
    changes: list[Callable[[], object]] = []

    def redefine() -> None:
        for change in changes:
            change()

    runtime.add_hook(hook, redefine, 1)
    runtime.add_hook(hook, "late", 2)
    assert hook.run(1, 2) == 1
    changes.append(lambda: runtime.namespace.__setitem__("late", meaning))
    try:
        result = hook.run(1, 2)
    except Exception as error:  # noqa: BLE001 - which one it is, is what is tested
        result = type(error).__name__
    assert result == expected


def test_name_that_becomes_a_coroutine_function_during_a_firing_is_awaited(
    runtime: Runtime, defhook: DefHook, calls: Calls
) -> None:
    """A coroutine function put in the place of a plain one is not just called."""
    hook = defhook()
    runtime.namespace["late"] = calls.function("plain")

    def redefine() -> None:
        runtime.namespace["late"] = calls.coroutine("coroutine")

    runtime.add_hook(hook, redefine, 1)
    runtime.add_hook(hook, "late", 2)
    hook.run()
    assert calls == ["coroutine"]


def test_name_twice_in_a_hook_is_followed_in_each_place(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """One name in two hooks, or below and above a change, means the same everywhere."""
    one, two = defhook(name="one-hook"), defhook(name="two-hook")
    runtime.namespace["late"] = calls.function("old")
    for hook in (one, two):
        runtime.add_hook(hook, "late")
        hook.run()
    runtime.namespace["late"] = calls.function("new")
    assert calls.since(lambda: runtime.run_hooks(one, two)) == ["new", "new"]


def test_code_that_is_gone_is_followed_no_more(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """Code made anew leaves nothing of the old in the way of a name."""
    hook = defhook()
    runtime.namespace["late"] = calls.function("late")
    runtime.add_hook(hook, "late")
    for n in range(5):
        runtime.add_hook(hook, calls.function(f"f{n}"))
        hook.run()
    gc.collect()
    assert len(runtime.namespace.bindings._holders.get("late", ())) <= 1


def test_slots_have_names_of_their_own() -> None:
    """Each call in the code has a global of its own."""
    assert len({slot(index) for index in range(3)}) == 3
