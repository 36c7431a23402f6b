import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Open = Callable[..., Any]


def test_ctrl_c_gives_the_prompt_back_within_a_second(open_either: Open, endless: str) -> None:
    """Python code, a coroutine, a call that waits in C; in one's own process and in another."""
    terminal = open_either()
    terminal.begin(endless)
    pressed = time.monotonic()
    terminal.interrupt()
    terminal.until("nterrupt", "\nscire>")
    assert time.monotonic() - pressed < 3  # a second is the promise; the machine may be busy
    terminal.type("6 * 7\r", "\n42")


def test_second_ctrl_c_says_that_locks_may_stay_held(open_attached: Open) -> None:
    """It ends code wherever it is, so it says what that may mean."""
    terminal = open_attached().ready()
    stubborn = (
        "try:\n for _ in [print('be' + 'gun')]:\n  while True: pass\n"
        "except KeyboardInterrupt:\n print('cau' + 'ght')\n time.sleep(600)"
    )
    terminal.type("import time\r", "import time\nscire>")
    terminal.type(f"\x1b[200~{stubborn}\x1b[201~\r\r", "\nbegun")
    terminal.interrupt()
    terminal.until("caught\n")  # else two signals that come at once would be one
    terminal.interrupt()
    terminal.until("locks may stay held", "nterrupt", "\nscire>")


def test_ctrl_c_gives_the_prompt_back_though_the_server_hangs(open_attached: Open, serving: Any) -> None:
    """Nobody waits for a process that was stopped; what it answers once it goes on is shown above the prompt."""
    terminal = open_attached()
    terminal.begin("coroutine")
    serving.signal(signal.SIGSTOP)
    terminal.interrupt()
    terminal.until("The server does not answer.", "\nscire>\n")
    terminal.type(
        "half a line\r", "The server has not answered the line before: this one is kept.", "scire> half a line"
    )
    serving.signal(signal.SIGCONT)
    terminal.until("nterrupted", "\nscire> half a line")
    terminal.type("\x15 6 * 7\r", "\n42")


def test_output_of_a_thread_goes_above_the_line_being_typed(open_either: Open, tmp_path: Path) -> None:
    """It belongs to the session that started the thread, and does not disturb who types."""
    go = tmp_path / "go"
    os.mkfifo(go)
    terminal = open_either(columns=200).ready()
    terminal.send("import threading\r")
    behind = f"threading.Thread(target=lambda: [open({str(go)!r}).close(), print('from ' + 'behind')]).start()"
    terminal.type(f"{behind}\r", ".start()\nscire>")
    terminal.type("half a li", "scire> half a li")
    go.write_text("")
    terminal.until("\nfrom behind\nscire> half a li")
    terminal.type("ne", "\nfrom behind\nscire> half a line")


def test_output_without_a_line_end_is_not_overwritten(open_either: Open) -> None:
    """The prompt begins a line of its own."""
    terminal = open_either().ready()
    terminal.type("print('no end', end='')\r", "\nno end\nscire>")


def test_input_asks_on_the_terminal(open_either: Open) -> None:
    """`input()` in the system reads a line here; Ctrl-D is the end of the input, Ctrl-C an interrupt."""
    terminal = open_either().ready()
    terminal.type("input('name? ').upper()\r", "\nname?")
    terminal.type("web\r", "\n'WEB'")
    terminal.type("input('again? ')\r", "\nagain?")
    terminal.type("\x04", "EOFError")
    terminal.type("input('and now? ')\r", "\nand now?")
    terminal.type("\x03", "nterrupt")
    terminal.type("6 * 7\r", "\n42")


def test_long_question_is_broken_between_words(open_either: Open) -> None:
    """So is whatever else the shell says by itself: where it is, and that it does not know what became of a line."""
    terminal = open_either(columns=40).ready()
    terminal.type("input('Fire post-client-add-hook (audit, mail) in earnest? [y/N] ')\r", "\nFire post")
    terminal.until("\nFire post-client-add-hook (audit, mail)\nin earnest? [y/N]")
    terminal.type("y\r", "\n'y'")


def test_what_ends_a_line_from_outside_is_broken_between_words(open_attached: Open) -> None:
    """An interrupt that is not taken is told by the server, which does not know how wide the terminal is."""
    terminal = open_attached(columns=60)
    terminal.begin("C")
    terminal.interrupt()
    terminal.until("See: who", "\nscire>")
    assert max(map(len, terminal.text.splitlines())) <= 60
    told = terminal.text[terminal.text.index("The interrupt") :].partition("\nscire>")[0]
    assert " ".join(told.split()).endswith("a call that Python cannot end goes on there, until it returns. See: who")
    assert "cannot" in told


