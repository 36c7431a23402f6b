"""Evaluations under way: each in the thread of its session, each to be interrupted within a second.

An interrupt raises KeyboardInterrupt at the next step of a user's code (see `interrupt`); what is awaited is cancelled;
what waits in `pause` or `wait_for` wakes up. A call that is blocked in C cannot be ended by anybody: the evaluation is
then given up, which answers whoever waits for it, and its thread is listed until the call returns.
"""

from __future__ import annotations

import asyncio
import contextvars
import os
import queue
import threading
import time
import weakref
from collections.abc import Callable
from contextvars import ContextVar
from itertools import count
from typing import Any, Protocol, TypeVar

from scirehooks.errors import ConflictError, GivenUpError
from scirehooks.hooks import Runtime
from scirehooks.hooks.loop import RuntimeLoop
from scirehooks.hooks.owned import current_line
from scirehooks.shell.libraries import whose
from scirehooks.shell.running.interrupt import Order, Target, walk

__all__ = ["Evaluation", "Evaluations", "check_interrupt", "current_evaluation", "pause", "wait_for"]

T = TypeVar("T")

_GIVEN_UP = 0.8  # seconds after which an interrupt that was not taken is answered all the same
_PATIENCE = 0.4  # seconds that a coroutine has to clean up before one waits for it no longer
_BLOCKED = 0.1  # seconds in which a loop that is not blocked by somebody comes round
_AGAIN = 0.3  # seconds between two interrupts of code that goes on after one: time for its `finally`
_LATER = 1.0  # the same, once it has been given up
_POLL = 0.02  # seconds between two looks at a condition that nobody announces

current_evaluation: ContextVar[Evaluation | None] = current_line


class SessionLike(Protocol):
    """What an evaluation has to know of the session that it is in; this file lies below that."""

    name: str
    actor: str
    runtime: Runtime


