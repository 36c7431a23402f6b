from collections.abc import Callable
from typing import Any

import pytest

Open = Callable[..., Any]
PROMPT = "scire>"


@pytest.fixture
def shell(open_either: Open) -> Any:
    """A shell that waits at its prompt."""
    terminal = open_either()
    terminal.until(PROMPT)
    return terminal


def test_esc_x_asks_for_a_command_and_its_arguments(shell: Any) -> None:
    """Each with candidates and its type; then the line is there as if typed, runs, and is in the history."""
    shell.send("\x1bx")
    shell.until("M-x", "Which command?")
    shell.send("fire\r")
    shell.until("fire HOOK:", "\n hook\n")
    shell.send("order\t")
    shell.until("HOOK: order-paid-hook")
    shell.send("\r")
    shell.until("fire order-paid-hook KEY=VALUE:")
    shell.send("order=\x7f=7\r")
    shell.until("options:", "[--dry-run]")
    shell.send("\r")
    shell.until("scire> fire order-paid-hook order=7\n", "Fired order-paid-hook with order=7.", "\nscire>\n")
    shell.send("\x1b[A")
    shell.until("was called.\nscire> fire order-paid-hook order=7\n")


def test_words_are_quoted_and_what_may_be_left_out_is(shell: Any) -> None:
    """A value with a blank is one word."""
    shell.send("\x1bx")
    shell.until("M-x")
    shell.send("apropos\r")
    shell.until("apropos WORD:")
    shell.send("two words\r")
    shell.until("scire> apropos 'two words'\n")


def test_what_is_needed_is_asked_for_until_it_is_given(shell: Any) -> None:
    """Enter alone does not leave it out; a name that is no command is not taken."""
    shell.send("\x1bx")
    shell.until("M-x")
    shell.send("no-such-thing\r")
    shell.until("There is no such command")
    shell.send("\x15apropos\r")
    shell.until("apropos WORD:")
    shell.send("\r")
    shell.until("This one is needed.")


@pytest.mark.parametrize("key", ["\x07", "\x03", "\x04"])
def test_leaving_gives_the_half_typed_line_back(shell: Any, key: str) -> None:
    """Ctrl-G, Ctrl-C and Ctrl-D leave it at any question."""
    shell.send("half a line")
    shell.until("scire> half a line")
    shell.send("\x1bx")
    shell.until("M-x", without="half a line")
    shell.send("apropos\r")
    shell.until("apropos WORD:")
    shell.send(key)
    shell.until("scire> half a line", without="WORD:")


def test_f2_asks_with_vi_keys(open_embedded: Open) -> None:
    """There Esc leaves the insert mode and must not wait for a second key."""
    shell = open_embedded(environment={"SCIRE_KEYS": "vi"})
    shell.until("vi:insert")
    shell.send("\x1bOQ")
    shell.until("M-x")
