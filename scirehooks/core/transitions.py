"""Which status may follow which, as data, and the one function that changes a status.

Everything else asks for a change here. A status that could be written elsewhere would one day be written without
its `…-modification-status-hook`: AWX grew eight such places, and mended them one bug report at a time.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from scirehooks.core.model import JobStatus, RunStatus
from scirehooks.core.store import Transaction
from scirehooks.errors import ConflictError, StaleStatusError

__all__ = ["JOB_AFTER", "TABLE", "allowed", "change", "check", "end_results"]

_RUN_END = "succeeded partial failed timed-out cancelled lost"
_RESULT_END = "succeeded failed unreachable timed-out cancelled skipped lost"
_REST = "queued disabled removed"

TABLE: dict[str, dict[str, str]] = {
    "client": {
        "active": "failed disabled removed",
        "failed": "active disabled removed",
        "disabled": "active removed",
        "removed": "",
    },
    "job": {
        "idle": _REST,
        "queued": "running idle cancelled lost disabled removed",
        "running": "succeeded failed cancelled lost queued disabled",
        "succeeded": _REST,
        "failed": _REST,
        "cancelled": _REST,
        "lost": _REST,
        "disabled": "idle removed",
        "removed": "",
    },
    "run": {
        "queued": "deferred running rejected cancelled",
        "deferred": "queued cancelled",
        "running": f"cancelling {_RUN_END}",
        "cancelling": "cancelled succeeded failed lost",
    },
    "result": {
        "pending": f"running {_RESULT_END}",
        "running": _RESULT_END,
    },
}
"""For each kind of record: a status, and those that may follow it."""

JOB_AFTER: dict[RunStatus, JobStatus] = {
    "succeeded": "succeeded",
    "partial": "failed",
    "failed": "failed",
    "timed-out": "failed",
    "cancelled": "cancelled",
    "rejected": "idle",
    "lost": "lost",
}
"""What a job is after its run has ended so; a job is asked only whether it succeeded."""


def allowed(kind: str, old: str, new: str) -> bool:
    """Say whether a record of KIND may go from status OLD to NEW.

    Example:
        >>> allowed("client", "active", "removed"), allowed("client", "removed", "active")
        (True, False)
    """
    return new in TABLE[kind].get(old, "").split()


def check(kind: str, old: str, new: str) -> None:
    """Raise ConflictError unless a record of KIND may go from status OLD to NEW."""
    if old == new:
        raise ConflictError(f"The {kind} is {old} already.")
    if not allowed(kind, old, new):
        after = TABLE[kind].get(old, "").split()
        hint = f"It can become {', '.join(after)}." if after else "It stays so."
        raise ConflictError(f"A {kind} that is {old} cannot become {new}.", hint)


def change(transaction: Transaction, kind: str, key: Any, old: str, new: str, **fields: Any) -> None:
    """Change the status of the KIND with KEY from OLD to NEW, and its FIELDS with it.

    Raises: ConflictError if the table does not allow it; StaleStatusError if the status is no longer OLD.
    """
    check(kind, old, new)
    if not transaction.set_status(kind, key, old, new, fields):
        look = "describe-run" if kind == "result" else f"describe-{kind}"
        raise StaleStatusError(f"The {kind} {key} is no longer {old}.", f"Look with {look}, and try again.")


def end_results(transaction: Transaction, run: int, new: str, ended: datetime) -> None:
    """Let those results of RUN that have not ended be NEW."""
    for result in transaction.results(run):
        if allowed("result", result.status, new):
            key = {"run": run, "client": result.client}
            change(transaction, "result", key, result.status, new, ended=ended)
