from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from scirehooks.errors import UndefinedFunctionError
from scirehooks.hooks import Runtime
from tests.hooks.support import MODULE, Calls, DefHook


@pytest.fixture
def target(runtime: Runtime, calls: Calls) -> Callable[..., Any]:
    """Call the function `target`, by name, with 1 and 2; it returns "target" and notes its call."""

    def target(*args: Any) -> Any:
        calls.append(f"target{args}")
        return "target" if args != (0,) else 0

    runtime.namespace["target"] = target
    return lambda *args: runtime.namespace["target"](*(args or (1, 2)))


def advise(runtime: Runtime, calls: Calls, how: str, called: str = "a", result: Any = "a", **keywords: Any) -> Any:
    """Put a function that notes its call as advice on `target`; return it."""

    def advice(*args: Any) -> Any:
        calls.append(f"{called}{args}" if how != "around" else called)
        return args[0](*args[1:]) if how == "around" else result

    advice.__name__ = advice.__qualname__ = called
    runtime.advice_add("target", how, advice, **keywords)
    return advice


@pytest.mark.parametrize(
    ("how", "result", "expected", "called"),
    [
        ("around", None, "target", ["a", "target(1, 2)"]),
        ("before", "a", "target", ["a(1, 2)", "target(1, 2)"]),
        ("after", "a", "target", ["target(1, 2)", "a(1, 2)"]),
        ("override", "a", "a", ["a(1, 2)"]),
        ("before-while", "a", "target", ["a(1, 2)", "target(1, 2)"]),
        ("before-while", 0, 0, ["a(1, 2)"]),
        ("before-until", "a", "a", ["a(1, 2)"]),
        ("before-until", 0, "target", ["a(1, 2)", "target(1, 2)"]),
        ("after-while", "a", "a", ["target(1, 2)", "a(1, 2)"]),
        ("after-until", "a", "target", ["target(1, 2)"]),
        (":after_until", "a", "target", ["target(1, 2)"]),
        ("filter-args", [5], "target", ["a([1, 2],)", "target(5,)"]),
        ("filter-return", "a", "a", ["target(1, 2)", "a('target',)"]),
    ],
)
def test_advice_of_each_kind_does_as_in_emacs(
    runtime: Runtime, calls: Calls, target: Callable[..., Any], how: str, result: Any, expected: Any, called: list[str]
) -> None:
    """Each kind calls advice and function in its order, and gives the result that nadvice.el gives."""
    advise(runtime, calls, how, result=result)
    assert target() == expected
    assert calls == called


@pytest.mark.parametrize(("how", "expected", "called"), [("after-while", 0, 1), ("after-until", "a", 2)])
def test_advice_after_a_false_result(
    runtime: Runtime, calls: Calls, target: Callable[..., Any], how: str, expected: Any, called: int
) -> None:
    """Advice behind a function depends on what the function gave."""
    advise(runtime, calls, how)
    assert target(0) == expected
    assert len(calls) == called


def test_advice_newest_is_outermost_and_depth_orders(
    runtime: Runtime, calls: Calls, target: Callable[..., Any]
) -> None:
    """Of equal depth the newest is outermost, above 0 as well; the least depth is outside of all."""
    for name, depth in [("a", 0), ("b", 0), ("c", 50), ("d", 50), ("e", -50)]:
        advise(runtime, calls, "around", name, depth=depth)
    target()
    assert calls == ["e", "b", "a", "d", "c", "target(1, 2)"]


def test_advice_added_again_moves(runtime: Runtime, calls: Calls, target: Callable[..., Any]) -> None:
    """Adding advice again puts it to its new place in its new kind, unlike a function in a hook."""
    a = advise(runtime, calls, "before", "a")
    advise(runtime, calls, "before", "b")
    assert calls.since(target) == ["b(1, 2)", "a(1, 2)", "target(1, 2)"]
    runtime.advice_add("target", "before", a)
    assert calls.since(target) == ["a(1, 2)", "b(1, 2)", "target(1, 2)"]
    runtime.advice_add("target", "after", a)
    assert calls.since(target) == ["b(1, 2)", "target(1, 2)", "a(1, 2)"]


