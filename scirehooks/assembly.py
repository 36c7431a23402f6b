"""A system put together: runtime, shell, loader and fleet, with the names that an init script finds.

There is one such place, so that what is tried out in a test (`scirehooks.testing`) and what runs are the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final

from scirehooks.core import Client, Event, Fleet, Job, Result, Run, Script, Transaction
from scirehooks.core.names import ClientName, JobName, RunId, ScriptName
from scirehooks.errors import RefusedError, ScireError
from scirehooks.hooks import BUILTIN, Entry, Hook, Origin, Runtime, Verdict
from scirehooks.load import JournalCommands, Loader, LoaderCommands, Program, load_init
from scirehooks.records import dataclass
from scirehooks.shell import Renderer, furnish
from scirehooks.shell.running.evaluation import current_evaluation
from scirehooks.values import Values

__all__ = ["Assembly", "assemble"]

_PUBLIC: Final = (
    *(Entry, Hook, Runtime, Verdict, Loader, Program, Values, RefusedError, ScireError, load_init),
    *(ClientName, JobName, RunId, ScriptName),
    *(Client, Event, Fleet, Job, Result, Run, Script, Transaction),
)
_OURS: Final = Origin(BUILTIN, None, "")


@dataclass(slots=True)
class Assembly:
    """The parts of a system; nothing is loaded into it, and nothing of it runs yet."""

    runtime: Runtime
    values: Values
    loader: Loader
    fleet: Fleet
    renderer: Renderer


def assemble(
    name: str, state: Path, *, modules: Sequence[Path] = (), names: Mapping[str, object] = MappingProxyType({})
) -> Assembly:
    """Put the system NAME with the fleet in STATE together; whoever calls closes `fleet` and `runtime`.

    Modules are looked for in MODULES first. NAMES are defined beside those that every system has.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as state:
        ...     made = assemble("demo", Path(state))
        ...     made.runtime.namespace["Client"] is Client, "load" in made.runtime.commands
        ...     made.fleet.close()
        ...     made.runtime.close()
        (True, True)
    """
    runtime, values = Runtime(name), Values()
    values.provide(Runtime, runtime)
    renderer = furnish(runtime, values)
    loader = Loader(runtime, values, path=modules)
    values.provide(Loader, loader)
    runtime.define(LoaderCommands(loader), BUILTIN)
    runtime.define(JournalCommands(loader), BUILTIN)
    with runtime.transaction("define scirehooks"):
        for public, value in {**{each.__name__: each for each in _PUBLIC}, **names}.items():
            runtime.namespace.define(public, value, _OURS)
    fleet = Fleet(runtime, values, state)
    fleet.engine.abandoned = _interrupted
    runtime.namespace.define("fleet", fleet, _OURS)
    return Assembly(runtime, values, loader, fleet, renderer)


def _interrupted() -> bool:
    """Whether the line that is being evaluated here was interrupted: an operation it began must not be done then."""
    evaluation = current_evaluation.get()
    return evaluation is not None and evaluation.interrupted
