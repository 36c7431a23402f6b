from __future__ import annotations

import contextvars
import queue
import threading
import time
import weakref
from collections.abc import Iterator

import pytest

from scirehooks.hooks import SystemClock
from scirehooks.hooks.carried import Carried, carried
from scirehooks.testing import nothing_left
from tests.hooks.support import errors_in


@pytest.fixture
def system_clock() -> Iterator[SystemClock]:
    """The machine's clock; its thread ends with the test."""
    with nothing_left():
        made = SystemClock()
        yield made
        made.close()


def test_system_clock_calls_in_the_order_of_the_times(system_clock: SystemClock) -> None:
    """What is due earlier is called earlier, whatever came first."""
    called, done = list[str](), threading.Event()

    def second() -> None:
        called.append("second")
        done.set()

    system_clock.after(0.02, second)
    system_clock.after(0.01, lambda: called.append("first"))
    assert done.wait(10)
    assert called == ["first", "second"]


def test_system_clock_cancelled_alarm_is_not_called(system_clock: SystemClock) -> None:
    """An alarm that was cancelled is passed over."""
    called, done = list[str](), threading.Event()
    system_clock.after(0.01, lambda: called.append("cancelled")).cancel()
    system_clock.after(0.02, done.set)
    assert done.wait(10)
    assert called == []


def test_system_clock_forgets_cancelled_alarms(system_clock: SystemClock) -> None:
    """Alarms set for hours and cancelled do not pile up, and those that stand are still rung."""
    gone, done = list[weakref.ref[object]](), threading.Event()

    class Call:
        def __call__(self) -> None: ...

    for _ in range(1_000):
        call = Call()
        gone.append(weakref.ref(call))
        system_clock.after(3_600, call).cancel()
    del call
    system_clock.after(0.01, done.set)
    assert done.wait(10)
    assert sum(call() is not None for call in gone) < 200


def test_system_clock_failing_call_does_not_stop_it(
    system_clock: SystemClock, caplog: pytest.LogCaptureFixture
) -> None:
    """A call that fails is logged, and the next one is made."""
    done = threading.Event()
    system_clock.after(0, lambda: 1 / 0)
    system_clock.after(0.01, done.set)
    assert done.wait(10)
    assert errors_in(caplog) == ["A call that was due failed"]


def test_system_clock_never_goes_back(system_clock: SystemClock) -> None:
    """It tells the time that alarms are set by."""
    before = time.monotonic()
    assert before <= system_clock.now() <= time.monotonic()


def test_system_clock_closed_calls_nothing() -> None:
    """After closing, alarms are taken but never rung, and no thread is started for them."""
    with nothing_left():
        clock = SystemClock()
        clock.close()
        clock.after(0, lambda: pytest.fail("called"))
        clock.close()


def test_system_clock_may_be_closed_by_a_call_of_its_own() -> None:
    """A call may close the clock: its thread does not wait for itself."""
    with nothing_left():
        clock, done = SystemClock(), threading.Event()

        def close() -> None:
            clock.close()
            done.set()

        clock.after(0, close)
        assert done.wait(10)


def test_system_clock_belongs_to_nobody_who_first_asked(system_clock: SystemClock) -> None:
    """Its thread serves all, also where threads carry the context of who starts them."""
    mine = contextvars.ContextVar("mine", default="nobody's")
    seen: queue.SimpleQueue[str] = queue.SimpleQueue()
    mine.set("mine")
    with carried(Carried(lambda: True)):
        system_clock.after(0, lambda: seen.put(mine.get()))
        assert seen.get(timeout=10) == "nobody's"