def test_advice_with_a_label_is_replaced_by_the_next_of_that_label(
    runtime: Runtime, calls: Calls, target: Callable[..., Any]
) -> None:
    """The label is what advice is known by, if it has one."""
    advise(runtime, calls, "around", "a", name="mine")
    advise(runtime, calls, "around", "b", name="mine")
    target()
    assert calls == ["b", "target(1, 2)"]
    runtime.advice_remove("target", "mine")
    assert target() == "target"
    assert len(runtime.namespace.advice.of("target")) == 0


def test_advice_without_a_name_takes_the_place_of_the_same_with_one(
    runtime: Runtime, calls: Calls, target: Callable[..., Any]
) -> None:
    """Advice added by its function alone is known by that: it replaces the same function under a name, as in Emacs."""
    a = advise(runtime, calls, "before", "a", name="mine")
    advise(runtime, calls, "before", "b", name="other")
    runtime.advice_add("target", "after", a)
    target()
    assert calls == ["b(1, 2)", "target(1, 2)", "a(1, 2)"]
    assert len(runtime.namespace.advice.of("target")) == 2


def test_advice_removed_by_function_leaves_the_others(
    runtime: Runtime, calls: Calls, target: Callable[..., Any]
) -> None:
    """Removing takes off the advice meant, labelled or not, and no other; removing what is not there is no error."""
    a = advise(runtime, calls, "around", "a")
    runtime.advice_add("target", "around", a, name="again")
    advise(runtime, calls, "around", "b")
    runtime.advice_remove("target", a)
    runtime.advice_remove("target", len)
    runtime.advice_remove("other", a)
    target()
    assert calls == ["b", "target(1, 2)"]


def test_advice_held_by_name_binds_late(runtime: Runtime, calls: Calls, target: Callable[..., Any]) -> None:
    """Advice given by name is found when the target is called; undefined, that is an error."""
    runtime.advice_add("target", "before", "late")
    with pytest.raises(UndefinedFunctionError, match="The advice function 'late' is not defined"):
        target()
    runtime.namespace["late"] = calls.function("late")
    target()
    assert calls == ["late", "target(1, 2)"]
    runtime.advice_remove("target", "late")
    assert target() == "target"


def test_advice_may_be_what_python_comes_with(
    runtime: Runtime, capsys: pytest.CaptureFixture[str], target: Callable[..., Any]
) -> None:
    """A name means in advice what it means in a hook."""
    runtime.advice_add("target", "before", "print")
    target()
    assert capsys.readouterr().out == "1 2\n"


def test_advised_function_is_known_by_its_name_to_who_kept_it(runtime: Runtime, calls: Calls, defhook: DefHook) -> None:
    """A program has the function as it was, and means the one that is advised now: it is in the hook once."""
    hook, bill = defhook(), calls.function("bill")
    runtime.namespace["bill"] = bill
    runtime.add_hook(hook, bill)
    runtime.advice_add("bill", "override", calls.function("other"))
    runtime.add_hook(hook, bill)
    assert [entry.held for entry in hook.entries()] == ["bill"]
    hook.run()
    assert calls == ["other"]
    runtime.namespace["bill"] = calls.function("bill")
    assert runtime.add_hook(hook, bill).held is bill  # it is not what the name means any more
    runtime.remove_hook(hook, bill)
    assert [entry.held for entry in hook.entries()] == ["bill"]


def test_advice_known_to_the_namespace_is_held_by_name(
    runtime: Runtime, calls: Calls, target: Callable[..., Any]
) -> None:
    """Advice added as an object that its name stands for is held by the name, and found by either."""
    runtime.namespace["early"] = early = calls.function("early")
    runtime.advice_add("target", "before", early)
    runtime.namespace["early"] = calls.function("newer")
    target()
    assert calls == ["newer", "target(1, 2)"]
    runtime.advice_remove("target", "early")
    assert calls.since(target) == ["target(1, 2)"]


