"""An interactive shell on a system that runs elsewhere: it says where it is, and outlives the system."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pexpect
import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]
Start = Callable[..., Any]
Open = Callable[..., "pexpect.spawn[str]"]


@pytest.fixture
def shell(home: dict[str, str], tmp_path: Path) -> Iterator[Open]:
    """A function that opens a shell on the state of the test."""
    opened = []

    def start(*arguments: str, term: str = "dumb") -> pexpect.spawn[str]:
        made = pexpect.spawn(
            sys.executable, ["-m", "scirehooks", "--state", f"{tmp_path}/state", *arguments],
            env={**home, "TERM": term}, timeout=30, dimensions=(40, 120), echo=False, encoding="utf-8",
        )  # fmt: skip
        opened.append(made)
        return made

    yield start
    for made in opened:
        made.close(force=True)


def say(shell: pexpect.spawn[str], line: str) -> str:
    """Type LINE and return the answer."""
    shell.sendline(line)
    shell.expect_exact("scire> ")
    return str(shell.before).replace("\r", "")


def test_shell_says_where_it_is(daemon: Start, shell: Open) -> None:
    """Attached to a daemon; names set there stay there, and leaving the shell ends nothing but the shell."""
    running = daemon()
    one = shell()
    one.expect_exact(f"attached to daemon {running.process.pid}, with the fleet in {running.state}")
    one.expect_exact("scire> ")
    assert say(one, "x = 42") == ""
    one.sendline("quit")
    one.expect(pexpect.EOF)
    other = shell("attach", str(running.state / "control.sock"))
    other.expect_exact("scire> ")
    assert say(other, "x") == "42\n"
    assert "shell" in say(other, "who")


def test_second_shell_attaches_to_the_first(shell: Open, tmp_path: Path) -> None:
    """The first embeds the system; the second says whose it is in, and is told when the first one goes."""
    first = shell("-Q")
    first.expect_exact("embedded, with the fleet in")
    first.expect_exact("scire> ")
    second = shell()
    second.expect_exact(f"attached to the shell of process {first.pid}, with the fleet in")
    second.expect_exact("scire> ")
    say(second, "x = 'from the second'")
    assert "from the second" in say(first, "x")
    first.sendline("quit")
    first.expect(pexpect.EOF)
    second.expect_exact("The connection is lost")
    assert not (tmp_path / "state" / "control.sock").exists()


def test_shell_outlives_a_restart_of_the_daemon(daemon: Start, shell: Open, attached: Run) -> None:
    """It says that it lost the daemon, finds the new one, and goes on."""
    old = daemon()
    one = shell()
    one.expect_exact("scire> ")
    assert say(one, "6 * 7") == "42\n"
    old.tell(signal.SIGTERM)
    one.expect_exact("The connection is lost")
    assert old.end() == 0
    new = daemon()
    one.expect_exact("Connected again")
    one.expect_exact(f"attached to daemon {new.process.pid}")
    one.sendline("")
    one.expect_exact("scire> ")
    assert "42" in say(one, "6 * 7")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_signal_ends_an_embedded_shell_in_order(
    shell: Open, scripts: Path, tmp_path: Path, number: signal.Signals
) -> None:
    """A service manager or a closed terminal: `shutdown-hook` fires, the socket is removed, and the state is free."""
    (scripts / "20-bye.py").write_text(
        "@on('shutdown-hook')\ndef bye():\n"
        f"    open({str(tmp_path / 'bye')!r}, 'w').write(fleet.client_add('web1', transport='local').name)\n"
    )
    one = shell("--init", str(scripts))
    one.expect_exact("scire> ")
    assert one.pid is not None
    os.kill(one.pid, number)
    one.expect(pexpect.EOF)
    one.close()
    assert one.exitstatus == 128 + number
    assert not (tmp_path / "state" / "control.sock").exists()
    assert (tmp_path / "bye").read_text() == "web1"  # everything still works


@pytest.mark.parametrize(("mode", "kept"), [(0o700, True), (0o777, False), (0o1777, False), (0o720, False)])
def test_history_is_not_kept_where_others_can_write(
    daemon: Start, shell: Open, tmp_path: Path, mode: int, kept: bool
) -> None:
    """A socket may lie in /tmp, and that belongs to root: a link that somebody put there would be written through."""
    running = daemon()
    running.state.chmod(mode)
    for name in ("history", "history.keys"):
        (running.state / name).symlink_to(tmp_path / name)
    one = shell("attach", str(running.state / "control.sock"), term="xterm")  # a dumb one keeps no history
    one.expect_exact("scire>")
    one.send("6 * 7\r")
    one.expect_exact("42")
    one.send("quit\r")
    one.expect(pexpect.EOF)
    assert (tmp_path / "history").exists() is kept
