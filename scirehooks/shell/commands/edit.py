"""Editing what runs: a function, a module or an init script, at its line, and taking over what was written."""

from __future__ import annotations

import hashlib
import inspect
import os
import shlex
import tempfile
import textwrap
from pathlib import Path
from typing import Any, NamedTuple

from scirehooks.errors import LoadError, ScireError, UnknownNameError, UsageError
from scirehooks.hooks import Runtime, command
from scirehooks.load import Loader
from scirehooks.shell.answers.whereabouts import place_of
from scirehooks.shell.line.names import EditWord
from scirehooks.shell.running.streams import current_console
from scirehooks.shell.session import current_session, run_locally
from scirehooks.shell.views import Note
from scirehooks.values import Values

__all__ = ["EditCommands"]

_EDITOR = "${VISUAL:-${EDITOR:-vi}}"  # the user's sh knows them, wherever his terminal is

_ENDINGS = (".py", ".yaml")


class _Target(NamedTuple):
    """What is to be edited: a line of FILE; RELOAD is the module or script that it is, MODULE one to be loaded."""

    file: Path
    line: int = 1
    reload: str = ""
    module: str = ""


class EditCommands:
    """The command that edits what is in a runtime."""

    def __init__(self, runtime: Runtime, values: Values) -> None:
        self._runtime = runtime
        self._values = values
        self._drafts: dict[str, str] = {}  # what somebody wrote and could not be taken over, by the function's name

    @command
    def edit(self, what: EditWord) -> Note:
        """Open WHAT in your editor, and take over what you write there.

        WHAT is a function, a module, an init script, or a file. The editor is `$VISUAL`, else `$EDITOR`, else vi. A
        module or init script is then loaded anew; if that fails, the old one goes on. A function that was typed at
        the prompt is edited as text of its own, and what you wrote is evaluated as if you had typed it.

        Example: edit no_tests
        """
        given: Any = what  # from Python it may be the function itself
        name = str(given) if isinstance(given, str) else str(getattr(given, "__name__", given))
        target = self._target(given, name)
        if target is None:
            return self._edit_typed(given, name)
        before = _digest(target.file)
        _run_editor(target.file, target.line)
        if _digest(target.file) == before:
            return Note(f"{target.file} is unchanged.")
        if target.reload:
            return self._reload(target, name)
        if target.module:
            return Note(f"{target.file} is changed. The module is not loaded; type: load {target.module}")
        return Note(f"{target.file} is changed. It is no module and no init script that is loaded.")

    def _target(self, what: Any, name: str) -> _Target | None:
        """Return the file that WHAT is in; None if it was typed at a prompt.

        Raises:
            UnknownNameError: there is nothing of that name, in any file.
        """
        loader = self._loader()
        if isinstance(what, str) and loader is not None:
            if script := loader.scripts.find(name):
                return _Target(script.file, reload=script.file.name)
            if module := self._runtime.modules.get(name.replace("-", "_")):
                return _Target(Path(module.file), reload=module.name)
        if isinstance(what, str) and ("/" in name or name.endswith(_ENDINGS)):
            return self._of_file(Path(name), loader)
        try:
            place = place_of(self._runtime, what)
        except UnknownNameError as error:
            file = loader.available().get(name.replace("-", "_")) if loader is not None else None
            if file is not None:
                return _Target(file, module=name)
            raise UnknownNameError(
                "function, module or init script", name, error.nearest, "A file is named with its path: edit ./x.py"
            ) from None
        if place is None:
            raise UsageError(f"{name} is not written in Python, so there is nothing to edit.", f"Look with help {name}")
        if place.file.startswith("<"):
            return None
        return self._of_file(Path(place.file), loader)._replace(line=place.line)

    def _of_file(self, file: Path, loader: Loader | None) -> _Target:
        """Return FILE as a target, with what it was loaded as."""
        file = file.expanduser().absolute()
        module = next((each.name for each in self._runtime.modules.values() if each.file == str(file)), "")
        script = loader.scripts.find(file) if loader is not None else None
        return _Target(file, reload=module or (script.file.name if script else ""))

    def _reload(self, target: _Target, name: str) -> Note:
        loader = self._loader()
        assert loader is not None
        try:
            loader.reload(target.reload)
        except LoadError as error:
            error.hint = f"{error.hint} To go on with it, type: edit {name}".strip()
            raise
        return Note(f"Reloaded {target.reload}.")

    # -- what was typed

    def _edit_typed(self, what: Any, name: str) -> Note:
        """Let the source of a function that was typed be edited, and evaluate what becomes of it."""
        session = current_session.get()
        if session is None:
            raise UsageError(f"{name} was typed at a prompt, and can be edited at one only.")
        source = self._drafts.get(name) or self._source(what, name)
        descriptor, path = tempfile.mkstemp(prefix=f"{name.replace('/', '_')}-", suffix=".py")
        file = Path(path)
        try:
            with os.fdopen(descriptor, "w") as opened:
                opened.write(source)
            _run_editor(file, 1)
            text = file.read_text()
        finally:
            file.unlink(missing_ok=True)
        if text == source and name not in self._drafts:
            return Note(f"{name} is unchanged.")
        outcome = session.evaluate(text.rstrip("\n"))
        if outcome.error is not None:
            self._drafts[name] = text
            raise ScireError(
                f"{name} is as it was: {type(outcome.error).__name__}: {outcome.error}",
                f"To go on with your text, type: edit {name}",
            ) from outcome.error
        self._drafts.pop(name, None)
        return Note(f"{name} is as you wrote it. To keep it beyond a restart, type: save")

    def _source(self, what: Any, name: str) -> str:
        function = self._runtime.namespace.get(name, what) if isinstance(what, str) else what
        try:
            return textwrap.dedent(inspect.getsource(inspect.unwrap(function)))
        except (OSError, TypeError) as error:
            raise UsageError(f"The source of {name} is not known: {error}.") from error

    def _loader(self) -> Loader | None:
        found: Loader | None = self._values.provided(Loader, None)
        return found


def _run_editor(file: Path, line: int) -> None:
    """Open LINE of FILE in the user's editor, on his own terminal, and wait until he leaves it."""
    at = f"+{line} " if line > 1 else ""
    text = f"{_EDITOR} {at}{shlex.quote(str(file))}"
    console = current_console.get()
    status = console.run_program(text) if console is not None else run_locally(text)
    if status:
        raise ScireError(f"The editor ended with status {status}; nothing is taken over.", "It is $VISUAL or $EDITOR.")


def _digest(file: Path) -> bytes:
    """Return what tells one content of FILE from another; a file that is not there is empty."""
    try:
        return hashlib.sha256(file.read_bytes()).digest()
    except FileNotFoundError:
        return b""
