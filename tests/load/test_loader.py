"""Modules: loaded whole or not at all, unloaded exactly, in the order of what needs what."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from scirehooks.errors import (
    ConflictError,
    LoadError,
    RefusedError,
    ScireError,
    UnknownNameError,
    UnsafeFileError,
    Veto,
)
from scirehooks.hooks import BUILTIN, Module, Runtime
from scirehooks.load import Loader, ScriptReport
from scirehooks.load.commands import InitStatus
from scirehooks.load.places import shipped
from scirehooks.shell import Host, Session, furnish
from scirehooks.shell.showing.text import plain

State = Callable[[], dict[str, object]]
Write = Callable[..., Path]

MODULE = '''\
"""Count orders.

More about it.
"""
from __future__ import annotations
from dataclasses import dataclass
from scirehooks.hooks import command, on, option

LIMIT = option(int, 5, unit="orders", doc="Most orders.")
seen = []

@dataclass
class Order:
    item: str

@on("post-order-hook", depth=10)
def count(item):
    seen.append(Order(item))

@command
def orders_seen() -> int:
    """Say how many orders there were.

    Example: orders-seen
    """
    return len(seen)
'''


def test_load_module_puts_all_it_offers_in_place(loader: Loader, runtime: Runtime, write: Write) -> None:
    """Marks become entries, commands and options, all under the module's owner."""
    file = write("modules/orders.py", MODULE)
    module = loader.load("orders")
    assert (module.name, module.file, module.requires) == ("orders", str(file), ())
    assert module.doc.startswith("Count orders.\n")
    (entry,) = runtime.hooks["post-order-hook"].entries()
    assert (entry.label, entry.depth, str(entry.owner), entry.owner.kind) == ("orders.count", 10, "orders", "module")
    assert runtime.options["orders-limit"].value == 5
    runtime.hooks["post-order-hook"].run("tea")
    assert runtime.namespace["orders_seen"]() == 1
    assert runtime.modules["orders"] is module


def test_unload_module_leaves_everything_as_it_was(
    loader: Loader, runtime: Runtime, write: Write, state: State, imported: Callable[[], set[str]]
) -> None:
    """Unloading is exact, and what others set meanwhile stays."""
    before = state()
    write("modules/orders.py", MODULE)
    names = imported()
    module = loader.load("orders")
    assert imported() > names
    kept = runtime.add_hook("pre-order-hook", "somebody_elses")
    assert loader.unload("orders") == (module,)
    assert runtime.hooks["pre-order-hook"].entries() == (kept,)
    runtime.remove_hook("pre-order-hook", "somebody_elses")
    assert state() == before
    assert imported() == names


def test_load_module_that_fails_at_its_last_line_leaves_nothing(
    loader: Loader, runtime: Runtime, write: Write, state: State, imported: Callable[[], set[str]]
) -> None:
    """The error names the file and the line, and all is as before."""
    before = state()
    setup = """
def setup(runtime):
    runtime.add_hook('post-order-hook', count, local='a')
    runtime.namespace['x'] = 1
    1 / 0
"""
    file = write("modules/orders.py", MODULE + setup)
    line = (MODULE + setup).count("\n")
    names = imported()
    with pytest.raises(
        LoadError, match=rf"orders\.py:{line}: module 'orders' is not loaded: ZeroDivisionError"
    ) as caught:
        loader.load("orders")
    assert (caught.value.file, caught.value.line) == (str(file), line)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    assert state() == before
    assert imported() == names
    write("modules/orders.py", MODULE)
    assert loader.load("orders")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x = 1\ndef f(:\n", r":2: module 'm' is not loaded: SyntaxError: "),
        ("import sys\nsys.exit(3)\n", r":2: module 'm' is not loaded: SystemExit: 3\."),
        ("import nowhere\n", r":1: module 'm' is not loaded: ModuleNotFoundError: No module named 'nowhere'\."),
        ("\n\n@on('x')\ndef f(): ...\n", r":3: module 'm' is not loaded: NameError: "),
        ("from scirehooks.hooks import on\n@on('post-ordr-hook')\ndef f(): ...\n", r"Did you mean post-order-hook"),
        ("from scirehooks.hooks import on\n@on('post-order-hook')\ndef f(nothing): ...\n", r"'nothing' is not in it"),
        ("REQUIRES = tuple(['a'])\n", r"m\.py:1: module .m. is not loaded: REQUIRES is a tuple of names, written out"),
        ("x = '\0'\n", r"is not loaded: (SyntaxError|ValueError): source code.* cannot contain null bytes"),
    ],
)
def test_load_bad_module_is_told_with_file_and_line(
    loader: Loader, runtime: Runtime, write: Write, text: str, says: str, state: State
) -> None:
    """Whatever is wrong in a file, the answer is a LoadError with its place."""
    before = state()
    write("modules/m.py", text)
    with pytest.raises(LoadError, match=says):
        loader.load("m")
    assert state() == before


