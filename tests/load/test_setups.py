"""Undo and redo of what makes a module come or go: teardown before it goes, setup when all of it is back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from scirehooks.errors import ConflictError, LoadError
from scirehooks.hooks import Runtime
from scirehooks.load import Loader

Write = Callable[..., Path]

CONNECTED = """\
from scirehooks.hooks import on
conn = None
@on("post-order-hook")
def use(item): conn.append(item)
def setup(runtime):
    global conn
    conn = []
    runtime.namespace["steps"].append("up {name}")
def teardown(runtime):
    global conn
    conn = None
    runtime.namespace["steps"].append("down {name}")
"""


@pytest.fixture(autouse=True)
def steps(runtime: Runtime) -> Iterator[list[str]]:
    """Return the list in which modules say what they do, and stop what they have running."""
    made: list[str] = []
    runtime.namespace["steps"] = made
    yield made
    runtime.close()


def conn(runtime: Runtime, name: str = "m") -> Any:
    return vars(runtime.modules[name].module)["conn"]


def order(runtime: Runtime) -> list[str]:
    return [entry.label for entry in runtime.hooks["post-order-hook"].entries()]


def test_unload_undone_sets_the_module_up_again(
    loader: Loader, runtime: Runtime, write: Write, steps: list[str]
) -> None:
    """Its functions find what its setup opens; redone, it is torn down again, as often as one likes."""
    write("modules/m.py", CONNECTED.format(name="m"))
    loader.load("m")
    loader.unload("m")
    for _ in range(2):
        runtime.undo()
        runtime.hooks["post-order-hook"].run("tea")
        assert conn(runtime) == ["tea"]
        runtime.redo()
        assert "m" not in runtime.modules
    assert steps == ["up m", "down m", *["up m", "down m"] * 2]
    assert order(runtime) == []


def test_load_undone_tears_the_module_down(loader: Loader, runtime: Runtime, write: Write, steps: list[str]) -> None:
    """What its setup opened is closed; redone, it is opened again."""
    write("modules/m.py", CONNECTED.format(name="m"))
    module = loader.load("m").module
    runtime.undo()
    assert steps == ["up m", "down m"]
    assert vars(module)["conn"] is None
    runtime.redo()
    assert steps == ["up m", "down m", "up m"]
    assert conn(runtime) == []
    assert order(runtime) == ["m.use"]


def test_what_setup_makes_is_there_once_after_an_undo(loader: Loader, runtime: Runtime, write: Write) -> None:
    """What it made the time before comes back with the module, and is replaced: it works on a state that is gone."""
    write(
        "modules/m.py",
        "def setup(runtime):\n"
        "    conn = []\n"
        "    runtime.add_hook('post-order-hook', lambda item: conn.append(item), label='closure')\n"
        "    runtime.every(600, conn.clear)\n"
        "    runtime.namespace['conn'] = conn\n"
        "def teardown(runtime):\n"
        "    runtime.remove_hook('post-order-hook', 'closure')\n",
    )
    loader.load("m")
    loader.unload("m")
    loader.load("m")

    def counted() -> tuple[int, int]:
        timers = [key for key, _ in runtime._resources.items() if key[0] == "timer"]
        return len(order(runtime)), len(timers)

    once = counted()
    runtime.undo()
    assert counted() == (0, 0)
    for _ in range(2):
        runtime.undo()
        assert counted() == once == (1, 1)
        runtime.hooks["post-order-hook"].run("tea")
        assert runtime.namespace["conn"] == ["tea"]
        runtime.redo()
        assert counted() == (0, 0)


def test_modules_of_one_change_go_and_come_back_in_the_order_in_which_they_need_each_other(
    loader: Loader, runtime: Runtime, write: Write, steps: list[str]
) -> None:
    """Those that are required come first and go last, also where a cascade unloaded them."""
    write("modules/base.py", CONNECTED.format(name="base"))
    write("modules/top.py", "REQUIRES = 'base'\n" + CONNECTED.format(name="top"))
    loader.load("top")
    up, down = ["up base", "up top"], ["down top", "down base"]
    assert steps == up
    runtime.undo()
    runtime.redo()
    assert steps == [*up, *down, *up]
    with runtime.transaction("unload both"):
        loader.unload("base", cascade=True)
    steps.clear()
    runtime.undo()
    runtime.redo()
    runtime.undo()
    assert steps == [*up, *down, *up]
    assert sorted(runtime.modules) == ["base", "top"]


def test_cascade_undone_step_by_step(loader: Loader, runtime: Runtime, write: Write, steps: list[str]) -> None:
    """Each module of a cascade is a change of its own, and comes back as one."""
    write("modules/base.py", CONNECTED.format(name="base"))
    write("modules/top.py", "REQUIRES = 'base'\n" + CONNECTED.format(name="top"))
    loader.load("top")
    loader.unload("base", cascade=True)
    steps.clear()
    runtime.undo()
    assert (steps, sorted(runtime.modules)) == (["up base"], ["base"])
    runtime.undo()
    assert (steps, sorted(runtime.modules)) == (["up base", "up top"], ["base", "top"])


def test_reload_undone_gives_the_state_to_the_old_version(
    loader: Loader, runtime: Runtime, write: Write, steps: list[str]
) -> None:
    """As a reload does: the one is torn down, and what it returns is passed to a setup that takes two parameters."""
    text = (
        "def setup(runtime, state):\n"
        "    runtime.namespace['steps'].append(f'up {VERSION} {state}')\n"
        "def teardown(runtime): return f'from {VERSION}'\n"
    )
    write("modules/m.py", "VERSION = 1\n" + text)
    loader.load("m")
    write("modules/m.py", "VERSION = 2\n" + text)
    loader.reload("m")
    runtime.undo()
    assert vars(runtime.modules["m"].module)["VERSION"] == 1
    runtime.redo()
    assert vars(runtime.modules["m"].module)["VERSION"] == 2
    assert steps == ["up 1 None", "up 2 from 1", "up 1 from 2", "up 2 from 1"]


FRAGILE = """\
def setup(runtime):
    runtime.namespace["steps"].append("up top")
    runtime.add_hook("post-order-hook", lambda item: None, label="closure")
    if runtime.namespace.get("broken"): raise {error}
