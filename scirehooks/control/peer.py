"""Who is at the other end of a control connection."""

from __future__ import annotations

import os

from scirehooks.process import user_name
from scirehooks.records import dataclass

__all__ = ["Peer"]


@dataclass(frozen=True, slots=True)
class Peer:
    """The process at the other end, as the kernel names it.

    UID and USER are whose process it is, PID which, and LOGINUID who logged in before becoming that user (None: nobody
    did, or the kernel does not say).
    """

    uid: int
    pid: int
    user: str
    loginuid: int | None = None

    @classmethod
    def own(cls) -> Peer:
        """Return this very process as a peer: the end of a socket pair.

        Example:
            >>> Peer.own().pid == os.getpid()
            True
        """
        uid = os.getuid()
        return cls(uid, os.getpid(), user_name(uid))

    def __str__(self) -> str:
        return f"{self.user} (process {self.pid})"
