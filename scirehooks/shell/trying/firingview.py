"""What firing for testing answers, as data: a firing by hand, the plan of a dry run, a replay with its differences."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal

from scirehooks.hooks import DryRun, Effect, Entry, Verdict, amended_value
from scirehooks.records import dataclass
from scirehooks.shell.trying.traceview import FiringView
from scirehooks.shell.views import Answer, VerdictView, of_others, place_text, shown_failure, summary, who_text

__all__ = ["Amended", "Difference", "Fired", "Forecast", "Planned", "Replayed", "Someone", "planned"]


@dataclass(frozen=True, slots=True)
class Someone:
    """A function in a hook: its label, where it is written, its depth, whose it is, and what it is ABOUT."""

    hook: str
    function: str
    place: str | None
    depth: float
    owner: str
    about: str

    @classmethod
    def of(cls, entry: Entry) -> Someone:
        """Return who is behind ENTRY."""
        place = place_text(entry.source or entry.place)
        return cls(entry.hook, entry.label, place, entry.depth, str(entry.owner), _about(entry))

    def __str__(self) -> str:
        return who_text(self.function, self.place, self.depth)


def _about(entry: Entry) -> str:
    """Say what the function of ENTRY is: the command line of a program, else the first line of its documentation."""
    argv = getattr(entry.function, "argv", None)
    if isinstance(argv, tuple):
        return f"program {' '.join(map(str, argv))}"
    doc = getattr(entry.function, "__doc__", None)
    return summary(doc) if isinstance(doc, str) else ""


@dataclass(frozen=True, slots=True)
class Planned:
    """An act that would have been done: by an operation itself, or BY a function."""

    act: str
    arguments: dict[str, Any]
    by: Someone | None = None


def planned(effects: Iterable[tuple[Entry | None, Effect]], hidden: Iterable[type] = ()) -> tuple[Planned, ...]:
    """Return EFFECTS as they are shown; arguments of the classes HIDDEN are the application itself, and no news."""
    classes = tuple(hidden)
    return tuple(
        Planned(
            effect.name,
            {key: value for key, value in effect.arguments.items() if not isinstance(value, classes)},
            Someone.of(entry) if entry else None,
        )
        for entry, effect in effects
    )


@dataclass(frozen=True, slots=True)
class Fired(Answer):
    """A firing by hand: with which payload, through which functions, and what came of it."""

    hook: str
    payload: dict[str, Any]
    functions: tuple[str, ...]
    result: Any = None
    verdict: VerdictView | None = None
    rolled_back: bool = False
    not_run: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    sampled: tuple[str, ...] = ()
    dry_run: bool = False
    unknown: tuple[Someone, ...] = ()
    plan: tuple[Planned, ...] = ()
    error: str = ""
    trace: tuple[FiringView, ...] = ()

    @property
    def exit_status(self) -> int:
        """A refusal ends a batch like the refusal of the operation would, a failure like one that is raised."""
        if self.verdict and not self.verdict.allowed:
            return 3
        return 1 if self.failed or self.error else 0


@dataclass(frozen=True, slots=True)
class Amended:
    """What a function amended: the FIELD, and its VALUE in the end."""

    field: str
    value: Any
    by: Someone


@dataclass(frozen=True, slots=True)
class Forecast(Answer):
    """What would become of an operation: the answer, who gave it, what would be done, and what nobody knows."""

    line: str
    answer: Literal["allowed", "amended", "refused"]
    refused_by: Someone | None
    reason: str
    retry_after: float | None
    amended: tuple[Amended, ...]
    asked: tuple[Someone, ...]
    not_asked: tuple[Someone, ...]
    unknown: tuple[Someone, ...]
    plan: tuple[Planned, ...]
    failed: tuple[str, ...]
    warning: str = ""

    @property
    def allowed(self) -> bool:
        """Whether nobody would refuse, as far as that is known."""
        return self.answer != "refused"

    @property
    def exit_status(self) -> int:
        """What the line itself would end a batch with if it is refused."""
        return 0 if self.allowed else 3

    @classmethod
    def of(cls, line: str, run: DryRun, hidden: Iterable[type] = (), warning: str = "") -> Forecast:
        """Return what RUN, the dry run of LINE, has found out, and the WARNING that goes with it."""
        verdicts = [firing.verdict for firing in run.firings if firing.verdict is not None]
        refused = run.refused
        amended = tuple(_amended(verdicts))
        not_asked = (*(() if refused is None else refused.not_asked), *run.not_reached)
        effects = [each for firing in run.firings for each in firing.effects]
        failed = [each for firing in run.firings for each in firing.failed]
        acts = [(None, act) for act in run.acts]
        return cls(
            line,
            "refused" if refused is not None else "amended" if amended else "allowed",
            Someone.of(refused.refused_by) if refused is not None and refused.refused_by is not None else None,
            "" if refused is None else refused.reason,
            None if refused is None else refused.defer,
            amended,
            tuple(Someone.of(entry) for firing in run.firings for entry in firing.called),
            tuple(Someone.of(entry) for entry in not_asked),
            tuple(Someone.of(entry) for _, entry in run.unknown),
            planned([*acts, *effects], hidden),
            tuple(shown_failure(*each) for each in of_others(failed, refused)),
            warning,
        )


def _amended(verdicts: Iterable[Verdict]) -> Iterable[Amended]:
    for verdict in verdicts:
        for entry, key in verdict.amended:
            yield Amended(key, amended_value(verdict, key), Someone.of(entry))


@dataclass(frozen=True, slots=True)
class Difference:
    """How a function fared THEN, when the event happened, and NOW."""

    hook: str
    function: str
    then: str
    now: str


@dataclass(frozen=True, slots=True)
class Replayed(Answer):
    """A past event, fired again: the firings, and what differs from then; UNRECORDED hooks cannot be compared."""

    seq: int
    operation: str
    subject: str
    time: datetime
    firings: tuple[Fired, ...]
    differences: tuple[Difference, ...]
    unrecorded: tuple[str, ...]

    @property
    def exit_status(self) -> int:
        """As diff has it: 1 if something differs."""
        return 1 if self.differences else 0
