from collections.abc import Callable
from typing import Any

Open = Callable[..., Any]


def test_killed_daemon_is_found_again_with_history_and_line(open_attached: Open, serving: Any) -> None:
    """The shell says at once that the connection is lost, keeps what was typed, and goes on with the next daemon."""
    shell = open_attached().ready()
    shell.type("20 * 2\r", "\n40\nscire>")
    shell.type("6 * ", "scire> 6 *")
    serving.kill()
    shell.until("The connection is lost", "scire> 6 *", "not connected")
    shell.type("7", "scire> 6 * 7")
    shell.type("\r", "Not connected: the line is kept.", "scire> 6 * 7")
    serving.start()
    shell.until("Connected again: scirehooks in the shop", "the shop is open", without="\n not connected")
    shell.until("scire> 6 * 7")
    shell.type("\r", "\n42\nscire>")
    shell.type("\x12* 2", "20 * 2")


def test_toolbar_is_that_of_the_next_daemon(open_attached: Open, serving: Any) -> None:
    """It is asked for when the shell has connected again, not at the next prompt."""
    shell = open_attached().ready()
    shell.until(f"open in {serving.process.pid}")
    serving.kill()
    shell.until("not connected")
    serving.start()
    shell.until("Connected again", f"open in {serving.process.pid}")


def test_daemon_killed_while_it_evaluates(open_attached: Open, serving: Any) -> None:
    """Nobody knows whether the line was done, and the shell says so."""
    shell = open_attached()
    shell.begin("C")
    serving.kill()
    shell.until("The connection is lost", "It is not known whether this was done: print('be'", "\nscire>")
    serving.start()
    shell.until("Connected again")
    shell.type("6 * 7\r", "\n42")


def test_daemon_killed_while_it_asks(open_attached: Open, serving: Any) -> None:
    """Nobody goes on typing an answer that nobody waits for."""
    shell = open_attached().ready()
    shell.type("input('name? ')\r", "\nname?")
    serving.kill()
    shell.until("It is not known whether this was done: input(", "\nscire>")


def test_daemon_killed_under_a_plain_terminal(open_attached: Open, serving: Any) -> None:
    """It is told, too; a line that cannot be sent is said not to have been."""
    shell = open_attached(term="dumb").ready()
    serving.kill()
    shell.until("The connection is lost")
    shell.type("6 * 7\n", "Not connected")
    serving.start()
    shell.until("Connected again")
    shell.type("6 * 7\n", "\n42")
    assert b"\x1b" not in shell.raw


def test_shell_can_be_left_while_nobody_answers(open_attached: Open, serving: Any) -> None:
    """Ctrl-D is enough."""
    shell = open_attached().ready()
    serving.kill()
    shell.until("not connected")
    shell.send("\x04")
    assert shell.end() == 0


def test_session_keeps_its_name_when_the_daemon_is_another(open_attached: Open, serving: Any) -> None:
    """What one has added belongs to a session of this name, so it is asked for again."""
    other = open_attached().ready()  # first, so that it has the first name
    shell = open_attached().ready()
    shell.type("who\r", "* shell-2")
    other.send("\x04")
    other.end()
    serving.kill()
    shell.until("The connection is lost")
    serving.start()
    shell.until("Connected again")
    shell.type("\x0cwho\r", "* shell-2")
