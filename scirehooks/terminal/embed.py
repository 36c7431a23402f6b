"""The shell inside any program that has a runtime."""

from __future__ import annotations

from pathlib import Path

from scirehooks.hooks import Runtime
from scirehooks.shell import Host, Session, furnish
from scirehooks.terminal.loop import run
from scirehooks.values import Values

__all__ = ["shell"]


def shell(runtime: Runtime, *, values: Values | None = None, title: str = "", history: Path | None = None) -> int:
    """Open the shell on RUNTIME until somebody leaves it; return the exit status.

    VALUES is the program's table of types, if it has one. HISTORY is a file that keeps what was typed.
    """
    table = values or Values()
    renderer = furnish(runtime, table)
    session = Session(runtime, table)
    try:
        return run(Host(session, renderer, title=title or f"in {runtime.name}", status=lambda: ""), history=history)
    finally:
        session.close()
