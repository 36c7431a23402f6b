"""Who is let in: the user of the server and root, as the kernel says."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from scirehooks.daemon.peer import admitted, peer_of
from scirehooks.errors import PeerRefusedError

CONNECT = """
import os, socket, sys
os.setgroups([]); os.setgid(65534); os.setuid(65534)
with socket.socket(socket.AF_UNIX) as client:
    client.connect(sys.argv[1])
    client.recv(1)
"""


@pytest.fixture
def listener() -> Iterator[tuple[socket.socket, Path]]:
    """A socket that anybody can reach, as it would be after somebody's mistaken chmod."""
    with tempfile.TemporaryDirectory() as directory, socket.socket(socket.AF_UNIX) as made:
        path = Path(directory) / "open.sock"
        made.bind(str(path))
        path.chmod(0o666)
        Path(directory).chmod(0o711)
        made.listen()
        made.settimeout(20)
        yield made, path


def test_peer_of_names_the_process_at_the_other_end(listener: tuple[socket.socket, Path]) -> None:
    """The kernel's word: uid, pid, user, and who logged in."""
    made, path = listener
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        with made.accept()[0] as server:
            peer = admitted(server)
    assert (peer.uid, peer.pid) == (os.geteuid(), os.getpid())
    try:
        login = int(Path("/proc/self/loginuid").read_text())
    except FileNotFoundError:
        login = 0xFFFFFFFF  # not every kernel keeps it
    assert peer.loginuid == (None if login == 0xFFFFFFFF else login)


def test_admitted_refuses_another_user(listener: tuple[socket.socket, Path], as_root: None) -> None:
    """A process of another uid is refused, and named."""
    made, path = listener
    with subprocess.Popen([sys.executable, "-c", CONNECT, str(path)]) as child:
        with made.accept()[0] as server, pytest.raises(PeerRefusedError, match=f"uid 65534, process {child.pid}"):
            admitted(server)
        assert child.wait(20) == 0


def test_admitted_lets_root_in_to_a_server_of_anybody(monkeypatch: pytest.MonkeyPatch, as_root: None) -> None:
    """An administrator may look after the servers of his users."""
    one, other = socket.socketpair()
    monkeypatch.setattr(os, "geteuid", lambda: 65534)
    with one, other:
        assert admitted(one).uid == 0


def test_peer_of_a_process_that_has_ended_is_still_told(listener: tuple[socket.socket, Path]) -> None:
    """What the kernel noted stays; only who logged in cannot be looked up any more."""
    made, path = listener
    code = "import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])"
    child = subprocess.Popen([sys.executable, "-c", code, str(path)])
    with made.accept()[0] as server:
        assert child.wait(20) == 0
        peer = peer_of(server)
    assert (peer.pid, peer.loginuid) == (child.pid, None)
