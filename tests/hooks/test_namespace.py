from __future__ import annotations

import dataclasses
import gc
import pickle
import sys
import weakref
from typing import Any

import pytest

from scirehooks.errors import ConflictError, UndefinedFunctionError
from scirehooks.hooks import Origin, Owner, Place, Runtime
from scirehooks.testing import FakeClock
from tests.hooks.support import MODULE, OTHER, SESSION, Calls, DefHook


def run(runtime: Runtime, owner: Owner, text: str) -> None:
    """Run TEXT as OWNER's file, in the namespace."""
    file = owner.file or f"<{owner.name}>"
    runtime.owners.register(file, owner)
    exec(compile(text, file, "exec"), runtime.namespace.globals, runtime.namespace.view(owner))


def test_namespace_begins_with_what_init_scripts_use(runtime: Runtime) -> None:
    """The marks, the verdicts, the runtime and its methods are there without an import."""
    run(runtime, MODULE, "@on('hook-failure-hook')\ndef tell(error): ...\nadd_hook('hook-failure-hook', tell)")
    assert runtime.namespace["runtime"] is runtime
    assert "tell" in runtime.hooks["hook-failure-hook"]
    for name in ("Veto", "Defer", "GLOBAL", "option", "command", "effect", "option_change_hook"):
        assert name in runtime.namespace


def test_name_set_by_a_file_belongs_to_its_owner(runtime: Runtime) -> None:
    """What a file sets at top level is recorded with owner and place; functions see it as a global."""
    run(runtime, MODULE, "limit = 5\ndef over(n):\n    return n > limit")
    layer = runtime.namespace.definition("limit")
    assert layer is not None
    assert (layer.owner, layer.place) == (MODULE, Place("/modules/audit.py", 1))
    assert runtime.namespace["over"](6)
    assert runtime.journal.records[-1].subject == "name over"


def test_name_is_a_stack_of_definitions_by_owner(runtime: Runtime) -> None:
    """Withdrawing an owner takes its definition out, wherever it is; the one below shows again."""
    for owner, value in [(MODULE, 1), (OTHER, 2), (SESSION, 3)]:
        run(runtime, owner, f"x = {value}")
    runtime.withdraw(SESSION)
    assert runtime.namespace["x"] == 2
    runtime.withdraw(MODULE)
    assert runtime.namespace["x"] == 2
    runtime.withdraw(OTHER)
    assert "x" not in runtime.namespace


def test_name_set_to_the_same_again_makes_no_record(runtime: Runtime) -> None:
    """Setting a name to what it is already changes nothing, even through its advised form."""
    run(runtime, MODULE, "def f(): pass")
    runtime.advice_add("f", "before", lambda: None)
    records = len(runtime.journal.records)
    with runtime.owners.acting(OTHER):
        runtime.namespace["f"] = runtime.namespace["f"]
    assert len(runtime.journal.records) == records
    run(runtime, MODULE, "g = runtime")
    records = len(runtime.journal.records)
    run(runtime, MODULE, "g = runtime")
    assert len(runtime.journal.records) == records


def test_name_set_to_the_same_by_another_owner_outlives_the_first(runtime: Runtime) -> None:
    """Two owners may give a name the same value; when one goes, it is still the other's."""
    value = object()
    for owner in (MODULE, OTHER):
        runtime.namespace.view(owner)["x"] = value
    runtime.withdraw(MODULE)
    assert runtime.namespace["x"] is value


def test_names_of_a_session_are_its_own_business(runtime: Runtime) -> None:
    """What is set at a prompt makes no record, and undo passes it by."""
    records = len(runtime.journal.records)
    run(runtime, SESSION, "x = 1\nx = 2\ndel x\ny = 3")
    assert len(runtime.journal.records) == records
    assert runtime.namespace["y"] == 3


def test_variable_set_again_and_again_is_defined_once(runtime: Runtime) -> None:
    """A loop at the prompt uses up no numbers of the journal; where the name was set last is known all the same."""
    run(runtime, SESSION, "t = 0\nfor i in range(100):\n    t += i\nend = t")
    layer, end = runtime.namespace.definition("t"), runtime.namespace.definition("end")
    assert layer is not None
    assert end is not None
    assert end.id - layer.id == 2  # `i` lies between
    assert (layer.value, layer.owner, layer.place) == (4950, SESSION, Place("<alice>", 3))
    runtime.namespace.sweep(runtime.owners.origin())
    assert runtime.namespace.definition("t") is layer


def test_variable_set_again_after_a_change_is_defined_anew(runtime: Runtime) -> None:
    """An undo of what came between must find that the name has been changed since."""
    run(runtime, SESSION, "x = 1")
    run(runtime, MODULE, "x = 2")
    runtime.withdraw(MODULE)
    run(runtime, SESSION, "x = 3")
    with pytest.raises(ConflictError, match="name x has been changed since"):
        runtime.undo()
    assert runtime.namespace["x"] == 3


