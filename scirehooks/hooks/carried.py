"""The context goes along: into threads, and into what pools of threads are given, for whoever needs that.

A task takes the context of whoever starts it along; before Python 3.14 a thread does not, and what a pool is given to
do never does. But a dry run must not end where a thread begins, nor a session's output. So `Thread.start`, and
`ThreadPoolExecutor.submit` (which `map`, `run_in_executor` and `to_thread` come down to), are replaced: where the
calling code is part of what is to be carried, what they start runs in a copy of its context, and else as ever.

What a pool's threads begin with is never carried: they outlive whoever made the pool grow, and work for others. Not
covered: other pools (`multiprocessing`), a process, and a thread of one's own that takes its work from a queue.
"""

from __future__ import annotations

import contextvars
import functools
import os
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from concurrent.futures.thread import ThreadPoolExecutor
from contextlib import contextmanager
from types import FrameType
from typing import Any, NamedTuple

__all__ = ["Carried", "carried", "carry"]

_POOLS = tuple(
    os.path.join(os.path.dirname(threading.__file__), each, "") for each in ("concurrent", "multiprocessing")
)


class Carried(NamedTuple):
    """What is to go along: WANTED tells whether the calling code is part of it; POOLS whether into pools, too."""

    wanted: Callable[[], bool]
    pools: bool = False


# Of the process, as what is replaced is: there is one `Thread.start`.
_changing = threading.Lock()  # held for a few assignments only, never while anybody's code runs
_all: tuple[Carried, ...] = ()
_put_back: Callable[[], None] | None = None


def carry(what: Carried) -> None:
    """Let WHAT go along from now on; said again, it changes nothing."""
    with _changing:
        if what not in _all:
            _add(what)


@contextmanager
def carried(what: Carried) -> Iterator[None]:
    """Let WHAT go along inside the block, and whatever runs beside it. Blocks may nest and overlap.

    Example:
        >>> number = contextvars.ContextVar("number", default=0)
        >>> thread = threading.Thread(target=lambda: print(number.get()))
        >>> with carried(Carried(lambda: number.get() > 0)):
        ...     _ = number.set(5)
        ...     thread.start()
        ...     thread.join()
        5
    """
    with _changing:
        _add(what)
    try:
        yield
    finally:
        with _changing:
            _remove(what)


def _add(what: Carried) -> None:
    global _all, _put_back
    _all = (*_all, what)
    if _put_back is None:
        _put_back = _replace()


def _remove(what: Carried) -> None:
    global _all, _put_back
    index = _all.index(what)
    _all = _all[:index] + _all[index + 1 :]
    if not _all and _put_back is not None:
        _put_back()
        _put_back = None


def _replace() -> Callable[[], None]:
    """Replace the two methods, and return what puts back those that nobody has replaced since."""
    threads: Any = threading.Thread  # whose methods are not to be assigned to, as far as types go
    pools: Any = ThreadPoolExecutor
    start, submit = threads.start, pools.submit

    @functools.wraps(start)
    def carrying_start(thread: threading.Thread) -> None:
        if any(each.wanted() for each in _all) and not _is_pool(sys._getframe(1)):
            # On the object, where `run` of the class, or of a class of the user's, is still found behind it.
            thread.run = _followed(thread, thread.run)  # type: ignore[method-assign]  # that is how it is done
        start(thread)

    @functools.wraps(submit)
    def carrying_submit(
        pool: ThreadPoolExecutor, function: Callable[..., Any], /, *args: Any, **keywords: Any
    ) -> Future[Any]:
        if any(each.pools and each.wanted() for each in _all):
            function, args = contextvars.copy_context().run, (function, *args)
        made: Future[Any] = submit(pool, function, *args, **keywords)
        return made

    threads.start, pools.submit = carrying_start, carrying_submit

    def put_back() -> None:
        if threads.start is carrying_start:
            threads.start = start
        if pools.submit is carrying_submit:
            pools.submit = submit

    return put_back


def _is_pool(frame: FrameType) -> bool:
    """Whether FRAME, which starts a thread, is in a pool of threads."""
    return frame.f_code.co_filename.startswith(_POOLS)


def _followed(thread: threading.Thread, run: Callable[[], None]) -> Callable[[], None]:
    """Return RUN of THREAD in a copy of this context, where it is also told what ends it."""
    context = contextvars.copy_context()

    def follow() -> None:
        try:
            context.run(run)
        except BaseException as error:  # noqa: BLE001 - the door of threads, as in `threading`, which tells it outside
            trace = error.__traceback__ and error.__traceback__.tb_next  # without us
            told = threading.ExceptHookArgs((type(error), error.with_traceback(trace), trace, thread))
            context.run(threading.excepthook, told)

    return follow