class Evaluation:
    """One evaluation under way, in a thread of its session; `started` is the time of day."""

    def __init__(self, id: int, session: SessionLike, text: str, tell: Callable[[Evaluation, Any], None]) -> None:
        self.id = id
        self.session = session
        self.text = text
        self.line = ""  # the one under way, of several
        self.started = time.time()
        self.thread: threading.Thread = threading.current_thread()
        self.interrupted = False
        self.given_up = False
        self._forced = False
        self._tell: Callable[[Evaluation, Any], None] | None = tell
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._changed = threading.Event()  # set when there is something new for who insists on the interrupt
        self._wake = threading.Event()  # set by an interrupt, for what waits in `pause`
        self._target: Target | None = None
        self._loop: Callable[[], Target | None] = lambda: None
        self._insisting: threading.Thread | None = None

    def __repr__(self) -> str:
        return f"<Evaluation {self.id} of {self.session.name}>"

    # -- asked by others

    def interrupt(self, *, force: bool = False) -> None:
        """End it: KeyboardInterrupt at its next step in a user's code, again and again until it has ended.

        With FORCE also in a library's code, which may keep a lock for ever. Returns at once.
        """
        with self._lock:
            self._forced = self._forced or force
            self.interrupted = True
            self._changed.set()
            if self._insisting is None and not self._over.is_set():
                name = f"interrupt of evaluation {self.id}"
                # Not for the session: what it prints, or where it stops, is nobody's business.
                insisting = threading.Thread(target=self._insist, name=name, daemon=True)
                contextvars.Context().run(insisting.start)  # may fail, and then the next interrupt tries again
                self._insisting = insisting
        self._wake.set()

    def stack(self) -> list[str]:
        """Return where it is, `file:line, in function`, the innermost last; frames of ours below it are left out."""
        frames = walk(self._target.frame if self._target else None)[::-1]
        of_file = self.session.runtime.owners.of_file
        first = next((i for i, frame in enumerate(frames) if of_file(frame.f_code.co_filename)), 0)
        return [f"{f.f_code.co_filename}:{f.f_lineno}, in {f.f_code.co_name}" for f in frames[first:]]

    def sleep(self, seconds: float) -> None:
        """Wait SECONDS; KeyboardInterrupt as soon as it is interrupted."""
        if self._wake.wait(seconds):
            raise KeyboardInterrupt

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until its thread has left it; whether it has."""
        return self._over.wait(timeout)

    # -- how it runs

    def run(self, call: Callable[[], Any], loop: Callable[[], Target | None]) -> Any:
        """Run CALL in this thread and return what came of it; LOOP is the thread of the runtime loop, if known."""
        self.thread = threading.current_thread()
        self._loop = loop
        self._target = Target()
        token = current_evaluation.set(self)
        result: Any = None
        try:
            result = call()
        except BaseException as error:  # noqa: BLE001 - the function door: whatever it raises is its answer
            result = error
        while not self._over.is_set():
            try:
                self._over.set()
                self._changed.set()
                self._target.settle()
            except KeyboardInterrupt:  # a forced one, that comes late
                result = KeyboardInterrupt()
        current_evaluation.reset(token)
        return result

    def answer(self, result: Any) -> None:
        """Tell who started it that RESULT came of it, unless something has been told before."""
        with self._lock:
            tell, self._tell = self._tell, None
        if tell is not None:
            tell(self, result)

    def _is_users(self, file: str) -> bool:
        return self.session.runtime.owners.of_file(file) is not None or whose(file) == "user"

    def _is_here(self) -> bool:
        """Whether the code that runs belongs to this evaluation."""
        return current_evaluation.get() is self

    def _is_near(self) -> bool:
        """Whether the code that runs belongs to this session: a task of an earlier line may block the loop."""
        evaluation = current_evaluation.get()
        return evaluation is not None and evaluation.session is self.session

    def _cancelled(self, *, leave: bool) -> bool:
        """Cancel what is awaited on the runtime loop; whether anything is. A loop that is being closed does it itself.

        By now the thread may be at its next evaluation, and await something for that: it is none of ours.
        """
        try:
            return self.session.runtime.loop.cancel_awaited(
                self.thread, leave=leave, wanted=lambda context: context.get(current_evaluation) is self
            )
        except RuntimeError:
            return False

    def _insist(self) -> None:
        """Interrupt until the evaluation has ended."""
        begun = time.monotonic()
        loop = self.session.runtime.loop
        while not self._over.is_set():
            self._changed.clear()
            passed = time.monotonic() - begun
            awaiting = self._cancelled(leave=passed > _PATIENCE)
            # What is awaited was cancelled, and may be cleaning up, which an order would end; or the loop is stuck.
            blocked = awaiting and passed > _AGAIN / 2 and not _answers(loop)
            target = self._target if not awaiting else self._loop() if blocked else None
            order = Order(
                asyncio.CancelledError if awaiting else KeyboardInterrupt,
                self._is_near if blocked else self._is_here,
                (lambda _: True) if self._forced else self._is_users,
            )
            if target is not None:
                target.obey(order)
            waiting = _LATER if self.given_up else min(_AGAIN, begun + _GIVEN_UP - time.monotonic())
            if not self._over.is_set():
                self._changed.wait(max(waiting, 0.01))
            order.done = True
            if time.monotonic() - begun >= _GIVEN_UP and not self.given_up and not self._over.is_set():
                self.given_up = True
                self.answer(_given_up(self))


def _answers(loop: RuntimeLoop) -> bool:
    """Whether LOOP comes to run what it is given."""
    came = threading.Event()
    try:
        loop.submit(asyncio.sleep(0)).when_ended(came.set)
    except RuntimeError:  # it was closed this very moment, and with it what was awaited
        return True
    return came.wait(_BLOCKED)


def _given_up(evaluation: Evaluation) -> GivenUpError:
    stack = evaluation.stack()
    where = f" at {stack[-1]}" if stack else ""
    return GivenUpError(
        f"The interrupt was not taken{where}: a call that Python cannot end goes on there, until it returns.",
        "See: who",
    )


class _Worker:
    """The thread of a session: one evaluation after the other, so that what belongs to a thread can be used again."""

    def __init__(self, name: str) -> None:
        self.busy: Evaluation | None = None
        self._calls: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._pid = os.getpid()
        self.thread = threading.Thread(target=self._work, name=name, daemon=True)
        contextvars.Context().run(self.thread.start)

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            call()
            if os.getpid() != self._pid:
                # It has forked: the copy has nobody to talk to, and would keep the socket and the state for itself.
                os._exit(0)
            del call  # or an idle session would keep what it evaluated last

    def give(self, evaluation: Evaluation, call: Callable[[], None]) -> None:
        self.busy = evaluation
        self._calls.put(call)

    def end(self) -> None:
        """Let the thread end when it is free."""
        self._calls.put(None)


class Evaluations:
    """The evaluations under way in a RUNTIME, of all sessions."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._numbers = count(1)
        self._lock = threading.Lock()
        self._under_way: dict[int, Evaluation] = {}
        self._workers: weakref.WeakKeyDictionary[SessionLike, _Worker] = weakref.WeakKeyDictionary()
        self._loop: Target | None = None
        self._asked = False

    @property
    def running(self) -> tuple[Evaluation, ...]:
        """Those that somebody waits for."""
        return tuple(one for one in self._listed() if not one.given_up)

    @property
    def left(self) -> tuple[Evaluation, ...]:
        """Those that were given up, and whose threads are alive."""
        return tuple(one for one in self._listed() if one.given_up)

    def _listed(self) -> list[Evaluation]:
        with self._lock:
            return list(self._under_way.values())

    def start(
        self,
        session: SessionLike,
        text: str,
        call: Callable[[], T],
        ended: Callable[[Evaluation, T | BaseException], None],
    ) -> Evaluation:
        """Run CALL, which evaluates TEXT, in the thread of SESSION; ENDED is told once what came of it.

        ENDED gets the result, or the exception, or GivenUpError when an interrupt was not taken; it is called in
        whatever thread finds out, and must not block.

        Raises:
            ConflictError: SESSION is busy.
        """
        self._find_loop()
        evaluation = Evaluation(next(self._numbers), session, text, ended)
        context = contextvars.copy_context()
        with self._lock:
            worker = self._workers.get(session)
            if worker is not None and worker.busy is not None and not worker.busy.given_up:
                raise ConflictError(
                    f"The session {session.name} is busy with evaluation {worker.busy.id}.", "Wait, or interrupt it."
                )
            if worker is None or worker.busy is not None:
                if worker is not None:
                    worker.end()  # when its call returns
                worker = self._workers[session] = _Worker(f"session {session.name}")
                weakref.finalize(session, worker.end)
            self._under_way[evaluation.id] = evaluation
            worker.give(evaluation, lambda: context.run(self._evaluate, evaluation, call, worker))
        return evaluation

    def _evaluate(self, evaluation: Evaluation, call: Callable[[], Any], worker: _Worker) -> None:
        result = evaluation.run(call, lambda: self._loop)
        self._forget(evaluation, worker)  # first, so that whoever is told may start the next one at once
        evaluation.answer(result)

    def _forget(self, evaluation: Evaluation, worker: _Worker) -> None:
        with self._lock:
            self._under_way.pop(evaluation.id, None)
            worker.busy = None

    def end(self, session: SessionLike) -> None:
        """Let the thread of SESSION end, as soon as it is free."""
        with self._lock:
            worker = self._workers.pop(session, None)
        if worker is not None:
            worker.end()

    def close(self) -> None:
        """Interrupt all, and wait a moment for them to end."""
        under_way = self._listed()
        for evaluation in under_way:
            evaluation.interrupt()
        until = time.monotonic() + _GIVEN_UP + 0.1
        for evaluation in under_way:
            evaluation.wait(max(0.0, until - time.monotonic()))
        with self._lock:
            workers = list(self._workers.values())
            self._workers.clear()
        for worker in workers:
            worker.end()

    def _find_loop(self) -> None:
        """Get hold of the thread of the runtime loop, so that a coroutine that blocks it can be interrupted."""
        with self._lock:
            asked, self._asked = self._asked, True
        if not asked:
            self._runtime.loop.submit(self._on_loop())

    async def _on_loop(self) -> None:
        self._loop = Target()


