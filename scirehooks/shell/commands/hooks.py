"""Commands on hooks: list them, describe one, put functions in and take them out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scirehooks.hooks import Entry, Hook, Runtime, command
from scirehooks.shell.form import Typed
from scirehooks.shell.names import EntryName, FunctionName
from scirehooks.shell.views import HookRow, HookView
from scirehooks.values import Values

__all__ = ["HookCommands"]


class HookCommands:
    """The commands on the hooks of a runtime."""

    def __init__(self, runtime: Runtime, values: Values) -> None:
        self._runtime = runtime
        self._values = values

    @command
    def hooks(self, word: str = "") -> list[HookRow]:
        """List the hooks whose name holds WORD, with their rules and functions.

        Example: hooks failure
        """
        found = sorted(self._runtime.hooks.values(), key=lambda hook: hook.name)
        return [HookRow.of(hook) for hook in found if word.replace("_", "-") in hook.name]

    @command
    def describe_hook(self, hook: Hook) -> HookView:
        """Show the functions of HOOK in the order they run, its payload and its rules.

        Example: describe-hook hook-failure-hook
        """
        return HookView.of(self._runtime.hook(hook), self._values)

    @command
    def add_hook(
        self,
        hook: Hook,
        function: FunctionName,
        depth: float = 0,
        *,
        local: str | None = None,
        before: tuple[FunctionName, ...] = (),
        after: tuple[FunctionName, ...] = (),
        timeout: float | None = None,
        when: Callable[..., Any] | None = None,
        dry_run: bool = False,
        deliver: bool = False,
        label: str | None = None,
    ) -> Entry:
        """Put FUNCTION into HOOK at DEPTH; a smaller depth runs earlier.

        At equal depth the newest runs first up to depth 0, and last above it. LOCAL names a scope such as
        `client:7`; BEFORE and AFTER order functions of equal depth. FUNCTION may be defined later.

        Example: add-hook hook-failure-hook print --depth 20
        """
        return self._runtime.add_hook(
            hook, function, depth, local=local, before=before, after=after, timeout=timeout, when=when,
            dry_run=dry_run, deliver=deliver, label=label,
        )  # fmt: skip

    @command
    def remove_hook(self, hook: Hook, function: EntryName, *, local: str | None = None) -> Entry | None:
        """Take FUNCTION out of HOOK: its name, its label or its number such as `#17`.

        Example: remove-hook hook-failure-hook print
        """
        if isinstance(function, Typed):
            # Code may take out what is not there, as in Emacs; somebody who types a name means a function.
            self._runtime.find_entry(hook, function, local=local)
        return self._runtime.remove_hook(hook, function, local=local)

    @command
    def move_hook(self, hook: Hook, function: EntryName, depth: float, *, local: str | None = None) -> Entry:
        """Give FUNCTION in HOOK another DEPTH; among equals it stands where a new one would.

        Example: move-hook hook-failure-hook print 50
        """
        return self._runtime.move_hook(hook, function, depth, local=local)

    @command
    def disable(self, hook: Hook, function: EntryName, *, local: str | None = None) -> Entry:
        """Switch FUNCTION in HOOK off without taking it out.

        Example: disable hook-failure-hook print
        """
        return self._runtime.disable(hook, function, local=local)

    @command
    def enable(self, hook: Hook, function: EntryName, *, local: str | None = None) -> Entry:
        """Switch FUNCTION in HOOK on again.

        Example: enable hook-failure-hook print
        """
        return self._runtime.enable(hook, function, local=local)

    @command
    def release(self, hook: Hook, function: EntryName, *, local: str | None = None) -> Entry:
        """Bring FUNCTION in HOOK back from quarantine, where its failures have put it.

        Example: release hook-failure-hook print
        """
        return self._runtime.release(hook, function, local=local)
