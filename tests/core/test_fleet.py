from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from scirehooks.core import Client, Fleet
from scirehooks.core.state import StateDirectory
from scirehooks.errors import StoreError, ValueFormatError

if TYPE_CHECKING:
    from tests.core.conftest import MakeFleet


def test_nothing_fires_or_runs_before_start(fleet: Fleet, web1: Client) -> None:
    """Init scripts are loaded first, so that no event passes hooks that are not filled yet."""
    heard: list[str] = []
    fleet.job_create("job", "true", target=("web1",))
    run = fleet.run("job")
    assert fleet.drain(None, 0).runs == (run,)
    fleet.runtime.add_hook("post-client-add-hook", lambda client: heard.append(client.name))
    fleet.start()
    assert not fleet.drain(None, 10)
    assert (heard, fleet.store.run(run.id).status) == (["web1"], "succeeded")


def test_drain_waits_for_what_descends_from_its_roots(fleet: Fleet) -> None:
    """A batch ends when the runs are done that functions started because of it; not when everybody else is."""
    release = threading.Event()

    def follow(client: Client, fleet: Fleet) -> None:
        if client.name == "other":
            release.wait(10)
        elif client.name == "web1":
            fleet.job_create("job", "false", target=(client.name,))
            fleet.run("job")

    fleet.runtime.add_hook("post-client-add-hook", follow)
    fleet.start()
    fleet.client_add("other", transport="local")
    with fleet.collecting_roots() as roots:
        fleet.client_add("web1", transport="local")
    left = fleet.drain(roots, 10)
    assert (left.firings, left.runs, [run.status for run in left.unsuccessful]) == ((), (), ["failed"])
    everything = fleet.drain(None, 0)
    assert [event.payload["client"]["name"] for event in everything.firings] == ["other"]
    release.set()
    assert not fleet.drain(None, 10)


def test_drain_says_what_is_left_after_its_time(fleet: Fleet, web1: Client) -> None:
    """A batch that gives up names what it leaves behind."""
    fleet.start()
    fleet.job_create("job", "sleep", "60", target=("web1",))
    with fleet.collecting_roots() as roots:
        run = fleet.run("job")
    left = fleet.drain(roots, 0.2)
    assert [one.id for one in left.runs] == [run.id]
    fleet.cancel(run.id)
    left = fleet.drain(roots, 10)
    assert (bool(left), [one.status for one in left.unsuccessful]) == (False, ["cancelled"])


def test_drain_without_roots_returns_at_once(fleet: Fleet, web1: Client) -> None:
    """A batch that did nothing waits for nobody."""
    with fleet.collecting_roots() as roots:
        fleet.store.clients()
    assert roots == []
    assert not fleet.drain(roots, None)


def test_drain_of_everything_tells_which_of_the_runs_under_way_failed(
    fleet: Fleet, web1: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever waits for whatever is under way hears how that ended, and nothing of what had ended before."""
    fleet.job_create("job", "false", target=("web1",))
    fleet.cancel(fleet.run("job").id)
    run = fleet.run("job")
    wait_for = fleet.progress.wait_for

    def start_and_wait(*how: Any) -> Any:
        fleet.start()  # not before drain has seen what is under way
        return wait_for(*how)

    monkeypatch.setattr(fleet.progress, "wait_for", start_and_wait)
    left = fleet.drain(None, 10)
    assert (bool(left), [(one.id, one.status) for one in left.unsuccessful]) == (False, [(run.id, "failed")])


def test_close_twice_is_once(make_fleet: MakeFleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever ends may do so carefully: each part is closed once."""
    fleet = make_fleet()
    fleet.start()
    closed: list[str] = []

    def counted(name: str, close: Callable[..., object]) -> Callable[..., object]:
        def count(*how: float) -> object:
            closed.append(name)
            return close(*how)

        return count

    parts: dict[str, Any] = {
        "dispatcher": fleet.dispatcher, "firer": fleet.engine.firer, "store": fleet.store, "state": fleet.state,
    }  # fmt: skip
    for name, part in parts.items():
        monkeypatch.setattr(part, "close", counted(name, part.close))
    fleet.close()
    fleet.close()
    assert closed == list(parts)


@pytest.mark.parametrize("size", [0, -3, "many"])
def test_output_limit_is_a_positive_number(fleet: Fleet, size: Any) -> None:
    """Nothing could be stored with another."""
    with pytest.raises(ValueFormatError):
        fleet.runtime.set_option("output-limit", size)
    fleet.runtime.set_option("output-limit", 5)
    assert fleet.runtime.options["output-limit"].value == 5


def test_work_left_by_a_process_that_was_killed_is_removed(make_fleet: MakeFleet) -> None:
    """A script that was under way does not lie about for ever."""
    first = make_fleet()
    (first.state.directory("work", "1-1") / "script").write_text("secret")
    first.close()
    assert not (make_fleet().state.path / "work").exists()


def test_many_operations_at_once_all_succeed(fleet: Fleet) -> None:
    """Operations from many threads are written one after the other, and each is answered."""
    failed: list[Any] = []

    def add(number: int) -> None:
        try:
            fleet.client_add(f"c{number}", transport="local")
        except Exception as error:  # noqa: BLE001 - told to the test's own thread
            failed.append(error)

    fleet.start()
    threads = [threading.Thread(target=add, args=(number,)) for number in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not fleet.drain(None, 20)
    assert (failed, len(fleet.store.clients())) == ([], 40)
    sequence = [event.seq for event in fleet.store.events()]
    assert sequence == list(range(1, 81))


def test_state_directory_that_others_may_enter_is_closed_if_it_is_ours_else_refused(tmp_path: Path) -> None:
    """One that a fleet is kept in is made private; somebody's other directory is not changed."""
    (tmp_path / "other").mkdir()
    (tmp_path / "other").chmod(0o755)
    with pytest.raises(StoreError, match=r"Others may enter the state directory .*other\. Try: chmod 700"):
        StateDirectory(tmp_path / "other")
    assert (tmp_path / "other").stat().st_mode & 0o777 == 0o755
    StateDirectory(tmp_path / "ours").close()
    (tmp_path / "ours" / "store.db").touch()
    (tmp_path / "ours").chmod(0o755)
    StateDirectory(tmp_path / "ours").close()
    assert (tmp_path / "ours").stat().st_mode & 0o777 == 0o700
