"""The answer to one line: shown as it comes, and left when somebody presses Ctrl-C."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from scirehooks.errors import ConnectionLostError, ScireError
from scirehooks.shell import Fragments
from scirehooks.shell.showing.text import neutral, plain
from scirehooks.terminal.link import Link
from scirehooks.terminal.pager import page
from scirehooks.terminal.screen import Screen

__all__ = ["Answer", "Reply"]

# The server gives up what it cannot end after .8 s; with the way there and back the prompt is there within a second.
_PATIENCE = 0.95
_TOGETHER = 0.1  # seconds in which the pieces of a long answer, which come one after the other, are one text
_LOOK = 0.2  # seconds between two looks: a signal that comes just before one waits does not end the wait

T = TypeVar("T")


class _Interrupted(KeyboardInterrupt):
    """Somebody pressed Ctrl-C instead of giving an answer."""


class Reply:
    """What a line came to: its exit STATUS, and whether the shell ends with it."""

    def __init__(self, status: int = 0, *, quit: bool = False) -> None:
        self.status = status
        self.quit = quit


class Answer:
    """One line under evaluation.

    A thread talks with the server; what it hears is shown by the thread that waits, which has the terminal. When that
    one leaves, because the server answers no more, what still comes is shown above the line being typed.
    """

    def __init__(self, link: Link, screen: Screen, text: str, read: Callable[[str], str]) -> None:
        self._link = link
        self._screen = screen
        self._text = text
        self._read = read
        self._heard: SimpleQueue[Callable[[], None] | Fragments | None] = SimpleQueue()
        self._kept: Fragments = []  # what has come of an answer: perhaps there is more of it
        self._sent = False
        self._left = False
        self._lock = threading.Lock()  # of leaving: what is heard is shown here or there, and never nowhere
        self._result: Future[Any] = Future()
        self._interrupts = 0
        self._deadline: float | None = None

    def wait(self) -> Reply:
        """Send the line, and show what comes until it is answered, or until a second after Ctrl-C."""
        # From here on Ctrl-C raises nothing, so that it cannot come between two steps of ours.
        with self._screen.interrupts(lambda: self._heard.put(self._interrupt)):
            self._link.answering = True
            threading.Thread(target=self._converse, name="evaluating", daemon=True).start()
            try:
                while self._show_next():
                    pass
            finally:
                self._link.answering = False
                self._stop_listening()
            return self._ended()

    # -- in the thread that waits

    def _show_next(self) -> bool:
        """Show what is heard next; return whether there is more to wait for."""
        left = None if self._deadline is None else max(self._deadline - time.monotonic(), 0)
        # An answer ends with a line; what does not goes on for sure.
        whole = bool(self._kept) and self._kept[-1][1].endswith("\n")
        try:
            act = self._heard.get(timeout=left if left is not None else _TOGETHER if whole else _LOOK)
        except Empty:
            if whole or left is not None:
                self._show_kept()
            return left is None
        if isinstance(act, list):
            self._kept += act
            return True
        if act != self._interrupt:  # which is not to wait until somebody has read what is kept
            self._show_kept()
        if act is not None:
            act()
        return act is not None

    def _show_kept(self) -> None:
        """Show what is kept of an answer, as one text: whoever leaves the pager has left all of it."""
        kept, self._kept = self._kept, []
        page(self._screen, kept)

    def _interrupt(self) -> None:
        """Do what Ctrl-C says."""
        self._screen.interrupted()
        self._interrupts += 1
        self._deadline = self._deadline or time.monotonic() + _PATIENCE
        self._link.interrupt(force=self._interrupts > 1)
        if self._interrupts == 2:
            self._tell("Forced: it is ended wherever it is, and locks may stay held.")

    def _stop_listening(self) -> None:
        """Give the prompt back; if there is no answer yet, what comes is shown above the line being typed."""
        with self._lock:
            self._left = True
            if self._result.done():
                return
            self._link.unanswered = True
        self._tell("The server does not answer. What comes of the line will be shown when it does.")

    def _tell(self, text: str) -> None:
        self._screen.fresh_line()
        self._screen.show(self._screen.broken([("warning", text + "\n")]))

    def _ended(self) -> Reply:
        if not self._result.done():
            return Reply(130)
        try:
            result = self._result.result()
        except ConnectionLostError:
            self._screen.fresh_line()
            self._screen.show(self._unknown())
            return Reply(1)
        except ScireError as error:
            self._screen.fresh_line()
            self._screen.show(self._failed(error))
            return Reply(error.exit_status)
        self._screen.fresh_line()
        page(self._screen, self._text_of(result))
        return Reply(result["status"], quit=result["quit"])

    def _text_of(self, result: dict[str, Any]) -> Fragments:
        """Return the text of RESULT; a failure may have been told without knowing how wide this terminal is."""
        text = [(style, part) for style, part in result["text"]]
        return self._screen.broken(text) if result["status"] else text

    def _failed(self, error: ScireError) -> Fragments:
        return self._screen.broken([("error", f"{neutral(str(error))}\n")])

    def _unknown(self) -> Fragments:
        line = self._text.split("\n", 1)[0]
        what = "It is not known whether this was done" if self._sent else "There was no connection: this was not sent"
        return self._screen.broken([("warning", f"{what}: {line}\n")])

    # -- in the thread that talks

    def _converse(self) -> None:
        try:
            self._result.set_result(self._talk())
        except BaseException as error:  # noqa: BLE001 - a door: the one who waits raises it
            self._result.set_exception(error)
        finally:
            with self._lock:
                left = self._left
                if not left:
                    self._heard.put(None)
                self._link.unanswered = False
        if left:
            self._show_late()

    def _talk(self) -> Any:
        client = self._link.evaluate(self._text)
        self._sent = True
        while True:
            try:
                return client.resume(self)
            except _Interrupted:
                continue

    def _show_late(self) -> None:
        """Show above the prompt what came of a line that nobody waits for any more."""
        try:
            text = self._text_of(self._result.result())
        except ConnectionLostError:
            text = self._unknown()
        except ScireError as error:
            text = self._failed(error)
        self._screen.above(self._screen.styled(text))

    def _done_here(self, act: Callable[[], T], otherwise: T) -> T:
        """Return what ACT gives in the thread that waits, or raise what it raises; OTHERWISE if nobody waits."""
        done: Future[T] = Future()

        def do() -> None:
            try:
                done.set_result(act())
            except KeyboardInterrupt:
                self._interrupt()
                done.set_exception(_Interrupted())
            except Exception as error:  # noqa: BLE001 - the terminal door: the code that asks is told
                done.set_exception(error)

        return done.result() if self._here(do) else otherwise

    def _here(self, act: Callable[[], None] | Fragments) -> bool:
        """Let the thread that waits ACT, or show that piece of an answer; return whether there is one."""
        with self._lock:
            if not self._left:
                self._heard.put(act)
            return not self._left

    def output(self, stream: str, content: str | list[tuple[str, str]]) -> None:
        """Show what the line prints, and the answers to its first parts."""
        if isinstance(content, str):
            if not self._here(lambda: self._screen.write(content, stream)):
                self._screen.above(content)
        elif not self._here(content):
            self._screen.above(self._screen.styled(content))

    def input(self, prompt: str) -> str:
        """Read a line for the code that is running; nobody there is the end of the input.

        Ctrl-C leaves the question without an answer: the code is interrupted, and must not take it for an end.
        """

        def ask() -> str:
            try:
                return self._read(plain(self._screen.broken([("", prompt)])))
            except EOFError:
                return ""

        return self._done_here(ask, "")

    def program(self, text: str) -> int:
        """Run a program on this terminal; Ctrl-C is for the program."""
        return self._done_here(lambda: self._screen.program(["/bin/sh", "-c", text]), 127)