def test_variable_set_again_in_a_file_that_is_loaded_makes_one_record(runtime: Runtime) -> None:
    """A load of a file with a loop can be taken back and done again as a whole, however long the loop."""
    run(runtime, OTHER, "i = 'other'")
    records = len(runtime.journal.records)
    with runtime.transaction("load audit"):
        run(runtime, MODULE, "for i in range(100):\n    j = i")
    assert len(runtime.journal.records) == records + 2
    runtime.undo()
    assert runtime.namespace["i"] == "other"
    assert "j" not in runtime.namespace
    runtime.redo()
    assert (runtime.namespace["i"], runtime.namespace["j"]) == (99, 99)
    runtime.withdraw(MODULE)
    assert runtime.namespace["i"] == "other"


def test_variable_set_again_in_a_transaction_that_fails_is_what_it_was(runtime: Runtime) -> None:
    """What was set before a transaction, or before one inside it, is there again."""
    run(runtime, SESSION, "x = 1")
    with runtime.transaction("outer"):
        run(runtime, SESSION, "x = 2")
        with pytest.raises(ZeroDivisionError), runtime.transaction("inner"):
            run(runtime, SESSION, "x = 3\nx = 4\nx / 0")
        assert runtime.namespace["x"] == 2
    with pytest.raises(ZeroDivisionError), runtime.transaction("last"):
        run(runtime, SESSION, "x = 5\nx = 6\nx / 0")
    assert runtime.namespace["x"] == 2


def test_variable_set_again_from_elsewhere_is_defined_anew(runtime: Runtime) -> None:
    """Who set it, and where, is told of the file that did; one past the view, and one without a place, have none."""
    run(runtime, SESSION, "x = 1")
    view = runtime.namespace.view(SESSION)
    view["x"] = 2
    layer = runtime.namespace.definition("x")
    assert layer is not None
    assert (layer.value, layer.place and layer.place.file) == (2, __file__)
    runtime.namespace.globals["x"] = 3
    view["x"] = 4
    run(runtime, OTHER, "x = 5")
    view["x"] = 6
    assert [layer.value for layer in runtime.namespace._cells.stack("x")] == [4, 5, 6]
    runtime.namespace.define("x", 7, Origin(SESSION, None, ""))
    view["x"] = 8
    assert runtime.namespace.definition("x") is not None


