from __future__ import annotations

import inspect

import pytest

from scirehooks.hooks import BUILTIN, Runtime, SystemClock
from scirehooks.testing import nothing_left
from tests.hooks.support import MODULE, Calls, DefHook


def test_runtime_declares_its_own_hooks_as_everybody_does(runtime: Runtime) -> None:
    """The hooks of the runtime have contracts, isolate failures, and belong to scirehooks."""
    for name in ("hook-failure-hook", "option-change-hook"):
        hook = runtime.hooks[name]
        assert (hook.owner, hook.on_error, hook.mode) == (BUILTIN, "isolate", "all")
        assert hook.doc.startswith("Fires ")


def test_runtime_without_a_clock_takes_the_machines() -> None:
    """Left to itself a runtime goes by the machine's clock, and starts no thread before it needs one."""
    with nothing_left():
        runtime = Runtime("test")
        assert isinstance(runtime.clock, SystemClock)
        runtime.close()


def test_defhook_takes_rules_or_none(runtime: Runtime) -> None:
    """A hook is declared by a function without a body, with rules or without."""

    @runtime.defhook
    def plain_hook() -> None:
        """Fires plainly."""

    @runtime.defhook(mode="until_success")
    def searching_hook() -> None: ...

    assert (plain_hook.mode, plain_hook.doc) == ("all", "Fires plainly.")
    assert (searching_hook.mode, searching_hook.doc) == ("until_success", "")


def test_declare_takes_the_same_from_data(runtime: Runtime) -> None:
    """A hook may be declared from a signature, as `defhook` at the prompt does."""
    signature = inspect.Signature([inspect.Parameter("client", inspect.Parameter.POSITIONAL_OR_KEYWORD)])
    hook = runtime.declare("my_hook", signature, "Mine.")
    assert runtime.hooks["my-hook"] is hook
    assert hook.payload.names == ("client",)


def test_run_hooks_fires_one_after_another(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """Several hooks are fired in the order named, as often as named; none at all is allowed."""
    one, two = defhook(name="one-hook"), defhook(name="two-hook")
    runtime.add_hook(one, calls.function("one"))
    runtime.add_hook(two, calls.function("two"))
    runtime.run_hooks("one-hook", two, "one_hook")
    runtime.run_hooks()
    assert calls == ["one", "two", "one"]


def test_transaction_of_the_runtime_is_all_or_nothing(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """Whatever is changed through the runtime inside the block is taken back when it fails."""
    hook = defhook()
    runtime.namespace["f"] = calls.function("old")

    def load() -> None:
        runtime.add_hook(hook, "f")
        runtime.namespace["f"] = calls.function("new")
        runtime.advice_add("f", "before", calls.function("advice"))
        runtime.defoption("limit", int, 5)
        runtime.define_command("tell", calls.function("tell"))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), runtime.transaction("load"):
        load()
    runtime.namespace["f"]()
    assert calls == ["old"]
    assert (len(hook), len(runtime.options), len(runtime.commands)) == (0, 0, 0)
    assert "tell" not in runtime.namespace


def test_withdraw_takes_out_exactly_what_an_owner_did(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """Entries, closures among them, advice, commands, options and names go; all of it is one group."""
    hook = defhook()
    runtime.namespace["f"] = calls.function("f")
    runtime.add_hook(hook, "f")
    with runtime.owners.acting(MODULE):
        for n in range(3):
            runtime.add_hook(hook, calls.function(f"closure-{n}"))
        runtime.add_hook(hook, calls.function("local"), local="client:7")
        runtime.advice_add("f", "before", calls.function("advice"))
        runtime.namespace["f"] = calls.function("mine")
        runtime.defoption("limit", int, 5)
        runtime.define_command("tell", calls.function("tell"))
    records = runtime.withdraw(MODULE)
    assert len({record.group for record in records}) == 1
    assert {record.what for record in records} == {"unload"}
    with runtime.scope("client:7"):
        assert calls.since(hook.run) == ["f"]
    assert (len(runtime.options), len(runtime.commands)) == (0, 0)
    runtime.undo()
    with runtime.scope("client:7"):
        assert calls.since(hook.run) == ["local", "closure-2", "closure-1", "closure-0", "advice", "mine"]


def test_closed_runtime_can_still_fire_plain_functions(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """Closing ends what runs by itself; hooks are still hooks."""
    hook = defhook()
    runtime.add_hook(hook, calls.function("a"))
    hook.run()
    runtime.close()
    hook.run()
    assert calls == ["a", "a"]
