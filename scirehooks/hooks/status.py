"""What a running system says of itself: each part of it reports for `status`, and for whoever watches it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from scirehooks.records import dataclass

__all__ = ["Report", "StatusPart"]


@dataclass(frozen=True, slots=True)
class StatusPart:
    """How a part of the system fares, in a few words; WRONG names what somebody has to look at, with what to type.

    Example:
        >>> StatusPart("3 queues", ("queue mail is full: queue-flush mail",)).wrong
        ('queue mail is full: queue-flush mail',)
    """

    text: str
    wrong: tuple[str, ...] = ()


Report: TypeAlias = Callable[[], StatusPart]
"""What is called when somebody asks how a part fares; be quick, and wait for nothing."""
