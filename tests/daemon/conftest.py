from __future__ import annotations

import os

import pytest


@pytest.fixture
def as_root() -> None:
    """Skip the test unless it may act as another user."""
    if os.geteuid() != 0:
        pytest.skip("only root can act as another user")
