import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Open = Callable[..., Any]
PROMPT = "scire>"


@pytest.fixture
def shell(open_shell: Open) -> Any:
    """A shell that waits at its prompt."""
    return open_shell().ready()


def test_banner_says_in_two_lines_what_this_is(open_shell: Open) -> None:
    """What it is and what it is connected to; help and Tab; nothing else."""
    terminal = open_shell(columns=200)
    lines = terminal.until(PROMPT).splitlines()
    assert lines[0].startswith("scirehooks 0.1.0, embedded, with the fleet in ")
    assert lines[1] == "Type help to read on, Tab for what fits here, quit to leave."
    assert lines[2].startswith("scire>")


def test_tab_completes_commands_then_hook_names(open_shell: Open) -> None:
    """`cli` becomes `client` and shows what there is; after `describe-hook` come hooks, each with a line about it."""
    shell = open_shell(rows=50).ready()
    screen = shell.type("cli\t", "scire> client", "client-add", "clients", "List the clients of the fleet.")
    assert "client-remove" in screen
    shell.type("\x15describe-hook post-client-a\t", "scire> describe-hook post-client-add-hook")
    shell.type("\r", "No functions.", "payload   client (client)")


def test_completion_shows_while_typing(shell: Any) -> None:
    """Nobody has to know that Tab is there."""
    shell.type("describe-hook post-cl", "post-client-add-hook", "Fires after client-add has been committed.")


def test_enter_behind_a_candidate_takes_the_line_as_it_stands(shell: Any) -> None:
    """A menu that is open does not get in the way of Enter."""
    shell.type("clients", "\n clients")
    shell.type("\r1 + 41\r", "\n42")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("client-ad web1", "There is no command 'client-ad'. Did you mean client-add?"),
        (
            "describe-hook post-client-ad-hook",
            "There is no hook 'post-client-ad-hook'. Did you mean post-client-add-hook",
        ),
        ("cliens", "NameError: name 'cliens' is not defined. Did you mean clients?"),
    ],
)
def test_a_typo_gives_one_helpful_line(open_shell: Open, line: str, said: str) -> None:
    """In a command, in a hook name and in Python."""
    terminal = open_shell(columns=160).ready()
    lines = terminal.type(line + "\r", said, "\nscire>\n").splitlines()
    at = next(number for number, each in enumerate(lines) if each.startswith(said))
    assert lines[at - 1] == f"scire> {line}"
    assert lines[at + 1].startswith("scire>")


def test_ctrl_c_at_the_prompt_clears_the_line(shell: Any) -> None:
    """And it does nothing else."""
    shell.type("client-add web1", "scire> client-add web1")
    shell.type("\x03", PROMPT)
    shell.type("1 + 41\r", "\n42")


def test_ctrl_c_in_an_evaluation_gives_the_prompt_back(open_shell: Open, endless: str) -> None:
    """Also where it waits in C."""
    terminal = open_shell()
    terminal.begin(endless)
    terminal.interrupt()
    terminal.until("nterrupt", "\nscire>\n")
    terminal.type("1 + 41\r", "\n42")


def test_a_block_goes_on_until_an_empty_line(shell: Any) -> None:
    """Enter begins another line, indented, while something is open."""
    shell.type("def f(x):\rreturn x * 2\r\r", "  ...>     return x * 2")
    shell.type("f(21)\r", "\n42")


def test_history_is_kept_for_the_next_shell_and_is_private(open_shell: Open, tmp_path: Path) -> None:
    """What was typed is found by the arrow and by Ctrl-R, and read by nobody else."""
    first = open_shell().ready()
    first.type("21 * 2\r", "\n42")
    first.send("quit 3\r")
    assert first.end() == 3
    assert stat.S_IMODE((tmp_path / "state" / "history").stat().st_mode) == 0o600
    second = open_shell().ready()
    second.type("\x1221", "21 * 2")
    second.type("\r\r", "\n42")


def test_ctrl_d_leaves(shell: Any) -> None:
    """At an empty prompt, with status 0."""
    shell.send("\x04")
    assert shell.end() == 0


def test_toolbar_shows_usage_and_state(shell: Any) -> None:
    """While a command is typed how it is used, else what there is."""
    shell.until("0 clients · no modules")
    shell.type("describe-client ", "describe-client CLIENT")


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {}])
def test_colors_are_left_out_when_nobody_wants_them(open_shell: Open, environment: dict[str, str]) -> None:
    """NO_COLOR=1 means none."""
    terminal = open_shell(environment=environment).ready()
    terminal.type("nonsens\r", "NameError")
    assert (b"\x1b[31m" in terminal.raw) is not bool(environment)


def test_dumb_terminal_gets_plain_lines(open_shell: Open) -> None:
    """No escape sequence is ever sent to it."""
    terminal = open_shell(term="dumb").ready()
    terminal.type("def f():\n", "...>")
    terminal.type("    return 42\n", "return 42\n  ...>")
    terminal.type("\n", "return 42\n  ...>\nscire>")
    terminal.type("f()\n", "f()\n42\nscire>")
    terminal.type("1/0\n", "ZeroDivisionError: division by zero")
    terminal.send("\x04")
    assert terminal.end() == 0
    assert b"\x1b" not in terminal.raw


def test_narrow_terminal_is_no_problem(open_shell: Open) -> None:
    """Tables shrink to the width that there is."""
    terminal = open_shell(columns=40).ready()
    terminal.type("hooks client-add\r", "\nclient-add-hook       Fires inside the …\npost-client-add-hook  Fires after")
