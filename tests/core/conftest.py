from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from scirehooks.core import Fleet
from scirehooks.hooks import Runtime
from scirehooks.values import Values

Child = Callable[..., "subprocess.Popen[bytes]"]
MakeFleet = Callable[..., Fleet]


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A state directory that does not exist yet."""
    return tmp_path / "state"


@pytest.fixture
def make_fleet(state: Path) -> Iterator[MakeFleet]:
    """Return a function that opens a fleet, not started; what it opened is closed, and leaves no thread."""
    before = set(threading.enumerate())
    made: list[Fleet] = []

    def make(**options: Any) -> Fleet:
        fleet = Fleet(Runtime("test"), Values(), state, **options)
        made.append(fleet)
        return fleet

    yield make
    for fleet in made:
        fleet.close(patience=0)
    assert set(threading.enumerate()) - before == set()


@pytest.fixture
def fleet(make_fleet: MakeFleet) -> Fleet:
    """A fleet on a new store; its hooks are empty, and it is not started."""
    return make_fleet()


@pytest.fixture
def web1(fleet: Fleet) -> Any:
    """The client web1, which is this machine."""
    return fleet.client_add("web1", transport="local")


@pytest.fixture
def child() -> Iterator[Child]:
    """Return a function that runs CODE in another Python, with ARGV, its pipes ours; it is gone at the end."""
    children: list[subprocess.Popen[bytes]] = []
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}

    def start(code: str, *argv: object) -> subprocess.Popen[bytes]:
        words = [sys.executable, "-c", code, *map(str, argv)]
        children.append(subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment))
        return children[-1]

    yield start
    for one in children:
        one.kill()
        one.communicate()
