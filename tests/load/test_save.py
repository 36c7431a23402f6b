"""What was done at the prompt is told by `diff`, and after `save` and a restart it is there again."""

from __future__ import annotations

import os
import stat
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scirehooks.errors import ConflictError, LoadError, ScireError, UnsafeFileError, UsageError
from scirehooks.hooks import BUILTIN, Lease, Runtime
from scirehooks.load import JournalCommands, Loader, LoaderCommands, Saved
from scirehooks.shell import Session, furnish
from scirehooks.values import Values

Write = Callable[..., Path]

MODULE = """
from scirehooks.hooks import on, option
LIMIT = option(int, 5, doc="Most orders.")
@on("post-order-hook")
def count(item): ...
@on("post-order-hook", depth=10)
def tell(item): ...
"""
SCRIPT = """
def audit(item): return "audit"
def check(item): ...
add_hook("post-order-hook", audit)
add_hook("post-order-hook", check)
add_hook("post-order-hook", "late", 10)
add_hook("post-order-hook", lambda item: None, -10)
add_hook("post-order-hook", audit, local="web")
add_hook("pre-order-hook", check)
require("base")
"""


class System:
    """A runtime with a session, over a directory of modules and one of init scripts: what a restart makes anew."""

    def __init__(self, directory: Path, *, start: bool = True) -> None:
        self.directory = directory
        self.runtime = runtime = Runtime("shop")
        self.values = Values()
        furnish(runtime, self.values)

        @runtime.defhook(mode="ask", on_error="refuse", amend=("price",))
        def pre_order_hook(item: str, price: int = 1) -> None:
            """Asked before ITEM is ordered."""

        @runtime.defhook
        def post_order_hook(item: str, price: int = 1) -> None:
            """Fires after ITEM has been ordered."""

        runtime.defoption("shop-hours", list[int], [])
        runtime.defoption("shop-name", str, "")
        runtime.defoption("shop-rate", float, 1.0)
        self.loader = Loader(runtime, self.values, directories=[directory / "modules"])
        self.commands = JournalCommands(self.loader)
        for commands in (LoaderCommands(self.loader), self.commands):
            runtime.define(commands, BUILTIN)
        self.session = Session(runtime, self.values, actor="anna")
        if start:
            report = self.loader.load_init([directory / "init.d"])
            assert not report.failed, report.failed

    def close(self) -> None:
        """End it."""
        self.session.close()
        self.runtime.close()

    def say(self, text: str) -> Any:
        """Type TEXT at the prompt, and return the value."""
        outcome = self.session.evaluate(textwrap.dedent(text))
        if outcome.error is not None:
            raise outcome.error
        return outcome.value

    def described(self) -> dict[str, object]:
        """Return all that should be the same after a restart."""
        runtime = self.runtime
        return {
            "hooks": {
                (name, scope): [
                    (
                        entry.name or getattr(entry.held, "argv", entry.label),
                        entry.depth, entry.state, entry.before,
                        entry.after, entry.timeout, entry.dry_run, entry.deliver, entry.function is None,
                    )
                    for entry in hook.entries(scope)
                ]
                for name, hook in runtime.hooks.items()
                for scope in (None, *hook.locals)
            },
            "rules": {name: (str(hook.payload), hook.mode, hook.on_error) for name, hook in runtime.hooks.items()},
            "options": {name: option.value for name, option in runtime.options.items()},
            "modules": sorted(runtime.modules),
            "advice": [
                (advice.target, advice.how, advice.label)
                for target in ("audit", "check", "mine")
                for advice in runtime.namespace.advice.of(target)
            ],
        }  # fmt: skip


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """The directories of modules and init scripts, with something in each."""
    (tmp_path / "modules").mkdir()
    (tmp_path / "init.d").mkdir()
    (tmp_path / "modules/base.py").write_text(MODULE)
    (tmp_path / "modules/extra.py").write_text(MODULE)
    (tmp_path / "init.d/20-shop.py").write_text(SCRIPT)
    (tmp_path / "init.d/30-more.yaml").write_text("options: {shop-name: corner}\nhooks: {pre-order-hook: last_word}\n")
    return tmp_path


