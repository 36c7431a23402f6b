"""The control socket in the file system: what is refused, what is replaced, what is left behind."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from scirehooks.daemon.socket import ControlSocket, connect
from scirehooks.errors import ControlSocketError, NobodyAnswersError


def stale(path: Path) -> None:
    """Leave a socket at PATH as a process does that was killed."""
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))
        made.listen()


def test_control_socket_is_made_private_in_a_private_directory(tmp_path: Path) -> None:
    """The directory is made with 0700, the socket with 0600; both ends can talk."""
    path = tmp_path / "own" / "control.sock"
    before = os.umask(0o022)
    try:
        made = ControlSocket(path)
        assert os.umask(0o022) == 0o022  # as it was
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with connect(path) as client, made.socket.accept()[0] as server:
        client.sendall(b"hello")
        assert server.recv(10) == b"hello"
    made.close()
    assert not path.exists()


def test_control_socket_of_a_long_path_is_made_and_found(tmp_path: Path) -> None:
    """The kernel takes 107 bytes; we take any path."""
    path = tmp_path / ("d" * 100) / ("e" * 100) / "control.sock"
    path.parent.parent.mkdir()
    made = ControlSocket(path)
    connect(path).close()
    made.close()
    with pytest.raises(NobodyAnswersError, match="there is none"):
        connect(path)


@pytest.mark.parametrize("mode", [0o770, 0o702, 0o1777, 0o755, 0o710])
def test_control_socket_in_a_directory_others_can_enter_is_refused(tmp_path: Path, mode: int) -> None:
    """Whoever can write there can put a socket of his own in the place of ours; the message says what mends it."""
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(mode)
    with pytest.raises(ControlSocketError, match=f"Type: chmod 700 {tmp_path}/open"):
        ControlSocket(tmp_path / "open" / "control.sock")
    assert list((tmp_path / "open").iterdir()) == []


def test_control_socket_in_a_directory_of_another_user_is_refused(tmp_path: Path, as_root: None) -> None:
    """Its owner can do there what he likes, whatever the mode is."""
    (tmp_path / "theirs").mkdir(mode=0o700)
    os.chown(tmp_path / "theirs", 65534, 65534)
    with pytest.raises(ControlSocketError, match="belongs to user 65534"):
        ControlSocket(tmp_path / "theirs" / "control.sock")


def test_control_socket_that_is_listened_at_is_refused(tmp_path: Path) -> None:
    """The first one goes on to answer, and the message says how to reach it."""
    path = tmp_path / "control.sock"
    first = ControlSocket(path)
    with pytest.raises(ControlSocketError, match=f"Type: scirehooks attach {path}"):
        ControlSocket(path)
    connect(path).close()
    first.close()


def test_control_socket_left_behind_is_replaced(tmp_path: Path) -> None:
    """A process that was killed leaves one that refuses connections."""
    path = tmp_path / "control.sock"
    stale(path)
    with pytest.raises(NobodyAnswersError, match="refused"):
        connect(path)
    made = ControlSocket(path)
    connect(path).close()
    made.close()


def _symlink(path: Path) -> None:
    stale(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


def _dangling(path: Path) -> None:
    path.symlink_to("nowhere")


@pytest.mark.parametrize(
    ("put", "kind"),
    [
        (lambda path: path.write_text("precious"), "a file"),
        (Path.mkdir, "a directory"),
        (os.mkfifo, "a named pipe"),
        (_symlink, "a symbolic link"),
        (_dangling, "a symbolic link"),
    ],
)
def test_control_socket_never_replaces_anything_else(tmp_path: Path, put: Callable[[Path], object], kind: str) -> None:
    """Whatever is there is left as it is, also where a link leads."""
    path = tmp_path / "control.sock"
    put(path)
    before = path.lstat()
    with pytest.raises(ControlSocketError, match=f"is {kind}, where the control socket should be"):
        ControlSocket(path)
    assert path.lstat().st_ino == before.st_ino
    assert not (tmp_path / "nowhere").exists()


def test_control_socket_of_another_user_is_not_removed(tmp_path: Path, as_root: None) -> None:
    """Even a stale one: somebody wanted to be found there."""
    path = tmp_path / "control.sock"
    stale(path)
    os.chown(path, 65534, 65534)
    with pytest.raises(ControlSocketError, match="belongs to user 65534"):
        ControlSocket(path)
    assert path.exists()


def test_close_leaves_the_socket_of_a_successor(tmp_path: Path) -> None:
    """Only the file that was made is removed, and closing twice is closing once."""
    path = tmp_path / "control.sock"
    made = ControlSocket(path)
    path.unlink()
    successor = ControlSocket(path)
    made.close()
    made.close()
    connect(path).close()
    successor.close()


def test_control_socket_needs_a_directory_to_lie_in(tmp_path: Path) -> None:
    """A misspelt path is told with what to type, and no file is taken for a directory."""
    with pytest.raises(ControlSocketError, match=f"mkdir -m 700 {tmp_path}/no/such"):
        ControlSocket(tmp_path / "no" / "such" / "control.sock")
    (tmp_path / "file").touch()
    with pytest.raises(ControlSocketError, match="Not a directory"):
        ControlSocket(tmp_path / "file" / "control.sock")
    with pytest.raises(ControlSocketError, match="too long"):
        ControlSocket(tmp_path / ("x" * 100))


def test_directory_that_is_exchanged_is_not_followed(tmp_path: Path) -> None:
    """What was checked is what is used: the descriptor stays with the directory, whatever its name is now."""
    path = tmp_path / "own" / "control.sock"
    made = ControlSocket(path)
    path.parent.rename(tmp_path / "moved")
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "control.sock").touch()
    made.close()
    assert [file.name for file in tmp_path.rglob("control.sock")] == ["control.sock"]
    assert path.is_file()
