from __future__ import annotations

import time

import pytest

from scirehooks.errors import ConflictError
from scirehooks.hooks import BUILTIN, Lease, Runtime, StatusPart, command
from scirehooks.hooks.history import History
from scirehooks.hooks.owner import UNASKED
from scirehooks.testing import FakeClock
from tests.hooks.support import MODULE, OTHER, SESSION, Calls, DefHook


def labels(runtime: Runtime) -> list[str]:
    """Return the labels in the test hook, in order."""
    return [entry.label for entry in runtime.hooks["test-hook"].entries()]


@pytest.fixture
def add(runtime: Runtime, defhook: DefHook, calls: Calls) -> Calls:
    """A hook with the functions a and b, added one after another."""
    hook = defhook()
    for name in "ab":
        runtime.add_hook(hook, calls.function(name), 1)
    return calls


@pytest.mark.usefixtures("add")
def test_undo_takes_back_one_change_after_another(runtime: Runtime) -> None:
    """Each undo takes back the latest change not yet undone; the records of it are returned."""
    assert [record.subject for record in runtime.undo()] == ["b in test-hook"]
    assert labels(runtime) == ["a"]
    runtime.undo()
    assert labels(runtime) == []


@pytest.mark.usefixtures("add")
def test_what_undo_would_take_back_can_be_asked_beforehand(runtime: Runtime) -> None:
    """`latest` tells each time what the next undo takes back, changes nothing, and refuses as undo does."""
    for left in (["a"], []):
        told = runtime.history.latest()
        assert len(labels(runtime)) == len(left) + 1
        assert runtime.undo() == told
        assert labels(runtime) == left
    runtime.history.begin()
    with pytest.raises(ConflictError, match="There is nothing to undo"):
        runtime.history.latest()


@pytest.mark.usefixtures("add")
def test_redo_does_again_what_was_undone_last(runtime: Runtime) -> None:
    """Redo goes forward again, step by step, and can itself be undone."""
    runtime.undo()
    runtime.undo()
    assert [record.subject for record in runtime.redo()] == ["a in test-hook"]
    assert labels(runtime) == ["a"]
    runtime.redo()
    assert labels(runtime) == ["a", "b"]
    with pytest.raises(ConflictError, match="There is nothing to redo"):
        runtime.redo()
    runtime.undo()
    assert labels(runtime) == ["a"]


def test_undo_with_nothing_to_undo_is_refused(runtime: Runtime) -> None:
    """What the runtime came with is not undone."""
    with pytest.raises(ConflictError, match="There is nothing to undo"):
        runtime.undo()
    assert "option-change-hook" in runtime.hooks


@pytest.mark.usefixtures("add")
def test_undo_reaches_back_to_where_it_was_told_to_begin(runtime: Runtime) -> None:
    """What happened before, by the init scripts, is not undone."""
    runtime.history.begin()
    with pytest.raises(ConflictError):
        runtime.undo()
    assert labels(runtime) == ["a", "b"]


def test_undo_begins_at_the_start_of_an_empty_journal(runtime: Runtime) -> None:
    """A history of nothing begins at nothing."""
    runtime.journal.records.clear()
    History(runtime.journal).begin()
    runtime.history.begin()


def test_undo_never_reaches_what_scirehooks_defines(runtime: Runtime) -> None:
    """A shell or server opened later brings commands for everybody: they are nobody's change, not even by name."""
    with runtime.owners.acting(SESSION, "alice"):
        runtime.define({"who": command("who")(lambda: "all")}, BUILTIN)
        runtime.defstatus("sessions", lambda: StatusPart("none"), owner=BUILTIN)
        for wanted in (lambda _: True, lambda record: record.actor == "alice", lambda record: record.owner == BUILTIN):
            with pytest.raises(ConflictError, match="There is nothing to undo"):
                runtime.history.undo(runtime.owners.origin(), wanted)
    assert "who" in runtime.commands
    assert "sessions" in runtime.reports


def test_undo_of_an_act_leaves_what_scirehooks_defined_in_it(runtime: Runtime) -> None:
    """A module that serves the runtime is taken back by undo; the commands that this brought stay."""
    with runtime.transaction("load audit"):
        runtime.define_command("check", print, owner=MODULE)
        runtime.define_command("who", print, owner=BUILTIN)
    assert {record.owner for record in runtime.undo()} == {MODULE}
    assert "check" not in runtime.commands
    assert "who" in runtime.commands


