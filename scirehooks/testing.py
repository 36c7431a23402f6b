"""For authors of modules and init scripts: a fresh runtime, a recorder, a clock turned by hand, a search for leftovers.

Example:
    >>> with fresh_runtime() as runtime:
    ...     @runtime.defhook
    ...     def order_paid_hook(order): "Fires after ORDER has been paid."
    ...     seen = recorder()
    ...     _ = runtime.add_hook("order-paid-hook", seen)
    ...     order_paid_hook.run("42")
    >>> seen.calls
    [{'order': '42'}]
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from scirehooks.assembly import assemble
from scirehooks.core import Fleet
from scirehooks.hooks import Alarm, Hook, Runtime
from scirehooks.load.init import must_exist
from scirehooks.shell.commands import FiringCommands, WouldCommands
from scirehooks.shell.line.form import LineWord, Typed
from scirehooks.shell.line.names import EntryName
from scirehooks.shell.trying.firingview import Fired, Forecast
from scirehooks.values import Values

__all__ = [
    "FakeClock", "Recorder", "fake_clock", "fire", "fresh_fleet", "fresh_runtime", "nothing_left", "recorder", "would",
]  # fmt: skip


class FakeClock:
    """A clock that stands still until it is turned on.

    Example:
        >>> clock = FakeClock()
        >>> _ = clock.after(60, lambda: print("a minute"))
        >>> clock.advance(59)
        >>> clock.advance(1)
        a minute
    """

    def __init__(self) -> None:
        self._now = 0.0
        self._alarms: list[Alarm] = []

    def now(self) -> float:
        """Return how far it has been turned, in seconds."""
        return self._now

    def after(self, seconds: float, call: Callable[[], object]) -> Alarm:
        """Let CALL be called when it has been turned SECONDS further."""
        alarm = Alarm(self._now + seconds, call)
        self._alarms.append(alarm)
        return alarm

    def advance(self, seconds: float) -> None:
        """Turn it on by SECONDS, making the calls that come due on the way, in order."""
        end = self._now + seconds
        while due := [alarm for alarm in self._alarms if alarm.when <= end and not alarm.cancelled]:
            alarm = min(due, key=lambda alarm: alarm.when)
            self._alarms.remove(alarm)
            self._now = max(self._now, alarm.when)
            alarm.call()
        self._now = end

    def close(self) -> None:
        """Call nothing any more."""
        self._alarms.clear()


def fake_clock() -> FakeClock:
    """Return a clock for `Runtime(clock=…)` that stands still until it is turned on."""
    return FakeClock()


class Recorder:
    """A function for any hook that keeps what it was called with, and returns or raises what it is told to."""

    def __init__(self, returns: Any = None, raises: BaseException | None = None, name: str = "recorder") -> None:
        self.returns = returns
        self.raises = raises
        self.__name__ = self.__qualname__ = name
        self.calls: list[dict[str, Any]] = []
        self._called = threading.Condition()

    def __call__(self, **payload: Any) -> Any:
        """Note PAYLOAD."""
        with self._called:
            self.calls.append(payload)
            self._called.notify_all()
        if self.raises is not None:
            raise self.raises
        return self.returns

    def wait(self, calls: int = 1, timeout: float = 10) -> list[dict[str, Any]]:
        """Wait until it has been called CALLS times, TIMEOUT seconds at most, and return what with.

        Raises:
            TimeoutError: it has not.
        """
        with self._called:
            if not self._called.wait_for(lambda: len(self.calls) >= calls, timeout):
                raise TimeoutError(f"{self.__name__} was called {len(self.calls)} of {calls} times in {timeout:g} s.")
            return list(self.calls)


def recorder(returns: Any = None, raises: BaseException | None = None, name: str = "recorder") -> Recorder:
    """Return a function for any hook that keeps what it was called with; see `Recorder`."""
    return Recorder(returns, raises, name)


@contextmanager
def fresh_runtime(name: str = "test", *, clock: FakeClock | None = None) -> Iterator[Runtime]:
    """Give the block a runtime of its own, and close it afterwards.

    Raises:
        AssertionError: threads or descriptors that were opened in the block are left.
    """
    with nothing_left():
        runtime = Runtime(name, clock=clock or FakeClock())
        try:
            yield runtime
        finally:
            runtime.close()


@contextmanager
def fresh_fleet(*init: Path, modules: Sequence[Path] = ()) -> Iterator[Fleet]:
    """Give the block a fleet of its own, with the init scripts of the directories INIT loaded, and close it afterwards.

    Modules are looked for in the directories MODULES first. The scripts find the names and options that a running
    system has, but for `serve`. Nothing is fired after an operation, and nothing runs, until the block calls `start`.

    Raises:
        LoadError: a script cannot be loaded, or a directory is not there; a test of it is not to go on without.

    Example:
        >>> with fresh_fleet() as fleet:
        ...     def no_tests(client):
        ...         if client.name.startswith("test"): raise ValueError("no test hosts")
        ...     _ = fleet.runtime.add_hook("pre-client-add-hook", no_tests)
        ...     would(fleet, "client-add test1").reason
        'it failed: ValueError: no test hosts'
    """
    must_exist((*init, *modules))
    with tempfile.TemporaryDirectory() as state:
        made = assemble("test", Path(state) / "state", modules=modules)
        runtime, fleet = made.runtime, made.fleet
        try:
            made.loader.load_init(init, strict=True)
            yield fleet
        finally:
            fleet.close(patience=0)
            runtime.close()


def would(system: Fleet | Runtime, line: str) -> Forecast:
    """Return what would become of LINE, the line one would type, in SYSTEM; nothing is done.

    Raises:
        ScireError: what the line would end with, except for a refusal: that is an answer.
    """
    return WouldCommands(*_parts(system)).would(LineWord(line))


def fire(
    system: Fleet | Runtime,
    hook: str | Hook,
    *,
    sample: bool = False,
    only: str | None = None,
    dry_run: bool = False,
    **payload: Any,
) -> Fired:
    """Fire HOOK of SYSTEM with PAYLOAD as the command `fire` does, and return what came of it.

    With SAMPLE, what is missing is made up; ONLY one function is called if it is named; a DRY_RUN gives a plan. Text in
    PAYLOAD is read by the type that the hook declares: `client="web1"` is the client of that name.

    Raises:
        ScireError: a text does not fit the type of its field, or names nothing; or what the command ends with.

    Example:
        >>> with fresh_runtime() as runtime:
        ...     @runtime.defhook
        ...     def order_paid_hook(order: int): "Fires after ORDER has been paid."
        ...     _ = runtime.add_hook("order-paid-hook", recorder(name="tell"))
        ...     fire(runtime, "order-paid-hook", sample=True).functions
        ('tell',)
    """
    runtime, values = _parts(system)
    words: dict[str, Any] = {key: Typed(value) if isinstance(value, str) else value for key, value in payload.items()}
    found = FiringCommands(runtime, values).fire(
        runtime.hook(hook),
        sample=sample,
        only=None if only is None else EntryName(only),
        dry_run=dry_run,
        yes=True,
        **words,
    )
    assert isinstance(found, Fired)
    return found


def _parts(system: Fleet | Runtime) -> tuple[Runtime, Values]:
    return (system, Values()) if isinstance(system, Runtime) else (system.runtime, system.values)


def _end_of(task: asyncio.Task[Any]) -> tuple[str, threading.Event]:
    """Return the name of TASK, and what is set when it has ended."""
    end = threading.Event()
    task.get_loop().call_soon_threadsafe(task.add_done_callback, lambda _: end.set())
    return task.get_name(), end


def _descriptors() -> dict[str, str]:
    found = {}
    for descriptor in os.listdir("/proc/self/fd"):
        try:
            found[descriptor] = os.readlink(f"/proc/self/fd/{descriptor}")
        except FileNotFoundError:  # the one that listed the directory
            continue
    return found


@contextmanager
def nothing_left(runtime: Runtime | None = None, timeout: float = 5) -> Iterator[None]:
    """Check that no thread, descriptor, or task on RUNTIME's loop is left after the block; they get TIMEOUT seconds.

    Put it around a `load` and `unload` to see whether the module leaves anything behind. Let RUNTIME's loop and clock
    run before (`runtime.loop.run(asyncio.sleep(0))`), or close the runtime in the block: they are threads, too.

    Raises:
        AssertionError: something is left; the message names it.
    """
    threads, descriptors = set(threading.enumerate()), _descriptors()
    tasks = set(runtime.loop.tasks()) if runtime else set()
    yield
    for thread in set(threading.enumerate()) - threads:
        thread.join(timeout)
    ended = [_end_of(task) for task in set(runtime.loop.tasks() if runtime else ()) - tasks]
    left = [f"task {name}" for name, end in ended if not end.wait(timeout)]
    left += [f"thread {thread.name}" for thread in set(threading.enumerate()) - threads]
    left += [
        f"descriptor {number} ({target})" for number, target in _descriptors().items() if number not in descriptors
    ]
    if left:
        raise AssertionError(f"Left behind: {', '.join(sorted(left))}.")