def test_advice_stays_when_its_target_is_redefined_and_goes_when_it_is_deleted(
    runtime: Runtime, calls: Calls, target: Callable[..., Any]
) -> None:
    """Setting a name keeps its advice (Emacs: defalias), deleting it does not (fmakunbound)."""
    advise(runtime, calls, "before")
    runtime.namespace["target"] = lambda *args: "new"
    assert target() == "new"
    assert calls == ["a(1, 2)"]
    del runtime.namespace["target"]
    runtime.namespace["target"] = lambda *args: "newest"
    assert calls.since(target) == []


def test_advice_on_what_is_not_defined_waits(runtime: Runtime, calls: Calls) -> None:
    """Advice may come before the function; what is not callable meanwhile is left alone."""
    runtime.advice_add("target", "before", calls.function("a"))
    assert "target" not in runtime.namespace
    runtime.namespace["target"] = 42
    assert runtime.namespace["target"] == 42
    runtime.namespace["target"] = lambda: "late"
    assert runtime.namespace["target"]() == "late"
    assert calls == ["a"]


def test_advised_function_in_a_hook_runs_with_its_advice(
    runtime: Runtime, defhook: DefHook, calls: Calls, target: Callable[..., Any]
) -> None:
    """A hook that holds the name meets the advice; one that holds the object does not; advice steers the search."""
    by_name, by_object = defhook(mode="until_success"), defhook(name="object-hook", mode="until_success")
    function = runtime.namespace["target"]
    runtime.add_hook(by_name, "target")
    by_object_entry = runtime.add_hook(by_object, lambda: function())
    advise(runtime, calls, "filter-return", result=None)
    assert by_name.run() is None
    assert by_object.run() == "target"
    assert by_object_entry in by_object.entries()


def test_advice_changed_during_a_call_counts_from_the_next(
    runtime: Runtime, calls: Calls, target: Callable[..., Any]
) -> None:
    """A call under way goes on with the advice it began with."""

    def remove(*args: Any) -> None:
        calls.append("remove")
        runtime.advice_remove("target", remove)

    advise(runtime, calls, "before", "inner")
    runtime.advice_add("target", "before", remove)
    target()
    assert calls == ["remove", "inner(1, 2)", "target(1, 2)"]
    assert calls.since(target) == ["inner(1, 2)", "target(1, 2)"]


def test_advice_of_an_unknown_kind_or_no_function_is_refused(runtime: Runtime) -> None:
    """A misspelt kind is answered with those there are."""
    with pytest.raises(ValueError, match="There is no advice 'arround'; it is one of around, before"):
        runtime.advice_add("target", "arround", len)
    with pytest.raises(TypeError, match="advice-add target: 5 is neither a function"):
        runtime.advice_add("target", "around", 5)  # type: ignore[arg-type]  # that is what is tested


def test_advice_of_a_module_goes_with_it(runtime: Runtime, calls: Calls, target: Callable[..., Any]) -> None:
    """Unloading takes off the advice that a module put on another's function; undo brings it back."""
    with runtime.owners.acting(MODULE):
        advise(runtime, calls, "before")
    assert runtime.journal.records[-1].subject == "advice audit.a on target"
    runtime.withdraw(MODULE)
    assert calls.since(target) == ["target(1, 2)"]
    runtime.undo()
    assert calls.since(target) == ["a(1, 2)", "target(1, 2)"]


def test_record_of_advice_that_is_gone_still_names_it(runtime: Runtime) -> None:
    """The journal names the advice by its label when it is there, else by what it was known by."""
    runtime.advice_add("target", "before", len, name="mine")
    record = runtime.journal.records[-1]
    assert record.subject == "advice mine on target"
    runtime.advice_remove("target", "mine")
    assert record.subject == "advice ('name', 'mine') on target"


# -- coroutine functions


