"""What all tests share: real parts or a failure, the deterministic and the long way of testing."""

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("ci", derandomize=True, deadline=None, database=None, print_blob=True)
settings.register_profile(
    "full", max_examples=2_000, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--full`, as `.ci/run` has it."""
    parser.addoption("--full", action="store_true", help="run the tests marked `full`, too, and more examples")


def pytest_configure(config: pytest.Config) -> None:
    """Choose how Hypothesis searches: the same examples at each run, or many new ones; let Ctrl-C be tested."""
    # A script that starts the run with `&` has it ignore SIGINT, and all that the tests start would inherit that.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if not config.getoption("--hypothesis-profile"):
        settings.load_profile("full" if config.getoption("--full") else "ci")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests marked `full` unless they were asked for."""
    if config.getoption("--full") or "full" in config.getoption("-m"):
        return
    left_out = [item for item in items if item.get_closest_marker("full")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not item.get_closest_marker("full")]


class HungError(Exception):
    """A test waited for something that does not come."""


@pytest.fixture(autouse=True)
def watchdog(request: pytest.FixtureRequest) -> Iterator[None]:
    """End a test that hangs: each waits in the main thread, where a signal reaches it."""
    patience = 3_600 if request.config.getoption("--full") else 300

    def hung(number: int, frame: FrameType | None) -> None:
        raise HungError(f"nothing happened for {patience} s")

    # No thread: Python warns of a fork beside one. And again, for whoever isolates errors and goes on to wait.
    before = signal.signal(signal.SIGALRM, hung)
    signal.setitimer(signal.ITIMER_REAL, patience, 10)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The directory that holds `pyproject.toml`."""
    return Path(__file__).parent.parent


@pytest.fixture(scope="session")
def need() -> Callable[[str], str]:
    """A function from a program's name to its path; without it the test is skipped, under CI it fails."""

    def find(program: str) -> str:
        path = shutil.which(program)
        if path is None:
            missing = f"{program} is missing on this machine"
            if os.environ.get("CI"):
                pytest.fail(missing)
            pytest.skip(missing)
        return path

    return find
