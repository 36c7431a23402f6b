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
    terminal = open_embedded()
    terminal.until(PROMPT)
    return terminal


def test_banner_is_two_lines(open_either: Open) -> None:
    """What it is and what it is connected to; help and Tab; nothing else."""
    lines = open_either().until(PROMPT).splitlines()
    assert lines[0] == "scirehooks in shop" or lines[0] == "scirehooks in the shop"
    assert lines[1].startswith("Type help")
    assert lines[2] == "scire>"


def test_lines_of_a_block_can_be_edited(shell: Any) -> None:
    """The arrow goes up into the block, and what is changed there is what runs."""
    shell.send("def f(x):\rreturn x * 2")
    shell.until("  ...>     return x * 2")
    shell.send("\x1b[A\x1b[A\x05\x1b[D\x1b[D, y=20")
    shell.until("scire> def f(x, y=20):")
    shell.send("\x1b[B\x05 + y\r\r")
    shell.until("return x * 2 + y")
    shell.send("f(11)\r")
    shell.until("\n42")


def test_blanks_typed_where_a_line_is_indented_already_count_once(shell: Any) -> None:
    """Who types what a page shows, blanks and all, gets that; Tab goes deeper, and so do blanks beyond those."""
    shell.send("def f(x):\r    if x:\r        return 1\r")
    shell.until("  ...>     if x:\n  ...>         return 1\n")
    shell.send("  \x7f\x7f\x7f\x7freturn 2")
    shell.until("\n  ...>     return 2")
    shell.send("\r     y")
    shell.until("\n  ...>      y")


def test_esc_enter_begins_a_line_anywhere(shell: Any) -> None:
    """Also where the text could end."""
    shell.send("x = 20\x1b\rx + 22")
    shell.until("scire> x = 20\n  ...> x + 22")
    shell.send("\r")
    shell.until("\n42")


def test_completion_shows_words_and_what_they_mean(shell: Any) -> None:
    """While one types, each with a line about it."""
    shell.send("describe-hook ord")
    shell.until("order-paid-hook", "Fires after ORDER has been paid.")
    shell.send("\t\r")
    shell.until("No functions")


def test_signature_and_doc_are_shown_while_a_command_is_typed(shell: Any) -> None:
    """Above the toolbar, below what is typed."""
    shell.send("describe-hook ")
    screen = shell.until(" describe-hook HOOK", "Show").splitlines()
    typed = screen.index("scire> describe-hook")
    usage = next(number for number, line in enumerate(screen) if line.startswith(" describe-hook HOOK"))
    assert typed < usage < len(screen) - 2
    assert "shop" in screen[-1]
    shell.send("\x15")
    shell.until("shop", without="describe-hook HOOK")


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
    shell.send("hooks --all")
    shell.until("scire> hooks --all")
    assert b"32;1mhooks" in shell.raw
    shell.send("\x15def f")
    shell.until("scire> def f")
    assert b"34;1mdef" in shell.raw


def test_what_was_typed_before_is_suggested(shell: Any) -> None:
    """The rest of the line is shown in grey; the right arrow takes it."""
    shell.send("'what I typed'\r")
    shell.until("\n'what I typed'\nscire>")
    shell.send("'wh")
    shell.until("scire> 'what I typed'\n")
    shell.send("\x1b[C\r")
    shell.until("\n'what I typed'\nscire> 'what I typed'\n'what I typed'\nscire>")


def test_history_is_shared_by_shells_that_are_open(open_embedded: Open, tmp_path: Path) -> None:
    """A line of one is found by Ctrl-R in the other, without either being opened anew; nobody else can read it."""
    first, second = open_embedded(), open_embedded()
    first.until(PROMPT)
    second.until(PROMPT)
    first.send("21 * 2\r")
    first.until("\n42\nscire>")
    second.send("'other'\r")
    second.until("\n'other'\nscire>")
    second.send("\x12 * 2")
    second.until("21 * 2")
    second.send("\r\r")
    second.until("scire> 21 * 2\n42")
    first.send("'mine'\r")
    first.until("\n'mine'\nscire>")
    first.send("\x12ther")
    first.until("'other'")
    assert stat.S_IMODE((tmp_path / "history").stat().st_mode) == 0o600


