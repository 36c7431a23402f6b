"""Keeping what was done at the prompt: `diff` tells it, `save` writes it into two init scripts.

`90-saved.yaml` says what is different, `90-saved.py` holds the functions that were typed and that it needs. What was
saved before is part of the live state, so writing the whole difference anew merges the two; statements that somebody
wrote into `90-saved.py` are kept. Each file is read back before it takes the place of the old one, in one step.
"""

from __future__ import annotations

import ast
import os
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, NamedTuple

from scirehooks.errors import ConflictError, ScireError, UnknownNameError
from scirehooks.hooks import ABSENT, Module, Owner
from scirehooks.hooks.journal import Cells, Key
from scirehooks.load.declarations import declarations
from scirehooks.load.difference import Change, Difference, Saved, by_session, changes, told, touched
from scirehooks.load.document import Document, yaml_text
from scirehooks.load.find import find
from scirehooks.load.loader import Loader
from scirehooks.load.places import SAVED, user_directory
from scirehooks.load.secure import check_code
from scirehooks.load.source import NoSourceError, Sources
from scirehooks.load.strict_yaml import read_yaml

__all__ = ["Saver"]

_ABOUT_YAML: Final = """\
# If you delete this file, what `save` wrote into it is lost: what was changed at the prompt.
# It is written anew by `save`; comments are not kept.
"""
_ABOUT_PYTHON: Final = f"""\
# If you delete this file, functions that were typed at the prompt are gone, and {SAVED}.yaml misses them.
"""


class _Plan(NamedTuple):
    """What both files are to hold, and what cannot be saved, with the reasons: changes by cell, functions by name."""

    data: dict[str, Any]
    texts: dict[str, str]
    unsaid: dict[tuple[int, Key], tuple[Change, str]]
    untold: dict[str, str]


