"""The shell in a terminal: the only place that knows prompt_toolkit and pygments.

It talks the control protocol over a socket and holds no object of the system: text goes out, styled text and candidates
come back. A `Link` is the connection, which may be lost and found again, and a `Screen` the terminal; a reader reads a
line, an `Answer` is what comes of it.

Public names come when they are asked for: a terminal on another process needs no server.
"""

from scirehooks.late import late

TYPE_CHECKING = False

if TYPE_CHECKING:
    from scirehooks.terminal.embed import shell
    from scirehooks.terminal.loop import run

__all__ = ["run", "shell"]

late(globals(), {"run": "scirehooks.terminal.loop", "shell": "scirehooks.terminal.embed"})