@contextmanager
def running(directory: Path, **how: Any) -> Iterator[System]:
    system = System(directory, **how)
    try:
        yield system
    finally:
        system.close()


def lines(differences: Any) -> list[str]:
    return [" ".join(part for part in (d.kind, d.change, d.subject, d.before, d.after) if part) for d in differences]


def restarted(directory: Path, system: System) -> None:
    """Check that a system started over DIRECTORY is as SYSTEM is, and differs in nothing from its init scripts."""
    with running(directory) as fresh:
        assert fresh.described() == system.described()
        assert fresh.say("diff") == []
        assert fresh.loader.report.failed == ()


def test_diff_of_a_fresh_start_is_empty(directory: Path) -> None:
    """What init scripts and the program itself did is no difference, and nothing is written for nothing."""
    with running(directory) as system:
        assert system.say("diff") == []
        assert system.say("save") == Saved((), (), ())
        assert not list((directory / "init.d").glob("90-saved*"))


def test_save_and_restart_gives_the_same_state(directory: Path) -> None:
    """Every kind of change that can be made at the prompt is there again."""
    with running(directory) as system:
        for line in (
            "load extra",
            "add-hook post-order-hook somebody --depth 3",
            "move_hook('post-order-hook', 'check', 5)",
            "runtime.disable('post-order-hook', 'audit')",
            "runtime.disable('pre-order-hook', 'check')",
            "remove-hook post-order-hook base.tell",
            "move_hook('post-order-hook', '20-shop.py:7', 1)",
            "add-hook post-order-hook audit --local shop --timeout 2.5 --dry-run",
            "add_hook('post-order-hook', 'after_audit', local='shop', after='audit')",
            "runtime.move_hook('post-order-hook', 'audit', 4, local='web')",
            "set-option shop-hours 1,2",
            "set-option shop-rate 5",
            "set-option shop-name no",
            "set-option extra-limit 9",
            "runtime.defalias_hook('order-done-hook', 'post-order-hook')",
            "unload base",
            "runtime.advice_add('check', 'before', 'watch')",
            "runtime.advice_add('check', 'around', 'watch_too', name='w', depth=-3)",
        ):
            system.say(line)
        told = system.say("diff")
        saved = system.say("save")
        assert saved.not_saved == ()
        assert list(saved.differences) == told
        assert [file.name for file in saved.files] == ["90-saved.yaml"]
        assert system.say("diff") == []
        restarted(directory, system)
        assert system.runtime.hooks["order-done-hook"].name == "post-order-hook"
    assert "module loaded extra" in lines(told)
    assert "module unloaded base" in lines(told)
    assert "entry moved check in post-order-hook depth 0 depth 5" in lines(told)
    assert "entry disabled audit in post-order-hook active disabled" in lines(told)
    assert "option set shop-hours [] [1, 2]" in lines(told)
    assert "alias added order-done-hook post-order-hook" in lines(told)
    assert "advice added watch on check before, depth 0" in lines(told)


