"""Reaching a system that runs elsewhere: in a daemon, in another shell, in a program that serves its runtime."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from scirehooks.cli.batch import is_interactive, wanted
from scirehooks.cli.options import Options, default_state
from scirehooks.control import oneshot
from scirehooks.daemon.peer import peer_of
from scirehooks.daemon.socket import connect
from scirehooks.errors import UsageError

__all__ = ["attach"]


def attach(options: Options) -> int:
    """Attach to the system that OPTIONS name, and do there what they say.

    Raises:
        NobodyAnswersError: nobody answers there.
        UsageError: OPTIONS say how a system is to be started, but it has been.
    """
    path = options.socket or options.state / oneshot.SOCKET
    named = None if options.socket or options.state == default_state() else options.state
    connection = connect(path, state=named)
    try:
        _check(options, connection)
        if not is_interactive(options):
            request = oneshot.completed(wanted(options))
            with connection:
                return request if isinstance(request, int) else oneshot.converse(connection, request, str(path))
    except BaseException:
        connection.close()
        raise
    # Late: only who sits at a terminal pays for the library of one.
    from scirehooks.terminal import run  # noqa: PLC0415

    return run(connection, history=_history(path), reconnect=lambda: connect(path))


def _check(options: Options, connection: socket.socket) -> None:
    if options.configuring:
        names = ", ".join(options.configuring)
        raise UsageError(
            f"The system with the fleet in {options.state} runs already, in process {peer_of(connection).pid}: "
            f"{names} would not count there.",
            f"Leave {'them' if len(options.configuring) > 1 else 'it'} out, end that process first, or choose another "
            "state with --state.",
        )


def _history(path: Path) -> Path | None:
    """Return where to keep what is typed: beside the socket, unless somebody else could make that file a trap."""
    directory = path.absolute().parent
    found = os.stat(directory)
    return directory / "history" if found.st_uid == os.geteuid() and not found.st_mode & 0o022 else None
