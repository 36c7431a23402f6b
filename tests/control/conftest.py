"""A served runtime without a fleet, and clients of every kind for it."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from scirehooks.control import Service
from scirehooks.control.link import Limits
from scirehooks.hooks import Runtime
from scirehooks.shell import Renderer, furnish
from scirehooks.shell.running.streams import routed
from scirehooks.values import Values
from tests.control.support import Served, Terminal

collect_ignore = ["fuzz.py"]  # a program, which needs what is not always installed


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call() -> Iterator[None]:
    """Route what is printed while a test runs: what the fixtures have put into `sys` is replaced by the capturing."""
    with routed(threads=True):
        return (yield)


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    """A runtime with one hook of its own."""
    runtime = Runtime("test")

    def order_paid_hook(order: int) -> None:
        """Fires after ORDER has been paid."""

    runtime.defhook(order_paid_hook)
    yield runtime
    runtime.close()


@pytest.fixture
def values() -> Values:
    """A table of types."""
    return Values()


@pytest.fixture
def renderer(runtime: Runtime, values: Values) -> Renderer:
    """What shows answers."""
    return furnish(runtime, values)


@pytest.fixture
def audited() -> list[tuple[str, str]]:
    """What the audit log was told: session and text."""
    return []


@pytest.fixture
def limits() -> Limits:
    """What the server keeps for a client; tests of that have their own."""
    return Limits()


@pytest.fixture
def service(runtime: Runtime, values: Values, renderer: Renderer, audited: list[tuple[str, str]]) -> Service:
    """What answers."""
    return Service(
        runtime,
        values,
        renderer,
        title="test",
        status=lambda: "all is well",
        audit=lambda peer, session, text: audited.append((session, text)),
        version="1.2.3",
    )


@pytest.fixture
def served(runtime: Runtime, service: Service, limits: Limits, tmp_path: Path) -> Iterator[Served]:
    """The runtime, served."""
    served = Served(runtime, service, limits, tmp_path / "control.sock")
    yield served
    served.close()


@pytest.fixture
def terminal(served: Served) -> Terminal:
    """A client with a session."""
    return served.terminal()


ONESHOT = "import sys; from scirehooks.control.oneshot import main; sys.exit(main(sys.argv[1:]))"


class Starter:
    """Starts one-shot clients of the server at PATH, each a process of its own."""

    def __init__(self, path: Path, checkout: Path) -> None:
        self.path = path
        self._checkout = checkout
        self.started: list[subprocess.Popen[str]] = []

    def __call__(
        self, *arguments: str, socket: str = "", words: Mapping[str, str] = MappingProxyType({}), **how: Any
    ) -> subprocess.Popen[str]:
        """Start one with ARGUMENTS and WORDS in its environment; HOW goes to Popen."""
        given = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        command = [sys.executable, "-c", ONESHOT, "attach", socket or str(self.path), *arguments]
        env = {**os.environ, "PYTHONPATH": str(self._checkout), "COLUMNS": "", **words}
        process = subprocess.Popen(command, env=env, start_new_session=True, **{**given, **how})
        self.started.append(process)
        return process


@pytest.fixture
def oneshot(served: Served, checkout: Path) -> Iterator[Starter]:
    """Starts a one-shot client of the served runtime."""
    starter = Starter(served.listen(), checkout)
    yield starter
    for process in starter.started:
        if process.poll() is None:
            process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
