"""Apply what a YAML file says to the runtime. The caller has opened a transaction."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from scirehooks.errors import ScireError, UnknownNameError, nearest
from scirehooks.hooks import Entry, Hook, Origin, Owner, Place, Runtime, hyphenated, variable
from scirehooks.load.declarations import Declarations, HookAdvice, HookEntry, Setting
from scirehooks.load.program import Program
from scirehooks.load.strict_yaml import Node
from scirehooks.values import Values

__all__ = ["apply", "text_of_condition"]


def apply(
    said: Declarations, owner: Owner, directory: Path, runtime: Runtime, values: Values, available: Iterable[str] = ()
) -> tuple[str, ...]:
    """Do what the file in DIRECTORY has SAID in the name of OWNER; what it requires is loaded already.

    Return what a lenient file spoke of that is not there. AVAILABLE are the modules that could be loaded.

    Raises:
        LoadError: something of it cannot be done; the message names line and column.
    """
    work = _Application(owner, directory, runtime, values, tuple(available))
    steps: list[tuple[Callable[[Any], None], Any]] = [
        *((work.alias, alias) for alias in said.aliases),
        *((work.set, setting) for setting in said.options),
        *((work.advise, advice) for advice in said.advice),
        *((work.add, entry) for entry in said.hooks),
    ]
    passed_over = []
    for step, what in steps:
        try:
            step(what)
        except ScireError as error:
            told = what.node.error(str(error))
            if not (said.lenient and isinstance(error, UnknownNameError)):
                raise told from error
            passed_over.append(str(told))
    return tuple(passed_over)


class _Application:
    def __init__(
        self, owner: Owner, directory: Path, runtime: Runtime, values: Values, available: tuple[str, ...]
    ) -> None:
        self._owner = owner
        self._directory = directory
        self._runtime = runtime
        self._values = values
        self._available = available

    def _origin(self, node: Node) -> Origin:
        return self._runtime.owners.origin(owner=self._owner, place=Place(node.file, node.line))

    def _call(self, node: Node, function: Callable[..., Any], *args: Any, **keywords: Any) -> None:
        """Call FUNCTION from the line of NODE: what it changes then belongs to the file, and is said to be there."""
        code = compile("\n" * (node.line - 1) + "function(*args, **keywords)", node.file, "eval", dont_inherit=True)
        eval(code, {"function": function, "args": args, "keywords": keywords})

    def alias(self, alias: Setting) -> None:
        """Give a hook another name."""
        self._call(alias.node, self._runtime.defalias_hook, alias.name, alias.node.value)

    def set(self, setting: Setting) -> None:
        """Set an option."""
        data = setting.node.plain()
        if setting.name not in self._runtime.options:
            raise self._no_option(setting.name)
        option = self._runtime.options[setting.name]
        # Text in a file an administrator writes is what he would type: `timeout: 90s`, `file: ~/log`.
        read = self._values.from_word if isinstance(data, str) else self._values.from_json
        value = read(option.type, data, field=setting.name)  # type: ignore[arg-type]  # a word is text
        self._runtime.set_option(setting.name, value, owner=self._owner)

    def _no_option(self, name: str) -> UnknownNameError:
        """Return the error for an option that is not there: perhaps the module that has it is loaded later."""
        spelt = variable(name)
        for module in sorted(self._available, key=len, reverse=True):
            if module not in self._runtime.modules and spelt.startswith(f"{module}_"):
                hint = f"The module {module} is not loaded yet. Write before it: require: [{module}]"
                return UnknownNameError("option", hyphenated(name), (), hint)
        return UnknownNameError("option", hyphenated(name), self._runtime.options, "Type options to see them all.")

    def advise(self, advice: HookAdvice) -> None:
        """Put advice around a function, or take it off."""
        if advice.remove:
            self._call(advice.node, self._runtime.advice_remove, advice.target, advice.function)
            return
        self._call(
            advice.node, self._runtime.advice_add, advice.target, advice.how, advice.function,
            name=advice.label, depth=advice.depth,
        )  # fmt: skip

    def add(self, entry: HookEntry) -> None:
        """Take an entry out, change one that is there, or add one."""
        hook, origin = self._runtime.hooks[entry.hook], self._origin(entry.node)
        found: Entry | None = None
        if entry.function is not None:
            try:
                found = hook.find(entry.function, entry.local)
            except UnknownNameError:
                if entry.existing:
                    raise
        if entry.remove and found is not None:
            hook.remove(found, origin)
            return
        if found is None:
            found = self._add(entry, hook)
        elif entry.depth is not None:
            found = hook.move(found, entry.depth, origin)
        if entry.state is not None:
            hook.set_state(found, entry.state, {"active": "enable", "disabled": "disable"}[entry.state], origin)

    def _add(self, entry: HookEntry, hook: Hook) -> Entry:
        place = Place(entry.node.file, entry.node.line)
        function: str | Program = entry.function or ""
        if entry.program is not None:
            function = Program(
                entry.program, hook=hook, values=self._values, timeout=entry.timeout, cwd=self._directory, place=place
            )
        return self._runtime.add_hook(
            hook,
            function,
            entry.depth or 0,
            local=entry.local,
            before=entry.before,
            after=entry.after,
            timeout=entry.timeout if entry.program is None else None,  # a program keeps its own time
            when=_condition(entry, hook, self._runtime),
            dry_run=entry.dry_run,
            deliver=entry.deliver,
            label=entry.label,
            owner=self._owner,
            place=place,
        )


def _condition(entry: HookEntry, hook: Hook, runtime: Runtime) -> Callable[..., Any] | None:
    """Make `when` a function of those names of the payload that it uses; other names are the runtime's."""
    if entry.when is None:
        return None
    used = sorted({part.id for part in ast.walk(entry.when) if isinstance(part, ast.Name)})
    bound = {part.id for part in ast.walk(entry.when) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)}
    bound |= {part.arg for part in ast.walk(entry.when) if isinstance(part, ast.arg)}
    wanted = []
    for name in used:
        known_elsewhere = name in bound or name in runtime.namespace or hasattr(builtins, name)
        if name in hook.payload.names or (hook.payload.rest_keywords and not known_elsewhere):
            wanted.append(name)
        elif not known_elsewhere:
            close = nearest(name, hook.payload.names, 1)
            hint = (
                f"Did you mean {close[0]!r}?" if close else f"It passes {', '.join(hook.payload.names) or 'nothing'}."
            )
            raise entry.node.error(f"`when` uses {name!r}, which {hook.name} does not pass.", hint)
    parameters = ast.arguments([], [ast.arg(name) for name in wanted], None, [], [], None, [])
    function = ast.fix_missing_locations(ast.Expression(ast.Lambda(parameters, entry.when)))
    made: Callable[..., Any] = eval(compile(function, entry.node.file, "eval"), runtime.namespace.globals)
    made.__doc__ = ast.unparse(entry.when)  # what `save` writes, and people can read
    return made


def text_of_condition(condition: Callable[..., Any]) -> str | None:
    """Return the text of a CONDITION that came from a YAML file, None for any other function."""
    named = getattr(condition, "__name__", "") == "<lambda>"
    text = getattr(condition, "__doc__", None)
    return text if named and isinstance(text, str) else None
