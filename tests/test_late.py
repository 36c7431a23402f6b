import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import scirehooks
from scirehooks.late import late

PACKAGE = Path(scirehooks.__file__).parent
LATE = ["scirehooks", *(f"scirehooks.{name}" for name in ("control", "daemon", "shell", "terminal"))]


@pytest.mark.parametrize("name", LATE)
def test_late_names_of_a_package_are_those_it_offers(name: str) -> None:
    """All that is promised comes, and `dir` tells of it before."""
    package = import_module(name)
    assert {*package.__all__} <= {*dir(package)}
    assert [each for each in package.__all__ if getattr(package, each, None) is None] == []
    with pytest.raises(AttributeError, match=f"module '{name}' has no attribute 'nothing'"):
        package.nothing  # noqa: B018 - to look is the test


@pytest.mark.parametrize("name", LATE)
def test_late_names_are_those_of_no_module(name: str) -> None:
    """Whoever imported a module of that name would find it where the other one should be."""
    folder = PACKAGE.joinpath(*name.split(".")[1:])
    assert {*import_module(name).__all__} & {path.stem for path in folder.iterdir()} == set()


def test_late_name_is_looked_up_once() -> None:
    """From then on it is a name like others."""
    package: dict[str, Any] = {"__name__": "shop"}
    late(package, {"sqrt": "math"})
    assert "sqrt" not in package
    assert package["__getattr__"]("sqrt") is package["sqrt"]


def test_attaching_brings_no_system() -> None:
    """Whoever attaches, be it with a terminal, does not wait for what only a system of his own would need."""
    code = "import json, sys, scirehooks.cli.attached, scirehooks.terminal.loop; print(json.dumps([*sys.modules]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, cwd=PACKAGE.parent)
    brought = {".".join(each.split(".")[:3]) for each in json.loads(done.stdout) if each.startswith("scirehooks.")}
    system = {"bridge", "core", "hooks", "load", "shell.session", "control.service", "control.server", "daemon.serving"}
    assert brought & {f"scirehooks.{each}" for each in system} == set()
    assert not {"sqlite3", "yaml"} & {*json.loads(done.stdout)}
