"""A system in this process, with a shell or a batch in it; others attach to it meanwhile."""

from __future__ import annotations

import contextlib
import socket
import sys

from scirehooks.cli.batch import is_interactive, wanted
from scirehooks.cli.options import Options
from scirehooks.cli.system import System, running
from scirehooks.cli.telling import tell
from scirehooks.control import oneshot

__all__ = ["embedded"]


def embedded(options: Options) -> int:
    """Start the system that OPTIONS describe, do in it what they say, and end it.

    The shell and the batch here go the same way as those that attach: over a connection, here to ourselves.

    Raises:
        StateInUseError: another process has the state directory.
    """
    batch = None if is_interactive(options) else oneshot.completed(wanted(options))
    if isinstance(batch, int):
        return batch  # a file that cannot be read needs no system
    # Who writes to the process and not to a session (a script while it is loaded, a worker) writes no results.
    apart = contextlib.nullcontext() if batch is None else contextlib.redirect_stdout(sys.stderr)
    with apart, running(options) as system:
        here, there = socket.socketpair()
        with here:
            system.serving.attach(there)
            status = _interactive(options, system, here) if batch is None else oneshot.converse(here, batch)
        others = system.serving.busy
        if others and system.patience:
            tell(
                f"waiting up to {system.patience:.0f} s for what is evaluated in {', '.join(others)}; "
                "Ctrl-C ends it now."
            )
        return status


def _interactive(options: Options, system: System, here: socket.socket) -> int:
    # Late: only who sits at a terminal pays for the library of one.
    from scirehooks.terminal import run  # noqa: PLC0415

    for script in system.parts.loader.report.passed_over:
        sys.stderr.write(f"{script.file} is passed over: {script.error}.\n")
    return run(here, history=options.state / "history", reconnect=None)
