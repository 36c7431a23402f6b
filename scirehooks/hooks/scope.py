"""Scopes: where the local value of a hook counts (Emacs: the current buffer)."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["GLOBAL", "Scope", "current_scopes", "scope"]


class _Global:
    """In a local value: run the value of the next outer scope here, at last the global one (Emacs: t)."""

    def __repr__(self) -> str:
        return "GLOBAL"


GLOBAL = _Global()
Scope = Hashable

_scopes: ContextVar[tuple[Scope, ...]] = ContextVar("scirehooks_scopes", default=())
current_scopes = _scopes.get


@contextmanager
def scope(*keys: Scope) -> Iterator[None]:
    """Fire hooks in the scopes KEYS, the innermost first; the scopes around them still count, outside of these.

    Example:
        >>> with scope("client:7", "group:web"):
        ...     current_scopes()
        ('client:7', 'group:web')
    """
    token = _scopes.set((*keys, *_scopes.get()))
    try:
        yield
    finally:
        _scopes.reset(token)
