from __future__ import annotations

import functools
import threading
from typing import Any

import pytest

from scirehooks.hooks import GLOBAL, Hook, Runtime
from scirehooks.hooks import still as still_module
from scirehooks.hooks.still import replaced_now, still
from tests.hooks.support import MODULE, OTHER, SESSION, Calls, DefHook


def in_a_thread(act: Any) -> Any:
    """Return what ACT gives in another thread."""
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(act()))
    thread.start()
    thread.join(10)
    return results[0]


def run_file(runtime: Runtime, text: str) -> None:
    """Run TEXT as MODULE's init script."""
    assert MODULE.file is not None
    runtime.owners.register(MODULE.file, MODULE)
    exec(compile(text, MODULE.file, "exec"), runtime.namespace.globals, runtime.namespace.view(MODULE))


GUARD = """
limit = {limit}

def helper():
    return limit

def guard():
    return ("{limit}", helper())

add_hook("test-hook", guard)
"""


@pytest.fixture
def guarded(runtime: Runtime, defhook: DefHook) -> Hook:
    """A hook with a function of an init script, which uses another one and a variable."""
    hook = defhook(mode="until_success")
    run_file(runtime, GUARD.format(limit=1))
    assert hook.run() == ("1", 1)
    return hook


def test_firings_go_on_as_they_stood_until_the_replacement_has_ended(runtime: Runtime, guarded: Hook) -> None:
    """While a script is run anew, firings see its old function with its old variables; then all that is new."""
    with still(runtime, [MODULE]):
        runtime.namespace.view(MODULE)["limit"] = 2
        assert guarded.run() == ("1", 1)
        run_file(runtime, GUARD.format(limit=2))
        assert guarded.run() == ("1", 1)
        assert in_a_thread(guarded.run) == ("1", 1)
    assert guarded.run() == ("2", 2)


def test_entry_taken_out_meanwhile_still_answers(runtime: Runtime, guarded: Hook) -> None:
    """A guard taken out by the replacement answers until its end; the list shows what will be."""
    with still(runtime, [MODULE]):
        runtime.remove_hook(guarded, "guard")
        assert guarded.run() == ("1", 1)
        assert (list(guarded), guarded.value(), len(guarded)) == ([], [], 0)
    assert guarded.run() is None


def test_what_others_do_meanwhile_counts_at_once(runtime: Runtime, guarded: Hook, calls: Calls) -> None:
    """Another session's change, and another owner's function, are not held up."""
    with still(runtime, [MODULE]):
        in_a_thread(lambda: runtime.add_hook(guarded, calls.function("theirs")))
        guarded.run()
        assert calls == ["theirs"]
    assert [entry.label for entry in guarded.entries()] == ["theirs", "guard"]


def test_what_the_replacement_adds_waits_for_its_end(runtime: Runtime, guarded: Hook, calls: Calls) -> None:
    """A function added inside is not called before everything is there; in a new scope neither."""
    with still(runtime, [MODULE]), runtime.owners.acting(MODULE):
        runtime.add_hook(guarded, calls.function("new"))
        runtime.add_hook(guarded, calls.function("local"), local="client:7")
        with runtime.scope("client:7"):
            guarded.run()
        assert calls == []
        assert guarded.locals == ()
        assert guarded.value("client:7")[-1] is GLOBAL
    with runtime.scope("client:7"):
        guarded.run()
    assert calls == ["local", "new"]


def test_failing_replacement_lets_go(runtime: Runtime, guarded: Hook) -> None:
    """Whatever ends the block, firings see what is there afterwards."""

    def replace() -> None:
        runtime.remove_hook(guarded, "guard")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), still(runtime, [MODULE]):
        replace()
    assert guarded.run() is None


def test_replacement_inside_another_is_part_of_it(runtime: Runtime, guarded: Hook) -> None:
    """The inner end is no end: firings go on as they stood until the outer one."""
    with still(runtime, [OTHER]):
        with still(runtime, [MODULE]):
            runtime.remove_hook(guarded, "guard")
        assert guarded.run() == ("1", 1)
    assert guarded.run() is None


def test_two_replacements_at_a_time_each_let_go_of_their_own(runtime: Runtime, guarded: Hook, calls: Calls) -> None:
    """When one of two ends, what the other holds is still held."""
    runtime.namespace.view(OTHER)["theirs"] = calls.function("theirs")
    runtime.add_hook(guarded, "theirs", owner=OTHER)
    begun, end = threading.Event(), threading.Event()

    def other() -> None:
        with still(runtime, [OTHER]):
            runtime.remove_hook(guarded, "theirs")
            begun.set()
            assert end.wait(10)

    thread = threading.Thread(target=other)
    thread.start()
    assert begun.wait(10)
    with still(runtime, [MODULE]):
        runtime.remove_hook(guarded, "guard")
        assert guarded.run() == ("1", 1)
    assert guarded.run() is None
    assert calls == ["theirs", "theirs"]
    end.set()
    thread.join()
    assert calls.since(guarded.run) == []


