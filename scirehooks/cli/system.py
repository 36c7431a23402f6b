"""The system put together: runtime, loader, fleet, and the control socket at which it is served."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator
from pathlib import Path

from scirehooks.assembly import Assembly, assemble
from scirehooks.cli.events import events_of
from scirehooks.cli.following import Following
from scirehooks.cli.options import Options, default_state
from scirehooks.cli.telling import tell
from scirehooks.cli.whole import not_whole
from scirehooks.control import Peer, Service
from scirehooks.control.oneshot import SOCKET
from scirehooks.core import Fleet
from scirehooks.daemon import AuditLog, ControlSocket, Serving, serve
from scirehooks.errors import Terminated, Veto
from scirehooks.hooks import BUILTIN
from scirehooks.load import init_directories, unfinished
from scirehooks.records import dataclass
from scirehooks.version import __version__

__all__ = ["Parts", "System", "parts", "running"]

_log = logging.getLogger("scirehooks")


@dataclass(slots=True)
class Parts(Assembly):
    """The parts of a system, whether it is running or only tried out."""

    following: Following


@dataclass(slots=True)
class System:
    """A system that is running, and served. PATIENCE is how long, at its end, evaluations of others may take."""

    parts: Parts
    serving: Serving
    patience: float


@contextlib.contextmanager
def parts(options: Options, state: Path) -> Iterator[Parts]:
    """Put a system with the fleet in STATE together, and take it apart when the block is left; nothing is loaded."""
    if state == default_state():
        with contextlib.suppress(OSError):  # the fleet says it better
            state.parent.mkdir(parents=True, exist_ok=True)
    made = assemble("scirehooks", state, modules=options.modules, names={"serve": serve})
    runtime, fleet = made.runtime, made.fleet
    following = Following(fleet)
    try:
        if options.no_modules:
            runtime.add_hook("pre-module-load-hook", no_modules, -100, owner=BUILTIN)
            _log.warning("started with --no-modules: no module is loaded, and no function in a hook was asked")
        yield Parts(runtime, made.values, made.loader, fleet, made.renderer, following)
    finally:
        with contextlib.ExitStack() as rest:  # an interrupt of one does not keep the others from being closed
            rest.callback(runtime.close)
            rest.callback(_close, fleet, following)


@contextlib.contextmanager
def running(options: Options, *, daemon: bool = False) -> Iterator[System]:
    """Start the system that OPTIONS describe and serve it, as a DAEMON or here; end it when the block is left."""
    with parts(options, options.state) as made:
        runtime, fleet = made.runtime, made.fleet
        _load(options, made)
        # Before anything is fired: what is wrong with the socket's place ends the start.
        listening = ControlSocket(fleet.state.path / SOCKET)
        try:
            fleet.start(put_off=not_whole(options, made.loader.report))
            runtime.run_hooks("startup-hook")
            audit = AuditLog(fleet.state.path / "audit.log")
            service = Service(
                runtime, made.values, made.renderer, title=lambda peer: _title(options, daemon, peer),
                status=lambda: _status(made), follow=made.following, audit=audit,
                events=events_of(fleet), version=__version__,
            )  # fmt: skip
            # What the start has done is not undone by `undo`: all is there, and nobody can have typed anything yet.
            runtime.history.begin()
            system = System(made, Serving(service, listening, audit), options.drain)
        except BaseException:
            listening.close()
            raise
        try:
            yield system
        except BaseException:
            system.patience = min(system.patience, fleet.patience)  # whoever ends it by a signal is in a hurry
            raise
        finally:
            try:
                system.serving.close(system.patience)
            finally:  # also when a signal ends it: what the hook is for is due at each end
                runtime.run_hooks("shutdown-hook")


def _load(options: Options, made: Parts) -> None:
    """Load the init scripts, and say what is to be known about that."""
    directories = init_directories() if options.init is None else options.init
    with unfinished(made.fleet.state.path / "loading") as leave_out:
        report = made.loader.load_init(directories, strict=options.strict, only=options.only, leave_out=leave_out)
    for script in report.failed:
        if script.file.stem in leave_out:
            tell(f"{script.file} is {script.error}")
    if report.failed:
        failed = [script.file.name for script in report.failed]
        which = ", ".join(failed) if len(failed) < 4 else f"these {len(failed)} files"
        _log.warning("what %s would guard is not guarded now; with --strict the start ends instead", which)
    if options.timings:
        files = [(script.seconds, str(script.file)) for script in report.scripts if script.status == "ok"]
        files += [(made.loader.seconds[name], module.file) for name, module in made.runtime.modules.items()]
        for seconds, file in sorted(files, reverse=True):
            tell(f"{seconds * 1000:8.1f} ms  {file}")


def no_modules(name: str) -> None:
    """Keep the module NAME from being loaded: the program was started with --no-modules."""
    raise Veto("the program was started with --no-modules")


# -- the end


def _close(fleet: Fleet, following: Following) -> None:
    """Close the FLEET, whenever in that an interrupt comes: then without patience."""
    interrupt: BaseException | None = None
    while not fleet.closed:
        try:
            _close_patiently(fleet, following)
        except (KeyboardInterrupt, SystemExit, Terminated) as wish:
            interrupt, fleet.patience = wish, 0.0
    if interrupt:
        raise interrupt


def _close_patiently(fleet: Fleet, following: Following) -> None:
    """Close the FLEET, and say whom that waits for; what a batch has waited for in vain is not waited for again."""
    runs = fleet.dispatcher.under_way()
    if following.given_up:
        fleet.patience = 0.0
    if runs and fleet.patience:
        which = f"run{'s' * (len(runs) > 1)} {', '.join(map(str, runs))}"
        them = "them" if len(runs) > 1 else "it"
        tell(f"waiting up to {fleet.patience:.0f} s for {which} to end; Ctrl-C ends {them} now.")
    fleet.close()


# -- what the service asks


def _title(options: Options, daemon: bool, peer: Peer) -> str:
    """Return what the first line of a shell says: where PEER is now."""
    if peer.pid == os.getpid():
        where = "embedded"
    else:
        where = f"attached to {'daemon' if daemon else 'the shell of process'} {os.getpid()}"
    return f"{__version__}, {where}, with the fleet in {options.state}"


def _status(made: Parts) -> str:
    """Return the toolbar: whose fleet, how many clients and modules, and what is wrong."""
    clients = made.fleet.store.count_clients()
    active = len(made.fleet.store.runs(active=True))
    modules = sorted(made.runtime.modules)
    failed = len(made.loader.report.failed)
    parts = [
        f"{clients} client{'s' * (clients != 1)}",
        f"{active} running" if active else "",
        f"modules {', '.join(modules)}" if modules else "no modules",
        f"{failed} init script{'s' * (failed != 1)} failed: init-status" if failed else "",
    ]
    return " · ".join(part for part in parts if part)
