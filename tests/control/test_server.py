"""The server and whoever connects to it, with or without manners."""

import contextlib
import gc
import json
import os
import resource
import socket
import subprocess
import sys
import threading
import time
import weakref
from pathlib import Path
from typing import Any

import pytest

from scirehooks.control import Peer
from scirehooks.control.link import Limits, Link
from scirehooks.control.wire import FAILED, INVALID_PARAMS, INVALID_REQUEST, LIMIT, PARSE
from scirehooks.errors import ScireError
from tests.control.support import PATIENCE, Doing, Raw, Screen, Served, Terminal


def connected(path: Path) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(PATIENCE)
    sock.connect(str(path))
    return sock


# -- bad frames

BAD = [
    (b"not json\n", PARSE),
    (b"\xff\xfe\n", PARSE),
    (b"\n", PARSE),
    (b"\x00\n", PARSE),
    (b'{"jsonrpc":"2.0","id":1,"method":"a\x00b"}\n', PARSE),
    (b"[" * 100_000 + b"]" * 100_000 + b"\n", PARSE),
    (b'{"a":' * 100_000 + b"\n", PARSE),
    (b'[{"jsonrpc":"2.0","id":1,"method":"describe"}]\n', INVALID_REQUEST),
    (b'"describe"\n', INVALID_REQUEST),
    (b'{"jsonrpc":"2.0","id":{},"method":"describe"}\n', INVALID_REQUEST),
    (b'{"jsonrpc":"2.0","id":1,"method":"describe","params":[]}\n', INVALID_PARAMS),
    (b'{"jsonrpc":"2.0","id":1,"method":"eval","params":{"session":1,"text":2}}\n', INVALID_PARAMS),
    (b'{"jsonrpc":"2.0","id":1,"method":"eval"}\n', INVALID_PARAMS),
]


@pytest.mark.parametrize(("frame", "code"), BAD, ids=range(len(BAD)))
def test_bad_frame_gets_an_error_and_disturbs_nobody(served: Served, frame: bytes, code: int) -> None:
    """The connection it came by goes on, and so does everybody else's."""
    other = served.terminal()
    raw = served.raw()
    raw.send(frame)
    assert raw.line()["error"]["code"] == code
    assert raw.ask("session/list")["result"]["sessions"][0]["session"] == other.session
    assert other.say("1")["value"] == 1


def test_frame_that_is_too_long_is_passed_over(served: Served) -> None:
    """More than 16 MiB without a line's end are told of once; what comes behind is read again."""
    raw = served.raw()
    sending = Doing(lambda: raw.send(b'{"jsonrpc":"2.0",' + b" " * (2 * LIMIT) + b'"id":1}\n'))
    assert raw.line()["error"]["code"] == INVALID_REQUEST
    sending.result()
    assert "result" in raw.ask("alive")


def test_frame_as_long_as_may_be_is_read(served: Served) -> None:
    """A long line of input is no error."""
    terminal = served.terminal()
    assert terminal.say("len('" + "x" * (LIMIT - 1000) + "')")["value"] == LIMIT - 1000


def test_long_frames_are_read_in_order_with_short_ones(served: Served) -> None:
    """Long lines are read elsewhere; what comes behind one waits for it."""
    raw = served.raw()
    numbers = range(6)
    lines = [
        json.dumps({"jsonrpc": "2.0", "id": number, "method": "session/list", "x": " " * (number % 2 * 200_000)})
        for number in numbers
    ]
    raw.send("".join(line + "\n" for line in lines).encode())
    assert [raw.line()["id"] for _ in numbers] == [*numbers]


def test_frame_cut_off_by_the_end_is_forgotten(served: Served) -> None:
    """Half a request is none."""
    raw = served.raw()
    raw.send(b'{"jsonrpc":"2.0","id":1,"method":"session/op')
    raw.sock.shutdown(socket.SHUT_WR)
    assert raw.line() is None
    assert served.service.sessions.all() == []


def test_answers_to_what_was_never_asked_are_of_no_account(served: Served) -> None:
    """A client cannot answer for another one, nor twice."""
    raw = served.raw()
    raw.send(b'{"jsonrpc":"2.0","id":"s1","result":{}}\n{"jsonrpc":"2.0","id":7,"error":{"code":1,"message":"x"}}\n')
    assert "result" in raw.ask("alive")


