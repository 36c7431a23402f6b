from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from scirehooks.errors import BadVerdictError, Defer, Veto
from scirehooks.hooks import Hook, Runtime, Verdict
from tests.hooks.support import Calls, DefHook


def add(runtime: Runtime, hook: Hook, calls: Calls, **results: Any) -> None:
    """Add functions that return RESULTS, to run in the order given."""
    for depth, (name, result) in enumerate(results.items(), 1):
        runtime.add_hook(hook, calls.function(name, result=result), depth)


# -- all, until_success, until_failure, fold


def test_all_calls_every_function_and_returns_none(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """By the rule `all` results do not matter."""
    hook = defhook()
    add(runtime, hook, calls, a=1, b=None, c=False)
    assert hook.run() is None
    assert calls == ["a", "b", "c"]


@pytest.mark.parametrize("false", [None, 0, "", [], False])
def test_until_success_returns_the_first_true_result(
    runtime: Runtime, defhook: DefHook, calls: Calls, false: object
) -> None:
    """The first result that is true in Python's sense ends the firing and is returned."""
    hook = defhook(mode="until_success")
    add(runtime, hook, calls, a=false, b="yes", c="never")
    assert hook.run() == "yes"
    assert calls == ["a", "b"]


def test_until_success_without_one_returns_none(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """Where no result is true, nor anything in the hook, the answer is None."""
    hook = defhook(mode="until_success")
    assert hook.run() is None
    add(runtime, hook, calls, a=0, b="")
    assert hook.run() is None


@pytest.mark.parametrize("false", [None, 0, "", [], False])
def test_until_failure_returns_the_first_false_result(
    runtime: Runtime, defhook: DefHook, calls: Calls, false: object
) -> None:
    """The first result that is false ends the firing and is returned as it is."""
    hook = defhook(mode="until_failure")
    add(runtime, hook, calls, a=1, b=false, c="never")
    assert hook.run() == false
    assert calls == ["a", "b"]


def test_until_failure_without_one_returns_true(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """Where no result is false the answer is True, not the last result (Emacs: t); so it is for an empty hook."""
    hook = defhook(mode="until_failure")
    assert hook.run() is True
    add(runtime, hook, calls, a=1, b="yes")
    assert hook.run() is True


def test_fold_sends_the_first_argument_through(runtime: Runtime, defhook: DefHook) -> None:
    """Each function gets what the one before made of it, and the rest of the payload; None leaves it."""
    hook = defhook(lambda text, by="!": None, mode="fold")
    runtime.add_hook(hook, lambda text, by: text + by, 1)
    runtime.add_hook(hook, lambda text: None, 2)
    runtime.add_hook(hook, lambda text: text.upper(), 3)
    runtime.add_hook(hook, lambda by, text: text + by, 4)
    assert hook.run("a") == "A!".replace("A", "A!", 1) == "A!!"
    assert hook.run("a", by="?") == "A??"


def test_fold_of_nothing_is_none(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """A hook without a payload has nothing to fold."""
    hook = defhook(mode="fold")
    assert hook.run() is None
    add(runtime, hook, calls, a=1)
    assert hook.run() is None


def test_fold_of_an_empty_hook_is_the_argument(defhook: DefHook) -> None:
    """Where nobody changes it, what comes in goes out."""
    assert defhook(lambda text: None, mode="fold").run("a") == "a"


def test_fold_of_free_arguments_takes_the_first(runtime: Runtime, defhook: DefHook) -> None:
    """A payload of `*args` can be folded too."""
    hook = defhook(lambda *args: None, mode="fold")
    runtime.add_hook(hook, lambda first, second: first + second)
    assert hook.run(1, 2) == 3


def test_explicit_methods_override_the_declared_rule(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """Whatever rule a hook was declared with, each rule is a method, and a function of the runtime."""
    hook = defhook(lambda value=0: None)
    add(runtime, hook, calls, a=1, b=0, c=2)
    assert hook.all() is None  # type: ignore[func-returns-value]  # that it returns None
    assert hook.until_success() == 1
    assert hook.until_failure() == 0
    assert hook.fold(7) == 2
    assert runtime.run_hook_with_args("test-hook", 7) is None  # type: ignore[func-returns-value]  # that it returns None
    assert runtime.run_hook_with_args_until_success("test-hook", value=7) == 1
    assert runtime.run_hook_with_args_until_failure(hook) == 0
    calls.clear()
    runtime.run_hooks("test-hook", hook)
    assert calls == ["a", "b", "c"] * 2


def test_fold_changes_nothing_for_the_caller(runtime: Runtime, defhook: DefHook) -> None:
    """What the functions of another firing see is not what was folded in this one."""
    hook = defhook(lambda n: None, mode="fold")
    runtime.add_hook(hook, lambda n: n + 1)
    assert [hook.run(1), hook.run(1)] == [2, 2]


# -- ask


def test_ask_without_objection_allows(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """None is no objection, nor is an empty amendment; the verdict is true and tells who was asked."""
    hook = defhook(lambda client: None, mode="ask")
    add(runtime, hook, calls, a=None, b={})
    verdict = hook.run("web1")
    assert isinstance(verdict, Verdict)
    assert bool(verdict) is verdict.allowed is True
    assert verdict.payload == {"client": "web1"}
    assert [entry.label for entry in verdict.asked] == ["a", "b"]
    assert (verdict.amended, verdict.not_asked, verdict.reason, verdict.defer) == ((), (), "", None)


@pytest.mark.parametrize("raised", [True, False])
def test_ask_veto_ends_the_asking(runtime: Runtime, defhook: DefHook, calls: Calls, raised: bool) -> None:
    """A veto, raised or returned, refuses; the verdict names who, why, and who was not asked any more."""
    hook, veto = defhook(mode="ask", on_error="refuse"), Veto("not on Fridays")
    runtime.add_hook(hook, calls.function("a"), 1)
    b = runtime.add_hook(hook, calls.function("b", error=veto) if raised else calls.function("b", result=veto), 2)
    c = runtime.add_hook(hook, calls.function("c"), 3)
    verdict = hook.run()
    assert not verdict
    assert (verdict.refused_by, verdict.reason, verdict.error) == (b, "not on Fridays", None)
    assert verdict.not_asked == (c,)
    assert calls == ["a", "b"]
    assert b.health.failures == 0


def test_ask_defer_says_for_how_long(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """To put off is a refusal with a time."""
    hook = defhook(mode="ask")
    runtime.add_hook(hook, calls.function("a", error=Defer(60)))
    verdict = asyncio.run(hook.arun())
    assert (verdict.allowed, verdict.defer, verdict.reason) == (False, 60, "not for another 60 s")


def test_ask_amendments_are_seen_by_the_later_functions(runtime: Runtime, defhook: DefHook) -> None:
    """Each function gets the payload as amended so far, what `**` collects included."""
    hook, seen = defhook(lambda client, **more: None, mode="ask", amend=["client", "port"]), list[Any]()
    first = runtime.add_hook(hook, lambda: {"client": "web2", "port": 23}, 1)
    runtime.add_hook(hook, lambda client, port: seen.append((client, port)), 2)
    second = runtime.add_hook(hook, lambda port: {"port": port + 1}, 3)
    verdict = hook.run("web1", port=22)
    assert seen == [("web2", 23)]
    assert verdict.payload == {"client": "web2", "port": 24}
    assert verdict.amended == ((first, "client"), (first, "port"), (second, "port"))


def test_ask_of_free_arguments_hands_them_on(runtime: Runtime, defhook: DefHook) -> None:
    """What `*args` of the payload holds reaches every function."""
    hook, seen = defhook(lambda client, *args: None, mode="ask"), list[Any]()
    runtime.add_hook(hook, lambda *args: seen.append(args))
    hook.run("web1", 1, 2)
    assert seen == [("web1", 1, 2)]


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (True, "a answered True, which is no verdict. Return None to agree"),
        ("no", "a answered 'no'"),
        ({"client": "web2"}, "tried to amend client. Only port may be amended here."),
    ],
)
def test_ask_nonsense_is_neither_consent_nor_refusal(
    runtime: Runtime, defhook: DefHook, calls: Calls, answer: object, message: str
) -> None:
    """An answer that is no verdict is an error of the function, with what it might have meant."""
    hook = defhook(lambda client, port=22: None, mode="ask", amend=["port"])
    add(runtime, hook, calls, a=answer)
    with pytest.raises(BadVerdictError, match=message):
        hook.run("web1")


def test_ask_amendment_where_none_is_allowed_is_an_error(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """A hook that names nothing to amend cannot be amended; where errors refuse, that refuses."""
    hook = defhook(lambda client: None, mode="ask", on_error="refuse")
    add(runtime, hook, calls, a={"client": "web2"})
    verdict = hook.run("web1")
    assert not verdict
    assert "Nothing may be amended here." in verdict.reason
    assert isinstance(verdict.error, BadVerdictError)


def test_ask_skipped_function_neither_agrees_nor_amends(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """A function whose condition says no has no say."""
    hook = defhook(lambda client: None, mode="ask", on_error="refuse")
    runtime.add_hook(hook, calls.function("a", error=Veto("never")), when=lambda client: client == "web2")
    assert hook.run("web1")
    assert not hook.run("web2")


def test_ask_any_hook_for_verdicts(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """Every hook can be asked; one that raises errors still takes a raised veto for an answer."""
    hook = defhook()
    add(runtime, hook, calls, a=None)
    runtime.add_hook(hook, calls.function("b", error=Veto("no")), 9)
    assert hook.ask().reason == "no"
    with pytest.raises(Veto):
        hook.all()


@pytest.mark.parametrize("mode", ["until_success", "until_failure"])
def test_veto_raised_where_nobody_is_asked_is_an_error(
    runtime: Runtime, defhook: DefHook, calls: Calls, mode: str
) -> None:
    """Only a hook that asks takes a veto for an answer."""
    hook = defhook(mode=mode)
    runtime.add_hook(hook, calls.function("a", error=Veto("no")))
    with pytest.raises(Veto):
        hook.run()


# -- scopes


def test_local_value_runs_with_the_global_one_at_the_marker(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """In a scope the local functions run, and at the marker the global ones (Emacs: t in a local value)."""
    hook = defhook()
    runtime.add_hook(hook, calls.function("global"))
    runtime.add_hook(hook, calls.function("before"), local="client:7")
    runtime.add_hook(hook, calls.function("behind"), 10, local="client:7")
    with runtime.scope("client:7"):
        assert calls.since(hook.run) == ["before", "global", "behind"]
    with runtime.scope("client:8"):
        assert calls.since(hook.run) == ["global"]
    assert calls.since(hook.run) == ["global"]


def test_local_values_of_nested_scopes_all_run(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """The marker of the innermost value stands for the next outer one, and only the last for the global one."""
    hook = defhook()
    for scope in (None, "group:web", "client:7"):
        runtime.add_hook(hook, calls.function(scope or "global"), local=scope)
    with runtime.scope("client:7", "rack:2", "group:web"):
        assert calls.since(hook.run) == ["client:7", "group:web", "global"]
        assert [entry.label for entry in hook.in_force()] == ["client:7", "group:web", "global"]


def test_local_value_that_ends_the_search_skips_the_rest(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """A success in the global part ends the search for the local part behind it, too."""
    hook = defhook(mode="until_success")
    runtime.add_hook(hook, calls.function("global", result=5))
    runtime.add_hook(hook, calls.function("behind"), 10, local="client:7")
    with runtime.scope("client:7"):
        assert hook.run() == 5
    assert calls == ["global"]


def test_local_value_taken_away_meanwhile_leaves_the_global_one(
    runtime: Runtime, defhook: DefHook, calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between finding a local value and reading it another thread may empty it: the global functions still run."""
    hook = defhook()
    runtime.add_hook(hook, calls.function("global"))
    runtime.add_hook(hook, calls.function("local"), local="client:7")
    found = hook.has_local

    def taken_away(scope: object) -> bool:
        answer = found(scope)
        runtime.remove_hook(hook, "local", local="client:7")
        return answer

    monkeypatch.setattr(hook, "has_local", taken_away)
    with runtime.scope("client:7"):
        assert calls.since(hook.run) == ["global"]


def test_local_values_changed_while_firing_disturb_no_firing(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """While another thread fills and empties a local value, every firing runs the global function once."""
    hook, stop = defhook(), threading.Event()
    runtime.add_hook(hook, calls.function("global"))

    def change() -> None:
        functions = [Calls().function(f"f{n}") for n in range(20)]
        while not stop.is_set():
            for function in functions:
                runtime.add_hook(hook, function, local="client:7")
            for function in functions:
                runtime.remove_hook(hook, function, local="client:7")

    thread = threading.Thread(target=change)
    thread.start()
    with runtime.scope("client:7"):
        for _ in range(2_000):
            hook.run()
    stop.set()
    thread.join()
    assert len(calls) == 2_000
