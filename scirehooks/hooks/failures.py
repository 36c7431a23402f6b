"""What becomes of an entry whose function fails, or whose lease ends."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from scirehooks.errors import failure_text
from scirehooks.hooks.entry import Entry
from scirehooks.hooks.journal import ABSENT, Journal
from scirehooks.hooks.owner import BUILTIN, Origin

if TYPE_CHECKING:
    from scirehooks.hooks.hook import Hook

__all__ = ["FailedCalls", "Failures", "rehearsing", "witnessing"]

_log = logging.getLogger("scirehooks")


FailedCalls = list[tuple[Entry, BaseException]]

_rehearsal: ContextVar[FailedCalls | None] = ContextVar("scirehooks_rehearsal", default=None)


@contextmanager
def rehearsing() -> Iterator[FailedCalls]:
    """Fire for testing: failures inside the block are collected in the list that this yields, not counted or told.

    Trying a function out must not set it aside for what is done in earnest.
    """
    failed: FailedCalls = []
    token = _rehearsal.set(failed)
    try:
        yield failed
    finally:
        _rehearsal.reset(token)


_witness: ContextVar[FailedCalls | None] = ContextVar("scirehooks_witness", default=None)


@contextmanager
def witnessing() -> Iterator[FailedCalls]:
    """Let failures inside the block, which count as ever, be seen in the list that this yields, too."""
    failed: FailedCalls = []
    token = _witness.set(failed)
    try:
        yield failed
    finally:
        _witness.reset(token)


class Failures:
    """Counts failures, sets failing entries aside, and takes out those whose time is over."""

    def __init__(self, journal: Journal, hooks: Mapping[str, Hook]) -> None:
        self._journal = journal
        self._hooks = hooks

    def report(self, hook: Hook, entry: Entry, error: BaseException) -> None:
        """Note that the function of ENTRY failed in HOOK and was isolated: count, log, quarantine, tell.

        After `failure_limit` failures in a row the entry is quarantined; in a hook that refuses, it goes on refusing.

        Journal: one record, if it is quarantined.
        """
        rehearsed = _rehearsal.get()
        if rehearsed is not None:
            rehearsed.append((entry, error))
            return
        if (witnessed := _witness.get()) is not None:
            witnessed.append((entry, error))
        health = entry.health
        health.failures += 1
        health.consecutive += 1
        health.last = "".join(traceback.format_exception(error))
        # Who asked is told by the refusal, which names the function and the error.
        level = logging.INFO if hook.on_error == "refuse" else logging.ERROR
        _log.log(level, "%s: %s %s", hook.name, entry.where(), failure_text(error).removeprefix("it "))
        hook.refresh()  # a hook with a failing function is watched until it succeeds
        if health.consecutive >= hook.failure_limit:
            self.quarantine(hook, entry)
        if hook.name != "hook-failure-hook":  # a failing failure handler is logged, and that is that
            told = self._hooks["hook-failure-hook"]
            if told.loop.is_current():
                told.loop.submit(told.arun(hook, entry, error))  # the loop cannot wait for its own coroutines here
            else:
                told.run(hook, entry, error)

    def quarantine(self, hook: Hook, entry: Entry) -> None:
        """Set ENTRY of HOOK aside, if it is still there and active.

        Journal: one record.
        """
        with self._journal.lock:
            now = hook.cells.value((entry.local, entry.key))
            if isinstance(now, Entry) and now.number == entry.number and now.state == "active":
                self._journal.set(
                    hook.cells, (now.local, now.key), now.replace(state="quarantined"), "quarantine",
                    Origin(BUILTIN, None, ""), automatic=True,
                )  # fmt: skip
                _log.error(
                    "%s: %s is quarantined after %d failures in a row; to bring it back: release %s %s",
                    hook.name, now.label, now.health.consecutive, hook.name, now.label,
                )  # fmt: skip

    def expire(self, hook: Hook, entry: Entry) -> None:
        """Take ENTRY out of HOOK, whose lease has ended.

        Journal: one record, if it is still there.
        """
        with self._journal.lock:
            now = hook.cells.value((entry.local, entry.key))
            if isinstance(now, Entry) and now.number == entry.number:
                self._journal.set(
                    hook.cells, (now.local, now.key), ABSENT, "lease expired", Origin(now.owner, None, ""),
                    automatic=True,
                )  # fmt: skip

    def end_session(self, session: str) -> None:
        """Take out every entry whose lease ends with SESSION."""
        for hook in self._hooks.values():
            for entry in hook.everywhere():
                if entry.until is not None and entry.until.session == session:
                    self.expire(hook, entry)
