"""The terminal of a session, at the other end of a connection."""

from __future__ import annotations

import threading
from typing import Any

from scirehooks.control.link import Link
from scirehooks.control.wire import Failure
from scirehooks.errors import UsageError
from scirehooks.shell import Fragments
from scirehooks.shell.running.evaluation import check_interrupt, current_evaluation
from scirehooks.shell.running.streams import Stream

__all__ = ["LinkConsole"]


class LinkConsole:
    """The console of the session KEY, for code that runs here and prints, asks and runs programs there.

    The thread of an evaluation waits when the client reads slowly, and is told when he has closed a stream. Other
    threads, and what goes on after the client has gone, are never held up and never failed: a timer that prints must
    not end because somebody has gone home.
    """

    def __init__(self, link: Link, key: str) -> None:
        self._link = link
        self._key = key
        self._closed: set[str] = set()
        self._interrupted: object = None  # the evaluation that has been told so as it asked for a line

    def write(self, stream: Stream, text: str) -> None:
        """Show TEXT on STREAM.

        Raises:
            BrokenPipeError: nobody reads that stream any more; only an evaluation is told.
        """
        own = _is_evaluating()
        if stream not in self._closed:
            # When the client has gone this does nothing: the interrupt that is on its way says it, and says it once.
            self._link.write(self._key, stream, text, patient=own)
        elif own:
            raise BrokenPipeError(f"nobody reads the {stream} of {self._key} any more")

    def show(self, fragments: Fragments) -> None:
        """Show a result."""
        self._link.show(self._key, fragments, patient=_is_evaluating())

    def read_line(self, prompt: str = "") -> str:
        """Show PROMPT and return a line with its end; nothing at the end of input.

        An evaluation that was interrupted here and asks again, as a debugger does, finds the input at its end.

        Raises:
            UsageError: what came is no text, or nobody is there to be asked.
        """
        evaluation = current_evaluation.get()
        if evaluation is not None and evaluation is self._interrupted:
            return ""
        try:
            answer = self._ask("input", {"prompt": prompt})
        except KeyboardInterrupt:
            self._interrupted = evaluation
            raise
        text = answer.get("text") if isinstance(answer, dict) else None
        return text if isinstance(text, str) else ""

    def run_program(self, text: str) -> int:
        """Run TEXT by sh on the user's own terminal and return its exit status.

        Raises:
            UsageError: nobody is there to run it.
        """
        answer = self._ask("program", {"text": text})
        status = answer.get("status") if isinstance(answer, dict) else None
        return status if isinstance(status, int) else 1

    def close(self, stream: str) -> None:
        """Know that nobody reads STREAM any more."""
        self._closed.add(stream)

    def _ask(self, method: str, params: dict[str, Any]) -> Any:
        check_interrupt()  # it may have come while our own code was at work, and the next line is a program
        answer = self._link.ask(method, {"session": self._key, **params})
        if isinstance(answer, Failure):
            raise UsageError(answer.message)
        return answer.result if answer else None


def _is_evaluating() -> bool:
    """Whether the calling thread is that of an evaluation, which may be held up and can be interrupted."""
    evaluation = current_evaluation.get()
    return evaluation is not None and evaluation.thread is threading.current_thread()
