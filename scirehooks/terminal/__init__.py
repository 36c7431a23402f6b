"""The shell in a terminal: the only place that knows prompt_toolkit and pygments.

It talks the control protocol over a socket and holds no object of the system: text goes out, styled text and candidates
come back. A `Link` is the connection, which may be lost and found again, and a `Screen` the terminal; a reader reads a
line, an `Answer` is what comes of it.

Public names come when they are asked for (PEP 562): a terminal on another process needs no server.
"""

from importlib import import_module

TYPE_CHECKING = False

if TYPE_CHECKING:
    from scirehooks.terminal.embed import shell
    from scirehooks.terminal.loop import run

__all__ = ["run", "shell"]

_HOME_OF = {"run": "scirehooks.terminal.loop", "shell": "scirehooks.terminal.embed"}


def __getattr__(name: str) -> object:
    """Import the public NAME now that somebody wants it."""
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)
    value = globals()[name] = getattr(import_module(_HOME_OF[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
