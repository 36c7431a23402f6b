from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scirehooks.core import Fleet
from scirehooks.load import Loader
from scirehooks.testing import fire, fresh_fleet, would


@pytest.fixture
def fleet(checkout: Path) -> Iterator[Fleet]:
    """A started fleet with the module loaded."""
    with fresh_fleet(modules=[checkout / "contrib"]) as fleet:
        fleet.values.provided(Loader).load("inventory")
        fleet.start()
        yield fleet


def test_client_added_gets_a_job_that_gathers_facts_of_this_machine(fleet: Fleet) -> None:
    """The proposal's example: the job really runs, and what it finds is the client's."""
    with fleet.collecting_roots() as roots:
        fleet.client_add("web1", transport="local")
    left = fleet.drain(roots, 30)
    assert (bool(left), left.unsuccessful) == (False, ())
    (job,), (run,) = fleet.store.jobs(), fleet.store.runs()
    assert (job.name, run.trigger, run.status) == ("inventory-1", "inventory", "succeeded")
    facts = fleet.store.client("web1").facts
    assert set(facts) == {"hostname", "kernel", "distribution", "cpu", "memory", "disks", "addresses"}
    assert facts["hostname"] == os.uname().nodename
    assert facts["kernel"] == {"name": "Linux", "release": platform.release(), "machine": platform.machine()}
    assert facts["cpu"]["count"] == os.sysconf("SC_NPROCESSORS_ONLN")
    assert facts["memory"]["bytes"] > 0
    assert "127.0.0.1" in {address["address"] for address in facts["addresses"]}


def test_second_client_shares_the_script_and_facts_can_be_gathered_again(fleet: Fleet) -> None:
    """One script, one job for each client, and a command to run it again."""
    for name in ("web1", "web2"):
        fleet.client_add(name, transport="local")
    assert not fleet.drain(None, 30)
    assert [script.name for script in fleet.store.scripts()] == ["inventory"]
    assert [job.name for job in fleet.store.jobs()] == ["inventory-1", "inventory-2"]
    run = fleet.runtime.commands["inventory"].function("web2", fleet=fleet)
    assert not fleet.drain(None, 30)
    assert (fleet.store.run(run.id).status, len(fleet.store.runs())) == ("succeeded", 3)


def test_firing_repeated_does_not_gather_twice(fleet: Fleet) -> None:
    """A post-hook fires at least once, so its function must bear to be called again."""
    client = fleet.client_add("web1", transport="local")
    fleet.drain(None, 30)
    hook = fleet.runtime.hooks["post-client-add-hook"]
    hook.run(client=client, event=fleet.store.events()[1], fleet=fleet)
    fleet.client_remove("web1")
    hook.run(client=client, event=fleet.store.events()[1], fleet=fleet)
    assert len(fleet.store.runs()) == 1


def test_output_that_is_no_json_fails_the_run_and_leaves_the_facts(fleet: Fleet) -> None:
    """What a strange machine prints does not become a fact."""
    fleet.runtime.add_hook("pre-run-client-output-hook", lambda chunk: b"not json")
    fleet.client_add("web1", transport="local")
    fleet.drain(None, 30)
    (run,) = fleet.store.runs()
    (result,) = fleet.store.results(run.id)
    assert (run.status, result.label[:26]) == ("failed", "the inventory is no JSON: ")
    assert fleet.store.client("web1").facts == {}


def test_other_jobs_are_left_alone(fleet: Fleet) -> None:
    """Only the module's own script prints facts."""
    fleet.client_add("web1", transport="local")
    fleet.drain(None, 30)
    before = fleet.store.client("web1").facts
    fleet.job_create("mine", "echo", '{"hostname": "wrong"}', target=("web1",))
    fleet.run("mine")
    fleet.drain(None, 30)
    assert fleet.store.client("web1").facts == before


@pytest.mark.parametrize("shell", [("dash",), ("bash", "--posix"), ("busybox", "sh")], ids=lambda shell: shell[0])
def test_script_prints_one_json_object_in_every_shell(
    fleet: Fleet, need: Callable[[str], str], tmp_path: Path, shell: tuple[str, ...]
) -> None:
    """It needs no more than dash or busybox, and it escapes what it prints."""
    need(shell[0])
    fleet.client_add("web1", transport="local")
    fleet.drain(None, 30)
    script = fleet.store.script("inventory")
    body = fleet.store.revision(int(script.id), 1).body.replace("uname -n", "printf 'we\"ird\\\\\\n\\tname'")
    file = tmp_path / "script"
    file.write_text(body)
    done = subprocess.run([*shell, file], capture_output=True, check=True)
    assert done.stderr == b""
    facts = json.loads(done.stdout)
    assert facts["hostname"] == 'we"ird\\name'
    assert facts["addresses"]


def test_inventory_makes_no_job_in_a_dry_run(fleet: Fleet) -> None:
    """A dry run says that facts would be gathered, and nothing is made or run."""
    forecast = would(fleet, "client-add web1 --transport local")
    assert "run_inventory_once" in [planned.act for planned in forecast.plan]
    assert (fleet.store.clients(), fleet.store.jobs(), fleet.store.runs()) == ([], [], [])


def test_client_that_was_made_up_gets_no_job(fleet: Fleet) -> None:
    """`fire --sample` tries the hook with one that is in no store: that is no failure."""
    fired = fire(fleet, "post-client-add-hook", sample=True)
    assert (fired.functions, fired.failed, fleet.store.jobs()) == (("inventory.gather_facts",), (), [])
