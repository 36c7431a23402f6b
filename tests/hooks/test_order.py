from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scirehooks.errors import OrderError
from scirehooks.hooks import Hook, Runtime
from scirehooks.hooks.order import explain_order, rank
from tests.hooks.support import Calls, DefHook


def order(hook: Hook) -> str:
    """Return the labels in run order, in one word."""
    return "".join(entry.label for entry in hook.entries())


def add(runtime: Runtime, hook: Hook, *wanted: Any) -> None:
    """Add functions: WANTED are labels, or pairs of a label and add_hook's keywords."""
    for one in wanted:
        label, keywords = (one, {}) if isinstance(one, str) else one
        runtime.add_hook(hook, Calls().function(label), **keywords)


@pytest.mark.parametrize(
    ("added", "expected"),
    [
        ([("a", 0), ("b", 0)], "ba"),
        ([("a", 10), ("b", 10)], "ab"),
        ([("a", -10), ("b", -10)], "ba"),
        ([("a", 10), ("b", 10), ("c", -10), ("d", -10), ("e", 0), ("f", 0), ("g", 9.5)], "dcfegab"),
        ([("a", -100), ("b", 100), ("c", 1000), ("d", -1000)], "dabc"),
        ([("a", 0.0), ("b", -0.0), ("c", 0.0001)], "bac"),
    ],
)
def test_order_is_by_depth_and_ties_as_in_emacs(
    runtime: Runtime, defhook: DefHook, added: list[tuple[str, float]], expected: str
) -> None:
    """Smaller depths first; of equals the newest goes first, above depth 0 last."""
    hook = defhook()
    add(runtime, hook, *[(label, {"depth": depth}) for label, depth in added])
    assert order(hook) == expected


def test_adding_what_is_there_changes_nothing(runtime: Runtime, defhook: DefHook) -> None:
    """Added again, at whatever depth, a function keeps its place, and no record is made (Emacs: a no-op)."""
    hook, function = defhook(), Calls().function("a")
    entry = runtime.add_hook(hook, function, 10)
    add(runtime, hook, ("b", {"depth": 20}))
    records = len(runtime.journal.records)
    assert runtime.add_hook(hook, function, 50) is entry
    assert order(hook) == "ab"
    assert len(runtime.journal.records) == records


def test_moving_puts_an_entry_where_a_new_one_would_be(runtime: Runtime, defhook: DefHook) -> None:
    """Moved to a depth, an entry is the newest there."""
    hook = defhook()
    add(runtime, hook, *[(label, {"depth": 5}) for label in "abc"])
    runtime.move_hook(hook, "a", 5)
    assert order(hook) == "bca"
    runtime.move_hook(hook, "c", 0)
    assert order(hook) == "cba"
    runtime.move_hook(hook, "b", -5)
    assert order(hook) == "bca"


@pytest.mark.parametrize("depth", [float("nan"), float("inf"), "10", True, None])
def test_depth_that_is_no_finite_number_is_refused(runtime: Runtime, defhook: DefHook, depth: Any) -> None:
    """Neither adding nor moving takes a depth that could not be sorted."""
    hook = defhook()
    add(runtime, hook, "a")
    with pytest.raises(ValueError, match=r"add-hook test-hook: .* finite number"):
        runtime.add_hook(hook, len, depth)
    with pytest.raises(ValueError, match=r"move-hook test-hook: .* finite number"):
        runtime.move_hook(hook, "a", depth)
    assert order(hook) == "a"


@pytest.mark.parametrize(
    ("added", "expected"),
    [
        (["a", ("b", {"after": "a"})], "ab"),
        (["a", "b", ("c", {"before": "a", "after": "b"})], "bca"),
        (["a", ("b", {"before": ["x", "a"]})], "ba"),
        ([("a", {"before": "b"}), "b", "c"], "cab"),
        ([("a", {"after": "later"}), "b", "later"], "laterba"),
        ([("a", {"depth": 5}), ("b", {"depth": 5, "before": "a"}), ("c", {"depth": 1})], "cba"),
        (["a", ("b", {"after": "#1"})], "ab"),
    ],
)
def test_order_among_equals_can_be_asked_for(
    runtime: Runtime, defhook: DefHook, added: list[Any], expected: str
) -> None:
    """`before=` and `after=` order entries of equal depth; the others keep their places; unknown names wait."""
    hook = defhook()
    first = runtime.next_number() + 1
    for one in added:
        if not isinstance(one, str) and one[1].get("after") == "#1":
            one[1]["after"] = f"#{first}"
        add(runtime, hook, one)
    assert order(hook) == expected


def test_order_asked_for_by_the_name_that_holds(runtime: Runtime, defhook: DefHook) -> None:
    """An entry may be named by the name it is held by, whatever its label."""
    hook = defhook()
    runtime.namespace["audit"] = lambda: None
    runtime.add_hook(hook, "audit", label="x")
    add(runtime, hook, ("b", {"after": "audit"}))
    assert order(hook) == "xb"


