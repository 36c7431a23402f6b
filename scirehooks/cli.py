"""The command line: the only place where everything is put together."""

from __future__ import annotations

import argparse
import contextlib
import itertools
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from scirehooks.core import Client, Event, Fleet, Job, Left, Result, Run, Script, Transaction
from scirehooks.core.names import ClientName, JobName, RunId, ScriptName
from scirehooks.errors import RefusedError, ScireError, UsageError, Veto
from scirehooks.hooks import BUILTIN, Entry, Hook, Origin, Runtime, Verdict
from scirehooks.load import JournalCommands, Loader, LoaderCommands, Program, init_directories, load_init
from scirehooks.shell import Batch, Drained, Host, Remembered, Renderer, Session, furnish
from scirehooks.values import Values

__all__ = ["main"]

_VERSION = "0.1.0"
_PUBLIC = (
    *(Entry, Hook, Runtime, Verdict, Loader, Program, Values, RefusedError, ScireError),
    *(ClientName, JobName, RunId, ScriptName),
    *(Client, Event, Fleet, Job, Result, Run, Script, Transaction),
)
_LATER = ("attach", "daemon", "check")  # words kept for what comes; a file of that name is ./attach
_DRAIN = 60.0
_ABOUT = """\
Opens the shell, or runs the lines given by -c, in FILE, or on standard input.
With none of these and a terminal, the shell is interactive. In the shell, `help` explains the rest."""
_STATUS = """\
exit status: 0 all went well · 1 an error · 2 a line could not be understood ·
3 refused by a function in a hook · 5 a run did not succeed"""


