"""Run Python files: init scripts in the runtime's namespace, modules in one of their own."""

from __future__ import annotations

import ast
import inspect
import logging
import sys
import traceback
from collections.abc import Callable
from functools import partial
from itertools import count
from types import ModuleType
from typing import Any, Final

from scirehooks.errors import LoadError, ScireError
from scirehooks.hooks import ABSENT, Option, Owner, Runtime, marks_of, source_of

__all__ = ["failure", "header", "run_init", "run_module", "set_up", "tear_down"]

_log = logging.getLogger("scirehooks")
_PREFIX: Final = "scirehooks_modules."


def run_init(content: bytes, file: str, owner: Owner, runtime: Runtime) -> None:
    """Run CONTENT, an init script from FILE, in the runtime's namespace, then apply its marks.

    Raises: whatever the script raises; the caller has opened a transaction.
    """
    namespace = runtime.namespace
    before = {name: namespace.definition(name) for name in namespace}
    exec(_compiled(content, file), namespace.globals, namespace.view(owner))
    namespace.sweep(runtime.owners.origin(owner=owner))  # what it set past the view: `global x` in a function
    marked = {}
    for name in namespace:
        value = namespace[name]
        if namespace.definition(name) is before.get(name, ABSENT):
            continue
        source = source_of(value)
        # Marks of what it imported are another file's offer.
        if isinstance(value, Option) or (marks_of(value) and source is not None and source.file == file):
            marked[name] = value
    runtime.define(marked, owner)


def run_module(
    content: bytes, file: str, name: str, owner: Owner, runtime: Runtime, package: str = "", old: str = ""
) -> ModuleType:
    """Run CONTENT, the module NAME from FILE, in a namespace of its own, and apply its marks.

    OLD is what the version of it is called in `sys.modules` that this one takes the place of.

    Raises: whatever the module raises; the caller has opened a transaction.
    """
    module = ModuleType(old or _free(_PREFIX + name))
    module.__file__ = file
    if package:
        module.__package__ = package  # so that a module that came as part of a package can import from it
    # Dataclasses, pickle and get_type_hints look for the module of a class in sys.modules, while it is being made. As
    # a resource it goes with whatever takes the load back: a failure of this file or of one that requires it, unload.
    runtime.resource("import", module.__name__, partial(_enter, module), partial(_leave, module), owner=owner)
    exec(_compiled(content, file), module.__dict__)
    runtime.define(module, owner)
    return module


def set_up(module: ModuleType, runtime: Runtime, state: Any = None) -> frozenset[int]:
    """Call the `setup` of MODULE, if it has one, with STATE if it takes that; return the layers that it made."""
    setup = getattr(module, "setup", None)
    if not callable(setup):
        return frozenset()
    with runtime.journal.transaction(f"set up {module.__name__.removeprefix(_PREFIX)}") as records:
        setup(runtime, state) if _takes_two(setup) else setup(runtime)
    after = {layer.id for record in records for layer in record.stack_after}
    return frozenset(after - {layer.id for record in records for layer in record.stack_before})


def tear_down(module: ModuleType | None, runtime: Runtime) -> Any:
    """Call the `teardown` of MODULE, if it has one, and return what it returns: the state to be passed on.

    A module whose end fails must still be got rid of, so what it raises is logged.
    """
    teardown = getattr(module, "teardown", None)
    if not callable(teardown):
        return None
    try:
        return teardown(runtime) if inspect.signature(teardown).parameters else teardown()
    except Exception:  # noqa: BLE001 - a door to a file, as said above
        name, file = getattr(module, "__name__", "").removeprefix(_PREFIX), getattr(module, "__file__", "")
        _log.exception("teardown of module %s (%s) failed; it is unloaded all the same", name, file)
        return None


def _takes_two(setup: Callable[..., Any]) -> bool:
    by_position = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = inspect.signature(setup).parameters.values()
    return sum(p.kind in by_position for p in parameters) > 1 or any(p.kind is p.VAR_POSITIONAL for p in parameters)


def _enter(module: ModuleType) -> None:
    sys.modules[module.__name__] = module


def _leave(module: ModuleType) -> None:
    sys.modules.pop(module.__name__, None)


def _free(name: str) -> str:
    """Return NAME, or one like it that no other runtime in this process has given to a module of its own."""
    names = (f"{name}_{number}" if number > 1 else name for number in count(1))
    return next(free for free in names if free not in sys.modules)


def header(content: bytes, file: str) -> tuple[str, tuple[str, ...]]:
    """Return the docstring and the `REQUIRES` of a module without running it.

    Raises:
        SyntaxError: it is not Python.
        LoadError: `REQUIRES` is not written out.

    Example:
        >>> header(b'"Mails root."; REQUIRES = ("log",)', "mail.py")
        ('Mails root.', ('log',))
    """
    tree = ast.parse(content, file)
    for statement in tree.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id="REQUIRES")], value=value):
                return ast.get_docstring(tree) or "", _names(value, file)
    return ast.get_docstring(tree) or "", ()


def _names(value: ast.expr, file: str) -> tuple[str, ...]:
    try:
        names = ast.literal_eval(value)
    except ValueError:
        names = None
    names = (names,) if isinstance(names, str) else names
    if not isinstance(names, tuple | list) or not all(isinstance(name, str) for name in names):
        message = f'{file}:{value.lineno}: REQUIRES is a tuple of names, written out: ("log", "notify").'
        raise LoadError(message, file, value.lineno)
    return tuple(names)


def failure(what: str, file: str, error: BaseException, hint: str = "") -> LoadError:
    """Return the error that says WHAT did not happen, at which line of FILE, and why."""
    if isinstance(error, LoadError) and error.file == file:
        if what in error.message:
            return error
        place, _, reason = error.message.removeprefix(file).partition(": ")
        while reason.startswith(f"{file}:"):  # an error within one that was told with its place
            reason = reason.partition(": ")[2]
        return type(error)(f"{file}{place}: {what}: {reason}", file, error.line, f"{error.hint} {hint}".strip())
    line: int | None = None
    if isinstance(error, SyntaxError) and error.filename == file:
        line, reason = error.lineno, f"{type(error).__name__}: {error.msg}"
    else:
        for frame in traceback.extract_tb(error.__traceback__):
            if frame.filename == file:
                line = frame.lineno  # the innermost line of the file: there the author can do something
        if line is None and isinstance(error, ScireError) and error.place and error.place[0] == file:
            line = error.place[1]
        # Our own errors are sentences, and say what they are.
        reason = str(error) if isinstance(error, ScireError) else f"{type(error).__name__}: {error}"
    end = "" if reason.endswith((".", "?", "!")) else "."
    return LoadError(f"{file}{f':{line}' if line else ''}: {what}: {reason}{end}", file, line, hint)


def _compiled(content: bytes, file: str) -> Any:
    # From bytes, so that a coding line counts; without this file's own future imports.
    return compile(content, file, "exec", dont_inherit=True)
