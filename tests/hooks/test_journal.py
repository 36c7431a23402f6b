from __future__ import annotations

import threading

import pytest

from scirehooks.errors import ConflictError
from scirehooks.hooks import ABSENT, BUILTIN, Journal, Origin, Runtime
from scirehooks.hooks.journal import Cells
from tests.hooks.support import MODULE, OTHER, SESSION, Calls, DefHook

BY_MODULE, BY_OTHER, BY_SESSION = (Origin(owner, None, "root") for owner in (MODULE, OTHER, SESSION))


@pytest.fixture
def journal() -> Journal:
    """An empty journal that keeps few records."""
    return Journal(kept=10)


@pytest.fixture
def cells(journal: Journal) -> Cells:
    """Cells that the journal knows of."""
    made = Cells()
    journal.register(made)
    return made


def test_absent_is_false_and_shows_itself() -> None:
    """What is not there is false, and is no None."""
    assert not ABSENT
    assert repr(ABSENT) == "ABSENT"


def test_record_says_what_was_changed_and_by_whom(journal: Journal, cells: Cells) -> None:
    """A record has subject, owner, actor, what, before and after."""
    first = journal.set(cells, "x", 1, "set", BY_MODULE)
    second = journal.set(cells, "x", 2, "set again", BY_OTHER)
    assert (first.subject, first.owner, first.actor, first.what) == ("cell x", MODULE, "root", "set")
    assert (first.before, first.after) == (ABSENT, 1)
    assert (second.before, second.after) == (1, 2)
    assert second.id > first.id
    assert list(journal.records) == [first, second]


def test_setting_again_replaces_the_owners_layer(journal: Journal, cells: Cells) -> None:
    """Each owner has one layer on top; setting twice leaves one."""
    for value in (1, 2):
        journal.set(cells, "x", value, "set", BY_MODULE)
    assert [layer.value for layer in cells.stack("x")] == [2]
    journal.set(cells, "x", 3, "set", BY_OTHER)
    assert [layer.value for layer in cells.stack("x")] == [2, 3]
    assert list(cells.items()) == [("x", 3)]


def test_nothing_on_nothing_leaves_no_cell(journal: Journal, cells: Cells) -> None:
    """A cell whose last layer says "nothing" is forgotten; over another's layer it hides that."""
    journal.set(cells, "x", 1, "set", BY_MODULE)
    journal.set(cells, "x", ABSENT, "remove", BY_MODULE)
    assert list(cells.keys()) == []
    journal.set(cells, "y", 1, "set", BY_MODULE)
    journal.set(cells, "y", ABSENT, "remove", BY_OTHER)
    assert cells.value("y") is ABSENT
    assert list(cells.items()) == []
    journal.withdraw(OTHER, "unload", BY_SESSION)
    assert cells.value("y") == 1


def test_withdraw_takes_out_an_owners_layers_wherever_they_are(journal: Journal, cells: Cells) -> None:
    """What others put above or below stays; the latest goes first; it is one group."""
    journal.set(cells, "under", 1, "set", BY_MODULE)
    journal.set(cells, "under", 2, "set", BY_OTHER)
    journal.set(cells, "over", 1, "set", BY_OTHER)
    journal.set(cells, "over", 2, "set", BY_MODULE)
    records = journal.withdraw(MODULE, "unload", BY_SESSION)
    assert [record.key for record in records] == ["over", "under"]
    assert len({record.group for record in records}) == 1
    assert (cells.value("under"), cells.value("over")) == (2, 1)
    assert journal.withdraw(MODULE, "unload", BY_SESSION) == []


def test_withdraw_of_an_entry_that_another_has_moved(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """An entry is its module's, even after a session has moved it or switched it off."""
    hook = defhook()
    runtime.add_hook(hook, calls.function("a"), owner=MODULE)
    with runtime.owners.acting(SESSION):
        runtime.move_hook(hook, "audit.a", 50)
        runtime.disable(hook, "audit.a")
    runtime.withdraw(MODULE)
    assert len(hook) == 0
    assert list(hook.cells.keys()) == []


def test_withdraw_of_a_session_brings_back_what_it_had_removed(
    runtime: Runtime, defhook: DefHook, calls: Calls
) -> None:
    """A module's entry that a session took out is there again when the session's changes are withdrawn."""
    hook = defhook()
    runtime.add_hook(hook, calls.function("a"), owner=MODULE)
    with runtime.owners.acting(SESSION):
        runtime.remove_hook(hook, "audit.a")
    assert len(hook) == 0
    runtime.withdraw(SESSION)
    assert calls.since(hook.run) == ["a"]


def test_transaction_that_fails_leaves_nothing(journal: Journal, cells: Cells) -> None:
    """An exception that leaves the block takes every change back, and their records with them."""
    journal.set(cells, "x", 1, "set", BY_MODULE)

    def load() -> None:
        for key in ("x", "y"):
            journal.set(cells, key, 2, "set", BY_MODULE)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), journal.transaction("load"):
        load()
    assert list(cells.items()) == [("x", 1)]
    assert [record.what for record in journal.records] == ["set"]


