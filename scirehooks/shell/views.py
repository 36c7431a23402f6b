"""What the shell's own commands answer: plain data, shown by `pages` and written as JSON by field.

`HookRow` holds no time, number or counter, so that two equal states of the hooks give equal text.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any

from scirehooks.errors import failure_text, nearest
from scirehooks.hooks import Entry, Hook, Journal, Lease, Option, Record, Runtime, Verdict
from scirehooks.load import Saved
from scirehooks.records import dataclass
from scirehooks.values import Values

__all__ = [
    "Answer",
    "CommandView",
    "EntryView",
    "FieldView",
    "FunctionView",
    "HookRow",
    "HookView",
    "LeaseView",
    "Match",
    "Note",
    "OptionView",
    "Overview",
    "Topic",
    "VerdictView",
    "all_entries",
    "by_whom",
    "clock_text",
    "entries_called",
    "is_answer",
    "is_called",
    "last_error",
    "latest_first",
    "meant_function",
    "of_others",
    "place_text",
    "shown_failure",
    "summary",
    "undefined_text",
    "who_text",
    "words_for",
]


class Answer:
    """What a command was typed for: it is shown, and written as JSON."""

    __slots__ = ()

    @property
    def exit_status(self) -> int:
        """What a batch ends with after this answer, if it is not 0."""
        return 0


class Note(str):
    """Something said to people at a prompt; to programs the command has no result."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class HookRow:
    """A hook in a list of hooks."""

    name: str
    rule: str
    on_error: str
    functions: tuple[str, ...]
    owner: str
    doc: str

    @classmethod
    def of(cls, hook: Hook) -> HookRow:
        """Return the row of HOOK."""
        functions = tuple(entry.label for entry in hook.entries())
        return cls(hook.name, hook.mode, hook.on_error, functions, str(hook.owner), summary(hook.doc))


@dataclass(frozen=True, slots=True)
class LeaseView:
    """Until when an entry stays: the time it EXPIRES, the CALLS it has left, or the end of a SESSION."""

    expires: datetime | None = None
    calls: int | None = None
    session: str | None = None

    @classmethod
    def of(cls, lease: Lease) -> LeaseView:
        """Return the view of LEASE."""
        expires = None if lease.expires is None else datetime.fromtimestamp(int(lease.expires), UTC)
        return cls(expires, lease.calls, lease.session)

    def __str__(self) -> str:
        parts = []
        if self.calls is not None:
            parts.append(f"{self.calls} more call{'s' if self.calls != 1 else ''}")
        if self.expires is not None:
            parts.append(clock_text(self.expires))
        if self.session is not None:
            parts.append(f"end of {self.session}")
        return " or ".join(parts)


@dataclass(frozen=True, slots=True)
class EntryView:
    """One function in a hook: at which place of the order, whose, added and written where, and until when."""

    position: int
    function: str
    number: str
    depth: float
    owner: str
    added: str | None
    source: str | None
    state: str
    local: str | None
    until: LeaseView | None = None

    @classmethod
    def of(cls, entry: Entry, position: int) -> EntryView:
        """Return the view of ENTRY, which is the POSITIONth of its hook."""
        state = "undefined" if entry.function is None else entry.state
        local = None if entry.local is None else str(entry.local)
        added, source = place_text(entry.place), place_text(entry.source)
        number, owner = f"#{entry.number}", str(entry.owner)
        until = None if entry.until is None else LeaseView.of(entry.until)
        return cls(position, entry.label, number, entry.depth, owner, added, source, state, local, until)


@dataclass(frozen=True, slots=True)
class FieldView:
    """One parameter of a payload or command; DEFAULT is what it is, in words, if it is not given."""

    name: str
    type: str
    required: bool = True
    default: str = ""


