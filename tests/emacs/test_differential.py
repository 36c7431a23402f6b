"""The hook runtime does what real Emacs does, whatever the program; and the comparison would notice if it did not."""

import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from scirehooks.hooks import GLOBAL, Runtime, call, firing, hook
from scirehooks.hooks.advice import Advice, AdviceCells
from scirehooks.hooks.entry import Entry
from scirehooks.hooks.hook import Hook
from scirehooks.hooks.order import rank
from tests.emacs.differential import difference, emacs_traces, our_trace, smaller
from tests.emacs.programs import Program, random_program

CHUNK = 500


@pytest.fixture(scope="module")
def emacs(need: Callable[[str], str]) -> str:
    """The path of real Emacs."""
    return need("emacs")


def compare_all(emacs: str, checkout: Path, seeds: range) -> None:
    """Compare on SEEDS, on all cores; fail with the report of the first difference."""

    def compare(start: int) -> str:
        command = [sys.executable, "-m", "tests.emacs.differential", emacs, str(start), str(start + CHUNK)]
        done = subprocess.run(command, cwd=checkout, capture_output=True, text=True)
        return done.stdout + done.stderr

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for report in pool.map(compare, seeds[::CHUNK]):
            if report:
                pool.shutdown(cancel_futures=True)
                pytest.fail(report, pytrace=False)


def test_runtime_on_five_thousand_programs_does_as_emacs(emacs: str, checkout: Path) -> None:
    """The same calls in the same order, the same values, errors and lists, by the plain loop and by generated code."""
    compare_all(emacs, checkout, range(5_000))


@pytest.mark.full
def test_runtime_on_two_hundred_thousand_programs_does_as_emacs(emacs: str, checkout: Path) -> None:
    """The same, on programs that the shorter test has not seen."""
    compare_all(emacs, checkout, range(5_000, 205_000))


# -- would it be noticed?


@pytest.fixture(scope="module")
def seen(emacs: str) -> tuple[list[Program], list[list[str]]]:
    """Programs, and what Emacs did with them."""
    programs = [random_program(seed) for seed in range(2_000)]
    return programs, emacs_traces(emacs, programs)


def test_programs_reach_what_they_are_about(seen: tuple[list[Program], list[list[str]]]) -> None:
    """Local values, nested firings, undefined functions, errors, advice and wrappers happen often enough to matter."""
    text = "\n".join(";".join(trace) for trace in seen[1])
    counts = {what: text.count(what) for what in ("! boom", "! void f", " t ", "=> t", "w1.", "x1.", "wrap o", "fn")}
    assert {what: count for what, count in counts.items() if count < 50} == {}


def mutants() -> Iterator[Any]:
    """Yield plausible wrong rules: where, what, and what is there instead."""

    def mutant(name: str, where: Any, what: str, wrong: Callable[..., Any]) -> Any:
        return pytest.param(where, what, wrong, id=name)

    yield mutant("ties the other way round", hook, "rank", lambda number, depth: -rank(number, depth))

    walk = firing.walk
    yield mutant("the global value read at the start", firing, "walk", lambda *args: iter([*walk(*args)]))

    def live(self: Hook, scopes: object) -> Iterator[Entry]:
        index = 0
        while index < len(entries := self.entries()):
            yield entries[index]
            index += 1

    yield mutant("a live list instead of a snapshot", firing, "walk", live)

    snapshot = Hook.snapshot

    def global_last(self: Hook, scope: Any) -> tuple[Any, ...]:
        return tuple(sorted(snapshot(self, scope), key=lambda one: one is GLOBAL))

    yield mutant("the global value always last", Hook, "snapshot", global_last)

    def read_anew(self: Hook) -> None:
        self._snapshots = {}

    yield mutant("generated code kept after a change", Hook, "_forget", read_anew)

    add_hook = Runtime.add_hook

    def add_again(self: Runtime, name: str, function: Any, *args: Any, local: Any = None, **rest: Any) -> Entry:
        self.remove_hook(name, function, local=local)
        return add_hook(self, name, function, *args, local=local, **rest)

    yield mutant("adding again moves", Runtime, "add_hook", add_again)

    remove_hook = Runtime.remove_hook

    def remove_everywhere(self: Runtime, name: str, function: Any, *, local: Any = None) -> None:
        for scope in self.hooks[name].locals if local is None else [local]:
            remove_hook(self, name, function, local=scope)
        remove_hook(self, name, function)

    yield mutant("removing takes out local functions, too", Runtime, "remove_hook", remove_everywhere)

    resolve = call.resolve

    def forgiving(entry: Entry) -> Any:
        return resolve(entry) if entry.function else lambda *args: None

    yield mutant("undefined functions passed over", call, "resolve", forgiving)

    def early(entry: Entry) -> Any:
        return entry.globals.setdefault(f"bound for {entry.number}", resolve(entry))

    yield mutant("names bound when first called", call, "resolve", early)

    def innermost(self: AdviceCells, target: str) -> list[Advice]:
        return sorted((one for _, one in self.items() if one.target == target), key=lambda one: one.rank)

    yield mutant("the newest advice innermost", AdviceCells, "of", innermost)


@pytest.mark.parametrize(("where", "what", "wrong"), [*mutants()])
def test_comparison_of_a_wrong_runtime_finds_a_difference(
    seen: tuple[list[Program], list[list[str]]], monkeypatch: pytest.MonkeyPatch, where: Any, what: str, wrong: Any
) -> None:
    """Each plausible wrong rule shows within two thousand programs: in what is done, not as a crash."""
    monkeypatch.setattr(logging.getLogger("scirehooks"), "disabled", True)
    monkeypatch.setattr(where, what, wrong)
    found = difference(*seen)
    assert found is not None
    assert "Error" not in " ".join(our_trace(*found))


def test_smaller_of_a_program_leaves_what_matters() -> None:
    """A program that differs only because of one action, deep inside others, comes down to that."""

    def raises_in_a_function(programs: Sequence[Program]) -> Program | None:
        return next((one for one in programs if "'define'" in (text := str(one)) and "'raise'" in text), None)

    big = next(one for seed in range(100) if raises_in_a_function([one := random_program(seed)]))
    assert len(smaller(big, raises_in_a_function)["steps"]) <= 2
