"""Serving a runtime at a control socket, from threads of its own, in whatever program it lives."""

from __future__ import annotations

import atexit
import logging
import os
import socket
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from scirehooks.control import Server, Service
from scirehooks.control.closing import Closing
from scirehooks.daemon.audit import AuditLog
from scirehooks.daemon.peer import admitted
from scirehooks.daemon.socket import ControlSocket
from scirehooks.hooks import Runtime
from scirehooks.shell import furnish
from scirehooks.values import Values

__all__ = ["Serving", "serve"]

_log = logging.getLogger("scirehooks")


class Serving:
    """A runtime that is being served at a control socket; `close`, or leaving the `with` block, ends that."""

    def __init__(self, service: Service, listening: ControlSocket, audit: AuditLog) -> None:
        self._listening = listening
        self._service = service
        self._server = Server(service).start()
        self._server.listen(listening.socket, admitted)
        # First the file: who comes now is to see that nobody is there, not to be cut off.
        self._closing = Closing(
            lambda _drain, _reason: listening.remove(),
            lambda drain, reason: self._server.close(drain, reason),
            lambda _drain, _reason: listening.close(),
            lambda _drain, _reason: audit.close(),
            lambda _drain, _reason: atexit.unregister(self.close),
        )
        # A program that forgets it leaves no socket behind at which nobody answers.
        atexit.register(self.close)

    @property
    def path(self) -> Path:
        """Where the control socket is."""
        return self._listening.path

    @property
    def busy(self) -> list[str]:
        """The sessions of other processes in which something is being evaluated."""
        return [each.key for each in self._service.sessions.all() if each.busy and each.link.peer.pid != os.getpid()]

    def attach(self, connection: socket.socket) -> None:
        """Serve CONNECTION, one end of a socket pair whose other end this process keeps."""
        self._server.attach(connection)

    def beat(self, call: Callable[[], None]) -> None:
        """Have CALL called by the loop that serves the connections: what comes through there is alive."""
        self._server.call(call)

    def close(self, drain: float = 0.0, reason: str = "The system ends.") -> None:
        """Take no more connections, give evaluations DRAIN seconds to end, and tell whoever is attached REASON."""
        try:
            self._closing(drain, reason)
        except OSError as error:  # a file that cannot be removed: all the rest has ended
            _log.error("closing %s: %s", self.path, error)

    def __enter__(self) -> Serving:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def serve(runtime: Runtime, path: Path | str, *, values: Values | None = None, title: str = "") -> Serving:
    """Serve RUNTIME at the control socket PATH: whoever may attaches to it with `scirehooks attach PATH`.

    That is the user of this process and root. PATH lies in a directory of its own (mode 0700), made if need be; what
    is evaluated is written to `audit.log` beside it. VALUES is the program's table of types, if it has one; TITLE says
    in the first line of the shell what one is attached to.

    Raises:
        ControlSocketError: the directory is not safe, or PATH is taken.

    Example:
        >>> import tempfile
        >>> runtime = Runtime("shop")
        >>> with tempfile.TemporaryDirectory() as own, serve(runtime, f"{own}/control.sock") as serving:
        ...     serving.path.is_socket()
        True
    """
    table = values or Values()
    listening = ControlSocket(Path(path))
    try:
        audit = AuditLog(listening.path.with_name("audit.log"))
        service = Service(
            runtime, table, furnish(runtime, table), title=title or f"in {runtime.name}", status=lambda: "",
            follow=None, audit=audit,
        )  # fmt: skip
        return Serving(service, listening, audit)
    except BaseException:
        listening.close()
        raise
