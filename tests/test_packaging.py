"""What users install: the built wheel and the editable checkout hold the same things and work."""

import os
import subprocess
import sys
import venv
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def wheel(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as users get it, built from this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    pip(sys.executable, "wheel", "--no-deps", "--wheel-dir", str(folder), str(checkout))
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command of the wheel, installed in an environment that has nothing else."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, with_pip=True)
    pip(str(folder / "bin/python"), "install", str(wheel))
    return folder / "bin/scirehooks"


@pytest.fixture(params=["wheel", "editable"])
def run(request: pytest.FixtureRequest, need: Callable[[str], str], tmp_path: Path) -> Run:
    """Runs `scirehooks` of one installation, far from the checkout and with an empty home."""
    if request.param == "wheel":
        command = str(request.getfixturevalue("installed"))
    else:
        command = need(str(Path(sys.executable).with_name("scirehooks")))

    def scirehooks(*arguments: str) -> subprocess.CompletedProcess[str]:
        keep = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        return subprocess.run(
            [command, "--state", str(tmp_path / "state"), *arguments],
            capture_output=True,
            cwd=tmp_path,
            env={**keep, "HOME": str(tmp_path)},
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=60,
        )

    return scirehooks


def pip(python: str, *arguments: str) -> None:
    done = subprocess.run(
        [python, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def sources(folder: Path, inside: str) -> set[str]:
    """Return the names under which the files of FOLDER belong in the wheel, INSIDE is where."""
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {f"{inside}/{path}" for path in found if "__pycache__" not in path.parts and path.parts[0] != "bin"}


def test_wheel_holds_the_package_and_nothing_else(checkout: Path, wheel: Path) -> None:
    """Help, contrib, init.d and py.typed are in the wheel; no cache, no test, no leftover is."""
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name and ".data/" not in name}
    assert names == (
        sources(checkout / "scirehooks", "scirehooks")
        | sources(checkout / "contrib", "scirehooks/_shipped/contrib")
        | sources(checkout / "init.d", "scirehooks/_shipped/init.d")
    )
    assert "scirehooks/py.typed" in names
    assert {Path(name).parent.name for name in names} >= {"help", "contrib", "init.d"}


def test_wheel_holds_the_command_as_a_script(wheel: Path) -> None:
    """The command is the three lines of ours with mode 755, its first line left for the installer to fill."""
    with zipfile.ZipFile(wheel) as archive:
        (script,) = [one for one in archive.infolist() if ".data/" in one.filename]
        first = archive.read(script).splitlines()[0]
    assert script.filename.endswith(".data/scripts/scirehooks")
    assert oct(script.external_attr >> 16 & 0o777) == "0o755"
    assert first == b"#!python"


def test_installed_command_tells_its_version(run: Run, wheel: Path) -> None:
    """`scirehooks --version` works from a wheel and from a checkout, and says what the wheel is called."""
    version = wheel.name.split("-")[1]
    done = run("--version")
    assert (done.returncode, done.stderr, done.stdout) == (0, "", f"scirehooks {version}\n")


def test_installed_command_finds_what_is_shipped(run: Run, checkout: Path) -> None:
    """The init scripts, the modules and the manual are found wherever the package lies."""
    shipped = {path.name for path in (checkout / "init.d").glob("[0-9]*")}
    done = run("--json", "-c", "init-status", "-c", "load inventory", "-c", "help hooks", "--drain", "0")
    assert (done.returncode, done.stderr) == (0, "")
    assert {name for name in shipped if name in done.stdout} == shipped
