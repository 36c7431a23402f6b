"""`explain`: why each function of a hook is where it is, and why it does not run."""

from collections.abc import Callable
from typing import Any

from scirehooks.hooks import Runtime
from scirehooks.shell import Session
from scirehooks.shell.answers.explanation import Explained, Explanation

Say = Callable[[str], str]


def explain(session: Session, line: str = "explain order-paid-hook") -> Explanation:
    outcome = session.evaluate(line)
    assert isinstance(outcome.value, Explanation), outcome.problem
    return outcome.value


def by_name(found: Explanation) -> dict[str, Explained]:
    return {row.function: row for row in found.order}


def define(session: Session, *names: str) -> None:
    for name in names:
        session.evaluate(f"def {name}(order): pass")


def test_explain_names_the_rule_that_decided(session: Session) -> None:
    """A depth of its own, the newest first up to 0, the newest last above it, or what was asked for by name."""
    define(session, *"abcdefg")
    for line in ("a", "b", "c 10", "d 10", "e -5", "f 20", "g 20 --before f"):
        session.evaluate(f"add-hook order-paid-hook {line}")
    found = explain(session)
    assert [(row.position, row.function, row.rule) for row in found.order] == [
        (1, "e", "depth"),
        (2, "b", "newest-first"),
        (3, "a", "newest-first"),
        (4, "c", "newest-last"),
        (5, "d", "newest-last"),
        (6, "g", "by-name"),
        (7, "f", "by-name"),
    ]
    rows = by_name(found)
    assert rows["a"].equals == ("b",)
    assert rows["g"].before == ("f",)
    assert rows["f"].after == ("g",)
    assert rows["f"].why == "asked for after g"


def test_explain_tells_which_name_asked_for_is_not_there(session: Session, say: Say) -> None:
    """A wish about somebody who is not at that depth has no effect, and is perhaps a typo."""
    define(session, "a")
    session.evaluate("add-hook order-paid-hook a --after audti")
    assert by_name(explain(session))["a"].missing == ("audti",)
    assert "a names audti, which is not beside it at its depth." in say("explain order-paid-hook")


def test_explain_says_why_a_function_does_not_run(session: Session, runtime: Runtime, say: Say) -> None:
    """Switched off by whom, set aside after which failure, not defined, or defined so that it does not fit."""
    define(session, "off", "misfit")
    session.evaluate("def broken(order): raise ValueError('out of paper')")
    session.evaluate("add-hook pre-order-hook broken")
    for _ in range(3):
        runtime.hooks["pre-order-hook"].run(1)
    for name in ("off", "later", "misfit"):
        session.evaluate(f"add-hook pre-order-hook {name}")
    session.evaluate("disable pre-order-hook off")
    session.evaluate("def misfit(client): pass")
    rows = by_name(explain(session, "explain pre-order-hook"))
    assert {name: row.state for name, row in rows.items()} == {
        "off": "disabled",
        "broken": "quarantined",
        "later": "undefined",
        "misfit": "misfit",
    }
    assert not any(row.runs for row in rows.values())
    assert rows["off"].obstacle.startswith("it is switched off by tester (shell) at ")
    assert rows["off"].hint == "enable pre-order-hook off"
    assert rows["broken"].obstacle.endswith("last with ValueError: out of paper; it goes on refusing")
    assert rows["broken"].hint == "release pre-order-hook broken"
    assert "nothing is called later" in rows["later"].obstacle
    assert "client" in rows["misfit"].obstacle
    assert "Type: release pre-order-hook broken" in say("explain pre-order-hook")


def test_explain_shows_the_condition_and_the_lease(session: Session, runtime: Runtime) -> None:
    """A function with a condition runs only then; one with a lease goes by itself."""
    define(session, "a", "b")
    session.evaluate("def large(order): return order > 100")
    large = runtime.namespace["large"]
    large.__doc__ = "order > 100"  # as the reader of YAML has it
    runtime.add_hook("order-paid-hook", "a", when=large)
    session.evaluate("add-hook order-paid-hook b --times 3")
    rows = by_name(explain(session))
    assert rows["a"].when == "order > 100"
    assert str(rows["b"].until) == "3 more calls"


def test_explain_of_one_function_tells_all_about_it(session: Session, say: Say) -> None:
    """Its place, why, and by whom it was added, also if it is in the value of a scope only."""
    define(session, "a", "b")
    session.evaluate("add-hook order-paid-hook a")
    session.evaluate("add-hook order-paid-hook b --local client:7")
    found = explain(session, "explain order-paid-hook b").one
    assert found is not None
    assert (found.function, found.local, found.by, found.place) == ("b", "client:7", "tester", "shell:4")
    said = say("explain order-paid-hook a").splitlines()
    assert said[0] == "a in order-paid-hook"
    assert "position  1 of 1" in said
    assert "Did you mean" not in say("explain order-paid-hook nobody")
    assert "It holds a." in say("explain order-paid-hook nobody")


def test_explain_shows_where_the_global_value_runs_in_a_local_one(session: Session) -> None:
    """In a scope its own functions run, and at their place among them those for every scope."""
    define(session, "before", "after")
    session.evaluate("add-hook order-paid-hook before -5 --local client:7")
    session.evaluate("add-hook order-paid-hook after 5 --local client:7")
    local = [row.function for row in explain(session).order if row.local == "client:7"]
    assert local == ["before", "(the global value)", "after"]


def test_explain_as_json_is_data(session: Session) -> None:
    """What is shown as a sentence is there as fields, too."""
    define(session, "a")
    session.evaluate("add-hook order-paid-hook a --for 2h")
    data: Any = session.values.to_json(explain(session))
    (row,) = data["order"]
    assert (row["rule"], row["runs"], row["depth"]) == ("depth", True, 0)
    assert row["until"]["expires"].endswith("Z")
    assert data["one"] is None


def test_explain_guesses_as_add_hook_does(session: Session, say: Say) -> None:
    """Python's own functions are among them, what is no function is not, and the sentence ends once."""
    session.evaluate("audit_limit = 3")
    for name in ("prnt", "audit_limt"):
        session.evaluate(f"add-hook order-paid-hook {name}")
    said = say("explain order-paid-hook")
    assert "nothing is called prnt (did you mean print?), which is an error when it is fired.\n" in said
    assert "nothing is called audit_limt, which is an error when it is fired.\n" in said
    entry = "runtime.find_entry('order-paid-hook', '{}')"
    assert say(entry.format("prnt")).endswith("is not defined yet; did you mean print?\n")
    assert say(entry.format("audit_limt")).endswith("is not defined yet\n")
