"""The functions of generated code: globals of its own, which follow the names that the functions are held by.

Generated code passes a function what its signature wanted when the code was made. If a name is defined anew while a
hook is firing, with another signature, the code under way must not call the new function the old way: it would get
the wrong thing without a word. So the code does not look names up in the namespace, but in a dict of its own, where
each follows the namespace as long as the call fits, and else raises `Stale`, upon which the firing goes on by the
plain rules.

(Functions as constants of the code were as fast, but code objects are outside of garbage collection: a hook that had
fired once stayed for ever.)
"""

from __future__ import annotations

from typing import Any
from weakref import WeakSet

from scirehooks.errors import HookSignatureError
from scirehooks.hooks.call import is_async
from scirehooks.hooks.entry import meaning
from scirehooks.hooks.signature import Payload, Shape

__all__ = ["Bindings", "Bound", "Stale", "slot"]

_SELF = "_scirehooks_bound"


def slot(index: int) -> str:
    """Return the global that holds the function called as number INDEX."""
    return f"_scirehooks_{index}"


class Stale(BaseException):
    """A name no longer means what generated code takes it for; nothing has been called."""


def _stale(*_args: Any, **_keywords: Any) -> None:
    raise Stale


class Bound:
    """The globals of one piece of generated code; they live as long as it does, or a call of it."""

    def __init__(self, payload: Payload) -> None:
        self._payload = payload
        self._held: dict[str, list[tuple[str, Shape]]] = {}
        self.names: dict[str, Any] = {_SELF: self}

    def hold(self, index: int, function: Any, name: str | None, shape: Shape) -> None:
        """Let the function called as number INDEX be FUNCTION, and follow NAME if it is held by one."""
        self.names[slot(index)] = function
        if name is not None:
            self._held.setdefault(name, []).append((slot(index), shape))

    @property
    def held(self) -> list[str]:
        """The names that are followed."""
        return list(self._held)

    def follow(self, name: str, meaning: Any) -> None:
        """Let NAME be MEANING wherever the call fits, else stale."""
        for place, shape in self._held[name]:
            self.names[place] = meaning if self._fits(meaning, shape) else _stale

    def _fits(self, meaning: Any, shape: Shape) -> bool:
        if not callable(meaning) or is_async(meaning):
            return False
        try:
            return self._payload.shape(meaning) is shape
        except HookSignatureError:
            return False


class Bindings:
    """Which generated code holds which names of a namespace's dict NAMES."""

    def __init__(self, names: dict[str, Any]) -> None:
        self._names = names
        self._holders: dict[str, WeakSet[Bound]] = {}

    def register(self, bound: Bound) -> None:
        """Let BOUND follow the names that it holds."""
        for name in bound.held:
            self._holders.setdefault(name, WeakSet()).add(bound)

    def follow(self, name: str) -> None:
        """Tell all who hold NAME what it means now."""
        holders = self._holders.get(name)
        if holders:
            means = meaning(name, self._names)
            for bound in list(holders):
                bound.follow(name, means)
