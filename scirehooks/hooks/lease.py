"""Leases: entries that go by themselves, after a time, a number of calls, or with the session that made them."""

from __future__ import annotations

import threading
import time
from dataclasses import field

from scirehooks.records import dataclass

__all__ = ["Lease"]


@dataclass(eq=False, slots=True)
class Lease:
    """Until when an entry stays: EXPIRES (seconds since the epoch), CALLS left, or the end of the SESSION named.

    Example:
        >>> once = Lease(calls=1)
        >>> once.claim(), once.claim()
        (True, False)
    """

    expires: float | None = None
    calls: int | None = None
    session: str | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @classmethod
    def lasting(cls, seconds: float) -> Lease:
        """Return a lease that lasts SECONDS from now."""
        return cls(expires=time.time() + seconds)

    @property
    def over(self) -> bool:
        """Whether it allows no call any more."""
        return (self.calls is not None and self.calls <= 0) or (
            self.expires is not None and self.expires <= time.time()
        )

    def claim(self) -> bool:
        """Count one call before it is made, and tell whether it may be: two threads, or a nested firing, get one."""
        with self._lock:
            if self.over:
                return False
            if self.calls is not None:
                self.calls -= 1
            return True

    def __str__(self) -> str:
        parts = []
        if self.calls is not None:
            parts.append(f"{self.calls} more call{'s' if self.calls != 1 else ''}")
        if self.expires is not None:
            parts.append(f"{max(0.0, self.expires - time.time()):.0f} s")
        if self.session is not None:
            parts.append(f"end of session {self.session}")
        return " or ".join(parts)
