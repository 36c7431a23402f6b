"""Generated code does as the plain rules do, whatever the hook; the plain rules are the specification."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scirehooks.errors import HookSignatureError
from scirehooks.hooks import Runtime
from scirehooks.testing import FakeClock

ERRORS: dict[str, type[BaseException]] = {
    error.__name__: error for error in (ValueError, SystemExit, StopIteration, KeyboardInterrupt, NameError)
}


class NoTruth:
    def __bool__(self) -> bool:
        raise ValueError("neither true nor false")

    def __repr__(self) -> str:
        return "NoTruth"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, NoTruth)

    def __hash__(self) -> int:
        return 0


class Function(NamedTuple):
    """A function to be put into the hook."""

    parameters: str
    depth: int
    by_name: bool
    outcomes: tuple[Any, ...]  # at each call the next: a value, or the name of an error
    disabled: bool
    local: bool = False


class Program(NamedTuple):
    """A hook, what is in it, and what it is fired with."""

    payload: str
    mode: str
    on_error: str
    functions: list[Function]
    firings: list[tuple[tuple[Any, ...], dict[str, Any], tuple[str, ...]]]


@st.composite
def parameters(draw: st.DrawFn, names: str, most: int, *, payload: bool = False) -> str:
    """Draw a parameter list: some of NAMES in any order, with defaults from somewhere on, `*args`, `**more`.

    One of a PAYLOAD has no slash and `**more` at once.
    """
    named = draw(st.lists(st.sampled_from(names), unique=True, max_size=most))
    defaults = draw(st.integers(0, len(named)))
    keywords = draw(st.integers(0, 1)) if named else 0
    slash = draw(st.integers(0, 3))
    parts = [name if place < defaults else f"{name}={place}" for place, name in enumerate(named)]
    keyword_only = [parts.pop() for _ in range(keywords)]
    if slash == 1 and parts:
        parts.insert(1, "/")
    star = draw(st.booleans())
    if star:
        parts.append("*args")
    elif keyword_only:
        parts.append("*")
    parts += keyword_only
    if draw(st.booleans()) and not (payload and "/" in parts):
        parts.append("**more")
    return ", ".join(parts)


values = st.sampled_from([None, 0, 1, "s", "NoTruth"])
outcomes = st.lists(values | st.sampled_from(sorted(ERRORS)), min_size=1, max_size=3).map(tuple)
scopes = st.sampled_from([(), (), ("here",), ("elsewhere",)])
anything = st.tuples(
    st.lists(st.integers(10, 15), max_size=4).map(tuple),
    st.dictionaries(st.sampled_from("abdx"), st.integers(20, 25), max_size=2),
    scopes,
)


@st.composite
def programs(draw: st.DrawFn) -> Program:
    """Draw a program; most of its functions name what is in the payload, and most firings give what that needs."""
    payload = draw(parameters("abcd", 3, payload=True))
    taken = inspect.signature(eval(f"lambda {payload}: None")).parameters.values()
    names = "".join(each.name for each in taken if each.name in "abcd")
    fitting = parameters(names, len(names)) if names else st.sampled_from(["", "*args", "**more", "*args, **more"])
    functions = st.builds(
        Function,
        st.integers(0, 4).flatmap(lambda chance: fitting if chance else parameters("abcdx", 4)),
        st.integers(-1, 1),
        st.booleans(),
        outcomes,
        st.integers(0, 3).map(lambda chance: not chance),
        st.just(False) | st.booleans(),
    )
    alone = [each.name for each in taken if each.name in names and each.kind is each.KEYWORD_ONLY]
    whole = st.tuples(
        st.just(tuple(range(10, 10 + len(names) - len(alone)))), st.just(dict.fromkeys(alone, 20)), scopes
    )
    return Program(
        payload,
        draw(st.sampled_from(["all", "until_success", "until_failure", "fold"])),
        draw(st.sampled_from(["raise", "isolate"])),
        draw(st.lists(functions, max_size=5)),
        draw(st.lists(st.integers(0, 3).flatmap(lambda chance: whole if chance else anything), min_size=1, max_size=5)),
    )


class Run:
    """What PROGRAM does, by generated code or by the plain rules."""

    def __init__(self, program: Program, *, generating: bool) -> None:
        self.seen: list[Any] = []
        self.runtime = Runtime("test", clock=FakeClock(), generating=generating)
        payload = eval(f"lambda {program.payload}: None")
        self.hook = self.runtime.declare(
            "test-hook",
            inspect.signature(payload),
            mode=program.mode,  # type: ignore[arg-type]  # one of the rules
            on_error=program.on_error,  # type: ignore[arg-type]
        )
        for number, function in enumerate(program.functions):
            self.add(f"f{number}", function)
        for args, keywords, scopes in program.firings:
            with self.runtime.scope(*scopes):
                self.fire(args, keywords)
        self.seen.append([(e.label, e.state, e.health.failures, e.health.consecutive) for e in self.hook.entries()])
        self.runtime.close()

    def add(self, name: str, spec: Function) -> None:
        """Put in the function NAME, made after SPEC."""
        outcomes, local = self.outcomes(spec), "here" if spec.local else None

        def called(got: dict[str, Any]) -> Any:
            self.seen.append((name, got))
            outcome = next(outcomes)
            if outcome in ERRORS:
                raise ERRORS[outcome](f"out of {name}")
            return NoTruth() if outcome == "NoTruth" else outcome

        function = eval(f"lambda {spec.parameters}: called(locals())", {"called": called})
        function.__name__ = function.__qualname__ = name
        if spec.by_name:
            self.runtime.namespace[name] = function
        try:
            self.runtime.add_hook(self.hook, function, spec.depth, local=local)
        except HookSignatureError as error:
            self.seen.append(str(error))
        else:
            if spec.disabled:
                self.runtime.disable(self.hook, function, local=local)

    @staticmethod
    def outcomes(spec: Function) -> Iterator[Any]:
        """Yield the outcomes over and over."""
        while True:
            yield from spec.outcomes

    def fire(self, args: tuple[Any, ...], keywords: dict[str, Any]) -> None:
        """Fire, and note the result, or the error with its notes."""
        try:
            result = self.hook.run(*args, **keywords)
        except BaseException as error:  # noqa: BLE001 - whatever goes out is what is compared
            self.seen.append((type(error), str(error), getattr(error, "__notes__", [])))
        else:
            self.seen.append(repr(result))


@given(programs())
def test_generated_code_agrees_with_the_plain_rules(program: Program) -> None:
    """The same calls with the same arguments, the same results, errors, notes and counts."""
    logging.disable()
    try:
        assert Run(program, generating=True).seen == Run(program, generating=False).seen
    finally:
        logging.disable(logging.NOTSET)


def test_programs_fire_functions_one_after_another() -> None:
    """What is compared is what happens between functions; a program that calls at most one has nothing of that."""
    many: list[bool] = []

    @settings(max_examples=100, derandomize=True, database=None)
    @given(programs())
    def count(program: Program) -> None:
        seen = Run(program, generating=False).seen
        called = [isinstance(each, tuple) and isinstance(each[0], str) for each in seen]
        many.append(any(first and second for first, second in pairwise(called)))

    logging.disable()
    try:
        count()
    finally:
        logging.disable(logging.NOTSET)
    assert sum(many) >= 20


@pytest.mark.parametrize("generating", [True, False])
def test_run_of_a_program_tells_what_it_saw(generating: bool) -> None:
    """The comparison sees calls, arguments, results and errors, so it would notice if one differed."""
    function = Function("b, a", 1, False, (1, "ValueError"), disabled=False)
    program = Program(
        "a, b=2", "all", "raise", [function, function._replace(parameters="z")], [((7,), {}, ()), ((7, 8), {}, ())]
    )
    refusal, first, result, second, (kind, text, notes), counts = Run(program, generating=generating).seen
    assert "'z' is not in it" in refusal
    assert (first, result, second) == (("f0", {"a": 7, "b": 2}), "None", ("f0", {"a": 7, "b": 8}))
    assert (kind, text, len(notes)) == (ValueError, "out of f0", 1)
    assert counts == [("f0", "active", 0, 0)]
