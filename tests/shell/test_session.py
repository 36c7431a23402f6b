import linecache
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from scirehooks.errors import ConflictError, NotAllowedHereError
from scirehooks.hooks import BUILTIN, Owner, Runtime, command
from scirehooks.shell import Host, Outcome, Remembered, Renderer, Session, current_session
from scirehooks.values import Values, current_directory

Say = Callable[[str], str]


def test_evaluate_of_an_expression_gives_its_value_and_remembers_it(session: Session) -> None:
    """`_` is the last value that was not None."""
    assert session.evaluate("6 * 7").value == 42
    assert session.evaluate("x = _ + 1").value is None
    assert session.evaluate("[_ for _ in (x, _)]").value == [43, 42]


HOSTILE = """\
class E(BaseException):
    def __str__(self): raise E
class Code:
    def __str__(self): raise E
"""


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("raise SystemExit('a\\x1b[2Jb')", "a\\x1b[2Jb\n"),
        ("raise SystemExit(Code())", "(its text failed: E)\n"),
        ("raise E", "E: (its text failed: E)\n"),
    ],
)
def test_evaluate_of_what_ends_with_a_hostile_text_says_so(session: Session, line: str, told: str) -> None:
    """It can neither draw on the terminal nor get out of where it is told."""
    session.evaluate(HOSTILE)
    problem = session.evaluate(line).problem
    assert problem is not None
    assert "".join(text for _, text in problem.text).startswith(told)


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
        ("hooks-list", "There is no command 'hooks-list'. Did you mean hooks?\n"),
        ("tour", "There is no command 'tour'. Type: help tour\n"),
        ("describe-hook nosuch-hook", "There is no hook 'nosuch-hook'. Type hooks to see them all.\n"),
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


@pytest.fixture
def two(runtime: Runtime, values: Values, renderer: Renderer) -> tuple[Session, Session]:
    """Two sessions of administrators who work at the same time."""
    return Session(runtime, values, actor="anna"), Session(runtime, values, name="shell-2", actor="bert")


def changed(session: Session) -> None:
    """Change something in SESSION."""
    assert session.evaluate("add-hook order-paid-hook print").error is None


def see(session: Session) -> None:
    """Show SESSION's user all there is."""
    session.seen = session.runtime.journal.records[-1].id


@pytest.mark.parametrize("line", ["move-hook order-paid-hook print 5", "touch"])
def test_evaluate_of_a_command_based_on_a_stale_state_is_refused(two: tuple[Session, Session], line: str) -> None:
    """After another's change, until it has been seen; the message names who did what."""
    anna, bert = two

    @command("touch", fresh=True)
    def touch() -> None:
        """Change something that is there."""

    anna.runtime.define({"touch": touch}, BUILTIN)
    see(anna)
    changed(bert)
    error = anna.evaluate(line).error
    assert isinstance(error, ConflictError)
    name = line.split()[0]
    assert str(error).startswith(f"{name} is based on a state that is no more: bert (shell-2) has done add-hook")
    see(anna)
    assert anna.evaluate(line).error is None


def test_evaluate_after_changes_of_one_s_own_is_never_stale(two: tuple[Session, Session]) -> None:
    """Nor is a session that does not check, nor a command that builds on nothing."""
    anna, bert = two
    see(anna)
    changed(anna)
    assert anna.evaluate("move-hook order-paid-hook print 5").error is None
    changed(bert)
    bert.evaluate("disable order-paid-hook print")
    assert anna.evaluate("hooks").error is None
    anna.seen = None
    assert anna.evaluate("move-hook order-paid-hook print 6").error is None


def test_evaluate_of_a_load_counts_as_the_session_s_own(two: tuple[Session, Session]) -> None:
    """Whoever is named as owner: it was done by a line of this session, or it was not."""
    anna, bert = two
    see(anna)
    for session, stale in ((anna, False), (bert, True)):
        owner = Owner("module", f"of_{session.name}")
        add = partial(session.runtime.add_hook, "pre-order-hook", owner.name, owner=owner)
        session.runtime.namespace["load_it"] = add
        assert session.evaluate("load_it()").error is None
        changed(anna)
        assert isinstance(anna.evaluate("move-hook order-paid-hook print 7").error, ConflictError) is stale


