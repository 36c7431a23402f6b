"""Init scripts: one list from several directories, each an owner and a transaction."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from scirehooks.errors import ConflictError, LoadError, UnknownNameError
from scirehooks.hooks import Runtime
from scirehooks.load import Loader, init_directories, load_init, shipped

State = Callable[[], dict[str, object]]
Write = Callable[..., Path]


def statuses(loader: Loader, *directories: Path) -> list[tuple[str, str]]:
    """Load the init scripts in DIRECTORIES; return each with what became of it."""
    return [(script.file.name, script.status) for script in loader.load_init(directories).scripts]


def test_load_init_script_runs_in_the_namespace(loader: Loader, runtime: Runtime, write: Write, tmp_path: Path) -> None:
    """Like an .emacs: what it defines is there, what it adds is its own."""
    file = write("init.d/20-guard.py", """\
        from __future__ import annotations
        from dataclasses import dataclass

        @dataclass
        class Rule:
            item: str

        RULE = Rule("coffee")

        def guard(item):
            global asked
            asked = item
            if item == RULE.item:
                raise Veto("no coffee")

        add_hook("pre-order-hook", guard)

        @on("post-order-hook", depth=5)
        def tell(item): ...

        @command
        def rules():
            "Say the rules."

        def set_past():
            global past
            past = 1
        set_past()
        """)  # fmt: skip
    report = loader.load_init([tmp_path / "init.d"])
    assert [(script.file, script.status, script.error) for script in report.scripts] == [(file, "ok", "")]
    assert report.scripts[0].seconds > 0
    (entry,) = runtime.hooks["pre-order-hook"].entries()
    assert (entry.label, entry.name, str(entry.owner), entry.owner.kind) == ("guard", "guard", "20-guard.py", "init")
    assert entry.place is not None
    assert entry.place.line == 16
    assert runtime.hooks["pre-order-hook"].run("coffee").reason == "no coffee"
    assert [entry.depth for entry in runtime.hooks["post-order-hook"].entries()] == [5]
    assert "rules" in runtime.commands
    past = runtime.namespace.definition("past")
    assert past is not None
    assert past.owner == entry.owner


def test_load_init_one_list_in_name_order_later_directory_replaces(
    loader: Loader, runtime: Runtime, write: Write, tmp_path: Path
) -> None:
    """The order is that of names over all directories; an empty file switches its namesake off."""
    runtime.namespace["order"] = []
    write("a/20-x.py", "order.append('a20')")
    write("a/30-y.py", "order.append('a30')")
    write("a/50-z.py", "order.append('a50')")
    write("b/10-w.py", "order.append('b10')")
    write("b/20-x.py", "order.append('b20')")
    write("b/30-y.py", "")
    assert statuses(loader, tmp_path / "a", tmp_path / "b") == [
        ("10-w.py", "ok"), ("20-x.py", "replaced"), ("20-x.py", "ok"), ("30-y.py", "replaced"), ("30-y.py", "empty"),
        ("50-z.py", "ok"),
    ]  # fmt: skip
    assert runtime.namespace["order"] == ["b10", "b20", "a50"]


def test_load_init_odd_names_are_passed_over_visibly(loader: Loader, write: Write, tmp_path: Path) -> None:
    """What an editor or a package manager left is not run, and one can see it."""
    odd = [
        "20-x.py~",
        "20-x.py.dpkg-new",
        "20-x.yml",
        "README",
        "20-.py",
        "2-x.py",
        "020-x.py",
        ".20-x.py",
        "20-x.py.bak",
    ]
    for name in odd:
        write(f"init.d/{name}", "1 / 0")
    (tmp_path / "init.d" / "__pycache__").mkdir()
    assert statuses(loader, tmp_path / "init.d") == sorted((name, "passed-over") for name in [*odd, "__pycache__"])
    assert statuses(loader, tmp_path / "nowhere") == [("nowhere", "absent")]


def test_load_init_bad_script_leaves_nothing_and_others_load(
    loader: Loader, runtime: Runtime, write: Write, tmp_path: Path
) -> None:
    """An error is shown with file and line; the rest of the start goes on."""
    good = write("init.d/10-good.py", "good = 1\n")
    write("init.d/20-syntax.py", "x = 1\n\ndef f(:\n")
    write("init.d/30-last.py", "add_hook('post-order-hook', 'left')\nleft = 1\n@command\ndef c(): 'C.'\n1 / 0\n")
    write("init.d/40-bad.yaml", "hooks:\n  post-ordr-hook: print\n")
    write("init.d/50-open.py", "y = 1\n", 0o666)
    write("init.d/60-exit.py", "raise SystemExit\n")
    write("init.d/70-good.yaml", "hooks:\n  post-order-hook: good_function\n")
    report = loader.load_init([tmp_path / "init.d"])
    assert [script.status for script in report.scripts] == [
        "ok",
        "failed",
        "failed",
        "failed",
        "failed",
        "failed",
        "ok",
    ]
    errors = [script.error for script in report.failed]
    assert "20-syntax.py:3: init script 20-syntax.py is not loaded: SyntaxError" in errors[0]
    assert "30-last.py:5: init script 30-last.py is not loaded: ZeroDivisionError" in errors[1]
    assert all(f"init script {script.file.name} is not loaded" in script.error for script in report.failed)
    said = "init script 40-bad.yaml is not loaded: There is no hook 'post-ordr-hook'. Did you mean post-order-hook"
    assert f"40-bad.yaml:2:19: {said}" in errors[2]
    assert "chmod go-w" in errors[3]
    assert "60-exit.py:1" in errors[4]
    assert [entry.label for entry in runtime.hooks["post-order-hook"].entries()] == ["good_function"]
    assert "c" not in runtime.commands
    assert not {"x", "left", "y"} & set(runtime.namespace)
    assert str(runtime.namespace.definition("good").owner) == good.name  # type: ignore[union-attr]  # it is there


def test_load_init_strict_stops_at_the_first_bad_script(
    loader: Loader, runtime: Runtime, write: Write, tmp_path: Path
) -> None:
    """For those who would rather not start than start without a policy."""
    write("init.d/10-good.py", "good = 1\n")
    write("init.d/20-syntax.py", "x = 1\n\ndef f(:\n")
    write("init.d/30-after.py", "after = 1\n")
    with pytest.raises(LoadError, match=r"20-syntax\.py:3"):
        loader.load_init([tmp_path / "init.d"], strict=True)
    assert "good" in runtime.namespace
    assert "after" not in runtime.namespace


def test_load_init_again_replaces_what_a_script_gave(
    loader: Loader, runtime: Runtime, write: Write, tmp_path: Path, state: State
) -> None:
    """Loading again is no doubling; a script that is bad now keeps what it gave before."""
    script = "init.d/20-x.py"
    write(script, "def one(item): ...\nadd_hook('post-order-hook', one)\n")
    loader.load_init([tmp_path / "init.d"])
    write(script, "def two(item): ...\nadd_hook('post-order-hook', two)\n")
    loader.load_init([tmp_path / "init.d"])
    before = state()
    assert [entry.label for entry in runtime.hooks["post-order-hook"].entries()] == ["two"]
    assert "one" not in runtime.namespace
    write(script, "def three(item): ...\nadd_hook('post-order-hook', three)\n1 / 0\n")
    assert loader.load_init([tmp_path / "init.d"]).failed
    assert state() == before


def test_load_init_script_may_require_modules(loader: Loader, runtime: Runtime, write: Write, tmp_path: Path) -> None:
    """Both readers can ask for a module; a missing one is told with its place."""
    write("modules/base.py", "")
    write("modules/other.py", "")
    write("init.d/20-a.py", "require('base')\n")
    write("init.d/30-b.yaml", "require: [base, other]\n")
    write("init.d/40-c.yaml", "require: bas\n")
    report = loader.load_init([tmp_path / "init.d"])
    assert list(runtime.modules) == ["base", "other"]
    (failed,) = report.failed
    said = "init script 40-c.yaml is not loaded: There is no module 'bas'. Did you mean base?"
    assert f"40-c.yaml:1:10: {said}" in failed.error


def test_yaml_functions_of_one_hook_run_in_the_order_written(
    loader: Loader, runtime: Runtime, write: Write, tmp_path: Path
) -> None:
    """Although the newest of equal depth runs first, a list reads from top to bottom."""
    write("init.d/20-x.yaml", """\
        hooks:
          post-order-hook:
            - a
            - {function: b, depth: 10}
            - c
            - {function: d, depth: 10}
            - {function: e, depth: -10}
            - function: f
              depth: -10
        """)  # fmt: skip
    assert not loader.load_init([tmp_path / "init.d"]).failed
    assert [entry.label for entry in runtime.hooks["post-order-hook"].entries()] == ["e", "f", "a", "c", "b", "d"]


def test_yaml_function_may_be_defined_later(loader: Loader, runtime: Runtime, write: Write, tmp_path: Path) -> None:
    """It is held by name, in either spelling."""
    write("init.d/20-x.yaml", "hooks:\n  post_order_hook: tell-root\n")
    write("init.d/30-y.py", "told = []\ndef tell_root(item): told.append(item)\n")
    assert not loader.load_init([tmp_path / "init.d"]).failed
    runtime.hooks["post-order-hook"].run("tea")
    assert runtime.namespace["told"] == ["tea"]


def test_yaml_entry_has_all_keywords(loader: Loader, runtime: Runtime, write: Write, tmp_path: Path) -> None:
    """What add_hook takes, YAML can say."""
    write("init.d/20-x.yaml", """\
        hooks:
          pre-order-hook:
            - function: guard
              depth: 1.5
              local: "group:web"
              timeout: 1m
              when: item.startswith('te') and price < 7
              dry_run: true
              deliver: false
              after: [other]
        """)  # fmt: skip
    assert not loader.load_init([tmp_path / "init.d"]).failed
    (entry,) = [entry for entry in runtime.hooks["pre-order-hook"].entries("group:web") if entry.name == "guard"]
    assert (entry.depth, entry.local, entry.timeout, entry.dry_run) == (1.5, "group:web", 60, True)
    assert (entry.deliver, entry.after, entry.before) == (False, ("other",), ())
    assert entry.when is not None
    assert entry.when("tea", 3)
    assert not entry.when("coffee", 3)


def test_yaml_options_are_set_as_typed(loader: Loader, runtime: Runtime, write: Write, tmp_path: Path) -> None:
    """An option is read by its type, whether written as a word or as data, and belongs to the script."""
    runtime.defoption("shop-hours", list[int], [])
    runtime.defoption("shop-limit", int, 1)
    runtime.defoption("shop-home", Path, Path())
    write("init.d/20-x.yaml", "options:\n  shop-hours: [1, 2]\n  shop_limit: 7\n  shop-home: ~/x\n")
    assert not loader.load_init([tmp_path / "init.d"]).failed
    assert runtime.options["shop-hours"].value == [1, 2]
    assert runtime.options["shop-limit"].value == 7
    assert runtime.options["shop-home"].value == Path.home() / "x"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("hoks: {}", "1:1: a file has no key 'hoks'. Did you mean 'hooks'?"),
        ("- a", "1:1: here belongs a mapping"),
        ("hooks: [a]", "1:8: here belongs a mapping"),
        (
            "hooks:\n  post-order-hook:\n    - fuction: a",
            "3:7: an entry has no key 'fuction'. Did you mean 'function'?",
        ),
        ("hooks:\n  post-order-hook: {depth: 1}", "2:20: an entry has either a `function` or a `program`"),
        ("hooks:\n  post-order-hook: {function: a, program: b}", "2:20: an entry has either"),
        ("hooks:\n  post-order-hook: 7", "2:20: here belongs a mapping"),
        ("hooks:\n  post-order-hook: 'a b'", "2:20: a function is given by its name"),
        ("hooks:\n  post-order-hook: {function: a, depth: deep}", "2:41: depth: expected number, got 'deep'."),
        ("hooks:\n  post-order-hook: {function: a, timeout: -1}", "2:43: a time-out is longer than nothing"),
        ("hooks:\n  post-order-hook: {function: a, dry_run: 'yes'}", "2:43: dry_run: expected true or false"),
        (
            "hooks:\n  post-order-hook: {program: 'a \"b'}",
            "2:30: the command line cannot be split: no closing quotation",
        ),
        ("hooks:\n  post-order-hook: {program: []}", "2:30: a program has a name"),
        (
            "hooks:\n  post-order-hook: {function: a, when: 'item =='}",
            "2:40: `when` is not a Python expression: invalid",
        ),
        (
            "hooks:\n  post-order-hook: {function: a, when: 'itm'}",
            "2:20: `when` uses 'itm', which post-order-hook does not",
        ),
        ("hooks:\n  post-order-hook: {function: a, when: true}", "2:40: `when` is a Python expression"),
        ("options:\n  shop-limt: 3", "2:14: There is no option 'shop-limt'. Did you mean shop-limit?"),
        ("options:\n  shop-limit: many", "2:15: shop-limit: expected whole number, got 'many'."),
        ("require: 7", "1:10: here belongs a name"),
    ],
)
def test_yaml_mistake_is_told_with_line_and_column(
    loader: Loader, runtime: Runtime, write: Write, tmp_path: Path, text: str, says: str, state: State
) -> None:
    """A mistake in a file leaves nothing of the file, and says where it is and what was perhaps meant."""
    runtime.defoption("shop-limit", int, 1)
    before = state()
    file = write("init.d/20-x.yaml", text + "\n")
    (script,) = loader.load_init([tmp_path / "init.d"]).scripts
    assert script.status == "failed"
    place, _, what = says.partition(": ")
    assert f"{file}:{place}: init script 20-x.yaml is not loaded: {what}" in script.error
    assert state() == before


def test_yaml_condition_that_fails_names_its_line(
    loader: Loader, runtime: Runtime, write: Write, tmp_path: Path
) -> None:
    """The traceback of a condition leads into the YAML file; names of the runtime can be used in it."""
    write("init.d/10-x.py", "def is_bad(item): return item == 'coffee'\n")
    file = write(
        "init.d/20-x.yaml", "hooks:\n  pre-order-hook:\n    - function: a\n      when: is_bad(item) and item.nothing\n"
    )
    assert not loader.load_init([tmp_path / "init.d"]).failed
    when = runtime.hooks["pre-order-hook"].entries()[0].when
    assert when is not None
    assert not when("tea")
    with pytest.raises(AttributeError) as caught:
        when("coffee")
    assert (str(caught.traceback[-1].path), caught.traceback[-1].lineno + 1) == (str(file), 4)


def test_yaml_comments_instead_of_entries_are_nothing(loader: Loader, write: Write, tmp_path: Path) -> None:
    """A key whose entries are commented out says nothing, and a file of comments says nothing."""
    write("init.d/20-x.yaml", "hooks:\n  post-order-hook:\n  #  - a\nrequire:\noptions:\n")
    write("init.d/30-y.yaml", "# hooks: {}\n")
    assert statuses(loader, tmp_path / "init.d") == [("20-x.yaml", "ok"), ("30-y.yaml", "ok")]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every directory")
def test_load_init_unreadable_directory_is_a_failure(loader: Loader, tmp_path: Path) -> None:
    """A directory that cannot be listed could hold a policy."""
    (tmp_path / "init.d").mkdir(mode=0)
    assert statuses(loader, tmp_path / "init.d") == [("init.d", "failed")]


def test_load_init_function_is_for_embedders(runtime: Runtime, write: Write, tmp_path: Path) -> None:
    """Any Python program can give its users init scripts."""
    write("init.d/20-x.py", "x = 1\n")
    assert [script.status for script in load_init(runtime, tmp_path / "init.d").scripts] == ["ok"]
    assert runtime.namespace["x"] == 1


def test_init_directories_are_shipped_system_and_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The user's directory comes last, so it has the last word; a relative XDG path is ignored."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert init_directories() == (shipped("init.d"), Path("/etc/scirehooks/init.d"), tmp_path / "scirehooks" / "init.d")
    monkeypatch.setenv("XDG_CONFIG_HOME", "relative")
    assert init_directories()[-1] == Path.home() / ".config" / "scirehooks" / "init.d"
    assert shipped("init.d").is_dir()


def test_load_init_mark_that_cannot_be_applied_is_told_with_its_line(
    loader: Loader, write: Write, tmp_path: Path
) -> None:
    """A misspelt hook and a function that wants too much are told with the line of the function that is marked."""
    for number, mark, said in (
        ("40", "@on('pre-ordr-hook')\ndef guard(item): ...\n", "There is no hook 'pre-ordr-hook'. Did you mean"),
        ("50", "@on('pre-order-hook')\ndef guard(itm): ...\n", "'itm' is not in it and has no default"),
    ):
        file = write(f"init.d/{number}-bad.py", f"# a guard\n{mark}")
        (report,) = [script for script in loader.load_init([tmp_path / "init.d"]).failed if script.file == file]
        assert report.error.startswith(f"{file}:2: ")
        assert said in report.error


def test_refresh_init_loads_what_is_new_or_changed_and_unloads_what_is_gone(
    loader: Loader, runtime: Runtime, write: Write, tmp_path: Path
) -> None:
    """What has not changed is not run again, so what was done to its entries at the prompt stays."""
    add = "runs = globals().get('runs', 0) + 1\ndef kept(item): ...\nadd_hook('post-order-hook', kept)\n"
    write("init.d/10-kept.py", add)
    changed = write("init.d/20-changed.py", "@on('post-order-hook')\ndef old(item): ...\n")
    gone = write("init.d/30-gone.py", "@on('post-order-hook')\ndef gone(item): ...\ngift = 1\n")
    loader.load_init([tmp_path / "init.d"])
    runtime.history.begin()
    runtime.disable("post-order-hook", "kept")
    changed.write_text("@on('post-order-hook')\ndef new(item): ...\n")
    gone.unlink()
    write("init.d/40-added.py", "@on('post-order-hook', depth=90)\ndef added(item): ...\n")
    report = loader.refresh_init()
    assert [(script.file.name, script.status) for script in report.scripts] == [
        ("10-kept.py", "ok"), ("20-changed.py", "ok"), ("40-added.py", "ok"),
    ]  # fmt: skip
    states = {entry.label: entry.state for entry in runtime.hooks["post-order-hook"].entries()}
    assert states == {"kept": "disabled", "new": "active", "added": "active"}
    assert runtime.namespace["runs"] == 1
    assert "gift" not in runtime.namespace
    assert loader.report is report
    runtime.undo()
    assert runtime.hooks["post-order-hook"].find("kept").state == "active"
    with pytest.raises(ConflictError, match="nothing to undo"):  # who took back `gone` would contradict the files
        runtime.undo()


def test_refresh_init_of_a_script_that_fails_keeps_what_it_gave(
    loader: Loader, runtime: Runtime, write: Write, tmp_path: Path
) -> None:
    """The error is in the report, what was there goes on, and mended it is loaded at the next time."""
    file = write("init.d/20-guard.py", "@on('pre-order-hook')\ndef guard(item): ...\n")
    loader.load_init([tmp_path / "init.d"])
    file.write_text("@on('pre-order-hook')\ndef guard(item): ...\n1/0\n")
    (failed,) = loader.refresh_init().failed
    assert f"{file}:3" in failed.error
    assert [entry.label for entry in runtime.hooks["pre-order-hook"].entries()] == ["guard"]
    file.write_text("@on('pre-order-hook')\ndef better(item): ...\n")
    assert loader.refresh_init().failed == ()
    assert [entry.label for entry in runtime.hooks["pre-order-hook"].entries()] == ["better"]


def test_load_init_leaves_out_what_it_is_told_to_until_it_is_loaded_by_hand(
    loader: Loader, runtime: Runtime, write: Write, tmp_path: Path
) -> None:
    """It is in the report with the reason; looking again does not load it, `reload` does."""
    write("init.d/90-saved.py", "saved = 1\n")
    report = loader.load_init([tmp_path / "init.d"], leave_out={"90-saved": "the last start died"})
    assert [(script.status, script.error) for script in report.scripts] == [("failed", "the last start died")]
    assert loader.refresh_init().scripts == report.scripts
    assert "saved" not in runtime.namespace
    loader.reload("90-saved.py")
    assert runtime.namespace["saved"] == 1
    assert [script.status for script in loader.refresh_init().scripts] == ["ok"]


def test_load_init_strict_leaves_nothing_out(loader: Loader, write: Write, tmp_path: Path) -> None:
    """A guard may be in what was saved; the start ends rather than go on without."""
    file = write("init.d/90-saved.py", "saved = 1\n")
    with pytest.raises(LoadError, match=f"{file} is not loaded: the last start died"):
        loader.load_init([tmp_path / "init.d"], strict=True, leave_out={"90-saved": "the last start died"})


def test_load_init_only_loads_the_one_named(loader: Loader, runtime: Runtime, write: Write, tmp_path: Path) -> None:
    """One of the directories by its name, or a file that lies elsewhere; a misspelt one is refused with the nearest."""
    write("init.d/10-one.py", "one = 1\n")
    write("init.d/20-two.py", "two = 2\n")
    elsewhere = write("draft.py", "draft = 3\n")
    loader.load_init([tmp_path / "init.d"], only="20-two.py")
    assert ("one" in runtime.namespace, runtime.namespace["two"]) == (False, 2)
    loader.load_init([tmp_path / "init.d"], only=str(elsewhere))
    assert runtime.namespace["draft"] == 3
    with pytest.raises(UnknownNameError, match=r"Did you mean 20-two\.py"):
        loader.load_init([tmp_path / "init.d"], only="20-to.py")


def test_load_init_of_a_directory_that_is_not_there_is_an_error(runtime: Runtime, tmp_path: Path) -> None:
    """Whoever names one counts on what is in it: without it every guard would be off."""
    with pytest.raises(LoadError, match=r"nowhere: there is no such directory\.$"):
        load_init(runtime, tmp_path / "nowhere")
