from collections.abc import Callable
from typing import Any

import pytest

Open = Callable[..., Any]


@pytest.fixture
def shell(open_either: Open) -> Any:
    """A shell that waits at its prompt."""
    return open_either().ready()


def test_esc_x_asks_for_a_command_and_its_arguments(shell: Any) -> None:
    """Each with candidates and its type; then the line is there as if typed, runs, and is in the history."""
    shell.type("\x1bx", "M-x", "Which command?")
    shell.type("fire\r", "fire HOOK:", "\n hook\n")
    shell.type("order\t", "HOOK: order-paid-hook")
    shell.type("\r", "fire order-paid-hook KEY=VALUE:")
    shell.type("order=\x7f=7\r", "options:", "[--dry-run]")
    shell.type("\r", "scire> fire order-paid-hook order=7\n", "Fired order-paid-hook with order=7.", "\nscire>\n")
    shell.type("\x1b[A", "was called.\nscire> fire order-paid-hook order=7\n")


def test_words_are_quoted_and_what_may_be_left_out_is(shell: Any) -> None:
    """A value with a blank is one word."""
    shell.type("\x1bx", "M-x")
    shell.type("apropos\r", "apropos WORD:")
    shell.type("two words\r", "scire> apropos 'two words'\n")


def test_what_is_needed_is_asked_for_until_it_is_given(shell: Any) -> None:
    """Enter alone does not leave it out; a name that is no command is not taken."""
    shell.type("\x1bx", "M-x")
    shell.type("no-such-thing\r", "There is no such command")
    shell.type("\x15apropos\r", "apropos WORD:")
    shell.type("\r", "This one is needed.")


def test_options_are_spelt_as_usage_has_them(shell: Any) -> None:
    """Python's name `for_` is `--for`, and a flag that is on by default can be switched off."""
    shell.type("def park(*, for_: str = '', lit: bool = True): pass\r\r", "...>\nscire>")
    shell.type("runtime.define_command('park', park)\r", "scire>")
    shell.type("\x1bx", "M-x")
    shell.type("park\r", "options:", "[--for FOR] [--no-lit]")


@pytest.mark.parametrize("key", ["\x07", "\x03", "\x04"])
def test_leaving_gives_the_half_typed_line_back(shell: Any, key: str) -> None:
    """Ctrl-G, Ctrl-C and Ctrl-D leave it at any question."""
    shell.type("half a line", "scire> half a line")
    shell.type("\x1bx", "M-x", without="half a line")
    shell.type("apropos\r", "apropos WORD:")
    shell.type(key, "scire> half a line", without="WORD:")


def test_f2_asks_with_vi_keys(open_embedded: Open) -> None:
    """There Esc leaves the insert mode and must not wait for a second key."""
    shell = open_embedded(environment={"SCIRE_KEYS": "vi"})
    shell.until("vi:insert")
    shell.type("\x1bOQ", "M-x")
