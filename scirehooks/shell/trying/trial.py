"""One firing for testing: a hook, a payload, all of its functions or one, in earnest or as a dry run."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import is_dataclass, replace
from typing import Any

from scirehooks.hooks import (
    DryFiring,
    DryRun,
    Entry,
    EventLog,
    Hook,
    Outcome,
    Runtime,
    Verdict,
    dry_running,
    outcomes_of,
    outcomes_of_verdict,
    rehearsing,
    stand_in,
)
from scirehooks.records import dataclass
from scirehooks.shell.trying.firingview import Fired, Someone, planned
from scirehooks.shell.trying.payload import PayloadMaker
from scirehooks.shell.trying.traceview import FiringView
from scirehooks.shell.views import VerdictView, shown_failure
from scirehooks.values import Values

__all__ = ["Trial", "provided_classes"]


@dataclass(slots=True)
class _Seen:
    """What a firing met: the payload, the entries in force, and in a dry run what that found out."""

    payload: dict[str, Any]
    entries: tuple[Entry, ...]
    dry: DryRun | None
    rolled_back: bool = False
    failed: tuple[tuple[Entry, BaseException], ...] = ()
    result: Any = None
    error: BaseException | None = None

    @property
    def firing(self) -> DryFiring | None:
        """What a dry run found out about the firing itself, the last of all those in it."""
        return self.dry.firings[-1] if self.dry and self.dry.firings else None


@dataclass(frozen=True, slots=True)
class Trial:
    """Fires HOOK with FIELDS, which MAKER completes; through ONLY one of its functions if that is given."""

    runtime: Runtime
    values: Values
    hook: Hook
    maker: PayloadMaker
    fields: Mapping[str, Any]
    only: Entry | None = None
    dry_run: bool = False
    trace: bool = False

    def fire(self) -> tuple[Fired, tuple[Outcome, ...]]:
        """Fire, and return what is to be shown, and how each function fared.

        No failure is counted; a hook that brings a transaction is fired in one that is rolled back. What a function
        raises is raised, unless it is in the trace.
        """
        with contextlib.ExitStack() as around:
            trees = around.enter_context(self.runtime.tracing()) if self.trace else ()
            dry = around.enter_context(dry_running()) if self.dry_run else None
            failed = dry.failures if dry else around.enter_context(rehearsing())
            seen = _Seen({}, (), dry)
            try:
                rehearse = self.hook.rehearse
                seen.result = rehearse(self._with(seen)) if rehearse else self._with(seen)({})
            except Exception as error:
                if not self.trace or not trees:
                    raise
                seen.error = error  # it is in the tree, with all that led to it
            seen.failed = tuple(failed)
        return self._shown(seen, tuple(FiringView.of(span) for span in trees)), self._outcomes(seen)

    def _with(self, seen: _Seen) -> Callable[[dict[str, Any]], Any]:
        def run(extra: dict[str, Any]) -> Any:
            seen.rolled_back = "transaction" in extra
            passed = {name: value for name, value in extra.items() if name in self.hook.payload.names}
            whole = seen.payload = self.maker.complete({**passed, **self.fields})
            scopes, event = self._about(whole)
            if "event" in whole:
                whole["event"] = event
            with self.runtime.scope(*scopes):
                return self._run(seen, whole)

        return run

    def _run(self, seen: _Seen, payload: dict[str, Any]) -> Any:
        if self.only is not None:
            # Asked for by name it is run in whatever state it is: to see whether it is mended, say.
            seen.entries = (self.only.replace(state="active"),)
            if seen.dry is None:
                return self.hook.through([stand_in(seen.entries[0])], **payload)
            return seen.dry.fire(self.hook, seen.entries, **payload)
        seen.entries = self.hook.in_force()
        return seen.dry.fire(self.hook, **payload) if seen.dry else self.hook.run(**payload)

    def _about(self, payload: Mapping[str, Any]) -> tuple[tuple[Any, ...], Any]:
        """Return the scopes for PAYLOAD, and its event: the one given, or one of the operation."""
        log: EventLog | None = self.values.provided(EventLog, None)
        scopes, event = log.about(self.hook.name, payload, dry_run=self.dry_run) if log is not None else ((), None)
        given = self.fields.get("event", event) or payload.get("event")
        if self.dry_run and is_dataclass(given) and not isinstance(given, type):
            given = replace(given, dry_run=True)
        return scopes, given

    def _shown(self, seen: _Seen, trace: tuple[FiringView, ...]) -> Fired:
        dry = seen.firing
        verdict = VerdictView.of(seen.result) if isinstance(seen.result, Verdict) else None
        called = dry.called if dry else seen.entries
        return Fired(
            self.hook.name,
            self.maker.shown(seen.payload),
            tuple(entry.label for entry in called if entry.state == "active"),
            None if verdict else seen.result,
            verdict,
            seen.rolled_back,
            tuple(f"{entry.label} ({entry.state})" for entry in seen.entries if entry.state != "active"),
            tuple(shown_failure(*each) for each in seen.failed),
            tuple(self.maker.sampled),
            self.dry_run,
            tuple(Someone.of(entry) for entry in dry.unknown) if dry else (),
            planned(dry.effects, provided_classes(self.values)) if dry else (),
            f"{type(seen.error).__name__}: {seen.error}" if seen.error else "",
            trace,
        )

    def _outcomes(self, seen: _Seen) -> tuple[Outcome, ...]:
        if isinstance(seen.result, Verdict):
            return outcomes_of_verdict(seen.result)
        failed = [(entry, error) for entry, error in seen.failed if entry.hook == self.hook.name]
        return outcomes_of(seen.firing.called if seen.firing else seen.entries, failed)


def provided_classes(values: Values) -> tuple[type, ...]:
    """Return the classes of what the application provides: as arguments of an act they are no news."""
    return tuple(type(value) for value in values.provisions)
