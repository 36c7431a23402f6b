"""Compares Emacs and the hook runtime on many programs, and makes a program on which they differ small.

By hand: `.venv/bin/python -m tests.emacs.differential emacs 0 5000` compares on the programs from 0 to before 5000.
"""

import json
import logging
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

from tests.emacs.interpreter import Way, trace
from tests.emacs.programs import Action, Program, random_program

__all__ = ["compare", "difference", "emacs_traces", "our_trace", "report", "smaller"]

WAYS: tuple[Way, ...] = ("by the plain loop", "by generated code")


def emacs_traces(emacs: str, programs: Sequence[Program]) -> list[list[str]]:
    """Return what real Emacs does with each of PROGRAMS, in one process."""
    done = subprocess.run(
        [emacs, "--batch", "-Q", "-l", str(Path(__file__).with_name("oracle.el")), "-f", "oracle-main"],
        input="".join(json.dumps(program) + "\n" for program in programs),
        capture_output=True,
        text=True,
    )
    lines = done.stdout.splitlines()
    assert (done.returncode, len(lines)) == (0, len(programs)), done.stderr[-2000:]
    return [line.split(";") if line else [] for line in lines]


def our_trace(program: Program, way: Way) -> list[str]:
    """Return what the runtime does with PROGRAM; what should never be raised is noted at the end."""
    try:
        return trace(program, way)
    except Exception as error:  # noqa: BLE001 - a program that breaks the runtime is to be shown like any other
        return [f"{type(error).__name__}: {error}"]


def difference(programs: Iterable[Program], emacs: Iterable[list[str]]) -> tuple[Program, Way] | None:
    """Return the first of PROGRAMS with which the runtime does not do what EMACS did, and run in which way."""
    for program, theirs in zip(programs, emacs, strict=True):
        for way in WAYS:
            if our_trace(program, way) != theirs:
                return program, way
    return None


def compare(emacs: str, seeds: range) -> str:
    """Compare both on the programs number SEEDS; return a report on the first difference, "" if there is none."""
    logging.getLogger("scirehooks").disabled = True  # isolated errors are part of the programs
    programs = [random_program(seed) for seed in seeds]
    found = difference(programs, emacs_traces(emacs, programs))
    return report(emacs, *found) if found else ""


def smaller(program: Program, differs: Callable[[Sequence[Program]], Program | None]) -> Program:
    """Return a program as small as can be made of PROGRAM on which the two still differ.

    DIFFERS returns the first of several programs on which they do; so a round costs one Emacs.
    """
    while (found := differs([*_simpler_programs(program)])) is not None:
        program = found
    return program


def _simpler_programs(program: Program) -> Iterator[Program]:
    """Yield what PROGRAM becomes by one simplification, the boldest first."""
    steps = program["steps"]
    size = len(steps) // 2
    while size > 1:
        for start in range(0, len(steps), size):
            yield {**program, "steps": steps[:start] + steps[start + size :]}
        size //= 2
    for simpler in _simpler_actions(steps):
        yield {**program, "steps": simpler}


def _simpler_actions(actions: list[Action]) -> Iterator[list[Action]]:
    for n in range(len(actions)):
        yield actions[:n] + actions[n + 1 :]
    for n, action in enumerate(actions):
        for simpler in _simpler_action(action):
            yield [*actions[:n], simpler, *actions[n + 1 :]]


def _simpler_action(action: Action) -> Iterator[Action]:
    def without(index: int, plain: Any) -> Iterator[Action]:
        if action[index] != plain:
            yield [*action[:index], plain, *action[index + 1 :]]

    match action:
        case ["add", *_]:
            yield from without(3, 0)
        case ["run", _, [_, _, *_], *_]:
            yield from ([*action[:2], [hook], *action[3:]] for hook in action[2])
        case ["define", name, takes, tag, actions, give]:
            yield from (["define", name, takes, tag, simpler, give] for simpler in _simpler_actions(actions))
            yield from without(5, None)
        case ["advise", *_]:
            yield from without(4, None)
            yield from without(5, 0)
        case ["try", tried]:
            yield tried
            yield from (["try", simpler] for simpler in _simpler_action(tried))


def report(emacs: str, program: Program, way: Way) -> str:
    """Return PROGRAM made small, and both traces side by side."""

    def differs(programs: Sequence[Program]) -> Program | None:
        pairs = zip(programs, emacs_traces(emacs, programs), strict=True)
        return next((one for one, theirs in pairs if our_trace(one, way) != theirs), None)

    small = smaller(program, differs)
    lines = [f"Emacs and the runtime, run {way}, differ on this program:", *map(json.dumps, small["steps"]), ""]
    for their, our in zip_longest(emacs_traces(emacs, [small])[0], our_trace(small, way), fillvalue=""):
        lines.append(f"{' ' if their == our else '*'} {their:50} {our}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(compare(sys.argv[1], range(int(sys.argv[2]), int(sys.argv[3]))))
