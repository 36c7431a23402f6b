"""Who connects, as the kernel says; and who may: the user of the server, and root."""

from __future__ import annotations

import contextlib
import os
import socket
from pathlib import Path
from typing import Final

from scirehooks.control import Peer
from scirehooks.control.oneshot import credentials, is_trusted
from scirehooks.errors import PeerRefusedError
from scirehooks.process import user_name

__all__ = ["admitted", "peer_of"]

_NOBODY: Final = 0xFFFFFFFF  # the login uid of what nobody logged in for, such as a service


def peer_of(connection: socket.socket) -> Peer:
    """Return who is at the other end of CONNECTION: what the kernel noted when it was made, not what he says.

    Example:
        >>> one, other = socket.socketpair()
        >>> peer_of(one).pid == os.getpid()
        True
        >>> one.close(), other.close()
        (None, None)
    """
    pid, uid = credentials(connection)
    return Peer(uid, pid, user_name(uid), _login_uid(pid))


def admitted(connection: socket.socket) -> Peer:
    """Return the peer of CONNECTION, if he may use it.

    Raises:
        PeerRefusedError: he is neither root nor the user of this process.
    """
    peer = peer_of(connection)
    if not is_trusted(connection):
        raise PeerRefusedError(
            f"{peer.user} (uid {peer.uid}, process {peer.pid}) may not use the control socket of uid {os.geteuid()}.",
            "Only that user and root may.",
        )
    return peer


def _login_uid(pid: int) -> int | None:
    """Return who logged in before he became root, say; None if nobody did or the kernel does not keep it."""
    with contextlib.suppress(OSError, ValueError):  # the process may have ended
        uid = int(Path(f"/proc/{pid}/loginuid").read_text())
        return None if uid == _NOBODY else uid
    return None
