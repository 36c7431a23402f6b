"""How an operation is carried out: asked, written, recorded and answered, then fired from the event log.

    pre-X-hook (nothing held) → BEGIN · write · X-hook · event row · COMMIT → answer → post-X-hook

An operation within another is asked after it and written before it, in the same transaction.

A dry run goes the same way: the same functions ask, write and fire. Only the hooks are fired through those functions
that a dry run may call, what is written is taken back, and post-hooks are fired at once, in the caller's thread.
"""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple, TypeVar

from scirehooks.core.deadlines import Deadlines
from scirehooks.core.declare import command_function, declare_hooks
from scirehooks.core.events import PostFirer, acting_in, current_event, make_event, note_root
from scirehooks.core.model import Event
from scirehooks.core.operation import Core, Operation, Phase
from scirehooks.core.progress import Progress
from scirehooks.core.store import Store, Transaction
from scirehooks.errors import NotAllowedHereError, RefusedError, ScireError, StaleStatusError
from scirehooks.hooks import (
    BUILTIN,
    DryRun,
    Effect,
    Entry,
    Hook,
    Outcome,
    Rehearsal,
    Runtime,
    Verdict,
    dry_running,
    offer_dry_run,
    outcomes_of,
    outcomes_of_verdict,
    planned_instead,
    source_of,
    witnessing,
)
from scirehooks.values import Values

__all__ = ["Engine"]

_log = logging.getLogger("scirehooks")
_SLOW = 0.1  # seconds; while an on-function runs, nobody else can write
_ATTEMPTS = 3


_T = TypeVar("_T")
_Written = tuple[Any, list[Event]]  # what the operation gives, and its events in the order written


class _Part(NamedTuple):
    """An operation that is to be written, its event, and how its functions have fared until now."""

    operation: Operation
    event: Event
    outcome: dict[str, Any]


class _Way(NamedTuple):
    """How an operation is carried out: how its hooks are fired, how the store is written; and in a DRY run, that."""

    fire: Callable[..., Any]
    write: Callable[[Callable[[Transaction], _Written]], _Written]
    dry: DryRun | None = None


