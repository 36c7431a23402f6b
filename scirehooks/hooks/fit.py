"""Which functions no longer fit their hook: it is told at once when a name, or the hook, is declared anew."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from scirehooks.errors import HookSignatureError

if TYPE_CHECKING:
    from scirehooks.hooks.hook import Hook

__all__ = ["tell_misfits"]

_log = logging.getLogger("scirehooks")


def tell_misfits(hook: Hook, held: Iterable[tuple[str, Any]]) -> None:
    """Log a warning for each of the functions HELD (with its name or label) that HOOK cannot call any more.

    It stays in the hook, and is an error when fired: whoever wrote it may be about to mend it.
    """
    for label, function in held:
        if callable(function):
            try:
                hook.payload.shape(function)
            except HookSignatureError as error:
                _log.warning("%s holds %s, and: %s", hook.name, label, error)
