"""The fleet: the core's parts put together, and its Python interface."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scirehooks.core.commands import FleetCommands
from scirehooks.core.dispatch import Dispatcher
from scirehooks.core.engine import Engine
from scirehooks.core.event_commands import EventCommands
from scirehooks.core.events import collecting_roots
from scirehooks.core.execution import ClientSlots, Means
from scirehooks.core.model import Event, Run, Stream
from scirehooks.core.operation import Operation
from scirehooks.core.operations import OPERATIONS
from scirehooks.core.past import PastEvents
from scirehooks.core.positive import Positive
from scirehooks.core.progress import Progress
from scirehooks.core.state import StateDirectory
from scirehooks.core.status import status_of
from scirehooks.core.store import Store
from scirehooks.core.transport import LocalTransport, Transport
from scirehooks.core.words import register_words
from scirehooks.errors import Terminated
from scirehooks.hooks import BUILTIN, EventLog, Runtime
from scirehooks.process import user_name
from scirehooks.records import dataclass
from scirehooks.values import Values

__all__ = ["Fleet", "Left"]

_PATIENCE = 10.0  # seconds that what is under way has to end when the fleet is closed
_LAST = 1.0  # seconds for functions of post-hooks even then: what they do is mostly short


@dataclass(frozen=True, slots=True)
class Left:
    """What had not ended: post-firings and runs; and which of the runs that have ended did not succeed."""

    firings: tuple[Event, ...]
    runs: tuple[Run, ...]
    unsuccessful: tuple[Run, ...]

    def __bool__(self) -> bool:
        return bool(self.firings or self.runs)


class Fleet:
    """Clients, scripts, jobs and runs, kept in the directory STATE; hooks and commands are declared in RUNTIME.

    Operations are its methods, by their commands' Python names: `fleet.client_add("web1", transport="local")`.
    Nothing is fired and nothing runs until `start`, so that init scripts can be loaded first.

    Raises: StateInUseError if another process has STATE; StoreError if it cannot be used.
    """

    def __init__(
        self,
        runtime: Runtime,
        values: Values,
        state: Path,
        *,
        transports: Mapping[str, Transport] | None = None,
        workers: int = 4,
        runs_at_once: int = 8,
    ) -> None:
        self.runtime, self.values = runtime, values
        self.state = StateDirectory(state)
        try:
            self.store = Store(self.state.path / "store.db")
        except BaseException:
            self.state.close()
            raise
        shutil.rmtree(self.state.path / "work", ignore_errors=True)  # of a process that was killed
        self._user = user_name(os.geteuid())
        ways: Mapping[str, Transport] = {"local": LocalTransport()} if transports is None else transports
        self.transports = tuple(ways)
        self.progress = Progress()
        values.register(Fleet, name="fleet", to_json=lambda fleet: {"state": str(fleet.state.path)})
        values.provide(Fleet, self)
        register_words(values, self.store)
        limit = Positive(
            int, 16 << 20, unit="bytes", doc="Most that is stored of what a run writes to one stream on one client."
        )
        runtime.define({"output_limit": limit}, BUILTIN)
        self.engine = Engine(runtime, values, self.store, self, self.progress, workers)
        means = Means(
            runtime=runtime, store=self.store, state=self.state, fleet=self, perform=self.engine.perform,
            transports=ways, slots=ClientSlots(),
            output_limit=lambda: limit.value,
        )  # fmt: skip
        self.dispatcher = Dispatcher(means, self.progress, runs_at_once)
        for operation in OPERATIONS:
            self.engine.declare(operation)
        past = PastEvents(self.engine, self.store)
        values.provide(EventLog, past)
        runtime.define(FleetCommands(self), BUILTIN)
        runtime.define(EventCommands(self.engine, self.store, past), BUILTIN)
        runtime.defstatus("fleet", lambda: status_of(self.store, self.engine.firer), owner=BUILTIN)
        self.patience = _PATIENCE
        self._closed = False

    def __getattr__(self, name: str) -> Callable[..., Any]:
        calls = vars(self)["engine"].calls if "engine" in vars(self) else {}
        if name in calls:
            return calls[name]  # type: ignore[no-any-return]  # what an operation returns is its own affair
        raise AttributeError(f"The fleet has no {name!r}; its operations are {', '.join(calls)}.", name=name, obj=self)

    @property
    def actor(self) -> str:
        """On whose behalf the calling code acts: a session's user, else who runs this process."""
        return self.runtime.owners.origin().actor or self._user

    def perform(self, operation: Operation) -> Any:
        """Carry out OPERATION, as its own call would; see `Engine.perform`."""
        return self.engine.perform(operation)

    def collecting_roots(self) -> AbstractContextManager[list[str]]:
        """Collect, inside the `with` block, the ids of the events for which `drain` can wait."""
        return collecting_roots()

    def output(self, run: int, client: int, stream: Stream = "stdout") -> bytes:
        """Return what the run with id RUN has written to STREAM on the client with id CLIENT, as stored."""
        self.store.result(run, client)
        try:
            return (self.state.path / "output" / str(int(run)) / f"{int(client)}.{stream}").read_bytes()
        except FileNotFoundError:
            return b""

    # -- life

    def start(self, *, put_off: str = "") -> None:
        """Fire what an earlier process left unfired, then carry out runs; call it when the hooks are filled.

        If they are not as they should be, PUT_OFF says why, in words: then what was left waits for `catch_up`, or for
        the next start, since each post-hook is fired once; `status` tells of it. What is new is fired as always.
        """
        self.dispatcher.declare_lost()  # first: that is of the earlier process, too
        self.engine.firer.start(put_off)
        self.dispatcher.start()

    def catch_up(self) -> None:
        """Fire what `start` has put off: the hooks are filled now."""
        self.engine.firer.catch_up()

    def drain(self, roots: Collection[str] | None, timeout: float | None) -> Left:
        """Wait until all that descends from the events ROOTS has ended, at most TIMEOUT seconds; say what is left.

        That is their post-firings and the runs they started, with what those started in turn; not runs put off to a
        later time. With None for ROOTS, it is whatever is under way.
        """
        watched = None if roots is not None else {run.id for run in self.store.runs(active=True, limit=-1)}

        self.progress.wait_for(lambda: not self._left(roots, watched, limit=1), timeout)
        return self._left(roots, watched)

    def _left(self, roots: Collection[str] | None, watched: set[Any] | None, limit: int = -1) -> Left:
        # Of one moment: a firing starts runs and ends, a run ends and leaves firings.
        with self.store.snapshot() as store:
            firer = self.engine.firer
            given_up = firer.failed.keys() | firer.put_off.keys()  # until the next start
            unfired = store.unfired(roots, limit if limit < 0 else limit + len(given_up))
            firings = tuple(event for event in unfired if event.seq not in given_up)
            runs = store.runs_of(roots)
            if watched is not None:
                runs += [store.run(key) for key in watched - {run.id for run in runs}]
        now = datetime.now(UTC)
        active = tuple(run for run in runs if run.ended is None and (run.not_before is None or run.not_before <= now))
        failed = tuple(run for run in runs if run.ended is not None and run.status != "succeeded")
        return Left(firings, active, failed)

    @property
    def closed(self) -> bool:
        """Whether it has been closed."""
        return self._closed

    def close(self, patience: float | None = None) -> None:
        """Begin nothing more, wait PATIENCE seconds for what is under way (a run is lost then), and let go of all.

        Without PATIENCE, it is that of the fleet. An interrupt ends it, but the rest is done all the same; whoever is
        interrupted before it has come to that may call it again.
        """
        if self._closed:
            return
        deadline = time.monotonic() + (self.patience if patience is None else patience)
        steps: list[Callable[[], object]] = [
            lambda: self.dispatcher.close(max(0.0, deadline - time.monotonic())),
            lambda: self.engine.firer.close(max(_LAST, deadline - time.monotonic())),
            self.store.close,
            self.state.close,
        ]
        failed: BaseException | None = None
        while steps:
            try:
                steps[0]()
            except (KeyboardInterrupt, SystemExit, Terminated) as wish:
                # Again, without patience: nothing may be left running.
                failed, deadline = wish, 0.0
                continue
            except Exception as error:  # noqa: BLE001 - what cannot be closed keeps nothing else from being closed
                failed = failed or error
            del steps[0]
        self._closed = True
        if failed:
            raise failed
