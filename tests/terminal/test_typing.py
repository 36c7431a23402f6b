import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Open = Callable[..., Any]
PROMPT = "scire>"


@pytest.fixture
def shell(open_embedded: Open) -> Any:
    """A shell that waits at its prompt."""
    return open_embedded().ready()


@pytest.mark.parametrize(
    ("opener", "banner"),
    [("open_embedded", "scirehooks in shop"), ("open_attached", "scirehooks in the shop")],
)
def test_banner_is_two_lines(request: pytest.FixtureRequest, opener: str, banner: str) -> None:
    """What it is and what it is connected to; help and Tab; nothing else."""
    lines = request.getfixturevalue(opener)().until(PROMPT).splitlines()
    assert lines[0] == banner
    assert lines[1].startswith("Type help")
    assert lines[2] == "scire>"


def test_lines_of_a_block_can_be_edited(shell: Any) -> None:
    """The arrow goes up into the block, and what is changed there is what runs."""
    shell.type("def f(x):\rreturn x * 2", "  ...>     return x * 2")
    shell.type("\x1b[A\x1b[A\x05\x1b[D\x1b[D, y=20", "scire> def f(x, y=20):")
    shell.type("\x1b[B\x05 + y\r\r", "return x * 2 + y")
    shell.type("f(11)\r", "\n42")


def test_blanks_typed_where_a_line_is_indented_already_count_once(shell: Any) -> None:
    """Who types what a page shows, blanks and all, gets that; Tab goes deeper, and so do blanks beyond those."""
    shell.type("def f(x):\r    if x:\r        return 1\r", "  ...>     if x:\n  ...>         return 1\n")
    shell.type("  \x7f\x7f\x7f\x7freturn 2", "\n  ...>     return 2")
    shell.type("\r     y", "\n  ...>      y")


def test_esc_enter_begins_a_line_anywhere(shell: Any) -> None:
    """Also where the text could end."""
    shell.type("x = 20\x1b\rx + 22", "scire> x = 20\n  ...> x + 22")
    shell.type("\r", "\n42")


def test_completion_shows_words_and_what_they_mean(shell: Any) -> None:
    """While one types, each with a line about it."""
    shell.type("describe-hook ord", "order-paid-hook", "Fires after ORDER has been paid.")
    shell.type("\t\r", "No functions")


def test_signature_and_doc_are_shown_while_a_command_is_typed(shell: Any) -> None:
    """Above the toolbar, below what is typed."""
    screen = shell.type("describe-hook ", " describe-hook HOOK", "Show").splitlines()
    typed = screen.index("scire> describe-hook")
    usage = next(number for number, line in enumerate(screen) if line.startswith(" describe-hook HOOK"))
    assert typed < usage < len(screen) - 2
    assert "shop" in screen[-1]
    shell.type("\x15", "shop", without="describe-hook HOOK")


@pytest.mark.parametrize(("columns", "rows"), [(40, 24), (20, 24), (20, 6), (40, 3), (5, 4)])
def test_signature_never_covers_what_is_typed(open_embedded: Open, columns: int, rows: int) -> None:
    """Narrow and low terminals show less of it."""
    shell = open_embedded(columns=columns, rows=rows)
    shell.until("scire>" if columns > 15 else " sho")
    shell.send("add-hook")
    if columns > 15:
        shell.until("add-hook")
    if columns > 15 and rows > 4:
        shell.until("\n add-hook HOOK")
        assert "scire> add-hook" in shell.text
    shell.send("\x15\r")
    shell.send("quit 7\r")
    assert shell.end() == 7


def test_both_languages_are_highlighted(shell: Any) -> None:
    """A command's name is not what Python's words are."""
    shell.type("hooks --all", "scire> hooks --all")
    assert b"32;1mhooks" in shell.raw
    shell.type("\x15def f", "scire> def f")
    assert b"34;1mdef" in shell.raw


def test_what_was_typed_before_is_suggested(shell: Any) -> None:
    """The rest of the line is shown in grey; the right arrow takes it."""
    shell.type("'what I typed'\r", "\n'what I typed'\nscire>")
    shell.type("'wh", "scire> 'what I typed'\n")
    shell.type("\x1b[C\r", "\n'what I typed'\nscire> 'what I typed'\n'what I typed'\nscire>")


