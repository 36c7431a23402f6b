import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from scirehooks.hooks import Runtime
from scirehooks.shell import Session, current_session

Say = Callable[[str], str]


def test_evaluate_of_an_expression_gives_its_value_and_remembers_it(session: Session) -> None:
    """`_` is the last value that was not None."""
    assert session.evaluate("6 * 7").value == 42
    assert session.evaluate("x = _ + 1").value is None
    assert session.evaluate("[_ for _ in (x, _)]").value == [43, 42]


def test_evaluate_of_a_name_sets_it_for_the_session(session: Session, runtime: Runtime) -> None:
    """What a line defines is in the namespace, and is the session's."""
    session.evaluate("def f():\n    global hidden\n    hidden = 2\nf()")
    assert runtime.namespace["hidden"] == 2
    definition = runtime.namespace.definition("f")
    assert definition is not None
    assert definition.owner == session.owner


def test_evaluate_awaits_at_top_level_on_one_loop(session: Session) -> None:
    """A task that one line started can be awaited by the next."""
    session.evaluate("import asyncio")
    session.evaluate("async def soon():\n    await asyncio.sleep(0)\n    return 5\n")
    session.evaluate("async def start():\n    return asyncio.create_task(soon())\n")
    session.evaluate("task = await start()")
    assert session.evaluate("await task").value == 5


def test_evaluate_of_a_variable_never_hides_a_command(session: Session) -> None:
    """`hooks = 3` makes the variable; `hooks` runs the command, and a leading blank asks for the variable."""
    session.evaluate("hooks = 3")
    assert session.evaluate(" hooks").value == 3
    assert isinstance(session.evaluate("hooks").value, list)


def test_evaluate_adds_to_hooks_in_the_name_of_the_session(session: Session, runtime: Runtime) -> None:
    """By command and by Python alike, an entry is the session's, with the line it was typed in."""
    session.evaluate("def f(order): pass")
    session.evaluate("add-hook order-paid-hook f --depth 5")
    session.evaluate("add_hook(order_paid_hook, print)")
    entries = runtime.hooks["order-paid-hook"].entries()
    assert [(entry.label, entry.depth) for entry in entries] == [("print", 0), ("f", 5)]
    assert {entry.owner for entry in entries} == {session.owner}
    assert [str(entry.place) for entry in entries] == ["shell:3", "shell:2"]


def test_evaluate_finds_the_session_in_the_context(session: Session) -> None:
    """Code that is evaluated can ask which session it is in."""
    session.runtime.namespace["current_session"] = current_session
    assert session.evaluate("current_session.get()").value is session
    assert current_session.get() is None


@pytest.mark.parametrize(
    ("line", "status"),
    [("1", 0), ("1/0", 1), ("hooks a b", 2), ("raise Veto('no')", 3), ("raise KeyboardInterrupt", 130), ("!exit 3", 1)],
)
def test_evaluate_gives_the_exit_status_of_the_line(session: Session, line: str, status: int) -> None:
    """Each sort of end has its status."""
    assert session.evaluate(line).status == status


@pytest.mark.parametrize(
    ("line", "status"), [("quit", 0), ("quit 3", 3), ("import sys; sys.exit(4)", 4), ("raise SystemExit('bye')", 1)]
)
def test_evaluate_of_quit_ends_the_session(session: Session, line: str, status: int) -> None:
    """`quit` and Python's own ways to leave are one."""
    outcome = session.evaluate(line)
    assert (outcome.quit, outcome.status) == (True, status)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("describe-hok order-paid-hook", "There is no command 'describe-hok'. Did you mean describe-hook?\n"),
        ("describe-hok", "There is no command 'describe-hok'. Did you mean describe-hook?\n"),
        ("hoks", "NameError: name 'hoks' is not defined. Did you mean hooks?\n"),
        ("hoks paid", "There is no command 'hoks'. Did you mean hooks?\n"),
        ("prin(3)", "NameError: name 'prin' is not defined. Did you mean print?\n"),
        (
            "describe-hook order-payd-hook",
            "There is no hook 'order-payd-hook'. Did you mean order-paid-hook?\n",
        ),
        (":hook", "There is no command 'hook'. Did you mean hooks?\n"),
        ("frob-x web1", "There is no command 'frob-x'. Type help for a list.\n"),
        ("set-option limt 3", "There is no option 'limt'. Did you mean limit?\n"),
    ],
)
def test_evaluate_of_a_typo_says_in_one_line_what_was_meant(say: Say, runtime: Runtime, line: str, said: str) -> None:
    """Commands, hooks, options and Python names are all guessed."""
    runtime.defoption("limit", int, 3)
    assert say(line) == said


