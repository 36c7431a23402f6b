"""Adding, removing and firing from many threads at a time."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from scirehooks.hooks import Hook, Runtime
from tests.hooks.support import Calls, DefHook

THREADS = 8


class Storm:
    """Threads that add, move, switch, remove and fire; each has entries of its own and knows what they must be."""

    def __init__(self, runtime: Runtime, hook: Hook) -> None:
        self.runtime = runtime
        self.hook = hook
        self.errors: list[BaseException] = []
        self.stop = threading.Event()
        self.firings = [0] * THREADS
        self.kept: list[dict[str, float]] = [{} for _ in range(THREADS)]

    def function(self, name: str) -> Callable[..., Any]:
        """Return a function that notes its call in the payload."""

        def function(seen: list[str]) -> None:
            seen.append(name)

        function.__name__ = function.__qualname__ = name
        return function

    def work(self, number: int) -> None:
        """Change one's own entries and fire, until it is time to stop."""
        chance, mine = random.Random(number), self.kept[number]
        functions = {f"t{number}-{n}": self.function(f"t{number}-{n}") for n in range(10)}
        try:
            while not self.stop.is_set():
                name = chance.choice(list(functions))
                depth = chance.choice([-10.0, 0.0, 10.0])
                act = chance.random()
                if act < 0.5:
                    self.fire(number)
                elif name not in mine:
                    self.runtime.add_hook(self.hook, functions[name], depth)
                    mine[name] = depth
                elif act < 0.75:
                    removed = self.runtime.remove_hook(self.hook, functions[name])
                    assert removed is not None
                    del mine[name]
                elif act < 0.85:
                    self.runtime.move_hook(self.hook, functions[name], depth)
                    mine[name] = depth
                else:
                    self.runtime.disable(self.hook, name)
                    self.runtime.enable(self.hook, name)
        except BaseException as error:  # noqa: BLE001 - a thread has nobody to raise it to
            self.errors.append(error)

    def fire(self, number: int) -> None:
        """Fire: the first and the last are always there, nothing is called twice, and one's own keep their order."""
        seen: list[str] = []
        self.hook.run(seen)
        assert seen[0] == "first"
        assert seen[-1] == "last"
        assert len(seen) == len(set(seen))
        own = [name for name in seen if name.startswith(f"t{number}-")]
        assert set(own) == set(self.kept[number])
        depths = [self.kept[number][name] for name in own]
        assert depths == sorted(depths)
        self.firings[number] += 1

    def rage(self, seconds: float) -> None:
        """Let all threads work for so long."""
        threads = [threading.Thread(target=self.work, args=(number,)) for number in range(THREADS)]
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not self.errors:
            self.stop.wait(0.05)
        self.stop.set()
        for thread in threads:
            thread.join()


def check_storm(runtime: Runtime, hook: Hook, seconds: float) -> None:
    """Let a storm rage; at the end every entry is where its thread left it."""
    storm = Storm(runtime, hook)
    runtime.add_hook(hook, storm.function("first"), -100)
    runtime.add_hook(hook, storm.function("last"), 100)
    storm.rage(seconds)
    assert storm.errors == []
    assert min(storm.firings) > 0
    left = {entry.label: entry.depth for entry in hook.entries()[1:-1]}
    assert left == {name: depth for mine in storm.kept for name, depth in mine.items()}


@pytest.fixture
def storm_hook(defhook: DefHook) -> Hook:
    """A hook whose functions note their calls in the payload."""
    return defhook(lambda seen: None)


def test_eight_threads_for_a_moment_lose_nothing(runtime: Runtime, storm_hook: Hook) -> None:
    """No exception, no torn order, no lost entry."""
    check_storm(runtime, storm_hook, 0.5)


@pytest.mark.full
def test_eight_threads_for_ten_seconds_lose_nothing(runtime: Runtime, storm_hook: Hook) -> None:
    """The same for ten seconds."""
    check_storm(runtime, storm_hook, 10)


def test_names_redefined_while_firing_are_always_one_or_the_other(
    runtime: Runtime, defhook: DefHook, calls: Calls
) -> None:
    """A function held by name, redefined again and again by another thread, is called as one version, every time."""
    hook, stop = defhook(lambda a, b: None, mode="until_success"), threading.Event()
    versions = [lambda a: ("a", a), lambda b, a: ("ba", b, a), lambda b: ("b", b)]
    runtime.namespace["late"] = versions[0]
    runtime.add_hook(hook, "late")

    def redefine() -> None:
        while not stop.is_set():
            for version in versions:
                runtime.namespace["late"] = version

    thread = threading.Thread(target=redefine)
    thread.start()
    seen = {hook.run(1, 2) for _ in range(5_000)}
    stop.set()
    thread.join()
    assert seen <= {("a", 1), ("ba", 2, 1), ("b", 2)}


def test_owners_in_threads_do_not_mix(runtime: Runtime, defhook: DefHook) -> None:
    """Each thread acts for the owner it acts for; a transaction of one takes back only its own."""
    hook = defhook()
    start = threading.Barrier(4)

    def work(number: int) -> None:
        start.wait(10)
        for n in range(50):
            try:
                with runtime.transaction("load"):
                    runtime.add_hook(hook, f"t{number}-{n}")
                    if n % 2:
                        raise ZeroDivisionError
            except ZeroDivisionError:
                continue

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(hook) == sorted(f"t{number}-{n}" for number in range(4) for n in range(0, 50, 2))