def test_code_inside_is_told_that_it_replaces(runtime: Runtime) -> None:
    """Inside, and only there, what is given again counts as given."""
    assert not replaced_now()
    with still(runtime, [MODULE]):
        assert replaced_now()
    assert not replaced_now()


def test_name_not_defined_needs_no_stand_in(runtime: Runtime, guarded: Hook) -> None:
    """An entry whose name means nothing stays undefined; one of somebody else is left alone."""
    runtime.add_hook(guarded, "later", 50, owner=MODULE)
    runtime.add_hook(guarded, locals, 60, owner=SESSION, when=lambda: False)
    with still(runtime, [MODULE]):
        assert guarded.run() == ("1", 1)


CLOSURES = """
import functools

limit = {limit}

def make():
    count = []
    def inner():
        count.append(1)
        return limit + len(count)
    def again(n=3):
        return again(n - 1) if n else inner()
    def unset():
        return missing
    if not limit:
        missing = unset
    def plain(number):
        return number
    def closure():
        if limit < 0:
            unset()
        return "{limit}", again(), plain(limit)
    return closure

closure = make()
condition = lambda: limit == {limit}
"""


@pytest.mark.parametrize("how", ["closure", "partial", "method", "condition", "names"])
def test_functions_of_every_kind_see_the_names_as_they_were(runtime: Runtime, defhook: DefHook, how: str) -> None:
    """Closures, partials, methods, conditions, and functions that hold the names themselves, are copied as needed."""
    hook = defhook(mode="until_success")
    run_file(runtime, CLOSURES.format(limit=1))
    names = runtime.namespace
    closure = names["closure"]
    with runtime.owners.acting(MODULE):
        if how == "closure":
            runtime.add_hook(hook, closure)
        elif how == "partial":
            runtime.add_hook(hook, functools.partial(closure))
        elif how == "method":
            runtime.add_hook(hook, type("Bound", (), {"run": lambda self: closure()})().run)
        elif how == "condition":
            runtime.add_hook(hook, lambda: closure(), when=names["condition"])
        else:
            inside = names.globals
            runtime.add_hook(hook, lambda: ("1", inside["limit"] + 1, inside["limit"]))
    with still(runtime, [MODULE]):
        run_file(runtime, CLOSURES.format(limit=5))
        assert hook.run() == ("1", 2, 1)


def test_functions_that_look_no_names_up_are_not_copied(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """What a module defines in itself is called as it is."""
    hook = defhook(mode="until_success")
    function = functools.partial(calls.function("a", result=1))
    with runtime.owners.acting(MODULE):
        runtime.add_hook(hook, function, 1)
        runtime.add_hook(hook, calls.clear, 2, when=calls.function("when"))
    with still(runtime, [MODULE]):
        assert not hook.cells.held


def test_firing_under_way_is_waited_for(runtime: Runtime, guarded: Hook) -> None:
    """A firing that began before calls the function itself: the first name is not changed before it has ended."""
    inside, leave, seen = threading.Event(), threading.Event(), list[Any]()

    def first() -> None:
        inside.set()
        assert leave.wait(10)

    runtime.add_hook(guarded, first)
    thread = threading.Thread(target=lambda: seen.append(guarded.run()))
    thread.start()
    assert inside.wait(10)
    begun = threading.Event()

    def replace() -> None:
        begun.set()
        with still(runtime, [MODULE]):
            run_file(runtime, GUARD.format(limit=2))

    replacing = threading.Thread(target=replace)
    replacing.start()
    assert begun.wait(10)
    leave.set()
    replacing.join()
    thread.join()
    assert seen == [("1", 1)]


def test_firing_that_takes_too_long_is_not_waited_for_for_ever(
    runtime: Runtime, guarded: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a moment a replacement goes on, whatever is still firing."""
    monkeypatch.setattr(still_module, "_MOMENT", 0.01)
    inside, leave = threading.Event(), threading.Event()

    def first() -> None:
        inside.set()
        assert leave.wait(10)

    runtime.add_hook(guarded, first)
    thread = threading.Thread(target=guarded.run)
    thread.start()
    assert inside.wait(10)
    with still(runtime, [MODULE]):
        pass
    leave.set()
    thread.join()