def test_save_writes_functions_with_all_that_they_need(directory: Path) -> None:
    """Helpers, imports, tables, hooks and commands that were typed, too; what the file has already stays in it."""
    with running(directory) as system:
        system.say("import json as js")
        system.say("BANNED = {'beer'}")
        system.say("BANNED.add('gin')")
        system.say("""
            def is_banned(item):
                # Whoever reads this:
                return js.loads(js.dumps(item)) in BANNED
        """)
        system.say("""
            @effect
            def ring(why): ...
        """)
        system.say("""
            @on("post-order-hook")
            def guard(item):
                if is_banned(item):
                    ring("no")
                    raise Veto(f"no {item}")
        """)
        system.say("""
            @defhook(mode="fold")
            def price_hook(price: int, item=None):
                '''Makes the PRICE of "ITEM".'''
        """)
        system.say("def dearer(price): return price + 1")
        system.say("""
            def greet(name: str) -> str:
                "Greet NAME."
                return name
        """)
        system.say("runtime.define_command('greet', greet)")
        system.say("add-hook pre-order-hook guard --depth -5")
        system.say("add-hook price-hook dearer")
        assert "function defined guard shell:6:3" in lines(system.say("diff"))
        saved = system.say("save")
        assert saved.not_saved == ()
        assert [file.name for file in saved.files] == ["90-saved.py", "90-saved.yaml"]
        text = (directory / "init.d/90-saved.py").read_text()
        assert "# Whoever reads this:" in text
        assert "@on" not in text
        assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in saved.files)
        restarted(directory, system)
    with running(directory) as system:
        assert system.runtime.hooks["pre-order-hook"].run("gin").reason == "no gin"
        assert system.runtime.hooks["price-hook"].run(1) == 2
        assert system.say("greet anna") == "anna"
        # Defined once more at the prompt, and something beside it.
        system.say("def dearer(price): return price + 5")
        file = directory / "init.d/90-saved.py"
        file.write_text(file.read_text() + "\nmine = 1\n")
        with pytest.raises(ConflictError, match=r"90-saved\.py is not what was loaded.* reload 90-saved\.py"):
            system.say("save")
        system.say("reload 90-saved.py")
        system.say("def dearer(price): return price + 7")
        assert [(d.kind, d.subject) for d in system.say("diff")] == [("function", "dearer")]
        system.say("save")
        assert system.say("diff") == []
        text = file.read_text()
        assert text.count("def dearer") == 1
        assert "mine = 1" in text
        restarted(directory, system)
    with running(directory) as system:
        assert system.runtime.hooks["price-hook"].run(1) == 8


def test_save_merges_with_what_was_saved_before(directory: Path) -> None:
    """The second session's changes come to those of the first; what is taken back is gone."""
    with running(directory) as system:
        system.say("add-hook post-order-hook one")
        system.say("add-hook post-order-hook two")
        system.say("remove-hook post-order-hook check")
        system.say("save")
    with running(directory) as system:
        system.say("add-hook post-order-hook three")
        system.say("remove-hook post-order-hook one")
        system.say("runtime.disable('post-order-hook', 'two')")
        system.say("add-hook post-order-hook check --depth 7")
        assert sorted(lines(system.say("diff"))) == [
            "entry added check in post-order-hook depth 7",
            "entry added three in post-order-hook depth 0",
            "entry disabled two in post-order-hook active disabled",
            "entry removed one in post-order-hook depth 0",
        ]
        system.say("save")
        restarted(directory, system)
    with running(directory) as system:
        for name in ("two", "three", "check"):
            system.say(f"remove-hook post-order-hook {name}")
        system.say("runtime.add_hook('post-order-hook', check)")
        system.say("save")
        restarted(directory, system)


def test_save_then_undo_is_a_difference_again(directory: Path) -> None:
    """The file has it, the live state not: `diff` says so, and saving once more makes them agree."""
    with running(directory) as system:
        system.say("runtime.disable('post-order-hook', 'check')")
        system.say("add-hook post-order-hook one")
        system.say("save")
        assert system.say("undo").what == "add-hook"
        system.say("undo")
        assert sorted(lines(system.say("diff"))) == [
            "entry enabled check in post-order-hook disabled active",
            "entry removed one in post-order-hook depth 0",
        ]
        system.say("redo")
        assert lines(system.say("diff")) == ["entry removed one in post-order-hook depth 0"]
        system.say("save")
        assert system.say("diff") == []
        restarted(directory, system)


