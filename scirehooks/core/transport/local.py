"""The transport `local`: a run on this very machine, as the user that scirehooks runs as."""

from __future__ import annotations

import os
import shlex
import threading
from collections.abc import Callable

from scirehooks import process
from scirehooks.core.model import Stream
from scirehooks.core.transport.protocol import Task

__all__ = ["LocalTransport"]


class LocalTransport:
    """Runs a task here, in its private directory; a script is a file there, so nobody reads it in a process list."""

    def execute(
        self, task: Task, on_output: Callable[[Stream, bytes], None], cancel: threading.Event
    ) -> process.Completed:
        """Run TASK; see `Transport`."""
        argv = list(task.argv)
        if task.script:
            file = task.directory / "script"
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o700)
            with open(descriptor, "w", encoding="utf-8") as script:
                script.write(task.script.body)
            argv = [*shlex.split(task.script.interpreter), str(file)]
        return process.run(
            argv,
            env=os.environ | {"SCIRE_RUN": str(task.run.id), "SCIRE_CLIENT": task.client.name},
            cwd=task.directory,
            timeout=task.timeout,
            on_output=on_output,
            cancel=cancel,
        )
