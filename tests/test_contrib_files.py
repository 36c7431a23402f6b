"""What is shipped for the machine around us: unit, init script, completion. Each is tried by what reads it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pexpect
import pytest

from scirehooks.cli.options import parse
from scirehooks.load.find import available


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="this machine has no systemd")
def test_systemd_unit_is_one(checkout: Path, tmp_path: Path) -> None:
    """Its reader finds nothing to complain about, but for the path that each machine fills in itself."""
    unit = tmp_path / "scirehooks.service"
    text = (checkout / "contrib/systemd/scirehooks.service").read_text()
    unit.write_text(text.replace("/usr/local/bin/scirehooks", "/bin/true"))
    done = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert {"Type=notify", "ExecReload=/bin/kill -HUP $MAINPID", "KillMode=mixed"} <= set(text.splitlines())
    assert re.search(r"^WatchdogSec=\d+s$", text, re.M)


@pytest.mark.parametrize("file", ["contrib/systemd/scirehooks.service", "contrib/openrc/scirehooks"])
def test_service_starts_the_daemon_by_words_that_exist(checkout: Path, file: str) -> None:
    """The command line in it is one that we understand, and nothing starts without one of its guards."""
    text = (checkout / file).read_text()
    (line,) = re.findall(r"^(?:ExecStart=\S+|command_args=)\"?(.*?)\"?$", text, re.M)
    words = line.replace("${SCIREHOOKS_OPTIONS}", "--strict").replace("${SCIREHOOKS_STATE}", "/x").split()
    options = parse(words)
    assert (options.word, options.strict) == ("daemon", True)


def test_openrc_script_is_one(checkout: Path, need: Callable[[str], str]) -> None:
    """A shell can read it, and it defines what its own header promises."""
    script = checkout / "contrib/openrc/scirehooks"
    assert subprocess.run([need("sh"), "-n", str(script)], timeout=60).returncode == 0
    text = script.read_text()
    (extra,) = re.findall(r'^extra_commands="(.*)"$', text, re.M)
    (started,) = re.findall(r'^extra_started_commands="(.*)"$', text, re.M)
    assert [name for name in (extra + " " + started).split() if f"\n{name}() {{" not in text] == []


def test_directories_in_contrib_are_no_modules(checkout: Path, tmp_path: Path) -> None:
    """Neither those that we ship nor one that is called like a module."""
    (tmp_path / "folder.py").mkdir()
    (tmp_path / "real.py").touch()
    assert available([checkout / "contrib"]).keys().isdisjoint({"systemd", "openrc", "bash_completion"})
    assert list(available([tmp_path])) == ["real"]


@pytest.fixture
def bash(checkout: Path, need: Callable[[str], str], tmp_path: Path) -> pexpect.spawn[str]:
    """A bash with the completion, in a directory with a file and a directory."""
    script = tmp_path / "bin/scirehooks"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\nPYTHONPATH={checkout} exec {sys.executable} -m scirehooks "$@"\n')
    script.chmod(0o755)
    (tmp_path / "work/folder").mkdir(parents=True)
    (tmp_path / "work/lines.txt").touch()
    inputrc = tmp_path / "inputrc"
    inputrc.write_text("set bell-style none\nset enable-bracketed-paste off\nset show-all-if-ambiguous on\n")
    environment = {
        "PATH": f"{script.parent}:/usr/bin:/bin",
        "HOME": str(tmp_path),
        "PS1": "$ ",
        "INPUTRC": str(inputrc),
        "TERM": "dumb",
    }
    shell = pexpect.spawn(
        need("bash"), ["--norc", "--noprofile"], encoding="utf-8", timeout=30, dimensions=(50, 200),
        cwd=tmp_path / "work", env=environment,
    )  # fmt: skip
    shell.expect_exact("$ ")
    shell.sendline(f"source {checkout}/contrib/bash-completion/scirehooks && echo sour''ced")
    shell.expect_exact("sourced")
    shell.expect_exact("$ ")
    return shell


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("scirehooks att", "scirehooks attach "),
        ("scirehooks --jso", "scirehooks --json "),
        ("scirehooks daemon --stri", "scirehooks daemon --strict "),
        ("scirehooks --state fol", "scirehooks --state folder/"),
        ("scirehooks --state folder lin", "scirehooks --state folder lines.txt "),
        ("scirehooks --json attach lin", "scirehooks --json attach lines.txt "),
    ],
)
def test_bash_completes_options_words_and_files(bash: pexpect.spawn[str], typed: str, completed: str) -> None:
    """A Tab behind the beginning gives the rest."""
    bash.send(f"{typed}\t")
    bash.expect_exact(completed)
    bash.close()


def test_bash_completes_commands_if_somebody_can_be_asked(
    bash: pexpect.spawn[str], tmp_path: Path, checkout: Path
) -> None:
    """Behind -c and a quote come the names of commands of the system that runs on that state; else nothing."""
    bash.send(f"scirehooks --state {tmp_path}/state -c 'describe-cl\t\t\x15echo nothing el''se\n")
    bash.expect_exact("nothing else")
    assert "describe-client" not in str(bash.before)
    bash.expect_exact("$ ")
    with subprocess.Popen(
        [f"{tmp_path}/bin/scirehooks", "--state", f"{tmp_path}/state", "-Q"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
    ) as holder:  # fmt: skip
        assert holder.stdin is not None
        assert holder.stdout is not None
        holder.stdin.write("1\n")
        assert holder.stdout.readline() == "1\n"
        bash.send(f"scirehooks --state {tmp_path}/state -c 'describe-cl\t")
        bash.expect_exact("describe-client")
        bash.send("\x15")
        holder.stdin.close()
        assert holder.wait(30) == 0
    bash.close()
