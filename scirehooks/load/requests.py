"""Who wants which module: sessions, init scripts and modules each say so in a layer of their own.

So that it can be told whether a module would be there without what was typed at the prompt, and whether one that init
scripts ask for was unloaded there.
"""

from __future__ import annotations

from scirehooks.hooks import ABSENT, Module, Origin, Owner, Runtime
from scirehooks.hooks.journal import Cells, Key, Layer

__all__ = ["RequestCells", "Requests"]


class RequestCells(Cells):
    """The requests: a cell for each module, which shows it if it is wanted."""

    kind = "request"

    def belongs(self, layer: Layer, owner: Owner) -> bool:
        """Tell whether OWNER made LAYER: that a module goes does not mean that nobody wants it."""
        return layer.owner == owner

    def subject(self, key: Key) -> str:
        """Name the module."""
        return f"module {key}"


class Requests:
    """The requests for modules of RUNTIME."""

    def __init__(self, runtime: Runtime) -> None:
        self._journal = runtime.journal
        self.cells = RequestCells()
        runtime.journal.register(self.cells)

    def want(self, module: Module, origin: Origin, *, loading: bool = False) -> None:
        """Note that ORIGIN's owner wants MODULE; LOADING says that a file of his, being loaded, says so (again).

        Journal: one record, if that makes a difference.
        """
        with self._journal.lock:
            wanted = self.cells.value(module.name) is not ABSENT
            known = any(layer.owner == origin.owner and layer.value for layer in self.cells.stack(module.name))
            if loading or not wanted or (not known and origin.owner.kind != "session"):
                self._journal.set(self.cells, module.name, module, "load", origin)

    def refuse(self, module: Module, origin: Origin) -> None:
        """Note that ORIGIN's owner does not want MODULE any more.

        Journal: one record, if anybody wanted it.
        """
        with self._journal.lock:
            if self.cells.value(module.name) is not ABSENT:
                self._journal.set(self.cells, module.name, ABSENT, "unload", origin)
