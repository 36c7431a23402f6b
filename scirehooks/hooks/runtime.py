"""The runtime: hooks, names, commands and options of one application, and the journal of every change to them."""

from __future__ import annotations

import inspect
import sys
import threading
from collections.abc import Callable, Iterable
from itertools import count
from typing import Any, get_args, get_type_hints, overload

from scirehooks.errors import ConflictError, Defer, UnknownNameError, Veto
from scirehooks.hooks.builtin import CONTRACTS
from scirehooks.hooks.call import GivenUp
from scirehooks.hooks.clock import Clock, SystemClock
from scirehooks.hooks.declaration import Amender, Declaration, Rehearsal, hyphenated, replace_parameter, variable
from scirehooks.hooks.definitions import Definitions
from scirehooks.hooks.entry import PLAIN, Entry, Terms
from scirehooks.hooks.failures import Failures
from scirehooks.hooks.firing import CallingRule, ErrorRule
from scirehooks.hooks.fit import tell_misfits
from scirehooks.hooks.history import History
from scirehooks.hooks.hook import Hook
from scirehooks.hooks.journal import ABSENT, Journal, Record
from scirehooks.hooks.lease import Lease
from scirehooks.hooks.loop import RuntimeLoop
from scirehooks.hooks.marks import command, effect, on, option
from scirehooks.hooks.namespace import Namespace
from scirehooks.hooks.owned import Helpers
from scirehooks.hooks.owner import BUILTIN, Origin, Owner, Owners, Place
from scirehooks.hooks.registry import DeclarationCells, Registry
from scirehooks.hooks.resource import ResourceCells
from scirehooks.hooks.says import says
from scirehooks.hooks.scope import GLOBAL, Scope, scope
from scirehooks.hooks.signature import Payload
from scirehooks.hooks.trace import Traces

__all__ = ["Runtime"]

Check = Callable[[list[Record]], None]
TakingBack = Callable[
    [Callable[[], list[Record]], Callable[[], list[Record]], Callable[[list[Record]], object]], list[Record]
]


def _just_taken(look: Callable[[], object], take: Callable[[], list[Record]], _put_back: object) -> list[Record]:
    look()
    return take()


