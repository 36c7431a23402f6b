import asyncio
import os
import threading
from pathlib import Path

import pytest

from scirehooks.cli.options import parse
from scirehooks.cli.system import parts
from scirehooks.errors import LoadError, UnknownNameError, UsageError
from scirehooks.hooks import Owner, Runtime
from scirehooks.testing import FakeClock, fake_clock, fire, fresh_fleet, fresh_runtime, nothing_left, recorder


def test_fresh_runtime_is_closed_at_the_end() -> None:
    """Its threads are gone with it, and its clock stands still until it is turned."""
    clock = fake_clock()
    before = threading.enumerate()
    with fresh_runtime(clock=clock) as runtime:
        ticked = threading.Event()
        runtime.every(60, ticked.set)
        runtime.loop.run(asyncio.sleep(0))
        clock.advance(60)
        assert ticked.wait(10)
    assert not [thread for thread in threading.enumerate() if thread not in before]


def test_recorder_keeps_calls_and_answers_as_told() -> None:
    """It can stand for a function that returns or raises something."""
    with fresh_runtime() as runtime:

        @runtime.defhook(mode="until_success")
        def question_hook(topic: str) -> None:
            """Asks about TOPIC."""

        seen, failing = recorder(returns=42), recorder(raises=ValueError("no"), name="failing")
        runtime.add_hook("question-hook", seen)
        assert question_hook.run("life") == 42
        assert seen.calls == [{"topic": "life"}]
        runtime.add_hook("question-hook", failing, -5)
        with pytest.raises(ValueError, match="no"):
            question_hook.run("life")
        assert failing.wait() == [{"topic": "life"}]
        with pytest.raises(TimeoutError, match="failing was called 1 of 2 times"):
            failing.wait(2, timeout=0.01)


def test_fake_clock_calls_in_the_order_of_time() -> None:
    """What is set while it is turned counts, and what is cancelled does not."""
    clock, calls = FakeClock(), list[str]()
    clock.after(3, lambda: calls.append("late"))

    def early() -> None:
        calls.append("early")
        clock.after(1, lambda: calls.append("added"))

    clock.after(1, early)
    clock.after(2, lambda: calls.append("never")).cancel()
    clock.advance(5)
    assert (calls, clock.now()) == (["early", "added", "late"], 5)
    clock.close()


def test_nothing_left_names_what_a_block_leaves() -> None:
    """A thread, a descriptor and a task that go on are told by name."""
    stop, ends = threading.Event(), list[int]()

    def leave() -> None:
        threading.Thread(target=stop.wait, name="straggler").start()
        ends.extend(os.pipe())

    with pytest.raises(AssertionError, match=r"descriptor \d+ .*thread straggler"), nothing_left(timeout=0.01):
        leave()
    stop.set()
    for end in ends:
        os.close(end)


def test_nothing_left_sees_the_task_that_an_unload_forgot() -> None:
    """A task made past the runtime outlives the module; one made through it does not."""
    with fresh_runtime() as runtime:
        runtime.loop.run(asyncio.sleep(0))
        with nothing_left(runtime):
            _load_and_unload(runtime, "runtime.task(asyncio.sleep(600))")
        with pytest.raises(AssertionError, match=r"task .*sleep"), nothing_left(runtime, timeout=0.01):
            _load_and_unload(runtime, "runtime.loop.submit(asyncio.sleep(600))")


def _load_and_unload(runtime: Runtime, setup: str) -> None:
    owner = Owner("module", "sleeper", "/modules/sleeper.py")
    runtime.owners.register("/modules/sleeper.py", owner)
    exec(compile(setup, "/modules/sleeper.py", "exec"), {"runtime": runtime, "asyncio": asyncio})
    runtime.withdraw(owner)


def test_fire_reads_text_by_the_type_of_its_field() -> None:
    """As the command does: a client by its name, one made up with SAMPLE; what does not fit names field and type."""
    with fresh_fleet() as fleet:
        seen = recorder()
        fleet.runtime.add_hook("pre-client-add-hook", lambda client: seen(name=client.name, id=client.id), label="seen")
        fleet.client_add("web1", transport="local")
        assert fire(fleet, "pre-client-add-hook", client="web1").payload["client"] == fleet.store.client("web1")
        fire(fleet, "pre-client-add-hook", client="test1", sample=True)
        assert seen.calls[-1]["name"] == "test1"
        with pytest.raises(UnknownNameError, match="There is no client 'test1'"):
            fire(fleet, "pre-client-add-hook", client="test1")
        with pytest.raises(UsageError, match=r"^old: expected one of"):
            fire(fleet, "client-modification-status-hook", old="asleep")


def test_fire_leaves_values_as_they_are() -> None:
    """Only text is read."""
    with fresh_runtime() as runtime:

        @runtime.defhook
        def paid_hook(order: int, note: str = "") -> None:
            """Fires after ORDER has been paid."""

        assert fire(runtime, "paid-hook", order="3", note="3").payload == {"order": 3, "note": "3"}
        assert fire(runtime, "paid-hook", order=None).payload == {"order": None}


def test_fresh_fleet_on_a_directory_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    """A test of init scripts that are not there must not pass."""
    with pytest.raises(LoadError, match="nonexist: there is no such directory"), fresh_fleet(tmp_path / "nonexist"):
        pass
    with pytest.raises(LoadError, match="nonexist: there"), fresh_fleet(modules=[tmp_path / "nonexist"]):
        pass


def test_fresh_fleet_gives_scripts_what_a_system_gives_them(tmp_path: Path) -> None:
    """A script that names a public type, sets the shell's options or types its commands works in a test as it does."""
    (tmp_path / "20-x.py").write_text(
        "def f(client: Client): ...\n"
        "add_hook('pre-client-add-hook', f)\n"
        "set_option('print-quota', 5)\n"
        "known = [name for name in ('load', 'undo', 'add-hook', 'client-add') if name in runtime.commands]\n"
    )
    with fresh_fleet(tmp_path) as fleet:
        runtime = fleet.runtime
        assert runtime.options["print-quota"].value == 5
        assert runtime.namespace["known"] == ["load", "undo", "add-hook", "client-add"]
        with parts(parse(["-Q"]), tmp_path / "state") as system:
            names = {*system.runtime.namespace} - {*runtime.namespace}
            assert (names, system.runtime.commands.keys() - runtime.commands.keys()) == ({"serve"}, set())
            assert system.runtime.options.keys() == runtime.options.keys()