def test_evaluate_reads_relative_paths_from_where_the_user_is(
    runtime: Runtime, values: Values, renderer: Renderer, tmp_path: Path
) -> None:
    """Not from where the process was started; completion of paths goes by it, too."""
    (tmp_path / "mine.txt").touch()
    session = Session(runtime, values, cwd=tmp_path)
    runtime.namespace["current_directory"] = current_directory

    @command
    def look(file: Path, /) -> str:
        """Tell where FILE is."""
        return str(file)

    runtime.define({"look": look}, BUILTIN)
    assert session.evaluate("look mine.txt").value == str(tmp_path / "mine.txt")
    assert session.evaluate("look /etc/motd").value == "/etc/motd"
    host = Host(session, renderer, title="", status=lambda: "")
    assert [each.word for each in host.complete("look mi").candidates] == ["mine.txt"]
    assert current_directory.get() is None


def test_evaluate_names_its_texts_as_nobody_before(runtime: Runtime, values: Values) -> None:
    """A second session of the same name does not take the source of functions that the first one left."""
    Session(runtime, values).evaluate("def f():\n    return 1\n")
    second = Session(runtime, values)
    second.evaluate("def g():\n    return 2\n")
    assert second.evaluate("import inspect; inspect.getsource(f)").value == "def f():\n    return 1\n"


def test_evaluate_of_an_await_on_the_loop_s_own_thread_is_refused(session: Session, runtime: Runtime) -> None:
    """It would wait for itself."""

    async def nested() -> Outcome:
        return session.evaluate("import asyncio; await asyncio.sleep(0)")

    assert isinstance(runtime.loop.run(nested()).error, NotAllowedHereError)
    runtime.close()


def test_remembered_lines_have_a_file_of_their_own() -> None:
    """Two batches called alike do not mix up their sources."""
    first, second = Remembered(["1"], "<twice>"), Remembered(["2"], "<twice>")
    assert (first.file, second.file) == ("<twice>", "<twice 2>")
    assert [*first, *second] == ["1", "2"]
    assert linecache.getline(second.file, 1) == "2\n"


def test_messages_and_answers_are_broken_between_words(say: Callable[..., str]) -> None:
    """As wide as the terminal is, and not at all in a pipe; what an answer is about stands in a column of its own."""
    assert max(map(len, say("add-hook order-payed-hook print", 40).splitlines())) <= 40
    assert len(say("add-hook order-payed-hook print").splitlines()) == 1
    assert "rule      all: every function is called;\n          results do not count\n" in say(
        "describe-hook order-paid-hook", 42
    )


def test_help_of_a_command_explains_its_options_and_lists_flags(say: Callable[..., str]) -> None:
    """Each option of `add-hook` is told of, also those without a value."""
    shown = say("help add-hook")
    for option in ("timeout", "label", "dry-run", "deliver", "session", "once"):
        assert option.upper() in shown
        assert f"  --{option} " in shown
    assert "flag" in shown


def test_help_of_a_command_shows_defaults_and_options_as_they_are_typed(say: Callable[..., str]) -> None:
    """What it is if one says nothing, and one spelling: `--dry-run` is DRY-RUN in the usage and in the text."""
    assert "  DEPTH      number, 0 if not given\n" in say("help add-hook")
    assert "  --on-error  one of raise, isolate, refuse, raise if not given\n" in say("describe-command defhook")
    for name in ("add-hook", "fire", "replay"):
        assert "DRY-RUN" in say(f"help {name}")
        assert "DRY_RUN" not in say(f"help {name}")


def test_timeout_of_add_hook_is_a_duration_or_seconds(say: Callable[..., str], runtime: Runtime) -> None:
    """As in YAML, `500ms` or `2s`; a bare number is seconds."""
    for written, seconds in (("500ms", 0.5), ("2s", 2.0), ("2.5", 2.5)):
        say(f"add-hook order-paid-hook print --timeout {written}")
        assert runtime.hooks["order-paid-hook"].find("print").timeout == seconds
        say("remove-hook order-paid-hook print")
    assert say("add-hook order-paid-hook print --timeout soon").startswith(
        "add-hook: --timeout: expected duration or seconds, got 'soon'. Write it like 90s, 2h, 1d or 1h30m.\n"
    )
    say("add_hook('order-paid-hook', 'print', timeout=__import__('datetime').timedelta(minutes=1))")
    assert runtime.hooks["order-paid-hook"].find("print").timeout == 60
