"""The other end of the control protocol for a terminal: blocking calls, one thread that reads.

Two things reach a client without being asked for: `output`, and questions (`input`, `program`) that code running at
the server asks of whoever runs it. While a call is `converse`d they are handled in the thread that called, so that a
prompt or a program has the terminal to itself; at other times they go to IDLE.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections import deque
from collections.abc import Callable
from itertools import count
from queue import SimpleQueue
from typing import Any, Protocol

from scirehooks.control import wire
from scirehooks.control.oneshot import is_trusted
from scirehooks.control.wire import Answer, Failure, Message, Notification, Request
from scirehooks.errors import ConnectionLostError, NotAllowedHereError, RemoteError, WireError

__all__ = ["Client", "Handler"]

_AT_ONCE = 1 << 18  # bytes read at a time
_LAST_WORDS = 1.0  # seconds for reading what is there of a connection that has ended


class Handler(Protocol):
    """What a conversation needs of the one who sits at the terminal."""

    def output(self, stream: str, content: str | list[tuple[str, str]]) -> None:
        """Show CONTENT, text or styled text, on STREAM: stdout, stderr, result or log."""

    def input(self, prompt: str) -> str:
        """Read a line behind PROMPT and return it with its line end; "" at the end of the input."""

    def program(self, text: str) -> int:
        """Run TEXT by sh on this terminal and return its exit status."""


class _Conversation:
    """What comes while a request is under way, in the order that it came; the last of it is the answer."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.messages: deque[Message | None] = deque()  # None: the connection has ended
        self.arrived: SimpleQueue[None] = SimpleQueue()  # unlike a Condition it can be left by Ctrl-C at any step

    def put(self, message: Message | None) -> None:
        self.messages.append(message)
        self.arrived.put(None)