class Saver:
    """Knows what the live state of LOADER's runtime differs in from its init scripts, and writes it into some."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader
        self._runtime = loader.runtime
        self._by_session = by_session(loader.runtime)
        self._given: dict[tuple[int, Key], tuple[Cells, Any]] = {}  # what the files give since they were written

    def diff(self) -> list[Difference]:
        """Return what is different from what the init scripts give, what was saved included."""
        return self._told(self._plan())

    def save(self, directory: Path | None = None) -> Saved:
        """Write all differences into DIRECTORY (default: the last one of init scripts), beside what was saved before.

        Raises:
            ConflictError: a file there is another one than was loaded, and would be lost.
            UnsafeFileError: somebody else could change what is written there.
        """
        directory = (directory or self._directory()).expanduser().absolute()
        python, yaml = (directory / f"{SAVED}{ending}" for ending in (".py", ".yaml"))
        for file in (python, yaml):
            if file.exists():
                check_code(file)  # also one that is not written anew: it would not be loaded again
            if file.exists() and self._loader.door.changed(file):
                raise ConflictError(
                    f"{file} is not what was loaded, and would be lost.", f"Type: reload {file.name}, or move it away."
                )
        plan = self._plan()
        differences = self._told(plan)
        written = []
        if plan.texts or python.exists():
            old = python.read_text() if python.exists() else ""
            text = _merged(old, plan.texts)
            compile(text, str(python), "exec", dont_inherit=True)
            written += self._write(python, text)
        if plan.data or yaml.exists():
            text = _ABOUT_YAML + (yaml_text(plan.data) if plan.data else "")
            declarations(read_yaml(text.encode(), str(yaml)), self._loader.values)
            written += self._write(yaml, text)
        self._remember(plan)
        return Saved(tuple(differences), tuple(written), tuple(each for each in differences if each.note))

    def _directory(self) -> Path:
        directories = self._loader.scripts.directories
        return directories[-1] if directories else user_directory() / "init.d"

    def _counts(self, owner: Owner) -> bool:
        """Tell whether what OWNER did goes into the file: it was typed, or came out of that file."""
        return self._by_session(owner) or (owner.kind == "init" and owner.name == f"{SAVED}.yaml")

    # -- what to write

    def _plan(self) -> _Plan:
        """Find out what both files would hold now, and what cannot be written into them."""
        runtime = self._runtime
        sources = Sources(runtime.namespace, self._by_session)
        loader = self._loader
        document = Document(runtime, loader.values, loader.requests, sources.need, self._called, self._counts)
        unsaid: dict[tuple[int, Key], tuple[Change, str]] = {}
        for change in changes(runtime, self._counts):
            try:
                document.take(change)
            except NoSourceError as error:
                unsaid[id(change.cells), change.key] = change, str(error)
                continue
            if change.cells.kind == "command":
                call = f"runtime.define_command({change.key!r}, {change.live.variable})"
                sources.texts[f"command {change.key}"] = call
        untold = {}
        for name in self._typed():
            try:
                sources.need(name)
            except NoSourceError as error:
                untold[name] = str(error)
        data = document.finished()
        return _Plan(data if data.keys() - {"lenient"} else {}, sources.texts, unsaid, untold)

    def _typed(self) -> list[str]:
        """Return the functions that entries and advice call and that were typed, whoever put them there."""
        runtime = self._runtime
        held = [entry.name for hook in runtime.hooks.values() for entry in hook.everywhere()]
        held += [name for _, advice in runtime.namespace.advice.items() for name in (advice.held, advice.target)]
        definition = runtime.namespace.definition
        names = [name for name in dict.fromkeys(held) if isinstance(name, str)]
        return [name for name in names if (layer := definition(name)) is not None and self._by_session(layer.owner)]

    def _told(self, plan: _Plan) -> list[Difference]:
        """Return in words what was typed since the files were written, with what PLAN cannot save."""
        runtime, found = self._runtime, []
        for change in changes(runtime, self._by_session, self._given):
            _, note = plan.unsaid.get((id(change.cells), change.key), (None, ""))
            found += [replace(difference, note=note) for difference in told(change, runtime, self._loader.values)]
        for name in self._typed():
            layer = runtime.namespace.definition(name)
            if layer is not None and self._given.get((0, name), (None, ABSENT))[1] is not layer.value:
                place, note = str(layer.place or ""), plan.untold.get(name, "")
                found.append(Difference("function", "defined", name, after=place, note=note))
        return found

    def _called(self, module: Module) -> str:
        """Return the name of MODULE, or its file if the name would lead to another one, or nowhere."""
        try:
            found = find(module.name, self._loader.path)
        except UnknownNameError:
            return module.file
        return module.name if str(found.file) == module.file else module.file

    # -- writing

    def _write(self, file: Path, text: str) -> list[Path]:
        content = text.encode()
        if not file.exists() or file.read_bytes() != content:
            _replace(file, content)
        self._loader.door.remember(file, content)
        return [file]

    def _remember(self, plan: _Plan) -> None:
        """Note what the files give now, so that the next `diff` begins from there."""
        self._given = {
            (id(change.cells), change.key): (change.cells, change.live)
            for change in touched(self._runtime, self._counts)
        }
        self._given |= {key: (change.cells, change.base) for key, (change, _) in plan.unsaid.items()}
        for change in touched(self._runtime, self._by_session, ("name",)):
            if change.key not in plan.untold:
                self._given[0, change.key] = (change.cells, change.live)


def _merged(old: str, texts: dict[str, str]) -> str:
    """Return the Python file OLD with the definitions in TEXTS in the place of those of the same names."""
    lines = (old or _ABOUT_PYTHON).rstrip("\n").split("\n")
    new = set(texts.values())
    for statement in reversed(ast.parse(old).body):
        first = min([statement.lineno, *(one.lineno for one in getattr(statement, "decorator_list", ()))])
        text = "\n".join(lines[first - 1 : statement.end_lineno])
        if _name(statement) in texts or text in new:
            del lines[first - 1 : statement.end_lineno]
    kept = "\n".join(lines).rstrip("\n")
    return "\n\n\n".join([kept, *texts.values()]) + "\n"


def _name(statement: ast.stmt) -> str:
    match statement:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return name
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name
        case ast.Import(names=[alias]) | ast.ImportFrom(names=[alias]):
            return alias.asname or alias.name
    return ""


def _replace(file: Path, content: bytes) -> None:
    """Let FILE hold CONTENT, for its owner only: after a crash it is either the old one or the new one."""
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)  # mode 0600
        try:
            with open(descriptor, "wb") as out:
                out.write(content)
                out.flush()
                os.fsync(out.fileno())
            check_code(Path(name))  # what could not be loaded again is better not written
            os.rename(name, file)
        except BaseException:
            os.unlink(name)
            raise
        parent = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(parent)  # the renaming itself
        finally:
            os.close(parent)
    except OSError as error:
        if isinstance(error, ScireError):
            raise
        raise ScireError(f"{file} cannot be written: {error.strerror}.") from error
