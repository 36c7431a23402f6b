"""Measures a firing, as a ratio to a loop written by hand: `.venv/bin/python -m tests.bench.bench_firing`.

Everything is timed in turn, in many short rounds of one run; each time is divided by that of the loop in the same
round, and the median of the rounds is shown. So a noisy machine changes all of them, not one.
"""

import random
import statistics
import sys
from collections.abc import Callable, Iterator
from itertools import repeat
from time import perf_counter
from typing import Any

from scirehooks.hooks import Hook, Runtime
from tests.bench.peers import LOOP, OURS, PEERS, Firing, Maker, functions

SIZES = (0, 1, 3, 10, 100)
ROUNDS = 101
SECONDS = 0.002  # about what one timing takes

# For Python 3.11, with as many functions as SIZES says; from 3.12 on all are 1.
GOALS = {
    "hook.run, raise": (1.9, 1.25, 0.88, 0.80, 0.70),
    "hook.run, isolate": (2.1, 1.35, 0.92, 0.84, 0.72),
}


def timer(firing: Firing) -> Callable[[int], float]:
    """Return a function that does what FIRING says so many times, and returns the seconds that one takes."""
    text = f"""
def timed(count, {"".join(f"{name}={name}, " for name in firing.names)}):
    start = clock()
    for _ in repeat(None, count):
        {firing.statement}
    return (clock() - start) / count
"""
    made: dict[str, Any] = {"clock": perf_counter, "repeat": repeat, **firing.names}
    exec(text, made)
    return made["timed"]  # type: ignore[no-any-return]  # written above


def ratios(makers: dict[str, Maker], size: int) -> dict[str, float]:
    """Return for each of MAKERS what a firing of SIZE functions costs, the loop's being 1."""
    empty = timer(Firing("pass", {}))
    timers = {name: timer(make(size)) for name, make in makers.items()}
    counts = {name: max(1, int(SECONDS / timed(50))) for name, timed in timers.items()}
    found: dict[str, list[float]] = {name: [] for name in timers}
    for _ in range(ROUNDS):
        nothing = empty(counts["loop"])
        times = {name: timers[name](counts[name]) - nothing for name in random.sample([*timers], len(timers))}
        for name, seconds in times.items():
            found[name].append(seconds / times["loop"])
    return {name: statistics.median(each) for name, each in found.items()}


def installed(makers: dict[str, Maker]) -> dict[str, Maker]:
    """Return those of MAKERS whose library is here."""

    def is_here(make: Maker) -> bool:
        try:
            make(1)
        except ImportError:
            return False
        return True

    return {name: make for name, make in makers.items() if is_here(make)}


def table(measured: dict[str, list[float]]) -> Iterator[str]:
    """Yield the lines of the table; `!` stands beside what is over its goal."""
    yield f"{'functions':32}" + "".join(f"{size:>9}" for size in SIZES)
    for name, row in measured.items():
        goals = GOALS.get(name, (float("inf"),) * len(SIZES)) if sys.version_info < (3, 12) else (1.0,) * len(SIZES)
        ours = name in OURS and name in GOALS
        marks = ["!" if ours and ratio > goal else " " for ratio, goal in zip(row, goals, strict=True)]
        yield f"{name:32}" + "".join(f"{ratio:8.2f}{mark}" for ratio, mark in zip(row, marks, strict=True))
        if ours:
            yield f"{'  goal':32}" + "".join(f"{goal:8.2f} " for goal in goals)


# -- changes


def hook_of(size: int) -> tuple[Runtime, Hook]:
    runtime = Runtime("bench")

    @runtime.defhook
    def bench_hook(a: int, b: int) -> None:
        """Fires for the benchmark."""

    for function in functions(size):
        runtime.add_hook(bench_hook, function)
    return runtime, bench_hook


def microseconds(act: Callable[[], object], before: Callable[[], object] = lambda: None) -> float:
    """Return the median of what ACT takes, each time after BEFORE."""
    times = []
    for _ in range(1_000):
        before()
        start = perf_counter()
        act()
        times.append(perf_counter() - start)
    return statistics.median(times) * 1e6


def changes() -> Iterator[str]:
    """Yield what a change costs, in microseconds beside its goal."""
    (one,) = functions(1)
    runtime, hook = hook_of(1_000)

    def add() -> None:
        runtime.add_hook(hook, one)

    def remove() -> None:
        runtime.remove_hook(hook, one)

    yield f"{'add_hook, 1,000 entries':32}{microseconds(add, remove):8.1f} µs  (goal 5)"
    yield f"{'remove_hook, 1,000 entries':32}{microseconds(remove, add):8.1f} µs  (goal 5)"
    runtime, hook = hook_of(9)

    def change() -> None:
        remove()
        add()

    yield f"{'first firing, 10 functions':32}{microseconds(lambda: hook.run(1, 2), change):8.1f} µs  (goal 20)"


def main() -> None:
    """Measure, and print."""
    random.seed(1)
    makers = {"loop": LOOP, **OURS, **installed(PEERS)}
    columns = [ratios(makers, size) for size in SIZES]
    sys.stdout.write(f"Firing, as a ratio to a hand-written loop, Python {sys.version.split()[0]}\n")
    sys.stdout.writelines(f"{line}\n" for line in table({name: [c[name] for c in columns] for name in makers}))
    sys.stdout.writelines(f"{line}\n" for line in changes())
    if missing := [name for name in PEERS if name not in makers]:
        sys.stdout.write(f"Not installed, not measured: {', '.join(missing)}\n")


if __name__ == "__main__":
    main()
