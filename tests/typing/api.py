"""The public API as a user types it: mypy checks what each thing is, and `tests/hooks/test_api.py` runs it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine, Iterator, Mapping
from pathlib import Path
from typing import Any, assert_type

from scirehooks import GLOBAL, Defer, Entry, Hook, Runtime, Verdict, Veto, command, effect, on, option, serve
from scirehooks.hooks import (
    Command,
    Effect,
    FiringSpan,
    Lease,
    Module,
    Namespace,
    Option,
    Owner,
    Payload,
    Place,
    Record,
    planning,
)

LIMIT = option(int, 5, unit="messages", doc="Most messages a minute.")


@on("order-paid-hook", depth=10)
def thank(order: str) -> str:
    """Thank for ORDER."""
    return f"thanks for {order}"


@command
def tell_joke(topic: str, *, loud: bool = False) -> str:
    """Tell a joke about TOPIC."""
    return topic.upper() if loud else topic


@command("tell-tale")
def tell(topic: str) -> int:
    """Tell a tale about TOPIC."""
    return len(topic)


@effect
def send(to: str, text: str = "") -> int:
    """Send TEXT to somebody."""
    return len(to + text)


@effect
async def send_later(to: str, /) -> int:
    """Send something to somebody, later."""
    return len(to)


def marks_keep_types() -> None:
    """Marking a function changes nothing about its type, but that an effect may give nothing."""
    assert_type(LIMIT, Option[int])
    assert_type(LIMIT.value, int)
    assert_type(thank("42"), str)
    assert_type(tell_joke("cows", loud=True), str)
    assert_type(tell("cows"), int)
    assert_type(send("root", text="hello"), int | None)
    with planning() as plan:
        send("root")
    assert_type(plan, list[Effect])
    assert_type(plan[0].arguments, dict[str, Any])
    assert_type(send_later, Callable[[str], Coroutine[Any, Any, int | None]])


def declaring(runtime: Runtime) -> None:
    """A declared hook is a Hook, with and without rules, and from data."""

    @runtime.defhook
    def order_paid_hook(order: str) -> None:
        """Fires after ORDER has been paid."""

    @runtime.defhook(mode="ask", on_error="refuse", amend=["order"])
    def pre_order_hook(order: str) -> None:
        """Fires before ORDER is taken."""

    assert_type(order_paid_hook, Hook)
    assert_type(pre_order_hook, Hook)
    assert_type(runtime.declare("my-hook", inspect.Signature(), "Mine.", mode="fold", threaded=True), Hook)
    assert_type(runtime.hooks["order-paid-hook"], Hook)
    assert_type(runtime.hook("my-hook"), Hook)
    assert_type(order_paid_hook.payload, Payload)
    assert_type(order_paid_hook.place, Place | None)
    runtime.defalias_hook("old-hook", "my-hook")


def adding(runtime: Runtime) -> None:
    """Adding gives the entry, removing the entry or None; a hook reads as a list."""
    declaring(runtime)
    hook = runtime.hooks["order-paid-hook"]
    entry = runtime.add_hook(hook, thank, 10, timeout=5, when=lambda order: bool(order), until=Lease(calls=9))
    assert_type(entry, Entry)
    assert_type(entry.depth, float)
    assert_type(entry.name, str | None)
    assert_type(entry.function, Callable[..., Any] | None)
    assert_type(entry.owner, Owner)
    assert_type(runtime.add_hook("order-paid-hook", "later", local="shop:1", before="thank", after=["x"]), Entry)
    assert_type(runtime.find_entry(hook, thank), Entry)
    assert_type(runtime.move_hook(hook, thank, 20), Entry)
    assert_type(runtime.disable(hook, thank), Entry)
    assert_type(runtime.enable(hook, thank), Entry)
    assert_type(runtime.release(hook, thank), Entry)
    assert_type(len(hook), int)
    assert_type(hook[0:1], list[Any])
    assert_type(iter(hook), Iterator[Any])
    assert_type(thank in hook, bool)
    assert_type(hook.entries(), tuple[Entry, ...])
    assert_type(hook.value("shop:1")[0] is GLOBAL, bool)
    hook += print
    hook -= print
    assert_type(hook, Hook)
    assert_type(runtime.remove_hook(hook, thank), Entry | None)


async def firing(runtime: Runtime) -> None:
    """Firing by a rule gives what that rule gives."""
    declaring(runtime)
    hook = runtime.hooks["order-paid-hook"]
    runtime.add_hook(hook, thank)
    assert_type(hook.run("42"), Any)
    assert_type(hook(order="42"), Any)
    assert_type(await hook.arun("42"), Any)
    assert_type(hook.until_success("42"), Any)
    assert_type(hook.until_failure("42"), Any)
    assert_type(hook.fold("42"), Any)
    assert_type(hook.wrapped(lambda function, order: function(order), "42"), Any)
    hook.all("42")
    with runtime.scope("shop:1", "town:2"):
        runtime.run_hooks("my-hook", runtime.hooks["my-hook"])
    runtime.run_hook_with_args("order-paid-hook", "42")
    assert_type(runtime.run_hook_with_args_until_success(hook, "42"), Any)
    assert_type(runtime.run_hook_with_args_until_failure(hook, order="42"), Any)
    assert_type(runtime.run_hook_wrapped(hook, lambda function, order: function(order), "42"), Any)


def asking(runtime: Runtime) -> None:
    """Asking gives a verdict."""
    declaring(runtime)
    hook = runtime.hooks["pre-order-hook"]

    def not_on_fridays(order: str) -> None:
        raise Veto("not on Fridays") if order == "41" else Defer(60, "come back later")

    runtime.add_hook(hook, not_on_fridays)
    verdict = hook.ask("42")
    assert_type(verdict, Verdict)
    assert_type(bool(verdict), bool)
    assert_type(verdict.payload, dict[str, Any])
    assert_type(verdict.refused_by, Entry | None)
    assert_type(verdict.amended, tuple[tuple[Entry, str], ...])
    assert_type(verdict.error, BaseException | None)
    assert_type(verdict.defer, float | None)


def names(runtime: Runtime) -> None:
    """Names, commands, options and modules are mappings."""
    module = Owner("module", "audit", "/modules/audit.py")
    assert_type(runtime.namespace, Namespace)
    assert_type(runtime.namespace["runtime"], Any)
    assert_type(runtime.commands, Mapping[str, Command])
    assert_type(runtime.options, Mapping[str, Option[Any]])
    assert_type(runtime.modules, Mapping[str, Module])
    assert_type(runtime.define_command("tell", tell), Command)
    assert_type(runtime.defoption("limit", int, 5), Option[Any])
    runtime.set_option("limit", 7)
    runtime.namespace["target"] = tell
    runtime.advice_add("target", "around", lambda function, *args: function(*args), name="mine")
    runtime.advice_remove("target", "mine")
    with runtime.owners.acting(module, actor="root"):
        assert_type(runtime.owners.current(), Owner)


def taking_back(runtime: Runtime) -> None:
    """What was taken back is told in records."""
    declaring(runtime)
    with runtime.transaction("load") as records:
        runtime.add_hook("my-hook", print)
    assert_type(records, list[Record])
    assert_type(runtime.undo(), list[Record])
    assert_type(runtime.redo(), list[Record])
    assert_type(runtime.withdraw(Owner("module", "audit")), list[Record])


def tracing(runtime: Runtime) -> None:
    """A trace is a tree of spans."""
    declaring(runtime)
    runtime.trace("my-hook")
    runtime.hooks["my-hook"].run()
    runtime.untrace("my-hook")
    assert_type(runtime.traces.firings[0], FiringSpan)


def running(runtime: Runtime) -> None:
    """Owned helpers give nothing back; whoever is unloaded has them stopped."""

    async def work() -> None:
        """Do nothing."""

    runtime.every(60, lambda: None)
    runtime.after(60, lambda: None)
    runtime.task(work())
    runtime.thread(lambda: None)
    runtime.resource("route", "/hello", lambda: None, lambda: None)
    runtime.close()


def serving(runtime: Runtime) -> None:
    """A program lets shells in as long as the block lasts."""
    with serve(runtime, "/run/shop/control.sock", title="the shop") as served:
        assert_type(served.path, Path)
