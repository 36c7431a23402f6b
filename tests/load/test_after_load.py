"""What is called when a module has been loaded, and hooks and commands around loading."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scirehooks.errors import RefusedError, UndefinedFunctionError, Veto
from scirehooks.hooks import Module, Owner, Runtime
from scirehooks.load import Loader, ModuleInfo, ScriptReport

TwiceAtOnce = Callable[[Callable[[str], Any]], Any]
Write = Callable[..., Path]


def test_after_load_runs_at_once_if_loaded_and_at_each_load(loader: Loader, runtime: Runtime, write: Write) -> None:
    """Emacs: it runs at once and is kept; again on loading anew, not on a load that changes nothing."""
    write("modules/my_mod.py", "")
    calls: list[object] = []
    loader.after_load("my-mod", lambda module: calls.append(module.name))
    loader.after_load("my-mod", lambda: calls.append("second"))
    assert calls == []
    loader.load("my-mod")
    assert calls == ["my_mod", "second"]
    loader.load("my-mod")
    assert len(calls) == 2
    loader.reload("my_mod")
    assert calls[2:] == ["my_mod", "second"]
    loader.unload("my_mod")
    loader.load("my_mod")
    assert calls[4:] == ["my_mod", "second"]
    loader.after_load("my_mod", lambda: calls.append("third"))
    assert calls[6:] == ["third"]


def test_after_load_same_function_twice_is_called_once(loader: Loader, runtime: Runtime, write: Write) -> None:
    """By name it binds late: what the name means when the module is loaded is called."""
    write("modules/m.py", "")
    calls: list[str] = []
    runtime.namespace["told"] = told = lambda: calls.append("old")
    told.__name__ = "told"
    loader.after_load("m", told)
    loader.after_load("m", "told")
    runtime.namespace["told"] = lambda: calls.append("new")
    loader.load("m")
    assert calls == ["new"]


def test_after_load_belongs_to_whoever_asks(loader: Loader, runtime: Runtime, write: Write) -> None:
    """It is in the namespace of init scripts, goes with them, and is not doubled when they are loaded anew."""
    calls: list[str] = []
    runtime.namespace["calls"] = calls
    write("modules/m.py", "")
    script = write("init.d/20-x.py", "after_load('m', lambda: calls.append('m'))\n")
    loader.load_init([script.parent])
    loader.reload("20-x.py")
    loader.load("m")
    assert calls == ["m"]
    script.write_text("")
    loader.reload("20-x.py")
    loader.reload("m")
    assert calls == ["m"]


def test_after_load_that_fails_leaves_the_module_loaded(loader: Loader, runtime: Runtime, write: Write) -> None:
    """As in Emacs: the error comes out of `load`, later functions are not called, the module stays."""
    write("modules/m.py", "")
    calls: list[str] = []
    loader.after_load("m", lambda: 1 / 0)
    loader.after_load("m", lambda: calls.append("never"))
    with pytest.raises(ZeroDivisionError) as caught:
        loader.load("m")
    assert "after_load" in caught.value.__notes__[0]
    assert "m" in runtime.modules
    assert calls == []
    with pytest.raises(UndefinedFunctionError, match="after_load m: the function 'nowhere' is not defined"):
        loader.after_load("m", "nowhere")
    with pytest.raises(TypeError, match="neither a function nor the name of one"):
        loader.after_load("m", 7)  # type: ignore[arg-type]  # that is what is tested


def test_after_load_can_be_undone(loader: Loader, runtime: Runtime, write: Write) -> None:
    """It is a change like any."""
    write("modules/m.py", "")
    calls: list[str] = []
    loader.after_load("m", lambda: calls.append("m"))
    assert "after m" in runtime.journal.records[-1].subject
    runtime.undo()
    loader.load("m")
    assert calls == []


# -- N9


def test_unload_break_glass_asks_nobody_and_is_logged(
    loader: Loader, runtime: Runtime, write: Write, caplog: pytest.LogCaptureFixture
) -> None:
    """A policy that keeps a module can be got rid of; it leaves a trace of who did it."""
    write("modules/base.py", "")
    write("modules/top.py", "REQUIRES = ('base',)\n")
    loader.load("top")

    def keep(module: Module) -> None:
        raise Veto("it stays")

    runtime.add_hook("pre-module-unload-hook", keep)
    unload = runtime.commands["unload"].function
    with pytest.raises(RefusedError, match="it stays"):
        unload("base", cascade=True)
    with runtime.owners.acting(Owner("session", "shell"), actor="anna"):
        assert unload("base", cascade=True, break_glass=True) == ["top", "base"]
    assert "anna (shell) unloads the module base by --break-glass: nobody was asked" in caplog.text
    assert not runtime.modules


@pytest.mark.parametrize("name", [
    "pre-module-load-hook", "post-module-load-hook", "pre-module-unload-hook", "post-module-unload-hook",
])  # fmt: skip
def test_hooks_of_loading_say_what_they_promise(loader: Loader, runtime: Runtime, name: str) -> None:
    """When, with what, what a result means, what an error does, where, since when; and an example."""
    doc = runtime.hooks[name].doc
    for part in ("error", "in the thread of whoever", "in no scope", "Since 0.1", f"Example: add-hook {name}"):
        assert part in doc


# -- commands


def test_load_of_a_changed_module_hints_at_reload(loader: Loader, runtime: Runtime, write: Write) -> None:
    """Loading leaves it as it is; the answer, and the list, say what to type."""
    write("modules/m.py", '"""One."""\n')
    load, modules, reload = (runtime.commands[name].function for name in ("load", "modules", "reload"))
    assert load("m").note == ""
    file = write("modules/m.py", '"""Two."""\n')
    assert load("m").note == "the file has changed since: reload m"
    assert [info.note for info in modules()] == ["the file has changed since: reload m"]
    done = reload("m")
    assert isinstance(done, ModuleInfo)
    assert (done.summary, done.note) == ("Two.", "")
    file.unlink()
    assert load("m").note == "the file has changed since: reload m"


def test_reload_command_takes_init_scripts_and_completes_both(loader: Loader, runtime: Runtime, write: Write) -> None:
    """One command for both kinds of files."""
    write("modules/m.py", "")
    script = write("init.d/20-x.py", "x = 1\n")
    loader.load_init([script.parent])
    loader.load("m")
    command = runtime.commands["reload"]
    assert [found.word for found in loader.values.candidates(command.parameters[0].annotation, "")] == ["m", "20-x.py"]
    assert isinstance(command.function("20-x.py"), ScriptReport)
    assert "Example: reload" in command.doc


def test_load_at_the_same_time_twice_is_a_conflict(loader: Loader, twice_at_once: TwiceAtOnce) -> None:
    """Two at once would make two of everything."""
    module = twice_at_once(loader.load)
    assert loader.load("m") is module
