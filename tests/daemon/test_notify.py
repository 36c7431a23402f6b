"""What is told to the service manager."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from scirehooks.daemon.notify import Notifier


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    """The socket at which a service manager listens."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as made:
        made.bind(str(tmp_path / "notify"))
        made.settimeout(10)
        yield made


def test_notifier_tells_each_step(manager: socket.socket, tmp_path: Path) -> None:
    """One datagram each; a status is one line whatever is in it."""
    notifier = Notifier({"NOTIFY_SOCKET": str(tmp_path / "notify")})
    notifier.ready("two\nlines")
    assert manager.recv(1000) == b"READY=1\nSTATUS=two lines"
    notifier.reloading()
    first, second = manager.recv(1000).split(b"\n")
    assert first == b"RELOADING=1"
    assert second.startswith(b"MONOTONIC_USEC=")
    notifier.stopping("bye")
    assert manager.recv(1000) == b"STOPPING=1\nSTATUS=bye"
    notifier.alive()
    assert manager.recv(1000) == b"WATCHDOG=1"


def test_notifier_of_an_abstract_address(tmp_path: Path) -> None:
    """A name that begins with @ is in no directory."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as made:
        made.bind(f"\0scirehooks-test-{os.getpid()}")
        made.settimeout(10)
        Notifier({"NOTIFY_SOCKET": f"@scirehooks-test-{os.getpid()}"}).alive()
        assert made.recv(100) == b"WATCHDOG=1"


def test_notifier_keeps_what_it_found_from_programs(tmp_path: Path) -> None:
    """A program in a hook that speaks the protocol must not speak for us."""
    environment = {"NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid()), "HOME": "/"}
    assert Notifier(environment).watchdog == 30.0
    assert environment == {"HOME": "/"}


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"WATCHDOG_USEC": "1000000"},
        {"NOTIFY_SOCKET": "/x"},
        {"NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "0"},
        {"NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "soon"},
        {"NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "1"},
    ],
)
def test_notifier_without_a_watchdog_says_so(environment: dict[str, str]) -> None:
    """Nobody waits for us, or for another process; and nobody who listens is no error."""
    notifier = Notifier(environment)
    assert notifier.watchdog is None
    notifier.ready("nobody listens")
