import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from scirehooks.hooks import Owner, Runtime, command, on, option
from scirehooks.shell import Session

Say = Callable[[str], str]


def test_examples_of_the_commands_run(session: Session, runtime: Runtime) -> None:
    """Each command has an example in its documentation, and it works."""
    for name in sorted(runtime.commands):
        example = re.search(r"^Example: (.+)$", runtime.commands[name].doc, re.M)
        assert example, f"{name} has no example"
        runtime.defoption("quiet-hours", str, "")
        outcome = session.evaluate(example[1])
        assert outcome.error is None or outcome.quit, (name, outcome.problem)


def test_hooks_json_is_the_same_after_a_module_came_and_went(session: Session) -> None:
    """The list has nothing in it that a clock or a counter changes."""

    def as_json() -> str:
        return json.dumps(session.values.to_json(session.evaluate("hooks").value))

    class Marked:
        @on("order-paid-hook", depth=3)
        def told(self, order: int) -> None: ...

        @command
        def tell(self) -> None: ...

    before = as_json()
    owner = Owner("module", "marked")
    session.runtime.define(Marked(), owner)
    assert as_json() != before
    session.runtime.withdraw(owner)
    assert as_json() == before


def test_describe_hook_shows_the_order_first(say: Say) -> None:
    """Number, function, depth, owner and place come before everything else."""
    say("def first(order): pass")
    say("def second(order): pass")
    say("add-hook order-paid-hook second")
    say("add-hook order-paid-hook first --depth -5")
    say("add-hook order-paid-hook later --depth 5")
    said = say("describe-hook order-paid-hook").splitlines()
    assert said[0] == "order-paid-hook"
    assert [line.split() for line in said[1:5]] == [
        ["function", "depth", "state", "owner", "where", "number"],
        ["1", "first", "-5", "shell", "shell:1", "#2"],
        ["2", "second", "0", "shell", "shell:2", "#1"],
        ["3", "later", "5", "undefined", "shell", "shell:5", "#3"],
    ]
    assert "payload   order (whole number), note (text)" in said
    assert said[-1] == "Fires after ORDER has been paid."


def test_add_hook_of_an_undefined_name_says_so(say: Say) -> None:
    """It may be defined later, but perhaps it is a typo."""
    say("def audit(order): pass")
    assert say("add-hook order-paid-hook audti") == ("audti (#1, depth 0) is not defined yet; did you mean audit?\n")


def test_remove_hook_of_what_is_not_there_names_what_was_meant(say: Say) -> None:
    """Somebody who types a name means a function; code may remove what is not there, as in Emacs."""
    say("def audit(order): pass")
    say("add-hook order-paid-hook audit")
    assert "Did you mean audit?" in say("remove-hook order-paid-hook audti")
    assert say("remove_hook('order-paid-hook', 'audti')") == ""
    assert say("remove-hook order-paid-hook #1  # no longer") == "audit (#1, depth 0)\n"


def test_remove_hook_of_an_undefined_function_says_that_it_is_removed(say: Say) -> None:
    """Whether it is defined matters no more."""
    say("add-hook order-paid-hook audti")
    assert say("remove-hook order-paid-hook #1") == "audti (#1, depth 0) is removed\n"


def test_fire_tells_what_did_not_run_and_what_failed(say: Say, session: Session, runtime: Runtime) -> None:
    """A failure is no success, and counts for nothing: it was only tried."""
    say("def boom(order): raise ValueError('broken')")

    def told_hook(order: int) -> None:
        """Fires after it was told."""

    runtime.defhook(on_error="isolate")(told_hook)
    say("add-hook told-hook boom")
    assert say("fire told-hook order=1").splitlines()[1:] == ["Functions: boom.", "Failed: boom: ValueError: broken"]
    assert session.evaluate("fire told-hook order=1").status == 1
    hook = runtime.hook("told-hook")
    assert hook.entries()[0].health.failures == 0
    for _ in range(hook.failure_limit):
        hook.run(1)
    assert say("fire told-hook order=1").splitlines()[1:] == ["Nothing was called.", "Not run: boom (quarantined)."]
    assert session.evaluate("fire told-hook order=1").status == 0


