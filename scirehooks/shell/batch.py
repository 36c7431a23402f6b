"""Run lines that nobody types: `-c`, a file, a pipe. No prompt, no colours in a pipe, an exit status at the end.

Each line waits for what it set going (post-hooks, runs) before the next one starts, so that a batch reads as it
happens. The first error ends it. On standard output there are results and what the lines print; with JSON, results
only, one line each.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from io import TextIOBase
from typing import IO, Any, TextIO, cast

from scirehooks.errors import ScireError
from scirehooks.hooks.says import warned
from scirehooks.records import dataclass
from scirehooks.shell.line.chunks import Chunk, chunks
from scirehooks.shell.running.streams import Console, Stream, own_stream
from scirehooks.shell.session import Outcome, Session, run_locally
from scirehooks.shell.showing.problems import explain
from scirehooks.shell.showing.render import Renderer
from scirehooks.shell.showing.text import Fragments, to_ansi
from scirehooks.shell.views import is_answer

__all__ = ["Batch", "Drained", "colors_for"]


@dataclass(frozen=True, slots=True)
class Drained:
    """What came of what a line set going, in words.

    The runs of its own that FAILED, those of post-hooks that did (INDIRECT), and what is LEFT when the time was over.
    """

    failed: tuple[str, ...] = ()
    indirect: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


class Batch:
    """Evaluates lines in a session and prints what comes of them on OUT and ERR.

    FOLLOW is entered around each line and gives what waits for the things that the line set going. Answers are WIDTH
    columns wide (0: as wide as they are) and coloured where COLORS says so; by default OUT and ERR are asked whether
    they are terminals.
    """

    def __init__(
        self,
        session: Session,
        renderer: Renderer,
        *,
        as_json: bool = False,
        follow: Callable[[], AbstractContextManager[Callable[[], Drained]]] | None = None,
        out: TextIO | TextIOBase | None = None,
        err: TextIO | TextIOBase | None = None,
        width: int | None = None,
        colors: Mapping[str, bool] | None = None,
    ) -> None:
        self._session = session
        self._renderer = renderer
        self._json = as_json
        self._follow = follow or _nothing_to_follow
        self._out = out or own_stream("stdout") or open(os.devnull, "w")  # noqa: SIM115 - for the life of the process
        self._err = err or own_stream("stderr") or self._out
        if width is None:
            width = shutil.get_terminal_size().columns if self._out.isatty() else 0
        self._width = width
        self._color_out = colors_for(self._out) if colors is None else colors.get("stdout", False)
        self._color_err = colors_for(self._err) if colors is None else colors.get("stderr", False)
        self._console = _BatchConsole(session.console, self._out, self._err, as_json=as_json)
        self._closed = False
        self._later = 0  # the status for what was no reason to end
        self.ended = False

    def run(self, lines: Iterable[str], file: str, name: str, *, first: int = 1) -> int:
        """Evaluate LINES, compiled as FILE and called NAME in messages; return the exit status.

        LINES begin with line FIRST of the file, and are taken one at a time. `ended` then says whether a line failed
        or asked to leave.
        """
        for relative in chunks(lines, self._session.runtime.commands):
            chunk = Chunk(relative.text, relative.line + first - 1)
            with self._follow() as settle:
                outcome = self._session.evaluate(chunk.text, file=file, line=chunk.line, console=self._console)
                self._flush()
            if self._closed or isinstance(outcome.error, BrokenPipeError):
                self._close()
            elif outcome.problem:
                self._say(f"{name}:{outcome.problem.line or chunk.line}: ", outcome.problem.text)
            else:
                outcome = self._shown(outcome, f"{name}:{chunk.line}: ")
            status = outcome.status or self._settle(settle(), chunk, name)
            if isinstance(outcome.error, BrokenPipeError):
                return 0  # whoever read our output has seen enough
            self.ended = outcome.error is not None or outcome.quit or status != 0
            if self.ended:
                return status or self._later
        return self._later

    # -- showing

    def _shown(self, outcome: Outcome, where: str) -> Outcome:
        """Show OUTCOME and return it, or the outcome of failing at that."""
        try:
            self._show(outcome, where)
        except Exception as error:  # noqa: BLE001 - the function door: what is shown may be of the user's classes
            self._say(where, explain(error, self._session.runtime.owners, "").text)
            return replace(outcome, error=error, status=1)
        return outcome

    def _show(self, outcome: Outcome, where: str) -> None:
        value = outcome.value
        if outcome.kind == "program" or (outcome.kind == "python" and value is None):
            return
        quiet = outcome.kind == "command" and not is_answer(outcome.command, value)
        command = self._session.runtime.commands.get(outcome.command) if quiet else None
        if command is not None and warned(command.function, value):
            self._say(where, self._renderer.line(value, command=command))
        if self._json:
            self._write(self._as_json(None if quiet else value) + "\n")
        elif not quiet:
            shown = self._renderer.render(value, self._width, python=outcome.kind == "python")
            self._write(to_ansi(shown, color=self._color_out))

    def _as_json(self, value: Any) -> str:
        utf8 = (getattr(self._out, "encoding", None) or "utf-8").lower().replace("-", "") == "utf8"
        return json.dumps(self._session.values.to_json(value), separators=(",", ":"), ensure_ascii=not utf8)

    def _say(self, where: str, text: Fragments) -> None:
        """Print TEXT, which came from WHERE, on standard error."""
        with contextlib.suppress(BrokenPipeError):
            self._err.write(where + to_ansi(text, color=self._color_err))
            self._err.flush()

    def _write(self, text: str) -> None:
        try:
            self._out.write(text)
            self._out.flush()
        except BrokenPipeError:
            self._close()
        except OSError as error:
            self._close()  # or Python would try once more at its end, and say so
            raise ScireError(f"The output cannot be written: {error.strerror}.") from error

    def _close(self) -> None:
        """Go on without a reader: what the batch does is not undone by whoever looks at it."""
        if not self._closed and self._out is own_stream("stdout"):
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, self._out.fileno())
            os.close(null)
        self._closed = True

    # -- running

    def _flush(self) -> None:
        """Write out what the line printed, before anybody sees what came of it."""
        try:
            self._out.flush()
        except BrokenPipeError:
            self._close()

    def _settle(self, drained: Drained, chunk: Chunk, name: str) -> int:
        """Tell what came of what CHUNK set going; return 5 if a run of its own did not succeed, or one not in time.

        A run that a function of a post-hook started is not what the line was about: the lines go on, to 5 at the end.
        """
        if drained.indirect:
            self._later = 5
        for what in (*drained.failed, *drained.indirect):
            self._say(f"{name}:{chunk.line}: ", [("error", what), ("", "\n")])
        if drained.left:
            self._say(f"{name}:{chunk.line}: ", [("warning", f"Still under way: {', '.join(drained.left)}.\n")])
        return 5 if drained.failed or drained.left else 0


class _BatchConsole:
    """Where the lines of a batch print, ask and run programs: at OUT and ERR, else where the session does.

    With JSON what they print goes to ERR: OUT holds results only.
    """

    def __init__(
        self, session: Console | None, out: TextIO | TextIOBase, err: TextIO | TextIOBase, *, as_json: bool
    ) -> None:
        self._session = session
        self._out, self._err, self._as_json = (err if as_json else out), err, as_json

    def write(self, stream: Stream, text: str) -> None:
        """Show TEXT on STREAM."""
        (self._out if stream == "stdout" else self._err).write(text)

    def read_line(self, prompt: str = "") -> str:
        """Show PROMPT and return a line with its end; nothing at the end of input."""
        if self._session is not None:
            return self._session.read_line(prompt)
        self._out.write(prompt)
        self._out.flush()
        stdin = own_stream("stdin")
        return stdin.readline() if stdin is not None else ""

    def run_program(self, text: str) -> int:
        """Run TEXT by sh and return its exit status."""
        if self._session is not None:
            return self._session.run_program(text)
        self._out.flush()
        return run_locally(text, stdout=cast(IO[Any], self._out) if self._as_json else None)


@contextlib.contextmanager
def _nothing_to_follow() -> Iterator[Callable[[], Drained]]:
    yield Drained


def colors_for(stream: TextIO | TextIOBase) -> bool:
    """Whether STREAM is a terminal that shows colours, and nobody asked for none (NO_COLOR, TERM=dumb)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM", "dumb") != "dumb"
