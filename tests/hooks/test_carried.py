from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from contextvars import Context, ContextVar

import pytest

from scirehooks.hooks.carried import Carried, carried, carry

_mine: ContextVar[str] = ContextVar("mine", default="")
THREADS = Carried(lambda: _mine.get() != "")
POOLS = Carried(lambda: _mine.get() != "", pools=True)


@pytest.fixture
def _set() -> Iterator[None]:
    """Have something in the context that is to go along."""
    token = _mine.set("mine")
    yield
    _mine.reset(token)


@pytest.fixture
def _nothing_carried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have nothing carried yet, whatever an earlier test has made go along for good."""
    monkeypatch.setattr("scirehooks.hooks.carried._all", ())
    monkeypatch.setattr("scirehooks.hooks.carried._put_back", None)
    monkeypatch.setattr(threading.Thread, "start", threading.Thread.start)  # so that it is put back after the test
    monkeypatch.setattr(ThreadPoolExecutor, "submit", ThreadPoolExecutor.submit)


def seen_in_thread() -> str:
    seen: list[str] = []
    thread = threading.Thread(target=lambda: seen.append(_mine.get()))
    thread.start()
    thread.join()
    return seen[0]


def seen_in_pool() -> list[str]:
    with ThreadPoolExecutor(1) as pool:
        return [pool.submit(_mine.get).result(), *pool.map(lambda _: _mine.get(), range(2))]


@pytest.mark.usefixtures("_set")
def test_context_goes_along_into_threads_and_pools_as_wanted() -> None:
    """Into threads only, or into what pools are given as well."""
    with carried(THREADS):
        assert (seen_in_thread(), seen_in_pool()) == ("mine", ["", "", ""])
    with carried(POOLS):
        assert (seen_in_thread(), seen_in_pool()) == ("mine", ["mine"] * 3)


def test_context_of_others_does_not_go_along() -> None:
    """Whoever is not part of what is carried starts threads and uses pools as ever."""
    other: ContextVar[str] = ContextVar("other", default="")
    with carried(POOLS), ThreadPoolExecutor(1) as pool:
        other.set("set")
        assert pool.submit(other.get).result() == ""


@pytest.mark.usefixtures("_set")
def test_thread_of_a_pool_works_for_others_afterwards() -> None:
    """A pool that has grown for one does not keep his context for what the next one gives it to do."""
    with carried(POOLS), ThreadPoolExecutor(1) as pool:
        assert pool.submit(_mine.get).result() == "mine"
        assert Context().run(pool.submit, _mine.get).result() == ""


@pytest.mark.usefixtures("_nothing_carried")
def test_methods_are_put_back_when_the_last_block_is_left() -> None:
    """Blocks nest and overlap; what is carried for good stays; what another has replaced since is left to him."""
    before = threading.Thread.start, ThreadPoolExecutor.submit
    with ExitStack() as outer, carried(POOLS):
        outer.enter_context(carried(THREADS))
        during = threading.Thread.start, ThreadPoolExecutor.submit
    assert (threading.Thread.start, ThreadPoolExecutor.submit) == before
    assert during[0].__wrapped__.__qualname__ == "Thread.start"  # type: ignore[attr-defined]  # wraps() has set it


@pytest.mark.usefixtures("_nothing_carried")
def test_methods_that_somebody_else_replaced_are_his(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put back under him, they would undo what he did."""

    def start(thread: threading.Thread) -> None: ...

    def submit() -> None: ...

    with carried(POOLS):
        monkeypatch.setattr(threading.Thread, "start", start)
        monkeypatch.setattr(ThreadPoolExecutor, "submit", submit)
    found: tuple[object, object] = threading.Thread.start, ThreadPoolExecutor.submit
    assert found == (start, submit)


@pytest.mark.usefixtures("_set", "_nothing_carried")
def test_carry_is_for_good() -> None:
    """Said twice it is carried once, and goes on being carried when others have ended."""
    carry(POOLS)
    start = threading.Thread.start
    with carried(THREADS):
        carry(POOLS)
        assert threading.Thread.start is start
    assert threading.Thread.start is start
    assert seen_in_pool() == ["mine"] * 3


@pytest.mark.usefixtures("_set")
def test_error_of_a_thread_is_told_in_the_context_it_had(monkeypatch: pytest.MonkeyPatch) -> None:
    """As `threading` tells it, without our frames."""
    told: list[tuple[str, object, str]] = []

    def tell(args: threading.ExceptHookArgs) -> None:
        assert args.exc_traceback is not None
        told.append((_mine.get(), args.exc_type, args.exc_traceback.tb_frame.f_code.co_name))

    monkeypatch.setattr(threading, "excepthook", tell)
    with carried(THREADS):
        thread = threading.Thread(target=lambda: 1 / 0)
        thread.start()
        thread.join()
    assert told == [("mine", ZeroDivisionError, "run")]
