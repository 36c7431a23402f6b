from __future__ import annotations

import functools
from typing import Any

import pytest

from scirehooks.hooks import BUILTIN, GLOBAL, Lease, Runtime
from scirehooks.hooks.entry import identity, label_of
from tests.hooks.support import MODULE, OTHER, SESSION, Calls, DefHook, module


class Program:
    """A callable object without a name."""

    __hash__ = None  # type: ignore[assignment]  # that it cannot be hashed is the point

    def __call__(self) -> str:
        """Say that it ran."""
        return "ran"


def named() -> None:
    """Do nothing."""


def test_identity_of_equal_functions_is_the_same() -> None:
    """Equal functions are one (Emacs: equal): a bound method is, each time it is asked for."""
    calls = Calls()
    assert identity(calls.since) == identity(calls.since)
    assert identity(named) is named


def test_identity_of_what_cannot_be_hashed_is_the_object() -> None:
    """An object without a hash is told from its equals by being another one."""
    one, other = Program(), Program()
    assert identity(one) == identity(one)
    assert hash(identity(one)) == hash(identity(one))
    assert identity(one) != identity(other)
    assert identity(one) != identity(named)


def test_unhashable_function_is_added_once_and_removed(runtime: Runtime, defhook: DefHook) -> None:
    """What cannot be hashed can be in a hook like any function."""
    hook, program = defhook(mode="until_success"), Program()
    assert runtime.add_hook(hook, program) is runtime.add_hook(hook, program)
    runtime.add_hook(hook, Program())
    assert [entry.label for entry in hook.entries()] == ["Program~2", "Program"]
    assert hook.run() == "ran"
    runtime.remove_hook(hook, program)
    assert len(hook) == 1


@pytest.mark.parametrize(
    ("function", "label"),
    [
        ("held-by-name", "held-by-name"),
        (named, "named"),
        (Calls.since, "Calls.since"),
        (Calls().since, "Calls.since"),
        (len, "len"),
        (functools.partial(named), f"test_entry.py:{named.__code__.co_firstlineno}"),
        (Program(), "Program"),
    ],
)
def test_label_is_the_name_or_the_place(function: Any, label: str) -> None:
    """A function is called by its name; one without a name by the place where it is written, or its type."""
    assert label_of(function, BUILTIN) == label


def test_label_of_a_module_function_has_the_module_in_front() -> None:
    """What a module defines is told apart by the module's name."""
    assert label_of(named, MODULE) == "audit.named"


def test_labels_are_unique_in_a_hook(runtime: Runtime, defhook: DefHook) -> None:
    """Functions that are called alike get a number behind; one given up is free again."""
    hook, functions = defhook(), [Calls().function("tell") for _ in range(4)]
    for function in functions[:3]:
        runtime.add_hook(hook, function, 1)
    assert [entry.label for entry in hook.entries()] == ["tell", "tell~2", "tell~3"]
    runtime.remove_hook(hook, "tell")
    runtime.add_hook(hook, functions[3], 1)
    assert [entry.label for entry in hook.entries()] == ["tell~2", "tell~3", "tell"]
    assert runtime.add_hook(hook, functions[0], local="client:7").label == "tell"


def test_labels_are_unique_when_an_entry_shows_again(runtime: Runtime, defhook: DefHook) -> None:
    """An entry that comes back, and whose label another has taken meanwhile, gets the next one."""
    hook, functions = defhook(), [Calls().function("tell") for _ in range(3)]
    runtime.add_hook(hook, functions[0], 1, owner=MODULE, label="tell")
    with runtime.owners.acting(OTHER):
        runtime.remove_hook(hook, "tell")
    for function in functions[1:]:
        runtime.add_hook(hook, function, 1)
    runtime.withdraw(OTHER)
    assert [entry.label for entry in hook.entries()] == ["tell~3", "tell", "tell~2"]
    assert hook.find("tell~3").function is functions[0]
    runtime.remove_hook(hook, "tell")
    runtime.undo()
    assert [entry.label for entry in hook.entries()] == ["tell~3", "tell", "tell~2"]


def test_label_that_looks_numbered_is_passed_over(runtime: Runtime, defhook: DefHook) -> None:
    """A number that somebody has given as part of a label is not given again."""
    hook = defhook()
    runtime.add_hook(hook, "first", 1, label="tell")
    runtime.add_hook(hook, "second", 1, label="tell~2")
    assert runtime.add_hook(hook, "third", 1, label="tell").label == "tell~3"


def test_label_given_is_taken(runtime: Runtime, defhook: DefHook) -> None:
    """A file that lists functions may call an entry as it likes."""
    hook = defhook()
    assert runtime.add_hook(hook, named, label="20-guard.yaml:4").label == "20-guard.yaml:4"
    assert hook.find("20-guard.yaml:4").function is named


