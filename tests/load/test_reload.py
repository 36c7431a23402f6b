"""Loading anew: the old version answers until the new one takes its place in one step, or goes on as it was."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from scirehooks.errors import ConflictError, LoadError, RefusedError, UnknownNameError, Veto
from scirehooks.hooks import Module, Owner, Runtime
from scirehooks.load import Loader

State = Callable[[], dict[str, object]]
TwiceAtOnce = Callable[[Callable[[str], Any]], Any]
Write = Callable[..., Path]
Place = tuple[str, float, str, str]

SHELL = Owner("session", "shell")


@pytest.fixture(autouse=True)
def _closed(runtime: Runtime) -> Iterator[None]:
    """Stop what the modules of a test have running."""
    yield
    runtime.close()


@contextmanager
def at_the_prompt(runtime: Runtime) -> Iterator[None]:
    """Act as a session does."""
    with runtime.owners.acting(SHELL, actor="anna"):
        yield


def order(runtime: Runtime, hook: str, local: str | None = None) -> list[str]:
    return [entry.label for entry in runtime.hooks[hook].entries(local)]


def entries(runtime: Runtime, hook: str, local: str | None = None) -> list[tuple[int, str, float, str]]:
    return [(entry.number, entry.label, entry.depth, entry.state) for entry in runtime.hooks[hook].entries(local)]


HEAD = "from scirehooks.hooks import command, on, option\nfrom scirehooks.errors import Veto\n"


def test_reload_module_gives_what_the_file_says_now(
    loader: Loader, runtime: Runtime, write: Write, state: State, imported: Callable[[], set[str]]
) -> None:
    """What is gone goes, what is new comes, and unloading leaves nothing of either version."""
    before, names = state(), imported()
    write(
        "modules/m.py",
        HEAD + "@on('post-order-hook')\ndef a(item): ...\n@command\ndef old(): 'Old.'\nX = option(int, 1)\n",
    )
    old = loader.load("m")
    write(
        "modules/m.py",
        HEAD + "@on('post-order-hook')\ndef b(item): ...\n@command\ndef new(): 'New.'\nX = option(int, 2)\n",
    )
    assert loader.door.changed(old.file)
    new = loader.reload("m")
    assert isinstance(new, Module)
    assert runtime.modules["m"] is new is not old
    assert not loader.door.changed(new.file)
    assert order(runtime, "post-order-hook") == ["m.b"]
    assert "old" not in runtime.commands
    assert runtime.commands["new"].function is runtime.namespace["new"]
    assert runtime.options["m-x"].value == 2
    assert old.module is not None
    assert new.module is not None
    assert sys.modules[old.module.__name__] is new.module
    loader.unload("m")
    assert state() == before
    assert imported() == names


@pytest.mark.parametrize(
    "ending", ["", "x = 1 / 0\n", "def setup(runtime): 1 / 0\n", "raise SystemExit\n", "def f(:\n"]
)
def test_reload_keeps_what_a_session_did_to_the_entries(
    loader: Loader, runtime: Runtime, write: Write, ending: str
) -> None:
    """Moved, switched off, taken out, and put before others: it stays so, whether the new version works or not."""
    text = HEAD + "".join(
        f"@on('post-order-hook', depth={depth})\ndef {name}(item): ...\n"
        for name, depth in (("a", 0), ("b", 0), ("c", 10), ("d", 0), ("e", 0))
    )
    file = write("modules/m.py", text)
    loader.load("m")
    with at_the_prompt(runtime):
        runtime.namespace["mine"] = lambda item: None
        runtime.add_hook("post-order-hook", "mine")
        runtime.move_hook("post-order-hook", "m.a", 20)
        runtime.disable("post-order-hook", "m.b")
        runtime.disable("post-order-hook", "m.c")
        runtime.remove_hook("post-order-hook", "m.d")
        runtime.move_hook("post-order-hook", "m.e", 0)
    before = entries(runtime, "post-order-hook")
    assert [label for _, label, *_ in before] == ["m.e", "mine", "m.b", "m.c", "m.a"]
    if ending:
        file.write_text(text + ending)
        with pytest.raises(LoadError, match=r"m\.py:.*module 'm' is not reloaded: .* The old one goes on"):
            loader.reload("m")
    else:
        file.write_text(text.replace("depth=10", "depth=15"))
        loader.reload("m")
        before[3] = (before[3][0], "m.c", 15, "disabled")
    assert entries(runtime, "post-order-hook") == before
    with at_the_prompt(runtime):
        runtime.enable("post-order-hook", "m.b")
    runtime.hooks["post-order-hook"].run("tea")
    loader.unload("m")
    assert order(runtime, "post-order-hook") == ["mine"]


def test_reload_takes_the_new_order_of_the_file_at_the_old_place(
    loader: Loader, runtime: Runtime, write: Write
) -> None:
    """Among equals a module keeps its places; who stands at which is as the file has it now."""
    line = "@on('post-order-hook')\ndef {0}(item): ...\n"
    write("modules/m.py", HEAD + "".join(line.format(name) for name in "ab"))
    loader.load("m")
    runtime.add_hook("post-order-hook", "newer")
    assert order(runtime, "post-order-hook") == ["newer", "m.b", "m.a"]
    write("modules/m.py", HEAD + "".join(line.format(name) for name in "bac"))
    loader.reload("m")
    assert order(runtime, "post-order-hook") == ["m.c", "newer", "m.a", "m.b"]


def test_reload_keeps_the_order_of_local_values(loader: Loader, runtime: Runtime, write: Write) -> None:
    """A local value has its place in the order, and its marker for the global one."""
    calls: list[str] = []
    runtime.namespace["calls"] = calls
    text = "def {0}(item): calls.append('{0}')\nadd_hook('post-order-hook', {0}, local='web', depth={1})\n"
    script = write("init.d/20-x.py", text.format("a", 0) + text.format("b", 1))
    runtime.add_hook("post-order-hook", lambda item: calls.append("everywhere"))
    loader.load_init([script.parent])

    def fired() -> list[str]:
        calls.clear()
        with runtime.scope("web"):
            runtime.hooks["post-order-hook"].run("tea")
        return list(calls)

    assert fired() == ["a", "everywhere", "b"]
    loader.reload("20-x.py")
    assert fired() == ["a", "everywhere", "b"]
    write("init.d/20-x.py", text.format("a", 0) + text.format("b", 1) + text.format("c", 0))
    loader.reload("20-x.py")
    assert fired() == ["c", "a", "everywhere", "b"]


def test_reload_init_script_gives_names_anew_and_keeps_options_set_at_the_prompt(
    loader: Loader, runtime: Runtime, write: Write
) -> None:
    """A file's names are the file's again; an option that a session set stays set."""
    runtime.defoption("shop-limit", int, 1)
    script = write("init.d/20-x.py", "def f(item): return 'file'\nadd_hook('post-order-hook', f)\ngone = 1\n")
    write("init.d/30-y.yaml", "options:\n  shop-limit: 2\n")
    loader.load_init([script.parent])
    with at_the_prompt(runtime):
        runtime.namespace["f"] = lambda item: "prompt"
        runtime.set_option("shop-limit", 7)
    write("init.d/20-x.py", "def f(item): return 'new file'\nadd_hook('post-order-hook', f)\n")
    write("init.d/30-y.yaml", "options:\n  shop-limit: 3\n")
    report = loader.reload("20-x.py")
    loader.reload(str(script.parent / "30-y.yaml"))
    assert runtime.namespace["f"]("tea") == "new file"
    assert "gone" not in runtime.namespace
    assert runtime.options["shop-limit"].value == 7
    assert [(report.file.name, report.status) for report in loader.report.scripts] == [
        ("20-x.py", "ok"), ("30-y.yaml", "ok"),
    ]  # fmt: skip
    assert report in loader.report.scripts
    runtime.withdraw(SHELL)
    assert runtime.options["shop-limit"].value == 3


def test_reload_init_script_that_fails_leaves_all_as_it_was(
    loader: Loader, runtime: Runtime, write: Write, state: State
) -> None:
    """Names, entries, options: the old version goes on, to the very objects."""
    script = write("init.d/20-x.py", "T = {1}\ndef f(item): return T\nadd_hook('post-order-hook', f)\n")
    loader.load_init([script.parent])
    before, numbers = state(), entries(runtime, "post-order-hook")
    write("init.d/20-x.py", "T = {2}\ndef f(item): return 2\ndef g(item): ...\nadd_hook('post-order-hook', g)\n1 / 0\n")
    with pytest.raises(LoadError, match=r"20-x\.py:5: init script 20-x\.py is not reloaded: ZeroDivisionError"):
        loader.reload("20-x.py")
    assert (state(), entries(runtime, "post-order-hook")) == (before, numbers)


def test_reload_of_init_script_finds_new_files_and_namesakes(
    loader: Loader, runtime: Runtime, write: Write, tmp_path: Path
) -> None:
    """A file that came since the start, and one that now replaces its namesake of another directory."""
    write("a/20-x.py", "add_hook('post-order-hook', 'from_a')")
    (tmp_path / "b").mkdir()
    loader.load_init([tmp_path / "a", tmp_path / "b"])
    write("a/30-y.py", "add_hook('post-order-hook', 'new')")
    loader.reload("30-y.py")
    assert order(runtime, "post-order-hook") == ["new", "from_a"]
    file = write("b/20-x.py", "add_hook('post-order-hook', 'from_b')")
    loader.reload("20-x.py")
    assert order(runtime, "post-order-hook") == ["from_b", "new"]
    file.unlink()
    (tmp_path / "a/20-x.py").unlink()
    with pytest.raises(LoadError, match=r"No such file.* goes on until the init scripts are read again"):
        loader.reload("20-x.py")
    assert order(runtime, "post-order-hook") == ["from_b", "new"]


def test_reload_passes_state_on(loader: Loader, runtime: Runtime, write: Write) -> None:
    """What `teardown` returns is what a `setup` with two parameters gets; on the first load that is None."""
    text = """
        log = []
        def setup(runtime, state):
            log.append((VERSION, state))
        def teardown(runtime):
            log.append((VERSION, "down"))
            return [*log]
        VERSION = 1
    """
    write("modules/m.py", text)
    old = loader.load("m")
    write("modules/m.py", text.replace("VERSION = 1", "VERSION = 2"))
    new = loader.reload("m")
    assert isinstance(new, Module)
    assert old.module is not None
    assert new.module is not None
    assert old.module.log == [(1, None), (1, "down")]
    assert new.module.log == [(2, [(1, None), (1, "down")])]


def test_reload_whose_setup_fails_sets_the_old_one_up_again(
    loader: Loader, runtime: Runtime, write: Write, state: State
) -> None:
    """It had been torn down, so it gets back what it returned, and has what its setup made once, not twice."""
    text = (
        HEAD
        + """
