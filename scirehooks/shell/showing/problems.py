"""Say what went wrong, in as many lines as it needs and no more.

Errors of users (a typo, a refusal) take one to three lines. Errors in somebody's function show that function's frames
only. An error of our own shows everything and says so.
"""

from __future__ import annotations

import linecache
import sys
import traceback
from collections.abc import Iterator
from types import TracebackType
from typing import Literal

from scirehooks.errors import ScireError
from scirehooks.hooks import Owners
from scirehooks.records import dataclass
from scirehooks.shell.libraries import Whose, whose
from scirehooks.shell.showing.text import Fragments, neutral
from scirehooks.shell.views import place_text

__all__ = ["Frame", "Problem", "explain", "said"]

_FRAMES = 8  # the last frames shown of a function's error; an endless recursion has a thousand
_LINES = 12  # of a message


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame of a traceback and whose it is: ours, a user's, or a library's."""

    file: str
    line: int
    function: str
    whose: Whose


@dataclass(frozen=True, slots=True)
class Problem:
    """What to print about an error: KIND, TEXT, and the LINE of the evaluated chunk where it came from, if known."""

    kind: Literal["user", "function", "bug"]
    text: Fragments
    line: int | None = None


def explain(error: BaseException, owners: Owners, file: str, *, command: bool = False) -> Problem:
    """Return what is to be said about ERROR, which a line compiled as FILE raised, as Python or as a COMMAND."""
    frames = list(_frames(error.__traceback__, owners))
    line = next((frame.line for frame in frames if frame.file == file), None)
    if isinstance(error, KeyboardInterrupt):
        return Problem("user", [("warning", "Interrupted.\n")], line)
    if isinstance(error, getattr(sys.modules.get("bdb"), "BdbQuit", ())):  # raised wherever the debugger stood
        return Problem("user", [("warning", "The debugger has ended it.\n")], line)
    if isinstance(error, SyntaxError) and error.filename in (file, None):
        return Problem("user", _syntax(error), error.lineno)
    if isinstance(error, ScireError):
        return Problem("user", _head(error, named=False) + _notes(error), line)
    by_user = any(frame.whose == "user" for frame in frames)
    misused = (
        by_user and not command and isinstance(error, TypeError | ValueError)
    )  # the user's code called ours wrongly
    if not by_user or (_innermost(frames) == "ours" and not misused):
        return Problem("bug", _bug(error), line)
    return Problem("function", _head(error, named=True) + _notes(error) + _where(frames, file) + _cause(error), line)


def _frames(walk: TracebackType | None, owners: Owners) -> Iterator[Frame]:
    while walk is not None:
        code = walk.tb_frame.f_code
        file = code.co_filename
        yield Frame(file, walk.tb_lineno, code.co_name, "user" if owners.of_file(file) is not None else whose(file))
        walk = walk.tb_next


def _innermost(frames: list[Frame]) -> str:
    return next((frame.whose for frame in reversed(frames) if frame.whose != "library"), "ours")


def _head(error: BaseException, *, named: bool) -> Fragments:
    """Return the message; the class NAMES itself where it is Python's."""
    text = _message(error)
    hint = error.hint if isinstance(error, ScireError) else ""
    name = neutral(type(error).__name__)
    head = f"{name}: {text}" if named and text else text or name
    result: Fragments = [("error", head)]
    if hint:
        # A usage line is looked up and copied, so it stands alone; advice is read on.
        result += [("", "\n"), ("usage", neutral(hint))] if hint.startswith("Usage:") else [("", " " + neutral(hint))]
    return [*result, ("", "\n")]


def _message(error: BaseException) -> str:
    lines = said(error).strip().split("\n")
    return "\n".join(lines if len(lines) <= _LINES else [*lines[:_LINES], "…"])


def said(error: BaseException) -> str:
    """Return the text of ERROR, whatever that is made of, so that no terminal takes it for anything else."""
    try:
        return neutral(error.message if isinstance(error, ScireError) else str(error))
    except BaseException as failure:  # noqa: BLE001 - the function door: `__str__` is the user's code
        return f"(its text failed: {type(failure).__name__})"


def _notes(error: BaseException) -> Fragments:
    """Return the notes that a firing left: which function of which hook."""
    notes = getattr(error, "__notes__", ())
    return [("place", f"  {neutral(str(note))}\n") for note in notes] if isinstance(notes, list) else []


def _where(frames: list[Frame], file: str) -> Fragments:
    """Return the user's frames; the line just typed is known to who typed it."""
    shown = [frame for frame in frames if frame.whose == "user"]
    if shown and shown[0].file == file and shown[0].function == "<module>":
        shown = shown[1:]
    result: Fragments = [("dim", "  …\n")] if len(shown) > _FRAMES else []
    for frame in shown[-_FRAMES:]:
        place = place_text((frame.file, frame.line)) or ""
        source = linecache.getline(frame.file, frame.line).strip()
        result.append(("place", f"  {neutral(place)}, in {neutral(frame.function)}"))
        result.append(("", f": {neutral(source)}\n" if source else "\n"))
    return result


def _cause(error: BaseException) -> Fragments:
    """Return the error that ERROR was raised from, and the members of a group, one line each."""
    result: Fragments = []
    if error.__cause__ is not None:
        cause = error.__cause__
        result.append(("dim", f"  because of {neutral(type(cause).__name__)}: {_message(cause)}\n"))
    if isinstance(error, BaseExceptionGroup):
        result += [("", f"  - {neutral(type(member).__name__)}: {_message(member)}\n") for member in error.exceptions]
    return result


def _syntax(error: SyntaxError) -> Fragments:
    """Return the message, the line, and a caret below."""
    result: Fragments = [("error", f"SyntaxError: {neutral(error.msg)}\n")]
    line = (error.text or "").rstrip("\n")
    if line.strip() and "\n" not in line:
        stripped = line.lstrip()
        result.append(("", f"    {neutral(stripped)}\n"))
        at = (error.offset or 1) - 1 - (len(line) - len(stripped))
        if at >= 0:
            result.append(("error", " " * (4 + at) + "^\n"))
    return result


def _bug(error: BaseException) -> Fragments:
    text = "".join(traceback.format_exception(error))
    return [
        ("", neutral(text)),
        ("error", "This is a defect in scirehooks, not in what you typed. "),
        ("", "Please report it with the lines above.\n"),
    ]
