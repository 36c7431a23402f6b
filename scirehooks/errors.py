"""Every error class of scirehooks, one tree under `ScireError`.

A message says what failed, with which object, because of what, and what to do next; each class also inherits the
nearest builtin, so that embedders can catch what they already know. `exit_status` is what a batch ends with.
"""

from __future__ import annotations

from collections.abc import Iterable

__all__ = [
    "BadVerdictError",
    "ConflictError",
    "ConnectionLostError",
    "ControlSocketError",
    "Defer",
    "FunctionTimeoutError",
    "GivenUpError",
    "HookRecursionError",
    "HookSignatureError",
    "LoadError",
    "NobodyAnswersError",
    "NotAFunctionError",
    "NotAllowedHereError",
    "OrderError",
    "PeerRefusedError",
    "ProgramError",
    "RefusedError",
    "RemoteError",
    "ScireError",
    "StaleStatusError",
    "StateInUseError",
    "StoreError",
    "Terminated",
    "UndefinedFunctionError",
    "UnknownNameError",
    "UnsafeFileError",
    "UsageError",
    "ValueFormatError",
    "Veto",
    "WireError",
    "exit_status_of",
    "failure_text",
    "nearest",
]

_ENDINGS = ("-hook", "_hook")
_LEAST_ALIKE = 0.5  # of two hooks, what stands before their ending


def nearest(name: str, known: Iterable[str], limit: int = 3, *, cutoff: float = 0.6) -> list[str]:
    """Return the names in KNOWN that NAME was probably meant to be: the nearest, and what is about as near.

    Example:
        >>> nearest("post-client-ad-hook", ["post-client-add-hook", "startup-hook"])
        ['post-client-add-hook']
    """
    import difflib  # noqa: PLC0415 - only what is misspelt needs it

    def likeness(one: str, other: str) -> float:
        return difflib.SequenceMatcher(None, other, one).ratio()

    close = difflib.get_close_matches(name, list(dict.fromkeys(known)), n=limit, cutoff=cutoff)
    if name.endswith(_ENDINGS):
        # That both end so makes no two names of hooks alike: `nosuch-hook` is not meant to be `startup-hook`.
        close = [one for one in close if not one.endswith(_ENDINGS) or likeness(name[:-5], one[:-5]) >= _LEAST_ALIKE]
    ratios = [likeness(name, other) for other in close]
    return [other for other, ratio in zip(close, ratios, strict=True) if ratio > ratios[0] - 0.05]


class ScireError(Exception):
    """Any error that scirehooks raises on purpose; `hint` says what to type next, `place` whose line it is about."""

    exit_status = 1
    place: tuple[str, int] | None = None

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".rstrip()


def exit_status_of(error: BaseException) -> int:
    """Return the exit status that ERROR means: that of its class if it is ours, for Ctrl-C what a shell has, else 1.

    Example:
        >>> exit_status_of(Veto("no")), exit_status_of(KeyboardInterrupt()), exit_status_of(OSError())
        (3, 130, 1)
    """
    if isinstance(error, KeyboardInterrupt):
        return 130  # 128 and the number of the signal
    return error.exit_status if isinstance(error, ScireError) else 1


class Terminated(BaseException):
    """The signal NUMBER ends the program: unlike `exit()` not only a script, unlike Ctrl-C not only a line."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


# -- verdicts: raised by functions in an `ask` hook


class Veto(ScireError):
    """Refuse the operation that an `ask` hook is asked about, giving REASON."""

    exit_status = 3

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Defer(ScireError):
    """Put the operation off for SECONDS, giving REASON."""

    exit_status = 3

    def __init__(self, seconds: float, reason: str = "") -> None:
        super().__init__(reason or f"not for another {seconds:g} s")
        self.seconds = seconds
        self.reason = reason


class RefusedError(ScireError, PermissionError):
    """An operation was refused by a function in its pre-hook; `verdict` says by which and why."""

    exit_status = 3

    def __init__(self, message: str, verdict: object = None, hint: str = "") -> None:
        super().__init__(message, hint)
        self.verdict = verdict


# -- what a user typed or wrote


class UsageError(ScireError, ValueError):
    """A command line cannot be understood."""

    exit_status = 2


class ValueFormatError(ScireError, ValueError):
    """A word or JSON value does not fit the type of the FIELD it was given for."""

    def __init__(self, field: str, expected: str, got: str, hint: str = "") -> None:
        super().__init__(f"{field}: expected {expected}, got {got}.", hint)
        self.field = field
        self.expected = expected
        self.got = got


class UnknownNameError(ScireError, KeyError):
    """No KIND (hook, function, command, option, client, …) has this name."""

    def __init__(self, kind: str, name: str, known: Iterable[str] = (), hint: str = "") -> None:
        close = nearest(name, known)
        guess = f"Did you mean {' or '.join(close)}?" if close else hint
        super().__init__(f"There is no {kind} {name!r}.", guess)
        self.kind = kind
        self.name = name
        self.nearest = close


class ConflictError(ScireError, ValueError):
    """What was asked for contradicts what is there: a taken name, a later change."""


# -- the hook runtime


class HookSignatureError(ScireError, TypeError):
    """A function cannot take what its hook passes."""


class NotAFunctionError(ScireError, TypeError):
    """Something that cannot be called was to be put into a hook or around a function."""


class OrderError(ScireError, ValueError):
    """A depth is no finite number, or `before=`/`after=` cannot be kept."""


class UndefinedFunctionError(ScireError, NameError):
    """A function held by name was to be called while nothing defines that name (Emacs: void-function)."""


class _FunctionError(ScireError):
    """What a function in a hook did wrong by our rules: WHO did it, and HOW, as a sentence about `it` goes on."""

    def __init__(self, who: str, how: str = "", hint: str = "") -> None:
        super().__init__(f"{who} {how}".rstrip(), hint)
        self.how = f"it {how} {hint}".rstrip() if how else f"it failed: {self}"


class FunctionTimeoutError(_FunctionError, TimeoutError):
    """A function in a hook took longer than its entry's `timeout=`."""


