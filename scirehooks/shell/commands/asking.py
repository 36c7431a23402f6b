"""Asking whoever sits at a terminal before something is done in earnest that was perhaps only meant as a test."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from scirehooks.hooks import BATCH, Entry, Hook
from scirehooks.shell.session import Session, current_session

__all__ = ["confirmed", "session_of_a_person"]


def session_of_a_person() -> Session | None:
    """Return the session in which somebody at a terminal typed the line that runs, None if nobody did."""
    session = current_session.get()
    return None if session is None or session.console is None or session.owner == BATCH else session


def confirmed(firings: Iterable[tuple[Hook, Sequence[Entry]]]) -> bool:
    """Ask whether the functions of the post-hooks among FIRINGS may be called in earnest; nobody there means yes."""
    acting = [
        f"{hook.name} ({', '.join(names)})"
        for hook, entries in firings
        if hook.name.startswith("post-") and (names := [entry.label for entry in entries if entry.state == "active"])
    ]
    session = session_of_a_person()
    console = None if session is None else session.console
    if not acting or console is None:
        return True
    answer = console.read_line(f"Fire {' and '.join(acting)} in earnest? --dry-run would not. [y/N] ")
    return answer.strip().lower() in ("y", "yes")
