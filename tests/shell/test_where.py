"""`where`, `status` and `history`: finding things, and how all of it fares."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from scirehooks.hooks import BUILTIN, Owner, Runtime, StatusPart
from scirehooks.load import Loader, LoaderCommands
from scirehooks.shell import Session
from scirehooks.shell.answers.status import Status
from scirehooks.shell.answers.whereabouts import Whereabouts
from scirehooks.values import Values
from tests.shell.support import write

Say = Callable[[str], str]


@pytest.fixture
def loader(runtime: Runtime, values: Values, session: Session) -> Loader:
    """A loader, whose commands are there."""
    loader = Loader(runtime, values, directories=[])
    values.provide(Loader, loader)
    runtime.define(LoaderCommands(loader), BUILTIN)
    return loader


def where(session: Session, line: str) -> Whereabouts:
    outcome = session.evaluate(line)
    assert isinstance(outcome.value, Whereabouts), outcome.problem
    return outcome.value


def test_where_of_what_was_typed_names_the_line_and_the_hooks(session: Session) -> None:
    """A line typed at a prompt has a number; who added the function, and where, is told for each hook."""
    session.evaluate("def audit(order): pass")
    session.evaluate("add-hook order-paid-hook audit --depth 7")
    found = where(session, "where audit")
    assert (found.kind, found.place, found.owner) == ("function", "shell:1", "shell")
    assert found.since is not None
    (use,) = found.hooks
    assert (use.hook, use.number, use.depth, use.by, use.place) == ("order-paid-hook", "#1", 7, "tester", "shell:2")
    assert where(session, "where #1").hooks == found.hooks
    assert where(session, "where(audit)").hooks == found.hooks


def test_where_of_a_function_in_a_file_tells_whether_that_has_changed(
    session: Session, loader: Loader, tmp_path: Path, say: Say
) -> None:
    """The file that was loaded is compared, not its time: an editor that writes the same makes no difference."""
    init = tmp_path / "init.d"
    init.mkdir()
    script = write(init / "20-guard.py", "def guard(order): pass\n\nadd_hook('order-paid-hook', guard)\n")
    loader.load_init([init])
    found = where(session, "where guard")
    assert (found.place, found.owner, found.changed) == (f"{script}:1", "20-guard.py", False)
    os.utime(script)
    assert not where(session, "where guard").changed
    write(script, "def guard(order): return None\n\nadd_hook('order-paid-hook', guard)\n")
    assert where(session, "where guard").hint == "reload 20-guard.py"
    assert "The file has changed since it was loaded. Type: reload 20-guard.py" in say("where guard")
    session.evaluate("reload 20-guard.py")
    assert not where(session, "where guard").changed


@pytest.mark.parametrize(
    ("word", "kind", "name"),
    [
        ("add-hook", "command", "add-hook"),
        ("order-paid-hook", "hook", "order-paid-hook"),
        ("order_paid_hook", "hook", "order-paid-hook"),
        ("limit", "option", "limit"),
        ("Veto", "function", "Veto"),
    ],
)
def test_where_finds_whatever_has_a_name(session: Session, runtime: Runtime, word: str, kind: str, name: str) -> None:
    """Commands, hooks and options are somebody's and somewhere, as functions are."""
    runtime.defoption("limit", int, 5)
    found = where(session, f"where {word}")
    assert (found.kind, found.name) == (kind, name)


def test_where_of_nothing_suggests_what_was_meant(say: Say) -> None:
    """A typo is answered with the nearest name."""
    say("def audit(order): pass")
    assert say("where audti") == "There is no function, command or hook 'audti'. Did you mean audit?\n"
    assert say("where #99").startswith("There is no entry '#99'.")


def test_where_of_advised_functions_tells_of_the_advice(session: Session, runtime: Runtime) -> None:
    """Who reads the file of a function should know that it is not all that runs."""
    session.evaluate("def audit(order): pass")
    session.evaluate("def timed(function, order): return function(order)")
    session.evaluate("runtime.advice_add('audit', 'around', timed)")
    assert where(session, "where audit").advice == ("around timed",)


def test_status_is_well_and_then_is_not(session: Session, runtime: Runtime) -> None:
    """A function in quarantine is named with what brings it back; the exit status is for monitoring."""
    fine = session.evaluate("status")
    assert isinstance(fine.value, Status)
    assert (fine.value.ok, fine.status) == (True, 0)

    def told_hook(order: int) -> None:
        """Fires when told."""

    hook = runtime.defhook(on_error="isolate")(told_hook)
    session.evaluate("def boom(order): raise ValueError('broken')")
    session.evaluate("add-hook told-hook boom")
    for _ in range(3):
        hook.run(1)
    bad = session.evaluate("status")
    assert bad.status == 1
    (part,) = [part for part in bad.value.parts if part.wrong]
    assert part.wrong == ("boom in told-hook is quarantined (ValueError: broken): release told-hook boom",)
    session.evaluate("release told-hook boom")
    assert session.evaluate("status").status == 0


def test_status_names_the_init_script_that_failed(session: Session, loader: Loader, tmp_path: Path, say: Say) -> None:
    """It is told until the script is loaded, with the place of the error."""
    init = tmp_path / "init.d"
    init.mkdir()
    script = write(init / "20-bad.py", "1 / 0\n")
    loader.load_init([init])
    assert session.evaluate("status").status == 1
    assert f"{script}:1" in say("status")
    assert "reload 20-bad.py" in say("status")
    write(script, "pass\n")
    session.evaluate("reload 20-bad.py")
    assert session.evaluate("status").status == 0


def test_status_asks_whoever_reports_and_forgets_him_when_he_goes(session: Session, runtime: Runtime, say: Say) -> None:
    """A module adds a part of its own; one that fails at reporting is wrong, and hides nobody."""
    owner = Owner("module", "queues")
    runtime.defstatus("queues", lambda: StatusPart("2 queues", ("mail is full: queue-flush mail",)), owner=owner)
    runtime.defstatus("broken", lambda: StatusPart(str(1 / 0)), owner=owner)
    said = say("status").splitlines()
    assert "queues     2 queues" in said
    assert "  mail is full: queue-flush mail" in said
    assert "  its report failed: ZeroDivisionError: division by zero" in said
    assert said[-1] == "Something is wrong."
    runtime.withdraw(owner)
    assert session.evaluate("status").status == 0


def test_history_lists_what_was_typed(session: Session) -> None:
    """The newest is last, and a word picks those that hold it."""
    for line in ("x = 1", "hooks", "x + 1"):
        session.evaluate(line)
    assert session.evaluate("history").value == ["x = 1", "hooks", "x + 1", "history"]
    assert session.evaluate("history x --last 2").value == ["x + 1", "history x --last 2"]