def test_entry_says_what_it_was_added_with(runtime: Runtime, defhook: DefHook) -> None:
    """Everything that was asked for can be read from the entry; most entries have none of it."""
    hook, lease = defhook(lambda client: None), Lease(calls=3)

    def loud(client: str) -> bool:
        return client == "loud"

    plain = runtime.add_hook(hook, Calls().function("plain"))
    entry = runtime.add_hook(
        hook, named, 10, before="plain", after=["other"], timeout=5, when=loud, dry_run=True, deliver=True, until=lease,
        local="client:7",
    )  # fmt: skip
    assert (entry.depth, entry.before, entry.after) == (10, ("plain",), ("other",))
    assert (entry.timeout, entry.when, entry.dry_run, entry.deliver, entry.until) == (5, loud, True, True, lease)
    assert (entry.hook, entry.local, entry.state, entry.name) == ("test-hook", "client:7", "active", None)
    assert (plain.before, plain.after, plain.timeout, plain.when, plain.until) == ((), (), None, None, None)
    assert (plain.dry_run, plain.deliver) == (False, False)


def test_entry_held_by_name_binds_late(runtime: Runtime, defhook: DefHook) -> None:
    """An entry held by name has whatever function the name means now; none while it means nothing callable."""
    entry = runtime.add_hook(defhook(), "late")
    assert (entry.name, entry.function, entry.source) == ("late", None, None)
    runtime.namespace["late"] = named
    assert entry.function is named
    assert entry.source is not None
    assert entry.source.short == f"test_entry.py:{named.__code__.co_firstlineno}"
    runtime.namespace["late"] = 42
    assert entry.function is None


def test_function_known_to_the_namespace_is_held_by_name(runtime: Runtime, defhook: DefHook) -> None:
    """A function added as an object is held by its name if that means this very function."""
    hook = defhook()
    runtime.namespace["named"] = named
    assert runtime.add_hook(hook, named).name == "named"
    assert hook.value() == ["named"]


def test_entry_shown_says_which_and_where(runtime: Runtime, defhook: DefHook) -> None:
    """For messages an entry says its label, where it is written and whose it is; else where it was added."""
    hook = defhook(lambda obj: None)
    audit = module(runtime, MODULE, "def audit(): pass\ndef add(runtime, f): return runtime.add_hook('test-hook', f)")
    entry = audit.add(runtime, audit.audit)
    assert entry.where() == "audit.audit (/modules/audit.py:1, owner audit)"
    assert repr(entry) == f"<Entry #{entry.number} audit.audit in test-hook at 0>"
    assert audit.add(runtime, len).where() == "audit.len (/modules/audit.py:2, owner audit)"
    assert runtime.add_hook(hook, "later", owner=SESSION).where() == "later (owner alice)"


def test_entry_changed_keeps_its_number_and_its_health(runtime: Runtime, defhook: DefHook) -> None:
    """What is done to an entry makes another of the same number, which shares how it has fared."""
    hook = defhook()
    entry = runtime.add_hook(hook, named)
    moved = runtime.move_hook(hook, named, 10)
    off = runtime.disable(hook, named)
    assert entry.number == moved.number == off.number
    assert entry.health is off.health
    assert (entry.depth, moved.depth, off.depth) == (0, 10, 10)
    assert (entry.state, moved.state, off.state) == ("active", "active", "disabled")
    assert runtime.disable(hook, named) is off


def test_cells_forget_scopes_that_are_empty(runtime: Runtime, defhook: DefHook) -> None:
    """The last function of a local value takes the value with it (Emacs: the local binding is killed)."""
    hook = defhook()
    runtime.add_hook(hook, named, local="client:7")
    assert list(hook.locals) == ["client:7"]
    assert hook.value("client:7") == [named, GLOBAL]
    runtime.remove_hook(hook, named, local="client:7")
    assert list(hook.locals) == []
    assert "client:7" not in hook.cells.scopes
    assert list(hook.cells.keys()) == []


def test_record_of_an_entry_names_it_and_its_scope(runtime: Runtime, defhook: DefHook) -> None:
    """The journal says of which function in which hook, and for which scope; also when it is gone."""
    hook = defhook()
    runtime.add_hook(hook, named, local="client:7")
    assert runtime.journal.records[-1].subject == "named in test-hook for client:7"
    runtime.remove_hook(hook, named, local="client:7")
    assert runtime.journal.records[-1].subject == "named in test-hook for client:7"
    runtime.add_hook(hook, named)
    assert runtime.journal.records[-1].subject == "named in test-hook"
