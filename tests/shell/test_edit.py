"""`edit`: what an editor leaves is taken over, and what cannot be leaves the old one as it was."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from scirehooks.errors import LoadError
from scirehooks.hooks import BUILTIN, Runtime
from scirehooks.load import Loader, LoaderCommands
from scirehooks.shell import Session
from scirehooks.values import Values
from tests.shell.support import write

Say = Callable[[str], str]
Editor = Callable[[str, str], None]


@pytest.fixture
def loader(runtime: Runtime, values: Values, session: Session, tmp_path: Path) -> Loader:
    """A loader with a module path and a directory of init scripts."""
    for name in ("modules", "init.d"):
        (tmp_path / name).mkdir()
    loader = Loader(runtime, values, directories=[tmp_path / "modules"])
    values.provide(Loader, loader)
    runtime.define(LoaderCommands(loader), BUILTIN)
    return loader


@pytest.fixture
def editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Editor:
    """Let the editor be a program that replaces OLD by NEW in the file, and notes how it was called."""
    program = tmp_path / "editor.py"
    program.write_text(
        "import os, pathlib, sys\n"
        f"pathlib.Path({str(tmp_path / 'called')!r}).write_text(' '.join(sys.argv[1:]))\n"
        "file = pathlib.Path(sys.argv[-1])\n"
        "file.write_text(file.read_text().replace(os.environ['OLD'], os.environ['NEW']))\n"
    )
    monkeypatch.setenv("VISUAL", f"{sys.executable} {program}")

    def replace(old: str, new: str) -> None:
        monkeypatch.setenv("OLD", old)
        monkeypatch.setenv("NEW", new)

    replace("nothing like that", "")
    return replace


def test_edit_of_an_init_script_reloads_it(
    session: Session, runtime: Runtime, loader: Loader, editor: Editor, tmp_path: Path, say: Say
) -> None:
    """The editor opens at the function's line; what was written is in force when it is left."""
    script = write(tmp_path / "init.d" / "20-guard.py", "x = 1\n\ndef guard(order): return 1\n")
    loader.load_init([script.parent])
    assert say("edit 20-guard.py") == f"{script} is unchanged.\n"
    editor("return 1", "return 2")
    assert say("edit guard") == "Reloaded 20-guard.py.\n"
    assert (tmp_path / "called").read_text() == f"+3 {script}"
    assert runtime.namespace["guard"](None) == 2


def test_edit_that_cannot_be_loaded_keeps_the_old_one_and_says_how_to_go_on(
    session: Session, runtime: Runtime, loader: Loader, editor: Editor, tmp_path: Path
) -> None:
    """A typo in the editor does not switch a guard off."""
    module = write(tmp_path / "modules" / "wary.py", '"""Be wary."""\nLEVEL = 1\n')
    loader.load("wary")
    editor("LEVEL = 1", "LEVEL = 1 / 0")
    outcome = session.evaluate("edit wary")
    assert isinstance(outcome.error, LoadError)
    assert str(outcome.error).endswith("The old one goes on. To go on with it, type: edit wary")
    assert f"{module}:2" in str(outcome.error)
    assert vars(runtime.modules["wary"].module)["LEVEL"] == 1
    editor("LEVEL = 1 / 0", "LEVEL = 3")
    assert session.evaluate("edit wary").value == "Reloaded wary."
    assert vars(runtime.modules["wary"].module)["LEVEL"] == 3


def test_edit_of_a_typed_function_evaluates_what_was_written(
    session: Session, runtime: Runtime, editor: Editor, say: Say
) -> None:
    """It has no file of its own; a hook that holds it calls the new one."""
    say("def audit(order):\n    return 1\n")
    say("add-hook order-paid-hook audit")
    assert say("edit audit") == "audit is unchanged.\n"
    editor("return 1", "return 2")
    assert say("edit audit").startswith("audit is as you wrote it.")
    assert runtime.namespace["audit"](1) == 2
    assert session.evaluate("history return").value[-2:] == ["def audit(order):\n    return 2", "history return"]


def test_edit_of_a_typed_function_keeps_a_text_that_fails(
    session: Session, runtime: Runtime, editor: Editor, say: Say
) -> None:
    """What one has written is there when one goes on."""
    say("def audit(order):\n    return 1\n")
    editor("return 1", "return (1")
    said = say("edit audit")
    assert said.startswith("audit is as it was: SyntaxError:")
    assert "type: edit audit" in said
    assert runtime.namespace["audit"](1) == 1
    editor("return (1", "return 3")
    say("edit audit")
    assert runtime.namespace["audit"](1) == 3


def test_edit_of_another_file_only_edits_it(session: Session, loader: Loader, editor: Editor, tmp_path: Path) -> None:
    """A file that is not loaded stays so; one that could be is said to be a module."""
    other = write(tmp_path / "notes.py", "x = 1\n")
    write(tmp_path / "modules" / "fresh.py", '"""Fresh."""\n')
    editor("x = 1", "x = 2")
    assert session.evaluate(f"edit {other}").value.endswith("It is no module and no init script that is loaded.")
    editor("Fresh", "Fresher")
    assert session.evaluate("edit fresh").value.endswith("The module is not loaded; type: load fresh")


def test_edit_with_a_failing_editor_takes_nothing_over(
    session: Session, loader: Loader, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, say: Say
) -> None:
    """An editor that is not there, or is left with an error, changes nothing."""
    monkeypatch.setenv("VISUAL", "false")
    write(tmp_path / "init.d" / "20-guard.py", "x = 1\n")
    loader.load_init([tmp_path / "init.d"])
    assert "status 1" in say("edit 20-guard.py")
    assert say("edit nobody").startswith("There is no function, module or init script 'nobody'.")


def test_edit_falls_back_on_editor(
    session: Session, loader: Loader, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, say: Say
) -> None:
    """VISUAL first, then EDITOR, as everywhere."""
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", "true")
    script = write(tmp_path / "init.d" / "20-guard.py", "x = 1\n")
    loader.load_init([script.parent])
    assert say("edit 20-guard.py") == f"{script} is unchanged.\n"
