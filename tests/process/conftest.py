"""Real processes: a daemon that says when it is ready, and commands beside it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def home(tmp_path: Path, checkout: Path) -> dict[str, str]:
    """An environment with a home of its own, so that nobody's init scripts count."""
    keep = {key: value for key, value in os.environ.items() if key not in ("NOTIFY_SOCKET", "JOURNAL_STREAM")}
    own = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "config"), "PYTHONPATH": str(checkout)}
    return {**keep, **own, "TERM": "dumb"}


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    """An empty directory for init scripts."""
    (tmp_path / "init").mkdir(mode=0o755)
    return tmp_path / "init"


class Daemon:
    """A daemon on STATE, started with ARGUMENTS; what it tells its service manager is heard here.

    REDIRECT is what a shell does with its descriptors, as `2>&-`.
    """

    def __init__(
        self, state: Path, environment: dict[str, str], *arguments: str, redirect: str = "", **extra: str
    ) -> None:
        self.state = state
        self.log = state.with_name("daemon.log")
        address = str(state.with_name("notify"))
        Path(address).unlink(missing_ok=True)
        self._manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._manager.bind(address)
        self._manager.settimeout(60)
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [
                    *("sh", "-c", f'exec "$@" {redirect}', "sh"),
                    *(sys.executable, "-m", "scirehooks", "--state", str(state), *arguments, "daemon"),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**environment, **extra, "NOTIFY_SOCKET": address},
            )
        self._watchdog = threading.Timer(120, self.process.kill)  # a test that fails must not wait for ever
        self._watchdog.start()

    def hear(self, word: str) -> str:
        """Wait until the daemon says WORD, and return all of that message."""
        while True:
            message = self._manager.recv(4096).decode()
            if word in message.split("\n"):
                return message

    def falls_silent(self, seconds: float) -> bool:
        """Listen until nothing has been heard for SECONDS; the watchdog of the test ends a daemon that goes on."""
        self._manager.settimeout(seconds)
        try:
            while self.process.poll() is None:
                self._manager.recv(4096)
        except TimeoutError:
            return True
        return False

    def tell(self, number: signal.Signals) -> None:
        """Send the daemon a signal."""
        self.process.send_signal(number)

    def end(self) -> int:
        """End the daemon and return its exit status."""
        if self.process.poll() is None:
            self.process.terminate()
        status = self.process.wait(60)
        self._watchdog.cancel()
        self._manager.close()
        return status


@pytest.fixture
def daemon(tmp_path: Path, home: dict[str, str], scripts: Path) -> Iterator[Callable[..., Daemon]]:
    """A function that starts a daemon with the test's init scripts and waits until it is ready."""
    started: list[Daemon] = []

    def start(*arguments: str, ready: bool = True, **extra: str) -> Daemon:
        made = Daemon(tmp_path / "state", home, "--init", str(scripts), *arguments, **extra)
        started.append(made)
        if ready:
            try:
                made.hear("READY=1")
            except TimeoutError:
                pytest.fail(made.log.read_text())
        return made

    yield start
    for made in started:
        made.end()


@pytest.fixture
def attached(tmp_path: Path, home: dict[str, str]) -> Callable[..., subprocess.CompletedProcess[str]]:
    """A function that runs `scirehooks` on the state of the test, with nothing that says how it is to be started."""

    def run(*arguments: str, stdin: str = "", **how: Any) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "scirehooks", "--state", f"{tmp_path}/state", *arguments]
        return subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=60, **{"env": home, **how})

    return run
