"""A session: one attached shell. It takes a line and gives an outcome; showing that is not its business."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from itertools import count
from pathlib import Path
from typing import Any, Literal

from scirehooks.errors import ConflictError, ScireError, UnknownNameError, UsageError, exit_status_of
from scirehooks.hooks import Command, Origin, Owner, Place, Record, Runtime
from scirehooks.process import user_name
from scirehooks.records import dataclass
from scirehooks.shell.line.arguments import bind
from scirehooks.shell.line.form import Form, provided_by
from scirehooks.shell.line.language import CommandLine, ProgramLine, first_word, read
from scirehooks.shell.line.typos import as_in_sh, meant, no_such_command
from scirehooks.shell.running.evaluation import Evaluation, check_interrupt, current_evaluation
from scirehooks.shell.running.python import Locals, Python, compile_chunk
from scirehooks.shell.running.sources import remember_source, source_of_file, sources_of_names
from scirehooks.shell.running.streams import Console, Metered, current_console, routed
from scirehooks.shell.showing.problems import Problem, explain, said
from scirehooks.shell.views import Answer
from scirehooks.values import Values, current_directory

Kind = Literal["command", "python", "program"]
_TYPED = 1_000  # lines that `history` knows
_QUOTA = 1 << 20  # bytes that an evaluation may print, where no option says so

__all__ = ["Outcome", "Session", "current_session", "run_locally"]

current_session: ContextVar[Session | None] = ContextVar("scirehooks_session", default=None)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a line: a value or an error, the exit status that it means, and whether the session ends."""

    kind: Kind
    command: str = ""  # its name
    value: Any = None
    error: BaseException | None = None
    problem: Problem | None = None
    status: int = 0
    quit: bool = False


