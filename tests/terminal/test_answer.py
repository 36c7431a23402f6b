import signal
import time
from collections.abc import Callable
from typing import Any

import pytest

Open = Callable[..., Any]
PROMPT = "scire>"

ENDLESS = {
    "python": "for _ in [print('be' + 'gun')]:\rwhile True: pass\r\r",
    "coroutine": "print('be' + 'gun'); await asyncio.sleep(600)\r",
    "C": "print('be' + 'gun'); time.sleep(600)\r",
}


def begin(terminal: Any, kind: str) -> None:
    """Evaluate something that does not end, and return when it is under way."""
    terminal.until(PROMPT)
    terminal.send("import asyncio, time\r")
    terminal.until("asyncio, time\nscire>")
    terminal.send(ENDLESS[kind])
    terminal.until("\nbegun")


@pytest.mark.parametrize("kind", ENDLESS)
def test_ctrl_c_gives_the_prompt_back_within_a_second(open_either: Open, kind: str) -> None:
    """Python code, a coroutine, a call that waits in C; in one's own process and in another."""
    terminal = open_either()
    begin(terminal, kind)
    pressed = time.monotonic()
    terminal.interrupt()
    terminal.until("nterrupt", "\nscire>")
    assert time.monotonic() - pressed < 3  # a second is the promise; the machine may be busy
    terminal.send("6 * 7\r")
    terminal.until("\n42")


def test_second_ctrl_c_says_that_locks_may_stay_held(open_attached: Open) -> None:
    """It ends code wherever it is, so it says what that may mean."""
    terminal = open_attached()
    begin(terminal, "C")
    terminal.interrupt()
    terminal.until("^C")
    terminal.interrupt()
    terminal.until("locks may stay held", "nterrupt", "\nscire>")


def test_ctrl_c_gives_the_prompt_back_though_the_server_hangs(open_attached: Open, serving: Any) -> None:
    """Nobody waits for a process that was stopped; what it answers once it goes on is shown above the prompt."""
    terminal = open_attached()
    begin(terminal, "coroutine")
    serving.signal(signal.SIGSTOP)
    terminal.interrupt()
    terminal.until("The server does not answer.", "\nscire>\n")
    terminal.send("half a line\r")
    terminal.until("The server has not answered the line before: this one is kept.", "scire> half a line")
    serving.signal(signal.SIGCONT)
    terminal.until("nterrupted", "\nscire> half a line")
    terminal.send("\x15 6 * 7\r")
    terminal.until("\n42")


def test_output_of_a_thread_goes_above_the_line_being_typed(open_either: Open) -> None:
    """It belongs to the session that started the thread, and does not disturb who types."""
    terminal = open_either()
    terminal.until(PROMPT)
    terminal.send("import threading\r")
    terminal.send("go = threading.Event()\r")
    terminal.send("threading.Thread(target=lambda: [go.wait(20), print('from ' + 'behind')]).start()\r")
    terminal.send("threading.Timer(0.3, go.set).start()\r")
    terminal.until("go.set).start()\nscire>")
    terminal.send("half a li")
    terminal.until("\nfrom behind\nscire> half a li")
    terminal.send("ne")
    terminal.until("\nfrom behind\nscire> half a line")


def test_output_without_a_line_end_is_not_overwritten(open_either: Open) -> None:
    """The prompt begins a line of its own."""
    terminal = open_either()
    terminal.until(PROMPT)
    terminal.send("print('no end', end='')\r")
    terminal.until("\nno end\nscire>")


def test_input_asks_on_the_terminal(open_either: Open) -> None:
    """`input()` in the system reads a line here; Ctrl-D is the end of the input, Ctrl-C an interrupt."""
    terminal = open_either()
    terminal.until(PROMPT)
    terminal.send("input('name? ').upper()\r")
    terminal.until("\nname?")
    terminal.send("web\r")
    terminal.until("\n'WEB'")
    terminal.send("input('again? ')\r")
    terminal.until("\nagain?")
    terminal.send("\x04")
    terminal.until("EOFError")
    terminal.send("input('and now? ')\r")
    terminal.until("\nand now?")
    terminal.send("\x03")
    terminal.until("nterrupt")
    terminal.send("6 * 7\r")
    terminal.until("\n42")


def test_program_runs_on_this_terminal(open_either: Open) -> None:
    """`!cmd` has the terminal to itself, and gives it back as it was."""
    terminal = open_either()
    terminal.until(PROMPT)
    terminal.send("!test -t 0 && echo on a $((40 + 2)) tty; stty raw -echo\r")
    terminal.until("on a 42 tty")
    terminal.send("6 * 7\r")
    terminal.until("scire> 6 * 7\n42")
    terminal.send("!exit 3\r")
    terminal.until("ended with status 3")


def test_ctrl_c_in_a_program_is_for_the_program(open_either: Open) -> None:
    """It ends the program and not the shell."""
    terminal = open_either()
    terminal.until(PROMPT)
    terminal.send("!echo run$((0))ning; sleep 600\r")
    terminal.until("run0ning")
    terminal.interrupt()
    terminal.until("sleep 600 ")
    terminal.send("6 * 7\r")
    terminal.until("\n42")


def test_several_lines_pasted_are_one_text(open_either: Open) -> None:
    """A bracketed paste is not run line by line; Enter runs all of it, and each answer is shown."""
    terminal = open_either()
    terminal.until(PROMPT)
    terminal.send("\x1b[200~x = 40\nx + 1\nx + 2\x1b[201~")
    terminal.until("scire> x = 40\n  ...> x + 1\n  ...> x + 2")
    terminal.send("\r")
    terminal.until("\n41\n42\nscire>")


def test_quit_gives_its_status(open_either: Open) -> None:
    """The shell ends with it."""
    terminal = open_either()
    terminal.until(PROMPT)
    terminal.send("quit 4\r")
    assert terminal.end() == 4


def test_ctrl_z_stops_the_shell_and_fg_brings_it_back(open_either: Open, need: Callable[[str], str]) -> None:
    """The line that was begun is there again."""
    terminal = open_either(from_shell=need("bash"), environment={"PS1": "bash> ", "PS0": ""})
    terminal.until(PROMPT)
    terminal.send("'half ' ")
    terminal.until("scire> 'half '")
    terminal.send("\x1a")
    terminal.until("Stopped", "bash> ")
    terminal.send("fg\r")
    terminal.until("fg\n")
    terminal.send("'a line'\r")
    terminal.until("\n'half a line'\nscire>")


def test_window_of_another_size_is_drawn_anew(open_either: Open) -> None:
    """The line, its menu and the toolbar fit again."""
    terminal = open_either()
    terminal.until(PROMPT)
    terminal.send("describe-hook order")
    terminal.until("order-paid-hook")
    terminal.resize(12, 44)
    terminal.send("-")
    terminal.until("scire> describe-hook order-\n", "order-paid-hook", "shop")
