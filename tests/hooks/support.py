"""What the tests of the hook runtime share: functions that note their calls, and files with owners."""

from __future__ import annotations

import logging
import types
from collections.abc import Callable
from typing import Any

import pytest

from scirehooks.hooks import Hook, Owner, Runtime

__all__ = ["MODULE", "OTHER", "SESSION", "Calls", "DefHook", "errors_in", "module"]

DefHook = Callable[..., Hook]

MODULE = Owner("module", "audit", "/modules/audit.py")
OTHER = Owner("module", "notify", "/modules/notify.py")
SESSION = Owner("session", "alice")


class Calls(list[str]):
    """The names of the functions that were called, in order."""

    def function(
        self, name: str, result: Any = None, error: BaseException | None = None, do: Callable[[], object] | None = None
    ) -> Callable[..., Any]:
        """Return a function called NAME for any payload, which notes its call, does DO, and returns or raises."""

        def function(*args: object) -> Any:
            self.append(name)
            if do is not None:
                do()
            if error is not None:
                raise error
            return result

        function.__name__ = function.__qualname__ = name
        return function

    def coroutine(self, name: str, result: Any = None, error: BaseException | None = None) -> Callable[..., Any]:
        """Return the same as a coroutine function."""

        async def function(*args: object) -> Any:
            self.append(name)
            if error is not None:
                raise error
            return result

        function.__name__ = function.__qualname__ = name
        return function

    def since(self, act: Callable[[], object]) -> list[str]:
        """Return what is called by ACT."""
        self.clear()
        act()
        return list(self)


def module(runtime: Runtime, owner: Owner, text: str) -> types.ModuleType:
    """Run TEXT as the file of OWNER, in a module of its own."""
    assert owner.file is not None
    made = types.ModuleType(owner.name)
    runtime.owners.register(owner.file, owner)
    exec(compile(text, owner.file, "exec"), made.__dict__)
    return made


def errors_in(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the messages logged as errors."""
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