def test_load_interrupted_rolls_back_and_passes_the_interrupt_on(
    loader: Loader, runtime: Runtime, write: Write, state: State
) -> None:
    """Ctrl-C while a module loads is Ctrl-C."""
    before = state()
    write("modules/m.py", MODULE + "raise KeyboardInterrupt\n")
    with pytest.raises(KeyboardInterrupt):
        loader.load("m")
    assert state() == before


def test_load_module_twice_is_one_module(loader: Loader, runtime: Runtime, write: Write) -> None:
    """Loading what is loaded changes nothing; another file of that name is a conflict."""
    file = write("modules/my_orders.py", MODULE)
    module = loader.load("my-orders")
    assert loader.load("my_orders") is module
    assert loader.load(file) is module
    assert len(runtime.hooks["post-order-hook"].entries()) == 1
    other = write("other/my_orders.py", MODULE)
    with pytest.raises(ConflictError, match=r"loaded already, from .* Type: unload my_orders"):
        loader.load(other)


def test_load_unknown_module_names_the_nearest(loader: Loader, write: Write) -> None:
    """A typo gets an answer."""
    write("modules/orders.py", MODULE)
    with pytest.raises(UnknownNameError, match=r"no module 'ordrs'\. Did you mean orders\?"):
        loader.load("ordrs")
    with pytest.raises(UnknownNameError, match=r"no loaded module 'orders'"):
        loader.unload("orders")
    with pytest.raises(LoadError, match=r"cannot be read: No such file"):
        loader.load("./nowhere.py")


def test_load_unsafe_file_is_refused(loader: Loader, write: Write) -> None:
    """A module that somebody else could have written is not run."""
    write("modules/orders.py", MODULE, 0o666)
    with pytest.raises(UnsafeFileError, match="chmod go-w"):
        loader.load("orders")


def test_load_earlier_directory_wins(runtime: Runtime, loader: Loader, write: Write, tmp_path: Path) -> None:
    """The first directory on the path that has the module gives it."""
    write("modules/m.py", '"""Second."""\n')
    file = write("first/m.py", '"""First."""\n')
    assert Loader(runtime, loader.values, path=[tmp_path / "first"], directories=loader.path).load("m").file == str(
        file
    )


def test_load_module_that_requires_another_loads_that_first(loader: Loader, runtime: Runtime, write: Write) -> None:
    """What a module needs is there when its first line runs."""
    write("modules/base.py", "")
    write("modules/top.py", "REQUIRES = ('base',)\n")
    write("modules/late.py", "def setup(runtime):\n    runtime.namespace['require']('top')\n")
    assert loader.load("late").requires == ("top",)
    assert list(runtime.modules) == ["base", "top", "late"]
    assert runtime.modules["top"].requires == ("base",)


def test_load_that_fails_takes_what_it_required_along(
    loader: Loader, runtime: Runtime, write: Write, state: State, imported: Callable[[], set[str]]
) -> None:
    """A load is one transaction, however many files it reads."""
    before, names = state(), imported()
    write("modules/base.py", MODULE)
    write("modules/top.py", "REQUIRES = ('base',)\n1 / 0\n")
    with pytest.raises(LoadError, match=r"top\.py:2"):
        loader.load("top")
    assert state() == before
    assert imported() == names


def test_load_requirement_that_fails_is_told_by_both_files(loader: Loader, write: Write) -> None:
    """One sees which module was wanted by which."""
    write("modules/base.py", "1 / 0\n")
    write("modules/top.py", "REQUIRES = ('base',)\n")
    with pytest.raises(LoadError, match=r"top\.py: module 'top' is not loaded: .*base\.py:1: .*ZeroDivisionError"):
        loader.load("top")