def test_transaction_is_one_group(journal: Journal, cells: Cells) -> None:
    """Changes made inside, in nested transactions as well, are one group."""
    with journal.transaction("outer") as records:
        journal.set(cells, "x", 1, "set", BY_MODULE)
        with journal.transaction("inner"):
            journal.set(cells, "y", 1, "set", BY_MODULE)
    alone = journal.set(cells, "z", 1, "set", BY_MODULE)
    assert [record.key for record in records] == ["x", "y"]
    assert len({record.group for record in records}) == 1
    assert alone.group != records[0].group


def test_transaction_inside_another_is_taken_back_alone(journal: Journal, cells: Cells) -> None:
    """An inner transaction that fails, where the outer goes on, leaves what the outer did."""

    def inner() -> None:
        journal.set(cells, "y", 1, "set", BY_MODULE)
        raise ZeroDivisionError

    with journal.transaction("outer") as records:
        journal.set(cells, "x", 1, "set", BY_MODULE)
        with pytest.raises(ZeroDivisionError), journal.transaction("inner"):
            inner()
    assert list(cells.items()) == [("x", 1)]
    assert [record.key for record in records] == ["x"]


def test_transaction_taken_back_leaves_what_others_did_meanwhile(journal: Journal, cells: Cells) -> None:
    """A change that another thread made to the same cell stays: only the transaction's own layers go."""

    def other() -> None:
        journal.set(cells, "x", "theirs", "set", BY_OTHER)

    def load() -> None:
        journal.set(cells, "x", "ours", "set", BY_MODULE)
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), journal.transaction("load"):
        load()
    assert cells.value("x") == "theirs"
    assert [layer.owner for layer in cells.stack("x")] == [OTHER]
    assert [record.owner for record in journal.records] == [OTHER]


def test_thread_begun_in_a_transaction_does_not_stay_in_it(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """What a thread begun by a load does later is no part of the load: undo takes it back on its own."""
    hook, go, done = defhook(), threading.Event(), threading.Event()

    def later() -> None:
        assert go.wait(10)
        with runtime.transaction("later"):
            runtime.add_hook(hook, calls.function("late"))
        done.set()

    with runtime.transaction("load") as records:
        runtime.add_hook(hook, calls.function("early"))
        runtime.thread(later)
    go.set()
    assert done.wait(10)
    assert len(records) == 2
    assert runtime.journal.records[-1].group != records[0].group
    runtime.undo()
    assert [entry.label for entry in hook.entries()] == ["early"]


def test_revert_is_refused_when_a_later_change_stands_on_it(journal: Journal, cells: Cells) -> None:
    """What has been changed since is not trampled: nothing is done, and the later change is named."""
    with journal.transaction("both") as records:
        journal.set(cells, "x", 1, "set", BY_MODULE)
        journal.set(cells, "y", 1, "set", BY_MODULE)
    later = journal.set(cells, "x", 2, "set later", BY_OTHER)
    message = rf"undo: cell x has been changed since by notify \(record {later.id}, set later\)"
    with pytest.raises(ConflictError, match=message):
        journal.revert(records, "undo", BY_SESSION)
    assert dict(cells.items()) == {"x": 2, "y": 1}
    journal.records.clear()
    with pytest.raises(ConflictError, match=r"has been changed since\. Undo that first"):
        journal.revert(records, "undo", BY_SESSION)


def test_records_kept_are_bounded(journal: Journal, cells: Cells) -> None:
    """The journal keeps the latest records, and knows which group it keeps no longer as a whole."""
    with journal.transaction("big") as records:
        for number in range(12):
            journal.set(cells, number, 1, "set", BY_MODULE)
    assert len(journal.records) == 10
    assert journal.cut == records[0].group


def test_title_is_what_was_done_as_a_whole(journal: Journal, cells: Cells) -> None:
    """A record is shown under what its outermost transaction was called; one alone under what it is."""
    with journal.transaction("load audit"), journal.transaction("define"):
        inside = journal.set(cells, "x", 1, "set", BY_MODULE)
    alone = journal.set(cells, "y", 1, "set", BY_MODULE)
    assert (journal.title(inside), journal.title(alone)) == ("load audit", "set")
    for _ in range(20):
        with journal.transaction("load"):
            pass
    assert journal.title(inside) == "set"  # titles are kept as long as records may be


def test_builtin_owner_is_scirehooks_itself() -> None:
    """What scirehooks does by itself has an owner, too."""
    assert BUILTIN.kind == "builtin"