@dataclass(frozen=True, slots=True)
class HookView(Answer):
    """All that is to be known of one hook, its order first."""

    name: str
    order: tuple[EntryView, ...]
    rule: str
    on_error: str
    payload: tuple[FieldView, ...]
    amend: tuple[str, ...]
    doc: str
    owner: str
    place: str | None

    @classmethod
    def of(cls, hook: Hook, values: Values) -> HookView:
        """Return the view of HOOK; values of single scopes stand behind the global one."""
        order = [EntryView.of(entry, number) for number, entry in enumerate(hook.entries(), 1)]
        for scope in hook.locals:
            order += [EntryView.of(entry, number) for number, entry in enumerate(hook.entries(scope), 1)]
        payload = tuple(
            FieldView(str(p).split(":")[0] if p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) else p.name,
                      values.type_name(p.annotation), p.default is p.empty)
            for p in hook.payload.parameters
        )  # fmt: skip
        return cls(
            hook.name, tuple(order), hook.mode, hook.on_error, payload, tuple(hook.amend), hook.doc,
            str(hook.owner), place_text(hook.place),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class VerdictView(Answer):
    """The answer of an `ask` hook: allowed or not, and who said what."""

    allowed: bool
    amended: tuple[str, ...]
    refused_by: str | None
    reason: str
    not_asked: tuple[str, ...]
    failed: tuple[str, ...]

    @classmethod
    def of(cls, verdict: Verdict) -> VerdictView:
        """Return the view of VERDICT."""
        by = verdict.refused_by
        return cls(
            verdict.allowed,
            tuple(f"{key} by {entry.label}" for entry, key in verdict.amended),
            who_text(by.label, place_text(by.source or by.place), by.depth) if by else None,
            verdict.reason,
            tuple(entry.label for entry in verdict.not_asked),
            tuple(shown_failure(*each) for each in of_others(verdict.failed, verdict)),
        )


@dataclass(frozen=True, slots=True)
class OptionView(Answer):
    """An option with its value."""

    name: str
    value: Any
    default: Any
    type: str
    unit: str
    owner: str
    doc: str

    @classmethod
    def of(cls, option: Option[Any], values: Values) -> OptionView:
        """Return the view of OPTION."""
        name = values.type_name(option.type)
        return cls(option.name, option.value, option.default, name, option.unit, str(option.owner), option.doc)


@dataclass(frozen=True, slots=True)
class Topic(Answer):
    """A page of the manual."""

    name: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class CommandView(Answer):
    """A command as `help` shows it."""

    name: str
    usage: str
    parameters: tuple[FieldView, ...]
    doc: str
    owner: str
    place: str | None
    topic: Topic | None = None  # the manual's page of the same name


@dataclass(frozen=True, slots=True)
class FunctionView(Answer):
    """A function or other Python object as `help` shows it."""

    name: str
    signature: str
    doc: str
    place: str | None


@dataclass(frozen=True, slots=True)
class Match:
    """Something that `apropos` found, or a line of an overview."""

    kind: str
    name: str
    doc: str


@dataclass(frozen=True, slots=True)
class Overview(Answer):
    """What `help` alone shows: the topics, and the commands by owner."""

    topics: tuple[Match, ...]
    commands: tuple[Match, ...]


def all_entries(runtime: Runtime) -> Iterator[Entry]:
    """Yield the entries of all hooks of RUNTIME, those of single scopes after those of every scope."""
    for hook in runtime.hooks.values():
        for scope in (None, *hook.locals):
            yield from hook.entries(scope)


def is_called(entry: Entry, ref: str) -> bool:
    """Whether REF is what somebody calls ENTRY: its label, the name it is held by, or its number `#17`."""
    return ref in (entry.label, entry.name, f"#{entry.number}")


def entries_called(runtime: Runtime, ref: str) -> tuple[Entry, ...]:
    """Return the entries of all hooks of RUNTIME, local ones included, that REF is a name of."""
    return tuple(entry for entry in all_entries(runtime) if is_called(entry, ref))


def words_for(entry: Entry) -> str:
    """Return how ENTRY is named behind a command: its hook and label, and the scope that it is for."""
    return f"{entry.hook} {entry.label}" + (f" --local {entry.local}" if entry.local is not None else "")


def of_others(
    failed: Iterable[tuple[Entry, BaseException]], verdict: Verdict | None
) -> Iterator[tuple[Entry, BaseException]]:
    """Yield those of FAILED that VERDICT does not tell of: the failure that refuses is the reason already."""
    refuser = None if verdict is None else verdict.refused_by
    return (each for each in failed if refuser is None or each[0].number != refuser.number)


def shown_failure(entry: Entry, error: BaseException) -> str:
    """Return how ENTRY failed, for people."""
    return f"{entry.label}: {failure_text(error).removeprefix('it failed: ')}"


def latest_first(journal: Journal) -> list[Record]:
    """Return the records of JOURNAL, the latest first, to be looked through without its lock."""
    with journal.lock:
        return list(reversed(journal.records))


def by_whom(record: Record) -> str:
    """Say who made RECORD: a user, and in which session or module."""
    return f"{record.actor} ({record.owner})" if record.actor else str(record.owner)


def is_answer(command: str, value: Any) -> bool:
    """Whether VALUE is what COMMAND was typed for, and not what it left behind, as the client that was added.

    That is there in Python, `client_add("web1").id`; at a prompt it is one line, and a batch is silent about it.
    """
    return isinstance(value, list | tuple | Answer | Saved) or type(value) is str or command.startswith("describe-")


def summary(doc: str) -> str:
    r"""Return the first line of DOC.

    Example:
        >>> summary("Add a client. Then more.\n\nAnd more.")
        'Add a client. Then more.'
    """
    return doc.strip().partition("\n")[0].strip()


def clock_text(time: datetime) -> str:
    """Return TIME as the clock on the reader's wall has it: today without the date. JSON has UTC."""
    local = time.astimezone()
    return local.strftime("%H:%M:%S" if local.date() == datetime.now().date() else "%Y-%m-%d %H:%M:%S")


def place_text(place: Any) -> str | None:
    """Return PLACE for people: `file:line`, or for a line typed at a prompt only which one."""
    if place is None:
        return None
    file, line = place
    if file.startswith("<") and file.endswith(">"):
        return file[1:-1] if line == 1 else f"{file[1:-1]} line {line}"
    return f"{file}:{line}"


def last_error(entry: Entry) -> str:
    """Return what the function of ENTRY failed with last: the error itself, without where it was raised."""
    lines = entry.health.last.rstrip().split("\n")
    frames = [number for number, line in enumerate(lines) if line.startswith("  ")]
    return lines[min(frames[-1] + 1, len(lines) - 1)] if frames else lines[0]


def undefined_text(entry: Entry) -> str:
    """Say that the function of ENTRY is not defined, if so: it may be defined later, but perhaps it is a typo."""
    if entry.function is not None or entry.name is None:
        return ""
    if entry.name in entry.globals:
        return "is defined, but is no function"
    meant = meant_function(entry.name, entry.globals)
    return f"is not defined yet; did you mean {meant}?" if meant else "is not defined yet"


def meant_function(word: str, names: Mapping[str, Any]) -> str:
    """Return which function in NAMES, or of Python's own, WORD was probably meant to be, nothing if none.

    A class, a hook or a number is nothing that somebody meant to put into a hook.
    """
    functions = [
        name
        for name, value in {**vars(builtins), **names}.items()
        if type(value) in (FunctionType, MethodType, BuiltinFunctionType) and not name.startswith("_")
    ]
    return next(iter(nearest(word, functions, 1, cutoff=0.75)), "")


def who_text(function: str, place: str | None, depth: float) -> str:
    """Say which FUNCTION in a hook it is: its label, where it is written, its depth."""
    return f"{function} ({place}, depth {depth:g})" if place else f"{function} (depth {depth:g})"
