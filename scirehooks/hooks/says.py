"""What a command says when it has done something: a sentence for who typed it, and nothing to programs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

__all__ = ["said", "says", "warned"]

F = TypeVar("F", bound=Callable[..., Any])

_MARK = "__scirehooks_says__"
_WARNS = "__scirehooks_warns__"


def says(text: str | Callable[[Any], str], *, warns: Callable[..., str] | None = None) -> Callable[[F], F]:
    """Mark a command with what is said at a prompt when it is done: TEXT, with `{0}` for its result.

    TEXT is a format, or a function from the result to a sentence. The result itself stays what it is, in Python and as
    JSON. A batch shows a result that is an answer (a list, say), and none of this. WARNS, called with
    the result (if it marks a method, with its object first), says what should be known in a batch, too, or nothing.

    Example:
        >>> @says("Sent {0} messages.")
        ... def send(text): return 3
        >>> said(send, send("hello"))
        'Sent 3 messages.'
    """

    def mark(function: F) -> F:
        setattr(function, _MARK, text)
        setattr(function, _WARNS, warns)
        return function

    return mark


def said(function: Callable[..., Any], result: Any) -> str:
    """Return what FUNCTION says when it has returned RESULT; nothing if it is not marked, or there is no result."""
    text = getattr(function, _MARK, None)
    if text is None or result is None:
        return ""
    told = str(text(result) if callable(text) else text.format(result))
    return f"{told} {warned(function, result)}".rstrip()


def warned(function: Callable[..., Any], result: Any) -> str:
    """Return what FUNCTION warns of when it has returned RESULT; nothing if all is well.

    Example:
        >>> @says("Sent {0} messages.", warns=lambda sent: "" if sent else "Nobody will know.")
        ... def send(text): return len(text)
        >>> said(send, send("")), warned(send, send("hello"))
        ('Sent 0 messages. Nobody will know.', '')
    """
    warns = getattr(function, _WARNS, None)
    if warns is None or result is None:
        return ""
    of = getattr(function, "__self__", None)
    return str(warns(result) if of is None else warns(of, result))
