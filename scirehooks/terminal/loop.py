"""The loop of an interactive shell: read, evaluate, show, until somebody leaves."""

from __future__ import annotations

import contextlib
import io
import socket
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

from scirehooks.errors import ConnectionLostError
from scirehooks.terminal.answer import Answer
from scirehooks.terminal.link import Link
from scirehooks.terminal.reader import LineReader, PlainReader, Reader
from scirehooks.terminal.screen import Screen

__all__ = ["run"]

_TOO_MANY = 3  # faults of ours in a row, after which there is no use in going on


def run(
    sock: socket.socket, *, history: Path | None = None, reconnect: Callable[[], socket.socket] | None = None
) -> int:
    """Serve whoever sits at this terminal with a shell on the system at the other end of SOCK, until he leaves.

    HISTORY is a file that keeps what was typed. RECONNECT makes a new connection when the old one is lost, or raises
    an error that says why it cannot yet; without it the shell ends then. A terminal that can do nothing (TERM=dumb),
    or none at all, gets plain lines.

    Returns:
        The exit status.

    Raises:
        ScireError: there is nobody at the other end.
    """
    screen = Screen()
    with contextlib.closing(Link(sock, screen, reconnect)) as link, _prints_above(screen):
        screen.show(screen.broken(link.banner))
        reader = PlainReader(screen, link) if screen.plain else LineReader(screen, link, history)
        return _serve(screen, link, reader)


def _serve(screen: Screen, link: Link, reader: Reader) -> int:
    faults = 0
    while True:
        try:
            screen.fresh_line()
            screen.show(screen.broken(link.before_prompt()))
            text = reader.read()
            if text.strip():
                reply = Answer(link, screen, text, reader.read_answer).wait()
                if reply.quit:
                    return reply.status
            faults = 0
        except KeyboardInterrupt:
            # At the prompt it clears the line; a late one, while an answer is shown, ends the answer.
            if screen.plain:
                screen.write("\n")
        except EOFError:
            return 0
        except ConnectionLostError as error:
            screen.fresh_line()
            screen.show(screen.broken([("error", f"{error}\n")]))
            return error.exit_status
        except OSError:
            return 1  # the terminal has gone
        except Exception:  # noqa: BLE001 - the terminal door: a fault of ours costs a line, not the shell
            faults += 1
            screen.fresh_line()
            screen.write(traceback.format_exc())
            screen.show([("error", "This is a fault of scirehooks. The system goes on.\n")])
            if faults >= _TOO_MANY:
                return 1


class _Above(io.TextIOBase):
    """A file that writes above the line that somebody types on SCREEN; BEHIND is what it stands before."""

    def __init__(self, screen: Screen, behind: io.TextIOBase) -> None:
        self._screen = screen
        self._behind = behind

    def write(self, text: str, /) -> int:
        """Write TEXT."""
        self._screen.above(text)
        return len(text)

    def writable(self) -> bool:
        """Whether it can be written to."""
        return True

    def isatty(self) -> bool:
        """Whether there is a terminal."""
        return self._behind.isatty()

    def fileno(self) -> int:
        """The descriptor behind it, for programs that are started."""
        return self._behind.fileno()


@contextlib.contextmanager
def _prints_above(screen: Screen) -> Iterator[None]:
    """Let what this very process prints, and belongs to no session, go above the line that somebody types.

    Its streams may have been replaced by ones that lead output to its session; then what is behind those is replaced.
    """
    with contextlib.ExitStack() as left:
        for name in ("stdout", "stderr"):
            stream = getattr(sys, name)
            holder, attribute = (stream, "original") if hasattr(stream, "original") else (sys, name)
            behind = getattr(holder, attribute)
            if behind is not None and behind.isatty():
                setattr(holder, attribute, _Above(screen, behind))
                left.callback(setattr, holder, attribute, behind)
        yield
