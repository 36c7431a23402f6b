"""The server: a thread with the control loop, which moves messages and runs nothing of anybody's.

It takes connections from sockets that others have made and checked, so it knows neither paths nor permissions.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import threading
from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from typing import Any, TypeVar

from scirehooks.control.closing import Closing
from scirehooks.control.connection import Connection
from scirehooks.control.link import Limits
from scirehooks.control.peer import Peer
from scirehooks.control.pool import Pool
from scirehooks.control.service import Service
from scirehooks.control.wire import FAILED, Failure, encode
from scirehooks.errors import ScireError
from scirehooks.shell.running.streams import routed

__all__ = ["Server"]

_POOL = 4  # threads that describe, tell what a prompt shows, and read long lines
_BREATH = 0.5  # seconds after an error of accept, such as too many open files
_LAST_WORDS = 1.0  # seconds that clients have to read what is on its way to them when the server closes
_log = logging.getLogger("scirehooks")
T = TypeVar("T")


class Server:
    """Serves SERVICE over any number of connections.

    With THREADS, what a thread started inside an evaluation prints belongs to the session, too: `Thread.start` is
    wrapped while the server runs.

    Example:
        server = Server(service).start()
        server.listen(listening_socket, check_peer)
        ...
        server.close(drain=5)
    """

    def __init__(self, service: Service, *, limits: Limits | None = None, threads: bool = True) -> None:
        self._service = service
        self._limits = limits or Limits()
        self._threads = threads
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="control loop", daemon=True)
        self._pool = Pool(_POOL, "control")
        self._connections: set[Connection] = set()
        self._listening: set[asyncio.Task[None]] = set()
        self._resources = ExitStack()
        self._closing = Closing(
            lambda _drain, _reason: self._do(self._stop_listening()),
            lambda drain, _reason: service.end(drain),
            lambda _drain, reason: self._do(self._disconnect(reason)),
            lambda _drain, _reason: self._loop.call_soon_threadsafe(self._loop.stop),
            lambda _drain, _reason: self._thread.join(),
            lambda _drain, _reason: self._loop.close(),
            lambda _drain, _reason: self._pool.shutdown(),
            lambda _drain, _reason: self._resources.close(),
        )

    def start(self) -> Server:
        """Begin to serve, and return the server."""
        self._resources.enter_context(routed(threads=self._threads))
        self._service.begin(self._pool)
        self._thread.start()
        return self

    def attach(self, sock: socket.socket, peer: Peer | None = None) -> None:
        """Serve the connection SOCK, which the server owns from now on; PEER is at its other end (default: we)."""
        self._do(self._connect(sock, peer or Peer.own()))

    def listen(self, listener: socket.socket, check_peer: Callable[[socket.socket], Peer]) -> None:
        """Serve whoever connects to LISTENER and passes CHECK_PEER, which raises a `ScireError` to refuse him.

        The server owns LISTENER from now on.
        """
        listener.setblocking(False)

        async def begin() -> None:
            task = self._loop.create_task(self._accept(listener, check_peer))
            self._listening.add(task)

        self._do(begin())

    def call(self, function: Callable[[], object]) -> None:
        """Have FUNCTION called on the control loop soon: that it is called shows that the loop comes round."""
        self._loop.call_soon_threadsafe(function)

    def close(self, drain: float = 0.0, reason: str = "The system ends.") -> None:
        """Take no more connections, wait up to DRAIN seconds for what is under way, end the rest, tell all REASON.

        What fails or interrupts meanwhile is raised once everything has ended; an interrupt ends the wait.
        """
        self._closing(drain, reason)

    # -- on the control loop

    def _do(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    async def _connect(self, sock: socket.socket, peer: Peer) -> None:
        def connection() -> Connection:
            return Connection(self._service, peer, self._limits, self._pool, self._connections.discard)

        sock.setblocking(False)
        try:
            _, made = await self._loop.connect_accepted_socket(connection, sock)
        except OSError:
            sock.close()  # gone before it was there
            return
        except asyncio.CancelledError:
            sock.close()
            raise
        if not made.link.lost.is_set():
            self._connections.add(made)

    async def _accept(self, listener: socket.socket, check_peer: Callable[[socket.socket], Peer]) -> None:
        with listener:
            while True:
                try:
                    sock, _ = await self._loop.sock_accept(listener)
                except OSError as error:
                    _log.warning("no connection can be accepted: %s", error)
                    await asyncio.sleep(_BREATH)
                    continue
                try:
                    peer = check_peer(sock)
                except (ScireError, OSError) as error:
                    _log.warning("a connection is refused: %s", error)
                    _refuse(sock, str(error))
                    continue
                await self._connect(sock, peer)

    async def _stop_listening(self) -> None:
        for task in self._listening:
            task.cancel()
        await asyncio.gather(*self._listening, return_exceptions=True)

    async def _disconnect(self, reason: str) -> None:
        left = [*self._connections]
        for connection in left:
            connection.close(reason)
        until = self._loop.time() + _LAST_WORDS
        while self._connections and self._loop.time() < until:
            await asyncio.sleep(0.01)
        for connection in [*self._connections]:
            connection.abort()
        while self._connections:
            await asyncio.sleep(0)


def _refuse(sock: socket.socket, reason: str) -> None:
    """Tell whoever is at the other end of SOCK why he is not served."""
    with contextlib.suppress(OSError), sock:
        sock.setblocking(False)
        sock.send(encode(Failure(None, FAILED, reason)))
