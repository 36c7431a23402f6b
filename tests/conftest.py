"""What all tests share: real parts or a failure, the deterministic and the long way of testing."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

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
    """Choose how Hypothesis searches: the same examples at each run, or many new ones."""
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