open_with = []
@on('post-order-hook')
def a(item): ...
def setup(runtime, state):
    open_with.append(state)
    runtime.every(60, tick)
    runtime.add_hook('post-order-hook', lambda item: open_with, 5)
    runtime.add_hook('pre-order-hook', guard)
def tick(): ...
def guard(item): raise Veto("no")
def teardown(runtime): return "state"
"""
    )
    write("modules/m.py", text)
    module = loader.load("m")
    assert module.module is not None
    with at_the_prompt(runtime):
        runtime.move_hook("pre-order-hook", "m.guard", 7)
    before, numbers = state(), entries(runtime, "post-order-hook") + entries(runtime, "pre-order-hook")
    timers = [key for cells in runtime.journal.kinds if cells.kind == "resource" for key, _ in cells.items()]
    write("modules/m.py", text + "_setup = setup\ndef setup(runtime, state):\n    _setup(runtime, state)\n    1 / 0\n")
    with pytest.raises(LoadError, match="ZeroDivisionError"):
        loader.reload("m")
    assert module.module.open_with == [None, "state"]
    assert (state(), entries(runtime, "post-order-hook") + entries(runtime, "pre-order-hook")) == (before, numbers)
    after = [key for cells in runtime.journal.kinds if cells.kind == "resource" for key, _ in cells.items()]
    assert len(after) == len(timers)
    assert sys.modules[module.module.__name__] is module.module
    write("modules/m.py", text)
    loader.reload("m")
    loader.unload("m")
    assert order(runtime, "pre-order-hook") == order(runtime, "post-order-hook") == []


def test_reload_whose_old_version_cannot_be_set_up_again_is_logged(
    loader: Loader, runtime: Runtime, write: Write, caplog: pytest.LogCaptureFixture
) -> None:
    """The error that is raised is that of the new version; the old one keeps its entries."""
    text = (
        HEAD
        + """
