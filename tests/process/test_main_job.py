"""The main job as an administrator meets it: the shipped init scripts, a real process, a real store, a real run."""

import json
import os
import platform
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Scire = Callable[..., subprocess.CompletedProcess[str]]

GUARD = """
@on("pre-client-add-hook")
def no_test_hosts(client):
    if client.name.startswith("test"):
        raise Veto("no test hosts")
"""

PROGRAMS = {
    "refuses": ("#!/bin/sh\necho 'root says no' >&2\nexit 1\n", 0o755, "root says no"),
    "not-executable": ("#!/bin/sh\nexit 0\n", 0o644, "permission denied"),
    "hangs": ("#!/bin/sh\nsleep 1000\n", 0o755, "did not end within 1s"),
    "bad-interpreter": ("#!/no/such/interpreter\n", 0o755, "interpreter"),
}


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A home of its own."""
    return {**os.environ, "HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "config"), "TERM": "dumb"}


@pytest.fixture
def init(tmp_path: Path) -> Path:
    """An empty directory for init scripts."""
    directory = tmp_path / "init"
    directory.mkdir(mode=0o755)
    return directory


@pytest.fixture
def scire(tmp_path: Path, environment: dict[str, str]) -> Scire:
    """A function that runs `scirehooks` on a state of its own."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "scirehooks", "--state", f"{tmp_path}/state", *arguments]
        return subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=environment, timeout=60
        )

    return run


def answers(done: subprocess.CompletedProcess[str]) -> list[Any]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_added_client_has_the_facts_of_this_machine(scire: Scire) -> None:
    """The proposal's picture with the shipped init scripts: told, audited, and facts gathered by a run that worked."""
    done = scire("--json", "-c", "client-add web1 --transport local", "-c", "describe-client web1", "-c", "audit")
    assert (done.returncode, done.stderr) == (0, "")
    _, client, audit = answers(done)
    assert client["facts"]["hostname"] == socket.gethostname()
    assert client["facts"]["kernel"]["release"] == platform.release()
    assert client["facts"]["memory"]["bytes"] == os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert [row["data"]["client"] for row in audit] == ["web1"]
    (runs,) = answers(scire("--json", "-c", "runs"))
    assert [(run["job"], run["status"]) for run in runs] == [("inventory-1", "succeeded")]


def test_veto_names_reason_function_and_place_and_leaves_nothing(scire: Scire, init: Path) -> None:
    """A refused client is not there, and no event tells of it."""
    (init / "50-guard.py").write_text(GUARD)
    done = scire("--init", str(init), "-c", "client-add test1")
    assert done.returncode == 3
    assert f"no_test_hosts ({init}/50-guard.py:2, owner 50-guard.py): no test hosts." in done.stderr
    assert answers(scire("--json", "--init", str(init), "-c", "clients", "-c", "events")) == [[], []]


@pytest.mark.parametrize("kind", PROGRAMS)
def test_program_that_does_not_agree_refuses(scire: Scire, init: Path, kind: str) -> None:
    """A program that says no, cannot run or hangs refuses, and is named with its place: it fails closed."""
    body, mode, reason = PROGRAMS[kind]
    program = init / "tell-root"
    program.write_text(body)
    program.chmod(mode)
    (init / "50-ask.yaml").write_text("hooks:\n  pre-client-add-hook:\n    - program: ./tell-root\n      timeout: 1s\n")
    done = scire("--init", str(init), "-c", "client-add web1 --transport local")
    assert done.returncode == 3
    assert f"{init}/50-ask.yaml:3" in done.stderr
    assert reason in done.stderr
    assert answers(scire("--json", "--init", str(init), "-c", "clients", "-c", "events")) == [[], []]


def test_exception_in_the_on_hook_undoes_addition_and_audit_row(scire: Scire, init: Path, checkout: Path) -> None:
    """What other on-functions wrote goes with the addition."""
    (init / "20-audit.py").write_text((checkout / "init.d/20-audit.py").read_text())
    (init / "60-fails.py").write_text(
        "@on('client-add-hook', depth=50)\ndef fails(client):\n    raise OSError('the table is full')\n"
    )
    done = scire("--init", str(init), "-c", "client-add web1 --transport local")
    assert done.returncode == 1
    assert "the table is full" in done.stderr
    assert f"{init}/60-fails.py:3" in done.stderr
    assert answers(scire("--json", "--init", str(init), "-c", "clients", "-c", "audit")) == [[], []]


def test_syntax_error_is_told_with_its_line_and_the_others_load(scire: Scire, init: Path) -> None:
    """One bad file stops nothing but itself, unless --strict is given."""
    (init / "40-bad.py").write_text("# one\n# two\ndef broken(:\n")
    (init / "50-good.py").write_text("good = 'loaded'\n")
    done = scire("--init", str(init), "-c", "good")
    assert done.returncode == 0
    assert f"{init}/40-bad.py:3" in done.stderr
    assert "loaded" in done.stdout
    strict = scire("--init", str(init), "--strict", "-c", "good")
    assert strict.returncode == 1
    assert f"{init}/40-bad.py:3" in strict.stderr