def test_history_is_shared_by_shells_that_are_open(open_embedded: Open, tmp_path: Path) -> None:
    """A line of one is found by Ctrl-R in the other, without either being opened anew; nobody else can read it."""
    first, second = open_embedded(), open_embedded()
    first.until(PROMPT)
    second.until(PROMPT)
    first.type("21 * 2\r", "\n42\nscire>")
    second.type("'other'\r", "\n'other'\nscire>")
    second.type("\x12 * 2", "21 * 2")
    second.type("\r\r", "scire> 21 * 2\n42")
    first.type("'mine'\r", "\n'mine'\nscire>")
    first.type("\x12ther", "'other'")
    assert stat.S_IMODE((tmp_path / "history").stat().st_mode) == 0o600


def test_history_has_texts_of_several_lines(open_embedded: Open) -> None:
    """They come back as they were, in the next shell, too."""
    first = open_embedded().ready()
    first.type("def f():\rreturn 42\r\r", "return 42\n", "\nscire>\n")
    first.send("\x04")
    assert first.end() == 0
    second = open_embedded().ready()
    second.type("\x12ret", "scire> def f():\n  ...>     return 42")
    second.send("\r\r")
    second.type("f()\r", "\n42")


def test_f4_switches_to_vi_keys_and_that_is_remembered(open_embedded: Open) -> None:
    """The toolbar shows the mode; the next shell begins with the keys that were chosen last."""
    first = open_embedded().ready()
    first.type("\x1bOS", "vi:insert")
    first.type("6 * 8\x1b", "vi:command")
    first.type("r7", "scire> 6 * 7")
    first.type("\r", "\n42")
    first.send("\x04")
    assert first.end() == 0
    second = open_embedded()
    second.until("vi:insert")
    second.type("\x1bOS", PROMPT, without="vi:insert")


def test_keys_are_what_the_environment_says(open_embedded: Open) -> None:
    """`SCIRE_KEYS=vi` needs no key to be pressed."""
    open_embedded(environment={"SCIRE_KEYS": "vi"}).until("vi:insert")


def test_ctrl_c_clears_the_line(shell: Any) -> None:
    """And it does nothing else."""
    shell.type("half a line", "scire> half a line")
    shell.type("\x03", "scire> half a line\nscire>\n")
    shell.type("6 * 7\r", "\n42")


def test_toolbar_shows_where_one_is(open_attached: Open) -> None:
    """It is the server's own line."""
    open_attached().until(PROMPT, "\n the shop is open")


@pytest.mark.parametrize("term", ["dumb", "unknown"])
def test_terminal_that_can_do_nothing_gets_plain_lines(open_either: Open, term: str) -> None:
    """No escape sequence is ever sent to it, and Ctrl-C and input work."""
    shell = open_either(term=term, rows=10).ready()
    shell.type("def f():\n", "...>")
    shell.type("    return 42\n", "return 42\n  ...>")
    shell.type("\n", "  ...>\nscire>")
    shell.type("f()\n", "f()\n42\nscire>")
    shell.type("input('name? ')\n", "\nname?")
    shell.type("web\n", "'web'\nscire>")
    shell.type("for x in range(30): print(x)\n\n", "28\n29\nscire>")
    shell.type("half", "scire> half\n")
    shell.interrupt()
    shell.until("half^C\nscire>\n")
    shell.type("print('be' + 'gun'); await __import__('asyncio').sleep(600)\n", "\nbegun")
    shell.interrupt()
    shell.until("nterrupt", "\nscire>")
    shell.send("\x04")
    assert shell.end() == 0
    assert b"\x1b" not in shell.raw


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {}])
def test_colors_are_left_out_when_nobody_wants_them(open_either: Open, environment: dict[str, str]) -> None:
    """NO_COLOR=1 means none: in answers, in what is typed and in menus."""
    shell = open_either(environment=environment).ready()
    shell.type("nonsens\r", "NameError")
    shell.type("describe-hook ord", "order-paid-hook")
    colored = any(b"\x1b[%d" % code in shell.raw or b";%dm" % code in shell.raw for code in [*range(31, 38), 44])
    assert colored is not bool(environment)
