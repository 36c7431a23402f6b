import sys
from collections.abc import Callable
from typing import Any

import pexpect

PROGRAM = """
import signal, sys, threading
from scirehooks.hooks import Runtime
from scirehooks.terminal import shell

runtime = Runtime("shop")

@runtime.defhook
def order_paid_hook(order: int) -> None:
    "Fires after ORDER has been paid."

before = signal.getsignal(signal.SIGINT), sys.stdout, sys.stderr, sys.stdin, threading.Thread.start
status = shell(runtime)
after = signal.getsignal(signal.SIGINT), sys.stdout, sys.stderr, sys.stdin, threading.Thread.start
runtime.close()  # its loop is its own
for thread in threading.enumerate()[1:]:
    thread.join(5)  # what has been told to end
print("left with", status, "and", *(thread.name for thread in threading.enumerate()), before == after)
"""


def test_shell_opens_on_any_runtime() -> None:
    """A program that has hooks but no fleet gets the same shell."""
    child = pexpect.spawn(sys.executable, ["-c", PROGRAM], env={"TERM": "dumb", "PATH": "/bin"}, timeout=20)
    child.expect("scirehooks in shop")
    child.expect("scire> ")
    child.sendline("fire order-paid-hook order=1")
    child.expect("Fired order-paid-hook with order=1.")
    child.sendline("quit 4")
    child.expect("left with 4 and MainThread True")
    child.expect(pexpect.EOF)


def test_second_shell_on_a_state_attaches_to_the_first(open_shell: Callable[..., Any]) -> None:
    """One process has a state; a second shell on it is a second window on the same system."""
    first = open_shell().ready()
    first.type("answer = 42\r", "answer = 42\nscire>")
    second = open_shell(attach=True).ready()
    second.type("answer\r", "scire> answer\n42\nscire>")
    first.send("quit\r")
    assert first.end() == 0
    second.until("The connection is lost")
    second.send("\x04")
    assert second.end() == 0