def test_history_has_texts_of_several_lines(open_embedded: Open) -> None:
    """They come back as they were, in the next shell, too."""
    first = open_embedded()
    first.until(PROMPT)
    first.send("def f():\rreturn 42\r\r")
    first.until("return 42\n", "\nscire>\n")
    first.send("\x04")
    assert first.end() == 0
    second = open_embedded()
    second.until(PROMPT)
    second.send("\x12ret")
    second.until("scire> def f():\n  ...>     return 42")
    second.send("\r\r")
    second.send("f()\r")
    second.until("\n42")


def test_f4_switches_to_vi_keys_and_that_is_remembered(open_embedded: Open) -> None:
    """The toolbar shows the mode; the next shell begins with the keys that were chosen last."""
    first = open_embedded()
    first.until(PROMPT)
    first.send("\x1bOS")
    first.until("vi:insert")
    first.send("6 * 8\x1b")
    first.until("vi:command")
    first.send("r7")
    first.until("scire> 6 * 7")
    first.send("\r")
    first.until("\n42")
    first.send("\x04")
    assert first.end() == 0
    second = open_embedded()
    second.until("vi:insert")
    second.send("\x1bOS")
    second.until(PROMPT, without="vi:insert")


def test_keys_are_what_the_environment_says(open_embedded: Open) -> None:
    """`SCIRE_KEYS=vi` needs no key to be pressed."""
    open_embedded(environment={"SCIRE_KEYS": "vi"}).until("vi:insert")


def test_ctrl_c_clears_the_line(shell: Any) -> None:
    """And it does nothing else."""
    shell.send("half a line")
    shell.until("scire> half a line")
    shell.send("\x03")
    shell.until("scire> half a line\nscire>\n")
    shell.send("6 * 7\r")
    shell.until("\n42")


def test_toolbar_shows_where_one_is(open_attached: Open) -> None:
    """It is the server's own line."""
    open_attached().until(PROMPT, "\n the shop is open")


@pytest.mark.parametrize("term", ["dumb", "unknown"])
def test_terminal_that_can_do_nothing_gets_plain_lines(open_either: Open, term: str) -> None:
    """No escape sequence is ever sent to it, and Ctrl-C and input work."""
    shell = open_either(term=term, rows=10)
    shell.until(PROMPT)
    shell.send("def f():\n")
    shell.until("...>")
    shell.send("    return 42\n")
    shell.until("return 42\n  ...>")
    shell.send("\n")
    shell.until("  ...>\nscire>")
    shell.send("f()\n")
    shell.until("f()\n42\nscire>")
    shell.send("input('name? ')\n")
    shell.until("\nname?")
    shell.send("web\n")
    shell.until("'web'\nscire>")
    shell.send("for x in range(30): print(x)\n\n")
    shell.until("28\n29\nscire>")
    shell.send("half")
    shell.until("scire> half\n")
    shell.interrupt()
    shell.until("half^C\nscire>\n")
    shell.send("print('be' + 'gun'); await __import__('asyncio').sleep(600)\n")
    shell.until("\nbegun")
    shell.interrupt()
    shell.until("nterrupt", "\nscire>")
    shell.send("\x04")
    assert shell.end() == 0
    assert b"\x1b" not in shell.raw


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {}])
def test_colors_are_left_out_when_nobody_wants_them(open_either: Open, environment: dict[str, str]) -> None:
    """NO_COLOR=1 means none: in answers, in what is typed and in menus."""
    shell = open_either(environment=environment)
    shell.until(PROMPT)
    shell.send("nonsens\r")
    shell.until("NameError")
    shell.send("describe-hook ord")
    shell.until("order-paid-hook")
    colored = any(b"\x1b[%d" % code in shell.raw or b";%dm" % code in shell.raw for code in [*range(31, 38), 44])
    assert colored is not bool(environment)
