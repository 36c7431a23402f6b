"""Commands on hooks: list them, describe one, put functions in and take them out."""

from __future__ import annotations

import inspect
import keyword
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from scirehooks.errors import ConflictError, UsageError, ValueFormatError
from scirehooks.hooks import CallingRule, Entry, ErrorRule, Hook, Lease, Runtime, command, hyphenated, says
from scirehooks.shell.answers.explanation import Explanation, explained
from scirehooks.shell.line.form import Typed
from scirehooks.shell.line.names import EntryName, FunctionName, Seconds
from scirehooks.shell.session import current_session
from scirehooks.shell.views import HookRow, HookView, LeaseView, Note, entries_called, meant_function, words_for
from scirehooks.values import Values

__all__ = ["HookCommands"]


def _added(entry: Entry) -> str:
    local = f" for {entry.local}" if entry.local is not None else ""
    until = f", until {LeaseView.of(entry.until)}" if entry.until is not None else ""
    where = f"{entry.label} is in {entry.hook}{local} (#{entry.number}, depth {entry.depth:g}{until})"
    if entry.function is not None:
        return f"{where}."
    # `_undefined` goes on with what that means.
    if entry.name in entry.globals:
        return f"{where}, but {entry.name} is no function:"
    return f"{where}, but nothing {'of that name' if entry.label == entry.name else f'named {entry.name}'} is defined:"


def _undefined(commands: HookCommands, entry: Entry) -> str:
    """Say what it means that nothing defines the function of ENTRY: a guard that is misspelt refuses everything."""
    if entry.function is not None or entry.name is None:
        return ""
    what = {
        "refuse": "every firing is refused",
        "raise": "every firing ends in an error",
        "isolate": "every firing reports a failure",
    }[commands._runtime.hooks[entry.hook].on_error]
    guess = "" if entry.name in entry.globals else _guess(entry.name, entry.globals)
    return f"{what} until it is. {guess}".rstrip()


def _guess(word: str, names: dict[str, Any]) -> str:
    meant = meant_function(word, names)
    return f"Did you mean {meant}?" if meant else ""


def _enabled(entry: Entry) -> str:
    if entry.state == "quarantined":
        return f"{entry.label} in {entry.hook} is in quarantine again. Type: release {words_for(entry)}"
    return f"{entry.label} in {entry.hook} is switched on."


def _released(done: Entry | Note) -> str:
    return done if isinstance(done, Note) else f"{done.label} in {done.hook} is active again."


