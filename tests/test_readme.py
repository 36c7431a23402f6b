"""The README does what it says: its files are written, its transcripts run."""

import fnmatch
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

_BLOCK = re.compile(r"^```(?P<kind>\w+)(?: file=(?P<file>\S+))?\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)


def _commands(block: str) -> Iterator[tuple[str, str]]:
    """Yield each command of a console block and what it should print."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        yield command, output


def _fits(expected: str, printed: str) -> bool:
    """Tell whether PRINTED is EXPECTED, where … stands for anything, blanks for any number of them."""
    squeezed = [
        re.sub(r"[ \n]*\n[ \n]*|[ ]+", lambda m: "\n" if "\n" in m[0] else " ", text).strip()
        for text in (expected, printed)
    ]
    pattern = re.sub(r"([\[\]*?])", r"[\1]", squeezed[0]).replace("…", "*")
    return fnmatch.fnmatchcase(squeezed[1], pattern)


@pytest.fixture
def shell(tmp_path: Path, checkout: Path) -> Iterator[subprocess.Popen[str]]:
    """A sh in an empty home, with `scirehooks` on its path; a user's state and init scripts are in that home."""
    script = tmp_path / "bin" / "scirehooks"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m scirehooks --state "$HOME/state" "$@"\n')
    script.chmod(0o755)
    environment = {
        **os.environ,
        "HOME": str(tmp_path),
        "XDG_CONFIG_HOME": str(tmp_path / ".config"),
        "PATH": f"{script.parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(checkout),
        "COLUMNS": "200",
    }
    with subprocess.Popen(
        ["sh"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=tmp_path,
        env=environment,
    ) as process:  # fmt: skip
        yield process
        assert process.stdin is not None
        process.stdin.close()


def _run(shell: subprocess.Popen[str], command: str) -> str:
    """Run COMMAND in SHELL and return what it prints."""
    assert shell.stdin is not None
    assert shell.stdout is not None
    shell.stdin.write(f"{command}\nstatus=$?; echo; echo END-OF-COMMAND; (exit $status)\n")
    shell.stdin.flush()
    printed = ""
    for line in shell.stdout:
        if line == "END-OF-COMMAND\n":
            return printed
        printed += line
    raise AssertionError(f"The shell ended in {command!r}: {printed}")


def test_readme_transcripts_run_as_written(shell: subprocess.Popen[str], tmp_path: Path, checkout: Path) -> None:
    """Whoever types what the README shows sees what it shows."""
    init = tmp_path / ".config/scirehooks/init.d"
    init.mkdir(parents=True, mode=0o755)
    ran = 0
    for block in _BLOCK.finditer((checkout / "README.md").read_text()):
        if file := block["file"]:
            (init / file if file[0].isdigit() else tmp_path / file).write_text(block["body"])
        elif block["kind"] == "console":
            for command, expected in _commands(block["body"]):
                printed = _run(shell, command)
                assert _fits(expected, printed), f"$ {command}\n{printed}\nis not\n{expected}"
                ran += 1
    assert ran >= 8