def test_save_lists_what_cannot_be_saved(directory: Path) -> None:
    """Closures, lambdas, conditions, leases: each with its reason; a guard without its function is not written."""
    with running(directory) as system:
        system.say("""
            def made(limit):
                def closed(item):
                    return limit
                return closed
        """)
        system.say("closed = made(3)")
        system.say("closed.__name__ = 'closed'")
        system.say("add_hook('pre-order-hook', closed)")
        system.say("add_hook('post-order-hook', lambda item: None)")
        system.say("def named(item): return handle")
        system.say("runtime.namespace['handle'] = object()")
        system.say("add_hook('post-order-hook', named)")
        system.say("add_hook('post-order-hook', 'conditional', when=lambda item: True)")
        system.say("add_hook('post-order-hook', 'scoped', local=('a', 1))")
        system.runtime.namespace.globals["Lease"] = Lease
        system.say("runtime.add_hook('post-order-hook', 'leased', until=Lease(calls=3))")
        system.say("runtime.defoption('typed', int, 1)")
        system.say("runtime.advice_add('audit', 'before', lambda item: None)")
        system.say("add-hook post-order-hook fine")
        saved = system.say("save")
        assert sorted((d.subject, d.note) for d in saved.not_saved) == sorted([
            ("closed in pre-order-hook", "it is a closure"),
            ("closed", "it is a closure"),
            ("shell:5 in post-order-hook", "the function is held as an object, not by its name"),
            ("named in post-order-hook", "it needs handle: its text is not known"),
            ("named", "it needs handle: its text is not known"),
            ("conditional in post-order-hook", "its condition is a function"),
            ("scoped in post-order-hook for ('a', 1)", "its scope is no text"),
            ("leased in post-order-hook", "it goes by itself"),
            ("typed", "there are no words for it"),
            ("shell:13 on audit", "the function is held as an object, not by its name"),
        ])  # fmt: skip
    with running(directory) as system:
        assert (
            system.runtime.hooks["pre-order-hook"]
            .run("tea")
            .reason.startswith("it failed: pre-order-hook: the function")
        )
        assert "fine" in system.runtime.hooks["post-order-hook"]


def test_save_refuses_what_would_be_lost_or_could_be_changed(directory: Path) -> None:
    """A saved file that was not read is not overwritten, and nothing is written where others could write."""
    with running(directory) as system:
        system.say("add-hook post-order-hook one")
        system.say("save")
        (directory / "init.d").chmod(0o777)
        with pytest.raises(UnsafeFileError, match=r"90-saved\.yaml: others can write .*chmod go-w"):
            system.say("save")  # what is there already would not be loaded
        (directory / "init.d").chmod(0o755)
    with running(directory, start=False) as system:
        system.loader.scripts.directories = (directory / "init.d",)
        system.say("add-hook post-order-hook two")
        with pytest.raises(ConflictError, match=r"90-saved\.yaml is not what was loaded, and would be lost"):
            system.say("save")
        (directory / "open").mkdir(mode=0o777)
        (directory / "open").chmod(0o777)
        with pytest.raises(UnsafeFileError, match="chmod go-w"):
            system.say(f"save {directory / 'open'}")
        assert not list((directory / "open").iterdir())
        with pytest.raises(ScireError, match="cannot be written"):
            system.say(f"save {directory / 'init.d/20-shop.py'}")
        saved = system.say(f"save {directory / 'new/deep'}")
        assert [file.parent for file in saved.files] == [directory / "new/deep"]
        assert stat.S_IMODE((directory / "new/deep").stat().st_mode) == 0o700