class Session:
    """One attached shell: evaluates lines for its owner, on behalf of a user.

    What they print goes to CONSOLE (default: to the streams of the process). Relative paths are seen from CWD. `seen`
    is the number of the last journal record that its user knows of: `undo` and its kin are refused after a later one
    of others. None: that is not checked.

    Example:
        >>> session = Session(Runtime("demo"), Values())
        >>> session.evaluate("6 * 7").value
        42
        >>> session.evaluate("_ + 1").value
        43
    """

    def __init__(
        self,
        runtime: Runtime,
        values: Values,
        *,
        name: str = "shell",
        actor: str = "",
        console: Console | None = None,
        cwd: Path | None = None,
    ) -> None:
        self.runtime = runtime
        self.values = values
        self.name = name
        self.actor = actor or user_name(os.getuid())
        self.owner = Owner("session", name)
        self.console = console
        self.cwd = cwd
        self.seen: int | None = None
        self.typed: deque[str] = deque(maxlen=_TYPED)  # what was evaluated, the newest last
        self._numbers = count(1)
        self._locals = Locals(runtime.namespace.view(self.owner), sources_of_names(runtime))
        self._python = Python(runtime, self._locals)
        self._metered: tuple[Evaluation | None, Metered] | None = None

    def close(self) -> None:
        """End the session; the names and tasks that it made stay."""
        self.console = None
        self._metered = None

    def form(self, command: Command) -> Form:
        """Return what COMMAND may be given in this session."""
        return Form(command, provided_by(self.values, {Session: self}))

    def evaluate(self, text: str, *, file: str = "", line: int = 1, console: Console | None = None) -> Outcome:
        """Evaluate TEXT, which begins at LINE of FILE (default: a file of its own), and return what came of it.

        What it prints goes to CONSOLE (default: the session's own, up to the quota). Nothing but an interrupt that
        comes between two steps of this method ever escapes.
        """
        self.typed.append(text)
        evaluation = current_evaluation.get()
        if evaluation is not None and evaluation.session is self:
            evaluation.line = text
        if file:
            source = source_of_file(file)
        else:
            file = self._free_name()
            source = remember_source(text, file, line)
        if source is not None and self.runtime.owners.of_file(file) is None:
            source.when_gone(self.runtime.owners.forget, file)
        self.runtime.owners.register(file, self.owner)
        kind: Kind = "python"
        console = console or self._console()
        try:
            with self._current(console), self.runtime.owners.acting(self.owner, actor=self.actor):
                check_interrupt()  # of a line before it, whose answer was being shown
                parsed = read(text, self.runtime.commands)
                if isinstance(parsed, CommandLine):
                    kind = "command"
                    return self._succeeded(kind, self._command(parsed, file, line), parsed.name)
                if isinstance(parsed, ProgramLine):
                    kind = "program"
                    _run_program(parsed.text, console)
                    return self._succeeded(kind, None)
                if ";" in first_word(text) and (several := as_in_sh(text, self.runtime.commands)):
                    raise several  # as Python, `clients; who` would name two functions, and do nothing
                return self._succeeded(kind, self._run_python(parsed.source, file, line))
        except SystemExit as wish:
            return _quitting(kind, wish)
        except BaseException as error:  # noqa: BLE001 - the function door: whatever the user's code raises is an outcome
            better: BaseException | None = None
            if kind == "python":
                better = self._better(text, error)
            elif kind == "command" and isinstance(error, UsageError | UnknownNameError):
                better = as_in_sh(text.removeprefix(":").lstrip(), self.runtime.commands)
            return self._failed(kind, better or _interrupted(error) or error, file)

    def _free_name(self) -> str:
        """Return what the next text is compiled as; a session of this name before may have left functions behind."""
        names = (f"<{self.name}:{number}>" for number in self._numbers)
        return next(name for name in names if self.runtime.owners.of_file(name) is None)

    def _console(self) -> Console | None:
        """Return the session's console with its quota, which all lines of one evaluation share."""
        if self.console is None:
            return None
        evaluation = current_evaluation.get()
        if self._metered is None or evaluation is None or self._metered[0] is not evaluation:
            options = self.runtime.options
            limit = options["print-quota"].value if "print-quota" in options else _QUOTA
            self._metered = (evaluation, Metered(self.console, limit))
        return self._metered[1]

    @contextmanager
    def _current(self, console: Console | None) -> Iterator[None]:
        """Let code in the block find the session, and print to CONSOLE."""
        with ExitStack() as left:
            left.callback(current_session.reset, current_session.set(self))
            left.callback(current_directory.reset, current_directory.set(self.cwd))
            if console is not None:
                left.enter_context(routed())
                left.callback(current_console.reset, current_console.set(console))
            yield

    def _command(self, parsed: CommandLine, file: str, line: int) -> Any:
        if parsed.name not in self.runtime.commands or "_" in parsed.name:
            raise no_such_command(parsed.name, list(self.runtime.commands))
        found = self.runtime.commands[parsed.name]
        if found.fresh:
            self._check_seen(found)
        form = self.form(found)
        words = [word.text for word in parsed.words]
        if words == ["--help"] and "help" in self.runtime.commands:
            form, words = self.form(self.runtime.commands["help"]), [form.command.name]
        arguments = bind(form, words, self.values)
        # Called from the line itself: whatever it adds or changes then belongs to the session, at this place.
        called = compile("\n" * (line - 1) + "call(*positional, **keyword)", file, "eval", dont_inherit=True)
        return eval(called, {"call": form.command.function, **arguments._asdict()})

    def made(self, record: Record) -> bool:
        """Whether RECORD was made in this session: by its lines, or by what they loaded."""
        # The very object: two administrators who are both root are told apart by it.
        return record.owner == self.owner or record.actor is self.actor

    def _check_seen(self, command: Command) -> None:
        """Refuse COMMAND if somebody else has changed something since the session was at its prompt."""
        if self.seen is None:
            return
        with self.runtime.journal.lock:
            later = [record for record in self.runtime.journal.records if record.id > self.seen]
        others = [record for record in later if not self.made(record)]
        if others:
            last = others[-1]
            raise ConflictError(
                f"{command.name} is based on a state that is no more: {_by_whom(last)} has done "
                f"{self.runtime.journal.title(last)} ({last.subject}) since.",
                "Look with journal, then type it again.",
            )

    def _run_python(self, source: str, file: str, line: int) -> Any:
        codes = compile_chunk(source, file, line)
        self._locals.source = source_of_file(file)
        if self._locals.source is not None:
            self._locals.source.holds(codes)
        try:
            value = self._python.run(codes)
        finally:
            self._locals.source = None
            # `global x` in a function and a walrus inside a comprehension set names past the view.
            self.runtime.namespace.sweep(Origin(self.owner, Place(file, line), self.actor))
        if value is not None:
            self._locals.remember(value)
        return value

    def _better(self, text: str, error: BaseException) -> BaseException | None:
        """Return what is better said than ERROR if TEXT is a misspelt command or name of this very line."""
        if not isinstance(error, SyntaxError | NameError | TypeError):
            return None
        if not isinstance(error, SyntaxError) and not self._raised_here(error):
            return None
        return meant(text, error, list(self.runtime.commands), list(self.runtime.namespace))

    def _raised_here(self, error: BaseException) -> bool:
        """Whether ERROR comes from the typed line itself and not from a function that it called."""
        walk = error.__traceback__
        while walk is not None and walk.tb_next is not None:
            walk = walk.tb_next
        return walk is not None and walk.tb_frame.f_code.co_name == "<module>"

    def _succeeded(self, kind: Kind, value: Any, command: str = "") -> Outcome:
        status = value.exit_status if isinstance(value, Answer) else 0
        return Outcome(kind, command, value, status=status)

    def _failed(self, kind: Kind, error: BaseException, file: str) -> Outcome:
        problem = explain(error, self.runtime.owners, file, command=kind == "command")
        return Outcome(kind, error=error, problem=problem, status=exit_status_of(error))


def run_locally(text: str) -> int:
    """Run TEXT by sh on our own terminal; return its status, -N if signal N killed it."""
    return subprocess.run(["/bin/sh", "-c", text], check=False).returncode


def _run_program(text: str, console: Console | None) -> None:
    """Run TEXT where the user is; anything but success is an error."""
    if not text:
        raise UsageError("There is no program after the exclamation mark.", "For example: !uptime")
    status = run_locally(text) if console is None else console.run_program(text)
    if status:
        how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
        raise ScireError(f"!{text} {how}.")


def _interrupted(error: BaseException) -> BaseException | None:
    """Return the interrupt if that is what cancelled what was awaited, as ERROR says."""
    evaluation = current_evaluation.get()
    if evaluation is None or not evaluation.interrupted or not isinstance(error, asyncio.CancelledError):
        return None
    return KeyboardInterrupt().with_traceback(error.__traceback__)


def _by_whom(record: Record) -> str:
    """Say who made RECORD: a user, and in which session or module."""
    return f"{record.actor} ({record.owner})" if record.actor else str(record.owner)


def _quitting(kind: Kind, wish: SystemExit) -> Outcome:
    """Return the outcome of `quit`, `exit()` and `sys.exit(…)`, with Python's meaning of the argument."""
    if wish.code is None or isinstance(wish.code, int):
        return Outcome(kind, status=wish.code or 0, quit=True)
    return Outcome(kind, error=wish, problem=Problem("user", [("error", f"{said(wish)}\n")]), status=1, quit=True)