class Runtime:
    """Hooks, names, commands and options of one application.

    Example:
        >>> runtime = Runtime("shop")
        >>> @runtime.defhook
        ... def order_paid_hook(order):
        ...     "Fires after ORDER has been paid."
        >>> def thank(order):
        ...     print("thanks for", order)
        >>> entry = runtime.add_hook("order-paid-hook", thank)
        >>> runtime.hooks["order-paid-hook"].run("42")
        thanks for 42
    """

    def __init__(self, name: str, *, clock: Clock | None = None, generating: bool = True) -> None:
        self.name = name
        self.journal = Journal()
        self.transaction = self.journal.transaction
        self.history = History(self.journal)
        # How undo and redo take back what the first finds by the second, and put it back by the third if that fails:
        # whoever loads modules has something to do before and after.
        self.taking_back: TakingBack = _just_taken
        self.owners = Owners(default=Owner("session", name))
        self.clock = clock or SystemClock()
        self.loop = RuntimeLoop(name)
        self.traces = Traces(changed=self._refresh_all)
        self.tracing = self.traces.capture
        self.forsaken: dict[object, tuple[Entry, threading.Thread | GivenUp]] = {}  # what goes on past its time-out
        self.generating = generating
        self._numbers = count(1)
        self.next_number = self._numbers.__next__  # never the same twice; entries and their order are counted by it
        self._hooks: dict[str, Hook] = {}
        self._declared = self._cells("hook", self._hook_changed)
        self._aliases = self._cells("alias")
        self._resources = ResourceCells()
        self.journal.register(self._resources)
        self.hooks: Registry[Hook] = Registry(self._declared, lambda name, _: self._hooks[name], aliases=self._aliases)
        self.namespace = Namespace(name, self.journal, self.owners, refresh=self._redefined, check=self._check_holders)
        self.advice_add, self.advice_remove = self.namespace.advice_add, self.namespace.advice_remove
        self.failures = Failures(self.journal, self.hooks)
        definitions = Definitions(self, self.journal, self.owners, self.namespace)
        self.commands, self.options, self.modules = definitions.commands, definitions.options, definitions.modules
        self.define, self.define_command = definitions.define, definitions.define_command
        self.defoption, self.set_option = definitions.defoption, definitions.set_option
        self.define_module = definitions.define_module
        self.reports, self.defstatus = definitions.reports, definitions.defstatus
        helpers = Helpers(self.clock, self.loop, self.journal, self.owners, self._resources, self._numbers)
        self.every, self.after, self.task, self.thread = helpers.every, helpers.after, helpers.task, helpers.thread
        self.resource = helpers.resource
        self._name_the_basics()
        for contract in CONTRACTS:
            self.defhook(on_error="isolate", owner=BUILTIN)(contract)

    def _cells(self, kind: str, changed: Callable[[str, Any], None] | None = None) -> DeclarationCells:
        cells = DeclarationCells(kind, changed)
        self.journal.register(cells)
        return cells

    def _name_the_basics(self) -> None:
        """Give the namespace what every init script may use without importing it."""
        basics: dict[str, Any] = {
            "runtime": self, "on": on, "command": command, "option": option, "effect": effect, "says": says,
            "Veto": Veto, "Defer": Defer, "GLOBAL": GLOBAL,
        }  # fmt: skip
        for method in (
            self.add_hook, self.remove_hook, self.move_hook, self.run_hooks, self.run_hook_with_args,
            self.run_hook_with_args_until_success, self.run_hook_with_args_until_failure, self.run_hook_wrapped,
            self.defhook, self.scope, self.set_option,
        ):  # fmt: skip
            basics[method.__name__] = method
        for name, value in basics.items():
            self.namespace.define(name, value, Origin(BUILTIN, None, ""))

    # -- declaring hooks

    @overload
    def defhook(self, function: Callable[..., Any], /) -> Hook: ...
    @overload
    def defhook(self, /, **rules: Any) -> Callable[[Callable[..., Any]], Hook]: ...
    def defhook(self, function: Any = None, /, **rules: Any) -> Any:
        """Declare a hook by a function without a body: its name, its payload, its contract.

        RULES are those of `declare`: `mode` is the calling rule (all, until_success, until_failure, fold, ask),
        `on_error` the error rule (raise, isolate, refuse), `amend` what functions of an `ask` hook may amend.

        Journal: one record.
        """

        def declare(function: Callable[..., Any]) -> Hook:
            return self.declare(function.__name__, _resolved(function), inspect.getdoc(function) or "", **rules)

        return declare if function is None else declare(function)

    def declare(
        self,
        name: str,
        signature: inspect.Signature,
        doc: str | Callable[[], str] = "",
        *,
        mode: CallingRule = "all",
        on_error: ErrorRule = "raise",
        amend: Iterable[str] = (),
        amender: Amender | None = None,
        rehearse: Rehearsal | None = None,
        threaded: bool = False,
        failure_limit: int = 3,
        owner: Owner | None = None,
        place: Place | None = None,
    ) -> Hook:
        """Declare the hook NAME from data; see `defhook`. Declared again it keeps its entries.

        DOC is its contract, or a function that returns that: a start with many hooks shows none of them.
        Those that do not fit another payload are told at once; fired, they are errors.

        Raises:
            ValueError: there is no such rule, or the rules contradict each other.
            ConflictError: NAME is an alias.
        """
        for given, rules in ((mode, get_args(CallingRule)), (on_error, get_args(ErrorRule))):
            if given not in rules:
                raise ValueError(f"{hyphenated(name)}: there is no rule {given!r}; it is one of {', '.join(rules)}.")
        if failure_limit < 1:
            raise ValueError(f"{hyphenated(name)}: failure_limit must be 1 or more, not {failure_limit!r}.")
        if self._aliases.value(hyphenated(name)) is not ABSENT:
            raise ConflictError(f"{hyphenated(name)} is another name of {self.hooks[name].name}.", "Take another name.")
        if on_error == "refuse" and mode != "ask":
            raise ValueError(f"{hyphenated(name)}: on_error 'refuse' is for hooks that are asked (mode 'ask').")
        if amend and mode != "ask":
            raise ValueError(f"{hyphenated(name)}: only hooks that are asked (mode 'ask') can be amended.")
        origin = self.owners.origin(owner=owner, place=place)
        declaration = Declaration(
            hyphenated(name), Payload(signature), doc, mode, on_error, tuple(amend),
            amender or replace_parameter, rehearse, threaded, failure_limit, origin.owner, origin.place,
        )  # fmt: skip
        with self.journal.transaction(f"defhook {declaration.name}"):
            self.journal.set(self._declared, declaration.name, declaration, "defhook", origin)
            hook = self._hooks[declaration.name]
            self.namespace.define(hook.variable, hook, origin, declared=True)
        tell_misfits(hook, ((entry.label, entry.function) for entry in hook.everywhere()))
        return hook

    def _hook_changed(self, name: str, declaration: Any) -> None:
        """Keep the hook in step with its declaration; without one it is not found, but what was in it is kept."""
        if declaration is ABSENT:
            return
        if name in self._hooks:
            self._hooks[name].declare(declaration)
        else:
            self._hooks[name] = Hook(self, declaration)
            self.journal.register(self._hooks[name].cells)

    def defalias_hook(self, old: str, new: str) -> None:
        """Let the name OLD stand for the hook NEW, so that nobody's init script breaks when a hook is renamed."""
        hook = self.hooks[new]
        origin = self.owners.origin()
        if self._declared.value(hyphenated(old)) is not ABSENT:
            raise ConflictError(f"{hyphenated(old)} is a hook itself, and could not be reached any more.")
        with self.journal.transaction("defalias-hook"):
            self.journal.set(self._aliases, hyphenated(old), hook.name, "defalias-hook", origin)
            self.namespace.define(variable(old), hook, origin, declared=True)

    def hook(self, hook: str | Hook) -> Hook:
        """Return HOOK, given by name or as itself."""
        return hook if isinstance(hook, Hook) else self.hooks[hook]

    # -- what is in them

    def add_hook(
        self,
        hook: str | Hook,
        function: Callable[..., Any] | str,
        depth: float = 0,
        *,
        local: Scope | None = None,
        before: str | Iterable[str] = (),
        after: str | Iterable[str] = (),
        timeout: float | None = None,
        when: Callable[..., Any] | None = None,
        dry_run: bool = False,
        deliver: bool = False,
        until: Lease | None = None,
        label: str | None = None,
        owner: Owner | None = None,
        place: Place | None = None,
    ) -> Entry:
        """Put FUNCTION into HOOK at DEPTH; adding what is there already changes nothing (Emacs: add-hook).

        A smaller depth runs earlier (-100 to 100 by convention). At equal depth the newest goes first up to depth 0
        and last above it. FUNCTION is a function or the name of one that may be defined later. LOCAL puts it into
        the hook's value for that scope only.

        Raises:
            UnknownNameError: there is no such hook.
            HookSignatureError: FUNCTION wants what the hook does not pass.
            OrderError: `before=`/`after=` cannot be kept.

        Journal: one record, unless it was there.
        """
        terms = PLAIN
        if before or after or timeout is not None or when is not None or dry_run or deliver or until is not None:
            terms = Terms(_words(before), _words(after), timeout, when, dry_run, deliver, until)
        found = hook if isinstance(hook, Hook) else self.hooks[hook]
        return found.add(function, depth, local, self.owners.origin(sys._getframe().f_back, owner, place), label, terms)

    def remove_hook(
        self, hook: str | Hook, function: Callable[..., Any] | str, *, local: Scope | None = None
    ) -> Entry | None:
        """Take FUNCTION out of HOOK; None if it is not in it, which is no error (Emacs: remove-hook).

        FUNCTION is a function, its name or label, or its number `#17`.

        Journal: one record, if it was there.
        """
        found = hook if isinstance(hook, Hook) else self.hooks[hook]
        origin = self.owners.origin(sys._getframe().f_back)
        with self.journal.lock:
            try:
                entry = found.find(function, local)
            except UnknownNameError:
                return None
            found.remove(entry, origin)
        return entry

    def find_entry(self, hook: str | Hook, ref: Any, *, local: Scope | None = None) -> Entry:
        """Return the entry REF of HOOK: a function, its name or label, or its number `#17`."""
        return self.hook(hook).find(ref, local)

    def move_hook(self, hook: str | Hook, function: Any, depth: float, *, local: Scope | None = None) -> Entry:
        """Give FUNCTION in HOOK another DEPTH; among equals it stands where a new one would."""
        found = self.hook(hook)
        return found.move(found.find(function, local), depth, self.owners.origin())

    def disable(self, hook: str | Hook, function: Any, *, local: Scope | None = None) -> Entry:
        """Switch FUNCTION in HOOK off without taking it out."""
        found = self.hook(hook)
        return found.set_state(found.find(function, local), "disabled", "disable", self.owners.origin())

    def enable(self, hook: str | Hook, function: Any, *, local: Scope | None = None) -> Entry:
        """Switch FUNCTION in HOOK on again; one that was quarantined when it was switched off is quarantined again.

        Raises:
            ConflictError: it is quarantined, from where only `release` brings it back.
        """
        found, origin = self.hook(hook), self.owners.origin()
        with self.journal.lock:  # no firing comes between the two changes
            entry = found.find(function, local)
            if entry.state == "quarantined":
                where = f" --local {local}" if local is not None else ""
                raise ConflictError(
                    f"enable: {entry.label} in {found.name} is quarantined.",
                    f"When it is mended, type: release {found.name} {entry.label}{where}",
                )
            entry = found.set_state(entry, "active", "enable", origin)
            if entry.health.consecutive >= found.failure_limit:
                self.failures.quarantine(found, entry)
            return found.find(f"#{entry.number}", local)

    def release(self, hook: str | Hook, function: Any, *, local: Scope | None = None) -> Entry:
        """Bring FUNCTION in HOOK back from quarantine, its failures in a row forgotten."""
        found = self.hook(hook)
        entry = found.find(function, local)
        entry.health.consecutive = 0
        found.refresh()  # one that was not set aside yet was watched
        return found.set_state(entry, "active", "release", self.owners.origin())

    # -- firing

    def run_hooks(self, *hooks: str | Hook) -> None:
        """Fire HOOKS one after another without a payload (Emacs: run-hooks)."""
        for hook in hooks:
            self.hook(hook).all()

    def run_hook_with_args(self, hook: str | Hook, *args: Any, **payload: Any) -> None:
        """Call every function of HOOK with the payload (Emacs: run-hook-with-args)."""
        self.hook(hook).all(*args, **payload)

    def run_hook_with_args_until_success(self, hook: str | Hook, *args: Any, **payload: Any) -> Any:
        """Call functions of HOOK until one result is true; return it, else None."""
        return self.hook(hook).until_success(*args, **payload)

    def run_hook_with_args_until_failure(self, hook: str | Hook, *args: Any, **payload: Any) -> Any:
        """Call functions of HOOK until one result is false; return it, else True."""
        return self.hook(hook).until_failure(*args, **payload)

    def run_hook_wrapped(self, hook: str | Hook, wrapper: Callable[..., Any], *args: Any, **payload: Any) -> Any:
        """Call WRAPPER with each function of HOOK and the payload until a result is true; return that."""
        return self.hook(hook).wrapped(wrapper, *args, **payload)

    scope = staticmethod(scope)

    # -- tracing

    def trace(self, hook: str | Hook, when: Callable[..., Any] | None = None) -> None:
        """Watch the firings of HOOK (those for whose payload WHEN is true); `traces.firings` holds the trees.

        A firing for which WHEN fails is watched, too, and says so.

        Raises:
            HookSignatureError: WHEN wants what the hook does not pass.
        """
        found = self.hook(hook)
        if when is not None:
            found.payload.shape(when)
        self.traces.start(found.name, when)

    def untrace(self, hook: str | Hook) -> None:
        """Watch the firings of HOOK no longer."""
        self.traces.stop(self.hook(hook).name)

    def _refresh_all(self) -> None:
        """Let every hook take on the shape that it needs now: a firing inside a traced one is watched, too."""
        for hook in list(self._hooks.values()):
            hook.refresh()

    # -- names

    def _redefined(self, name: str) -> None:
        """Let the hooks that hold NAME look at it again."""
        for hook in self._hooks.values():
            if hook.holds(name):
                hook.refresh()

    def _check_holders(self, name: str) -> None:
        """Say at once when NAME, defined anew, does not fit a hook that holds it; fired, it is an error."""
        for hook in list(self._hooks.values()):
            if hook.holds(name):
                tell_misfits(hook, [(name, self.namespace.globals.get(name))])

    # -- taking back

    def withdraw(self, owner: Owner, what: str = "unload") -> list[Record]:
        """Undo exactly what OWNER did through the runtime, latest first; what others did stays.

        Journal: one record for each thing taken out, in one group.
        """
        return self.journal.withdraw(owner, what, self.owners.origin())

    def undo(self, wanted: Callable[[Record], bool] = lambda _: True, check: Check = lambda _: None) -> list[Record]:
        """Take back the latest change to hooks, options, advice or loads; return the records taken back.

        That is the latest that has a record WANTED; CHECK gets its records first, and may raise. What came about by
        itself is no such change: a lease that expired, a quarantine.

        Raises:
            ConflictError: there is nothing to undo, or a later change stands on it and is named.

        Journal: one record for each one taken back, in one group.
        """
        history, origin = self.history, self.owners.origin()

        def look() -> list[Record]:
            latest = history.latest(wanted)
            check(latest)
            return latest

        return self.taking_back(look, lambda: history.undo(origin, wanted), lambda _: history.redo(origin))

    def redo(self, check: Check = lambda _: None) -> list[Record]:
        """Do again what was undone last; return the records of it.

        CHECK gets the records of its undoing first, and may raise.

        Raises:
            ConflictError: there is nothing to redo, or a later change stands in the way.
        """
        history, origin = self.history, self.owners.origin()

        def look() -> list[Record]:
            _, undone = history.undone()
            check(undone)
            return undone

        return self.taking_back(
            look,
            lambda: history.redo(origin),
            lambda done: history.undo(origin, lambda record: record.group == done[0].group),
        )

    def close(self) -> None:
        """Stop what the runtime runs: timers, tasks, its loop."""
        for _, made in list(self._resources.items()):
            made.stop()
        self.clock.close()
        self.loop.close()


def _words(names: str | Iterable[str]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


def _resolved(function: Callable[..., Any]) -> inspect.Signature:
    """Return FUNCTION's signature with its annotations resolved where they can be."""
    signature = inspect.signature(function)
    try:
        hints = get_type_hints(function, include_extras=True)
    except (NameError, TypeError):
        return signature  # an annotation that is not there at run time stays the text it is
    parameters = [p.replace(annotation=hints.get(p.name, p.annotation)) for p in signature.parameters.values()]
    return signature.replace(parameters=parameters)
