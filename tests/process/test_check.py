"""`scirehooks check`: all that is wrong with init scripts, without touching what runs or the state."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Check = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def check(home: dict[str, str], scripts: Path, tmp_path: Path) -> Check:
    """A function that checks the test's init scripts."""
    (tmp_path / "tmp").mkdir()

    def run(*arguments: str, stdout: Any = subprocess.PIPE) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "scirehooks", "--state", f"{tmp_path}/state", "check"]
        return subprocess.run(
            [*command, *([] if "--only" in arguments else ["--init", str(scripts)]), *arguments],
            stdout=stdout, stderr=subprocess.PIPE, text=True, timeout=100,
            env={**home, "TMPDIR": str(tmp_path / "tmp")},
        )  # fmt: skip

    return run


def test_check_tells_all_that_is_wrong_with_places_and_guesses(check: Check, scripts: Path) -> None:
    """Unknown hooks, misfits, syntax, undefined names: one line each on standard error, and status 1 for CI."""
    (scripts / "10-hook.py").write_text("add_hook('pre-client-ad-hook', print)\n")
    (scripts / "20-misfit.py").write_text("@on('pre-client-add-hook')\ndef guard(cleint): ...\n")
    (scripts / "30-syntax.py").write_text("# one\ndef broken(:\n")
    (scripts / "40-name.py").write_text("@on('post-client-add-hook')\ndef tell(client):\n    return clientt.name\n")
    (scripts / "50-fine.yaml").write_text("require: [inventory]\n")
    done = check()
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    places = [f"{scripts}/10-hook.py:1: ", f"{scripts}/20-misfit.py:1: ", f"{scripts}/30-syntax.py:2: "]
    assert [line[: len(place)] for line, place in zip(lines, places, strict=False)] == places
    assert lines[0].endswith("There is no hook 'pre-client-ad-hook'. Did you mean pre-client-add-hook?")
    assert lines[3].startswith(f"{scripts}/40-name.py:3: tell uses 'clientt', which nothing defines. Did you mean")
    assert lines[4:] == ["4 problems."]
    assert "50-fine.yaml" in done.stdout
    assert "contrib/inventory.py" in done.stdout
    answer = json.loads(check("--json").stdout)
    assert [(Path(found["file"]).name, found["line"]) for found in answer["findings"]] == [
        ("10-hook.py", 1), ("20-misfit.py", 1), ("30-syntax.py", 2), ("40-name.py", 3),
    ]  # fmt: skip
    assert all(file["seconds"] > 0 for file in answer["files"])


def test_check_of_good_scripts_leaves_nothing_behind(check: Check, scripts: Path, tmp_path: Path) -> None:
    """The state of the command line is not touched, not even made; what is printed while loading is no result."""
    (scripts / "20-good.py").write_text("print('noise')\nfleet.client_add('web1', transport='local')\n")
    (scripts / "30-good.py").write_text("@on('pre-client-add-hook')\ndef guard(client): ...\n")
    done = check("--json")
    assert json.loads(done.stdout)["findings"] == []
    assert not (tmp_path / "state").exists()
    assert list((tmp_path / "tmp").iterdir()) == []
    assert tempfile.gettempdir() != str(tmp_path / "tmp")
    only = check("--only", str(scripts / "30-good.py"), "--json")
    assert [Path(file["file"]).name for file in json.loads(only.stdout)["files"]] == ["30-good.py"]
    assert only.returncode == 0


@pytest.mark.parametrize(
    ("body", "how"),
    [
        ("import os; os._exit(3)", "it ended the process with status 3"),
        ("import os; os.kill(os.getpid(), 11)", "it was ended by signal 11"),
    ],
)
def test_check_survives_a_script_that_ends_its_process(check: Check, scripts: Path, body: str, how: str) -> None:
    """It is loaded in a child, and the file that was at it is named."""
    (scripts / "10-good.py").write_text("x = 1\n")
    (scripts / "20-dies.py").write_text(body + "\n")
    done = check("--json")
    assert done.returncode == 1
    (found,) = json.loads(done.stdout)["findings"]
    assert (Path(found["file"]).name, how in found["text"]) == ("20-dies.py", True)


def test_check_of_a_script_that_is_not_there_is_an_error(check: Check) -> None:
    """A misspelt name must not pass as well-checked."""
    done = check("--only", "20-nothing.py")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("scirehooks: There is no init script '20-nothing.py'.")


@pytest.mark.parametrize("form", [[], ["--json"]])
@pytest.mark.parametrize("scripts_there", [1, 200])
def test_check_that_cannot_be_written_is_an_error(
    check: Check, scripts: Path, form: list[str], scripts_there: int
) -> None:
    """As for a batch: one line, and no success, whether the output fits a buffer or not."""
    for number in range(scripts_there):
        (scripts / f"{number:03}-good.py").write_text("x = 1\n")
    with open("/dev/full", "w") as full:
        done = check(*form, stdout=full)
    assert (done.returncode, done.stderr) == (1, "scirehooks: The output cannot be written: No space left on device.\n")


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_check_whose_reader_has_gone_is_no_error(check: Check, scripts: Path, form: list[str]) -> None:
    """Whoever has seen enough is told nothing but the outcome."""
    (scripts / "10-good.py").write_text("x = 1\n")
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "w") as gone:
        done = check(*form, stdout=gone)
    assert (done.returncode, done.stderr) == (0, "" if form else "No problems.\n")