@pytest.mark.usefixtures("add")
def test_undo_of_chosen_changes_only(runtime: Runtime) -> None:
    """A caller may say which changes it means: the latest of those is undone."""
    origin = runtime.owners.origin()
    runtime.history.undo(origin, lambda record: record.subject.startswith("a "))
    assert labels(runtime) == ["b"]


@pytest.mark.usefixtures("add")
def test_undo_of_a_change_that_another_stands_on_is_refused(runtime: Runtime) -> None:
    """An undo that would trample a later change names it, and changes nothing."""
    runtime.disable("test-hook", "a")
    origin = runtime.owners.origin()
    with pytest.raises(ConflictError, match="a in test-hook has been changed since by test"):
        runtime.history.undo(origin, lambda record: record.what == "add-hook" and record.subject.startswith("a "))
    assert labels(runtime) == ["a", "b"]


@pytest.mark.usefixtures("add")
def test_redo_after_a_new_change_has_nothing_to_do(runtime: Runtime) -> None:
    """A new change, by whomever, takes the place of what was undone, as in any editor, even if it is undone itself."""
    runtime.undo()
    runtime.undo()
    with runtime.owners.acting(SESSION, "alice"):
        runtime.add_hook("test-hook", Calls().function("c"), 1)
    for ask in (runtime.redo, runtime.history.undone):
        with pytest.raises(ConflictError, match=r"There is nothing to redo\."):
            ask()
    runtime.undo()
    runtime.redo()
    assert labels(runtime) == ["c"]
    with pytest.raises(ConflictError, match="There is nothing to redo"):
        runtime.redo()


@pytest.mark.usefixtures("add")
def test_undo_after_a_new_change_passes_by_what_was_undone_before(runtime: Runtime) -> None:
    """What was undone for good is not undone once more: the next undo takes what is left."""
    runtime.undo()
    runtime.add_hook("test-hook", Calls().function("c"), 1)
    assert [runtime.undo()[0].subject for _ in range(3)] == ["c in test-hook", "a in test-hook", "hook test-hook"]


@pytest.mark.usefixtures("add")
def test_redo_is_not_lost_by_what_came_about_by_itself(runtime: Runtime, clock: FakeClock) -> None:
    """A lease that expires, what scirehooks defines, and files that are read again are nobody's change."""
    runtime.add_hook("test-hook", "leased", until=Lease(expires=time.time() - 1))
    runtime.move_hook("test-hook", "a", 5)
    runtime.undo()
    clock.advance(1)
    runtime.define({"who": command("who")(lambda: "all")}, BUILTIN)
    with runtime.owners.acting(MODULE, UNASKED):
        runtime.add_hook("test-hook", "read-again")
    runtime.redo()
    assert runtime.find_entry("test-hook", "a").depth == 5


@pytest.mark.usefixtures("add")
def test_redo_over_what_came_about_by_itself_is_refused(runtime: Runtime) -> None:
    """What stands in the way, though nobody did it, is named."""
    runtime.move_hook("test-hook", "a", 5)
    runtime.undo()
    with runtime.owners.acting(MODULE, UNASKED):
        runtime.disable("test-hook", "a")
    with pytest.raises(ConflictError, match="changed since"):
        runtime.redo()


