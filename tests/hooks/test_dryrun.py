from __future__ import annotations

import functools
import threading
from typing import Any

import pytest

from scirehooks.errors import Veto
from scirehooks.hooks import (
    DryRun,
    Effect,
    Entry,
    Lease,
    Outcome,
    Runtime,
    dry_run_of,
    dry_running,
    effect,
    offer_dry_run,
    outcomes_of,
    outcomes_of_verdict,
    planned_instead,
    witnessing,
)
from tests.hooks.support import Calls, DefHook


def labels(entries: Any) -> list[str]:
    return [entry.label for entry in entries]


class Program:
    """Stands for what is started outside."""

    leaves_the_process = True

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def __call__(self) -> None:
        """Start it."""
        self._calls.append("program")


# -- who is called


def test_dry_run_of_an_asked_hook_asks_plain_functions(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """A function that is asked decides and does nothing else, so it is asked; a program is not started."""
    hook = defhook(mode="ask", on_error="refuse")
    runtime.add_hook(hook, calls.function("a"), 1)
    runtime.add_hook(hook, Program(calls), 2, label="program")
    runtime.add_hook(hook, calls.function("b"), 3)
    with dry_running() as run:
        assert run.fire(hook).allowed
    (firing,) = run.firings
    assert (calls, labels(firing.called), labels(firing.unknown)) == (["a", "b"], ["a", "b"], ["program"])
    assert [(name, entry.label) for name, entry in run.unknown] == [("test-hook", "program")]
    assert firing.verdict is not None
    assert labels(firing.verdict.asked) == ["a", "b"]


@pytest.mark.parametrize("wrapped", [lambda program: program, functools.partial])
def test_dry_run_starts_a_program_only_by_leave(runtime: Runtime, defhook: DefHook, calls: Calls, wrapped: Any) -> None:
    """What leaves the process is found behind a partial, too; added with `dry_run=True` it is called."""
    hook = defhook(mode="ask")
    runtime.add_hook(hook, wrapped(Program(calls)), label="unasked")
    runtime.add_hook(hook, wrapped(Program(calls)), dry_run=True, label="by leave")
    with dry_running() as run:
        run.fire(hook)
    assert (labels(run.firings[0].called), labels(run.firings[0].unknown)) == (["by leave"], ["unasked"])
    assert calls == ["program"]


def test_dry_run_sees_through_advice(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """Advice around a program makes it no plain function."""
    hook = defhook(mode="ask")
    runtime.namespace["ask_root"] = Program(calls)
    runtime.advice_add("ask_root", "before", lambda: None)
    runtime.add_hook(hook, "ask_root")
    with dry_running() as run:
        run.fire(hook)
    assert (calls, labels(run.firings[0].unknown)) == ([], ["ask_root"])


@pytest.mark.parametrize("mode", ["all", "until_success", "until_failure"])
def test_dry_run_of_a_hook_whose_functions_act_calls_those_with_leave(
    runtime: Runtime, defhook: DefHook, calls: Calls, mode: str
) -> None:
    """Functions that are there to act are unknown unless they were added with `dry_run=True`."""
    hook = defhook(mode=mode)
    runtime.add_hook(hook, calls.function("acts"), 1)
    runtime.add_hook(hook, calls.function("may", result=True), 2, dry_run=True)
    with dry_running() as run:
        run.fire(hook)
    assert (calls, labels(run.firings[0].unknown)) == (["may"], ["acts"])
    assert run.firings[0].verdict is None


def test_dry_run_of_a_fold_calls_everybody_but_deliveries(runtime: Runtime, defhook: DefHook) -> None:
    """What hands on what it gets does nothing else; what is delivered is sent."""
    hook = defhook(lambda text: None, mode="fold")
    runtime.add_hook(hook, lambda text: text.upper(), 1)
    runtime.add_hook(hook, lambda text: text.strip(), 2, deliver=True, label="sent")
    with dry_running() as run:
        assert run.fire(hook, text=" a ") == " A "
    assert labels(run.firings[0].unknown) == ["sent"]


def test_dry_run_passes_over_what_a_firing_passes_over(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """A disabled function is nobody's question; one in quarantine goes on refusing where errors refuse."""
    hook = defhook(mode="ask", on_error="refuse", failure_limit=1)
    runtime.add_hook(hook, calls.function("off"))
    runtime.disable(hook, "off")
    bad = runtime.add_hook(hook, calls.function("bad", error=ValueError("x")), 1)
    hook.run()
    with dry_running() as run:
        verdict = run.fire(hook)
    assert verdict.refused_by.number == bad.number
    assert "quarantined" in verdict.reason
    assert (labels(run.firings[0].called), run.unknown) == ([], ())


def test_dry_run_of_named_entries_only(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """One function can be tried on its own."""
    hook = defhook(mode="ask")
    runtime.add_hook(hook, calls.function("a"))
    one = runtime.add_hook(hook, calls.function("b"))
    with dry_running() as run:
        run.fire(hook, [one])
    assert calls == ["b"]


# -- what it leaves


def test_dry_run_counts_no_failure_and_uses_up_no_lease(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """Trying a function changes nothing about it: not its health, not the calls that it has left."""
    hook = defhook(on_error="isolate")
    bad = runtime.add_hook(hook, calls.function("bad", error=ValueError("x")), dry_run=True)
    twice = runtime.add_hook(hook, calls.function("twice"), 1, dry_run=True, until=Lease(calls=2))
    over = runtime.add_hook(hook, calls.function("over"), 2, dry_run=True, until=Lease(calls=0))
    before = len(runtime.journal.records)
    with dry_running() as run:
        run.fire(hook)
    assert calls == ["bad", "twice"]
    assert [(entry.label, str(error)) for entry, error in run.firings[0].failed] == [("bad", "x")]
    assert (bad.health.failures, twice.until and twice.until.calls) == (0, 2)
    assert over in hook.entries()
    assert len(runtime.journal.records) == before


def test_dry_run_does_not_forget_failures(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """A function that works when it is tried has still failed in earnest before."""
    hook = defhook(mode="ask", on_error="isolate")
    entry = runtime.add_hook(hook, calls.function("a"))
    entry.health.consecutive = 2
    with dry_running() as run:
        run.fire(hook)
    assert entry.health.consecutive == 2


def test_dry_run_writes_effects_down_with_whose_they_are(runtime: Runtime, defhook: DefHook) -> None:
    """Each effect is in the plan, in order, under the function that would have caused it."""

    @effect
    def send(to: str) -> None:
        raise AssertionError("sent")

    hook = defhook()
    runtime.add_hook(hook, lambda: None, 1, dry_run=True, label="quiet")
    runtime.add_hook(hook, lambda: [send("root"), send("bob")], 2, dry_run=True, label="loud")
    runtime.add_hook(hook, lambda: planned_instead("restart", {"unit": "cron"}), 3, dry_run=True, label="last")
    with dry_running() as run:
        planned_instead("before", {})
        run.fire(hook)
    name = send.__qualname__
    assert [(entry.label, act) for entry, act in run.firings[0].effects] == [
        ("loud", Effect(name, {"to": "root"})),
        ("loud", Effect(name, {"to": "bob"})),
        ("last", Effect("restart", {"unit": "cron"})),
    ]
    assert [act.name for act in run.effects] == ["before", name, name, "restart"]


def test_dry_run_blames_who_began_the_thread(runtime: Runtime, defhook: DefHook) -> None:
    """What a thread does in the turn of a later function, or after the firing, is still of him who began it."""
    go, done = (threading.Event(), threading.Event()), (threading.Event(), threading.Event())

    def later() -> None:
        for wait, tell in zip(go, done, strict=True):
            wait.wait(10)
            planned_instead("late", {})
            tell.set()

    def waits() -> None:
        planned_instead("own", {})
        go[0].set()
        assert done[0].wait(10)

    hook = defhook()
    thread = threading.Thread(target=later)
    runtime.add_hook(hook, lambda: thread.start(), 1, dry_run=True, label="begins")
    runtime.add_hook(hook, waits, 2, dry_run=True, label="waits")
    with dry_running() as run:
        run.fire(hook)
        planned_instead("outside", {})
        go[1].set()
        assert done[1].wait(10)
    thread.join()
    blamed = [(entry.label, act.name) for entry, act in run.firings[0].effects]
    assert blamed == [("begins", "late"), ("begins", "late"), ("waits", "own")]
    assert [act.name for act in run.effects] == ["own", "late", "outside", "late"]


# -- how it ends


def test_dry_run_that_is_refused_says_who_was_not_asked(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """After a refusal nobody is asked: a program behind it is no more unknown than anybody else."""
    hook = defhook(mode="ask", on_error="refuse")
    runtime.add_hook(hook, Program(calls), 1, label="first")
    entries = [runtime.add_hook(hook, calls.function("no", error=Veto("not today")), 2)]
    runtime.add_hook(hook, calls.function("late"), 3)
    runtime.add_hook(hook, Program(calls), 4, label="last")
    with dry_running() as run:
        verdict = run.fire(hook)
    assert (verdict.refused_by, verdict.reason) == (entries[0], "not today")
    assert labels(verdict.not_asked) == ["late", "last"]
    firing = run.firings[0]
    assert (labels(firing.called), labels(firing.unknown)) == (["no"], ["first"])
    assert calls == ["no"]


def test_dry_run_raises_what_a_firing_raises(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """The firing is in the record even then."""
    hook = defhook()
    runtime.add_hook(hook, calls.function("a", error=KeyError("disk")), dry_run=True)
    with dry_running() as run, pytest.raises(KeyError, match="disk"):
        run.fire(hook)
    assert isinstance(run.firings[0].error, KeyError)


def test_dry_run_keeps_amendments_and_failures_in_terms_of_the_entries(
    runtime: Runtime, defhook: DefHook, calls: Calls
) -> None:
    """The verdict names the very entries of the hook."""
    hook = defhook(lambda port: None, mode="ask", on_error="isolate", amend=["port"])
    amends = runtime.add_hook(hook, lambda port: {"port": port + 1}, 1)
    fails = runtime.add_hook(hook, calls.function("fails", error=ValueError("x")), 2)
    with dry_running() as run:
        verdict = run.fire(hook, port=22)
    assert (verdict.payload, verdict.amended) == ({"port": 23}, ((amends, "port"),))
    assert [entry for entry, _ in verdict.failed] == [fails]


# -- what is offered to `would`, and how functions fared


def test_dry_run_is_offered_by_a_function() -> None:
    """`would` finds how a command is tried; most commands cannot be."""

    def order() -> None: ...

    def dry() -> DryRun:
        return DryRun([], [])

    assert dry_run_of(order) is None
    offer_dry_run(order, dry)
    assert dry_run_of(order) is dry


def test_outcomes_say_how_each_function_fared(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """Who was called, who failed and with what; what is switched off was not called."""
    hook = defhook(on_error="isolate")
    good, bad, off = (runtime.add_hook(hook, calls.function(name), n) for n, name in enumerate(("good", "bad", "off")))
    off = runtime.disable(hook, "off")
    fared = outcomes_of((good, bad, off), [(bad, ValueError("x" * 999))])
    assert fared[0] == Outcome("good")
    assert (fared[1].function, fared[1].how[:24], len(fared[1].how)) == ("bad", "failed: ValueError: xxxx", 300)
    assert len(fared) == 2


class Client:
    def __init__(self, port: int) -> None:
        self.port = port


def test_outcomes_of_a_verdict_say_who_amended_failed_and_refused(
    runtime: Runtime, defhook: DefHook, calls: Calls
) -> None:
    """What a field became is in it, whether it is a field of the payload or of something in the payload."""

    def amender(payload: dict[str, Any], key: str, value: Any) -> None:
        payload.update({"note": value} if key == "note" else {"client": Client(value)})

    rules: dict[str, Any] = {"mode": "ask", "on_error": "isolate", "amend": ["port", "note"], "amender": amender}
    hook = defhook(lambda note, client: None, **rules)
    for number, function in enumerate(
        (
            lambda: {"port": 23, "note": "b"},
            calls.function("fails", error=ValueError("x")),
            calls.function("agrees"),
            calls.function("refuses", error=Veto("no")),
        )
    ):
        runtime.add_hook(hook, function, number, label=["amends", "fails", "agrees", "refuses"][number])
    verdict = hook.run("a", Client(22))
    assert outcomes_of_verdict(verdict) == (
        Outcome("amends", "amended port 23, note 'b'"),
        Outcome("fails", "failed: ValueError: x"),
        Outcome("agrees", ""),
        Outcome("refuses", "refused: no"),
    )


def test_witness_sees_failures_that_count_all_the_same(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """Whoever records how a firing went hears of each failure; the entry's health does, too."""
    hook = defhook(on_error="isolate")
    entry: Entry = runtime.add_hook(hook, calls.function("a", error=ValueError("x")))
    with witnessing() as failed:
        hook.run()
    hook.run()
    assert [(each.number, str(error)) for each, error in failed] == [(entry.number, "x")]
    assert entry.health.failures == 2
