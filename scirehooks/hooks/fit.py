"""Which functions no longer fit their hook: it is told at once when a name, or the hook, is declared anew."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from scirehooks.errors import HookSignatureError
from scirehooks.hooks.owned import current_line
from scirehooks.hooks.owner import BATCH

if TYPE_CHECKING:
    from scirehooks.hooks.hook import Hook

__all__ = ["misfits", "tell_misfits"]

_log = logging.getLogger("scirehooks")


def tell_misfits(hook: Hook, held: Iterable[tuple[str, Any]]) -> None:
    """Log a warning for each of the functions HELD (with its name or label) that HOOK cannot call any more.

    It stays in the hook, and is an error when fired: whoever wrote it may be about to mend it. Whoever has just typed
    it is told so at his prompt, by the shell; then it is in the log for information.
    """
    line = current_line.get()
    level = logging.WARNING if line is None or line.session.name == BATCH.name else logging.INFO
    for text in misfits(hook, held):
        _log.log(level, "%s", text)


def misfits(hook: Hook, held: Iterable[tuple[str, Any]]) -> Iterator[str]:
    """Say for each of the functions HELD (with its name or label) that HOOK cannot call it any more, if so."""
    for label, function in held:
        if callable(function):
            try:
                hook.payload.shape(function)
            except HookSignatureError as error:
                yield f"{hook.name} holds {label}, and: {error}"