def teardown(runtime): runtime.namespace["steps"].append("down top")
"""


@pytest.mark.parametrize("error", ["ValueError('no line')", "SystemExit('no line')"])
def test_undo_whose_setup_fails_changes_nothing(
    loader: Loader, runtime: Runtime, write: Write, steps: list[str], error: str
) -> None:
    """The error is told with its place; modules that had come back are torn down; mended, it can be undone."""
    write("modules/base.py", CONNECTED.format(name="base"))
    file = write("modules/top.py", "REQUIRES = 'base'\n" + FRAGILE.format(error=error))
    loader.load("top")
    with runtime.transaction("unload both"):
        loader.unload("base", cascade=True)
    runtime.namespace["broken"] = True
    steps.clear()
    for _ in range(2):
        with pytest.raises(LoadError, match=r"top\.py:5: module 'top' is not brought back: .*no line.*") as told:
            runtime.undo()
        assert told.value.hint == "Nothing has changed."
        assert told.value.file == str(file)
        assert (sorted(runtime.modules), order(runtime)) == ([], [])
    assert steps == ["up base", "up top", "down base"] * 2
    runtime.namespace["broken"] = False
    runtime.undo()
    assert (sorted(runtime.modules), sorted(order(runtime))) == (["base", "top"], ["base.use", "closure"])
    runtime.redo()
    assert (sorted(runtime.modules), order(runtime)) == ([], [])


def test_redo_whose_setup_fails_changes_nothing(
    loader: Loader, runtime: Runtime, write: Write, steps: list[str]
) -> None:
    """And it can be redone when what was wrong is mended."""
    write("modules/base.py", CONNECTED.format(name="base"))
    write("modules/top.py", "REQUIRES = 'base'\n" + FRAGILE.format(error="ValueError('no line')"))
    loader.load("top")
    runtime.undo()
    runtime.namespace["broken"] = True
    steps.clear()
    for _ in range(2):
        with pytest.raises(LoadError, match="module 'top' is not brought back: ValueError: no line"):
            runtime.redo()
        assert (sorted(runtime.modules), order(runtime)) == ([], [])
    assert steps == ["up base", "up top", "down base"] * 2
    runtime.namespace["broken"] = False
    runtime.redo()
    assert (sorted(runtime.modules), sorted(order(runtime))) == (["base", "top"], ["base.use", "closure"])


def test_reload_whose_undo_fails_goes_on(loader: Loader, runtime: Runtime, write: Write, steps: list[str]) -> None:
    """The new version had been torn down, so it is set up again with its own state."""
    text = "def teardown(runtime): return 'state of {0}'\ndef setup(runtime, state): {1}\n"
    write("modules/m.py", text.format(1, "state and 1 / 0"))
    loader.load("m")
    write("modules/m.py", text.format(2, "runtime.namespace['steps'].append(state)"))
    loader.reload("m")
    new = runtime.modules["m"]
    with pytest.raises(LoadError, match="module 'm' is not brought back: ZeroDivisionError"):
        runtime.undo()
    assert runtime.modules["m"] is new
    assert steps == ["state of 1", "state of 2"]


def test_undo_that_a_later_change_stands_on_sets_up_what_it_tore_down(
    loader: Loader, runtime: Runtime, write: Write
) -> None:
    """It is refused as ever, and the module works as before."""
    write("modules/m.py", CONNECTED.format(name="m"))
    loader.load("m")
    with runtime.transaction("move"):
        runtime.move_hook("post-order-hook", "m.use", 5)
    history, origin = runtime.history, runtime.owners.origin()
    owner = runtime.modules["m"].owner
    latest = [record for record in runtime.journal.records if record.owner == owner]
    with pytest.raises(ConflictError, match="has been changed since"):
        runtime.taking_back(
            lambda: latest, lambda: history.undo(origin, lambda record: record.owner == owner), lambda _: None
        )
    assert conn(runtime) == []


def test_undo_of_what_another_has_changed_meanwhile_is_refused(loader: Loader, runtime: Runtime, write: Write) -> None:
    """A teardown is the user's code, and no lock is held while it runs: what was looked at is what is taken back."""
    write(
        "modules/m.py",
        "import threading\n"
        "def setup(runtime): pass\n"
        "def teardown(runtime):\n"
        "    thread = threading.Thread(target=runtime.namespace['meanwhile'])\n"
        "    thread.start(); thread.join(10)\n",
    )
    runtime.namespace["meanwhile"] = lambda: runtime.add_hook("post-order-hook", "later")
    loader.load("m")
    with pytest.raises(ConflictError, match="Somebody has changed something meanwhile"):
        runtime.undo()
    assert order(runtime) == ["later"]
    assert "m" in runtime.modules