def test_variable_that_becomes_a_function_is_defined(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """Late binding: a hook that holds a name calls what it means now, whatever it meant in between."""
    defhook(lambda what: None)
    runtime.namespace["note"] = calls.append
    run(runtime, SESSION, "def f(*args): note('one')\nadd_hook('test-hook', f)\nf = 1\nf = 2")
    run(runtime, SESSION, "f = 3\ndef f(*args): note('two')\n")
    runtime.hooks["test-hook"].run(1)
    assert calls == ["two"]


def test_names_of_a_module_come_back_when_its_unloading_is_undone(runtime: Runtime) -> None:
    """Unloaded from a session and brought back by undo, a module's names are there again."""
    run(runtime, MODULE, "x = 1")
    runtime.withdraw(MODULE)
    assert "x" not in runtime.namespace
    runtime.undo()
    assert runtime.namespace["x"] == 1
    runtime.redo()
    assert "x" not in runtime.namespace


def test_name_deleted_is_gone_until_its_deleter_is_withdrawn(runtime: Runtime) -> None:
    """Deleting hides what another owner defined; what is not there cannot be deleted."""
    run(runtime, MODULE, "x = 1")
    run(runtime, OTHER, "del x")
    assert "x" not in runtime.namespace
    with pytest.raises(KeyError):
        del runtime.namespace["x"]
    with pytest.raises(NameError):
        run(runtime, OTHER, "del x")
    runtime.withdraw(OTHER)
    assert runtime.namespace["x"] == 1


def test_name_that_is_no_string_is_refused(runtime: Runtime) -> None:
    """A namespace has names, nothing else."""
    with pytest.raises(TypeError, match="A name is a string, not 5"):
        runtime.namespace[5] = 1  # type: ignore[index]  # that is what is tested


def test_namespace_is_a_mapping_without_its_inner_names(runtime: Runtime) -> None:
    """Iteration and length leave out what Python keeps there."""
    before = len(runtime.namespace)
    runtime.namespace["x"] = 1
    assert len(runtime.namespace) == before + 1
    assert "x" in list(runtime.namespace)
    assert "__builtins__" not in list(runtime.namespace)
    assert repr(runtime.namespace).endswith(f": {before + 1} names>")
    view = runtime.namespace.view(MODULE)
    assert view["x"] == 1
    assert len(view) == before + 1
    assert set(view) == set(view.keys()) == set(runtime.namespace)


def test_view_acts_for_its_owner_whatever_file_is_on_the_stack(runtime: Runtime) -> None:
    """Code that runs for an owner sets names for it, from a file registered or not."""
    runtime.namespace.view(MODULE)["x"] = 1
    layer = runtime.namespace.definition("x")
    assert layer is not None
    assert layer.owner == MODULE
    assert layer.place is not None
    assert layer.place.file == __file__


def test_sweep_records_what_went_past_the_view(runtime: Runtime, defhook: DefHook) -> None:
    """`global x` in a function sets the plain dict; a sweep finds what was set so, or deleted, for its owner."""
    run(runtime, MODULE, "y = 2\nf = 1\ndef act():\n    global x, y, f\n    x = 1\n    del y\n    f = lambda: 3")
    hook = defhook(mode="until_success")
    runtime.add_hook(hook, "f")
    runtime.namespace["act"]()
    assert runtime.namespace["x"] == 1
    assert runtime.namespace.definition("x") is None
    assert runtime.namespace.definition("y") is None
    origin = runtime.owners.origin(owner=MODULE)
    runtime.namespace.sweep(origin)
    runtime.namespace.sweep(origin)
    layer = runtime.namespace.definition("x")
    assert layer is not None
    assert layer.owner == MODULE
    assert hook.run() == 3
    layer = runtime.namespace.definition("y")
    assert layer is None
    run(runtime, OTHER, "z = 1")
    del runtime.namespace.globals["z"]
    runtime.namespace.sweep(origin)
    assert runtime.journal.records[-1].what == "undefine"
    runtime.withdraw(MODULE)
    assert runtime.namespace["z"] == 1
    assert not {"x", "y", "f", "act"} & set(runtime.namespace)


def test_name_set_past_the_view_can_be_deleted(runtime: Runtime, defhook: DefHook) -> None:
    """What was never recorded goes without a record, and hooks that hold it see that."""
    hook = defhook(mode="until_success")
    runtime.add_hook(hook, "x")
    runtime.namespace.globals["x"] = lambda: 1
    assert hook.run() == 1
    records = len(runtime.journal.records)
    del runtime.namespace["x"]
    assert len(runtime.journal.records) == records
    with pytest.raises(UndefinedFunctionError):
        hook.run()


def test_name_redefined_changes_every_hook_that_holds_it(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """Setting a name replaces the function in all hooks; nothing is doubled."""
    hooks = [defhook(name=name) for name in ("one-hook", "two-hook")]
    for text in ("old", "new"):
        runtime.namespace["f"] = calls.function(text)
        for hook in hooks:
            runtime.add_hook(hook, "f")
    assert [list(hook) for hook in hooks] == [["f"], ["f"]]
    runtime.run_hooks(*hooks)
    assert calls == ["new", "new"]


def test_value_that_objects_to_being_asked_hinders_no_unload(runtime: Runtime) -> None:
    """A name may hold anything: a proxy that raises when it is touched is not touched."""

    class Proxy:
        def __getattr__(self, name: str) -> Any:
            raise RuntimeError("outside of a request")

    run(runtime, MODULE, "x = 1")
    runtime.namespace["proxy"] = Proxy()
    runtime.withdraw(MODULE)
    assert "proxy" in runtime.namespace
    assert "x" not in runtime.namespace


def test_value_that_says_it_has_an_owner_is_still_whose_it_is(runtime: Runtime) -> None:
    """A variable that happens to hold something of a module is not that module's."""

    class Thing:
        owner = MODULE

    runtime.namespace["thing"] = Thing()
    runtime.withdraw(MODULE)
    assert "thing" in runtime.namespace


# -- in sys.modules


def test_namespace_is_where_python_looks_for_the_module_of_a_class(runtime: Runtime) -> None:
    """Dataclasses, pickle and annotations find the names of a class defined in the namespace."""
    run(
        runtime,
        MODULE,
        "import dataclasses\n@dataclasses.dataclass\nclass Ticket:\n    number: 'Number'\nNumber = int",
    )
    made = runtime.namespace["Ticket"](5)
    assert pickle.loads(pickle.dumps(made)) == made
    assert [field.name for field in dataclasses.fields(made)] == ["number"]
    window = sys.modules[runtime.namespace.globals["__name__"]]
    assert window.Number is int
    assert vars(window)["Number"] is int
    with pytest.raises(AttributeError, match="has no name 'Unheard'"):
        window.Unheard  # noqa: B018 - that it raises is what is tested


def test_namespaces_of_one_name_have_modules_of_their_own() -> None:
    """Two runtimes of one name do not share a module; it goes with the runtime."""
    runtimes = [Runtime("twin", clock=FakeClock()) for _ in range(2)]
    names = [made.namespace.globals["__name__"] for made in runtimes]
    assert len(set(names)) == 2
    for name in names:
        assert name in sys.modules
    window = sys.modules[names[0]]
    gone = weakref.ref(runtimes[0].namespace)
    for made in runtimes:
        made.close()
    del made
    runtimes.clear()
    gc.collect()
    assert gone() is None
    assert not set(names) & sys.modules.keys()
    assert vars(window) == {}
