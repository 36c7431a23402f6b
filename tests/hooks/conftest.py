from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from scirehooks.hooks import Hook, Runtime
from scirehooks.testing import FakeClock, nothing_left
from tests.hooks.support import Calls, DefHook


@pytest.fixture
def clock() -> FakeClock:
    """A clock that stands still until it is turned on."""
    return FakeClock()


@pytest.fixture(params=[True, False], ids=["generated", "plain"])
def runtime(request: pytest.FixtureRequest, clock: FakeClock) -> Iterator[Runtime]:
    """A runtime that fires by generated code, and one that fires by the plain rules; neither leaves a thread."""
    with nothing_left():
        made = Runtime("test", clock=clock, generating=request.param)
        yield made
        made.close()


@pytest.fixture
def calls() -> Calls:
    """The names of the functions called."""
    return Calls()


@pytest.fixture
def defhook(runtime: Runtime) -> DefHook:
    """Return a function that declares a hook: its payload, given as a function, then the rules, then its name."""

    def declare(payload: Callable[..., Any] = lambda: None, *, name: str = "test-hook", **rules: Any) -> Hook:
        return runtime.declare(name, inspect.signature(payload), "A hook for tests.", **rules)

    return declare
