from __future__ import annotations

import asyncio
import threading
from types import SimpleNamespace
from typing import Any

import pytest

from scirehooks.errors import HookSignatureError, Veto
from scirehooks.hooks import Change, FiringSpan, Runtime
from scirehooks.hooks.trace import Traces
from tests.hooks.support import Calls, DefHook, errors_in


def last(runtime: Runtime) -> FiringSpan:
    """Return the latest tree."""
    return runtime.traces.firings[-1]


def test_trace_shows_each_call_with_time_and_result(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """A firing is a tree: which functions were called in which order, how long, with what result."""
    hook = defhook(mode="until_success")
    entries = [
        runtime.add_hook(hook, calls.function("a"), 1),
        runtime.add_hook(hook, calls.function("b", result="yes"), 2),
    ]
    runtime.add_hook(hook, calls.function("never"), 3)
    runtime.trace(hook)
    assert hook.run() == "yes"
    span = last(runtime)
    assert span.hook == "test-hook"
    assert [call.entry for call in span.calls] == entries
    assert [call.result for call in span.calls] == ["", "'yes'"]
    assert span.duration is not None
    assert all(call.duration is not None and call.duration <= span.duration for call in span.calls)


def test_trace_ends_with_untrace(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """Once untraced, a hook is fired the fast way again and leaves nothing; untracing twice is no error."""
    hook = defhook()
    runtime.add_hook(hook, calls.function("a"))
    runtime.trace("test_hook")
    hook.run()
    runtime.untrace("test-hook")
    runtime.untrace("test-hook")
    hook.run()
    assert len(runtime.traces.firings) == 1
    assert calls == ["a", "a"]


def test_trace_shows_what_was_raised(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """An exception is shown at the call, and at the firing that it left."""
    hook, isolating = defhook(), defhook(name="isolating-hook", on_error="isolate")
    for one in (hook, isolating):
        runtime.add_hook(one, calls.function("a", error=ValueError("no")))
        runtime.trace(one)
    with pytest.raises(ValueError, match="no"):
        hook.run()
    assert (last(runtime).calls[0].error, last(runtime).error) == ("ValueError: no", "ValueError: no")
    isolating.run()
    assert (last(runtime).calls[0].error, last(runtime).error) == ("ValueError: no", "")


def test_trace_shows_verdicts_amendments_and_skips(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """In a hook that asks, a call shows what it amended or why it refused, and whether it was asked at all."""
    hook = defhook(lambda port, host="::1": None, mode="ask", amend=["port"])
    runtime.add_hook(hook, lambda port: {"port": port + 1}, 1)
    runtime.add_hook(hook, calls.function("off"), 2, when=lambda: False)
    runtime.add_hook(hook, calls.function("no", error=Veto("not on Fridays")), 3)
    runtime.trace(hook)
    hook.run(22)
    amends, off, no = last(runtime).calls
    assert (amends.changed, amends.result) == (("port",), "")
    assert off.result == "skipped: its `when` said no, or its lease is over"
    assert (no.verdict, no.error) == ("veto: not on Fridays", "")


class Slotted:
    __slots__ = ("x",)


def test_trace_shows_which_fields_of_the_payload_a_function_changed(runtime: Runtime, defhook: DefHook) -> None:
    """Changes in place, of objects, mappings and lists in the payload, are seen."""
    hook = defhook(lambda client, labels, hosts, other: None)

    def change(client: Any, labels: dict[str, str], hosts: list[str]) -> None:
        client.port = 23
        client.color = "red"
        labels["site"] = "b"
        del labels["old"]
        hosts[0] = "c"

    runtime.add_hook(hook, change)
    runtime.trace(hook)
    hook.run(SimpleNamespace(port=22, name="web1"), {"site": "a", "old": "x"}, ["a", "b"], Slotted())
    assert set(last(runtime).calls[0].changed) == {
        "client.port", "client.color", "labels['site']", "labels['old']", "hosts[0]"
    }  # fmt: skip


def test_trace_shows_nested_firings_as_a_tree(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """What a traced call fires is shown inside it, whether that hook is traced or not."""
    outer, inner = defhook(name="outer-hook"), defhook(name="inner-hook")
    runtime.add_hook(inner, calls.function("a"))
    runtime.add_hook(outer, calls.function("b", do=inner.run))
    runtime.trace(outer)
    outer.run()
    (span,) = runtime.traces.firings
    assert [firing.hook for firing in span.calls[0].firings] == ["inner-hook"]
    assert [call.entry.label for call in span.calls[0].firings[0].calls] == ["a"]
    inner.run()
    assert len(runtime.traces.firings) == 1


def test_trace_only_where_a_condition_holds(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """A condition on the payload chooses the firings; it names what it wants, as functions do."""
    hook = defhook(lambda client, event: None)
    runtime.add_hook(hook, calls.function("a"))
    runtime.trace(hook, when=lambda event: event == "loud")
    hook.run("web1", "quiet")
    hook.run("web1", "loud")
    assert len(runtime.traces.firings) == 1
    assert len(calls) == 2


def test_trace_of_a_condition_that_does_not_fit_is_refused(runtime: Runtime, defhook: DefHook) -> None:
    """A condition on what the payload has not is told at once."""
    hook = defhook(lambda client: None)
    with pytest.raises(HookSignatureError, match="'color'"):
        runtime.trace(hook, when=lambda color: color)
    assert not runtime.traces.on


@pytest.mark.parametrize("mode", ["all", "ask", "until_success"])
def test_trace_whose_condition_fails_leaves_the_firing_alone(
    runtime: Runtime, defhook: DefHook, calls: Calls, mode: str
) -> None:
    """Whoever looks on breaks nothing: the firing is shown, with what was wrong with the condition."""
    hook = defhook(lambda order: None, mode=mode)
    runtime.add_hook(hook, calls.function("a"))
    runtime.trace(hook, when=lambda order: order["site"] == "berlin")
    hook.run({})
    hook.run({"site": "rome"})
    (span,) = runtime.traces.firings
    assert (span.doubt, len(span.calls)) == ("its `when` failed: KeyError: 'site'", 1)
    assert len(calls) == 2


def test_trace_is_told_to_followers(runtime: Runtime, defhook: DefHook) -> None:
    """Whoever follows gets each tree when it is complete."""
    hook, seen = defhook(), list[FiringSpan]()
    runtime.traces.followers.append(seen.append)
    runtime.trace(hook)
    hook.run()
    assert seen == list(runtime.traces.firings)


def test_trace_of_coroutines_shows_each_firing_alone(runtime: Runtime, defhook: DefHook) -> None:
    """Firings under way at the same time do not get into each other's trees."""
    hook = defhook(lambda n: None, mode="until_success")

    async def slow(n: int) -> int:
        await asyncio.sleep(0)
        return n

    runtime.add_hook(hook, slow)
    runtime.trace(hook)

    async def main() -> None:
        await asyncio.gather(*(hook.arun(n) for n in range(1, 6)))

    asyncio.run(main())
    assert sorted(span.calls[0].result for span in runtime.traces.firings) == ["1", "2", "3", "4", "5"]


def test_trace_does_not_follow_a_thread_that_outlives_its_call(
    runtime: Runtime, defhook: DefHook, calls: Calls
) -> None:
    """What a thread begun in a traced call fires later is a firing of its own, and does not grow the old tree."""
    outer, inner = defhook(name="outer-hook"), defhook(name="inner-hook")
    go, done = threading.Event(), threading.Event()

    def later() -> None:
        assert go.wait(10)
        inner.run()
        done.set()

    runtime.add_hook(outer, calls.function("begins", do=lambda: runtime.thread(later)))
    runtime.trace(outer)
    runtime.trace(inner)
    outer.run()
    go.set()
    assert done.wait(10)
    assert [span.hook for span in runtime.traces.firings] == ["outer-hook", "inner-hook"]
    assert runtime.traces.firings[0].calls[0].firings == []


def test_trace_of_coroutines_shows_what_was_raised(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """Fired from a coroutine, an exception is shown as well."""
    hook = defhook()
    runtime.add_hook(hook, calls.coroutine("a", error=ValueError("no")))
    runtime.trace(hook)
    with pytest.raises(ValueError, match="no"):
        asyncio.run(hook.arun())
    assert last(runtime).calls[0].error == "ValueError: no"


@pytest.mark.parametrize("result", [({"a": 1}, 5), SimpleNamespace(error=ValueError("mine")), Veto("no")])
def test_trace_takes_a_result_for_nothing_but_a_result(
    runtime: Runtime, defhook: DefHook, calls: Calls, result: object
) -> None:
    """What a function returns where nobody is asked is shown as its result, whatever it looks like."""
    hook = defhook()
    runtime.add_hook(hook, calls.function("a", result=result))
    runtime.trace(hook)
    hook.run()
    (call,) = last(runtime).calls
    assert (call.result, call.error, call.verdict, call.changed) == (repr(result), "", "", ())


class Nasty:
    def __repr__(self) -> str:
        raise ValueError("do not look")


def test_trace_of_a_result_that_cannot_be_shown_or_is_long(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """A repr that fails does not break the firing, and a long one is cut."""
    hook = defhook()
    runtime.add_hook(hook, calls.function("nasty", result=Nasty()), 1)
    runtime.add_hook(hook, calls.function("long", result="x" * 1000), 2)
    runtime.trace(hook)
    hook.run()
    nasty, long = last(runtime).calls
    assert nasty.result == "<Nasty whose repr failed: ValueError>"
    assert len(long.result) == 200
    assert long.result.endswith("…")


def test_trace_keeps_only_the_last_firings(runtime: Runtime, defhook: DefHook) -> None:
    """Memory stays bounded however long a hook is traced."""
    traces, hook = Traces(kept=3), defhook()
    traces.start("test-hook", None)
    assert traces.on
    for _ in range(5):
        with traces.watch("test-hook", hook.payload, (), {}):
            pass
    assert len(traces.firings) == 3


# -- what is kept of a firing


def test_trace_of_a_wide_firing_keeps_so_many_calls_and_counts_the_rest(
    runtime: Runtime, defhook: DefHook, calls: Calls
) -> None:
    """Memory stays bounded however much one firing fires in turn: all is called, not all is kept."""
    outer, inner = defhook(name="outer-hook"), defhook(name="inner-hook")
    runtime.add_hook(inner, calls.function("a"))

    def often() -> None:
        for _ in range(1000):
            inner.run()

    runtime.add_hook(outer, calls.function("b", do=often))
    runtime.trace(outer)
    outer.run()
    (span,) = runtime.traces.firings
    kept = 1 + sum(1 + len(firing.calls) for firing in span.calls[0].firings)
    assert kept == 200
    # What is fired inside a firing that is not kept is not looked at: it is one of those left out.
    assert span.left_out == 1000 - len(span.calls[0].firings) + 1
    assert len(calls) == 1001


def test_trace_of_a_deep_firing_keeps_so_many_levels(runtime: Runtime, defhook: DefHook) -> None:
    """A ring of firings makes no tree that cannot be shown."""
    hook = defhook(lambda depth: None)

    def again(depth: int) -> None:
        if depth < 60:
            hook.run(depth + 1)

    runtime.add_hook(hook, again)
    runtime.trace(hook)
    hook.run(0)
    (span,) = runtime.traces.firings
    levels, inner = 0, span
    while inner.calls and inner.calls[0].firings:
        levels, inner = levels + 1, inner.calls[0].firings[0]
    assert levels == 20
    assert span.left_out == 40


def test_trace_cuts_long_errors_and_verdicts(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """No function makes a tree big by what it says."""
    hook, asking = defhook(on_error="isolate"), defhook(name="asking-hook", mode="ask")
    runtime.add_hook(hook, calls.function("a", error=ValueError("x" * 9000)))
    runtime.add_hook(asking, calls.function("b", error=Veto("y" * 9000)))
    for one in (hook, asking):
        runtime.trace(one)
        one.run()
    first, second = runtime.traces.firings
    assert len(first.calls[0].error) <= 200
    assert len(second.calls[0].verdict) <= 210


class Speechless(Exception):
    def __str__(self) -> str:
        raise ValueError("no words")


def test_trace_shows_an_error_that_cannot_be_shown(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """An exception whose text fails is named by its class."""
    hook = defhook()
    runtime.add_hook(hook, calls.function("a", error=Speechless()))
    runtime.trace(hook)
    with pytest.raises(Speechless):
        hook.run()
    assert last(runtime).calls[0].error == "Speechless"


# -- what changed


class Record:
    __slots__ = ("labels", "port")

    def __init__(self) -> None:
        self.port = 22
        self.labels = {"site": "a"}


class OneSlot:
    __slots__ = "x"


def test_trace_shows_values_before_and_after(runtime: Runtime, defhook: DefHook) -> None:
    """Fields in slots, and what is inside a field, are seen; a value that is equal has not changed."""
    hook = defhook(lambda client, count, other: None)

    def change(client: Record, count: int) -> None:
        client.port = 10**6 + int("22")
        client.labels["site"] = "b"
        client.labels["new"] = "c"

    def same(client: Record, other: OneSlot) -> None:
        client.port = 10**6 + int("22")

    runtime.add_hook(hook, change, 1)
    runtime.add_hook(hook, same, 2)
    runtime.trace(hook)
    hook.run(Record(), 1, OneSlot())
    changes, none = last(runtime).calls
    assert set(changes.changes) == {
        Change("client.port", "22", "1000022"),
        Change("client.labels['site']", "'a'", "'b'"),
        Change("client.labels['new']", None, "'c'"),
    }
    assert none.changes == ()


def test_trace_tells_of_no_change_where_something_equal_was_put(runtime: Runtime, defhook: DefHook) -> None:
    """A container replaced by an equal one shows the same and is not told of, nor what is amended to what it was."""
    hook = defhook(lambda client, tags: None, mode="ask", amend=["tags"])

    def replaces(client: Record) -> None:
        client.labels = dict(client.labels)

    def changes(client: Record) -> None:
        client.labels = {**client.labels, "x": "y" * 100}

    def changes_its_end(client: Record) -> None:
        client.labels = {**client.labels, "x": "y" * 99 + "z"}

    runtime.add_hook(hook, replaces, 1)
    runtime.add_hook(hook, changes, 2)
    runtime.add_hook(hook, changes_its_end, 3)
    runtime.add_hook(hook, lambda tags: {"tags": list(tags)}, 4)
    runtime.trace(hook)
    assert hook.run(Record(), ["new"])
    none, labels, end, amended = last(runtime).calls
    assert none.changes == ()
    assert labels.changed == ("client.labels", "client.labels['x']")
    assert end.changed == ("client.labels", "client.labels['x']")
    assert amended.changes == (Change("tags", None, None),)


def test_trace_of_a_big_payload_looks_at_a_part_of_it(runtime: Runtime, defhook: DefHook) -> None:
    """A payload of a million items does not stop the one who watches; few of many changes are kept."""
    hook = defhook(lambda first, second: None)

    def change(first: list[int], second: list[int]) -> None:
        first[:50] = range(-50, 0)
        second[0] = -1

    runtime.add_hook(hook, change)
    runtime.trace(hook)
    hook.run(list(range(10_000)), list(range(10_000)))
    assert [change.field for change in last(runtime).calls[0].changes] == [f"first[{n}]" for n in range(20)]


def test_trace_shows_an_amendment_where_it_was_made(runtime: Runtime, defhook: DefHook) -> None:
    """What amends a field of something in the payload is shown with the field's values; nothing new is no change."""

    def amender(payload: dict[str, Any], key: str, value: Any) -> None:
        payload["client"] = SimpleNamespace(port=value)

    hook = defhook(lambda client: None, mode="ask", amend=["port"], amender=amender)
    runtime.add_hook(hook, lambda: {"port": 23}, 1)
    runtime.add_hook(hook, lambda client: {"port": client.port}, 2)
    runtime.trace(hook)
    hook.run(SimpleNamespace(port=22))
    first, second = last(runtime).calls
    assert first.changes == (Change("client.port", "22", "23"),)
    assert second.changes == (Change("port", None, None),)


# -- for one block, and for who looks on


def test_tracing_watches_what_the_block_fires_and_nothing_else(
    runtime: Runtime, defhook: DefHook, calls: Calls
) -> None:
    """Whatever is traced otherwise stays so; the hook is fired the fast way again afterwards."""
    hook = defhook()
    runtime.add_hook(hook, calls.function("a"))
    with runtime.tracing() as trees:
        hook.run()
    hook.run()
    assert ([span.hook for span in trees], list(runtime.traces.firings)) == (["test-hook"], [])
    assert not runtime.traces.on
    runtime.trace(hook)
    with runtime.tracing() as trees:
        hook.run()
    assert list(trees) == list(runtime.traces.firings)
    assert runtime.traces.wanted == {"test-hook": None}


def test_tracing_ends_with_an_error(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """An exception out of the block leaves nothing traced, and the hook fires the fast way again."""
    hook = defhook()
    runtime.add_hook(hook, calls.function("a", error=ValueError("no")))
    with pytest.raises(ValueError, match="no"), runtime.tracing() as trees:
        hook.run()
    assert trees[0].error == "ValueError: no"
    assert not runtime.traces.on


def test_trace_goes_on_without_a_follower_that_fails(
    runtime: Runtime, defhook: DefHook, calls: Calls, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever looks on cannot break a firing; he is told nothing more."""
    hook = defhook()
    runtime.add_hook(hook, calls.function("a"))

    def blind(span: FiringSpan) -> None:
        raise OSError("no screen")

    runtime.traces.followers.append(blind)
    runtime.trace(hook)
    hook.run()
    hook.run()
    assert runtime.traces.followers == []
    assert len(runtime.traces.firings) == len(calls) == 2
    assert errors_in(caplog) == ["A trace of test-hook could not be shown, and is shown there no longer."]