times = []
@on('pre-order-hook')
def guard(item): raise Veto("no")
def setup(runtime):
    times.append(1)
    assert len(times) == 1, "only once"
def teardown(): ...
"""
    )
    write("modules/m.py", text)
    loader.load("m")
    write("modules/m.py", text + "def setup(runtime): 1 / 0\n")
    with pytest.raises(LoadError, match="ZeroDivisionError"):
        loader.reload("m")
    assert "only once" in caplog.text
    assert runtime.hooks["pre-order-hook"].run("tea").reason == "no"


def test_reload_leaves_timers_alone_until_it_has_succeeded(loader: Loader, runtime: Runtime, write: Write) -> None:
    """A thread of the old version runs on through a failing reload, and is stopped by one that succeeds."""
    text = """
        import threading
        begun, ended = threading.Event(), threading.Event()
        def setup(runtime):
            runtime.thread(work)
        def work(stop):
            begun.set()
            stop.wait()
            ended.set()
    """
    write("modules/m.py", text)
    old: Any = loader.load("m").module
    assert old.begun.wait(10)
    write("modules/m.py", "1 / 0\n")
    with pytest.raises(LoadError):
        loader.reload("m")
    assert not old.ended.is_set()
    write("modules/m.py", text)
    new: Any = loader.reload("m")
    assert old.ended.wait(10)
    assert new.module.begun.wait(10)


def test_reload_keeps_dependents_and_loads_what_is_required_now(loader: Loader, runtime: Runtime, write: Write) -> None:
    """Modules that require it stay loaded; what it requires now is loaded, or nothing is."""
    write("modules/base.py", "")
    write("modules/other.py", "")
    write("modules/top.py", "REQUIRES = ('base',)\n")
    loader.load("top")
    write("modules/base.py", "REQUIRES = ('other',)\n")
    loader.reload("base")
    assert set(runtime.modules) == {"base", "other", "top"}
    assert runtime.modules["base"].requires == ("other",)
    with pytest.raises(ConflictError, match="base needs it"):
        loader.unload("other")
    write("modules/third.py", "")
    write("modules/base.py", "REQUIRES = ('third',)\n1 / 0\n")
    with pytest.raises(LoadError):
        loader.reload("base")
    assert set(runtime.modules) == {"base", "other", "top"}


def test_reload_gives_a_quarantined_function_another_chance(loader: Loader, runtime: Runtime, write: Write) -> None:
    """The fault may be mended; what a session switched off beside stays off."""
    text = HEAD + "@on('pre-order-hook')\ndef guard(item): 1 / 0\n"
    write("modules/m.py", text)
    loader.load("m")
    for _ in range(3):
        runtime.hooks["pre-order-hook"].run("tea")
    assert [entry.state for entry in runtime.hooks["pre-order-hook"].entries()] == ["quarantined"]
    write("modules/m.py", text.replace("1 / 0", "return None"))
    loader.reload("m")
    assert runtime.hooks["pre-order-hook"].run("tea").allowed


def test_reload_is_asked_and_told(loader: Loader, runtime: Runtime, write: Write) -> None:
    """Whoever decides what may be loaded decides about new content, too."""
    write("modules/m.py", "")
    loader.load("m")
    heard: list[str] = []

    def hear(module: Module) -> None:
        heard.append(module.name)

    def refuse(name: str, file: Path) -> None:
        raise Veto(f"not {name}")

    runtime.add_hook("post-module-load-hook", hear)
    loader.reload("m")
    assert heard == ["m"]
    runtime.add_hook("pre-module-load-hook", refuse)
    with pytest.raises(RefusedError, match=r"Reloading m was refused by .*: not m"):
        loader.reload("m")
    assert heard == ["m"]


def test_reload_what_is_not_loaded_says_what_to_do(loader: Loader, write: Write) -> None:
    """A typo gets the nearest name, a module that could be loaded the command for that."""
    write("modules/orders.py", "")
    with pytest.raises(UnknownNameError, match=r"no loaded module or init script 'orders'\. Type: load orders"):
        loader.reload("orders")
    loader.load("orders")
    with pytest.raises(UnknownNameError, match=r"'ordrs'\. Did you mean orders\?"):
        loader.reload("ordrs")


def test_reload_while_it_is_being_reloaded_is_a_conflict(
    loader: Loader, write: Write, twice_at_once: TwiceAtOnce
) -> None:
    """Nobody waits for another's user code; the second one is told."""
    write("modules/m.py", "def setup(runtime): ...\n")
    loader.load("m")
    assert isinstance(twice_at_once(loader.reload), Module)


