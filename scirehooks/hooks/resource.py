"""Owned things that run: timers, tasks, threads, routes. They are started when defined and stopped on unload."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from scirehooks.hooks.journal import Cells, Key

__all__ = ["Resource", "ResourceCells"]


class Resource(NamedTuple):
    """Something that runs: how it is started and how it is stopped, both quick and safe to call twice."""

    kind: str
    name: str
    start: Callable[[], Any]
    stop: Callable[[], Any]


class ResourceCells(Cells):
    """The resources: a cell for each kind and name."""

    kind = "resource"
    fleeting = True

    def subject(self, key: Key) -> str:
        """Name the kind and the name."""
        kind, name = key
        return f"{kind} {name}"

    def changed(self, key: Key, before: Any, after: Any) -> None:
        """Stop what is gone, start what has come."""
        if before is after:
            return  # a layer below it has gone
        if isinstance(before, Resource):
            before.stop()
        if isinstance(after, Resource):
            after.start()

    def forget(self, key: Key) -> None:
        """Note that the resource KEY has ended by itself: there is nothing to stop or to undo any more."""
        self.stacks.pop(key, None)