def test_notification_gets_no_answer(served: Served) -> None:
    """Not even if there is no such operation."""
    raw = served.raw()
    raw.send(b'{"jsonrpc":"2.0","method":"nonsense"}\n{"jsonrpc":"2.0","method":"alive"}\n')
    assert raw.ask("session/list")["id"] == "session/list"


@pytest.mark.parametrize("limits", [Limits(pending=3)])
def test_requests_without_end_are_refused(served: Served) -> None:
    """Who asks and never waits is told; what he has asked is answered."""
    raw = served.raw()
    go = served.runtime.namespace["go"] = threading.Event()
    batch = {"jsonrpc": "2.0", "method": "batch", "params": {"lines": ["came = go.wait(20)"]}}
    raw.send(b"".join(json.dumps({**batch, "id": number}).encode() + b"\n" for number in range(10)))
    refused = [raw.line() for _ in range(7)]
    assert {each["id"]: each["error"]["code"] for each in refused} == dict.fromkeys(range(3, 10), FAILED)
    go.set()
    answers = {line["id"]: line["result"]["status"] for line in [raw.line() for _ in range(3)]}
    assert answers == dict.fromkeys(range(3), 0)
    assert "result" in raw.ask("alive")


# -- many


def test_two_hundred_connections_at_once_are_served(served: Served) -> None:
    """Each gets a session of its own, evaluates, and leaves nothing behind."""
    path = served.listen()
    before = threading.active_count()

    def one(number: int) -> int:
        terminal = Terminal(connected(path))
        try:
            return int(terminal.say(f"{number} * 2")["value"])
        finally:
            terminal.client.close()

    doing = [Doing(lambda number=number: one(number)) for number in range(200)]  # type: ignore[misc]
    assert [each.result() for each in doing] == [number * 2 for number in range(200)]
    served.settled()
    while threading.active_count() > before + 8:  # the pool's own stay
        time.sleep(0.01)
    assert not served.server._connections


# -- slow readers

FLOOD = "while True: print('x' * 1000)"  # in a batch: an interactive session has a quota