@pytest.mark.parametrize(
    ("how", "result", "expected", "called"),
    [
        ("around", None, "target", ["a", "target(1, 2)"]),
        ("before", "a", "target", ["a(1, 2)", "target(1, 2)"]),
        ("after", "a", "target", ["target(1, 2)", "a(1, 2)"]),
        ("override", "a", "a", ["a(1, 2)"]),
        ("before-while", 0, 0, ["a(1, 2)"]),
        ("before-until", 0, "target", ["a(1, 2)", "target(1, 2)"]),
        ("after-while", "a", "a", ["target(1, 2)", "a(1, 2)"]),
        ("after-until", "a", "target", ["target(1, 2)"]),
        ("filter-args", [5, 6], "target", ["a([1, 2],)", "target(5, 6)"]),
        ("filter-return", "a", "a", ["target(1, 2)", "a('target',)"]),
    ],
)
@pytest.mark.parametrize("target_waits", [False, True], ids=["plain target", "coroutine target"])
def test_coroutine_advice_of_each_kind_is_awaited(
    runtime: Runtime, defhook: DefHook, calls: Calls, how: str, result: Any, expected: Any, called: list[str],
    target_waits: bool,
) -> None:  # fmt: skip
    """A coroutine function advises a plain function as well as another; in a hook it runs as any entry does."""

    def target(a: int, b: int) -> str:
        calls.append(f"target{(a, b)}")
        return "target"

    async def waiting(a: int, b: int) -> str:
        await asyncio.sleep(0)
        return target(a, b)

    async def advice(*args: Any) -> Any:
        await asyncio.sleep(0)
        calls.append(f"a{args}" if how != "around" else "a")
        if how != "around":
            return result
        return await args[0](*args[1:]) if target_waits else args[0](*args[1:])

    hook = defhook(lambda a, b: None, mode="until_success")
    runtime.namespace["target"] = waiting if target_waits else target
    runtime.add_hook(hook, "target")
    if not target_waits:
        assert hook.run(1, 2) == "target"
    runtime.advice_add("target", how, advice)
    assert calls.since(lambda: hook.run(1, 2)) == called
    assert asyncio.run(hook.arun(1, 2)) == (expected or None)
    assert asyncio.run(runtime.namespace["target"](1, 2)) == expected
    runtime.advice_remove("target", advice)
    assert calls.since(lambda: hook.run(1, 2)) == ["target(1, 2)"]


def test_plain_advice_waits_for_the_coroutine_function_that_it_comes_after(runtime: Runtime, calls: Calls) -> None:
    """What comes after a coroutine function comes after its end, and filters its result, not the coroutine."""
    runtime.namespace["target"] = calls.coroutine("target", result=20)
    runtime.advice_add("target", "after", calls.function("after"))
    runtime.advice_add("target", "filter-return", lambda result: result + 1)
    assert asyncio.run(runtime.namespace["target"]()) == 21
    assert calls == ["target", "after"]


def test_advice_that_becomes_a_coroutine_function_makes_its_target_one(
    runtime: Runtime, defhook: DefHook, calls: Calls
) -> None:
    """Advice held by a name, directly or through other advice, is looked at again when the name is defined anew."""
    hook = defhook()
    for name in ("target", "outer", "inner"):
        runtime.namespace[name] = calls.function(name)
    runtime.add_hook(hook, "target")
    runtime.advice_add("target", "before", "outer")
    runtime.advice_add("outer", "before", "inner")
    assert calls.since(hook.run) == ["inner", "outer", "target"]
    runtime.namespace["inner"] = calls.coroutine("waiting")
    assert calls.since(hook.run) == ["waiting", "outer", "target"]
    runtime.namespace["inner"] = calls.function("plain")
    assert calls.since(hook.run) == ["plain", "outer", "target"]
    assert runtime.namespace["target"]() is None


def test_advice_in_a_ring_can_be_defined(runtime: Runtime, calls: Calls) -> None:
    """Two names that advise each other are an endless recursion when called, and not before."""
    for name in "ab":
        runtime.namespace[name] = calls.function(name)
    runtime.advice_add("a", "before", "b")
    runtime.advice_add("b", "before", "a")
    runtime.namespace["a"] = calls.function("a")
    with pytest.raises(RecursionError):
        runtime.namespace["a"]()