def test_load_circle_of_requirements_is_an_error(loader: Loader, write: Write) -> None:
    """The message shows the circle."""
    write("modules/a.py", "REQUIRES = ('b',)\n")
    write("modules/b.py", "REQUIRES = ('a',)\n")
    with pytest.raises(LoadError, match="circle: a → b → a"):
        loader.load("a")


def test_unload_what_others_require_is_refused_unless_cascading(
    loader: Loader, runtime: Runtime, write: Write, state: State
) -> None:
    """A cascade takes the dependents first."""
    before = state()
    write("modules/base.py", "")
    write("modules/middle.py", "REQUIRES = ('base',)\n")
    write("modules/top.py", "REQUIRES = ('middle', 'base')\n")
    loader.load("top")
    with pytest.raises(ConflictError, match=r"middle, top needs it. Type: unload base --cascade"):
        loader.unload("base")
    assert [module.name for module in loader.unload("base", cascade=True)] == ["top", "middle", "base"]
    assert state() == before


def test_unload_calls_teardown_first_and_survives_its_failure(
    loader: Loader, runtime: Runtime, write: Write, caplog: pytest.LogCaptureFixture, state: State
) -> None:
    """A module whose end fails must still be got rid of; the failure is logged."""
    before = state()
    write("modules/m.py", MODULE + "def teardown(runtime):\n    assert 'orders-seen' in runtime.commands\n    1 / 0\n")
    loader.load("m")
    loader.unload("m")
    assert state() == before
    assert "teardown of module m" in caplog.text
    assert "ZeroDivisionError" in caplog.text


def test_load_and_unload_fire_their_hooks_and_can_be_refused(loader: Loader, runtime: Runtime, write: Write) -> None:
    """Loading is itself a thing that functions may object to, and hear of."""
    file = write("modules/m.py", "")
    heard: list[object] = []

    def keep_out(name: str, file: Path) -> None:
        heard.append((name, file))
        raise Veto("not today")

    def keep(module: Module) -> None:
        raise Veto("it stays")

    def hear(module: Module) -> None:
        heard.append(module.name)

    runtime.add_hook("post-module-load-hook", hear)
    runtime.add_hook("post-module-unload-hook", hear)
    runtime.add_hook("pre-module-load-hook", keep_out)
    with pytest.raises(RefusedError, match=r"Loading m was refused by test_loader.*: not today"):
        loader.load("m")
    assert "m" not in runtime.modules
    runtime.remove_hook("pre-module-load-hook", keep_out)
    loader.load("m")
    runtime.add_hook("pre-module-unload-hook", keep)
    with pytest.raises(RefusedError, match="it stays"):
        loader.unload("m")
    runtime.remove_hook("pre-module-unload-hook", keep)
    loader.unload("m")
    assert heard == [("m", file), "m", "m"]


def test_load_yaml_module_is_a_module_like_any(loader: Loader, runtime: Runtime, write: Write, state: State) -> None:
    """The three readers make the same things."""
    before = state()
    write("modules/quiet.yaml", "hooks:\n  post-order-hook: count_it\n")
    loader.load("quiet")
    (entry,) = runtime.hooks["post-order-hook"].entries()
    assert (entry.label, entry.owner.kind, entry.owner.name) == ("count_it", "module", "quiet")
    loader.unload("quiet")
    assert state() == before