def test_reload_can_be_undone_and_redone(loader: Loader, runtime: Runtime, write: Write, state: State) -> None:
    """It is one change in the journal."""
    runtime.history.begin()
    write("modules/m.py", HEAD + "@on('post-order-hook')\ndef a(item): ...\n")
    loader.load("m")
    old = state()
    write("modules/m.py", HEAD + "@on('post-order-hook')\ndef a(item): ...\n@on('post-order-hook')\ndef b(item): ...\n")
    loader.reload("m")
    new = state()
    assert new != old
    runtime.undo()
    assert state() == old
    runtime.redo()
    assert state() == new


def test_reload_of_an_unchanged_init_script_changes_nothing(
    loader: Loader, runtime: Runtime, write: Write, state: State
) -> None:
    """Names that are set to the very same objects again are given again, and so is what is set past the view."""
    script = write("init.d/20-x.py", """\
        import re
        from functools import partial
        LIMIT = 5
        NOTHING = None
        def past():
            global beyond
            beyond = 7
        past()
        runtime.defoption("shop-size", int, LIMIT)
        require("base")
        """)  # fmt: skip
    write("modules/base.py", "")
    loader.load_init([script.parent])
    before = {name: value for name, value in runtime.namespace.items() if name != "past"}
    for _ in range(3):
        loader.reload("20-x.py")
        assert {name: value for name, value in runtime.namespace.items() if name != "past"} == before
    assert runtime.options["shop-size"].value == 5
    assert [layer.owner.name for layer in loader.requests.cells.stack("base")] == ["20-x.py"]
    write("init.d/20-x.py", "LIMIT = 5")
    loader.reload("20-x.py")
    assert "re" not in runtime.namespace
    assert loader.requests.cells.stack("base") == ()