class Client:
    """One connection to a server over SOCK, which it owns from now on.

    IDLE is called, in the thread that reads, with the method and parameters of each notification that comes while
    nothing is conversed; LOST once, with the client, when the connection ends by itself, which may be at once.

    Example:
        client = Client(sock, idle=show_above_the_prompt, lost=reconnect)
        opened = client.converse("session/open", handler, width=80)
        client.converse("eval", handler, session=opened["session"], text="hooks")
    """

    def __init__(
        self, sock: socket.socket, idle: Callable[[str, dict[str, Any]], None], lost: Callable[[Client], None]
    ) -> None:
        self._sock = sock
        self._idle = idle
        self._lost = lost
        self._numbers = count(1)
        self._lock = threading.Lock()  # of what follows
        self._waiting: dict[int, SimpleQueue[Message | None]] = {}
        self._conversation: _Conversation | None = None
        self._ended = False
        self._closed = False
        self.reason = ""  # why it ended, if the server has said that to nobody's question
        self._sending = threading.Lock()
        self._trusted = is_trusted(sock)  # root that attaches to the server of a user must not run what that user likes
        self._reader = threading.Thread(target=self._read, name="control client", daemon=True)
        self._reader.start()

    @property
    def ended(self) -> bool:
        """Whether nothing can be asked any more."""
        return self._ended

    def request(self, method: str, /, **params: Any) -> Any:
        """Ask for METHOD and return its result; other calls may be under way in other threads meanwhile.

        Raises:
            RemoteError: the server answered with an error.
            ConnectionLostError: the connection has ended.
        """
        number = next(self._numbers)
        answers: SimpleQueue[Message | None] = SimpleQueue()
        with self._lock:
            self._check()
            self._waiting[number] = answers
        try:
            self._send(Request(number, method, params))
            answer = answers.get()
        finally:
            with self._lock:
                self._waiting.pop(number, None)
        return self._result(answer)

    def notify(self, method: str, /, **params: Any) -> None:
        """Say METHOD, to which there is no answer.

        Raises:
            ConnectionLostError: the connection has ended.
        """
        self._send(Notification(method, params))

    def converse(self, method: str, handler: Handler, /, **params: Any) -> Any:
        """Ask for METHOD, let HANDLER deal with what comes meanwhile, in this thread, and return the result.

        It is to `begin` and to `resume`.

        Raises:
            RemoteError: the server answered with an error.
            ConnectionLostError: the connection has ended.
        """
        self.begin(method, **params)
        return self.resume(handler)

    def begin(self, method: str, /, **params: Any) -> None:
        """Ask for METHOD; what comes from now on is kept for the handler that `resume` is given.

        Raises:
            ConnectionLostError: the connection has ended, and nothing was asked for.
        """
        conversation = _Conversation(next(self._numbers))
        with self._lock:
            self._check()
            self._conversation = conversation
        try:
            self._send(Request(conversation.number, method, params))
        except BaseException:
            # Not asked, or asked with nobody listening: nothing is left that could be resumed.
            self._leave(conversation)
            raise

    def resume(self, handler: Handler) -> Any:
        """Let HANDLER deal with what comes in the conversation that was begun or left last, and return the result.

        An error of HANDLER is what is answered. KeyboardInterrupt leaves the conversation; `resume` goes on with it.

        Raises:
            RemoteError: the server answered with an error.
            ConnectionLostError: the connection has ended.
            NotAllowedHereError: there is no conversation.
        """
        conversation = self._conversation
        if conversation is None:
            raise NotAllowedHereError("There is no conversation to go on with.", "Begin one by converse.")
        while True:
            if not conversation.messages:
                conversation.arrived.get()
                continue
            message = conversation.messages[0]
            if message is None or isinstance(message, Answer | Failure):
                self._leave(conversation)
                return self._result(message)
            conversation.messages.popleft()  # before it is handled: an interrupted question is not asked again
            self._handle(message, handler)

    def close(self) -> None:
        """End the connection; whoever waits for an answer gets `ConnectionLostError`."""
        self._closed = True
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)
        if threading.current_thread() is not self._reader:
            self._reader.join()

    # -- sending

    def _check(self) -> None:
        if self._ended:
            raise self._connection_lost()

    def _send(self, message: Message) -> None:
        line = wire.encode(message)
        if len(line) > wire.LIMIT:
            raise WireError(f"The message has {len(line)} bytes; {wire.LIMIT} can be sent.", wire.INVALID_REQUEST)
        try:
            with self._sending:
                self._sock.sendall(line)
        except OSError as error:
            if threading.current_thread() is not self._reader:
                self._reader.join(_LAST_WORDS)  # it may have said why
            raise self._connection_lost() from error

    def _result(self, answer: Message | None) -> Any:
        if isinstance(answer, Answer):
            return answer.result
        if isinstance(answer, Failure):
            raise RemoteError(answer.message, answer.code, answer.data)
        raise self._connection_lost()

    def _connection_lost(self) -> ConnectionLostError:
        return ConnectionLostError(f"{self.reason} The connection to the running system has ended.".lstrip())

    # -- what comes

    def _handle(self, message: Message, handler: Handler) -> None:
        if isinstance(message, Request):
            self._send(self._asked(message, handler))
        elif isinstance(message, Notification) and message.method == "output":
            text = message.params.get("text")
            if text is None:
                text = [(str(style), str(part)) for style, part in message.params.get("fragments", ())]
            handler.output(str(message.params.get("stream", "stdout")), text)
        elif isinstance(message, Notification):
            self._idle(message.method, message.params)

    def _asked(self, question: Request, handler: Handler) -> Answer | Failure:
        """Return what HANDLER answers to QUESTION; whatever goes wrong, somebody waits for it."""
        try:
            if question.method == "input":
                return Answer(question.id, {"text": handler.input(str(question.params.get("prompt", "")))})
            if question.method == "program" and not self._trusted:
                why = "This terminal runs no programs for a server of another user."
                return Failure(question.id, wire.FAILED, why)
            if question.method == "program":
                return Answer(question.id, {"status": handler.program(str(question.params.get("text", "")))})
        except Exception as error:  # noqa: BLE001 - the terminal door: the code that asks is told
            why = str(error) or type(error).__name__
            return Failure(question.id, wire.FAILED, f"The terminal could not do it: {why}.")
        return Failure(question.id, wire.UNKNOWN_METHOD, f"A client cannot {question.method}.")

    def _leave(self, conversation: _Conversation) -> None:
        with self._lock:
            if self._conversation is not conversation:
                return
            self._conversation = None
            left = [*conversation.messages][1:]
        for message in left:  # came behind the answer
            if message is not None:
                self._unasked(message)

    def _read(self) -> None:
        """Read messages until the connection ends."""
        begun = bytearray()
        while True:
            try:
                chunk = self._sock.recv(_AT_ONCE)
            except OSError:
                chunk = b""
            if not chunk:
                break
            *lines, rest = chunk.split(b"\n")
            for line in lines:
                begun += line
                self._arrived(bytes(begun))
                begun.clear()
            begun += rest
        self._end()

    def _arrived(self, line: bytes) -> None:
        try:
            message = wire.decode(line, trusted=True)
        except WireError:
            return  # a server that speaks no sense has nothing to say that could be waited for
        # The last word of one that ends the connection at once; if it is not the last, it was about something else.
        self.reason = message.message if isinstance(message, Failure) and message.id is None else ""
        with self._lock:
            conversation = self._conversation
            if isinstance(message, Answer | Failure):
                if conversation is not None and conversation.number == message.id:
                    conversation.put(message)
                elif isinstance(message.id, int) and (waiting := self._waiting.get(message.id)) is not None:
                    waiting.put(message)
                return
            if conversation is not None:
                conversation.put(message)
                return
        self._unasked(message)

    def _unasked(self, message: Message) -> None:
        """Deal with what comes while nothing is conversed."""
        if isinstance(message, Notification):
            self._idle(message.method, message.params)
        elif isinstance(message, Request):  # a thread left behind asks, and the prompt has the terminal
            with contextlib.suppress(ConnectionLostError):
                self._send(
                    Failure(message.id, wire.FAILED, "Nobody is there to answer: the terminal is at its prompt.")
                )

    def _end(self) -> None:
        with self._lock:
            self._ended = True
            waiting = [*self._waiting.values()]
            if self._conversation is not None:
                self._conversation.put(None)
        for answers in waiting:
            answers.put(None)
        self._sock.close()
        if not self._closed:
            self._lost(self)