def test_program_runs_on_this_terminal(open_either: Open) -> None:
    """`!cmd` has the terminal to itself, and gives it back as it was."""
    terminal = open_either().ready()
    terminal.type("!test -t 0 && echo on a $((40 + 2)) tty; stty raw -echo\r", "on a 42 tty")
    terminal.type("6 * 7\r", "scire> 6 * 7\n42")
    terminal.type("!exit 3\r", "ended with status 3")


def test_program_that_cannot_be_started_is_told_of(open_either: Open) -> None:
    """No program has a zero byte in its text, nor so much of it: the line fails, and the shell goes on."""
    terminal = open_either().ready()
    terminal.type("\x1b[200~!echo a\x00b\x1b[201~\r", "The terminal could not do it: embedded null byte.", "\nscire>\n")
    terminal.type("from scirehooks.shell.running.streams import current_console\r", "console\nscire>\n")
    terminal.type("current_console.get().run_program('x' * 200_000)\r", "Argument list too long", "\nscire>\n")
    terminal.type("6 * 7\r", "\n42")


def test_answer_that_is_no_text_is_told_of(open_either: Open) -> None:
    """A terminal may send bytes that are none in its encoding."""
    terminal = open_either(term="dumb", environment={"PYTHONIOENCODING": "utf-8:strict"}).ready()
    terminal.type("input('name? ')\n", "\nname?")
    terminal.child.send(b"M\xfcller\n")
    terminal.until("The terminal could not do it", "can't decode byte 0xfc", "\nscire>\n")
    terminal.type("6 * 7\n", "\n42")


def test_shell_whose_own_system_is_gone_ends(open_embedded: Open) -> None:
    """It has lost the connection to itself while it evaluated; there will be no other one."""
    terminal = open_embedded().ready()
    terminal.type("import gc, time\r", "time\nscire>")
    terminal.type("(found,) = [o for o in gc.get_objects() if type(o).__name__ == 'Connection']\r", "]\nscire>")
    terminal.send("found._loop.call_soon_threadsafe(found.abort); time.sleep(600)\r")
    assert terminal.end() == 4
    assert b"It is not known whether this was done: found._loop" in terminal.raw
    assert b"The system that this shell belongs to has ended." in terminal.raw


def test_ctrl_c_in_a_program_is_for_the_program(open_either: Open) -> None:
    """It ends the program and not the shell."""
    terminal = open_either().ready()
    # Not `echo …; sleep`: an interrupt that comes just before sh becomes sleep is lost in dash.
    terminal.type("!echo run$((0))ning | cat - /dev/tty\r", "run0ning")
    terminal.interrupt()
    terminal.until("/dev/tty ")
    terminal.type("6 * 7\r", "\n42")


def test_several_lines_pasted_are_one_text(open_either: Open) -> None:
    """A bracketed paste is not run line by line; Enter runs all of it, and each answer is shown."""
    terminal = open_either().ready()
    terminal.type("\x1b[200~x = 40\nx + 1\nx + 2\x1b[201~", "scire> x = 40\n  ...> x + 1\n  ...> x + 2")
    terminal.type("\r", "\n41\n42\nscire>")


def test_quit_gives_its_status(open_either: Open) -> None:
    """The shell ends with it."""
    terminal = open_either().ready()
    terminal.send("quit 4\r")
    assert terminal.end() == 4


def test_ctrl_z_stops_the_shell_and_fg_brings_it_back(open_either: Open, need: Callable[[str], str]) -> None:
    """The line that was begun is there again."""
    terminal = open_either(from_shell=need("bash"), environment={"PS1": "bash> ", "PS0": ""}).ready()
    terminal.type("'half ' ", "scire> 'half '")
    terminal.type("\x1a", "Stopped", "bash> ")
    terminal.type("fg\r", "fg\n")
    terminal.type("'a line'\r", "\n'half a line'\nscire>")


def test_window_of_another_size_is_drawn_anew(open_either: Open) -> None:
    """The line, its menu and the toolbar fit again."""
    terminal = open_either().ready()
    terminal.type("describe-hook order", "order-paid-hook")
    terminal.resize(12, 44)
    terminal.type("-", "scire> describe-hook order-\n", "order-paid-hook", "shop")


def test_debugger_can_be_left(open_either: Open) -> None:
    """By `q`, at the end of the input, and by Ctrl-C, which it takes for an answer and asks again."""
    terminal = open_either().ready()
    for leave in ("q\r", "\x04", "\x03"):
        terminal.type("\x0cbreakpoint()\r", "scire> breakpoint()\n", "(Pdb)")
        terminal.type(leave, "The debugger has ended it.\nscire>")
    terminal.type("6 * 7\r", "\n42")
