"""What is wrong with init scripts and the modules that they require, found out by loading them.

Most mistakes are errors when a file is loaded: a hook that does not exist, a function that wants what its hook does
not pass. Others would show when a hook fires, at three in the morning: an entry whose function nobody defined, or
defined anew so that it does not fit; a misspelt name inside a function. Those are looked for here.
"""

from __future__ import annotations

import ast
import builtins
import symtable
from collections.abc import Iterable, Iterator, Set
from pathlib import Path

from scirehooks.errors import HookSignatureError, nearest
from scirehooks.hooks import Entry, Hook
from scirehooks.load.init import ScriptReport
from scirehooks.load.loader import Loader
from scirehooks.load.program import Program
from scirehooks.load.secure import read_code
from scirehooks.records import dataclass

__all__ = ["Checked", "Finding", "Timed", "check", "undefined"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong, at LINE of FILE as far as that is known."""

    file: str
    line: int | None
    text: str

    def __str__(self) -> str:
        return f"{self.file}{f':{self.line}' if self.line else ''}: {self.text}"


@dataclass(frozen=True, slots=True)
class Timed:
    """A file that was looked at: what became of it, what there is to say about that, and how long it took."""

    file: Path
    status: str
    note: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Checked:
    """The files that were looked at, and what is wrong with them."""

    files: tuple[Timed, ...]
    findings: tuple[Finding, ...]


def check(loader: Loader) -> Checked:
    """Return what is wrong with what LOADER has loaded."""
    runtime = loader.runtime
    files = [Timed(script.file, script.status, script.error, script.seconds) for script in loader.report.scripts]
    files += [
        Timed(Path(module.file), "ok", "", loader.seconds.get(module.name, 0.0)) for module in runtime.modules.values()
    ]
    findings = [_failed(script) for script in loader.report.failed]
    for hook in runtime.hooks.values():
        for entry in hook.everywhere():
            findings += _misfits(entry, hook, loader)
    for script in loader.report.scripts:
        if script.status == "ok" and script.file.suffix == ".py":
            findings += _unknown(script.file, set(runtime.namespace))
    for module in runtime.modules.values():
        if module.module is not None:
            findings += _unknown(Path(module.file), vars(module.module).keys())
    return Checked(tuple(files), tuple(sorted(findings, key=lambda found: (found.file, found.line or 0))))


def _failed(script: ScriptReport) -> Finding:
    """Return the error of SCRIPT apart from the place that it begins with."""
    place, _, text = script.error.partition(": ")
    line = place.removeprefix(str(script.file)).lstrip(":").partition(":")[0]
    if not script.error.startswith(str(script.file)):
        return Finding(str(script.file), None, script.error)
    return Finding(str(script.file), int(line) if line.isdigit() else None, text)


def _misfits(entry: Entry, hook: Hook, loader: Loader) -> Iterator[Finding]:
    """Yield what would go wrong when ENTRY is called, if a file put it there."""
    if entry.owner.kind not in ("init", "module"):
        return
    file = entry.place.file if entry.place else entry.owner.file or str(entry.owner)
    line = entry.place.line if entry.place else None
    if entry.function is None:
        guess = _guess(entry.name or "", loader.runtime.namespace)
        yield Finding(file, line, f"{hook.name} holds {entry.name!r}, which nothing defines.{guess}")
        return
    if isinstance(entry.held, Program) and (missing := entry.held.missing()):
        yield Finding(file, line, missing)
    try:
        hook.payload.shape(entry.function)
    except HookSignatureError as error:
        yield Finding(file, line, f"{hook.name}: {error}")


def _unknown(file: Path, names: Set[str]) -> Iterator[Finding]:
    text = read_code(file, trusted=True).decode(errors="replace")  # it was checked when it was loaded
    for line, function, name in undefined(text, str(file), names):
        yield Finding(str(file), line, f"{function} uses {name!r}, which nothing defines.{_guess(name, names)}")


def _guess(name: str, names: Iterable[str]) -> str:
    close = nearest(name, names)
    return f" Did you mean {' or '.join(close)}?" if close else ""


def undefined(text: str, file: str, names: Iterable[str]) -> list[tuple[int, str, str]]:
    r"""Return the global names that functions in TEXT use and that are not among NAMES: line, function, name.

    Example:
        >>> undefined("def guard(client):\n    return clint.name\n", "20-guard.py", ["Veto"])
        [(2, 'guard', 'clint')]
    """
    tables = list(_functions(symtable.symtable(text, file, "exec")))
    known = {*names, *vars(builtins), "__file__", "__class__"}
    for table in tables:  # `global x` in a function defines it
        known |= {symbol.get_name() for symbol in table.get_symbols() if symbol.is_global() and symbol.is_assigned()}
    used = [node for node in ast.walk(ast.parse(text, file)) if isinstance(node, ast.Name)]
    found = set()
    for table in tables:
        for symbol in table.get_symbols():
            name = symbol.get_name()
            if symbol.is_global() and symbol.is_referenced() and name not in known:
                lines = [node.lineno for node in used if node.id == name and node.lineno >= table.get_lineno()]
                found.add((min(lines, default=table.get_lineno()), table.get_name(), name))
    return sorted(found)


def _functions(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    if table.get_type() == "function":
        yield table
    for child in table.get_children():
        yield from _functions(child)