@dataclass(frozen=True, slots=True)
class _Options:
    """What the command line says."""

    state: Path
    init: Sequence[Path] | None
    modules: Sequence[Path]
    no_modules: bool
    strict: bool
    json: bool
    drain: float
    lines: Sequence[str]
    file: str | None
    arguments: Sequence[str]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `scirehooks` with ARGUMENTS (default: those of the process) and return the exit status."""
    try:
        with _ended_in_order():
            return _run(_parse(sys.argv[1:] if arguments is None else arguments))
    except ScireError as error:
        sys.stderr.write(f"scirehooks: {error}\n")
        return error.exit_status
    except KeyboardInterrupt:
        return 130
    finally:
        _flush()


@contextlib.contextmanager
def _ended_in_order() -> Iterator[None]:
    """Let SIGTERM leave the block as `exit` does: by itself it would leave the programs of the runs behind."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may have handlers
        return
    before = signal.signal(signal.SIGTERM, _terminated)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _terminated(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _parse(arguments: Sequence[str]) -> _Options:
    parser = argparse.ArgumentParser(
        "scirehooks", usage="scirehooks [OPTIONS] [FILE [ARG…]]", description=_ABOUT, epilog=_STATUS,
        formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False,
    )  # fmt: skip
    add = parser.add_argument
    add("-c", dest="lines", metavar="LINE", action="append", default=[], help="evaluate LINE; may be given repeatedly")
    add("--state", metavar="DIR", type=Path, help=f"where the fleet is kept (default: {_default_state()})")
    add("--init", metavar="DIR", type=Path, action="append", help="read init scripts from DIR and nowhere else")
    add("--modules", metavar="DIR", type=Path, action="append", default=[], help="look for modules in DIR first")
    add("-Q", dest="quick", action="store_true", help="start without init scripts")
    add("--no-modules", action="store_true", help="load no module, even if an init script requires it")
    add("--strict", action="store_true", help="end with status 1 if an init script fails")
    add("--json", action="store_true", help="print one line of JSON for each command and each Python value")
    add("--drain", metavar="SECONDS", type=float, default=_DRAIN, help="how long each line waits for its runs (60)")
    add("--version", action="version", version=f"scirehooks {_VERSION}")
    add("rest", metavar="FILE", nargs=argparse.REMAINDER, help="a file of lines; ARGs are in sys.argv")
    given = parser.parse_args(arguments)
    file, rest = (given.rest[0], given.rest[1:]) if given.rest else (None, [])
    if file in _LATER:
        raise UsageError(f"{file} is not there yet.", f"If you mean a file of that name, type ./{file}.")
    if file is not None and given.lines:
        raise UsageError("Give either -c or a file.", "See scirehooks --help.")
    return _Options(
        state=given.state or _default_state(),
        init=() if given.quick else given.init,
        modules=given.modules,
        no_modules=given.no_modules,
        strict=given.strict,
        json=given.json,
        drain=given.drain,
        lines=given.lines,
        file=None if file == "-" else file,
        arguments=rest,
    )


def _default_state() -> Path:
    """Return where the fleet is kept: of the machine for root, else of the user."""
    if os.geteuid() == 0:
        return Path("/var/lib/scirehooks")
    # The standard has it that a relative path there is to be ignored.
    configured = Path(os.environ.get("XDG_STATE_HOME", ""))
    return (configured if configured.is_absolute() else Path.home() / ".local/state") / "scirehooks"


# -- putting it together


@dataclass(frozen=True, slots=True)
class _System:
    """The parts of a running system."""

    runtime: Runtime
    loader: Loader
    fleet: Fleet
    session: Session
    renderer: Renderer


@contextlib.contextmanager
def _system(options: _Options) -> Iterator[_System]:
    """Start the system that OPTIONS describe; end it when the block is left."""
    runtime, values = Runtime("scirehooks"), Values()
    values.provide(Runtime, runtime)
    renderer = furnish(runtime, values)
    loader = Loader(runtime, values, path=options.modules)
    values.provide(Loader, loader)
    runtime.define(LoaderCommands(loader), BUILTIN)
    runtime.define(JournalCommands(loader), BUILTIN)
    if options.state == _default_state():
        with contextlib.suppress(OSError):  # the fleet says it better
            options.state.parent.mkdir(parents=True, exist_ok=True)
    fleet = Fleet(runtime, values, options.state)
    session = Session(runtime, values)
    try:
        _name(runtime, fleet)
        if options.no_modules:
            runtime.add_hook("pre-module-load-hook", no_modules, -100, owner=BUILTIN)
        loader.load_init(init_directories() if options.init is None else options.init, strict=options.strict)
        fleet.start()
        runtime.run_hooks("startup-hook")
        runtime.hooks["session-open-hook"].run(session.name, session.actor)
        runtime.history.begin()  # what the start has done is not undone by `undo`
        yield _System(runtime, loader, fleet, session, renderer)
        runtime.run_hooks("shutdown-hook")
    finally:
        with contextlib.ExitStack() as rest:  # an interrupt of one does not keep the others from being closed
            rest.callback(runtime.close)
            rest.callback(_close, fleet)
            rest.callback(session.close)


def _close(fleet: Fleet) -> None:
    """Close the FLEET, whenever in that an interrupt comes: then without patience."""
    interrupt: BaseException | None = None
    while not fleet.closed:
        try:
            _close_patiently(fleet)
        except (KeyboardInterrupt, SystemExit) as wish:
            interrupt, fleet.patience = wish, 0.0
    if interrupt:
        raise interrupt


def _close_patiently(fleet: Fleet) -> None:
    """Close the FLEET, and say whom that waits for."""
    runs = fleet.dispatcher.under_way()
    if runs and fleet.patience:
        which = f"run{'s' * (len(runs) > 1)} {', '.join(map(str, runs))}"
        them = "them" if len(runs) > 1 else "it"
        _tell(f"waiting up to {fleet.patience:.0f} s for {which} to end; Ctrl-C ends {them} now.")
    fleet.close()


def _tell(text: str) -> None:
    with contextlib.suppress(OSError, ValueError):  # nobody may be listening
        sys.stderr.write(f"scirehooks: {text}\n")
        sys.stderr.flush()


def _name(runtime: Runtime, fleet: Fleet) -> None:
    """Give the namespace the public names and the fleet; the runtime has put its own there."""
    names: dict[str, object] = {"fleet": fleet, "load_init": load_init}
    names.update((each.__name__, each) for each in _PUBLIC)
    for name, value in names.items():
        runtime.namespace.define(name, value, Origin(BUILTIN, None, ""))


def no_modules(name: str) -> None:
    """Keep the module NAME from being loaded: the program was started with --no-modules."""
    raise Veto("the program was started with --no-modules")


def _run(options: _Options) -> int:
    """Start the system, and run what OPTIONS say in it."""
    with _system(options) as system:
        if options.lines or options.file is not None:
            return _batch(options, system)
        if sys.stdin is not None and sys.stdin.isatty() and sys.stdout.isatty():
            return _interactive(options, system)
        return _batch(options, system)


def _interactive(options: _Options, system: _System) -> int:
    # Late: only who sits at a terminal pays for the library of one.
    from scirehooks.terminal import run  # noqa: PLC0415

    report = system.loader.report
    for script in report.passed_over:
        sys.stderr.write(f"{script.file} is passed over: {script.error}.\n")
    host = Host(system.session, system.renderer, title=_title(options), status=lambda: _status(system))
    return run(host, history=options.state / "history")


def _title(options: _Options) -> str:
    return f"{_VERSION}, embedded, with the fleet in {options.state}"


def _status(system: _System) -> str:
    """Return the toolbar: whose fleet, how many clients and modules, and what is wrong."""
    clients = sum(1 for _ in system.fleet.store.clients())
    active = len(system.fleet.store.runs(active=True))
    parts = [f"{clients} client{'s' * (clients != 1)}", f"{active} running" if active else "", _modules(system)]
    failed = len(system.loader.report.failed)
    parts.append(f"{failed} init script{'s' * (failed != 1)} failed: init-status" if failed else "")
    return " · ".join(part for part in parts if part)


def _modules(system: _System) -> str:
    names = sorted(system.runtime.modules)
    return f"modules {', '.join(names)}" if names else "no modules"


# -- batch


def _batch(options: _Options, system: _System) -> int:
    batch = Batch(
        system.session, system.renderer, as_json=options.json, follow=lambda: _following(system.fleet, options.drain)
    )
    if options.lines:
        return _lines(options.lines, batch)
    if options.file is None:
        return batch.run(Remembered(_decoded(sys.stdin.buffer, "stdin"), "<stdin>"), "<stdin>", "stdin")
    sys.argv = [options.file, *options.arguments]
    try:
        with open(options.file, "rb") as file:
            return batch.run(_decoded(file, options.file), os.path.abspath(options.file), options.file)
    except OSError as error:
        if error.filename != options.file:
            raise
        hint = "To evaluate a line, write -c 'LINE'." if isinstance(error, FileNotFoundError) else ""
        raise UsageError(f"{options.file} cannot be read: {error.strerror}.", hint) from error


def _lines(lines: Sequence[str], batch: Batch) -> int:
    """Evaluate each -c on its own: a quote left open in one does not swallow the next."""
    number, status = 1, 0
    source = Remembered((line for text in lines for line in text.split("\n")), "-c")
    everything = iter(source)
    for text in lines:
        taken = list(itertools.islice(everything, text.count("\n") + 1))
        status = batch.run(taken, "-c", "-c", first=number)
        if batch.ended:
            break
        number += len(taken)
    return status


def _decoded(lines: Iterable[bytes], name: str) -> Iterator[str]:
    for number, line in enumerate(lines, 1):
        try:
            yield line.decode().rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise UsageError(f"{name}:{number}: this is not UTF-8 text (byte {error.start + 1}).") from error


@contextlib.contextmanager
def _following(fleet: Fleet, seconds: float) -> Iterator[Callable[[], Drained]]:
    """Collect what is set going inside the block; what this yields waits for it, at most SECONDS."""
    with fleet.collecting_roots() as roots:
        yield lambda: _drained(fleet, fleet.drain(roots, seconds)) if roots and seconds else Drained()


def _drained(fleet: Fleet, left: Left) -> Drained:
    """Say in words what did not succeed and what has not ended."""
    if left:
        fleet.patience = 0.0  # it has been waited for
    failed: dict[bool, list[str]] = {True: [], False: []}
    for run in left.unsuccessful:
        own = fleet.store.origin(f"run:{run.id}").cause is None
        failed[own].append(_unsuccessful(fleet, run))
    firings = [f"the post-hook of {event.operation} ({event.subject})" for event in left.firings]
    under_way = (*firings, *(_of(fleet, run).lower() for run in left.runs))
    return Drained(tuple(failed[True]), tuple(failed[False]), under_way)


def _unsuccessful(fleet: Fleet, run: Run) -> str:
    reason = f": {run.reason}" if run.reason else ""
    return f"{_of(fleet, run)} {run.status}{reason}. Look with describe-run {run.id}."


def _of(fleet: Fleet, run: Run) -> str:
    return f"Run {run.id} of {fleet.store.job(int(run.job)).name}"


def _flush() -> None:
    """Write out what is buffered; a reader that has gone is no error, and Python must not print one at its end."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (BrokenPipeError, ValueError):
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, stream.fileno())
            os.close(null)
