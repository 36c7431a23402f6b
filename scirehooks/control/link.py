"""What a server has to tell one client, and what it has asked him: bounded, in order, from whatever thread.

A client that reads slowly must neither fill the memory of the server nor hold up anybody but itself. So what is unsent
is counted: the thread of an evaluation waits (where an interrupt reaches it), everybody else's output is dropped beyond
a limit, with one note that says so. Answers are never dropped; who asks on without reading them is.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import field
from itertools import count
from typing import Any

from scirehooks.control.peer import Peer
from scirehooks.control.pool import Pool
from scirehooks.control.wire import FAILED, Answer, Failure, Message, Notification, Request, encode
from scirehooks.errors import WireError
from scirehooks.records import dataclass
from scirehooks.shell import Fragments
from scirehooks.shell.running.evaluation import check_interrupt, wait_for

__all__ = ["Limits", "Link"]

_PIECE = 1 << 16  # characters of output in one message
_COST = 64  # bytes that a piece of text takes besides its characters, however short it is


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a server keeps for a client, and for how long.

    An evaluation waits while more than WAIT bytes are unsent, other output is dropped beyond DROP. A client that
    neither reads nor says anything for STALL seconds while WAIT bytes wait for it is dropped, and so is one that says
    anything while MOST bytes do. It may have PENDING requests under way, or so many that they take BYTES.
    """

    wait: int = 4 << 20
    drop: int = 8 << 20
    most: int = 64 << 20
    stall: float = 30.0
    pending: int = 64
    bytes: int = 32 << 20


class _Question:
    """Something asked of the client."""

    def __init__(self) -> None:
        self.answered = threading.Event()
        self.answer: Answer | Failure | None = None

    def give(self, answer: Answer | Failure | None) -> None:
        """Give the ANSWER; None says that there will be none."""
        self.answer = answer
        self.answered.set()


@dataclass(slots=True)
class _Output:
    """Text that is to become one message."""

    session: str
    stream: str
    parts: list[str] = field(default_factory=list)
    length: int = 0
    cost: int = 0


