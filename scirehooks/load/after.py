"""What is to be done when a module has been loaded, by others than the module itself."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

from scirehooks.errors import UndefinedFunctionError
from scirehooks.hooks import Module, Owner, Runtime
from scirehooks.hooks.entry import identity, meaning
from scirehooks.hooks.journal import Cells, Key

__all__ = ["AfterLoad"]


class _Wish(NamedTuple):
    """That HELD, a function or the name of one, is to be called when MODULE has been loaded."""

    module: str
    held: Any
    owner: Owner


class _WishCells(Cells):
    """The wishes: a cell for each module and each function."""

    kind = "after-load"

    def subject(self, key: Key) -> str:
        """Name the function and the module."""
        module, function = key
        return f"{getattr(function, '__qualname__', function)} after {module}"


class AfterLoad:
    """The functions that are called when a module has been loaded (Emacs: eval-after-load, after-load-alist)."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._cells = _WishCells()
        runtime.journal.register(self._cells)

    def add(self, name: str, function: Callable[..., Any] | str) -> None:
        """Let FUNCTION be called from now on whenever the module NAME has been loaded; the same one is called once.

        Journal: one record.
        """
        if not callable(function) and not isinstance(function, str):
            raise TypeError(f"after_load {name}: {function!r} is neither a function nor the name of one.")
        origin = self._runtime.owners.origin()
        held = self._runtime.namespace.held(function)
        self._runtime.journal.set(
            self._cells, (name, identity(held)), _Wish(name, held, origin.owner), "after-load", origin
        )

    def run(self, module: Module) -> None:
        """Call what waits for MODULE, in the order in which it was asked for.

        Raises: what a function raises; the later ones are not called, and the module stays loaded, as in Emacs.
        """
        for _, wish in list(self._cells.items()):
            if wish.module == module.name:
                self.call(wish.held, module)

    def call(self, held: Callable[..., Any] | str, module: Module) -> None:
        """Call HELD with MODULE, if it takes a parameter."""
        function = meaning(held, self._runtime.namespace.globals) if isinstance(held, str) else held
        if not callable(function):
            raise UndefinedFunctionError(
                f"after_load {module.name}: the function {held!r} is not defined.", "Define it before that."
            )
        try:
            function(module) if inspect.signature(function).parameters else function()
        except BaseException as error:
            error.add_note(f"It was called because the module {module.name} has been loaded (after_load).")
            raise