def test_undo_of_a_load_is_one_step(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """What was done in one act is undone in one act; undone and redone, everything of it is back."""
    hook = defhook()
    with runtime.transaction("load audit"):
        runtime.define_command("audit-all", calls.function("audit"), owner=MODULE)
        runtime.defoption("audit-limit", int, 5, owner=MODULE)
        runtime.add_hook(hook, calls.function("a"), owner=MODULE)
    runtime.undo()
    assert (list(runtime.commands), list(runtime.options), labels(runtime)) == ([], [], [])
    assert "audit_all" not in runtime.namespace
    runtime.redo()
    assert (list(runtime.commands), list(runtime.options), labels(runtime)) == (
        ["audit-all"],
        ["audit-limit"],
        ["audit.a"],
    )
    assert runtime.namespace["audit_all"] is runtime.commands["audit-all"].function


def test_undo_of_an_unload_brings_everything_back(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """An unload is one step as well, and what was above and below comes back in its order."""
    hook = defhook()
    for owner in (MODULE, OTHER):
        runtime.add_hook(hook, calls.function(owner.name), 1, owner=owner)
    runtime.disable(hook, "audit.audit")
    before = [(entry.label, entry.state) for entry in hook.entries()]
    runtime.withdraw(MODULE)
    assert labels(runtime) == ["notify.notify"]
    runtime.undo()
    assert [(entry.label, entry.state) for entry in hook.entries()] == before


def test_undo_of_what_is_kept_only_in_part_is_refused(runtime: Runtime, defhook: DefHook) -> None:
    """A group whose first records are gone from the journal is not undone by halves."""
    hook = defhook()
    with runtime.transaction("load"):
        for number in range(runtime.journal.records.maxlen or 0):
            runtime.add_hook(hook, f"function-{number}")
        runtime.add_hook(hook, "last")
    with pytest.raises(ConflictError, match="nothing to undo"):
        runtime.undo()
    assert len(hook) == (runtime.journal.records.maxlen or 0) + 1


def test_redo_of_what_is_not_kept_any_more_is_refused(runtime: Runtime, defhook: DefHook) -> None:
    """What was undone long ago, and whose records are gone, cannot be done again."""
    hook = defhook()
    runtime.add_hook(hook, "early")
    runtime.undo()
    with runtime.transaction("load"):
        for number in range(runtime.journal.records.maxlen or 0):
            runtime.add_hook(hook, f"function-{number}")
    with pytest.raises(ConflictError, match="nothing to redo"):
        runtime.redo()


@pytest.mark.usefixtures("add")
def test_undo_passes_by_a_lease_that_expired(runtime: Runtime, clock: FakeClock) -> None:
    """The latest change is the latest that somebody made: not the end of a lease, nor what has ended with it."""
    runtime.add_hook("test-hook", "leased", 5, until=Lease(expires=time.time() - 1))
    runtime.disable("test-hook", "leased")
    clock.advance(1)
    assert labels(runtime) == ["a", "b"]
    assert [record.subject for record in runtime.undo()] == ["b in test-hook"]
    assert labels(runtime) == ["a"]
    runtime.redo()
    assert labels(runtime) == ["a", "b"]


def test_undo_goes_through_the_lives_of_a_function_one_by_one(
    runtime: Runtime, defhook: DefHook, clock: FakeClock
) -> None:
    """What ended by itself is passed by; what was done to the same function before that is not."""
    hook = defhook()
    runtime.add_hook(hook, "a")
    runtime.remove_hook(hook, "a")
    runtime.add_hook(hook, "a", until=Lease(expires=time.time() - 1))
    clock.advance(1)
    assert [record.what for record in runtime.undo()] == ["remove-hook"]
    assert labels(runtime) == ["a"]
    assert [record.what for record in runtime.undo()] == ["add-hook"]
    assert labels(runtime) == []


def test_undo_of_a_load_passes_by_what_of_it_has_expired(runtime: Runtime, defhook: DefHook, clock: FakeClock) -> None:
    """One entry of a load whose lease is over does not keep the rest from being taken back."""
    hook = defhook()
    with runtime.transaction("load"):
        runtime.add_hook(hook, "stays")
        runtime.add_hook(hook, "leased", until=Lease(expires=time.time() - 1))
        clock.advance(1)
    assert [record.subject for record in runtime.undo()] == ["stays in test-hook"]
    assert labels(runtime) == []


def test_undo_takes_back_a_quarantine_along_with_the_change_it_stands_on(
    runtime: Runtime, defhook: DefHook, calls: Calls
) -> None:
    """A quarantine is nobody's change: it is never undone by itself, and hinders no undo."""
    hook = defhook(on_error="isolate", failure_limit=1)
    entry = runtime.add_hook(hook, calls.function("a", error=ValueError()))
    runtime.move_hook(hook, "a", 5)
    hook.run()
    runtime.defoption("limit", int, 5)
    assert [record.what for record in runtime.undo()] == ["option"]
    assert hook.find("a").state == "quarantined"
    assert [record.what for record in runtime.undo()] == ["move-hook"]
    assert (hook.find("a").state, hook.find("a").depth) == ("active", 0)
    runtime.redo()
    assert (hook.find("a").state, hook.find("a").depth) == ("quarantined", 5)
    runtime.undo()
    assert [record.after for record in runtime.undo()] == [entry]
    assert labels(runtime) == []


def test_undo_of_what_a_session_declares_takes_its_names_back(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """The name of a hook, of its alias, of a command goes with it, though a session's names are its own."""
    with runtime.owners.acting(SESSION):
        hook = defhook()
        runtime.defalias_hook("old-hook", "test-hook")
        runtime.define_command("audit-all", calls.function("audit"))
        runtime.namespace["typed"] = 1
    for name in ("audit_all", "old_hook", "test_hook"):
        assert name in runtime.namespace
        runtime.undo()
        assert name not in runtime.namespace
    assert runtime.namespace["typed"] == 1
    runtime.redo()
    assert runtime.namespace["test_hook"] is hook