# -- waits of our own


def check_interrupt() -> None:
    """Go no further if the evaluation that this belongs to was interrupted.

    Raises:
        KeyboardInterrupt: it was.
    """
    evaluation = current_evaluation.get()
    if evaluation is not None and evaluation.interrupted:
        raise KeyboardInterrupt


def pause(seconds: float) -> None:
    """Sleep for SECONDS, or until the evaluation is interrupted.

    Raises:
        KeyboardInterrupt: it was.
    """
    evaluation = current_evaluation.get()
    if evaluation is None:
        time.sleep(seconds)
    else:
        evaluation.sleep(seconds)


def wait_for(what: threading.Event | Callable[[], Any], timeout: float | None = None) -> bool:
    """Wait until WHAT is set, or true, at most TIMEOUT seconds; whether it is. An interrupt ends the wait.

    Raises:
        KeyboardInterrupt: the evaluation was interrupted.
    """
    is_so = what.is_set if isinstance(what, threading.Event) else what
    until = None if timeout is None else time.monotonic() + timeout
    while not is_so():
        left = _POLL if until is None else min(_POLL, until - time.monotonic())
        if left <= 0:
            return False
        check_interrupt()
        if isinstance(what, threading.Event):
            what.wait(left)
        else:
            pause(left)
    return True
