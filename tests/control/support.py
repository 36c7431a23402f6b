"""What stands at the other end of a connection in these tests, and what is served to it."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scirehooks.control import Client, Peer, Server, Service
from scirehooks.control.link import Limits
from scirehooks.hooks import Runtime

PATIENCE = 60.0  # seconds after which nothing comes any more


class Screen:
    """A terminal's end of a conversation: keeps what is shown, answers questions from INPUTS."""

    def __init__(self, *inputs: str) -> None:
        self.inputs = [*inputs]
        self.shown: list[tuple[str, str]] = []
        self.programs: list[str] = []
        self.came = threading.Event()

    def output(self, stream: str, content: str | list[tuple[str, str]]) -> None:
        """Keep CONTENT."""
        text = content if isinstance(content, str) else "".join(part for _, part in content)
        self.shown.append((stream, text))
        self.came.set()

    def input(self, prompt: str) -> str:
        """Give the next input."""
        return self.inputs.pop(0) if self.inputs else ""

    def program(self, text: str) -> int:
        """Note TEXT."""
        self.programs.append(text)
        return 0

    def text(self, stream: str = "stdout") -> str:
        """All that came on STREAM."""
        return "".join(text for which, text in self.shown if which == stream)


class Terminal:
    """A client with a session of its own."""

    def __init__(self, sock: socket.socket) -> None:
        self.lost = threading.Event()
        self.idle: list[tuple[str, dict[str, Any]]] = []
        self.idled = threading.Event()
        self.client = Client(sock, self._idle, lambda _client: self.lost.set())
        self.screen = Screen()
        self.opened = self.client.converse("session/open", self.screen, interactive=True)
        self.session = self.opened["session"]

    def _idle(self, method: str, params: dict[str, Any]) -> None:
        self.idle.append((method, params))
        self.idled.set()

    def say(self, text: str, **more: Any) -> Any:
        """Evaluate TEXT and return the result."""
        return self.client.converse("eval", self.screen, session=self.session, text=text, **more)

    def ask(self, method: str, **params: Any) -> Any:
        """Ask for METHOD of this session."""
        return self.client.request(method, session=self.session, **params)

    def answer(self, text: str) -> str:
        """Evaluate TEXT and return its answer as plain text."""
        return "".join(part for _, part in self.say(text)["text"])

    def begin(self, text: str) -> Doing:
        """Evaluate TEXT in a thread; `screen.came` then tells that something of it is shown."""
        self.screen.came.clear()
        return Doing(lambda: self.say(text))


class Doing:
    """Something that runs in a thread, and its result."""

    def __init__(self, call: Callable[[], Any]) -> None:
        self._call = call
        self._result: Any = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._result = self._call()
        except BaseException as error:  # noqa: BLE001 - raised again by who asks for the result
            self._error = error

    def result(self) -> Any:
        """Wait for it."""
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive(), "it has not ended"
        if self._error is not None:
            raise self._error
        return self._result


class Raw:
    """A client that says what it likes, byte by byte."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        sock.settimeout(PATIENCE)
        self._begun = b""

    def send(self, data: bytes) -> None:
        """Send DATA as it is."""
        self.sock.sendall(data)

    def line(self) -> Any:
        """The next message; None at the end."""
        while b"\n" not in self._begun:
            try:
                data = self.sock.recv(1 << 16)
            except ConnectionError:
                return None
            if not data:
                return None
            self._begun += data
        line, self._begun = self._begun.split(b"\n", 1)
        return json.loads(line)

    def begin(self, method: str, **params: Any) -> None:
        """Ask for METHOD; the answer has its name as id."""
        message = {"jsonrpc": "2.0", "id": method, "method": method, "params": params}
        self.send(json.dumps(message).encode() + b"\n")

    def ask(self, method: str, **params: Any) -> Any:
        """Ask for METHOD and return the whole answer."""
        self.begin(method, **params)
        while (line := self.line()) is not None and line.get("id") != method:
            pass
        return line


class Served:
    """A server, the runtime it serves, and ways to reach it."""

    def __init__(self, runtime: Runtime, service: Service, limits: Limits, path: Path) -> None:
        self.runtime = runtime
        self.service = service
        self.path = path
        self.server = Server(service, limits=limits).start()
        self._socks: list[socket.socket] = []

    def pair(self) -> socket.socket:
        """One end of a socket pair, whose other end is served."""
        ours, theirs = socket.socketpair()
        self.server.attach(theirs)
        self._socks.append(ours)
        return ours

    def terminal(self) -> Terminal:
        """A client with a session."""
        return Terminal(self.pair())

    def raw(self) -> Raw:
        """A client without manners."""
        return Raw(self.pair())

    def listen(self, check: Callable[[socket.socket], Peer] = lambda _: Peer.own()) -> Path:
        """Serve at a Unix socket."""
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(self.path))
        listener.listen(256)
        self.server.listen(listener, check)
        return self.path

    def changed(self, seconds: float = 1.0) -> None:
        """Return when a session becomes idle or is gone, at most after SECONDS."""
        changed = self.service.sessions._changed
        with changed:
            changed.wait(seconds)

    def settled(self) -> None:
        """Return when no session is left."""
        while self.service.sessions.all():
            self.changed()

    def close(self) -> None:
        """End the server."""
        self.server.close()
        for sock in self._socks:
            sock.close()
