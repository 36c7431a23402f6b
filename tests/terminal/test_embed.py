import sys
from collections.abc import Callable
from typing import Any

import pexpect

PROGRAM = """
from scirehooks.hooks import Runtime
from scirehooks.terminal import shell

runtime = Runtime("shop")

@runtime.defhook
def order_paid_hook(order: int) -> None:
    "Fires after ORDER has been paid."

status = shell(runtime)
print("left with", status)
"""


def test_shell_opens_on_any_runtime() -> None:
    """A program that has hooks but no fleet gets the same shell."""
    child = pexpect.spawn(sys.executable, ["-c", PROGRAM], env={"TERM": "dumb", "PATH": "/bin"}, timeout=20)
    child.expect("scirehooks in shop")
    child.expect("scire> ")
    child.sendline("fire order-paid-hook order=1")
    child.expect("Fired order-paid-hook with order=1.")
    child.sendline("quit 4")
    child.expect("left with 4")
    child.expect(pexpect.EOF)


def test_second_shell_on_a_state_ends_at_once(open_shell: Callable[..., Any]) -> None:
    """One process has a state; a second shell says so and ends, without a traceback."""
    first = open_shell()
    first.until("scire>")
    second = open_shell()
    assert second.end() == 1
    assert b"Traceback" not in second.raw
