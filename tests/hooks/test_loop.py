from __future__ import annotations

import asyncio
import contextlib
import contextvars
import re
import threading
import time
from collections.abc import Coroutine, Generator, Iterator
from typing import Any

import pytest

from scirehooks.errors import NotAllowedHereError
from scirehooks.hooks import loop as loop_module
from scirehooks.hooks.loop import Interrupted, RuntimeLoop
from scirehooks.testing import nothing_left


@pytest.fixture
def loop() -> Iterator[RuntimeLoop]:
    """A loop of its own; its thread ends with the test."""
    with nothing_left():
        made = RuntimeLoop("test")
        yield made
        made.close()


def test_loop_runs_a_coroutine_in_a_thread_of_its_own(loop: RuntimeLoop) -> None:
    """The loop is started when first needed; only on its thread it is the current one."""

    async def where() -> tuple[bool, str]:
        return loop.is_current(), threading.current_thread().name

    assert not loop.is_current()
    assert loop.run(where()) == (True, "test loop")
    assert not loop.is_current()


def test_loop_runs_in_the_context_of_the_caller(loop: RuntimeLoop) -> None:
    """Context variables of the caller count in the coroutine."""
    variable = contextvars.ContextVar("variable", default="outside")

    async def read() -> str:
        return variable.get()

    variable.set("inside")
    assert loop.run(read()) == "inside"


@pytest.mark.parametrize("kind", [ValueError, SystemExit, KeyboardInterrupt, StopIteration])
def test_loop_hands_on_what_a_coroutine_raises(loop: RuntimeLoop, kind: type[BaseException]) -> None:
    """Whoever waits gets the error, and the loop survives it, a SystemExit included."""

    async def fail() -> None:
        raise kind

    async def answer() -> int:
        return 42

    with pytest.raises(RuntimeError if kind is StopIteration else kind):
        loop.run(fail())
    assert loop.run(answer()) == 42


def test_loop_hands_on_that_a_coroutine_cancelled_itself(loop: RuntimeLoop) -> None:
    """A coroutine that ends as cancelled is told as that."""

    async def cancelled() -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        loop.run(cancelled())


