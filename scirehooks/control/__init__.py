"""The control protocol: how a terminal, a one-shot command or another program reaches a running system.

JSON-RPC 2.0, one message a line. `ops` is the table of what may be asked and `service` answers it; `server` moves the
messages; `client` is the other end for a terminal, `oneshot` the other end for a batch, made to start fast. `describe`
serves the table to whoever asks.

Public names come when they are asked for: `oneshot` would otherwise pay for the whole service.
"""

from scirehooks.late import late

TYPE_CHECKING = False  # checkers take it for true; `typing` alone would cost more than all the rest

if TYPE_CHECKING:
    from scirehooks.control.client import Client, Handler
    from scirehooks.control.peer import Peer
    from scirehooks.control.server import Server
    from scirehooks.control.service import Service

__all__ = ["Client", "Handler", "Peer", "Server", "Service"]

late(
    globals(),
    {
        "Client": "scirehooks.control.client",
        "Handler": "scirehooks.control.client",
        "Peer": "scirehooks.control.peer",
        "Server": "scirehooks.control.server",
        "Service": "scirehooks.control.service",
    },
)
