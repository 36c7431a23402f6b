"""Firing past events again, against the hooks of today."""

from __future__ import annotations

from collections.abc import Iterator

from scirehooks.errors import ConflictError, UnknownNameError
from scirehooks.hooks import Entry, EventLog, EventWord, Hook, Outcome, PastEvent, PastFiring, Runtime, command
from scirehooks.shell.commands.asking import confirmed
from scirehooks.shell.commands.firing import past_event, with_event
from scirehooks.shell.line.names import EntryName
from scirehooks.shell.trying.firingview import Difference, Fired, Replayed
from scirehooks.shell.trying.payload import PayloadMaker
from scirehooks.shell.trying.trial import Trial
from scirehooks.shell.views import Note, is_called, words_for
from scirehooks.values import Values

__all__ = ["ReplayCommands"]


class ReplayCommands:
    """The command that replays events."""

    def __init__(self, runtime: Runtime, values: Values) -> None:
        self._runtime = runtime
        self._values = values

    @command
    def replay(
        self, event: EventWord, *, only: EntryName | None = None, dry_run: bool = False, yes: bool = False
    ) -> Replayed | Note:
        """Fire the hooks of a past EVENT again, and show what differs from then.

        EVENT is a number or an id; the hooks are those of today. The pre-hook is asked what it was asked then, the hook
        is fired in a transaction that is rolled back, and the post-hook in earnest, for which you are asked unless you
        say YES; in a DRY_RUN effects are written down instead. ONLY replays one function. No event is written and no
        status changed, but a post-hook that was never fired to its end has been then. Exit status 1 if something
        differs.

        Example: replay 1 --dry-run
        """
        past = past_event(self._values, event)
        chosen = self._chosen(past, only)
        if not (dry_run or yes or confirmed([(hook, self._in_force(past, hook, one)) for hook, _, one in chosen])):
            return Note("Nothing was fired.")
        firings: list[Fired] = []
        differences: list[Difference] = []
        for hook, then, entry in chosen:
            maker = PayloadMaker(hook, self._values)
            fields = with_event(maker.from_json(then.payload), past, hook)
            fired, now = Trial(self._runtime, self._values, hook, maker, fields, entry, dry_run).fire()
            firings.append(fired)
            if entry is None and not dry_run:
                self._values.provided(EventLog).replayed(past, hook.name, now)
            if then.outcomes is not None:
                there = {one.label: one for one in _there(past, hook)}
                differences += _differences(fired, _of(then.outcomes, entry), now, there)
        unrecorded = tuple(hook.name for hook, then, _ in chosen if then.outcomes is None)
        return Replayed(
            int(past.number), past.operation, past.subject, past.time, tuple(firings), tuple(differences), unrecorded
        )

    def _chosen(self, past: PastEvent, only: str | None) -> list[tuple[Hook, PastFiring, Entry | None]]:
        """Return the hooks to fire, how they were fired then, and through whom; ONLY leaves those that have it."""
        hooks = [(self._runtime.hooks[firing.hook], firing) for firing in past.firings]
        if only is None:
            return [(hook, firing, None) for hook, firing in hooks]
        found: list[tuple[Hook, PastFiring, Entry | None]] = []
        labels: list[str] = []
        for hook, firing in hooks:
            entries = self._in_force(past, hook, None)
            labels += [entry.label for entry in entries]
            found += [(hook, firing, one) for one in entries if is_called(one, only)]
        if found:
            return found
        for one in (one for hook, _ in hooks for one in _there(past, hook)):
            if one.state == "disabled" and is_called(one, only):
                raise ConflictError(f"{one.label} in {one.hook} is switched off.", f"Type: enable {words_for(one)}")
        raise UnknownNameError(f"function in the hooks of {past.operation} called", only, labels)

    def _in_force(self, past: PastEvent, hook: Hook, only: Entry | None) -> tuple[Entry, ...]:
        if only is not None:
            return (only,)
        with self._runtime.scope(*past.scopes):
            return hook.in_force()


def _there(past: PastEvent, hook: Hook) -> Iterator[Entry]:
    """Yield whatever is in HOOK for the scopes of PAST, in whatever state it is."""
    return (entry for scope in (None, *past.scopes) for entry in hook.entries(scope))


def _of(outcomes: tuple[Outcome, ...], only: Entry | None) -> tuple[Outcome, ...]:
    return outcomes if only is None else tuple(one for one in outcomes if one.function == only.label)


def _differences(
    fired: Fired, then: tuple[Outcome, ...], now: tuple[Outcome, ...], there: dict[str, Entry]
) -> Iterator[Difference]:
    """Yield how the functions that were called THEN or are called NOW differ, in the order of today."""
    before, after = ({one.function: one.how for one in outcomes} for outcomes in (then, now))
    unknown = {someone.function for someone in fired.unknown}
    for label, how in after.items():
        was = before.get(label)
        if was is None:
            yield Difference(fired.hook, label, "not there", how or "called")
        elif was != how:
            yield Difference(fired.hook, label, was or "called", how or "called")
    for label, was in before.items():
        if label not in after and label not in unknown:
            yield Difference(fired.hook, label, was or "called", _why_not(label, fired, there))


def _why_not(label: str, fired: Fired, there: dict[str, Entry]) -> str:
    if label not in there:
        return "not there"
    if fired.verdict and label in fired.verdict.not_asked:
        return "not asked: refused before"
    return there[label].state