def test_save_that_is_interrupted_leaves_the_old_file(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until the very last step the old file is there, whole; no half of a new one is left beside it."""
    with running(directory) as system:
        system.say("add-hook post-order-hook one")
        system.say("save")
        before = (directory / "init.d/90-saved.yaml").read_bytes()
        system.say("add-hook post-order-hook two")

        def fail(*_args: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "rename", fail)
        with pytest.raises(ScireError, match=r"90-saved\.yaml cannot be written: No space left on device"):
            system.say("save")
        assert (directory / "init.d/90-saved.yaml").read_bytes() == before
        assert not list((directory / "init.d").glob(".*"))
        assert lines(system.say("diff")) == ["entry added two in post-order-hook depth 0"]


def test_save_is_read_although_a_script_has_changed_meanwhile(directory: Path) -> None:
    """What the file speaks of and is no longer there is passed over, and told; the rest counts."""
    with running(directory) as system:
        system.say("load extra")
        system.say("set-option extra-limit 8")
        system.say("runtime.disable('post-order-hook', '20-shop.py:7')")
        system.say("remove-hook post-order-hook check")
        system.say("add-hook post-order-hook fine")
        system.say("save")
    (directory / "init.d/20-shop.py").write_text("\n\n\n")
    (directory / "modules/extra.py").unlink()
    with running(directory) as system:
        (report,) = [script for script in system.loader.report.scripts if script.file.name == "90-saved.yaml"]
        assert report.status == "ok"
        for part in ("There is no module 'extra'", "option 'extra-limit'", "'20-shop.py:7'", "'check'"):
            assert part in report.error
        assert [entry.label for entry in system.runtime.hooks["post-order-hook"].entries()] == ["fine"]


def test_diff_knows_what_a_session_redefined(directory: Path) -> None:
    """A function of an init script that was typed anew is what the hook calls: it is told and saved."""
    with running(directory) as system:
        system.say("def audit(item): return 'typed'")
        assert lines(system.say("diff")) == ["function defined audit shell:1"]
        system.say("save")
    with running(directory) as system:
        assert system.runtime.namespace["audit"]("tea") == "typed"


# -- the journal


def test_journal_lists_acts_and_who_did_them(directory: Path) -> None:
    """One load is one line, whatever it changed."""
    with running(directory) as system:
        system.say("load extra")
        system.say("add-hook post-order-hook one")
        rows = system.say("journal --last 2")
        assert [(row.what, row.actor) for row in rows] == [("load extra", "anna"), ("add-hook", "anna")]
        assert "one in post-order-hook" in rows[1].changed
        assert "extra.count in post-order-hook" in rows[0].changed
        assert [row.changed for row in system.say("journal one")] == [("one in post-order-hook",)]
        assert system.say("journal no-such-word") == []
        with pytest.raises(UsageError, match="number from 1 up"):
            system.say("journal --last 0")


def test_undo_and_redo_answer_with_what_they_did(directory: Path) -> None:
    """The start is never undone; one may undo the latest of somebody."""
    with running(directory) as system:
        with pytest.raises(ConflictError, match="nothing to undo"):
            system.say("undo")
        system.say("load extra")
        system.say("add-hook post-order-hook one")
        with system.runtime.owners.acting(system.session.owner, actor="bert"):
            system.runtime.add_hook("post-order-hook", "two")
        row = system.say("undo anna")
        assert row.changed == ("one in post-order-hook",)
        system.say("undo anna")
        assert "extra" not in system.runtime.modules
        assert "two" in system.runtime.hooks["post-order-hook"]
        assert system.say("redo").changed
        assert "extra" in system.runtime.modules
        system.say("undo bert")
        assert "two" not in system.runtime.hooks["post-order-hook"]


def test_undo_and_redo_of_loads_set_up_and_tear_down(directory: Path) -> None:
    """What comes back works, whichever way it comes."""
    (directory / "modules/line.py").write_text(
        "state = []\ndef setup(runtime): state.append('up')\ndef teardown(runtime): state.append('down')\n"
    )
    with running(directory) as system:
        system.say("load line")
        state: list[str] = vars(system.runtime.modules["line"].module)["state"]
        for line in ("undo", "redo", "unload line", "undo"):
            system.say(line)
        assert state == ["up", "down", "up", "down", "up"]


def test_undo_in_a_batch_takes_back_what_others_did_only_if_it_says_whose(directory: Path) -> None:
    """Who types sees what others do; a batch has seen nothing of it."""
    with running(directory) as system:
        batch = Session(system.runtime, system.values, name="batch", actor="".join(["an", "na"]))

        def undo(text: str) -> BaseException | None:
            return batch.evaluate(text).error

        system.say("add-hook post-order-hook one")
        error = undo("undo")
        assert isinstance(error, ConflictError)
        assert str(error) == (
            "The latest change is add-hook (one in post-order-hook) of shell, which this batch has not seen. "
            "To take it back all the same, type: undo shell"
        )
        assert batch.evaluate("load extra").error is None
        assert undo("undo") is None
        assert "extra" not in system.runtime.modules
        assert isinstance(undo("undo"), ConflictError)
        assert undo("undo shell") is None
        assert "one" not in system.runtime.hooks["post-order-hook"]
        other = Session(system.runtime, system.values, name="batch", actor="".join(["an", "na"]))
        assert other.evaluate("add-hook post-order-hook one").error is None
        with pytest.raises(ConflictError, match=r"of batch, which this batch has not seen.* type: undo batch"):
            raise undo("undo") or AssertionError


def test_redo_in_a_batch_does_again_only_what_a_batch_has_undone(directory: Path) -> None:
    """Somebody who took something back a moment ago had his reason, and the batch does not know it."""
    with running(directory) as system:
        batch = Session(system.runtime, system.values, name="batch", actor="".join(["an", "na"]))
        system.say("add-hook post-order-hook one")
        assert batch.evaluate("undo shell").error is None
        assert batch.evaluate("redo").error is None
        assert "one" in system.runtime.hooks["post-order-hook"]
        system.say("undo")
        error = batch.evaluate("redo").error
        assert isinstance(error, ConflictError)
        assert str(error) == (
            "The latest change is undo add-hook (one in post-order-hook) of shell, which this batch has not seen. "
            "To do it again, type redo in a shell."
        )
        assert "one" not in system.runtime.hooks["post-order-hook"]


# -- everything at random


NAMES = ("audit", "check", "late", "one", "two", "three")
REFS = (*NAMES, "base.count", "base.tell", "extra.count", "extra.tell", "20-shop.py:7", "last_word")
hooks = st.sampled_from(["post-order-hook", "pre-order-hook"])
scopes = st.sampled_from([None, None, "web"])
depths = st.sampled_from([0, 0, 0, 5, 10, -10, 1.5])
acts = st.one_of(
    st.tuples(st.just("add"), hooks, st.sampled_from(NAMES), depths, scopes),
    st.tuples(st.just("remove"), hooks, st.sampled_from(REFS), scopes),
    st.tuples(st.just("move"), hooks, st.sampled_from(REFS), depths, scopes),
    st.tuples(st.just("switch"), hooks, st.sampled_from(REFS), st.booleans(), scopes),
    st.tuples(st.just("set"), st.sampled_from(["shop-name", "base-limit"]), st.sampled_from(["7", "8"])),
    st.tuples(st.just("load"), st.sampled_from(["base", "extra"])),
    st.tuples(st.just("unload"), st.sampled_from(["base", "extra"])),
    st.tuples(st.just("define"), st.sampled_from(NAMES)),
    st.tuples(st.just("undo")),
    st.tuples(st.just("reload"), st.sampled_from(["base", "extra", "20-shop.py"])),
    st.tuples(st.just("save")),
)


def act(system: System, what: str, *how: Any) -> None:
    """Do WHAT at the prompt; what cannot be done is not done."""
    try:
        if what == "add":
            hook, name, depth, local = how
            system.say(f"add_hook({hook!r}, {name!r}, {depth!r}, local={local!r})")
        elif what == "remove":
            system.say(f"remove_hook({how[0]!r}, {how[1]!r}, local={how[2]!r})")
        elif what == "move":
            system.say(f"move_hook({how[0]!r}, {how[1]!r}, {how[2]!r}, local={how[3]!r})")
        elif what == "switch":
            word = "enable" if how[2] else "disable"
            system.say(f"runtime.{word}({how[0]!r}, {how[1]!r}, local={how[3]!r})")
        elif what == "set":
            system.say(f"set-option {how[0]} {how[1]}")
        elif what == "define":
            system.say(f"def {how[0]}(item): return 'typed'")
        else:
            system.say(" ".join([what, *how]))
    except (ScireError, LoadError):
        return


@given(st.lists(acts, max_size=12), st.lists(acts, max_size=8))
def test_save_and_restart_whatever_was_done(
    tmp_path_factory: pytest.TempPathFactory, first: list[Any], second: list[Any]
) -> None:
    """Two sessions, one after the other, each saved at its end: a restart gives what each left."""
    directory = tmp_path_factory.mktemp("shop")
    for name, text in (("modules/base.py", MODULE), ("modules/extra.py", MODULE), ("init.d/20-shop.py", SCRIPT)):
        (directory / name).parent.mkdir(exist_ok=True)
        (directory / name).write_text(text)
    for session in (first, second):
        with running(directory) as system:
            for one in session:
                act(system, *one)
            saved = system.say("save")
            assert saved.not_saved == ()
            assert system.say("diff") == []
            restarted(directory, system)


def test_save_keeps_what_was_written_into_the_file_by_hand(directory: Path) -> None:
    """Conditions, programs and labels of `90-saved.yaml` are written again as they were."""
    (directory / "init.d/90-saved.yaml").write_text(
        textwrap.dedent("""\
            # Mine.
            hooks:
              post-order-hook:
                - {program: [/bin/true, "a b"], timeout: 7s, depth: 3}
                - {function: by_hand, when: "item == 'tea' and price > 1", label: hand, deliver: true}
            advice:
              audit:
                - {function: watch, how: before, depth: 2.5}
            """)
    )
    with running(directory) as system:
        system.say("add-hook post-order-hook typed")
        system.say("runtime.advice_add('audit', 'after', 'watch', name='w')")
        system.say("save")
    text = (directory / "init.d/90-saved.yaml").read_text()
    assert "Mine" not in text
    with running(directory) as system:
        by_hand = system.runtime.find_entry("post-order-hook", "hand")
        assert by_hand.when is not None
        assert [by_hand.when("tea", 2), by_hand.when("tea", 1)] == [True, False]
        assert (by_hand.name, by_hand.deliver) == ("by_hand", True)
        (program,) = [entry.held for entry in system.runtime.hooks["post-order-hook"].entries() if entry.depth == 3]
        assert (program.argv, program.timeout) == (("/bin/true", "a b"), 7)
        assert [advice.label for advice in system.runtime.namespace.advice.of("audit")] == ["w", "watch"]
        system.say("runtime.advice_remove('audit', 'watch')")
        system.say("save")
        restarted(directory, system)


def test_save_takes_advice_of_init_scripts_off(directory: Path) -> None:
    """What another script put around a function stays off."""
    (directory / "init.d/40-advice.py").write_text("runtime.advice_add('audit', 'before', 'watch')\n")
    with running(directory) as system:
        system.say("runtime.advice_remove('audit', 'watch')")
        assert lines(system.say("diff")) == ["advice removed watch on audit before, depth 0"]
        system.say("save")
        restarted(directory, system)


def test_save_option_that_cannot_be_written_down_is_listed(directory: Path) -> None:
    """A value that would be read back as another one is no value to save."""
    with running(directory) as system:
        system.runtime.defoption("shop-any", object, None, owner=BUILTIN)
        system.say("set_option('shop-any', print)")
        (difference,) = system.say("save").not_saved
        assert (difference.subject, difference.note.startswith("its value cannot be written down")) == (
            "shop-any",
            True,
        )


def test_save_without_a_directory_is_in_that_of_the_user(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With no init scripts read, the user's own directory is the place."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(directory / "config"))
    with running(directory, start=False) as system:
        system.say("add-hook post-order-hook one")
        (file,) = system.say("save").files
    assert file == directory / "config/scirehooks/init.d/90-saved.yaml"


def test_save_names_a_module_by_its_file_where_its_name_leads_nowhere(directory: Path) -> None:
    """A module that was loaded from a file is found again."""
    (directory / "own").mkdir()
    (directory / "own/mine.py").write_text(MODULE)
    with running(directory) as system:
        system.say(f"load {directory / 'own/mine.py'}")
        system.say("save")
        restarted(directory, system)
