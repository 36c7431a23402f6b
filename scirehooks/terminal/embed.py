"""The shell inside any program that has a runtime."""

from __future__ import annotations

import socket
from pathlib import Path

from scirehooks.control import Server, Service
from scirehooks.hooks import Runtime
from scirehooks.shell import furnish
from scirehooks.terminal.loop import run
from scirehooks.values import Values

__all__ = ["shell"]


def shell(runtime: Runtime, *, values: Values | None = None, title: str = "", history: Path | None = None) -> int:
    """Open the shell on RUNTIME until somebody leaves it; return the exit status.

    VALUES is the program's table of types, if it has one, and TITLE says in the banner what one is connected to.
    HISTORY is a file that keeps what was typed. What is typed runs in threads of its own; all of them, and whatever
    else the shell needs, have ended when it returns, but for a thread that cannot be interrupted: that ends when its
    call returns.
    """
    table = values or Values()
    service = Service(
        runtime, table, furnish(runtime, table), title=title or f"in {runtime.name}", status=lambda: _status(runtime)
    )
    ours, theirs = socket.socketpair()
    server = Server(service).start()
    try:
        server.attach(theirs)
        return run(ours, history=history)
    finally:
        server.close()


def _status(runtime: Runtime) -> str:
    """Return the line of the toolbar: the program's name, and what hooks it has."""
    count = len(runtime.hooks)
    return f"{runtime.name} · {count} hook{'s' * (count != 1)}"
