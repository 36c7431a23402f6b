"""How an operation is carried out: asked, written, recorded and answered, then fired from the event log.

    pre-X-hook (nothing held) → BEGIN · write · X-hook · event row · COMMIT → answer → post-X-hook

An operation within another is asked after it and written before it, in the same transaction.
"""

from __future__ import annotations

import dataclasses
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from scirehooks.core.declare import Rehearsal, command_function, declare_hooks
from scirehooks.core.events import PostFirer, acting_in, current_event, make_event, note_root
from scirehooks.core.model import Event
from scirehooks.core.operation import Core, Operation, Phase
from scirehooks.core.progress import Progress
from scirehooks.core.store import Store, Transaction
from scirehooks.errors import NotAllowedHereError, RefusedError, ScireError, StaleStatusError
from scirehooks.hooks import BUILTIN, Runtime, Verdict, source_of
from scirehooks.values import Values

__all__ = ["Engine"]

_log = logging.getLogger("scirehooks")
_SLOW = 0.1  # seconds; while an on-function runs, nobody else can write
_ATTEMPTS = 3


class _Part(NamedTuple):
    """An operation that is to be written, and its event."""

    operation: Operation
    event: Event


class Engine:
    """Carries out operations for the fleet CORE; `firer` fires their post-hooks."""

    def __init__(
        self, runtime: Runtime, values: Values, store: Store, core: Core, progress: Progress, workers: int
    ) -> None:
        self._runtime, self._values, self._store, self._core, self._progress = runtime, values, store, core, progress
        self._known: dict[str, type[Operation]] = {}
        self.calls: dict[str, Callable[..., Any]] = {}
        self.firer = PostFirer(store, self._fire_post, progress, workers)

    def declare(self, operation: type[Operation]) -> None:
        """Declare the hooks of OPERATION, and its command if it has one."""
        self._known[operation.name] = operation
        declare_hooks(self._runtime, self._values, operation, type(self._core), self._rehearsal)
        if operation.command:
            call = command_function(operation, self._core, self._values, self.perform)
            self.calls[call.__name__] = call
            self._runtime.define_command(operation.command, call, owner=BUILTIN, place=source_of(operation.write))

    def perform(self, operation: Operation) -> Any:
        """Carry OPERATION out; return what its `write` returns, when it is on the disk.

        Raises: RefusedError with the verdict; what a function of the on-hook raised, after the rollback; what the
        operation itself raises, as ConflictError; NotAllowedHereError inside a transaction.
        """
        if self._store.on_writer:
            raise NotAllowedHereError(
                f"{operation.name} cannot be called in an on-hook: it would wait for the transaction that it is in.",
                "Call it from a function in the post-hook.",
            )
        for attempt in range(_ATTEMPTS):
            try:
                return self._attempt(operation)
            except StaleStatusError:
                # What it contains was decided on a status that somebody changed in between: look again, ask again.
                if attempt == _ATTEMPTS - 1:
                    raise
        raise AssertionError("unreachable")

    def _attempt(self, operation: Operation) -> Any:
        parts = self._ask_all(operation)
        failed: BaseException | None = None
        try:
            result, events = self._commit(parts)
        except _OnFunctionError as carrier:
            failed = carrier.error
        if failed and operation.refusable:
            raise failed  # out here, so that its own context stays as it was
        if failed:
            # What has happened is recorded, even if a function that was to add to the record cannot.
            _log.error("%s is recorded without its functions: %r", operation.name, failed)
            result, events = self._commit(parts, with_functions=False)
        note_root(events[-1])
        for part in parts:
            part.operation.done(self._core)
        return result

    def _commit(self, parts: list[_Part], *, with_functions: bool = True) -> tuple[Any, list[Event]]:
        def write(transaction: Transaction) -> tuple[Any, list[Event]]:
            result, events = None, []
            for part in parts:
                result, event = self._write(part, transaction, with_functions)
                events.append(event)
            return result, events

        return self._store.write(write, after=lambda done: self._committed(done[1]))

    # -- before the transaction

    def _ask_all(self, operation: Operation) -> list[_Part]:
        """Ask for OPERATION and what it contains; return all, as amended, in the order in which to write them."""
        payload = self._json(operation)
        event = make_event(operation.name, operation.subject, self._core.actor, payload)
        as_it_was, operation = operation, self._ask(operation, event)
        parts: list[_Part] = []
        # What it contains is caused by it, but not called by a function: it is no deeper.
        with acting_in(dataclasses.replace(event, depth=event.depth - 1)):
            for inner in operation.contains(self._core):
                parts += self._ask_all(inner)
                operation = operation.with_inner(parts[-1].operation)
        return [*parts, _Part(self._settled(operation, as_it_was), event)]

    def _settled(self, operation: Operation, as_it_was: Operation) -> Operation:
        try:
            # Whatever functions put into it, or did to what they were given, is read as if it came from the event.
            return operation.with_fields(self._read(type(operation), self._json(operation))).settled()
        except ScireError as error:
            if operation.refusable:
                raise
            _log.warning("%s: what functions made of it cannot be, and is passed over: %s", operation.name, error)
            return as_it_was.settled()

    def _ask(self, operation: Operation, event: Event) -> Operation:
        if "pre" not in operation.phases:
            return operation
        hook = self._runtime.hooks[operation.hook("pre")]
        with self._runtime.scope(*operation.scopes), acting_in(event):
            verdict: Verdict = hook.run(**operation.payload, event=event, fleet=self._core)
        if not verdict.allowed:
            if operation.refusable:
                raise _refused(operation, verdict)
            by = verdict.refused_by.where() if verdict.refused_by else "a function"
            _log.warning("%s: %s would refuse what has happened, and is passed over: %s", hook.name, by, verdict.reason)
        return operation.with_fields(verdict.payload)

    def _json(self, operation: Operation) -> dict[str, Any]:
        types = operation.annotations()
        return {name: self._values.to_json(value, types[name]) for name, value in operation.payload.items()}

    def _read(self, operation: type[Operation], payload: Mapping[str, Any]) -> dict[str, Any]:
        types = operation.annotations()
        return {
            name: self._values.from_json(types[name], payload[name], field=name) for name in types if name in payload
        }

    # -- on the writer thread

    def _write(self, part: _Part, transaction: Transaction, with_functions: bool) -> tuple[Any, Event]:
        operation = part.operation
        event = dataclasses.replace(part.event, payload=self._json(operation))
        transaction.noting_for = event.id
        result = operation.write(transaction)
        if with_functions and "on" in operation.phases:
            self._run_on_hook(operation, event, transaction)
        seq = transaction.insert_event(event, fires="post" in operation.phases)
        return result, dataclasses.replace(event, seq=seq)

    def _run_on_hook(self, operation: Operation, event: Event, transaction: Transaction) -> None:
        hook = self._runtime.hooks[operation.hook("on")]
        begun = time.monotonic()
        with self._runtime.scope(*operation.scopes), acting_in(event):
            try:
                hook.run(**operation.payload, event=event, fleet=self._core, transaction=transaction)
            except BaseException as error:
                error.add_note(f"{operation.name} {operation.title} was undone; nothing of it is left.")
                raise _OnFunctionError(error) from error
        if (took := time.monotonic() - begun) > _SLOW:
            _log.warning("%s took %.0f ms, and nobody else could write meanwhile.", hook.name, took * 1000)

    def _committed(self, events: list[Event]) -> None:
        self.firer.submit([event for event in events if "post" in self._known[event.operation].phases])
        self._progress.step()

    # -- after it

    def _fire_post(self, event: Event) -> None:
        """Fire the post-hook of EVENT, its payload read from its JSON: the first firing is as any later one."""
        operation = self._known[event.operation]
        payload = self._read(operation, event.payload)
        done = operation(**payload)
        with self._runtime.scope(*done.scopes):
            self._runtime.hooks[operation.hook("post")].run(**payload, event=event, fleet=self._core)

    # -- for the prompt

    def _rehearsal(self, phase: Phase) -> Rehearsal:
        def rehearse(fire: Callable[[dict[str, Any]], Any]) -> Any:
            """Let FIRE run the hook with an event that is none; an on-hook in a transaction that is rolled back."""
            event = current_event() or make_event("rehearsal", "none", self._core.actor, {})
            extra = {"event": dataclasses.replace(event, dry_run=True), "fleet": self._core}
            if phase != "on":
                return fire(extra)
            try:
                self._store.write(lambda transaction: _roll_back(fire({**extra, "transaction": transaction})))
            except _RollBack as done:
                return done.result

        return rehearse


class _OnFunctionError(Exception):
    """Carries the very exception of an on-function out of the transaction."""

    def __init__(self, error: BaseException) -> None:
        self.error = error


class _RollBack(Exception):
    """No error: how a rehearsal ends."""

    def __init__(self, result: Any) -> None:
        self.result = result


def _roll_back(result: Any) -> None:
    raise _RollBack(result)


def _refused(operation: Operation, verdict: Verdict) -> RefusedError:
    by = verdict.refused_by.where() if verdict.refused_by else "a function"
    later = f"Try again in {verdict.defer:g} s, or look" if verdict.defer else "Look"
    reason = verdict.reason if verdict.reason.endswith((".", "!", "?")) else f"{verdict.reason}."
    return RefusedError(
        f"{operation.name} {operation.title} was refused by {by}: {reason}",
        verdict,
        f"{later} with describe-hook {operation.hook('pre')}.",
    )
