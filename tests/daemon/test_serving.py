"""A runtime of any program, served at a socket from threads of its own."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

import scirehooks
from scirehooks.daemon import Serving, connect, serve
from scirehooks.errors import ControlSocketError, NobodyAnswersError
from scirehooks.hooks import Runtime


def attach(path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command, attached to PATH."""
    command = [sys.executable, "-m", "scirehooks", "attach", str(path), *arguments]
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)


def ask(path: Path) -> None:
    """Be served at PATH, once."""
    with connect(path) as client, client.makefile("r") as said:
        client.settimeout(20)
        client.sendall(b'{"jsonrpc": "2.0", "id": 1, "method": "session/list", "params": {}}\n')
        assert "result" in json.loads(said.readline())


@pytest.fixture
def shop() -> Runtime:
    """A runtime that knows nothing of fleets."""
    runtime = Runtime("shop")

    @runtime.defhook
    def post_order_hook(item: str) -> None:
        """Fires after ITEM has been ordered."""

    return runtime


def test_serve_lets_a_shell_into_any_program(shop: Runtime, tmp_path: Path) -> None:
    """Whoever attaches sees and changes the live runtime; what is fired here calls what was typed there."""
    path = tmp_path / "shop" / "control.sock"
    orders: list[str] = []
    shop.namespace["orders"] = orders
    with serve(shop, path, title="the shop"):
        lines = ("def note(item): orders.append(item)", "add-hook post-order-hook note")
        done = attach(path, "--json", "-c", lines[0], "-c", lines[1])
        assert (done.returncode, done.stdout) == (0, "null\n")
        shop.run_hook_with_args("post-order-hook", "coffee")
        assert attach(path, "-c", "orders").stdout == "['coffee']\n"
        assert json.loads((path.parent / "audit.log").read_text().splitlines()[-1])["text"] == "orders"
    assert not path.exists()
    assert attach(path, "-c", "1").returncode == 4


def test_serve_is_a_public_name_and_close_ends_its_threads(shop: Runtime, tmp_path: Path) -> None:
    """Closing twice is closing once, and nothing of it goes on."""
    before = set(threading.enumerate())
    serving = scirehooks.serve(shop, tmp_path / "own" / "control.sock")
    assert isinstance(serving, Serving)
    ask(serving.path)
    serving.close()
    serving.close()
    for thread in set(threading.enumerate()) - before:
        thread.join(10)
    assert set(threading.enumerate()) <= before
    with pytest.raises(NobodyAnswersError):
        connect(serving.path)


def test_serve_tells_who_is_attached_when_it_closes(shop: Runtime, tmp_path: Path) -> None:
    """The reason comes before the end of the connection."""
    serving = serve(shop, tmp_path / "own" / "control.sock")
    with connect(serving.path) as client:
        client.settimeout(20)
        client.sendall(b'{"jsonrpc": "2.0", "id": 1, "method": "session/list", "params": {}}\n')
        with client.makefile("r") as said:
            assert "result" in json.loads(said.readline())
            serving.close(reason="The shop closes.")
            messages: list[Any] = [json.loads(line) for line in said]
    assert messages[-1]["method"] == "closing"
    assert messages[-1]["params"]["reason"] == "The shop closes."


def test_serve_waits_once_for_what_is_under_way(shop: Runtime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What did not end in its time gets no second one."""
    serving = serve(shop, tmp_path / "own" / "control.sock")
    drains: list[float] = []
    monkeypatch.setattr(serving._service, "end", drains.append)
    serving.close(drain=5)
    assert drains == [5]


def test_serve_that_cannot_remove_its_file_ends_all_the_same(
    shop: Runtime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The log tells of it."""
    serving = serve(shop, tmp_path / "own" / "control.sock")

    def fail() -> None:
        raise PermissionError(1, "not permitted")

    monkeypatch.setattr(serving._listening, "remove", fail)
    serving.close()
    assert f"closing {serving.path}: [Errno 1] not permitted" in caplog.text
    with pytest.raises(NobodyAnswersError):
        connect(serving.path)


def test_serve_at_a_place_that_is_taken_leaves_nothing_behind(shop: Runtime, tmp_path: Path) -> None:
    """No thread, no descriptor: the first server goes on, the second one was never there."""
    path = tmp_path / "control.sock"
    with serve(shop, path):
        before = threading.active_count()
        with pytest.raises(ControlSocketError):
            serve(Runtime("other"), path)
        assert threading.active_count() == before
        ask(path)


def test_serve_of_two_runtimes_keeps_them_apart(shop: Runtime, tmp_path: Path) -> None:
    """Each socket leads to its own runtime, also while both are used at once."""
    other = Runtime("other")
    with serve(shop, tmp_path / "a" / "control.sock") as one, serve(other, tmp_path / "b" / "control.sock") as two:
        assert attach(one.path, "-c", "x = 'shop'").returncode == 0
        assert attach(two.path, "-c", "'x' in runtime.namespace").stdout == "False\n"
        assert attach(one.path, "-c", "x").stdout == "'shop'\n"


def test_beat_is_called_by_the_loop_that_serves(shop: Runtime, tmp_path: Path) -> None:
    """A heartbeat that comes from there shows that connections are served."""
    called: list[str] = []
    done = threading.Event()

    def beat() -> None:
        called.append(threading.current_thread().name)
        done.set()

    with serve(shop, tmp_path / "own" / "control.sock") as serving:
        serving.beat(beat)
        assert done.wait(10)
    assert called == ["control loop"]


def test_long_path_is_attached_to(shop: Runtime, tmp_path: Path) -> None:
    """The command finds a socket whose path is longer than the kernel takes."""
    path = tmp_path / ("d" * 120) / "control.sock"
    assert len(str(path)) > 107
    with serve(shop, path), socket.socket(socket.AF_UNIX) as plain:
        with pytest.raises(OSError, match="too long"):
            plain.connect(str(path))
        assert attach(path, "-c", "1 + 1").stdout == "2\n"


CLOSING = """
import json, logging, os, shutil, sys, tempfile, threading
from scirehooks.daemon import connect, serve
from scirehooks.hooks import Runtime

if os.geteuid() == 0:  # whom no mode hinders
    os.setgid(65534)
    os.setuid(65534)
said = []
handler = logging.Handler()
handler.emit = lambda record: said.append(record.getMessage())
logging.getLogger("scirehooks").addHandler(handler)
directory = tempfile.mkdtemp()
before = os.listdir("/proc/self/fd"), threading.active_count()
serving = serve(Runtime("shop"), f"{directory}/control.sock")
client = connect(serving.path)
client.sendall(b'{"jsonrpc": "2.0", "id": 1, "method": "session/list", "params": {}}\\n')
heard = client.makefile()
heard.readline()
os.chmod(directory, 0o500)
serving.close()
method = json.loads(heard.readline())["method"]
heard.close(), client.close()
same = (os.listdir("/proc/self/fd"), threading.active_count()) == before
os.chmod(directory, 0o700)
shutil.rmtree(directory)
print(json.dumps([said, method, same]))
"""


def test_close_goes_on_where_a_file_cannot_be_removed() -> None:
    """It is logged; whoever is attached is told, and no thread and no descriptor is left."""
    done = subprocess.run([sys.executable, "-c", CLOSING], capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    logged, method, same = json.loads(done.stdout)
    assert len(logged) == 1
    assert logged[0].startswith("closing /tmp/")
    assert "Permission denied" in logged[0]
    assert (method, same) == ("closing", True)