@pytest.mark.parametrize(
    ("added", "message"),
    [
        ([("a", {"before": "b"}), ("b", {"before": "a"})], "is a circle: (a before b before a|b before a before b)"),
        ([("a", {"before": "a"})], "is a circle: a before a"),
        (
            [("a", {"after": "c"}), ("b", {"after": "a"}), "d", ("c", {"after": "b"})],
            "is a circle: . before . before . before .",
        ),
        (
            [
                ("x", {"depth": 5}),
                ("y", {"depth": 5, "after": "x"}),
                ("a", {"depth": 5, "before": "b"}),
                ("b", {"depth": 5, "before": "a"}),
            ],
            "is a circle: (a before b before a|b before a before b)",
        ),
        (["a", ("b", {"before": "a", "depth": 5})], "b at depth 5 cannot run before a at depth 0"),
        ([("a", {"depth": 9}), ("b", {"after": "a"})], "b at depth 0 cannot run after a at depth 9"),
        ([("a", {"before": "b", "depth": 9}), ("b", {})], "a at depth 9 cannot run before b at depth 0"),
    ],
)
def test_order_that_cannot_be_kept_is_refused(
    runtime: Runtime, defhook: DefHook, added: list[Any], message: str
) -> None:
    """A contradiction is an error that names the circle, or the depths; the hook stays as it was."""
    hook = defhook()
    add(runtime, hook, *added[:-1])
    before = order(hook)
    with pytest.raises(OrderError, match=message):
        add(runtime, hook, added[-1])
    assert order(hook) == before


def test_move_that_breaks_the_order_asked_for_is_refused(runtime: Runtime, defhook: DefHook) -> None:
    """Moving is checked as adding is."""
    hook = defhook()
    add(runtime, hook, "a", ("b", {"before": "a"}))
    with pytest.raises(OrderError, match="b at depth 50 cannot run before a"):
        runtime.move_hook(hook, "b", 50)
    assert order(hook) == "ba"


def test_order_that_has_become_impossible_is_passed_over(runtime: Runtime, defhook: DefHook) -> None:
    """A contradiction that came by undo, past the check, does not keep the hook from firing."""
    hook = defhook()
    add(runtime, hook, ("a", {"before": "b"}))
    runtime.remove_hook(hook, "a")
    add(runtime, hook, ("b", {"before": "a"}))
    removal = [record for record in runtime.journal.records if record.what == "remove-hook"]
    runtime.journal.revert(removal, "undo", runtime.owners.origin())
    assert order(hook) == "ba"
    hook.run()


@given(st.lists(st.sampled_from([-5.0, 0.0, 2.5, 7.0]), max_size=12))
def test_order_is_what_inserting_one_by_one_gives(depths: list[float]) -> None:
    """Sorting by depth and rank is the same as Emacs's way: put in front or behind, then sort stably by depth."""
    ranked = sorted((depth, rank(number, depth)) for number, depth in enumerate(depths, 1))
    emacs: list[tuple[float, int]] = []
    for number, depth in enumerate(depths, 1):
        one = (depth, number)
        emacs = [*emacs, one] if depth > 0 else [one, *emacs]
        emacs.sort(key=lambda pair: pair[0])
    assert [(depth, abs(place)) for depth, place in ranked] == emacs


def test_marker_of_a_local_value_stays_where_it_was(runtime: Runtime, defhook: DefHook) -> None:
    """The marker counts as depth 0, and came first: later functions of depth 0 go before it, whatever comes between."""
    hook = defhook()
    for label, depth in [("b", 0), ("c", 10), ("d", -10), ("e", 0)]:
        add(runtime, hook, (label, {"depth": depth, "local": "client:7"}))
    assert [str(getattr(held, "__name__", held)) for held in hook.value("client:7")] == ["d", "e", "b", "GLOBAL", "c"]


def test_orders_of_all_insertions_of_constrained_entries_agree(runtime: Runtime, defhook: DefHook) -> None:
    """A chain of constraints holds in whatever order its entries are added."""
    wanted = [("a", {"before": "b"}), ("b", {"before": "c"}), ("c", {}), ("d", {"after": "c"})]
    for number, one in enumerate(itertools.permutations(wanted)):
        hook = defhook(name=f"hook-{number}")
        add(runtime, hook, *one)
        assert order(hook) == "abcd"


def test_explanation_says_as_data_what_decided(runtime: Runtime, defhook: DefHook) -> None:
    """A depth of its own, a tie, or what was asked for by name: for each entry, in the order they run."""
    hook = defhook()
    add(runtime, hook, "a", "b", ("c", {"depth": 5}), ("d", {"depth": 5}), ("e", {"depth": 9}))
    add(runtime, hook, ("f", {"depth": 9, "before": "e"}), ("g", {"depth": -1, "after": "zz"}))
    found = explain_order(hook.entries())
    assert [(each.entry.label, each.rule) for each in found] == [
        ("g", "depth"),
        ("b", "newest-first"),
        ("a", "newest-first"),
        ("c", "newest-last"),
        ("d", "newest-last"),
        ("f", "by-name"),
        ("e", "by-name"),
    ]
    by_label = {each.entry.label: each for each in found}
    assert [entry.label for entry in by_label["f"].before] == ["e"]
    assert [entry.label for entry in by_label["e"].after] == ["f"]
    assert [entry.label for entry in by_label["a"].equals] == ["b"]
    assert by_label["g"].missing == ("zz",)


def test_explanation_is_in_the_order_that_runs(runtime: Runtime, defhook: DefHook) -> None:
    """It explains what `entries` shows, whatever was asked for."""
    hook = defhook()
    add(runtime, hook, "a", ("b", {"after": "a"}), ("c", {"depth": 3}), ("d", {"depth": 3, "before": "c"}))
    assert [each.entry for each in explain_order(hook.entries())] == list(hook.entries())
