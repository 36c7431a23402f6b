"""The rules of a firing: which function comes next, and what the result of one means.

Each rule is a generator: it yields what is to be called and is sent the result, so that the same text serves a plain
thread and a coroutine (drive.py), and stands as the specification of the generated code (generate.py).
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import field
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from scirehooks.errors import BadVerdictError, Defer, Veto, failure_text
from scirehooks.hooks.call import SKIPPED, Step
from scirehooks.hooks.entry import Entry
from scirehooks.hooks.scope import GLOBAL, Scope
from scirehooks.records import dataclass

if TYPE_CHECKING:
    from scirehooks.hooks.hook import Hook

__all__ = ["CallingRule", "ErrorRule", "Failed", "Steps", "Verdict", "ask", "follow", "walk"]

CallingRule = Literal["all", "until_success", "until_failure", "fold", "ask"]
ErrorRule = Literal["raise", "isolate", "refuse"]
Steps = Generator[Step, Any, Any]


class Failed(NamedTuple):
    """What a rule is sent in place of a result: the function failed, which has been reported."""

    error: BaseException


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an `ask` hook answered: allowed or not, the payload as amended, and who said what."""

    hook: str
    allowed: bool
    payload: dict[str, Any]
    amended: tuple[tuple[Entry, str], ...] = ()
    refused_by: Entry | None = None
    reason: str = ""
    error: BaseException | None = None
    defer: float | None = None
    asked: tuple[Entry, ...] = ()
    not_asked: tuple[Entry, ...] = ()
    failed: tuple[tuple[Entry, BaseException], ...] = ()

    def __bool__(self) -> bool:
        return self.allowed


def walk(hook: Hook, scopes: tuple[Scope, ...]) -> Iterator[Entry]:
    """Yield the entries of a firing of HOOK in SCOPES.

    Each value is read once, when it is reached, and not looked at again: what a function adds or removes counts from
    the next firing on. The marker GLOBAL stands for the value of the next outer scope (Emacs: t in a local value).
    """
    level, outer = None, scopes
    while outer:
        key, outer = outer[0], outer[1:]
        if hook.has_local(key):
            level = key
            break
    # A local value taken away meanwhile is an empty one; what is outside of it is still run.
    for entry in hook.snapshot(level) or (() if level is None else (GLOBAL,)):
        if entry is GLOBAL:
            yield from walk(hook, outer)
        elif entry.state != "disabled":
            yield entry


def follow(mode: CallingRule, entries: Iterable[Entry], values: tuple[Any, ...], extra: Mapping[str, Any]) -> Steps:
    """Call ENTRIES by the rule MODE (all but `ask`) with the payload VALUES and EXTRA (what `**` collects)."""
    accept = _with_truth if mode in ("until_success", "until_failure") else None
    for entry in entries:
        if entry.state == "quarantined":
            continue
        result = yield Step(entry, values, extra, accept)
        if mode == "all" or result is SKIPPED or isinstance(result, Failed):
            continue
        if mode == "until_success" and result:
            return result
        if mode == "until_failure" and not result:
            return result
        if mode == "fold" and result is not None and values:
            values = (result, *values[1:])
    if mode == "until_failure":
        return True
    return values[0] if mode == "fold" and values else None


def _with_truth(result: Any) -> Any:
    """Return RESULT, whose truth will be asked for: if it has none, that is the function's error, not the rule's."""
    bool(result)
    return result


@dataclass(slots=True)
class _Asking:
    """A verdict in the making."""

    payload: dict[str, Any]
    amended: list[tuple[Entry, str]] = field(default_factory=list)
    asked: list[Entry] = field(default_factory=list)
    failed: list[tuple[Entry, BaseException]] = field(default_factory=list)

    def verdict(self, hook: Hook, **refusal: Any) -> Verdict:
        """Return the verdict; without REFUSAL everybody has agreed."""
        return Verdict(
            hook.name,
            allowed=not refusal,
            payload=self.payload,
            amended=tuple(self.amended),
            asked=tuple(self.asked),
            failed=tuple(self.failed),
            **refusal,
        )


def ask(hook: Hook, entries: Iterator[Entry], values: tuple[Any, ...], extra: Mapping[str, Any]) -> Steps:
    """Ask ENTRIES one after another, each with the payload as amended so far, until one refuses."""
    so_far = _Asking(dict(zip(hook.payload.names, values, strict=False)) | dict(extra))
    strict = hook.on_error == "refuse"
    names = hook.payload.names
    for entry in entries:
        so_far.asked.append(entry)
        if entry.state == "quarantined":
            if not strict:
                continue
            answer: Any = Veto("it is quarantined, and a policy that fails goes on refusing")
        else:
            now = (*(so_far.payload[name] for name in names), *values[len(names) :])
            rest = {key: value for key, value in so_far.payload.items() if key not in names}
            answer = yield Step(entry, now, rest, partial(_accept, hook, entry, so_far.payload), asked=True)
        if isinstance(answer, (Veto, Defer)):
            seconds = answer.seconds if isinstance(answer, Defer) else None
            return so_far.verdict(hook, refused_by=entry, reason=str(answer), defer=seconds, not_asked=tuple(entries))
        if isinstance(answer, Failed):
            so_far.failed.append((entry, answer.error))
            if strict:
                why = failure_text(answer.error)
                return so_far.verdict(hook, refused_by=entry, reason=why, error=answer.error, not_asked=tuple(entries))
        elif answer is not None and answer is not SKIPPED:
            so_far.payload, keys = answer
            so_far.amended.extend((entry, key) for key in keys)
    return so_far.verdict(hook)


def _accept(hook: Hook, entry: Entry, payload: dict[str, Any], answer: Any) -> Any:
    """Return ANSWER if it refuses, the payload as it amends it and the amended keys, or None.

    Raises:
        BadVerdictError: it is anything else. Silence never refuses, but neither is nonsense taken for consent.
    """
    if answer is None:
        return None
    if isinstance(answer, (Veto, Defer)):
        return answer
    if not isinstance(answer, Mapping):
        raise BadVerdictError(
            entry.label,
            f"answered {answer!r}, which is no verdict.",
            "Return None to agree or a mapping to amend; raise Veto(reason) to refuse.",
        )
    wrong = [str(key) for key in answer if key not in hook.amend]
    if wrong:
        allowed = f"Only {', '.join(hook.amend)} may be amended here." if hook.amend else "Nothing may be amended here."
        raise BadVerdictError(entry.label, f"tried to amend {', '.join(wrong)}.", allowed)
    changed = dict(payload)
    for key, value in answer.items():
        hook.amender(changed, key, value)
    return (changed, tuple(answer)) if answer else None
