"""One connection: bytes become messages for the service, messages become bytes. It lives on the control loop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial
from typing import Protocol

from scirehooks.control.link import Limits, Link
from scirehooks.control.peer import Peer
from scirehooks.control.wire import (
    INVALID_REQUEST,
    LIMIT,
    Answer,
    Failure,
    Message,
    Notification,
    Request,
    decode,
    encode,
    failure,
)
from scirehooks.errors import WireError

__all__ = ["Connection", "Dispatch"]

_HIGH = 1 << 18  # bytes handed to the kernel at a time, and kept beside it
_AT_ONCE = 1 << 18  # bytes sent before other connections have their turn
_MOMENT = 0.002  # seconds in which output grows before it is sent
_LONG = 1 << 16  # bytes of a line that is read elsewhere: reading 16 MiB of brackets takes its time
_log = logging.getLogger("scirehooks")


class Dispatch(Protocol):
    """Who deals with what clients say."""

    def received(self, link: Link, message: Request | Notification, size: int) -> None:
        """Deal with MESSAGE, a line of SIZE bytes; on the control loop, so be brief."""

    def lost(self, link: Link) -> None:
        """Clean up behind a client who has gone."""


class Connection(asyncio.Protocol):
    """The transport side of a `Link`."""

    def __init__(
        self, dispatch: Dispatch, peer: Peer, limits: Limits, pool: Executor, ended: Callable[[Connection], None]
    ) -> None:
        self._dispatch = dispatch
        self._limits = limits
        self._pool = pool
        self._ended = ended
        self._loop = asyncio.get_running_loop()
        self.link = Link(peer, self._wake, limits)
        self._transport: asyncio.Transport | None = None
        self._begun = bytearray()  # of a line
        self._too_long = False  # the rest of the line is passed over
        self._lines: deque[bytes] = deque()
        self._reading = False  # a long line is being read in the pool
        self._paused = False  # the transport has as much as it takes
        self._unsent = 0  # what the transport had when last looked at
        self._alive = 0.0  # when the client last read or said something
        self._watch: asyncio.TimerHandle | None = None

    # -- the protocol of asyncio

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.set_write_buffer_limits(_HIGH)
        self._flush()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell everybody."""
        self._lines.clear()
        if self._watch:
            self._watch.cancel()
        self.link.end()
        self._ended(self)  # first: a server that closes waits for it, whatever becomes of the sessions
        self._dispatch.lost(self.link)

    def data_received(self, data: bytes) -> None:
        """Cut DATA into lines and deal with each."""
        self._alive = time.monotonic()
        *lines, rest = data.split(b"\n")
        for line in lines:
            self._continued(line)
            if not self._too_long:
                self._lines.append(bytes(self._begun))
            self._begun.clear()
            self._too_long = False
        self._continued(rest)
        self._read()

    def _continued(self, part: bytes) -> None:
        """Add PART to the line that has begun; a line that is too long is told of once and forgotten."""
        if self._too_long:
            return
        self._begun += part
        if len(self._begun) >= LIMIT:
            self._begun.clear()
            self._too_long = True
            self.link.send(Failure(None, INVALID_REQUEST, f"A message may have {LIMIT} bytes; this one has more."))

    def pause_writing(self) -> None:
        """Wait until the client has read some of what is on its way."""
        self._paused = True
        self._alive = time.monotonic()
        if self._watch is None:  # output that comes fast pauses many times before the next look
            self._look()

    def resume_writing(self) -> None:
        """Go on."""
        self._paused = False
        self._flush()

    # -- reading

    def _read(self) -> None:
        """Deal with the lines that have come, in order."""
        while self._lines and not self._reading:
            line = self._lines.popleft()
            if len(line) <= _LONG:
                self._deal(_decoded(line), len(line))
                continue
            self._reading = True
            if self._transport:
                self._transport.pause_reading()
            read = self._loop.run_in_executor(self._pool, _decoded, line)
            read.add_done_callback(partial(self._has_read, len(line)))

    def _has_read(self, size: int, read: asyncio.Future[Message | WireError]) -> None:
        self._reading = False
        if self._transport and not self._transport.is_closing():
            self._deal(read.result(), size)
            with contextlib.suppress(RuntimeError):  # closed meanwhile
                self._transport.resume_reading()
            self._read()

    def _deal(self, message: Message | WireError, size: int) -> None:
        if self.link.unsent > self._limits.most:  # it lives, and asks on and on without reading the answers
            if self._transport and not self._transport.is_closing():
                _log.warning("%s does not read what it asks for: its connection is dropped", self.link.peer)
                self._transport.abort()
        elif isinstance(message, WireError):
            self.link.send(failure(None, message))
        elif isinstance(message, Answer | Failure):
            self.link.answered(message)
        else:
            self._dispatch.received(self.link, message, size)

    # -- writing

    def _wake(self, at_once: bool) -> None:
        """Let the control loop send what there is; called from any thread."""
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody is there to send anything to
            self._loop.call_soon_threadsafe(self._flush if at_once else self._flush_soon)

    def _flush_soon(self) -> None:
        self._loop.call_later(_MOMENT, self._flush)

    def _flush(self) -> None:
        """Send what there is and the transport takes, but not so much at once that others wait."""
        if self._transport is None:
            return  # not connected yet; what is there stays
        sent = 0
        while not self._paused:
            if sent > _AT_ONCE:
                self._loop.call_soon(self._flush)
                return
            line = self.link.take()
            if line is None:
                return
            self._transport.write(line)
            sent += len(line)

    def _look(self) -> None:
        """Drop a client that reads nothing, says nothing and is owed as much as it can be."""
        self._watch = None
        if not self._paused or self._transport is None:
            return
        now, unsent = time.monotonic(), self._transport.get_write_buffer_size()
        if unsent != self._unsent:
            self._unsent, self._alive = unsent, now
        if self.link.full and now - self._alive >= self._limits.stall:
            _log.warning("%s has not read for %g s: its connection is dropped", self.link.peer, self._limits.stall)
            self._transport.abort()
            return
        self._watch = self._loop.call_later(self._limits.stall / 4, self._look)

    def close(self, reason: str) -> None:
        """Say REASON and end the connection once what is there has been sent, as far as the client reads it."""
        if self._transport is None:
            return
        while not self._paused and (line := self.link.take()) is not None:
            self._transport.write(line)
        self._transport.write(encode(Notification("closing", {"reason": reason})))
        self._transport.close()

    def abort(self) -> None:
        """End the connection at once."""
        if self._transport is not None:
            self._transport.abort()


def _decoded(line: bytes) -> Message | WireError:
    try:
        return decode(line)
    except WireError as error:
        return error
