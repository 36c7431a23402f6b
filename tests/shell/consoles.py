"""Terminals that are none."""

from __future__ import annotations

from scirehooks.shell.running.streams import Stream


class Far:
    """A terminal elsewhere, that is read by nobody once `closed`."""

    def __init__(self, *lines: str) -> None:
        self.shown: list[tuple[str, str]] = []
        self.lines = [*lines]
        self.closed: set[str] = set()

    def write(self, stream: Stream, text: str) -> None:
        """Remember TEXT."""
        if stream in self.closed:
            raise BrokenPipeError
        self.shown.append((stream, text))

    def read_line(self, prompt: str = "") -> str:
        """Give the next line."""
        return self.lines.pop(0) if self.lines else ""

    def run_program(self, text: str) -> int:
        """Say that TEXT would run."""
        self.shown.append(("program", text))
        return 0

    def of(self, stream: str) -> str:
        """Return what was shown on STREAM."""
        return "".join(text for where, text in self.shown if where == stream)
