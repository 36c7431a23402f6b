"""A session: one attached shell. It takes a line and gives an outcome; showing that is not its business."""

from __future__ import annotations

import getpass
import os
import pwd
import subprocess
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from itertools import count
from typing import Any, Literal, TextIO

from scirehooks.errors import ScireError, UsageError
from scirehooks.hooks import Command, Origin, Owner, Place, Runtime
from scirehooks.shell.arguments import bind
from scirehooks.shell.form import Form, provided_by
from scirehooks.shell.language import CommandLine, ProgramLine, read
from scirehooks.shell.problems import Problem, explain
from scirehooks.shell.python import Locals, Python, compile_chunk, remember_source
from scirehooks.shell.typos import meant, no_such_command
from scirehooks.shell.views import Fired
from scirehooks.values import Values

Kind = Literal["command", "python", "program"]

__all__ = ["Outcome", "Session", "current_session", "run_locally", "user_name"]

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

    Example:
        >>> session = Session(Runtime("demo"), Values())
        >>> session.evaluate("6 * 7").value
        42
        >>> session.evaluate("_ + 1").value
        43
    """

    def __init__(self, runtime: Runtime, values: Values, *, name: str = "shell", actor: str = "") -> None:
        self.runtime = runtime
        self.values = values
        self.name = name
        self.actor = actor or user_name()
        self.owner = Owner("session", name)
        self._numbers = count(1)
        self._locals = Locals(runtime.namespace.view(self.owner))
        self._python = Python(runtime.namespace.globals, self._locals)

    def close(self) -> None:
        """End what the session's awaits left running."""
        self._python.close()

    def form(self, command: Command) -> Form:
        """Return what COMMAND may be given in this session."""
        return Form(command, provided_by(self.values, {Session: self}))

    def evaluate(
        self, text: str, *, file: str = "", line: int = 1, run_program: Callable[[str], int] | None = None
    ) -> Outcome:
        """Evaluate TEXT, which begins at LINE of FILE (default: a file of its own), and return what came of it.

        RUN_PROGRAM runs a local program and returns its exit status. Nothing but an interrupt that comes between two
        steps of this method ever escapes.
        """
        if not file:
            file = f"<{self.name}:{next(self._numbers)}>"
            remember_source(text, file, line)
        self.runtime.owners.register(file, self.owner)
        kind: Kind = "python"
        token = current_session.set(self)
        try:
            with self.runtime.owners.acting(self.owner, actor=self.actor):
                parsed = read(text, self.runtime.commands)
                if isinstance(parsed, CommandLine):
                    kind = "command"
                    return self._succeeded(kind, self._command(parsed, file, line), parsed.name)
                if isinstance(parsed, ProgramLine):
                    kind = "program"
                    (run_program or run_locally)(parsed.text)
                    return self._succeeded(kind, None)
                return self._succeeded(kind, self._run_python(parsed.source, file, line))
        except SystemExit as wish:
            return _quitting(kind, wish)
        except BaseException as error:  # noqa: BLE001 - the function door: whatever the user's code raises is an outcome
            better = self._better(text, error) if kind == "python" else None
            return self._failed(kind, better or error, file)
        finally:
            current_session.reset(token)

    def _command(self, parsed: CommandLine, file: str, line: int) -> Any:
        if parsed.name not in self.runtime.commands or "_" in parsed.name:
            raise no_such_command(parsed.name, list(self.runtime.commands))
        form = self.form(self.runtime.commands[parsed.name])
        words = [word.text for word in parsed.words]
        if words == ["--help"] and "help" in self.runtime.commands:
            form, words = self.form(self.runtime.commands["help"]), [form.command.name]
        arguments = bind(form, words, self.values)
        # Called from the line itself: whatever it adds or changes then belongs to the session, at this place.
        called = compile("\n" * (line - 1) + "call(*positional, **keyword)", file, "eval", dont_inherit=True)
        return eval(called, {"call": form.command.function, **arguments._asdict()})

    def _run_python(self, source: str, file: str, line: int) -> Any:
        try:
            value = self._python.run(compile_chunk(source, file, line))
        finally:
            # `global x` in a function and a walrus inside a comprehension set names past the view.
            self.runtime.namespace.sweep(Origin(self.owner, Place(file, line), self.actor))
        if value is not None:
            self._locals.remember(value)
        return value

    def _better(self, text: str, error: BaseException) -> BaseException | None:
        """Return what is better said than ERROR if TEXT is a misspelt command or name of this very line."""
        if not isinstance(error, SyntaxError | NameError):
            return None
        if isinstance(error, NameError) and not self._raised_here(error):
            return None
        return meant(text, error, list(self.runtime.commands), list(self.runtime.namespace))

    def _raised_here(self, error: BaseException) -> bool:
        """Whether ERROR comes from the typed line itself and not from a function that it called."""
        walk = error.__traceback__
        while walk is not None and walk.tb_next is not None:
            walk = walk.tb_next
        return walk is not None and walk.tb_frame.f_code.co_name == "<module>"

    def _succeeded(self, kind: Kind, value: Any, command: str = "") -> Outcome:
        status = value.exit_status if isinstance(value, Fired) else 0
        return Outcome(kind, command, value, status=status)

    def _failed(self, kind: Kind, error: BaseException, file: str) -> Outcome:
        problem = explain(error, self.runtime.owners, file, command=kind == "command")
        status = error.exit_status if isinstance(error, ScireError) else 1
        if isinstance(error, KeyboardInterrupt):
            status = 130  # as a shell has it: 128 and the number of the signal
        return Outcome(kind, error=error, problem=problem, status=status)


def run_locally(text: str, stdout: TextIO | None = None) -> int:
    """Run TEXT by sh on our own terminal, or with its output to STDOUT, and return its exit status.

    Raises:
        ScireError: it did not end with status 0.
    """
    if not text:
        raise UsageError("There is no program after the exclamation mark.", "For example: !uptime")
    status = subprocess.run(["/bin/sh", "-c", text], check=False, stdout=stdout).returncode
    if status:
        how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
        raise ScireError(f"!{text} {how}.")
    return status


def user_name() -> str:
    """Return the name of the user whose process this is."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return getpass.getuser() if os.environ.get("LOGNAME") else str(os.getuid())


def _quitting(kind: Kind, wish: SystemExit) -> Outcome:
    """Return the outcome of `quit`, `exit()` and `sys.exit(…)`, with Python's meaning of the argument."""
    if wish.code is None or isinstance(wish.code, int):
        return Outcome(kind, status=wish.code or 0, quit=True)
    return Outcome(kind, error=wish, problem=Problem("user", [("error", f"{wish.code}\n")]), status=1, quit=True)