def test_undo_while_the_module_is_being_loaded_is_refused(loader: Loader, runtime: Runtime, write: Write) -> None:
    """Two at once would set it up twice."""
    write("modules/m.py", CONNECTED.format(name="m"))
    loader.load("m")
    with loader.door.alone("m"), pytest.raises(ConflictError, match="m is being loaded just now"):
        runtime.undo()
    assert conn(runtime) == []


def test_firing_while_an_undo_sets_up_meets_the_module_when_it_is_ready(
    loader: Loader, runtime: Runtime, write: Write
) -> None:
    """Its entries are in the hook when its setup has ended, never before."""
    write(
        "modules/m.py",
        CONNECTED.format(name="m") + "    runtime.namespace['fire']()\n"
        "def setup(runtime):\n"
        "    global conn\n"
        "    runtime.namespace['fire']()\n"
        "    conn = []\n",
    )
    fired: list[BaseException | None] = []

    def fire_elsewhere() -> None:
        def fire() -> None:
            try:
                runtime.hooks["post-order-hook"].run("tea")
                fired.append(None)
            except BaseException as error:  # noqa: BLE001 - looked at below
                fired.append(error)

        thread = threading.Thread(target=fire)
        thread.start()
        thread.join()

    runtime.namespace["fire"] = lambda: None
    loader.load("m")
    loader.unload("m")
    runtime.namespace["fire"] = fire_elsewhere
    runtime.undo()
    assert (fired, conn(runtime)) == ([None], [])


def test_yaml_module_comes_and_goes_as_ever(loader: Loader, runtime: Runtime, write: Write) -> None:
    """It has neither setup nor teardown."""
    write("modules/m.yaml", "hooks: {post-order-hook: [f]}\n")
    loader.load("m")
    runtime.undo()
    assert order(runtime) == []
    runtime.redo()
    assert order(runtime) == ["f"]
