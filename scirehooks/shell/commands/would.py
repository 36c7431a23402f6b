"""Trying a line without doing it."""

from __future__ import annotations

from scirehooks.errors import UsageError
from scirehooks.hooks import Runtime, command, dry_run_of
from scirehooks.hooks.says import warned
from scirehooks.shell.line.arguments import bind
from scirehooks.shell.line.form import Form, LineWord, provided_by
from scirehooks.shell.line.typos import no_such_command
from scirehooks.shell.line.words import quote, split
from scirehooks.shell.session import Session, current_session
from scirehooks.shell.trying.firingview import Forecast
from scirehooks.shell.trying.trial import provided_classes
from scirehooks.values import Values

__all__ = ["WouldCommands"]


class WouldCommands:
    """The command that tries other commands."""

    def __init__(self, runtime: Runtime, values: Values) -> None:
        self._runtime = runtime
        self._values = values

    @command
    def would(self, *line: LineWord) -> Forecast:
        """Say what would become of LINE, the very line that one would type.

        That is who refuses it, and what would be done. The functions in the pre-hooks are asked by the same code as
        when the line is typed, up to the transaction; what it writes is taken back, and effects are written down
        instead. Programs, and functions in other hooks, are called only if they were added with `--dry-run`; the others
        are listed: what they would do, nobody knows. Exit status 3 if it would be refused.

        Example: would client-add test1 --transport local
        """
        words = [word.text for word in split(line[0])] if len(line) == 1 else list(line)
        if not words:
            first = next(iter(self._tryable()), None)
            raise UsageError("would needs a line.", f"Such as: would {first} …" if first else "")
        name = words[0].removeprefix(":")
        if name not in self._runtime.commands:
            raise no_such_command(name, list(self._runtime.commands))
        known = self._runtime.commands[name]
        dry_run = dry_run_of(known.function)
        if dry_run is None:
            tryable = ", ".join(sorted(self._tryable())) or "nothing here"
            raise UsageError(f"would cannot try {name}, which is no operation.", f"It tries {tryable}.")
        form = Form(known, provided_by(self._values, {Session: current_session.get()}))
        arguments = bind(form, words[1:], self._values)
        run = dry_run(*arguments.positional, **arguments.keyword)
        return Forecast.of(
            " ".join(map(quote, words)), run, provided_classes(self._values), warned(known.function, run.result)
        )

    def _tryable(self) -> list[str]:
        """Return what can be tried in the order of definition: the fleet's first is what one begins with."""
        return [name for name, known in self._runtime.commands.items() if dry_run_of(known.function)]
