"""A hook: a named, ordered list of functions, and the slot that fires it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, overload

from scirehooks.errors import ConflictError, NotAFunctionError, OrderError, UnknownNameError, ValueFormatError
from scirehooks.hooks import firing
from scirehooks.hooks.call import SKIPPED, Step, call
from scirehooks.hooks.clock import Alarm
from scirehooks.hooks.declaration import Declaration, Rehearsal, variable
from scirehooks.hooks.drive import adrive, drive
from scirehooks.hooks.entries import EMPTY, EntryCells
from scirehooks.hooks.entry import PLAIN, Entry, Health, State, Terms, identity, label_of
from scirehooks.hooks.firing import CallingRule, Verdict
from scirehooks.hooks.journal import ABSENT
from scirehooks.hooks.order import arrange, check_constraints, rank
from scirehooks.hooks.owner import Origin, Owner, Place
from scirehooks.hooks.prepare import prepare, steps
from scirehooks.hooks.scope import GLOBAL, Scope, current_scopes

if TYPE_CHECKING:
    from scirehooks.hooks.runtime import Runtime

__all__ = ["Hook"]


class Hook:
    """A named, ordered list of functions; `run` fires it by the rules it was declared with.

    It reads as a list in run order: `len(hook)`, `for function in hook`, `function in hook`, `hook[0]`,
    `hook += function`, `hook -= function`.
    """

    def __init__(self, runtime: Runtime, declaration: Declaration) -> None:
        self._runtime = runtime
        self.declaration = declaration
        self.cells = EntryCells(declaration.name, self._forget, self._wind)
        self._unprepared = self._first  # one object, so that it can be told whether anything is prepared
        self.loop = runtime.loop
        self.forsaken = runtime.forsaken
        self._snapshots: dict[Scope | None, tuple[Any, ...]] = {}
        self._runs: dict[CallingRule, Callable[..., Any]] = {}
        self.run: Callable[..., Any] = self._unprepared
        self.declare(declaration)

    def declare(self, declaration: Declaration) -> None:
        """Take DECLARATION as what this hook is; its entries stay."""
        self.declaration = declaration
        self.name = declaration.name
        self.payload = declaration.payload
        self.mode = declaration.mode
        self.on_error = declaration.on_error
        self.amend = declaration.amend
        self.amender = declaration.amender
        self.threaded = declaration.threaded
        self.failure_limit = declaration.failure_limit
        self.refresh()

    def refresh(self) -> None:
        """Forget what was prepared for firing; the next firing prepares it anew."""
        with self._runtime.journal.lock:
            self._forget()

    def _forget(self) -> None:
        """Do what `refresh` does; the journal's lock is held."""
        if self._snapshots or self._runs or self.run is not self._unprepared:
            self._snapshots = {}
            self._runs = {}
            self.run = self._unprepared

    def _wind(self, entry: Entry, expires: float) -> Alarm:
        """Let ENTRY go when its lease EXPIRES."""
        return self._runtime.clock.after(expires - time.time(), lambda: self.expire(entry))

    # -- what it is

    @property
    def variable(self) -> str:
        """The hook's name in Python."""
        return variable(self.name)

    @property
    def doc(self) -> str:
        """The contract: when it fires, with what, and what results and errors mean."""
        return self.declaration.doc

    @property
    def owner(self) -> Owner:
        """Who declared the hook."""
        return self.declaration.owner

    @property
    def place(self) -> Place | None:
        """Where the hook was declared."""
        return self.declaration.place

    @property
    def rehearse(self) -> Rehearsal | None:
        """How a firing for testing runs this hook, if in a way of its own."""
        return self.declaration.rehearse

    def __repr__(self) -> str:
        return f"<Hook {self.name}: {', '.join(entry.label for entry in self.entries()) or 'empty'}>"

    # -- reading

    def has_local(self, scope: Scope) -> bool:
        """Tell whether the hook has a value of its own for SCOPE."""
        return (scope in self.cells.scopes or bool(self.cells.held)) and bool(self.cells.in_force(scope))

    @property
    def locals(self) -> tuple[Scope, ...]:
        """The scopes for which the hook has a value of its own."""
        scopes = dict.fromkeys([*self.cells.scopes, *(scope for scope, _ in list(self.cells.held))])
        return tuple(scope for scope in scopes if scope is not None and self.has_local(scope))

    def snapshot(self, scope: Scope | None) -> tuple[Any, ...]:
        """Return what a firing sees as the value for SCOPE (None: the global one); see `_value`."""
        try:
            return self._snapshots[scope]
        except KeyError:
            with self._runtime.journal.lock:
                value = self._snapshots[scope] = self._value(self.cells.in_force(scope), scope)
            return value

    def _value(self, shown: list[Entry], scope: Scope | None) -> tuple[Any, ...]:
        """Return SHOWN in run order, and GLOBAL among them if it is a local value."""
        found = arrange(shown)
        if scope is None or not found:
            return tuple(found)
        marker = (0.0, found[0].marker)
        before = sum(entry.order < marker for entry in found)
        return (*found[:before], GLOBAL, *found[before:])

    def _read(self, scope: Scope | None) -> tuple[Any, ...]:
        """Return the value for SCOPE as it will be when a replacement under way, if there is one, has ended."""
        if not self.cells.held:
            return self.snapshot(scope)
        with self._runtime.journal.lock:
            return self._value(self.cells.shown(scope), scope)

    def entries(self, local: Scope | None = None) -> tuple[Entry, ...]:
        """Return the entries of the global value, or of the value for the scope LOCAL, in run order."""
        return tuple(entry for entry in self._read(local) if entry is not GLOBAL)

    def value(self, local: Scope | None = None) -> list[Any]:
        """Return the value as Emacs shows it: names, functions, and in a local value GLOBAL."""
        return [GLOBAL if entry is GLOBAL else entry.held for entry in self._read(local)]

    def holds(self, name: str) -> bool:
        """Tell whether a function in the hook, in any scope, is held by NAME."""
        scopes = self.cells.scopes  # mostly empty, and each name that is defined asks every hook
        return bool(scopes) and any(name in value.stacks for value in list(scopes.values()))

    def everywhere(self) -> list[Entry]:
        """Return the entries of the global value and of all local ones."""
        return [entry for scope in (None, *self.locals) for entry in self.entries(scope)]

    def __len__(self) -> int:
        return len(self._read(None))

    def __bool__(self) -> bool:
        return True  # a hook is there even when it is empty

    def __iter__(self) -> Iterator[Any]:
        return iter([entry.held for entry in self.entries()])

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> list[Any]: ...
    def __getitem__(self, index: int | slice) -> Any:
        return list(self)[index]

    def __contains__(self, function: object) -> bool:
        return self._present(function, None) is not None

    def __iadd__(self, function: Any) -> Hook:
        self._runtime.add_hook(self, function)
        return self

    def __isub__(self, function: Any) -> Hook:
        self._runtime.remove_hook(self, function)
        return self

    # -- changing; the runtime says in whose name

    def _present(self, function: Any, local: Scope | None) -> Entry | None:
        held = self._runtime.namespace.held(function)
        there = self.cells.scopes.get(local, EMPTY)
        found = there.shown_at(identity(held))
        return found if found is not None or held is function else there.shown_at(identity(function))

    def find(self, ref: Any, local: Scope | None = None) -> Entry:
        """Return the entry REF: a function, its name or label, or its number `#17`.

        Raises:
            UnknownNameError: nothing in the hook is called so; the message says what is there.
        """
        found = self._present(ref, local)
        if found is not None:
            return found
        entries = self.entries(local)
        for entry in entries:
            if ref in (entry.label, f"#{entry.number}"):
                return entry
        there = ", ".join(entry.label for entry in entries)
        name = ref if isinstance(ref, str) else label_of(ref, self.owner)
        raise UnknownNameError(
            f"function in {self.name} called", name, [entry.label for entry in entries],
            f"It holds {there}." if there else "It is empty.",
        )  # fmt: skip

    def add(
        self, function: Any, depth: float, local: Scope | None, origin: Origin, label: str | None, terms: Terms
    ) -> Entry:
        """Put FUNCTION in; see `Runtime.add_hook`."""
        if not callable(function) and not isinstance(function, str):
            raise NotAFunctionError(f"add-hook {self.name}: {function!r} is neither a function nor the name of one.")
        if type(depth) is not int:  # which most are, and then there is nothing to check
            self._check_depth("add-hook", depth)
        if terms.timeout is not None and not terms.timeout > 0:
            raise ValueFormatError("timeout", "more than 0 seconds", repr(terms.timeout))
        runtime, cells = self._runtime, self.cells
        held = runtime.namespace.held(function)
        key = identity(held)
        with runtime.journal.lock:
            there = cells.scopes.get(local, EMPTY)
            present = there.shown_at(key)
            if present is None and held is not function:
                present = there.shown_at(identity(function))  # it came before it had its name
            if present is not None:
                return present
            number = runtime.next_number()
            entry = Entry(
                number, self.name, held, key, there.free_label(label or label_of(held, origin.owner)),
                (depth, rank(number, depth)), local, 0 if local is None else self._marker(local, number),
                origin.owner, origin.place, time.time(), terms, Health(), runtime.namespace.globals,
            )  # fmt: skip
            current = entry.function if isinstance(held, str) else held
            if current is not None:
                self.payload.shape(current)
            if terms.when is not None:
                self.payload.shape(terms.when)
            if there.constrained or (terms is not PLAIN and terms.constrained):
                check_constraints([*cells.shown(local), entry], self.name)
            runtime.journal.set_locked(cells, (local, key), entry, "add-hook", origin)
        return entry

    def _check_depth(self, what: str, depth: float) -> None:
        if type(depth) is not int and (type(depth) is not float or not math.isfinite(depth)):
            raise OrderError(
                f"{what} {self.name}: the depth must be a finite number, not {depth!r}.", "90 is far back."
            )

    def _marker(self, local: Scope, number: int) -> int:
        """Return the rank of GLOBAL in the value for LOCAL: what comes first to a local value comes after it."""
        there = self.cells.shown(local)
        return there[0].marker if there else rank(number - 1, 0)

    def change(self, entry: Entry, new: Entry, what: str, origin: Origin) -> Entry:
        """Let ENTRY be as NEW is."""
        with self._runtime.journal.lock:
            if self.cells.value((entry.local, entry.key)) is not entry:
                raise ConflictError(f"{what}: {entry.label} in {self.name} has just been changed by somebody else.")
            self._runtime.journal.set(self.cells, (entry.local, entry.key), new, what, origin)
        return new

    def move(self, entry: Entry, depth: float, origin: Origin) -> Entry:
        """Give ENTRY the depth DEPTH, as if added anew."""
        self._check_depth("move-hook", depth)
        new = entry.replace(order=(depth, rank(self._runtime.next_number(), depth)))
        with self._runtime.journal.lock:
            others = [other for other in self.cells.shown(entry.local) if other is not entry]
            check_constraints([*others, new], self.name)
            return self.change(entry, new, "move-hook", origin)

    def set_state(self, entry: Entry, state: State, what: str, origin: Origin) -> Entry:
        """Switch ENTRY on or off."""
        return entry if entry.state == state else self.change(entry, entry.replace(state=state), what, origin)

    def remove(self, entry: Entry, origin: Origin) -> None:
        """Take ENTRY out; the journal's lock is held."""
        self._runtime.journal.set_locked(self.cells, (entry.local, entry.key), ABSENT, "remove-hook", origin)

    # -- firing

    def _first(self, *args: Any, **payload: Any) -> Any:
        """Be `run` at the first firing after a change: prepare the next ones."""
        with self._runtime.journal.lock:
            run = self.run = self._prepared(self.mode)
        return run(*args, **payload)

    def _prepared(self, mode: CallingRule) -> Callable[..., Any]:
        """Return the function that fires by the rule MODE."""
        with self._runtime.journal.lock:
            found = self._runs.get(mode)
            if found is None:
                found = self._runs[mode] = prepare(self, mode, self._runtime)
        return found

    def __call__(self, *args: Any, **payload: Any) -> Any:
        """Fire by the declared rules."""
        return self.run(*args, **payload)

    async def arun(self, *args: Any, **payload: Any) -> Any:
        """Fire by the declared rules, awaiting coroutine functions; plain ones of a `threaded` hook get a thread."""
        values, extra = self.payload.bind(args, payload)
        with self._runtime.traces.watch(self.name, self.payload, values, extra) as tracer:
            return await adrive(self, steps(self, self.mode, values, extra), tracer)

    def all(self, *args: Any, **payload: Any) -> None:
        """Call every function and return None (Emacs: run-hook-with-args)."""
        self._prepared("all")(*args, **payload)

    def until_success(self, *args: Any, **payload: Any) -> Any:
        """Call functions until one result is true; return it, else None (run-hook-with-args-until-success)."""
        return self._prepared("until_success")(*args, **payload)

    def until_failure(self, *args: Any, **payload: Any) -> Any:
        """Call functions until one result is false; return it, else True (run-hook-with-args-until-failure)."""
        return self._prepared("until_failure")(*args, **payload)

    def fold(self, *args: Any, **payload: Any) -> Any:
        """Send the first argument through every function and return what comes out; a result of None leaves it."""
        return self._prepared("fold")(*args, **payload)

    def ask(self, *args: Any, **payload: Any) -> Verdict:
        """Ask every function for its verdict, whatever rule the hook was declared with."""
        verdict: Verdict = self._prepared("ask")(*args, **payload)
        return verdict

    def through(self, entries: Iterable[Entry], *args: Any, **payload: Any) -> Any:
        """Fire by the declared rules through ENTRIES instead of those in force, as for testing one of them."""
        values, extra = self.payload.bind(args, payload)
        with self._runtime.traces.watch(self.name, self.payload, values, extra) as tracer:
            return drive(self, steps(self, self.mode, values, extra, iter(entries)), tracer)

    def wrapped(self, wrapper: Callable[..., Any], *args: Any, **payload: Any) -> Any:
        """Call WRAPPER with each function and the payload until a result is true (Emacs: run-hook-wrapped).

        What WRAPPER gets as the function is called with the whole payload and passes on what the function wants; it
        bears the function's label as its name.
        """
        values, extra = self.payload.bind(args, payload)
        for entry in firing.walk(self, current_scopes()):
            if entry.state == "active":
                result = wrapper(self._callable(entry), *values, **extra)
                if result:
                    return result
        return None

    def _callable(self, entry: Entry) -> Callable[..., Any]:
        def function(*args: Any, **payload: Any) -> Any:
            result = call(self, Step(entry, *self.payload.bind(args, payload)))
            return None if result is SKIPPED else result

        function.__name__ = function.__qualname__ = entry.label
        return function

    def failed(self, entry: Entry, error: BaseException) -> None:
        """Report that the function of ENTRY failed with ERROR and was isolated."""
        self._runtime.failures.report(self, entry, error)

    def expire(self, entry: Entry) -> None:
        """Take ENTRY out: its lease has ended."""
        self._runtime.failures.expire(self, entry)

    def in_force(self) -> tuple[Entry, ...]:
        """Return the entries that a firing here and now would come to, local values included."""
        return tuple(firing.walk(self, current_scopes()))
