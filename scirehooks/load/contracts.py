"""The hooks of loading: declared here, fired by the loader."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from scirehooks.hooks import BUILTIN, Module, Runtime

__all__ = ["declare"]


def pre_module_load_hook(name: str, file: Path) -> None:
    """Asked before the module NAME in FILE is opened.

    Called with the NAME and the FILE, in the thread of whoever loads, in no scope. None agrees; raising Veto keeps it
    from being loaded, and so does an error. Since 0.1.

    Example: add-hook pre-module-load-hook only_ours
    """


def post_module_load_hook(module: Module) -> None:
    """Fires after MODULE has been loaded and all that it offers is in place.

    Called with the MODULE, in the thread of whoever loads, in no scope. Results are ignored; an error in a
    function keeps no other from running. Since 0.1.

    Example: add-hook post-module-load-hook tell_root
    """


def pre_module_unload_hook(module: Module) -> None:
    """Asked before MODULE is unloaded.

    Called with the MODULE, in the thread of whoever unloads, in no scope. None agrees; raising Veto keeps it, and so
    does an error. Since 0.1.

    Example: add-hook pre-module-unload-hook keep_policy
    """


def post_module_unload_hook(module: Module) -> None:
    """Fires after MODULE has been unloaded; nothing of it is left.

    Called with the MODULE, in the thread of whoever unloads, in no scope. Results are ignored; an error in a
    function keeps no other from running. Since 0.1.

    Example: add-hook post-module-unload-hook tell_root
    """


_ASKED: Final[dict[str, Any]] = {"mode": "ask", "on_error": "refuse"}
_TOLD: Final[dict[str, Any]] = {"on_error": "isolate"}


def declare(runtime: Runtime) -> None:
    """Declare the hooks of loading in RUNTIME."""
    for contract, rules in (
        (pre_module_load_hook, _ASKED),
        (post_module_load_hook, _TOLD),
        (pre_module_unload_hook, _ASKED),
        (post_module_unload_hook, _TOLD),
    ):
        runtime.defhook(owner=BUILTIN, **rules)(contract)
