"""Run lines that nobody types: `-c`, a file, a pipe. No prompt, no colours in a pipe, an exit status at the end.

Each line waits for what it set going (post-hooks, runs) before the next one starts, so that a batch reads as it
happens. The first error ends it. On standard output there are results and what the lines print; with JSON, results
only, one line each.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace

from scirehooks.hooks.says import warned
from scirehooks.records import dataclass
from scirehooks.shell.line.chunks import Chunk, chunks
from scirehooks.shell.running.streams import Console, Stream
from scirehooks.shell.session import Outcome, Session
from scirehooks.shell.showing.problems import explain
from scirehooks.shell.showing.render import Renderer
from scirehooks.shell.showing.text import Fragments, to_ansi
from scirehooks.shell.views import is_answer

__all__ = ["Batch", "Drained", "ErrorsOnly"]


@dataclass(frozen=True, slots=True)
class Drained:
    """What came of what a line set going, in words.

    The runs of its own that FAILED, those of post-hooks that did (INDIRECT), and what is LEFT when the time was over.
    """

    failed: tuple[str, ...] = ()
    indirect: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


class ErrorsOnly:
    """CONSOLE, with all that is printed on its standard error: with JSON, standard output has results only."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self.read_line, self.run_program = console.read_line, console.run_program

    def write(self, stream: Stream, text: str) -> None:
        """Show TEXT, whatever the STREAM."""
        self._console.write("stderr", text)


class Batch:
    """Evaluates lines in a session and shows what comes of them on CONSOLE, where they print and ask, too.

    FOLLOW is entered around each line and gives what waits for the things that the line set going. Answers are WIDTH
    columns wide (0: as wide as they are), and have colours on the streams of which COLORS says so.
    """

    def __init__(
        self,
        session: Session,
        renderer: Renderer,
        console: Console,
        *,
        width: int,
        colors: Mapping[str, bool],
        as_json: bool = False,
        follow: Callable[[], AbstractContextManager[Callable[[], Drained]]] | None = None,
    ) -> None:
        self._session = session
        self._renderer = renderer
        self._console = console
        self._printing = ErrorsOnly(console) if as_json else console  # what the lines know
        self._json = as_json
        self._follow = follow or _nothing_to_follow
        self._width = width
        self._colors = colors
        self._closed = False  # nobody reads standard output any more
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
                outcome = self._session.evaluate(chunk.text, file=file, line=chunk.line, console=self._printing)
            self._closed = self._closed or isinstance(outcome.error, BrokenPipeError)
            if not self._closed and outcome.problem:
                self._say(f"{name}:{outcome.problem.line or chunk.line}: ", outcome.problem.text)
            elif not self._closed:
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
            as_json = self._session.values.to_json(None if quiet else value)
            self._write(json.dumps(as_json, separators=(",", ":"), ensure_ascii=False) + "\n")
        elif not quiet:
            shown = self._renderer.render(value, self._width, python=outcome.kind == "python")
            self._write(to_ansi(shown, color=self._colors.get("stdout", False)))

    def _say(self, where: str, text: Fragments) -> None:
        """Print TEXT, which came from WHERE, on standard error."""
        with contextlib.suppress(BrokenPipeError):
            self._console.write("stderr", where + to_ansi(text, color=self._colors.get("stderr", False)))

    def _write(self, text: str) -> None:
        try:
            self._console.write("stdout", text)
        except BrokenPipeError:
            self._closed = True  # the batch goes on: what it does is not undone by whoever looks at it

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


@contextlib.contextmanager
def _nothing_to_follow() -> Iterator[Callable[[], Drained]]:
    yield Drained
