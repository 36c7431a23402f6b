"""Watching hooks while they fire."""

from __future__ import annotations

from collections.abc import Callable

from scirehooks.errors import UsageError
from scirehooks.hooks import Hook, Runtime, command
from scirehooks.records import dataclass
from scirehooks.shell.commands.asking import session_of_a_person
from scirehooks.shell.trying.condition import condition
from scirehooks.shell.trying.live import LiveTrace
from scirehooks.shell.trying.traceview import FiringView, Trees
from scirehooks.shell.views import Note
from scirehooks.values import Count

__all__ = ["TraceCommands"]


@dataclass(frozen=True, slots=True)
class Traced:
    """A hook that is being traced, and the condition for it."""

    hook: str
    when: str | None


class TraceCommands:
    """The commands that trace the hooks of RUNTIME."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._live: list[LiveTrace] = []

    @command
    def trace(self, hook: Hook | None = None, *when: str, last: Count | None = None) -> list[Traced] | Trees | Note:
        """Show the firings of HOOK from now on; alone, list what is traced.

        At a terminal each is shown as a tree when it has ended, in a batch by `trace --last N`. A tree has who was
        called, how long, with what result, verdict or error, which field of the payload he changed, and what he fired
        in turn. `trace HOOK when EXPR` watches firings for which EXPR is true, a Python expression in quotes over the
        fields. The last 200 are kept: LAST is how many of them to show. `untrace` ends it.

        Example: trace option-change-hook when 'new != old'
        """
        traces = self._runtime.traces
        if hook is None:
            if last:
                return Trees(map(FiringView.of, list(traces.firings)[-last:]))
            return [Traced(name, _text(test)) for name, test in sorted(traces.wanted.items())]
        hook = self._runtime.hook(hook)
        if last:
            kept = [span for span in list(traces.firings) if span.hook == hook.name][-last:]
            return Trees(FiringView.of(span) for span in kept)
        self._runtime.trace(hook, self._condition(hook, when))
        self._follow(hook)
        some = f" for which {' '.join(when[1:])}" if when else ""
        return Note(f"Each firing of {hook.name}{some} is traced until you type: untrace {hook.name}")

    @command
    def untrace(self, hook: Hook | None = None) -> None:
        """Trace HOOK no longer; alone, trace nothing any more.

        The trees that were kept stay.

        Example: untrace option-change-hook
        """
        names = list(self._runtime.traces.wanted) if hook is None else [self._runtime.hook(hook).name]
        for name in names:
            self._runtime.untrace(name)
        for live in list(self._live):
            live.hooks.difference_update(names)
            if not live.hooks:
                self._forget(live)

    def _condition(self, hook: Hook, when: tuple[str, ...]) -> Callable[..., object] | None:
        if not when:
            return None
        if when[0] != "when" or len(when) < 2:
            raise UsageError(f"trace: {when[0]!r} is one word too many.", "Usage: trace HOOK [when EXPR]")
        return condition(" ".join(when[1:]), hook, self._runtime)

    def _follow(self, hook: Hook) -> None:
        """Write the trees of HOOK to the terminal of whoever typed the line, if somebody did."""
        session = session_of_a_person()
        if session is None:
            return
        live = next((each for each in self._live if each.session is session), None)
        if live is None:
            live = LiveTrace(session, self._runtime.clock.after, self._gone)
            self._live.append(live)
            self._runtime.traces.followers.append(live)
        live.hooks.add(hook.name)

    def _gone(self, live: LiveTrace) -> None:
        """Trace nothing any more that only the terminal of LIVE looked at: it has been closed."""
        self._forget(live)
        seen = {name for other in self._live for name in other.hooks}
        for name in live.hooks - seen:
            self._runtime.untrace(name)

    def _forget(self, live: LiveTrace) -> None:
        for where in (self._live, self._runtime.traces.followers):
            if live in where:
                where.remove(live)


def _text(test: Callable[..., object] | None) -> str | None:
    return None if test is None else test.__doc__ or repr(test)