def test_loop_interrupted_waiting_cancels_the_coroutine(loop: RuntimeLoop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Ctrl-C while waiting leaves no coroutine behind."""
    running, cancelled = threading.Event(), threading.Event()

    async def work() -> None:
        running.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    submit = loop.submit

    def interrupted(coroutine: object) -> object:
        made = submit(coroutine)  # type: ignore[arg-type]  # handed on as it came

        def result() -> None:
            assert running.wait(10)
            raise KeyboardInterrupt

        monkeypatch.setattr(made, "result", result)
        return made

    monkeypatch.setattr(loop, "submit", interrupted)
    with pytest.raises(KeyboardInterrupt):
        loop.run(work())
    assert cancelled.wait(10)


def test_loop_ended_coroutine_may_be_cancelled(loop: RuntimeLoop) -> None:
    """Cancelling what has ended does nothing; whoever asked is told of the end."""
    ended = threading.Event()
    running = loop.submit(asyncio.sleep(0, "done"))
    running.when_ended(ended.set)
    assert running.result() == "done"
    assert ended.wait(10)
    running.cancel()
    assert running.result() == "done"


def test_loop_closed_cancels_what_runs() -> None:
    """Closing cancels what runs, lets it clean up, and waits for the thread."""
    with nothing_left():
        loop, running, cleaned = RuntimeLoop("test"), threading.Event(), threading.Event()

        async def work() -> None:
            running.set()
            try:
                await asyncio.Event().wait()
            finally:
                cleaned.set()

        loop.submit(work())
        assert running.wait(10)
        loop.close()
        assert cleaned.is_set()


@pytest.fixture
def in_haste(monkeypatch: pytest.MonkeyPatch) -> None:
    """Closing a loop takes its patience in tenths of a second."""
    monkeypatch.setattr(loop_module, "_CLOSING", 0.1)


@pytest.mark.usefixtures("in_haste")
def test_loop_closed_leaves_what_will_not_be_cancelled(caplog: pytest.LogCaptureFixture) -> None:
    """Nobody waits for ever for a task that ignores that it is cancelled: it is named, and who awaits it goes on."""
    with nothing_left():
        loop, begun = RuntimeLoop("test"), threading.Event()

        async def stubborn() -> None:
            begun.set()
            while True:
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.sleep(600)

        raised: list[BaseException] = []
        waiting = threading.Thread(target=_raised_by, args=(loop, stubborn(), raised))
        waiting.start()
        assert begun.wait(10)
        loop.close()
        waiting.join(10)
        assert [type(error) for error in raised] == [Interrupted]
        (message,) = _told(caplog)
        assert message.startswith("These tasks did not end when they were cancelled, and were left: test_loop_closed_")
        assert message.endswith(".stubborn.")


@pytest.mark.usefixtures("in_haste")
def test_loop_closed_while_a_coroutine_holds_it_is_left(caplog: pytest.LogCaptureFixture) -> None:
    """A coroutine that blocks cannot be ended: it is named, and when it lets go, the loop ends all the same."""
    with nothing_left():
        loop, begun, leave = RuntimeLoop("test"), threading.Event(), threading.Event()

        async def blocks() -> None:
            begun.set()
            assert leave.wait(20)
            await asyncio.sleep(600)

        raised: list[BaseException] = []
        waiting = threading.Thread(target=_raised_by, args=(loop, blocks(), raised))
        waiting.start()
        assert begun.wait(10)
        loop.close()
        waiting.join(10)
        assert [type(error) for error in raised] == [Interrupted]
        assert _told(caplog)[0].startswith("The test loop did not end: test_loop_closed_while")
        assert _told(caplog)[0].endswith(".blocks holds it.")
        leave.set()


@pytest.mark.usefixtures("in_haste")
def test_loop_closed_waits_a_moment_for_threads_of_coroutines(caplog: pytest.LogCaptureFixture) -> None:
    """A thread started with `to_thread` cannot be ended either."""
    with nothing_left():
        loop, begun, leave = RuntimeLoop("test"), threading.Event(), threading.Event()

        def work() -> None:
            begun.set()
            assert leave.wait(20)

        loop.submit(asyncio.to_thread(work))
        assert begun.wait(10)
        loop.close()
        assert _told(caplog) == ["Threads that coroutines of the test loop have started did not end."]
        leave.set()


def test_loop_tells_of_a_coroutine_that_holds_it(loop: RuntimeLoop, caplog: pytest.LogCaptureFixture) -> None:
    """A step that takes over 100 ms delays everything else: it is told whose, where that is, and how long."""

    async def holds() -> None:
        await asyncio.sleep(0)
        time.sleep(0.11)

    async def in_a_task_of_its_own() -> None:
        await asyncio.create_task(holds())

    async def when_cancelled() -> None:
        try:
            await asyncio.sleep(600)
        except asyncio.CancelledError:
            time.sleep(0.11)

    loop.run(holds())
    loop.run(in_a_task_of_its_own())
    running = loop.submit(when_cancelled())
    loop.run(asyncio.sleep(0))
    running.cancel()
    running.result()
    told = _told(caplog)
    assert [".holds " in message for message in told] == [True, True, False]
    for message in told:
        assert re.search(r"The coroutine \S+ \(\S+test_loop\.py:\d+\) held the runtime loop for \d+ ms: ", message)


def test_loop_runs_whatever_can_be_awaited(loop: RuntimeLoop, caplog: pytest.LogCaptureFixture) -> None:
    """What is no coroutine has neither a name nor a place, and need not be closed."""

    class Answer:
        def __await__(self) -> Generator[Any, None, int]:
            time.sleep(0.11)
            yield from asyncio.sleep(0).__await__()
            return 42

    awaitable: Any = Answer()
    assert loop.run(awaitable) == 42
    assert [message.partition(" for ")[0] for message in _told(caplog)] == [
        "The coroutine Answer held the runtime loop"
    ]


def test_loop_lets_a_task_show_where_it_is(loop: RuntimeLoop) -> None:
    """That a task is timed does not hide its coroutine: its stack is there, it may be awaited, and closed."""

    async def work() -> list[str]:
        task = asyncio.create_task(asyncio.sleep(600))
        await asyncio.sleep(0)
        found = [frame.f_code.co_name for frame in task.get_stack()]
        task.cancel()
        loop_module._Timed(asyncio.sleep(600), None).close()
        return [*found, await loop_module._Timed(asyncio.sleep(0, "answer"), None)]

    assert loop.run(work()) == ["sleep", "answer"]


def test_loop_never_used_may_be_closed() -> None:
    """Closing a loop that was never started does nothing, twice as well."""
    with nothing_left():
        loop = RuntimeLoop("test")
        loop.close()
        loop.close()


def test_loop_lists_what_runs_on_it(loop: RuntimeLoop) -> None:
    """The tasks under way are listed under the names of their coroutines; a loop never used has none."""
    assert loop.tasks() == []
    release = asyncio.Event()

    async def work() -> None:
        await release.wait()

    running = loop.submit(work())
    assert [task.get_name().rpartition(".")[2] for task in loop.tasks()] == ["work"]
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        running.result()
    assert loop.tasks() == []


def test_loop_closed_runs_nothing_any_more() -> None:
    """What comes too late is refused, instead of starting a thread that nobody ends."""
    loop = RuntimeLoop("test")
    loop.run(asyncio.sleep(0))
    loop.close()
    with pytest.raises(NotAllowedHereError, match="The test loop is closed"):
        loop.submit(asyncio.sleep(0))


def test_loop_cannot_be_closed_from_itself(loop: RuntimeLoop) -> None:
    """A coroutine that closes its own loop would wait for itself."""

    async def close() -> None:
        loop.close()

    with pytest.raises(NotAllowedHereError, match="it would wait for itself"):
        loop.run(close())


def test_loop_cancels_what_a_thread_waits_for(loop: RuntimeLoop) -> None:
    """Another thread can end the wait; a thread that waits for nothing is left alone."""
    begun, ended = threading.Event(), threading.Event()

    async def endless() -> None:
        begun.set()
        try:
            await asyncio.sleep(600)
        finally:
            ended.set()

    raised: list[BaseException] = []
    waiting = threading.Thread(target=_raised_by, args=(loop, endless(), raised))
    waiting.start()
    assert begun.wait(10)
    assert loop.cancel_awaited(threading.current_thread()) is False
    _cancel(loop, waiting)
    waiting.join(10)
    assert ended.is_set()
    assert [type(error) for error in raised] == [Interrupted]
    assert loop.cancel_awaited(waiting) is False


def test_loop_lets_a_thread_go_that_waits_for_what_will_not_end(loop: RuntimeLoop) -> None:
    """The coroutine goes on, its end is nobody's concern; the thread is as if it had been cancelled."""
    begun, enough = threading.Event(), asyncio.Event()

    async def stubborn() -> str:
        begun.set()
        while not enough.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await enough.wait()
        return "done"

    raised: list[BaseException] = []
    waiting = threading.Thread(target=_raised_by, args=(loop, stubborn(), raised))
    waiting.start()
    assert begun.wait(10)
    _cancel(loop, waiting, leave=True)
    waiting.join(10)
    assert [type(error) for error in raised] == [Interrupted]

    async def finish() -> None:
        enough.set()

    loop.run(finish())


def _told(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what scirehooks has logged."""
    return [record.getMessage() for record in caplog.records if record.name == "scirehooks"]


def _cancel(loop: RuntimeLoop, waiting: threading.Thread, *, leave: bool = False) -> None:
    """Cancel what WAITING waits for, as soon as it does: the coroutine may begin before the thread has noted it."""
    until = time.monotonic() + 10
    while not loop.cancel_awaited(waiting, leave=leave):
        assert time.monotonic() < until


def _raised_by(loop: RuntimeLoop, coroutine: Coroutine[Any, Any, Any], raised: list[BaseException]) -> None:
    try:
        loop.run(coroutine)
    except BaseException as error:  # noqa: BLE001 - handed to the test
        raised.append(error)