def test_fire_calls_the_functions_with_converted_fields(say: Say, capsys: pytest.CaptureFixture[str]) -> None:
    """Words become what the hook declares."""
    say("def told(order): print(order + 1)")
    say("add-hook order-paid-hook told")
    assert say("fire order-paid-hook order=41") == "Fired order-paid-hook with order=41.\nFunctions: told.\n"
    assert say("fire('order-paid-hook', order=1.5).payload") == "{'order': 1.5}\n"
    assert capsys.readouterr().out == "42\n2.5\n"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("fire order-paid-hook", "order-paid-hook: the field order (whole number) is missing."),
        ("fire order-paid-hook ordre=1", "order-paid-hook has no field ordre. Did you mean order?"),
        ("fire order-paid-hook order=x", "order: expected whole number, got 'x'."),
        ("fire order-paid-hook qqq=1", "order-paid-hook has no field qqq. It takes order (whole number), note (text)."),
        ("fire order-payd-hook", "There is no hook 'order-payd-hook'. Did you mean order-paid-hook"),
    ],
)
def test_fire_with_a_wrong_payload_says_what_was_expected(say: Say, line: str, said: str) -> None:
    """One line names the field, its type and what was meant."""
    answer = say(line)
    assert answer.startswith(said)
    assert answer.count("\n") == 1


def test_fire_of_an_asked_hook_shows_the_verdict(say: Say, session: Session) -> None:
    """Who refused, where it is written, why, and who was not asked any more; a refusal ends a batch."""
    say("def wary(order): return Veto('not today')")
    say("def late(order): pass")
    say("def raises(order): return {'order': order + 1}")
    say("add-hook pre-order-hook wary")
    say("add-hook pre-order-hook late --depth 5")
    say("add-hook pre-order-hook raises --depth -5")
    said = say("fire pre-order-hook order=1").splitlines()
    assert said[1:] == [
        "Amended: order by raises.",
        "Refused by wary (shell:1, depth 0): not today",
        "Not asked after that: late.",
    ]
    assert session.evaluate("fire pre-order-hook order=1").status == 3
    say("remove-hook pre-order-hook wary")
    assert say("fire pre-order-hook order=1").endswith("Allowed.\n")


def test_fire_uses_the_rehearsal_of_the_hook(say: Say, runtime: Runtime) -> None:
    """A hook that needs something around it brings it, and says that nothing of it stays."""

    def inside_hook(order: int, transaction: str) -> None:
        """Fires inside."""

    runtime.defhook(rehearse=lambda fire: fire({"transaction": "t"}))(inside_hook)
    assert say("fire inside-hook order=1").startswith(
        "Fired inside-hook with order=1, in a transaction that was rolled back."
    )


def test_options_are_listed_and_set_by_their_type(say: Say, runtime: Runtime) -> None:
    """A word is read by the option's type, and option-change-hook fires."""
    limit = option(int, 5, unit="messages", doc="Most messages a minute.", name="limit")
    runtime.define({"LIMIT": limit}, Owner("module", "demo"))
    assert "5 messages" in say("options")
    runtime.define({"PAUSE": option(timedelta, timedelta(minutes=1), name="pause")}, Owner("module", "demo"))
    assert "  1m" in say("options")  # as set-option takes it
    assert "whole number" in say("set-option limit x")
    say("set-option limit 7")
    assert limit.value == 7
    say("set_option('limit', 8)")
    assert limit.value == 8


def test_help_finds_commands_hooks_options_functions_and_topics(say: Say, runtime: Runtime, tmp_path: Path) -> None:
    """One command explains everything that has a name."""
    runtime.defoption("limit", int, 5, doc="Most messages a minute.")
    say('def greet(name):\n    "Greet NAME."\n')
    assert say("help fire").startswith("fire HOOK [KEY=VALUE…]\n\nFire HOOK")
    assert say("help order-paid-hook") == say("describe-hook order-paid-hook")
    assert "Most messages a minute." in say("help limit")
    assert say("help greet") == "greet(name)\nshell:1\n\nGreet NAME.\n"
    assert say("help glossary").startswith("Glossary\n")
    assert "commands" in say("help").split()
    assert say("help fier") == "There is no help for 'fier'. Did you mean fire?\n"
    assert say("help(order_paid_hook)") == say("describe-hook order-paid-hook")


def test_apropos_searches_names_and_first_lines(say: Say) -> None:
    """What one does not know the name of is found by a word of it."""
    found = say("apropos paid")
    assert "order-paid-hook" in found
    assert "pre-order-hook" in found
