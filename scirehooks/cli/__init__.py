"""The command line: the only place where everything is put together.

`options` says what was asked for. `attached` reaches a system that is running; `embedded` runs one here, with a shell
in it; `daemon` runs one without; `check` tries one out. `system` is what is run.
"""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from types import FrameType
from typing import Final

from scirehooks.cli.telling import flush, put, tell
from scirehooks.control import oneshot
from scirehooks.errors import NobodyAnswersError, ScireError, StateInUseError, Terminated

__all__ = ["main"]

_PATIENCE: Final = 5.0  # seconds that somebody who holds the state may take until he answers
_AGAIN: Final = 0.05
_ENDS: Final = (signal.SIGTERM, signal.SIGHUP)
_OBJECTS: Final = 100_000  # made before the first look for garbage: more than a start makes


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `scirehooks` with ARGUMENTS (default: those of the process) and return the exit status."""
    _open_streams()
    try:
        with _ended_in_order(), _collecting_later():
            return _run(sys.argv[1:] if arguments is None else arguments)
    except ScireError as error:
        tell(str(error))
        return error.exit_status
    except (KeyboardInterrupt, Terminated) as wish:
        for note in getattr(wish, "__notes__", ())[:1]:
            tell(f"{note}.")
        if arguments is None:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is ending: another one would only spoil the exit status
        return 128 + (wish.number if isinstance(wish, Terminated) else signal.SIGINT)
    finally:
        flush()


def _open_streams() -> None:
    """Let standard streams lead to nowhere that were closed when we were started: all write to them and ask nobody."""
    oneshot.open_descriptors()
    for descriptor, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(descriptor, mode, closefd=False))


@contextlib.contextmanager
def _ended_in_order() -> Iterator[None]:
    """Let SIGTERM, and the end of the terminal, leave the block: by themselves they leave programs of runs behind."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may have handlers
        return
    numbers = [number for number in _ENDS if signal.getsignal(number) is not signal.SIG_IGN]  # as under `nohup`
    before = {number: signal.signal(number, _terminated) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _collecting_later() -> Iterator[None]:
    """Let the first look for garbage be late: a start makes objects to keep, and it would look 200 times.

    From then on it looks as usual: in a system that runs for months, garbage must not become old before it is found.
    """
    before = gc.get_threshold()

    def as_usual(phase: str, info: dict[str, int]) -> None:
        if gc.get_threshold()[0] == _OBJECTS:  # else somebody has wished it otherwise
            gc.set_threshold(*before)

    gc.callbacks.append(as_usual)
    gc.set_threshold(_OBJECTS, *before[1:])
    try:
        yield
    finally:
        gc.callbacks.remove(as_usual)
        gc.set_threshold(*before)


def _terminated(number: int, frame: FrameType | None) -> None:
    raise Terminated(number)


def _run(arguments: Sequence[str]) -> int:
    # Late, each of them: whoever attaches need not pay for a system of his own, nor a batch for a terminal. The first,
    # so that what it brings is brought before garbage is looked for.
    from scirehooks.cli.options import parse  # noqa: PLC0415

    try:
        options = parse(arguments)
    except SystemExit:  # with the help or the version, which is in the buffer
        put("")
        raise
    if options.word == "check":
        from scirehooks.cli.check import check  # noqa: PLC0415

        return check(options)
    if options.word == "daemon":
        from scirehooks.cli.daemon import daemon  # noqa: PLC0415

        return daemon(options)
    from scirehooks.cli import attached  # noqa: PLC0415

    if options.word == "attach":
        return attached.attach(options)
    deadline = time.monotonic() + _PATIENCE
    while True:
        with contextlib.suppress(NobodyAnswersError):
            return attached.attach(options)
        from scirehooks.cli.embedded import embedded  # noqa: PLC0415

        try:
            return embedded(options)
        except StateInUseError as error:
            if time.monotonic() > deadline:
                error.hint = (
                    f"It did not answer for {_PATIENCE:.0f} s: it may still be starting, or ending. Try again, end it, "
                    "or choose another state with --state."
                )
                raise
            time.sleep(_AGAIN)
