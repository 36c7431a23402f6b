from __future__ import annotations

import _thread
import functools
import threading
from collections.abc import Callable
from typing import Any

import pytest

from scirehooks.hooks import BUILTIN, Owner, Owners, Place, Runtime, source_of
from tests.hooks.support import MODULE, OTHER, SESSION, DefHook, module

ADDS = """
def add(runtime, function):
    return runtime.add_hook("test-hook", function)

def call(function):
    return function()
"""


def test_owner_is_the_nearest_registered_file_on_the_stack(runtime: Runtime, defhook: DefHook) -> None:
    """A module's function that adds a hook is the module, whoever called it; the place is its line."""
    defhook()
    audit = module(runtime, MODULE, ADDS)
    entry = audit.add(runtime, lambda: None)
    assert entry.owner == MODULE
    assert entry.place == Place("/modules/audit.py", 3)


def test_owner_of_a_call_through_another_module_is_the_inner_one(runtime: Runtime, defhook: DefHook) -> None:
    """Of two modules on the stack the one that made the call counts."""
    defhook()
    audit, notify = module(runtime, MODULE, ADDS), module(runtime, OTHER, ADDS)
    entry = notify.call(lambda: audit.add(runtime, lambda: None))
    assert entry.owner == MODULE


def test_owner_without_a_registered_file_is_whoever_acts(runtime: Runtime, defhook: DefHook) -> None:
    """Where no file is registered, it is who acts now, on behalf of the actor; else the runtime's own session."""
    hook = defhook()
    assert runtime.owners.current() == Owner("session", "test")
    with runtime.owners.acting(SESSION, actor="root"):
        assert runtime.owners.current() == SESSION
        entry = runtime.add_hook(hook, lambda: None)
    assert entry.owner == SESSION
    assert entry.place is not None
    assert entry.place.file == __file__
    assert runtime.journal.records[-1].actor == "root"
    assert runtime.owners.current() == Owner("session", "test")


def test_owner_where_nobody_is_on_the_stack(
    runtime: Runtime, defhook: DefHook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The interpreter may call the runtime directly, as when it begins a thread: then the place is not known."""
    hook, changed = defhook(), threading.Event()
    monkeypatch.setattr(hook.cells, "changed", lambda *_: changed.set())
    for change in (runtime.add_hook, runtime.remove_hook):
        _thread.start_new_thread(change, (hook, "late"))
        assert changed.wait(10)
        changed.clear()
        record = runtime.journal.records[-1]
        assert (record.owner, record.place) == (Owner("session", "test"), None)


def test_owner_given_stands_as_it_is(runtime: Runtime, defhook: DefHook) -> None:
    """A loader that says for whom it acts, and where that is written, is believed."""
    hook = defhook()
    place = Place("/init.d/20-guard.yaml", 4)
    entry = runtime.add_hook(hook, lambda: None, owner=MODULE, place=place)
    assert (entry.owner, entry.place) == (MODULE, place)


def test_owners_know_whose_a_file_is() -> None:
    """A file is registered for its owner."""
    owners = Owners(SESSION)
    owners.register("/modules/audit.py", MODULE)
    assert owners.of_file("/modules/audit.py") == MODULE
    assert owners.of_file("/modules/notify.py") is None


def test_owner_and_place_shown_are_short() -> None:
    """Messages show an owner by name, and a place as editors take it."""
    assert str(MODULE) == "audit"
    assert str(BUILTIN) == "scirehooks"
    assert str(Place("/modules/audit.py", 3)) == "/modules/audit.py:3"
    assert Place("/modules/audit.py", 3).short == "audit.py:3"


class Callable1:
    place = Place("/init.d/30-notify.yaml", 7)

    def __call__(self) -> None:
        """Do nothing."""

    def method(self) -> None:
        """Do nothing."""


def plain() -> None:
    """Do nothing."""


@functools.wraps(plain)
def wrapper() -> None:
    """Do nothing."""


@pytest.mark.parametrize(
    ("function", "line"),
    [
        (plain, plain.__code__.co_firstlineno),
        (wrapper, plain.__code__.co_firstlineno),
        (functools.partial(functools.partial(plain)), plain.__code__.co_firstlineno),
        (Callable1().method, Callable1.method.__code__.co_firstlineno),
    ],
)
def test_source_is_found_through_wrappers_methods_and_partials(function: Callable[..., Any], line: int) -> None:
    """Where a function is written is asked of the function inside."""
    assert source_of(function) == Place(__file__, line)


def test_source_of_what_is_not_written_in_python_is_what_it_says_or_nothing() -> None:
    """A callable object may know its place; a builtin has none, nor has a ring of wrappers."""

    def ring() -> None:
        """Do nothing."""

    ring.__wrapped__ = ring  # type: ignore[attr-defined]  # what a careless decorator does
    assert source_of(Callable1()) == Callable1.place
    assert source_of(len) is None
    assert source_of(ring) is None


def test_forget_leaves_code_to_nobody() -> None:
    """The owner of a file of which nothing is left is forgotten; one that was never known is no error."""
    owners = Owners(default=Owner("session", "demo"))
    owners.register("<shell:1>", Owner("session", "shell"))
    owners.forget("<shell:1>")
    owners.forget("<shell:1>")
    assert owners.of_file("<shell:1>") is None
