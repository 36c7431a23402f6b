"""The one thread that writes to the store, and its group commit.

SQLite has one writer at a time in any case; with one thread for it nobody ever waits for a lock, and all who wait
at the same moment share one COMMIT, which is the slow part (it waits for the disk). Each has a savepoint of its
own, so the failure of one undoes only its own writes.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import Context, copy_context
from typing import Any, NamedTuple, TypeVar

from scirehooks.core.schema import BEGIN, COMMIT, ROLLBACK, Connection, DatabaseError
from scirehooks.errors import NotAllowedHereError, StoreError

__all__ = ["Writer"]

_log = logging.getLogger("scirehooks")
_T = TypeVar("_T")
_GROUP = 64  # more would make the first of them wait for no gain


class _Waiting(NamedTuple):
    task: Callable[[], Any]
    context: Context  # an on-function prints to the session, and acts for the user, that called the operation
    future: Future[Any]
    after: Callable[[Any], None] | None


class Writer:
    """Runs tasks one after the other on CONNECTION, in a thread of its own."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._waiting: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._closing = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="scirehooks-writer", daemon=True)
        self._thread.start()

    @property
    def here(self) -> bool:
        """Whether the calling thread is the writer's."""
        return threading.current_thread() is self._thread

    def do(self, task: Callable[[], _T], after: Callable[[_T], None] | None = None) -> _T:
        """Run TASK in a transaction, and return its result when that is on the disk.

        AFTER gets the result on the writer thread, so in the order of the commits; it must be quick and not fail.

        Raises: what TASK raises, its writes undone; NotAllowedHereError on the writer thread itself.
        """
        if self.here:
            raise NotAllowedHereError(
                "An operation cannot be called from a function in an on-hook: it would wait for its own transaction.",
                "Call it from a function in the post-hook.",
            )
        future: Future[_T] = Future()
        with self._closing:
            if self._closed:
                raise NotAllowedHereError("The store is closed.", "Its fleet has ended; open another one.")
            self._waiting.put(_Waiting(task, copy_context(), future, after))
        try:
            return future.result()
        except KeyboardInterrupt:
            future.cancel()  # if it has not begun, it never will
            raise

    def close(self) -> None:
        """Finish what is waiting, and end the thread."""
        with self._closing:
            if not self._closed:
                self._closed = True
                self._waiting.put(None)
        self._thread.join()

    def _work(self) -> None:
        while (first := self._waiting.get()) is not None:
            group = [first]
            last = False
            while len(group) < _GROUP and not self._waiting.empty():
                more = self._waiting.get()
                if more is None:
                    last = True
                    break
                group.append(more)
            self._commit([one for one in group if one.future.set_running_or_notify_cancel()])
            if last:
                break
            del first, group  # or the last task would be kept alive, with all it refers to, until the next

    def _commit(self, group: list[_Waiting]) -> None:
        done: list[tuple[_Waiting, Any]] = []
        try:
            self._connection.execute(BEGIN)
            for one in group:
                self._attempt(one, done)
            self._connection.execute(COMMIT)
        except DatabaseError as error:  # a full disk, say: nothing of the group is stored
            if self._connection.in_transaction:
                self._connection.execute(ROLLBACK)
            left = [one for one in group if not one.future.done()]
            for one in left:
                if len(group) == 1:
                    one.future.set_exception(_explained(error))
                else:
                    self._commit([one])  # whoever it was that filled the disk fails alone
        else:
            for one, result in done:
                if one.after:
                    self._tell(one.after, result)
                one.future.set_result(result)

    @staticmethod
    def _tell(after: Callable[[Any], None], result: Any) -> None:
        try:
            after(result)
        except Exception:  # noqa: BLE001 - it is committed; and without this thread nobody could write any more
            _log.exception("What follows from a commit could not be begun.")

    def _attempt(self, one: _Waiting, done: list[tuple[_Waiting, Any]]) -> None:
        self._connection.execute("SAVEPOINT task")
        try:
            result = one.context.run(one.task)
        except BaseException as error:  # the door of on-functions: the caller gets it, SystemExit too
            if not self._connection.in_transaction:
                # Some failures, a full disk above all, make SQLite give up the transaction of the whole group.
                raise error if isinstance(error, DatabaseError) else DatabaseError(repr(error)) from error
            self._connection.execute("ROLLBACK TO task")
            self._connection.execute("RELEASE task")
            one.future.set_exception(_explained(error) if isinstance(error, DatabaseError) else error)
        else:
            self._connection.execute("RELEASE task")
            done.append((one, result))


def _explained(error: Exception) -> StoreError:
    wrapped = StoreError(f"The store could not be written: {error}.", "Is its disk full, or read-only?")
    wrapped.__cause__ = error
    return wrapped
