from __future__ import annotations

import asyncio
from typing import Any

import pytest

from scirehooks.errors import ConflictError, HookSignatureError, UnknownNameError
from scirehooks.hooks import GLOBAL, Place, Runtime
from tests.hooks.support import MODULE, Calls, DefHook


def test_hook_reads_as_a_list_in_run_order(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """Length, iteration, membership and indexing see what would be run; names where held by name."""
    hook = defhook()
    a, b = calls.function("a"), calls.function("b")
    runtime.namespace["late"] = calls.function("late")
    for function in (a, b, "late"):
        runtime.add_hook(hook, function, 1)
    assert len(hook) == 3
    assert list(hook) == [a, b, "late"]
    assert (hook[0], hook[-1]) == (a, "late")
    assert (hook[0:1], hook[::-1], hook[5:]) == ([a], list(hook)[::-1], [])
    assert a in hook
    assert "late" in hook
    assert runtime.namespace["late"] in hook
    assert calls.function("a") not in hook
    assert hook.value() == [a, b, "late"]
    with pytest.raises(IndexError):
        hook[3]


def test_hook_that_is_empty_is_still_true(defhook: DefHook) -> None:
    """A hook is there even when it is empty: `if hook:` asks for that."""
    hook = defhook()
    assert hook
    assert repr(hook) == "<Hook test-hook: empty>"


def test_hook_shown_names_its_functions(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """At the prompt a hook shows its functions in order."""
    hook = defhook()
    for name in "ab":
        runtime.add_hook(hook, calls.function(name), 1)
    assert repr(hook) == "<Hook test-hook: a, b>"


def test_hook_takes_and_gives_functions_by_operators(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """`+=` adds and `-=` removes, as the functions do; removing what is not there is no error."""
    hook = same = defhook()
    a = calls.function("a")
    hook += a
    hook += a
    assert list(hook) == [a]
    hook -= a
    hook -= a
    assert list(hook) == []
    assert hook is same


def test_hook_is_a_variable_of_the_namespace(runtime: Runtime, calls: Calls) -> None:
    """A hook is in the namespace under its name with underscores, where `+=` works as in a file."""

    @runtime.defhook
    def order_paid_hook(order: str) -> None:
        """Fires after ORDER has been paid."""

    assert runtime.namespace["order_paid_hook"] is order_paid_hook
    view = runtime.namespace.view(MODULE)
    view["a"] = calls.function("a")
    exec("order_paid_hook += a", runtime.namespace.globals, view)
    assert list(order_paid_hook) == ["a"]
    assert runtime.namespace["order_paid_hook"] is order_paid_hook


def test_hook_says_what_it_was_declared_as(runtime: Runtime) -> None:
    """Name, variable, contract, payload, rules, owner and place can be read."""

    def rehearse(fire: Any) -> Any:
        return fire({})

    @runtime.defhook(
        mode="ask", on_error="refuse", amend=["order"], rehearse=rehearse, threaded=True, failure_limit=5,
        owner=MODULE, place=Place("/modules/audit.py", 3),
    )  # fmt: skip
    def order_paid_hook(order: str, by: int = 3) -> None:
        """Fires after ORDER has been paid."""

    hook = order_paid_hook
    assert (hook.name, hook.variable) == ("order-paid-hook", "order_paid_hook")
    assert hook.doc == "Fires after ORDER has been paid."
    assert (hook.mode, hook.on_error, hook.amend, hook.threaded) == ("ask", "refuse", ("order",), True)
    assert (hook.failure_limit, hook.rehearse) == (5, rehearse)
    assert (hook.owner, hook.place) == (MODULE, Place("/modules/audit.py", 3))
    assert [parameter.annotation for parameter in hook.payload.parameters] == [str, int]


def test_hook_with_annotations_that_do_not_resolve_keeps_them_as_text(runtime: Runtime) -> None:
    """An annotation that is not there at run time does not keep a hook from being declared."""

    @runtime.defhook
    def order_paid_hook(order: Unheard) -> None:  # type: ignore[name-defined]  # noqa: F821 - that is the point
        """Fires after ORDER has been paid."""

    assert order_paid_hook.payload.parameters[0].annotation == "Unheard"


def test_find_takes_function_name_label_and_number(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """Every way of naming an entry finds it."""
    hook, function = defhook(), calls.function("a")
    runtime.namespace["late"] = calls.function("late")
    entry, late = runtime.add_hook(hook, function, label="guard:3"), runtime.add_hook(hook, "late")
    for ref in (function, "guard:3", f"#{entry.number}"):
        assert runtime.find_entry(hook, ref) is entry
    for ref in ("late", runtime.namespace["late"], f"#{late.number}"):
        assert runtime.find_entry("test-hook", ref) is late


def test_find_what_is_not_there_says_what_is(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """An unknown function is answered with the nearest ones, or with all there are."""
    hook = defhook()
    with pytest.raises(UnknownNameError, match=r"no function in test-hook called 'audit'\. It is empty"):
        hook.find("audit")
    runtime.add_hook(hook, calls.function("audit"))
    with pytest.raises(UnknownNameError, match="Did you mean audit"):
        hook.find("audti")
    with pytest.raises(UnknownNameError, match=r"'b'\. It holds audit\."):
        hook.find(calls.function("b"))


def test_remove_returns_the_entry_or_nothing(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """Removing gives what was removed; what is not there is no error (Emacs)."""
    hook = defhook()
    entry = runtime.add_hook(hook, calls.function("a"))
    assert runtime.remove_hook(hook, "a", local="client:7") is None
    assert runtime.remove_hook("test_hook", "a") is entry
    assert runtime.remove_hook(hook, "a") is None


def test_adding_what_is_no_function_is_refused(runtime: Runtime, defhook: DefHook) -> None:
    """Neither a number nor None goes into a hook."""
    with pytest.raises(TypeError, match="add-hook test-hook: 5 is neither a function nor the name of one"):
        runtime.add_hook(defhook(), 5)  # type: ignore[arg-type]  # that is what is tested


def test_adding_to_an_unknown_hook_names_the_nearest(runtime: Runtime, defhook: DefHook) -> None:
    """A misspelt hook is refused, unlike in Emacs."""
    defhook()
    with pytest.raises(UnknownNameError, match="Did you mean test-hook"):
        runtime.add_hook("tset-hook", len)


def test_local_value_shows_the_marker(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """A value for a scope is shown as Emacs shows it, the entries without the marker; states have a scope too."""
    hook, a, b = defhook(), calls.function("a"), calls.function("b")
    runtime.add_hook(hook, a, local="client:7")
    runtime.add_hook(hook, b, 10, local="client:7")
    assert hook.value("client:7") == [a, GLOBAL, b]
    assert [entry.label for entry in hook.entries("client:7")] == ["a", "b"]
    assert hook.value("client:8") == []
    assert runtime.disable(hook, "a", local="client:7").state == "disabled"
    assert runtime.enable(hook, "a", local="client:7").state == "active"
    assert runtime.release(hook, "a", local="client:7").state == "active"
    assert runtime.move_hook(hook, "a", 20, local="client:7").depth == 20
    assert runtime.find_entry(hook, "a", local="client:7").depth == 20
    assert hook.value("client:7") == [GLOBAL, b, a]


def test_change_based_on_a_stale_state_is_refused(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """Of two administrators who move the same entry the second is told that it has changed."""
    hook = defhook()
    entry = runtime.add_hook(hook, calls.function("a"))
    runtime.move_hook(hook, "a", 5)
    with pytest.raises(ConflictError, match="a in test-hook has just been changed by somebody else"):
        hook.move(entry, 7, runtime.owners.origin())


def test_wrapped_hands_each_function_to_the_wrapper(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """The wrapper gets each function with the whole payload, until a result is true; it may call it or not."""
    hook = defhook(lambda client, event: None)
    runtime.add_hook(hook, lambda event: calls.append(event), 1, label="first")
    runtime.add_hook(hook, calls.function("off"), 2)
    runtime.add_hook(hook, calls.function("second", result=5), 3)
    runtime.add_hook(hook, calls.function("never"), 4)
    runtime.disable(hook, "off")
    seen = []

    def wrapper(function: Any, client: str, event: str) -> Any:
        seen.append((function.__name__, client, event))
        return function(client, event)

    assert runtime.run_hook_wrapped("test-hook", wrapper, "web1", event="up") == 5
    assert seen == [("first", "web1", "up"), ("second", "web1", "up")]
    assert calls == ["up", "second"]


def test_wrapped_passes_over_what_is_quarantined(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """An entry that was set aside is not handed to the wrapper."""
    hook = defhook(on_error="isolate", failure_limit=1)
    runtime.add_hook(hook, calls.function("a", error=ValueError()))
    hook.run()
    assert hook.wrapped(lambda function: True) is None


def test_wrapped_function_that_is_skipped_has_no_result(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """A function whose condition says no gives the wrapper None, and the walk goes on to the end."""
    hook = defhook(lambda number: None)
    runtime.add_hook(hook, calls.function("a", result=1), when=lambda number: number > 5)
    assert hook.wrapped(lambda function, number: function(number), 3) is None
    assert hook.wrapped(lambda function, number: function(number), 7) == 1


def test_function_redefined_with_another_signature_is_told_at_once(
    runtime: Runtime, defhook: DefHook, caplog: pytest.LogCaptureFixture
) -> None:
    """A name set to a function that does not fit is a warning now and an error when fired; mended, all is well."""
    hook = defhook(lambda client: None, mode="until_success")
    runtime.add_hook(hook, "late")
    runtime.namespace["late"] = lambda color: color
    assert "test-hook holds late, and: " in caplog.text
    with pytest.raises(HookSignatureError, match="'color'"):
        hook.run("web1")
    runtime.namespace["late"] = lambda client: client
    assert hook.run("web1") == "web1"


def test_hook_fired_by_any_of_its_ways_is_the_same(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """Calling the hook, `run` and `arun` follow the declared rule."""
    hook = defhook(lambda n: None, mode="fold")
    runtime.add_hook(hook, lambda n: n + 1)
    assert (hook(1), hook.run(n=1), asyncio.run(hook.arun(1))) == (2, 2, 2)


def test_hook_whose_declaration_is_taken_back_keeps_its_entries(runtime: Runtime, calls: Calls) -> None:
    """A module that declared a hook is unloaded and loaded again: what others put into the hook is still there."""

    def order_paid_hook() -> None:
        """Fires after an order has been paid."""

    def load() -> None:
        runtime.defhook(owner=MODULE)(order_paid_hook)

    load()
    runtime.add_hook("order-paid-hook", calls.function("a"))
    runtime.withdraw(MODULE)
    assert "order-paid-hook" not in runtime.hooks
    assert "order_paid_hook" not in runtime.namespace
    load()
    assert calls.since(runtime.hooks["order-paid-hook"].run) == ["a"]


def test_hook_declared_anew_tells_which_entries_do_not_fit(
    runtime: Runtime, defhook: DefHook, caplog: pytest.LogCaptureFixture
) -> None:
    """What does not fit the new payload is told at once, in local values as well, and is an error when fired."""
    hook = defhook(lambda client, event: None)
    runtime.add_hook(hook, lambda client: None, label="fits")
    runtime.add_hook(hook, lambda event: None, label="misfit")
    runtime.add_hook(hook, lambda event: None, label="local", local="client:7")
    runtime.add_hook(hook, "undefined", 90)
    defhook(lambda client: None)
    told = [record.getMessage().partition(", and: ")[0] for record in caplog.records]
    assert told == ["test-hook holds misfit", "test-hook holds local"]
    with pytest.raises(HookSignatureError, match="'event' is not in it"):
        hook.run(1)
