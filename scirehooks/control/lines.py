"""The lines of a batch as they come over the wire: given at once, as the text of a file, or one by one from stdin."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager

from scirehooks.control.attached import Attached
from scirehooks.control.wire import INVALID_PARAMS
from scirehooks.errors import WireError
from scirehooks.records import dataclass
from scirehooks.shell import Batch, Drained, Remembered, Renderer
from scirehooks.shell.batch import ErrorsOnly
from scirehooks.shell.running.streams import Console, current_console

__all__ = ["BatchRequest"]


@dataclass(frozen=True, slots=True)
class BatchRequest:
    """What a client wants to have run, and how he can show it; see the operation `batch`."""

    lines: Sequence[str] | None
    text: str | None
    file: str
    name: str
    stdin: bool
    as_json: bool
    drain: float
    width: int
    colors: Mapping[str, bool]

    def check(self) -> None:
        """Raise WireError unless there is exactly one source of lines."""
        if (self.lines is not None) + (self.text is not None) + self.stdin != 1:
            raise WireError("batch takes either lines, or text, or stdin.", INVALID_PARAMS)
        if self.text is not None and not (self.file and self.name):
            raise WireError("batch needs the file and the name that its text has.", INVALID_PARAMS)

    @property
    def audited(self) -> str:
        """What the audit log says that was evaluated; lines of standard input are told of as they come."""
        if self.lines is not None:
            return "\n".join(self.lines)
        return self.text if self.text is not None else "(standard input)"

    @contextmanager
    def printing(self, console: Console) -> Iterator[None]:
        """Let what is printed go to CONSOLE inside the block, with JSON to its standard error."""
        token = current_console.set(ErrorsOnly(console) if self.as_json else console)
        try:
            yield
        finally:
            current_console.reset(token)

    def run(
        self,
        attached: Attached,
        renderer: Renderer,
        follow: Callable[[float], AbstractContextManager[Callable[[], Drained]]] | None,
        came: Callable[[str], None],
    ) -> int:
        """Run the lines in ATTACHED and return the exit status; CAME is told of each line of standard input."""
        batch = Batch(
            attached.session,
            renderer,
            attached.console,
            width=self.width,
            colors=self.colors,
            as_json=self.as_json,
            follow=None if follow is None else lambda: follow(self.drain),
        )
        if self.lines is not None:
            return self._each(self.lines, batch)
        if self.text is not None:
            lines = (line.removesuffix("\r") for line in self.text.split("\n"))
            return batch.run(lines, self.file, self.name)
        source = Remembered(_asked_for(attached, came), "<stdin>")
        return batch.run(source, source.file, "stdin")

    def _each(self, lines: Sequence[str], batch: Batch) -> int:
        """Evaluate each of LINES on its own: a quote left open in one does not swallow the next."""
        number, status = 1, 0
        source = Remembered((line for text in lines for line in text.split("\n")), "-c")
        everything = iter(source)
        for text in lines:
            taken = list(itertools.islice(everything, text.count("\n") + 1))
            status = batch.run(taken, source.file, "-c", first=number)
            if batch.ended:
                break
            number += len(taken)
        return status


def _asked_for(attached: Attached, came: Callable[[str], None]) -> Iterator[str]:
    """Yield the lines of the client's standard input, each asked for when it is wanted."""
    while line := attached.console.read_line():
        text = line.rstrip("\r\n")
        came(text)
        yield text
