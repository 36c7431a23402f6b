"""What a transport is given, and what it gives back."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from scirehooks.core.model import Client, Run, ScriptRevision, Stream
from scirehooks.process import Completed
from scirehooks.records import dataclass

__all__ = ["Task", "Transport"]


@dataclass(frozen=True, slots=True)
class Task:
    """What is to run on one client: a script, or else the command ARGV."""

    run: Run
    client: Client
    script: ScriptRevision | None
    argv: tuple[str, ...]
    timeout: float
    directory: Path  # a private one, for this task alone, which is removed after it


class Transport(Protocol):
    """A way to run something on a client."""

    def execute(self, task: Task, on_output: Callable[[Stream, bytes], None], cancel: threading.Event) -> Completed:
        """Run TASK until it ends, takes too long, or CANCEL is set; pass its output to ON_OUTPUT as it comes.

        Raises: OSError if it could not be started: then nothing has run on the client.
        """
