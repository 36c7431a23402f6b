"""What a shell knows of the system at the other end, and what it does when that goes."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from scirehooks.control import Peer, Server, Service
from scirehooks.control.client import Client
from scirehooks.errors import ConnectionLostError, ScireError
from scirehooks.hooks import Runtime
from scirehooks.shell import furnish
from scirehooks.terminal.answer import Answer
from scirehooks.terminal.link import Link
from scirehooks.terminal.reader import LineReader
from scirehooks.terminal.screen import Screen
from scirehooks.values import Values

PATIENCE = 20.0


class Shown(Screen):
    """A terminal that keeps what is written on it."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        self.left = threading.Event()

    def write(self, text: str, stream: str = "stdout") -> None:
        """Keep TEXT."""
        self.text += text

    def leave(self, reason: BaseException) -> None:
        """Note that somebody who types is to leave."""
        self.left.set()
        super().leave(reason)


class Shop:
    """A server, and shells on it."""

    def __init__(self) -> None:
        self.runtime, values = Runtime("shop"), Values()
        service = Service(self.runtime, values, furnish(self.runtime, values), title="shop", status=lambda: "open")
        self.server = Server(service).start()
        self.screen = Shown()
        self.links: list[Link] = []

    def connect(self) -> socket.socket:
        """Return a connection."""
        ours, theirs = socket.socketpair()
        self.server.attach(theirs)
        return ours

    def link(self, reconnect: Callable[[], socket.socket] | None = None, kind: type[Link] = Link) -> Link:
        """Open a shell."""
        self.links.append(kind(self.connect(), self.screen, reconnect))
        return self.links[-1]


@pytest.fixture
def shop() -> Iterator[Shop]:
    """A system that is served."""
    shop = Shop()
    yield shop
    for link in shop.links:
        link.close()
    shop.server.close()
    shop.runtime.close()


def test_connection_that_ends_at_once_is_an_error_for_who_opens_it() -> None:
    """And for nobody else: the thread that reads may see the end before there is anything to tell it to."""
    for _ in range(100):
        ours, theirs = socket.socketpair()
        theirs.close()
        with pytest.raises(ConnectionLostError):
            Link(ours, Shown())


def test_refusal_tells_its_reason(shop: Shop, tmp_path: Path) -> None:
    """Whoever may not attach reads why, not only that there is no connection."""

    def check(sock: socket.socket) -> Peer:
        raise ScireError("Only root may.")

    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "sock"))
    listener.listen()
    shop.server.listen(listener, check)
    for _ in range(20):
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(str(tmp_path / "sock"))
        with pytest.raises(ConnectionLostError, match=r"^Only root may\."):
            Link(sock, shop.screen)


def test_directory_that_is_gone_keeps_nobody_out(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither at the beginning nor when the shell connects again."""
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert shop.link().connected


def test_line_is_evaluated_without_its_value(shop: Shop) -> None:
    """What the shell shows is the text; JSON of a large value would take long, and be thrown away."""
    link = shop.link()
    client = link.evaluate("6 * 7")
    result = client.resume(Answer(link, shop.screen, "", lambda prompt: ""))
    assert (result["text"], result["value"]) == ([["", "42\n"]], None)


def test_shell_without_another_connection_ends_at_its_next_prompt(shop: Shop) -> None:
    """Also if nobody was at the prompt when it was lost; a line that is typed all the same is said not to be sent."""
    link = shop.link()
    shop.server.close()
    assert shop.screen.left.wait(PATIENCE)
    assert not link.connected
    said = r"^The system ends\. The system that this shell belongs to has ended\.$"
    with pytest.raises(ConnectionLostError, match=said):
        link.before_prompt()
    assert link.ready()
    assert Answer(link, shop.screen, "1 + 1", lambda prompt: "").wait().status == 1
    assert shop.screen.text == "There was no connection: this was not sent: 1 + 1\n"


def test_shell_that_is_over_before_the_prompt_begins_ends(shop: Shop) -> None:
    """The end may come when nobody types yet and nobody evaluates any more: the prompt that follows sees it."""
    link = shop.link()
    with create_pipe_input() as keys:
        devices = {"input": keys, "output": DummyOutput()}
        shop.screen.devices = lambda: devices  # type: ignore[method-assign]  # those of a terminal are not here
        reader = LineReader(shop.screen, link, None)
        shop.server.close()
        assert shop.screen.left.wait(PATIENCE)
        keys.send_text("\r")  # so that it ends in any case
        with pytest.raises(ConnectionLostError, match="has ended"):
            reader.read()


class Meeting(Link):
    """A shell in which two threads that look at the connection at the same time see the same, unless one waits."""

    met = threading.Barrier(2)
    meeting = False

    @property
    def _client(self) -> Client | None:
        found = self._found
        if self.meeting:
            with suppress(threading.BrokenBarrierError):
                self.met.wait(0.5)
        return found

    @_client.setter
    def _client(self, client: Client | None) -> None:
        self._found = client


def test_connection_is_lost_once(shop: Shop) -> None:
    """Whoever opens it and whoever reads it may both see that it has ended: one of them looks for another."""
    calls, go = list[None](), threading.Event()

    def reconnect() -> socket.socket:
        calls.append(None)
        go.wait(PATIENCE)
        raise OSError

    link = shop.link(reconnect, Meeting)
    assert isinstance(link, Meeting)
    client = link._client
    assert client
    link.meeting = True
    losing = [threading.Thread(target=link._lost, args=[client]) for _ in range(2)]
    for thread in losing:
        thread.start()
    for thread in losing:
        thread.join(PATIENCE)
    link.meeting = False
    assert [thread.name for thread in threading.enumerate()].count("reconnecting") == 1
    assert shop.screen.text.count("The connection is lost.") == 1
    link.close()
    go.set()
    client.close()