def test_unload_of_inventory_leaves_hooks_commands_and_options_as_before(scire: Scire) -> None:
    """Loading and unloading is as if nothing had been."""
    lines = ["hooks", "options", "sorted(runtime.commands)"]
    queries = [word for line in lines for word in ("-c", line)]
    done = scire("--json", "-Q", *queries, "-c", "load inventory", *queries, "-c", "unload inventory", *queries)
    assert (done.returncode, done.stderr) == (0, "")
    before, during, after = (answers(done)[at : at + 3] for at in (0, 4, 8))
    assert before == after
    assert all(one != other for one, other in zip(before, during, strict=True))


def test_module_that_fails_at_its_last_line_leaves_nothing(scire: Scire, tmp_path: Path, checkout: Path) -> None:
    """All or nothing: the marks of a file count only if all of it runs."""
    module = tmp_path / "failing.py"
    module.write_text((checkout / "contrib/inventory.py").read_text() + "\n\nraise RuntimeError('the last line')\n")
    queries = ["-c", "hooks", "-c", "options", "-c", "sorted(runtime.commands)"]
    before = scire("--json", "-Q", *queries)
    loading = "try:\n    runtime.namespace['load'](" + repr(str(module)) + ")\nexcept ImportError as e:\n    print(e)\n"
    script = tmp_path / "script"
    script.write_text(f"{loading}\nhooks\noptions\nsorted(runtime.commands)\n")
    after = scire("--json", "-Q", str(script))
    assert after.returncode == 0
    assert f"{module}:{len(module.read_text().splitlines())}" in after.stderr
    assert answers(after)[-3:] == answers(before)


def test_post_hook_fires_at_the_next_start_after_kill_9(
    scire: Scire, init: Path, tmp_path: Path, environment: dict[str, str]
) -> None:
    """Killed between the commit and the end of the post-firing, the next start fires what was promised."""
    (init / "50-slow.py").write_text(
        "import os, threading\n"
        "@on('post-client-add-hook')\n"
        "def once(client):\n"
        f"    with open({str(tmp_path / 'fired')!r}, 'a') as file:\n"
        "        print(client.name, file=file, flush=True)\n"
        "    if os.environ.get('HANG'):\n"
        "        print('committed', flush=True)\n"
        "        threading.Event().wait()\n"
    )
    command = [sys.executable, "-m", "scirehooks", "--state", f"{tmp_path}/state", "--init", str(init)]
    process = subprocess.Popen(
        [*command, "-c", "client-add web1 --transport local"],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,  # what a function prints in a worker of its own is no result
        text=True,
        env={**environment, "HANG": "1"},
    )
    assert process.stderr is not None
    with process.stderr:
        try:
            assert process.stderr.readline() == "committed\n"
        finally:
            process.kill()
            process.wait()
    assert (tmp_path / "fired").read_text() == "web1\n"
    done = scire("--json", "--init", str(init), "-c", "clients", "-c", "fleet.drain(None, 30) and None")
    assert [client["name"] for client in answers(done)[0]] == ["web1"]
    assert (tmp_path / "fired").read_text() == "web1\nweb1\n"


@pytest.mark.parametrize(
    "line",
    [
        "client-add ''",
        f"client-add {'a' * 65}",
        "client-add -- -oProxyCommand=x",
        "client-add ../x",
        "client-add a/b",
        "client-add Web1",
        "client-add 'a\u202eb'",
        "client-add 'caf\u00e9'",
        "client-add 'cafe\u0301'",
        "client-add web1 --address=-x",
        "client-add web1 --address 'host;id'",
        "client-add web1 --address 255.255.255.255",
        "client-add web1 --address fe80::1%eth0;id",
        "client-add web1 --port 0",
        "client-add web1 --port 65536",
        "client-add web1 --port 022",
        "fleet.client_add('a\\n', transport='local')",
        "fleet.client_add('a\\0b', transport='local')",
    ],
)
def test_bad_names_addresses_and_ports_are_refused(scire: Scire, line: str) -> None:
    """Each is refused with one clear line, at most with the usage below it, and nothing is added."""
    done = scire("-Q", "-c", line)
    assert done.returncode in (1, 2)
    said, *usage = done.stderr.strip().splitlines()
    assert "expected" in said
    assert all(line.startswith("Usage: ") for line in usage)
    assert answers(scire("--json", "-Q", "-c", "clients")) == [[]]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("no: on\n", "1:1"),
        ("options:\n  x: 022\n", "2:6"),
        ("options:\n  x: 12:30:45\n", "2:6"),
        ("options:\n  x: 1.10\n", "2:6"),
        ("options: &a\n  x: *a\n", "1:10"),
        ("hooks:\n  a-hook: [f]\n  a-hook: [g]\n", "3:3"),
        ("hoooks: {}\n", "1:1"),
    ],
)
def test_yaml_that_means_something_else_is_refused(scire: Scire, init: Path, text: str, place: str) -> None:
    """What YAML reads in its own way is an error with file, line and column."""
    (init / "50-bad.yaml").write_text(text)
    done = scire("--init", str(init), "--strict", "-c", "1")
    assert done.returncode == 1
    assert f"{init}/50-bad.yaml:{place}" in done.stderr