class Link:
    """The server's end of one connection, for threads.

    WAKE tells the control loop that there is something to send: soon, or (given True) at once. Output has a moment to
    grow, since a program prints its lines in many small pieces.
    """

    def __init__(self, peer: Peer, wake: Callable[[bool], None], limits: Limits) -> None:
        self.peer = peer
        self.limits = limits
        self.lost = threading.Event()
        self._wake = wake
        self._lock = threading.Lock()  # of what follows; never held while anything else is called
        self._queue: deque[_Output | bytes] = deque()
        self._size = 0
        self._woken = 0  # 1: the control loop sends soon, 2: at once
        self._dropping = False
        self._room = threading.Event()
        self._room.set()
        self._numbers = count(1)
        self._questions: dict[str, _Question] = {}
        self._pending = 0
        self._pending_bytes = 0
        self.turn = Pool(1, f"questions of {peer}")  # for what is done in turn; see `ops.Place`

    # -- what is under way

    def begin(self, size: int) -> None:
        """Count a request of SIZE bytes that cannot be answered at once.

        Raises:
            WireError: there are too many.
        """
        with self._lock:
            if self._pending >= self.limits.pending or self._pending_bytes + size > self.limits.bytes:
                raise WireError("Too many requests are under way on this connection; wait for an answer.", FAILED)
            self._pending += 1
            self._pending_bytes += size

    def done(self, size: int) -> None:
        """Count a request of SIZE bytes as answered."""
        with self._lock:
            self._pending -= 1
            self._pending_bytes -= size

    # -- telling

    @property
    def full(self) -> bool:
        """Whether so much is unsent that evaluations wait."""
        return self._size >= self.limits.wait

    @property
    def unsent(self) -> int:
        """About how many bytes wait to be sent."""
        return self._size

    def send(self, message: Message) -> None:
        """Send MESSAGE behind what is there; nothing happens if the client has gone."""
        self.send_line(encode(message))

    def write(self, session: str, stream: str, text: str, *, patient: bool) -> None:
        """Send TEXT as output of SESSION on STREAM; PATIENT output waits for room, other output is dropped."""
        for start in range(0, len(text), _PIECE):
            self._write(session, stream, text[start : start + _PIECE], patient=patient)

    def show(self, session: str, fragments: Fragments, *, patient: bool) -> None:
        """Send styled text as a result of SESSION."""
        for piece in _pieces(fragments):
            if not self._may_put(patient=patient):
                self._drop(session)
                continue
            self.send(Notification("output", {"session": session, "stream": "result", "fragments": piece}))

    def _write(self, session: str, stream: str, text: str, *, patient: bool) -> None:
        if not self._may_put(patient=patient):
            self._drop(session)
            return
        cost = len(text) + _COST
        with self._lock:
            if self.lost.is_set():
                return
            last = self._queue[-1] if self._queue else None
            if not (
                isinstance(last, _Output)
                and (last.session, last.stream) == (session, stream)
                and last.length + len(text) <= _PIECE
            ):
                last = _Output(session, stream)
                self._queue.append(last)
            last.parts.append(text)
            last.length += len(text)
            last.cost += cost
            wake = self._added(cost, at_once=self._size > _PIECE)
        if wake is not None:
            self._wake(wake)

    def _may_put(self, *, patient: bool) -> bool:
        """Whether output may be added: for PATIENT output when there is room, which is waited for."""
        if not patient:
            return self._size < self.limits.drop
        while self.full and not self.lost.is_set():
            wait_for(self._room, None)
        return True

    def _drop(self, session: str) -> None:
        with self._lock:
            said, self._dropping = self._dropping, True
        if not said:
            text = "\n[Output is left out here: it comes faster than this terminal reads it.]\n"
            self.send(Notification("output", {"session": session, "stream": "stderr", "text": text}))

    def send_line(self, line: bytes) -> None:
        """Send LINE, a message as `encode` gives it, behind what is there."""
        with self._lock:
            if self.lost.is_set():
                return
            self._queue.append(line)
            wake = self._added(len(line) + _COST, at_once=True)
        if wake is not None:
            self._wake(wake)

    def _added(self, cost: int, *, at_once: bool) -> bool | None:
        """Count what was queued, under the lock; return how the control loop is to be woken, None if it has been."""
        self._size += cost
        if self.full:
            self._room.clear()
        wanted = 2 if at_once else 1
        if self._woken >= wanted:
            return None
        self._woken = wanted
        return at_once

    def take(self) -> bytes | None:
        """Return the next line to be sent; None if there is none, and then WAKE is called when one has come."""
        with self._lock:
            if not self._queue:
                self._woken = 0
                return None
            first = self._queue.popleft()
            self._size -= first.cost if isinstance(first, _Output) else len(first) + _COST
            if not self.full:
                self._dropping = False
                self._room.set()
        if isinstance(first, bytes):
            return first
        params = {"session": first.session, "stream": first.stream, "text": "".join(first.parts)}
        return encode(Notification("output", params))

    # -- asking

    def ask(self, method: str, params: dict[str, Any]) -> Answer | Failure | None:
        """Ask the client for METHOD and return the answer; None if he has gone.

        Raises:
            KeyboardInterrupt: the evaluation that asks was interrupted.
        """
        question = _Question()
        number = f"s{next(self._numbers)}"  # told from the numbers of a client by anybody who reads along
        with self._lock:
            if self.lost.is_set():
                return None
            self._questions[number] = question
        try:
            self.send(Request(number, method, params))
            wait_for(question.answered, None)
            check_interrupt()  # Ctrl-C at a question also ends the input: of the two, the interrupt is what was meant
            return question.answer
        finally:
            with self._lock:
                self._questions.pop(number, None)

    def answered(self, message: Answer | Failure) -> None:
        """Hand on an answer of the client; what was never asked is of no account."""
        with self._lock:
            question = self._questions.get(str(message.id))
        if question is not None:
            question.give(message)

    def end(self) -> None:
        """Drop everything: the client has gone. Whoever waits for him goes on."""
        with self._lock:
            self.lost.set()
            self._queue.clear()
            self._size = 0
            questions, self._questions = [*self._questions.values()], {}
        self._room.set()
        self.turn.shutdown()
        for question in questions:
            question.give(None)


def _pieces(fragments: Fragments) -> list[Fragments]:
    """Cut FRAGMENTS into messages of a bounded size."""
    pieces: list[Fragments] = [[]]
    left = _PIECE
    for style, text in fragments:
        start = 0
        while len(text) - start > left:
            pieces[-1].append((style, text[start : start + left]))
            pieces.append([])
            start, left = start + left, _PIECE
        rest = text[start:]
        pieces[-1].append((style, rest))
        left -= len(rest) + _COST
        if left <= 0:
            pieces.append([])
            left = _PIECE
    return [piece for piece in pieces if piece]
