"""What must hold of a script or job that is being made, and what its words stand for."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from scirehooks.core.model import Job
from scirehooks.core.store import Reader
from scirehooks.errors import ConflictError, ScireError, UsageError
from scirehooks.values import Id

__all__ = ["check_job", "read_body", "shebang", "targets_of"]

_MAX_BODY = 256 * 1024  # it stands in the event, too


def read_body(file: Path | None, body: str) -> str:
    """Return a script's code: what is in FILE, or BODY.

    Raises: UsageError unless there is one of them, not empty and of reasonable size.
    """
    if file is not None and body:
        raise UsageError("A script has its code from a file or from --body, not from both.")
    if file is not None:
        try:
            body = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            why = (error.strerror or str(error)) if isinstance(error, OSError) else "it is not UTF-8 text"
            raise ScireError(f"The script {file} cannot be read: {why}.") from error
    if not body.strip():
        raise UsageError("A script needs code.", "Name a file: script-create NAME FILE")
    if len(body) > _MAX_BODY or "\0" in body:
        raise UsageError(f"A script is text of at most {_MAX_BODY // 1024} KiB.")
    return body


def shebang(body: str) -> str:
    """Return the interpreter that BODY names in its first line; /bin/sh if it names none.

    Example:
        >>> shebang("#!/usr/bin/env python3")
        '/usr/bin/env python3'
        >>> shebang("echo hello")
        '/bin/sh'
    """
    first = body.partition("\n")[0]
    return first[2:].strip() or "/bin/sh" if first.startswith("#!") else "/bin/sh"


def check_job(job: Job) -> None:
    """Raise UsageError if JOB could never run."""
    if bool(job.script) == bool(job.argv):
        line = f"job-create {job.name} --target CLIENT"
        raise UsageError(
            f"The job {job.name} needs a script or a command, and not both.",
            f"Try: {line} --script SCRIPT, or: {line} -- COMMAND",
        )
    if any("\0" in word for word in job.argv):
        raise UsageError(f"The job {job.name} has a NUL character in its command.")
    if job.parallel < 1 or job.timeout <= timedelta() or (job.max_failures or 0) < 0:
        raise UsageError(f"The job {job.name} needs a timeout and parallel over 0, and max-failures of 0 or more.")


def targets_of(reader: Reader, job: Job) -> tuple[Id, ...]:
    """Return the ids of the clients that JOB runs on, as the fleet is now; those removed are none of them.

    Raises: ConflictError if there is none.
    """
    named = dict.fromkeys(Id(int(target.partition(":")[2])) for target in job.targets)  # each once
    there = reader.present(named)
    found = tuple(client for client in named if client in there)
    if not found:
        raise ConflictError(f"The job {job.name} has no targets.", "Make another with --target CLIENT.")
    return found