# -- meanwhile


GUARD = """
from scirehooks.hooks import on
from scirehooks.errors import Veto
@on('pre-order-hook', depth=-5)
def first(item, price):
    return {{'price': {version}}}
@on('pre-order-hook', depth=5)
def second(item, price):
    raise Veto(f"{{price}} {version}")
"""

SCRIPT = """
version = None
version = {version}
def first(item, price): return {{'price': number()}}
add_hook('pre-order-hook', first, -5)
def number(): return version
table = set()
for _ in range(200):
    number()
table.add({version})
def second(item, price):
    if table: raise Veto(f"{{price}} {{number()}}")
add_hook('pre-order-hook', second, 5)
"""


@pytest.mark.parametrize(("name", "file", "text"), [
    ("guard", "modules/guard.py", GUARD), ("20-guard.py", "init.d/20-guard.py", SCRIPT),
])  # fmt: skip
def test_reload_two_hundred_times_never_leaves_a_hook_unguarded(
    loader: Loader, runtime: Runtime, write: Write, name: str, file: str, text: str
) -> None:
    """A thread that fires meanwhile meets all of one version, never none, never a mixture."""
    path = write(file, text.format(version=0))
    if name == "guard":
        loader.load(name)
    else:
        loader.load_init([path.parent])
    ended = threading.Event()

    def fire() -> set[str]:
        seen = set()
        while not ended.is_set():
            seen.add(runtime.hooks["pre-order-hook"].run("tea").reason)
        return seen

    interval = sys.getswitchinterval()
    with ThreadPoolExecutor(1) as pool:
        firing = pool.submit(fire)
        try:
            sys.setswitchinterval(0.0001)  # many more ways to be in each other's way
            for version in range(1, 201):
                path.write_text(text.format(version=version) + ("1 / 0\n" if version % 3 == 0 else ""))
                if version % 3 == 0:
                    with pytest.raises(LoadError):
                        loader.reload(name)
                else:
                    loader.reload(name)
        finally:
            sys.setswitchinterval(interval)
            ended.set()
        reasons = firing.result(10)
    assert len(reasons) > 2
    for reason in reasons:
        amended, refused = reason.split(" ")
        assert amended == refused