def test_evaluate_of_a_syntax_error_shows_the_place(say: Say) -> None:
    """Python's message, the line, a caret."""
    assert say("x = = 3") == "SyntaxError: invalid syntax\n    x = = 3\n        ^\n"


@pytest.mark.parametrize("line", ["x\0", "'\udc80'", "-" * 100_000 + "1", "(" * 300])
def test_evaluate_of_what_no_parser_reads_is_a_syntax_error(say: Say, line: str) -> None:
    """It is the user's error, not ours, and the answer is short."""
    said = say(line)
    assert said.startswith("SyntaxError: ")
    assert "defect" not in said


def test_evaluate_of_a_failing_function_shows_its_frames_only(say: Say) -> None:
    """The frames of the shell are nobody's business."""
    say("def f():\n    return 1 / 0\n")
    assert say("f()") == "ZeroDivisionError: division by zero\n  shell:1 line 2, in f: return 1 / 0\n"


def test_evaluate_of_a_failing_hook_names_hook_function_and_owner(say: Say) -> None:
    """An error in a hook's function says which one."""
    say("def f(order):\n    return 1 / 0\n")
    say("add-hook order-paid-hook f")
    said = say("order_paid_hook.run(1)")
    assert said.startswith("ZeroDivisionError: division by zero\n  in order-paid-hook: f (")
    assert said.endswith("  shell:1 line 2, in f: return 1 / 0\n")
    assert "scirehooks/hooks" not in said


def test_evaluate_of_an_endless_recursion_stays_short(say: Say) -> None:
    """A thousand frames are not shown."""
    assert len(say("def f(): f()\nf()").splitlines()) < 15


def test_evaluate_of_a_bug_of_ours_shows_everything_and_says_so(say: Say, session: Session) -> None:
    """What no user did is told apart from what a user did."""
    session.values.from_word = None  # type: ignore[method-assign,assignment]  # break it
    said = say("describe-hook order-paid-hook")
    assert "Traceback" in said
    assert said.endswith(
        "This is a defect in scirehooks, not in what you typed. Please report it with the lines above.\n"
    )


def test_evaluate_of_a_failing_repr_or_str_does_no_harm(say: Say) -> None:
    """Whatever the user's classes do, there is an answer."""
    say("class Bad(Exception):\n    def __repr__(self): 1/0\n    def __str__(self): 1/0\n")
    assert say("Bad()") == "<Bad, whose repr failed: ZeroDivisionError>\n"
    assert say("[Bad()]").startswith("<list")
    assert say("raise Bad") == "Bad: (its text failed: ZeroDivisionError)\n"


def test_evaluate_keeps_the_source_of_what_was_typed(session: Session) -> None:
    """`inspect` and tracebacks find the text of functions defined at the prompt."""
    session.evaluate("def f():\n    return 1\n")
    assert session.evaluate("import inspect; inspect.getsource(f)").value == "def f():\n    return 1\n"


def test_evaluate_with_a_file_has_its_lines(session: Session, tmp_path: Path) -> None:
    """A chunk of a file is compiled at its place in it."""
    outcome = session.evaluate("\n1/0", file=str(tmp_path / "script"), line=7)
    assert outcome.problem is not None
    assert outcome.problem.line == 8


def test_help_option_of_any_command_is_its_help(say: Say) -> None:
    """`--help` works everywhere."""
    assert say("hooks --help") == say("help hooks")


def test_evaluate_of_several_lines_stops_at_the_first_error(say: Say) -> None:
    """A paste is a small batch."""
    assert say("1\n2\n1/0\n3") == "1\n2\nZeroDivisionError: division by zero\n"


def test_program_line_runs_a_program(session: Session, capfd: pytest.CaptureFixture[str]) -> None:
    """`!` runs sh on the terminal at hand."""
    sys.stdout.flush()
    assert session.evaluate("!echo $((1 + 2))").status == 0
    assert capfd.readouterr().out == "3\n"


@pytest.mark.parametrize("line", ["hooks > /tmp/x", "hooks > nowhere"])
def test_evaluate_of_a_redirection_says_where_it_would_work(session: Session, line: str) -> None:
    """The command is there; what is missing is a shell around it."""
    error = session.evaluate(line).error
    assert str(error) == f"Output is not redirected here. In a shell, type: scirehooks -c {line}"