def _declared(hook: Hook) -> str:
    return f"{hook.name} is declared. It passes {', '.join(p.name for p in hook.payload.parameters) or 'nothing'}."


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
        """Show the functions of HOOK in the order they run, and its rules.

        Its payload, and what its results and errors mean, come after that.

        Example: describe-hook hook-failure-hook
        """
        return HookView.of(self._runtime.hook(hook), self._values)

    @command
    def explain(self, hook: Hook, function: EntryName | None = None) -> Explanation:
        """Say why each function of HOOK is where it is, and why one does not run.

        With FUNCTION, all about that one: what decided its place, who added it and when, and what keeps it from
        running. Functions for single scopes come last, with the place of those for every scope among them.

        Example: explain hook-failure-hook
        """
        return explained(self._runtime, self._runtime.hook(hook), function)

    @command
    @says(_added, warns=_undefined)
    def add_hook(
        self,
        hook: Hook,
        function: FunctionName,
        depth: float = 0,
        *,
        local: str | None = None,
        before: tuple[FunctionName, ...] = (),
        after: tuple[FunctionName, ...] = (),
        timeout: Seconds | None = None,
        when: Callable[..., Any] | None = None,
        dry_run: bool = False,
        deliver: bool = False,
        label: str | None = None,
        for_: timedelta | None = None,
        times: int | None = None,
        session: bool = False,
        once: bool = False,
        until: Lease | None = None,
    ) -> Entry:
        """Put FUNCTION into HOOK at DEPTH; a smaller depth runs earlier.

        At equal depth the newest runs first up to depth 0, and last above it. LOCAL names a scope such as
        `client:7`; BEFORE and AFTER order functions of equal depth. FUNCTION may be defined later. It stays until it
        is taken out, or FOR a time as `2h`, for a number of TIMES that it is called, ONCE, or until this SESSION ends.

        It is given up after a TIMEOUT such as `2s`, or a number of seconds. LABEL is what it is called in lists and by
        other commands. DRY-RUN says that `would` may call it, as it does no harm then; DELIVER that it acts on the
        world even where functions only decide, so that `would` does not.

        Example: add-hook hook-failure-hook print --depth 20 --for 2h
        """
        given: Any = timeout  # from Python it may be a timedelta, or anything
        seconds = given.total_seconds() if isinstance(given, timedelta) else given
        if not isinstance(seconds, int | float | None):
            raise ValueFormatError("timeout", "a number of seconds or a timedelta", repr(given))
        lease = until or _lease(for_, 1 if once else times, session)
        entry = self._runtime.add_hook(
            hook, self._function(function), depth, local=local, before=before, after=after, timeout=seconds, when=when,
            dry_run=dry_run, deliver=deliver, label=label, until=lease,
        )  # fmt: skip
        if lease is not None and entry.until is not lease:
            raise ConflictError(
                f"{entry.label} is in {entry.hook} already (#{entry.number}), and stays as it is.",
                f"To add it anew, type first: remove-hook {entry.hook} {entry.label}",
            )
        return entry

    def _function(self, given: Any) -> Any:
        """Return what GIVEN stands for: the name of a function, or one that is in a hook under that label or number.

        Raises:
            UsageError: it is none of these, and nothing can ever be defined under such a name.
        """
        if not isinstance(given, str) or given in self._runtime.namespace:
            return given
        if given.isidentifier() and not keyword.iskeyword(given):
            return given  # perhaps it is defined later
        if entries := entries_called(self._runtime, given):
            return entries[0].held
        guess = _guess(given, self._runtime.namespace.globals) or "A function has a name such as no_tests."
        raise UsageError(f"add-hook: {given!r} cannot be the name of a function.", guess)

    @command
    @says(_declared)
    def defhook(
        self,
        name: Any = None,
        *fields: str,
        mode: CallingRule = "all",
        on_error: ErrorRule = "raise",
        doc: str = "",
        **rules: Any,
    ) -> Any:
        """Declare the hook NAME, which passes FIELDS to its functions.

        MODE is the calling rule (all, until_success, until_failure, fold, ask), ON_ERROR what an error does (raise,
        isolate, refuse), DOC what the hook is for. In Python, `@defhook` declares one by a function without a body.

        Example: defhook lights-out-hook room level --doc "Fires after the lights of ROOM have gone out."
        """
        rules |= {"mode": mode, "on_error": on_error}
        if name is None or (callable(name) and not fields):
            declare = self._runtime.defhook(**rules)
            return declare if name is None else declare(name)
        parameters = [inspect.Parameter(_field(field), inspect.Parameter.POSITIONAL_OR_KEYWORD) for field in fields]
        if len({parameter.name for parameter in parameters}) < len(parameters):
            raise UsageError(f"defhook {name}: a field is named twice.")
        return self._runtime.declare(_hook_name(name), inspect.Signature(parameters), doc, **rules)

    @command
    @says("{0.label} is taken out of {0.hook}.")
    def remove_hook(self, hook: Hook, function: EntryName, *, local: str | None = None) -> Entry | None:
        """Take FUNCTION out of HOOK.

        It is known by its name, its label, or its number such as `#17`.

        Example: remove-hook hook-failure-hook print
        """
        if isinstance(function, Typed):
            # Code may take out what is not there, as in Emacs; somebody who types a name means a function.
            self._runtime.find_entry(hook, function, local=local)
        return self._runtime.remove_hook(hook, function, local=local)

    @command(fresh=True)
    @says("{0.label} in {0.hook} is at depth {0.depth:g} now.")
    def move_hook(self, hook: Hook, function: EntryName, depth: float, *, local: str | None = None) -> Entry:
        """Give FUNCTION in HOOK another DEPTH.

        Among those of equal depth it stands where a new one would.

        Example: move-hook hook-failure-hook print 50
        """
        return self._runtime.move_hook(hook, function, depth, local=local)

    @command
    @says("{0.label} in {0.hook} is switched off.")
    def disable(self, hook: Hook, function: EntryName, *, local: str | None = None) -> Entry:
        """Switch FUNCTION in HOOK off without taking it out.

        Example: disable hook-failure-hook print
        """
        return self._runtime.disable(hook, function, local=local)

    @command
    @says(_enabled)
    def enable(self, hook: Hook, function: EntryName, *, local: str | None = None) -> Entry:
        """Switch FUNCTION in HOOK on again.

        What was in quarantine is there again: only `release` ends that.

        Example: enable hook-failure-hook print
        """
        return self._runtime.enable(hook, function, local=local)

    @command
    @says(_released)
    def release(self, hook: Hook, function: EntryName, *, local: str | None = None) -> Entry | Note:
        """Bring FUNCTION in HOOK back from quarantine.

        Its failures have put it there, and are forgotten. One that is not in quarantine is left as it is.

        Example: release hook-failure-hook print
        """
        entry = self._runtime.find_entry(hook, function, local=local)
        if entry.state != "quarantined":
            state = f"switched off: enable {entry.hook} {entry.label}" if entry.state == "disabled" else "active."
            return Note(f"{entry.label} in {entry.hook} is not in quarantine. It is {state}")
        return self._runtime.release(hook, function, local=local)


def _lease(for_: timedelta | None, times: int | None, session: bool) -> Lease | None:
    """Return the lease that the options of `add-hook` speak of, None if they speak of none.

    Raises:
        UsageError: it would be over at once, or there is no session.
    """
    if for_ is None and times is None and not session:
        return None
    if (for_ is not None and for_ <= timedelta(0)) or (times is not None and times < 1):
        raise UsageError("add-hook: a lease lasts for more than no time, and for one call or more.")
    here = current_session.get()
    if session and here is None:
        raise UsageError("add-hook: --session is for lines that are typed in one.")
    expires = None if for_ is None else time.time() + for_.total_seconds()
    return Lease(expires, times, here.name if session and here else None)


def _field(word: str) -> str:
    name = word.replace("-", "_")
    if not name.isidentifier():
        raise UsageError(f"defhook: {word!r} cannot be the name of a field.", "A field is a word such as client.")
    return name


def _hook_name(word: Any) -> str:
    name = hyphenated(str(word))
    if not name.replace("-", "_").isidentifier() or not name.endswith("-hook"):
        raise UsageError(f"defhook: {name!r} is no name for a hook.", "A hook is called as lights-out-hook.")
    return name


def _as_typed(function: Callable[..., Any]) -> inspect.Signature:
    """Return the signature of `defhook` as a line has it: with a name, and without what only Python can write."""
    parameters = inspect.signature(function).parameters.values()
    typed = [each.replace(default=each.empty) if each.name == "name" else each for each in parameters]
    return inspect.Signature([each for each in typed if each.kind is not each.VAR_KEYWORD])


HookCommands.defhook.__signature__ = _as_typed(HookCommands.defhook)  # type: ignore[attr-defined]  # PEP 362
