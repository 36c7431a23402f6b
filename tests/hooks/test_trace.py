from __future__ import annotations

import asyncio
import threading
from types import SimpleNamespace
from typing import Any

import pytest

from scirehooks.errors import HookSignatureError, Veto
from scirehooks.hooks import FiringSpan, Runtime
from scirehooks.hooks.trace import Traces
from tests.hooks.support import Calls, DefHook


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
    assert off.result == "skipped: its `when` said no"
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


def test_trace_of_a_condition_that_does_not_fit_is_an_error_when_fired(runtime: Runtime, defhook: DefHook) -> None:
    """A condition on what the payload has not is told."""
    hook = defhook(lambda client: None)
    runtime.trace(hook, when=lambda color: color)
    with pytest.raises(HookSignatureError, match="'color'"):
        hook.run("web1")


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
