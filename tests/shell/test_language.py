import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scirehooks.errors import UsageError, nearest
from scirehooks.shell.line.chunks import chunks
from scirehooks.shell.line.language import CommandLine, ProgramLine, PythonLine, needs_more, read
from scirehooks.shell.line.typos import meant

COMMANDS = {"run", "clients", "hooks", "load", "client-add"}


@pytest.mark.parametrize(
    "line",
    [
        "clients",
        "run backup",
        "run 'back up'",
        "run -- x",
        "run --not-before now",
        "load ./mine.py",
        "load ../mine.py",
        "load .",
        "client-add web1",
        "run in",
        "run is",
        ":run = 3",
        ": run",
    ],
)
def test_read_of_a_command_line_is_a_command(line: str) -> None:
    """The first word is a command's name and what follows could be its words."""
    assert isinstance(read(line, COMMANDS), CommandLine)


@pytest.mark.parametrize(
    "line",
    [
        "run = 3",
        "run=3",
        "run == 3",
        "run != 3",
        "run < 3",
        "run >= 3",
        "run += 1",
        "run **= 2",
        "run //= 2",
        "run >>= 2",
        "run @= m",
        "run := 3",
        "run, x = 1, 2",
        "run , x = 1, 2",
        "run .name",
        "run is None",
        "run in jobs",
        "run not in jobs",
        "run(backup)",
        "hooks[0]",
        "clients.x",
        " clients",
        "client_add",
        "x = 1",
        "",
        "# clients",
    ],
)
def test_read_of_anything_else_is_python(line: str) -> None:
    """An operator, a bracket, a leading blank or another name make a line Python."""
    assert isinstance(read(line, COMMANDS), PythonLine)


def test_read_with_an_exclamation_mark_is_a_program() -> None:
    """`!` hands the rest to sh."""
    assert read("!ls | wc", COMMANDS) == ProgramLine("ls | wc")


def test_read_with_a_leading_blank_drops_the_indent() -> None:
    """What forces Python is no part of the program."""
    assert read("  if x:\n      y\n", COMMANDS) == PythonLine("if x:\n    y")


def test_read_of_a_lone_colon_is_a_usage_error() -> None:
    """A colon wants a command."""
    with pytest.raises(UsageError):
        read(":", COMMANDS)


@given(st.text(st.sampled_from("rune=.,:!'\"\\()[] \n\t#\x00é"), max_size=20).map(lambda rest: "run" + rest))
def test_read_of_any_prefix_raises_nothing_but_usage_errors(text: str) -> None:
    """While somebody types, every prefix of a line is read."""
    for end in range(len(text) + 1):
        needs_more(text[:end], COMMANDS)
        read(text[:end], COMMANDS, unfinished=True)
        with contextlib.suppress(UsageError):
            read(text[:end], COMMANDS)


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ("clients-list", TypeError("-"), "There is no command 'clients-list'. Did you mean clients?"),
        ("x-y", TypeError("-"), None),
        ("clients-list + 1", TypeError("-"), None),
        ("tour", NameError("tour", name="tour"), "There is no command 'tour'. Type: help tour"),
        ("tour x", SyntaxError("invalid"), "There is no command 'tour'. Type: help tour"),
        ("tour = = 3", SyntaxError("invalid"), None),
        ("tour - x", NameError("x", name="x"), None),
        ("blame", NameError("blame", name="blame"), "There is no command 'blame'. Did you mean where?"),
        ("jobnam", NameError("jobnam", name="jobnam"), None),
        ("jobnam(1)", NameError("jobnam", name="jobnam"), "name 'jobnam' is not defined. Did you mean JobName?"),
    ],
)
def test_meant_of_a_line_guesses_what_it_was_meant_to_be(text: str, error: Exception, said: str | None) -> None:
    """A topic and a command of other programs are known; who types a word and nothing else means no class."""
    better = meant(text, error, ["where", "help", "clients"], ["JobName"])
    assert (better and str(better)) == said


@pytest.mark.parametrize(
    ("name", "known", "near"),
    [
        ("hokks", ["hooks", "hooks"], ["hooks"]),
        ("nosuch-hook", ["startup-hook"], []),
        ("nosuch_hook", ["startup_hook"], []),
        ("startp-hook", ["startup-hook"], ["startup-hook"]),
        ("ad-hook", ["add-hook", "startup-hook"], ["add-hook"]),
        ("hoks-hook", ["hooks"], []),
    ],
)
def test_nearest_names_what_is_near_once(name: str, known: list[str], near: list[str]) -> None:
    """What the names of all hooks end in makes no two of them alike."""
    assert nearest(name, known) == near


@pytest.mark.parametrize(
    ("text", "more"),
    [
        ("x = 1", False),
        ("x = (", True),
        ("if x:", True),
        ("if x:\n    y", True),
        ("if x:\n    y\n", False),
        ("@d", True),
        ("'''a", True),
        ("run 'a", True),
        ("run a \\", True),
        ("run a", False),
        ("await x", False),
        ("a b c", False),
        ("!ls \\", True),
    ],
)
def test_needs_more_says_whether_enter_begins_a_line(text: str, more: bool) -> None:
    """A text that is not finished, and only such a one, goes on."""
    assert needs_more(text, COMMANDS) is more


SCRIPT = '''#!/usr/bin/env scirehooks
client-add web1 \\
    --transport local
for x in y: print(x)
w = 3
@d
def f():
    x = 1

    y = """
text

"""
    return y

z
client-add 'a
b' c
if a:
    b
# why
else:
    d
!ls
try:
    x

except E:
    y
'''


def test_chunks_of_a_file_are_its_statements_and_commands() -> None:
    """Each chunk is one command or one statement with its block, and knows its line."""
    found = [(chunk.line, chunk.text.split("\n")[0]) for chunk in chunks(SCRIPT.split("\n"), COMMANDS)]
    assert found == [
        (2, "client-add web1 \\"),
        (4, "for x in y: print(x)"),
        (5, "w = 3"),
        (6, "@d"),
        (16, "z"),
        (17, "client-add 'a"),
        (19, "if a:"),
        (24, "!ls"),
        (25, "try:"),
    ]


@given(st.lists(st.sampled_from(SCRIPT.split("\n")), max_size=12))
def test_chunks_of_any_lines_lose_none(lines: list[str]) -> None:
    """What is not empty and no comment is in exactly one chunk, in order."""
    kept = [line for chunk in chunks(lines, COMMANDS) for line in chunk.text.split("\n")]
    assert [line for line in kept if line.strip() and line.strip()[0] != "#"] == [
        line for line in lines if line.strip() and line.strip()[0] != "#"
    ]


def test_chunks_of_simple_lines_come_without_looking_ahead() -> None:
    """A program that writes a line gets its answer before it writes the next."""

    def lines() -> object:
        yield "x = 1"
        raise AssertionError("it looked ahead")

    assert next(chunks(lines(), COMMANDS)).text == "x = 1"  # type: ignore[arg-type]  # a generator is iterable