def memory() -> int:
    """Bytes of this process that are in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


@pytest.mark.parametrize("limits", [Limits(wait=1 << 20, drop=2 << 20, stall=0.5)])
def test_client_that_never_reads_is_dropped(served: Served) -> None:
    """Its memory is bounded, others work meanwhile, and after a while it has to go; its evaluation ends."""
    raw, other = served.raw(), served.terminal()
    before = memory()
    text = f"print('begun')\n{FLOOD}"
    raw.begin("batch", lines=[text])
    while len(served.service.sessions.all()) > 1:
        assert other.say("1")["value"] == 1
        assert memory() - before < 64 << 20
    assert other.say("who")["value"][0]["session"] == other.session


@pytest.mark.parametrize("limits", [Limits(wait=1 << 20, drop=2 << 20, stall=0.4)])
def test_client_that_says_it_is_alive_is_kept(served: Served) -> None:
    """Somebody looks at a page for a long time: the evaluation waits, and nothing is lost."""
    raw = served.raw()
    text = "for number in range(5000): print(str(number) * 200)"
    raw.begin("batch", lines=[text])
    first = raw.line()["params"]
    (attached,) = served.service.sessions.all()
    until = time.monotonic() + 1.2
    while time.monotonic() < until:
        raw.send(b'{"jsonrpc":"2.0","method":"alive"}\n')
        served.changed(0.1)
    assert attached.link.full
    text = first["text"]
    while (line := raw.line()).get("id") != "batch":
        text += line["params"].get("text", "")
    assert text.splitlines() == [str(number) * 200 for number in range(5000)]


@pytest.mark.parametrize("limits", [Limits(most=1 << 20, stall=60)])
def test_client_that_asks_on_without_reading_is_dropped(served: Served) -> None:
    """It is alive, so the time for reading does not end; the answers kept for it are bounded all the same."""
    raw, other = served.raw(), served.terminal()
    question = b'{"jsonrpc":"2.0","id":1,"method":"session/list"}\n' * 1000
    with contextlib.suppress(ConnectionError):
        while True:
            raw.send(question)
    assert other.say("1")["value"] == 1


def test_client_that_has_gone_is_forgotten(served: Served) -> None:
    """Output that came fast has been held up many times; nothing goes on looking whether it is read."""
    sock = served.pair()
    known = weakref.ref(next(iter(served.server._connections)))
    held_up = threading.Event()

    def hold_up() -> None:
        connection = known()
        assert connection
        for _ in range(3):
            connection.pause_writing()
            connection.resume_writing()
        connection.pause_writing()
        held_up.set()

    served.server.call(hold_up)
    assert held_up.wait(PATIENCE)
    sock.close()
    until = time.monotonic() + 5
    while known() is not None and time.monotonic() < until:
        gc.collect()
        time.sleep(0.01)
    assert known() is None


def test_close_ends_when_what_cleans_up_behind_a_client_fails(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """No thread can be started any more, say: the server waits for connections to end, not for that."""
    served.terminal()

    def fail(link: Link) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(served.service, "lost", fail)
    served.server.close()
    assert not served.server._connections


@pytest.mark.parametrize("limits", [Limits(wait=1 << 18, drop=1 << 19, stall=60)])
def test_evaluation_that_waits_for_a_slow_reader_can_be_interrupted(served: Served) -> None:
    """It waits in our own code, where an interrupt reaches it."""
    raw, other = served.raw(), served.terminal()
    raw.begin("batch", lines=[FLOOD])
    attached = served.service.sessions.find(raw.line()["params"]["session"])
    while not attached.link.full:
        served.changed(0.01)
    assert other.client.request("interrupt", session=attached.key) == {"interrupted": 1}
    while attached.busy:
        served.changed(1.0)
    while (line := raw.line()).get("id") != "batch":
        pass
    assert line["result"]["status"] == 130


@pytest.mark.parametrize("limits", [Limits(wait=1 << 18, drop=1 << 19, stall=60)])
def test_output_of_threads_beyond_the_limit_is_left_out_with_a_note(served: Served) -> None:
    """A thread must not be held up by a terminal; each gap is told of once, and what comes later is shown."""
    raw = served.raw()
    text = (
        "import threading\n"
        "def flood():\n    for _ in range(3000): print('x' * 1000)\n"
        "thread = threading.Thread(target=flood); thread.start(); thread.join()"
    )
    raw.begin("batch", lines=[text])
    lines = []
    while (line := raw.line()).get("id") != "batch":
        lines.append(line["params"])
    notes = [each for each in lines if each["stream"] == "stderr"]
    assert 1 <= len(notes) < 50
    assert "left out" in notes[0]["text"]
    assert sum(each.get("text", "").count("x") for each in lines) < 3_000_000
    assert raw.ask("batch", lines=["print('y')"])["result"]["status"] == 0


# -- who may, and the end


def test_listen_refuses_whom_the_check_refuses(served: Served) -> None:
    """He is told why, in a message of the protocol."""

    def check(sock: socket.socket) -> Peer:
        raise ScireError("Only root may.")

    raw = Raw(connected(served.listen(check)))
    assert raw.line()["error"]["message"] == "Only root may."
    assert raw.line() is None
    raw.sock.close()


def test_close_tells_everybody_and_ends_what_is_under_way(served: Served) -> None:
    """The reason comes before the end; an evaluation is interrupted; nobody hangs."""
    terminal = served.terminal()
    waiting = terminal.begin("print('begun')\nwhile True: pass")
    assert terminal.screen.came.wait(10)
    served.server.close(reason="The machine is restarted.")
    with contextlib.suppress(Exception):
        waiting.result()
    assert terminal.lost.wait(10)
    assert ("closing", {"reason": "The machine is restarted."}) in terminal.idle
    served.server.close()  # once more does nothing


def test_close_that_is_interrupted_ends_everything(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C ends the wait and not the closing: no thread is left, and the streams are those of the process again."""
    drains: list[float] = []
    end = served.service.end

    def interrupted(drain: float) -> None:
        drains.append(drain)
        if len(drains) == 1:
            raise KeyboardInterrupt
        end(drain)

    monkeypatch.setattr(served.service, "end", interrupted)
    terminal = served.terminal()
    given_back = threading.Event()
    served.server._resources.callback(given_back.set)
    with pytest.raises(KeyboardInterrupt):
        served.server.close(drain=60)
    assert drains == [60, 0.0]
    assert terminal.lost.wait(PATIENCE)
    assert not served.server._thread.is_alive()
    assert given_back.is_set()