def test_reload_of_a_slow_script_the_old_guard_keeps_its_table(loader: Loader, runtime: Runtime, write: Write) -> None:
    """While an init script runs anew its names change; the functions that are in hooks still see the old ones."""
    text = """
        from functools import partial, wraps
        banned = set()
        def is_banned(item): return item in banned
        def logged(function):
            @wraps(function)
            def run(item): return function(item)
            return run
        @logged
        def guard(item):
            if is_banned(item): raise Veto("banned")
        class Rule:
            def __call__(self, item):
                if is_banned(item): raise Veto("rule")
        def rest(why, item):
            if is_banned(item): raise Veto(why)
        wait()
        banned |= {"beer", "tea"}
        add_hook("pre-order-hook", guard)
        add_hook("pre-order-hook", lambda item: guard(item), 10, when=lambda item: is_banned(item))
        add_hook("pre-order-hook", partial(rest, "part"), 20)
    """
    runtime.namespace["wait"] = lambda: None
    script = write("init.d/20-x.py", text)
    loader.load_init([script.parent])
    begun, go = threading.Event(), threading.Event()

    def wait() -> None:
        begun.set()
        assert go.wait(10)

    runtime.namespace["wait"] = wait

    def reasons() -> list[str]:
        found = []
        entries = runtime.hooks["pre-order-hook"].snapshot(None)
        for entry in entries:
            for other in entries:
                if other is not entry:
                    object.__setattr__(other, "state", "disabled")
            found.append(runtime.hooks["pre-order-hook"].run("tea").reason)
            for other in entries:
                object.__setattr__(other, "state", "active")
        return found

    assert reasons() == ["banned", "banned", "part"]
    with ThreadPoolExecutor(1) as pool:
        reloading = pool.submit(loader.reload, "20-x.py")
        assert begun.wait(10)
        assert runtime.namespace["banned"] == set()
        assert reasons() == ["banned", "banned", "part"]
        # What others do meanwhile counts at once, except to what is being replaced.
        with at_the_prompt(runtime):
            runtime.add_hook("pre-order-hook", lambda item: {"price": 9}, -10)
        assert runtime.hooks["pre-order-hook"].run("tea").payload["price"] == 9
        go.set()
        reloading.result(10)
    assert len(runtime.hooks["pre-order-hook"].entries()) == 4
    assert runtime.hooks["pre-order-hook"].run("tea").reason == "banned"


def test_reload_inside_a_reload_is_part_of_it(loader: Loader, runtime: Runtime, write: Write) -> None:
    """What a module loads anew while it is loaded anew comes with it, in the same step."""
    write("modules/inner.py", HEAD + "@on('post-order-hook')\ndef a(item): ...\n")
    write("modules/outer.py", "def setup(runtime):\n    runtime.namespace['load']('inner')\n")
    loader.load("outer")
    write("modules/inner.py", HEAD + "@on('post-order-hook')\ndef b(item): ...\n")
    seen: list[list[str]] = []

    def snapshot() -> None:
        hook = runtime.hooks["post-order-hook"]
        seen.append([entry.label for entry in hook.snapshot(None)])

    runtime.namespace["snapshot"] = snapshot
    write(
        "modules/outer.py",
        "def setup(runtime):\n    runtime.namespace['reload']('inner')\n    runtime.namespace['snapshot']()\n",
    )
    loader.reload("outer")
    assert seen == [["inner.a"]]
    assert order(runtime, "post-order-hook") == ["inner.b"]


def test_reload_advice_closures_and_methods_see_the_old_names_too(
    loader: Loader, runtime: Runtime, write: Write
) -> None:
    """Whatever leads from an entry to the names of the script, but for methods of classes, leads to the old ones."""
    text = """
        limit = {limit}
        def guard(item): return None
        def twice(function, item): raise Veto(f"advised {{limit}}")
        runtime.advice_add("guard", "around", "twice")
        def counter():
            def count(item):
                nonlocal calls
                calls += 1
                if calls < 0: return later, count
                raise Veto(f"{{calls}} {{limit}}")
            calls = 0
            if False: later = 1
            return count
        def check(self, item): raise Veto(f"{{self}} {{limit}}")
        from types import MethodType
        add_hook("pre-order-hook", guard)
        add_hook("pre-order-hook", counter(), 10)
        add_hook("pre-order-hook", MethodType(check, "me"), 20)
        wait()
    """
    runtime.namespace["wait"] = lambda: None
    script = write("init.d/20-x.py", text.format(limit=1))
    loader.load_init([script.parent])
    hook = runtime.hooks["pre-order-hook"]
    said: list[list[str]] = []

    def wait() -> None:
        reasons = []
        for entry in hook.snapshot(None):
            assert entry.function is not None
            with pytest.raises(Veto) as caught:
                entry.function("tea")
            reasons.append(caught.value.reason)
        said.append(reasons)

    runtime.namespace["wait"] = wait
    wait()
    write("init.d/20-x.py", text.format(limit=2))
    loader.reload("20-x.py")
    wait()
    assert said == [["advised 1", "1 1", "me 1"], ["advised 1", "2 1", "me 1"], ["advised 2", "1 2", "me 2"]]
