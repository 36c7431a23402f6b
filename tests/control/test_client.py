"""The client of a terminal: conversations, Ctrl-C, and the end of the connection."""

import json
import os
import signal
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from scirehooks.control import Client
from scirehooks.errors import ConnectionLostError, NotAllowedHereError, RemoteError, WireError
from tests.control.support import Doing, Raw, Screen, Served, Terminal


class Scripted:
    """A client, and a server that says what the test says."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        self.server = Raw(theirs)
        self.idle: list[tuple[str, dict[str, Any]]] = []
        self.lost = threading.Event()
        self.client = Client(ours, lambda method, params: self.idle.append((method, params)), self._lose)

    def _lose(self, client: Client) -> None:
        self.lost.set()

    def say(self, **message: Any) -> None:
        """Send MESSAGE as the server."""
        self.server.send(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    """A client whose server does as it is told."""
    scripted = Scripted()
    yield scripted
    scripted.client.close()
    scripted.server.sock.close()


def test_request_gets_its_own_answer(scripted: Scripted) -> None:
    """Answers may come in another order than the questions."""
    one, other = Doing(lambda: scripted.client.request("one")), None
    first = scripted.server.line()
    other = Doing(lambda: scripted.client.request("other"))
    second = scripted.server.line()
    scripted.say(id=second["id"], result=2)
    scripted.say(id=first["id"], result=1)
    assert (one.result(), other.result()) == (1, 2)


def test_request_that_fails_raises_what_the_server_said(scripted: Scripted) -> None:
    """With its code and data, so that a terminal can tell a busy session from a missing one."""
    asking = Doing(lambda: scripted.client.request("one"))
    scripted.say(id=scripted.server.line()["id"], error={"code": -32000, "message": "Busy.", "data": {"x": 1}})
    with pytest.raises(RemoteError, match=r"Busy\.") as caught:
        asking.result()
    assert (caught.value.code, caught.value.data) == (-32000, {"x": 1})


def test_nonsense_from_the_server_is_passed_over(scripted: Scripted) -> None:
    """What cannot be understood answers nobody."""
    asking = Doing(lambda: scripted.client.request("one"))
    number = scripted.server.line()["id"]
    scripted.server.send(b"\xff\n[]\n{}\n")
    scripted.say(id=number + 100, result=0)
    scripted.say(id="x", result=0)
    scripted.say(id=None, error={"code": 1, "message": "x"})
    scripted.say(id=number, result=1)
    assert asking.result() == 1


def test_conversation_handles_what_comes_in_its_own_thread_and_in_order(scripted: Scripted) -> None:
    """Output, questions and the answer, as they were sent; a message cut in pieces is one message."""
    screen, threads = Screen("typed\n"), set()

    class Noting(Screen):
        def output(self, stream: str, content: str | list[tuple[str, str]]) -> None:
            threads.add(threading.current_thread())
            screen.output(stream, content)

        def input(self, prompt: str) -> str:
            assert screen.text() == "first"
            return screen.input(prompt)

    talking = Doing(lambda: (scripted.client.converse("eval", Noting()), threading.current_thread()))
    number = scripted.server.line()["id"]
    scripted.say(method="output", params={"stream": "stdout", "text": "first"})
    scripted.say(method="input", id="s1", params={"prompt": "? "})
    assert scripted.server.line() == {"jsonrpc": "2.0", "id": "s1", "result": {"text": "typed\n"}}
    scripted.say(method="program", id="s2", params={"text": "uptime"})
    assert scripted.server.line()["result"] == {"status": 0}
    scripted.say(method="dance", id="s3", params={})
    assert scripted.server.line()["error"]["code"] == -32601
    scripted.say(method="output", params={"stream": "result", "fragments": [["bold", "last"]]})
    answer = json.dumps({"jsonrpc": "2.0", "id": number, "result": 7}).encode() + b"\n"
    for byte in answer:
        scripted.server.send(bytes([byte]))
    result, thread = talking.result()
    assert result == 7
    assert threads == {thread}
    assert screen.shown == [("stdout", "first"), ("result", "last")]


def test_notifications_outside_a_conversation_go_to_idle(scripted: Scripted) -> None:
    """And a question is refused: whoever sits there types something else."""
    scripted.say(method="output", params={"text": "late"})
    scripted.say(method="input", id="s1", params={})
    assert "prompt" in scripted.server.line()["error"]["message"]
    assert scripted.idle == [("output", {"text": "late"})]


def test_conversation_left_by_ctrl_c_is_resumed(served: Served) -> None:
    """The terminal interrupts the evaluation, and goes on to wait for its answer: nothing is lost."""
    terminal = served.terminal()

    class Interrupting(Screen):
        def output(self, stream: str, content: str | list[tuple[str, str]]) -> None:
            super().output(stream, content)
            os.kill(os.getpid(), signal.SIGINT)

    screen = Interrupting()
    with pytest.raises(KeyboardInterrupt):
        terminal.client.converse("eval", screen, session=terminal.session, text="print('begun')\nwhile True: pass")
    assert terminal.client.request("interrupt", session=terminal.session) == {"interrupted": 1}
    assert terminal.client.resume(terminal.screen)["status"] == 130
    assert screen.text() == "begun\n"
    with pytest.raises(NotAllowedHereError, match="no conversation"):
        terminal.client.resume(terminal.screen)


def test_ctrl_c_at_a_question_does_not_ask_it_again(served: Served) -> None:
    """The evaluation that asked is interrupted, and its answer comes."""
    terminal = served.terminal()

    class Leaving(Screen):
        def input(self, prompt: str) -> str:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        terminal.client.converse("eval", Leaving(), session=terminal.session, text="input()")
    terminal.client.request("interrupt", session=terminal.session)
    assert terminal.client.resume(Screen("never"))["status"] == 130


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(7, "Argument list too long"), "The terminal could not do it: [Errno 7] Argument list too long."),
        (ValueError("embedded null byte"), "The terminal could not do it: embedded null byte."),
        (RuntimeError(), "The terminal could not do it: RuntimeError."),
    ],
)
def test_terminal_that_fails_at_a_question_says_so(scripted: Scripted, error: Exception, said: str) -> None:
    """The code that asks waits for an answer of whatever kind, and the conversation goes on."""

    class Failing(Screen):
        def input(self, prompt: str) -> str:
            raise error

    talking = Doing(lambda: scripted.client.converse("eval", Failing()))
    number = scripted.server.line()["id"]
    scripted.say(method="input", id="s1", params={})
    assert scripted.server.line()["error"]["message"] == said
    scripted.say(id=number, result=7)
    assert talking.result() == 7


def test_begin_of_what_cannot_be_sent_leaves_nothing_to_resume(scripted: Scripted) -> None:
    """Who begins knows whether it was sent, so that he can tell; what comes of it is for `resume`."""
    scripted.client.begin("eval")
    scripted.say(id=scripted.server.line()["id"], result=7)
    assert scripted.client.resume(Screen()) == 7
    scripted.server.sock.close()
    assert scripted.lost.wait(10)
    with pytest.raises(ConnectionLostError):
        scripted.client.begin("eval")
    with pytest.raises(NotAllowedHereError):
        scripted.client.resume(Screen())


def test_reason_of_a_refusal_is_told(scripted: Scripted) -> None:
    """A server that ends the connection at once says why to no question of ours; what it said before counts no more."""
    scripted.say(id=None, error={"code": 1, "message": "Another thing."})
    asking = Doing(lambda: scripted.client.request("one"))
    scripted.say(id=scripted.server.line()["id"], result=1)
    assert asking.result() == 1
    assert scripted.client.reason == ""
    scripted.say(id=None, error={"code": 1, "message": "Only root may."})
    scripted.server.sock.close()
    with pytest.raises(
        ConnectionLostError, match=r"^Only root may\. The connection to the running system has ended\.$"
    ):
        scripted.client.request("two")


def test_lost_connection_ends_all_waits_and_is_told_once(served: Served) -> None:
    """A conversation under way ends by an error; nothing can be asked afterwards."""
    terminal = served.terminal()
    terminal.say("import os; reader, writer = os.pipe()")
    waiting = terminal.begin("print('begun')\nos.read(reader, 1)")
    assert terminal.screen.came.wait(10)
    for connection in [*served.server._connections]:
        served.server.call(connection.abort)
    with pytest.raises(ConnectionLostError, match="has ended"):
        waiting.result()
    assert terminal.lost.wait(10)
    served.runtime.namespace["os"].write(served.runtime.namespace["writer"], b"x")
    with pytest.raises(ConnectionLostError):
        terminal.client.request("describe")
    assert terminal.client.ended
    with pytest.raises(ConnectionLostError):
        terminal.client.converse("eval", terminal.screen, session="shell", text="1")
    with pytest.raises(ConnectionLostError):
        terminal.client.notify("alive")


def test_close_by_ourselves_is_no_loss(scripted: Scripted) -> None:
    """Whoever leaves knows it; who waits in another thread is told."""
    asking = Doing(lambda: scripted.client.request("one"))
    scripted.server.line()
    scripted.client.close()
    with pytest.raises(ConnectionLostError):
        asking.result()
    assert not scripted.lost.is_set()
    scripted.client.close()


def test_message_that_is_too_long_is_not_sent(terminal: Terminal) -> None:
    """The connection goes on."""
    with pytest.raises(WireError, match="bytes"):
        terminal.say("x" * (17 << 20))
    assert terminal.say("1")["value"] == 1