class Engine:
    """Carries out operations for the fleet CORE; `firer` fires their post-hooks."""

    def __init__(
        self, runtime: Runtime, values: Values, store: Store, core: Core, progress: Progress, workers: int
    ) -> None:
        self._runtime, self._values, self._store, self._core, self._progress = runtime, values, store, core, progress
        self._known: dict[str, type[Operation]] = {}
        self.calls: dict[str, Callable[..., Any]] = {}
        self.firer = PostFirer(store, self._fire_post, progress, workers)
        self.abandoned: Callable[[], bool] = lambda: False  # whether whoever called has been interrupted meanwhile
        self._deadlines = Deadlines(runtime)
        self._in_earnest = _Way(self._fire, lambda task: store.write(task, after=lambda done: self._committed(done[1])))

    def declare(self, operation: type[Operation]) -> None:
        """Declare the hooks of OPERATION, and its command if it has one."""
        self._known[operation.name] = operation
        declare_hooks(self._runtime, self._values, operation, type(self._core), self._rehearsal)
        if operation.command:
            call = command_function(operation, self._core, self._values, self._carried_out, self._planned)
            offer_dry_run(call, command_function(operation, self._core, self._values, self._dry_run))
            self.calls[call.__name__] = call
            self._runtime.define_command(operation.command, call, owner=BUILTIN, place=source_of(operation.write))

    def perform(self, operation: Operation) -> Any:
        """Carry OPERATION out; return what its `write` returns, when it is on the disk.

        Raises: RefusedError with the verdict; what a function of the on-hook raised, after the rollback; what the
        operation itself raises, as ConflictError; NotAllowedHereError inside a transaction. In a dry run it is only
        written down, and gives None.
        """
        if self._planned(operation.name, operation.payload):
            return None
        return self._carried_out(lambda: operation)

    def _carried_out(self, prepare: Callable[[], Operation]) -> Any:
        return self._while_stale(lambda: self._attempt(prepare()))

    def _dry_run(self, prepare: Callable[[], Operation]) -> DryRun:
        """Find out what would become of the operation that PREPARE returns; nothing is done.

        Raises: what `perform` would raise, except for a refusal.
        """
        return self._while_stale(lambda: self._dry_attempt(prepare()))

    def _planned(self, name: str, arguments: Mapping[str, Any]) -> bool:
        """Tell whether the operation NAME is only written down, since this is a dry run."""
        self._refuse_on_writer(name)
        return planned_instead(name, dict(arguments))

    def _refuse_on_writer(self, name: str) -> None:
        if self._store.on_writer:
            raise NotAllowedHereError(
                f"{name} cannot be called in an on-hook: it would wait for the transaction that it is in.",
                "Call it from a function in the post-hook.",
            )

    def _while_stale(self, attempt: Callable[[], _T]) -> _T:
        for _ in range(_ATTEMPTS - 1):
            # It, or what it contains, was decided on a status that somebody changed in between: look and ask again.
            with contextlib.suppress(StaleStatusError):
                return attempt()
        return attempt()

    def _attempt(self, operation: Operation) -> Any:
        parts, (result, events) = self._carry_out(operation, self._in_earnest)
        note_root(events[-1])
        for part in parts:
            part.operation.done(self._core)
        return result

    def _dry_attempt(self, operation: Operation) -> DryRun:
        self._refuse_on_writer(operation.name)
        with dry_running() as run:
            run.limited = self._deadlines.limited
            try:
                parts, (result, events) = self._carry_out(operation, _Way(run.fire, self._store.try_out, run))
            except RefusedError as refusal:
                if not isinstance(refusal.verdict, Verdict):
                    raise  # a function's own, not ours
                run.refused = refusal.verdict
                return run
            run.result = result
            for part, event in zip(parts, events, strict=True):
                run.acts.append(Effect(part.operation.name, part.operation.payload))
                if "post" in part.operation.phases:
                    self._fire_hook_after(event, run.fire)
        return run

    def _carry_out(self, operation: Operation, way: _Way) -> tuple[list[_Part], _Written]:
        """Ask for OPERATION and write it; return what was written in which order, its result and the events."""
        if operation.pre == "refuse" and operation.refusable:
            self._deadlines.check(operation.name, operation.title)
        parts = self._ask_all(operation, way)
        if self.abandoned():
            raise KeyboardInterrupt  # nobody waits for it any more, so it must not be done behind his back
        failed: BaseException | None = None
        try:
            return parts, self._commit(parts, way)
        except _OnFunctionError as carrier:
            failed = carrier.error
        if operation.refusable:
            raise failed  # out here, so that its own context stays as it was
        # What has happened is recorded, even if a function that was to add to the record cannot.
        _log.error("%s is recorded without its functions: %r", operation.name, failed)
        return parts, self._commit(parts, way, with_functions=False)

    def _commit(self, parts: list[_Part], way: _Way, *, with_functions: bool = True) -> _Written:
        def write(transaction: Transaction) -> _Written:
            result, events = None, []
            for part in parts:
                result, event = self._write(part, transaction, way, with_functions)
                events.append(event)
            return result, events

        return way.write(write)

    # -- before the transaction

    def _ask_all(self, operation: Operation, way: _Way) -> list[_Part]:
        """Ask for OPERATION and what it contains; return all, as amended, in the order in which to write them."""
        event = self.event_of(operation, dry_run=way.dry is not None)
        as_it_was, (operation, outcome) = operation, self._ask(operation, event, way)
        if not operation.refusable:  # what it contains follows from what it can be
            operation = as_it_was = self._settled(operation, as_it_was)
        parts: list[_Part] = []
        # What it contains is caused by it, but not called by a function: it is no deeper.
        with acting_in(dataclasses.replace(event, depth=event.depth - 1)):
            for inner in operation.contains(self._core):
                parts += self._ask_all(inner, way)
                operation = operation.with_inner(parts[-1].operation)
        return [*parts, _Part(self._settled(operation, as_it_was), event, outcome)]

    def event_of(self, operation: Operation, *, dry_run: bool = False) -> Event:
        """Return the event of OPERATION, as it is now; it is not stored."""
        payload = self._json(operation)
        return make_event(operation.name, operation.subject, self._core.actor, payload, dry_run=dry_run)

    def _settled(self, operation: Operation, as_it_was: Operation) -> Operation:
        try:
            # Whatever functions put into it, or did to what they were given, is read as if it came from the event.
            return operation.with_fields(self._read(type(operation), self._json(operation))).settled()
        except ScireError as error:
            if operation.refusable:
                raise
            _log.warning("%s: what functions made of it cannot be, and is passed over: %s", operation.name, error)
            return as_it_was.settled()

    def _ask(self, operation: Operation, event: Event, way: _Way) -> tuple[Operation, dict[str, Any]]:
        """Return OPERATION as amended, and how the functions fared that were asked."""
        if "pre" not in operation.phases:
            return operation, {}
        hook = self._runtime.hooks[operation.hook("pre")]
        with self._runtime.scope(*operation.scopes), acting_in(event):
            verdict: Verdict = way.fire(hook, **operation.payload, event=event, fleet=self._core)
            if not verdict.allowed and operation.refusable:
                if way.dry:
                    way.dry.not_reached += self._asked_later(operation)
                raise _refused(operation, verdict)
        if not verdict.allowed:
            by = verdict.refused_by.where() if verdict.refused_by else "a function"
            _log.warning("%s: %s would refuse what has happened, and is passed over: %s", hook.name, by, verdict.reason)
        outcome = {"pre": _packed(outcomes_of_verdict(verdict)), "asked": event.payload}
        return operation.with_fields(verdict.payload), outcome

    def _asked_later(self, operation: Operation) -> Iterator[Entry]:
        """Yield the functions that would be asked for what OPERATION contains, were it not refused."""
        for inner in operation.contains(self._core):
            with self._runtime.scope(*inner.scopes):
                yield from self._runtime.hooks[inner.hook("pre")].in_force() if "pre" in inner.phases else ()
            yield from self._asked_later(inner)

    def _json(self, operation: Operation) -> dict[str, Any]:
        types = operation.annotations()
        return {name: self._values.to_json(value, types[name]) for name, value in operation.payload.items()}

    def _read(self, operation: type[Operation], payload: Mapping[str, Any]) -> dict[str, Any]:
        types = operation.annotations()
        return {
            name: self._values.from_json(types[name], payload[name], field=name) for name in types if name in payload
        }

    # -- on the writer thread

    def _write(self, part: _Part, transaction: Transaction, way: _Way, with_functions: bool) -> tuple[Any, Event]:
        operation, outcome = part.operation, part.outcome
        event = dataclasses.replace(part.event, payload=self._json(operation))
        transaction.noting_for = event.id
        result = operation.write(transaction)
        if with_functions and "on" in operation.phases:
            outcome = {**outcome, "on": self._run_on_hook(operation, event, transaction, way)}
        if outcome.get("asked") == event.payload:
            outcome = {phase: fared for phase, fared in outcome.items() if phase != "asked"}  # amended by nobody
        seq = transaction.insert_event(event, fires="post" in operation.phases, outcome=outcome)
        return result, dataclasses.replace(event, seq=seq)

    def _run_on_hook(self, operation: Operation, event: Event, transaction: Transaction, way: _Way) -> Any:
        """Fire the on-hook; return how its functions fared."""
        hook = self._runtime.hooks[operation.hook("on")]
        begun = time.monotonic()
        with self._runtime.scope(*operation.scopes), acting_in(event):
            called = hook.in_force()
            try:
                way.fire(hook, **operation.payload, event=event, fleet=self._core, transaction=transaction)
            except BaseException as error:
                error.add_note(f"{operation.name} {operation.title} was undone; nothing of it is left.")
                raise _OnFunctionError(error) from error
        if (took := time.monotonic() - begun) > _SLOW:
            _log.warning("%s took %.0f ms, and nobody else could write meanwhile.", hook.name, took * 1000)
        return _packed(outcomes_of(called))

    def _committed(self, events: list[Event]) -> None:
        self.firer.submit([event for event in events if "post" in self._known[event.operation].phases])
        self._progress.step()

    # -- after it

    def _fire_post(self, event: Event) -> Any:
        """Fire the post-hook of EVENT; return how its functions fared, None if no such hook is known any more."""
        if event.operation not in self._known:
            _log.error("Event %s is of %s, which this program does not know: not fired.", event.seq, event.operation)
            return None
        with witnessing() as failed:
            hook, called = self._fire_hook_after(event, self._fire)
        return _packed(outcomes_of(called, [(entry, error) for entry, error in failed if entry.hook == hook.name]))

    def _fire_hook_after(self, event: Event, fire: Callable[..., Any]) -> tuple[Hook, tuple[Entry, ...]]:
        """Fire the post-hook of EVENT, its payload read from its JSON: the first firing is as any later one."""
        operation = self._known[event.operation]
        payload = self._read(operation, event.payload)
        hook = self._runtime.hooks[operation.hook("post")]
        with self._runtime.scope(*operation(**payload).scopes), acting_in(event):
            called = hook.in_force()
            fire(hook, **payload, event=event, fleet=self._core)
        return hook, called

    def _fire(self, hook: Hook, /, **payload: Any) -> Any:
        """Fire HOOK in earnest; whoever is asked has his deadline."""
        if hook.mode != "ask" or not (entries := hook.in_force()):
            return hook.run(**payload)
        return hook.through(self._deadlines.limited(entries), **payload)

    # -- for the prompt

    def operation_of(self, hook: str) -> type[Operation] | None:
        """Return the operation that HOOK is one of the hooks of."""
        known = self._known.values()
        return next((each for each in known if hook in {each.hook(phase) for phase in each.phases}), None)

    @property
    def operations(self) -> Mapping[str, type[Operation]]:
        """The operations declared, by name."""
        return self._known

    def fired_by_hand(self, event: Event, outcomes: Iterable[Outcome]) -> None:
        """Record how the functions in the post-hook of EVENT fared, if it was never fired to its end before."""
        seq = event.seq
        waits = seq in self.firer.failed or seq in self.firer.put_off
        if waits or seq in {dead.seq for dead in self._store.dead()}:
            self._store.write(lambda transaction: transaction.end_firing(seq, _packed(outcomes)))
            self.firer.failed.pop(seq, None)
            self.firer.put_off.pop(seq, None)

    def read(self, operation: type[Operation], payload: Mapping[str, Any]) -> Operation:
        """Return the OPERATION whose event has PAYLOAD."""
        return operation(**self._read(operation, payload))

    def _rehearsal(self, phase: Phase) -> Rehearsal:
        def rehearse(fire: Callable[[dict[str, Any]], Any]) -> Any:
            """Let FIRE run the hook with an event that is none; an on-hook in a transaction that is rolled back."""
            event = current_event() or make_event("rehearsal", "none", self._core.actor, {})
            extra = {"event": dataclasses.replace(event, dry_run=True), "fleet": self._core}
            if phase != "on":
                return fire(extra)
            return self._store.try_out(lambda transaction: fire({**extra, "transaction": transaction}))

        return rehearse


class _OnFunctionError(Exception):
    """Carries the very exception of an on-function out of the transaction."""

    def __init__(self, error: BaseException) -> None:
        self.error = error


def _packed(outcomes: Iterable[Outcome]) -> list[tuple[str, str]]:
    """Return OUTCOMES as they are stored."""
    return [(each.function, each.how) for each in outcomes]


def _refused(operation: Operation, verdict: Verdict) -> RefusedError:
    by = verdict.refused_by.where() if verdict.refused_by else "a function"
    later = f"Try again in {verdict.defer:g} s, or look" if verdict.defer else "Look"
    reason = verdict.reason if verdict.reason.endswith((".", "!", "?")) else f"{verdict.reason}."
    return RefusedError(
        f"{operation.name} {operation.title} was refused by {by}: {reason}",
        verdict,
        f"{later} with describe-hook {operation.hook('pre')}.",
    )
