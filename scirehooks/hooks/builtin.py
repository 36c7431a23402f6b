"""The hooks of the runtime itself, declared as everybody declares hooks."""

from __future__ import annotations

from typing import Any

from scirehooks.hooks.entry import Entry
from scirehooks.hooks.hook import Hook

__all__ = ["CONTRACTS"]


def hook_failure_hook(hook: Hook, entry: Entry, error: BaseException) -> None:
    """Fires when a function failed in a hook that isolates failures.

    Called with the HOOK, the ENTRY that failed and the ERROR, in the thread and scope of the firing, when the
    failure has been logged. Results are ignored; a failure of a function in this hook is only logged. Since 0.1.

    Example: add-hook hook-failure-hook tell_root
    """


def option_change_hook(option: str, old: Any, new: Any) -> None:
    """Fires after an option has been set.

    Called with the OPTION's name, its OLD and its NEW value, in the thread and scope of whoever set it. Results are
    ignored; a failing function is isolated. Since 0.1.

    Example: add-hook option-change-hook reconnect
    """


def session_open_hook(session: str, actor: str) -> None:
    """Fires when a shell has been opened, before its first line.

    Called with the SESSION's name and the ACTOR, the user whose shell it is, in the thread of the session, in no
    scope. Results are ignored; a failing function is isolated. Since 0.1.

    Example: add-hook session-open-hook greet
    """


def startup_hook() -> None:
    """Fires once the init scripts have been read, before the first session.

    Called without a payload, in the main thread, in no scope; the system is ready. Results are ignored; a failing
    function is isolated. Since 0.1.

    Example: add-hook startup-hook say_hello
    """


def shutdown_hook() -> None:
    """Fires when the system is about to end; everything still works.

    Called without a payload, in the main thread, in no scope. Results are ignored; a failing function is isolated.
    Since 0.1.

    Example: add-hook shutdown-hook say_goodbye
    """


CONTRACTS = (hook_failure_hook, option_change_hook, session_open_hook, startup_hook, shutdown_hook)
