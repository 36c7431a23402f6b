"""Firing a hook by hand, to see what its functions do."""

from __future__ import annotations

from typing import Any

from scirehooks.errors import UsageError
from scirehooks.hooks import EventLog, EventWord, Hook, PastEvent, Runtime, command
from scirehooks.shell.answers.explanation import find_in
from scirehooks.shell.commands.asking import confirmed
from scirehooks.shell.line.names import EntryName
from scirehooks.shell.trying.firingview import Fired
from scirehooks.shell.trying.payload import PayloadMaker
from scirehooks.shell.trying.trial import Trial
from scirehooks.shell.views import Note
from scirehooks.values import Values

__all__ = ["FiringCommands"]


class FiringCommands:
    """The commands that fire hooks of a runtime."""

    def __init__(self, runtime: Runtime, values: Values) -> None:
        self._runtime = runtime
        self._values = values

    @command
    def fire(
        self,
        hook: Hook,
        /,
        *,
        sample: bool = False,
        like: EventWord | None = None,
        only: EntryName | None = None,
        dry_run: bool = False,
        trace: bool = False,
        yes: bool = False,
        **payload: Any,
    ) -> Fired | Note:
        """Fire HOOK, and say what came of it.

        The payload is given as key=value words. Words are converted by the types that the hook declares: `client=web1`
        looks the client up. With SAMPLE, what is missing is made up, and so is a client of a name that there is not;
        LIKE takes the fields from an event. Through ONLY one function, if you name it. The hook's own rules hold; no
        failure is counted, no event is written, and a hook that works inside a transaction is fired in one that is
        rolled back.

        The functions are called in earnest; before those of a post-hook are, you are asked, unless you say YES. In a
        DRY_RUN their effects are written down instead. TRACE shows who was called, how long, and what he changed. A
        field that is called as one of these options can be given in Python only, where the hook itself is called.

        Example: fire option-change-hook option=demo old=1 new=2
        """
        hook = self._runtime.hook(hook)
        maker = PayloadMaker(hook, self._values, samples=sample)
        past = {} if like is None else self._fields_of(like, hook, maker)
        entry = None if only is None else find_in(hook, only)
        trial = Trial(
            self._runtime, self._values, hook, maker, {**past, **maker.read(payload)}, entry, dry_run, trace
        )  # fmt: skip
        if not (dry_run or yes or confirmed([(hook, [entry.replace(state="active")] if entry else hook.in_force())])):
            return Note("Nothing was fired.")
        fired, _ = trial.fire()
        return fired

    def _fields_of(self, like: EventWord, hook: Hook, maker: PayloadMaker) -> dict[str, Any]:
        past = past_event(self._values, like)
        firing = next((firing for firing in past.firings if firing.hook == hook.name), None)
        if firing is None and past.firings:
            firing = past.firings[-1]  # of another operation: the fields of the same name will do
        fields = maker.from_json(firing.payload) if firing else {}
        return with_event(fields, past, hook)


def past_event(values: Values, word: str) -> PastEvent:
    """Return the event that WORD names.

    Raises:
        UsageError: nothing here keeps events.
    """
    log: EventLog | None = values.provided(EventLog, None)
    if log is None:
        raise UsageError("There are no events here: nothing keeps any.")
    return log.past(word)


def with_event(fields: dict[str, Any], past: PastEvent, hook: Hook) -> dict[str, Any]:
    """Return FIELDS, and the event PAST itself if HOOK passes one."""
    return {**fields, "event": past.event} if "event" in hook.payload.names else fields