def test_load_shipped_module_is_found_by_name(
    runtime: Runtime, loader: Loader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The usual path ends in what came with scirehooks, and shows nothing that is no module."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))  # what its user has there comes before it
    found = Loader(runtime, loader.values).available()
    assert found["inventory"] == shipped("contrib") / "inventory.py"
    assert all(name.isidentifier() for name in found)


def test_commands_show_and_do_what_the_loader_does(loader: Loader, runtime: Runtime, write: Write) -> None:
    """The commands answer with data that a program can read."""
    write("modules/orders.py", MODULE)
    write("modules/broken.py", "def f(:\n")
    commands = runtime.commands
    assert [(info.name, info.state) for info in commands["modules"].function()] == [
        ("broken", "available"), ("orders", "available"),
    ]  # fmt: skip
    assert commands["load"].function("orders").summary == "Count orders."
    assert [(info.name, info.state, info.summary) for info in commands["modules"].function()] == [
        ("broken", "available", "(cannot be read)"), ("orders", "loaded", "Count orders."),
    ]  # fmt: skip
    load, unload = commands["load"].parameters[0].annotation, commands["unload"].parameters[0].annotation
    assert [found.word for found in loader.values.candidates(load, "")] == ["broken"]
    assert [(found.word, found.doc) for found in loader.values.candidates(unload, "o")] == [("orders", "Count orders.")]
    assert commands["unload"].function("orders") == ["orders"]
    for name in ("load", "unload", "modules", "init-status"):
        assert f"Example: {name}" in commands[name].doc


def test_namespace_has_the_loader_for_init_scripts(loader: Loader, runtime: Runtime) -> None:
    """An init script says `require("inventory")` without importing anything."""
    for name in ("load", "unload", "require"):
        layer = runtime.namespace.definition(name)
        assert layer is not None
        assert layer.owner == BUILTIN
    with pytest.raises(ScireError):
        runtime.namespace["require"]("nowhere")


def test_load_same_module_into_two_runtimes_gives_each_its_own(loader: Loader, runtime: Runtime, write: Write) -> None:
    """Two runtimes in one process do not take each other's modules out of what can be imported."""
    write("modules/m.py", MODULE.replace("post-order-hook", "hook-failure-hook").replace("(item)", "(hook, item=1)"))
    other = Loader(Runtime("other"), loader.values, directories=loader.path)
    mine, theirs = loader.load("m").module, other.load("m").module
    assert mine is not None
    assert theirs is not None
    assert (sys.modules[mine.__name__], sys.modules[theirs.__name__]) == (mine, theirs)
    loader.unload("m")
    assert sys.modules[theirs.__name__] is theirs
    other.unload("m")


def test_unload_says_what_is_gone(loader: Loader, runtime: Runtime, write: Write) -> None:
    """A sentence at a prompt; programs get the names."""
    renderer = furnish(runtime, loader.values)
    write("modules/orders.py", MODULE)
    loader.load("orders")
    session = Session(runtime, loader.values)
    host = Host(session, renderer, title="", status=str)
    outcome = session.evaluate("unload orders")
    assert outcome.value == ["orders"]
    assert plain(host.shown(outcome, 0)) == "orders is unloaded.\n"


def test_init_status_shows_milliseconds(loader: Loader, runtime: Runtime, write: Write) -> None:
    """Nobody wants to read six digits of a second."""
    renderer = furnish(runtime, loader.values)
    report = ScriptReport(Path("/etc/10-site.py"), "ok", "", 0.00256564)
    assert plain(renderer.render([report])).splitlines() == [
        "file        status   ms  directory",
        "10-site.py  ok      2.6  /etc",
    ]


def test_init_status_of_many_directories_fits_a_terminal(loader: Loader, runtime: Runtime) -> None:
    """Which file it is can be told at 80 columns, and errors stand below the table, in full and broken by words."""
    renderer = furnish(runtime, loader.values)
    deep = Path("/home/somebody/with/a/long/name/.config/scirehooks/init.d")
    long = " ".join(["There is no hook 'post-client-ad-hook'."] * 4)
    status = InitStatus(
        [
            ScriptReport(Path("/etc/scirehooks/init.d"), "absent", "there is no such directory"),
            ScriptReport(deep / "10-site.py", "ok", "", 0.001),
            ScriptReport(deep / "20-a-guard-of-all.py", "failed", f"{deep}/20-a-guard-of-all.py:1: {long}", 0.002),
            ScriptReport(deep / "notes", "passed-over", "its name is not like 20-name.py or 20-name.yaml"),
        ]
    )
    lines = plain(renderer.render(status, 80)).splitlines()
    assert [line.split()[:2] for line in lines[1:4]] == [
        ["10-site.py", "ok"],
        ["20-a-guard-of-all.py", "failed"],
        ["notes", "passed-over"],
    ]
    assert max(map(len, lines[:4])) <= 80
    assert "  /etc/scirehooks/init.d: there is no such directory" in lines
    assert long in " ".join(" ".join(lines).split())
    assert plain(renderer.render(InitStatus(), 80)) == "No init scripts.\n"
    assert loader.values.to_json(status) == loader.values.to_json(list(status))


def test_interrupt_while_a_file_is_loaded_says_which(loader: Loader, write: Write) -> None:
    """Whoever pressed Ctrl-C learns what it was that hung."""
    file = write("init/10-loop.py", "raise KeyboardInterrupt\n")
    with pytest.raises(KeyboardInterrupt) as caught:
        loader.load_init([file.parent])
    assert caught.value.__notes__ == ["interrupted while loading 10-loop.py"]