def test_close_in_which_a_step_fails_does_the_others(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error is told when all has ended."""

    def fail(drain: float) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(served.service, "end", fail)
    with pytest.raises(RuntimeError, match="new thread"):
        served.server.close()
    assert not served.server._thread.is_alive()


HANGING = """
import socket, threading
from scirehooks.control import Client, Server, Service
from scirehooks.hooks import Runtime
from scirehooks.shell import Host, furnish
from scirehooks.values import Values

begun = threading.Event()
Host.complete = lambda self, text: (begun.set(), threading.Event().wait())  # as code of the user's may
runtime, values = Runtime("shop"), Values()
server = Server(Service(runtime, values, furnish(runtime, values), title="", status=lambda: "")).start()
ours, theirs = socket.socketpair()
server.attach(theirs)
client = Client(ours, lambda method, params: None, lambda client: None)
session = client.request("session/open")["session"]
threading.Thread(target=client.request, args=["complete"], kwargs={"session": session, "text": ""}, daemon=True).start()
begun.wait()
threading.excepthook = lambda args: None  # of the thread that asks
server.close()
print("closed")
"""


def test_process_ends_though_a_completion_does_not(checkout: Path) -> None:
    """Nobody waits for the threads of the server at the end."""
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    done = subprocess.run(
        [sys.executable, "-c", HANGING], env=environment, capture_output=True, text=True, check=False, timeout=PATIENCE
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "closed\n", "")


def test_close_waits_for_what_is_under_way_as_long_as_it_may(served: Served) -> None:
    """An evaluation that ends in time has its answer."""
    terminal = served.terminal()
    waiting = terminal.begin("print('begun')\nimport time\ntime.sleep(0.3)\n'done'")
    assert terminal.screen.came.wait(10)
    served.server.close(drain=20)
    assert waiting.result()["value"] == "done"


def test_attach_of_a_dead_socket_does_no_harm(served: Served) -> None:
    """The other end may have gone before it is served."""
    ours, theirs = socket.socketpair()
    ours.close()
    served.server.attach(theirs)
    assert served.terminal().say("1")["value"] == 1


def test_connection_is_served_while_files_run_out(served: Served) -> None:
    """When no descriptor is left, who is there already goes on; afterwards others come in again."""
    path = served.listen()
    terminal = served.terminal()
    terminal.say("1")  # all that is needed for evaluating is there
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with socket.socket(socket.AF_UNIX) as late:
        late.settimeout(PATIENCE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (len(os.listdir("/proc/self/fd")) - 1, hard))
        try:
            late.connect(str(path))
            assert terminal.say("2")["value"] == 2
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        assert "result" in Raw(late).ask("alive")


@pytest.mark.full
@pytest.mark.parametrize("busy", ["while True: pass", "while True: sorted(range(1000))"])
def test_heartbeat_beside_a_busy_loop_is_steady(served: Served, busy: str) -> None:
    """The 99th percentile of a cheap operation is under 50 ms while Python code runs in a session."""
    times = heartbeats(served, busy, 1000)
    assert times[int(len(times) * 0.99)] < 0.050


def test_heartbeat_beside_a_busy_loop_is_answered(served: Served) -> None:
    """Python code of one session keeps nobody from being answered."""
    assert len(heartbeats(served, "while True: pass", 20)) == 20


def heartbeats(served: Served, busy: str, beats: int) -> list[float]:
    """The sorted times of BEATS cheap operations while BUSY runs in another session."""
    terminal, raw = served.terminal(), served.raw()
    waiting = terminal.begin(f"print('begun')\n{busy}")
    assert terminal.screen.came.wait(10)
    times: list[float] = []
    for _ in range(beats):
        begun = time.perf_counter()
        raw.ask("session/list")
        times.append(time.perf_counter() - begun)
        time.sleep(0.002)  # every few milliseconds, as a watchdog would
    terminal.client.request("interrupt")
    assert waiting.result()["status"] == 130
    return sorted(times)


def test_screen_is_shown_what_comes(served: Served) -> None:
    """A conversation may be held without a session's terminal: it is any handler."""
    terminal, screen = served.terminal(), Screen()
    answer: Any = terminal.client.converse("eval", screen, session=terminal.session, text="print(1)")
    assert (answer["status"], screen.text()) == (0, "1\n")