def failure_text(error: BaseException) -> str:
    """Return what a function did that failed by ERROR, for a sentence that has named it.

    Our own errors are sentences; any other is known by its class.

    Example:
        >>> failure_text(ValueError("no database"))
        'it failed: ValueError: no database'
        >>> failure_text(FunctionTimeoutError("guard", "took longer than 2 s."))
        'it took longer than 2 s.'
    """
    if isinstance(error, _FunctionError):
        return error.how
    return f"it failed: {error}" if isinstance(error, ScireError) else f"it failed: {type(error).__name__}: {error}"


class HookRecursionError(ScireError, RecursionError):
    """A hook fires itself without end; the message shows the chain."""


class BadVerdictError(_FunctionError, TypeError):
    """A function in an `ask` hook returned something that is no verdict."""


class NotAllowedHereError(ScireError, RuntimeError):
    """Something was called from a place where it would deadlock or break a promise."""


# -- the shell


class GivenUpError(ScireError, TimeoutError):
    """An evaluation did not end when it was interrupted; its thread goes on until the call that holds it returns."""

    exit_status = 130


# -- files that are run or read


class LoadError(ScireError, ImportError):
    """A module or init script could not be loaded; nothing of it is left."""

    def __init__(self, message: str, file: str = "", line: int | None = None, hint: str = "") -> None:
        super().__init__(message, hint)
        self.file = file
        self.line = line


class UnsafeFileError(LoadError):
    """A file to be run as code could be changed by somebody else; the message names the `chmod` that mends it."""


class ProgramError(ScireError, RuntimeError):
    """A program in a hook could not be started, failed, or took too long."""


# -- the fleet


class StaleStatusError(ConflictError):
    """A status was changed by somebody else between the decision to change it and the transaction."""


class StateInUseError(ConflictError):
    """The state directory belongs to another scirehooks that is running, the process PID (None: unknown)."""

    def __init__(self, message: str, pid: int | None, hint: str = "") -> None:
        super().__init__(message, hint)
        self.pid = pid


class StoreError(ScireError, RuntimeError):
    """The store cannot be used as it is."""


# -- the control protocol


class WireError(ScireError, ValueError):
    """A message of the control protocol cannot be understood; `code` is that of JSON-RPC, `id` whose answer it is."""

    def __init__(self, message: str, code: int, id: str | int | None = None, hint: str = "") -> None:
        super().__init__(message, hint)
        self.code = code
        self.id = id


class RemoteError(ScireError, RuntimeError):
    """The other end of a control connection answered with an error: its CODE, and DATA about it."""

    def __init__(self, message: str, code: int, data: object = None) -> None:
        super().__init__(message)
        self.code = code
        self.data = data


class ConnectionLostError(ScireError, ConnectionError):
    """A control connection has ended while somebody waited for an answer."""

    exit_status = 4


class NobodyAnswersError(ScireError, ConnectionError):
    """Nobody listens at a control socket, or there is none."""

    exit_status = 4


class ControlSocketError(ScireError, RuntimeError):
    """A control socket cannot be made where it should be: the place is not safe, or somebody else has it."""


class PeerRefusedError(ScireError, PermissionError):
    """A process of a user who may not use a control socket has connected to it."""
