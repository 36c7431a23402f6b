from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

import pytest

from scirehooks.hooks import Runtime
from tests.typing import api

USES = [api.declaring, api.adding, api.firing, api.asking, api.names, api.taking_back, api.tracing, api.running]


@pytest.mark.parametrize("use", USES)
def test_public_api_does_what_its_types_say(runtime: Runtime, use: Callable[[Runtime], Any]) -> None:
    """What mypy checks as a user types it also runs."""
    result = use(runtime)
    if inspect.iscoroutine(result):
        asyncio.run(result)


def test_marks_keep_types_also_when_run() -> None:
    """Marked functions can be called as before."""
    api.marks_keep_types()
