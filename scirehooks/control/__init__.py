"""The control protocol: how a terminal, a one-shot command or another program reaches a running system.

JSON-RPC 2.0, one message a line. `ops` is the table of what may be asked and `service` answers it; `server` moves the
messages; `client` is the other end for a terminal, `oneshot` the other end for a batch, made to start fast. `describe`
serves the table to whoever asks.

Public names come when they are asked for (PEP 562): `oneshot` would otherwise pay for the whole service.
"""

TYPE_CHECKING = False  # checkers take it for true; `typing` alone would cost more than all the rest

if TYPE_CHECKING:
    from scirehooks.control.client import Client, Handler
    from scirehooks.control.peer import Peer
    from scirehooks.control.server import Server
    from scirehooks.control.service import Service

__all__ = ["Client", "Handler", "Peer", "Server", "Service"]

_HOME_OF = {
    "Client": "scirehooks.control.client",
    "Handler": "scirehooks.control.client",
    "Peer": "scirehooks.control.peer",
    "Server": "scirehooks.control.server",
    "Service": "scirehooks.control.service",
}


def __getattr__(name: str) -> object:
    """Import the public NAME now that somebody wants it."""
    try:
        home = _HOME_OF[name]
    except KeyError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name) from None
    value = globals()[name] = getattr(__import__(home, fromlist=[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
