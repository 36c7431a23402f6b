"""Whatever several owners do, in any order, ends in the model's state; undone, everything is as it was."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Hashable
from typing import Any, NamedTuple

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from scirehooks.errors import ConflictError
from scirehooks.hooks import BUILTIN, GLOBAL, Origin, Owner, Runtime, marks_of
from scirehooks.hooks.marks import option
from scirehooks.testing import FakeClock
from tests.hooks.support import MODULE, OTHER, SESSION, Calls, module

HOOKS = ("one-hook", "two-hook")
SESSIONS = (SESSION, Owner("session", "bob"))
MODULES = (MODULE, OTHER)

TEXT = """
from scirehooks.hooks import command, on, option

LIMIT = option(int, 5)

def make(name):
    def closure():
        calls.append(f"{name} {version}")
    return closure

for hook, depth in [("one-hook", 0), ("two-hook", 5)]:
    on(hook, depth=depth, label=f"closure-{hook}-" + owner)(made := make(hook))
    made.__module__ = __name__
    globals()["closure_" + hook] = made

@on("one-hook", depth=5)
def tell():
    calls.append(f"{owner} tell {version}")

def _command():
    calls.append("command")

_command.__name__ = owner + "_all"
globals()[owner + "_all"] = command(_command)
del _command, made, depth, hook
"""


class Value(NamedTuple):
    """What a layer holds: whose thing, and what is to be seen of it."""

    owner: Owner | None
    seen: Any


class Entry(NamedTuple):
    """What is to be seen of an entry."""

    label: str
    depth: float
    rank: int
    state: str


Layer = tuple[Owner, Value | None]
State = dict[Hashable, tuple[Layer, ...]]


def settled(stack: tuple[Layer, ...]) -> tuple[Layer, ...]:
    """Drop what says "nothing" from the bottom."""
    while stack and stack[0][1] is None:
        stack = stack[1:]
    return stack


class Model:
    """Cells with a layer for each owner; a history of whole states."""

    def __init__(self) -> None:
        self.cells: State = {}
        self.done: list[State] = []
        self.undone: list[State] = []

    def top(self, key: Hashable) -> Value | None:
        """Return what a cell shows."""
        stack = self.cells.get(key, ())
        return stack[-1][1] if stack else None

    def begin(self) -> None:
        """Begin a change that can be undone."""
        self.done.append(dict(self.cells))
        self.undone.clear()

    def set(self, key: Hashable, owner: Owner, value: Value | None) -> None:
        """Put a layer on top, in place of the owner's own if that is on top."""
        stack = self.cells.get(key, ())
        below = stack[:-1] if stack and stack[-1][0] == owner else stack
        self._put(key, (*below, (owner, value)))

    def _put(self, key: Hashable, stack: tuple[Layer, ...]) -> None:
        stack = settled(stack)
        if stack:
            self.cells[key] = stack
        else:
            self.cells.pop(key, None)

    def withdraw(self, owner: Owner) -> None:
        """Take out an owner's layers, and layers that hold its things."""
        for key, stack in list(self.cells.items()):
            self._put(
                key,
                tuple(layer for layer in stack if layer[0] != owner and (layer[1] is None or layer[1].owner != owner)),
            )

    def of(self, *prefix: Hashable) -> list[tuple[Any, Value]]:
        """Return keys and values of the cells whose keys begin so, and that show something."""
        found = [(key, self.top(key)) for key in self.cells if isinstance(key, tuple) and key[: len(prefix)] == prefix]
        return [(key, value) for key, value in found if value is not None]


class RuntimeMachine(RuleBasedStateMachine):
    """A runtime, its model, and what sessions and modules do to both."""

    generating = True

    @initialize()
    def start(self) -> None:
        """Begin with two empty hooks, an advised function held by name, and an option."""
        self.calls = Calls()
        self.runtime = Runtime("test", clock=FakeClock(), generating=self.generating)
        self.hooks = [self.runtime.declare(name, inspect.Signature(), owner=BUILTIN) for name in HOOKS]
        self.functions = [self.calls.function(f"f{n}") for n in range(4)]
        self.advice = [self.calls.function(f"advice-{n}") for n in range(2)]
        self.loaded: dict[Owner, int] = {}
        self.version = self.sequence = 0
        self.model = Model()
        origin = Origin(BUILTIN, None, "")
        self.runtime.namespace.define("target", self.calls.function("target"), origin)
        self.runtime.defoption("limit", int, 1, owner=BUILTIN)
        self.runtime.history.begin()
        self.model.cells["name"] = ((BUILTIN, Value(None, "target")),)
        self.first = self.description()

    def teardown(self) -> None:
        """Undo everything: all is as at the start. Do everything again: all is as it was."""
        if not hasattr(self, "model"):
            return
        last, steps = self.description(), len(self.model.done)
        for _ in range(steps):
            self.runtime.undo()
        assert self.description() == self.first
        for _ in range(steps):
            self.runtime.redo()
        assert self.description() == last
        self.runtime.close()

    # -- what can be seen

    def description(self) -> Any:
        """Return all that can be seen of the runtime."""
        runtime = self.runtime
        return {
            "hooks": {
                (hook.name, scope): [
                    (entry.label, entry.owner, entry.depth, entry.state) for entry in hook.entries(scope)
                ]
                for hook in self.hooks
                for scope in (None, "s")
            },
            "markers": [hook.value("s").index(GLOBAL) if hook.locals else None for hook in self.hooks],
            "advice": [(advice.label, advice.how, advice.owner) for advice in runtime.namespace.advice.of("target")],
            "commands": list(runtime.commands),
            "names": sorted(name for name in runtime.namespace if name.endswith("_all")),
            "options": {name: found.value for name, found in runtime.options.items()},
            "target": self.calls.since(runtime.namespace["target"]),
        }

    def expected(self) -> Any:
        """Return the same of the model."""
        model = self.model
        hooks = {(hook, scope): self.order(hook, scope) for hook in HOOKS for scope in (None, "s")}
        advice = [value for _, value in sorted(model.of("advice"), key=lambda item: -item[1].seen[0])]
        target = model.top("name")
        assert target is not None
        return {
            "hooks": {
                key: [(value.seen.label, value.owner, value.seen.depth, value.seen.state) for value in found]
                for key, found in hooks.items()
            },
            "markers": [
                sum(value.seen.depth <= 0 for value in hooks[hook, "s"]) if hooks[hook, "s"] else None for hook in HOOKS
            ],
            "advice": [(value.seen[1], "before", value.owner) for value in advice],
            "commands": [key[1] for key, _ in model.of("command")],
            "names": sorted(key[1].replace("-", "_") for key, _ in model.of("command")),
            "options": {"limit": self.option("limit", 1)}
            | {key[1]: self.option(key[1], 5) for key, _ in model.of("option")},
            "target": [*(value.seen[1].rpartition(".")[2] for value in advice), target.seen],
        }

    def order(self, hook: str, scope: str | None) -> list[Value]:
        """Return the model's entries in run order."""
        found = [value for _, value in self.model.of("entry", hook, scope)]
        return sorted(found, key=lambda value: (value.seen.depth, value.seen.rank))

    def option(self, name: str, default: int) -> Any:
        """Return the model's value of an option."""
        value = self.model.top(("value", name))
        return default if value is None else value.seen

    @invariant()
    def the_runtime_is_as_the_model_says(self) -> None:
        """Lists, orders, owners, states, advice, commands, names and options are the same."""
        if hasattr(self, "model"):
            got, wanted = self.description(), self.expected()
            got["commands"], wanted["commands"] = sorted(got["commands"]), sorted(wanted["commands"])
            assert got == wanted

    @invariant()
    def firing_calls_what_the_lists_say(self) -> None:
        """A firing calls the active functions in order, in a scope the local ones around the global ones."""
        if not hasattr(self, "model"):
            return
        for hook in self.hooks:
            plain = [value.seen for value in self.order(hook.name, None) if value.seen.state == "active"]
            local = [value.seen for value in self.order(hook.name, "s") if value.seen.state == "active"]
            before = [entry for entry in local if entry.depth <= 0]
            assert len(self.calls.since(hook.run)) == len(plain)
            with self.runtime.scope("s"):
                wanted = [*before, *plain, *local[len(before) :]]
                assert [entry.label for entry in hook.in_force() if entry.state == "active"] == [
                    entry.label for entry in wanted
                ]
                assert len(self.calls.since(hook.run)) == len(wanted)

    # -- what sessions do

    @rule(
        owner=st.sampled_from(SESSIONS),
        hook=st.sampled_from(HOOKS),
        n=st.integers(0, 3),
        depth=st.sampled_from([-5, 0, 0, 5]),
        scope=st.sampled_from([None, None, "s"]),
    )
    def add(self, owner: Owner, hook: str, n: int, depth: int, scope: str | None) -> None:
        """A session adds a function, which may be there."""
        with self.runtime.owners.acting(owner):
            self.runtime.add_hook(hook, self.functions[n], depth, local=scope)
        key = ("entry", hook, scope, self.functions[n])
        if self.model.top(key) is None:
            self.model.begin()
            self.model.set(key, owner, Value(owner, self.entry(f"f{n}", depth)))

    def entry(self, label: str, depth: float, state: str = "active") -> Entry:
        """Return a new entry: among equals the newest goes first, above depth 0 last."""
        self.sequence += 1
        return Entry(label, depth, self.sequence if depth > 0 else -self.sequence, state)

    def chosen(self, data: st.DataObject) -> tuple[Any, Value] | None:
        """Return the key and value of an entry that is there, if there is one."""
        there = self.model.of("entry")
        return data.draw(st.sampled_from(there)) if there else None

    def act(self, owner: Owner, what: Callable[..., Any], key: Any, *args: Any) -> None:
        """Do WHAT to the entry KEY in the name of OWNER."""
        _, hook, scope, function = key
        with self.runtime.owners.acting(owner):
            what(hook, function, *args, local=scope)

    @rule(owner=st.sampled_from(SESSIONS), data=st.data())
    def remove(self, owner: Owner, data: st.DataObject) -> None:
        """A session takes out an entry, its own or another's."""
        if found := self.chosen(data):
            self.act(owner, self.runtime.remove_hook, found[0])
            self.model.begin()
            self.model.set(found[0], owner, None)

    @rule(owner=st.sampled_from(SESSIONS), data=st.data(), depth=st.sampled_from([-5, 0, 5]))
    def move(self, owner: Owner, data: st.DataObject, depth: int) -> None:
        """A session moves an entry."""
        if found := self.chosen(data):
            key, value = found
            self.act(owner, self.runtime.move_hook, key, depth)
            self.model.begin()
            self.model.set(key, owner, Value(value.owner, self.entry(value.seen.label, depth, value.seen.state)))

    @rule(owner=st.sampled_from(SESSIONS), data=st.data(), state=st.sampled_from(["active", "disabled"]))
    def switch(self, owner: Owner, data: st.DataObject, state: str) -> None:
        """A session switches an entry on or off."""
        if found := self.chosen(data):
            key, value = found
            self.act(owner, self.runtime.enable if state == "active" else self.runtime.disable, key)
            if value.seen.state != state:
                self.model.begin()
                self.model.set(key, owner, Value(value.owner, value.seen._replace(state=state)))

    @rule(owner=st.sampled_from(SESSIONS), value=st.integers(2, 9))
    def set_option(self, owner: Owner, value: int) -> None:
        """A session sets an option."""
        with self.runtime.owners.acting(owner):
            self.runtime.set_option("limit", value)
        self.model.begin()
        self.model.set(("value", "limit"), owner, Value(None, value))

    @rule(owner=st.sampled_from(SESSIONS + MODULES), n=st.integers(0, 1))
    def advise(self, owner: Owner, n: int) -> None:
        """Somebody puts advice on a function, or moves it to the front."""
        if owner in MODULES and owner not in self.loaded:
            return
        with self.runtime.owners.acting(owner):
            self.runtime.advice_add("target", "before", self.advice[n])
        self.sequence += 1
        self.model.begin()
        label = f"{owner.name}.advice-{n}" if owner in MODULES else f"advice-{n}"
        self.model.set(("advice", n), owner, Value(owner, (self.sequence, label)))

    @rule(owner=st.sampled_from(SESSIONS), n=st.integers(0, 1))
    def unadvise(self, owner: Owner, n: int) -> None:
        """A session takes advice off, if it is there."""
        with self.runtime.owners.acting(owner):
            self.runtime.advice_remove("target", self.advice[n])
        if self.model.top(("advice", n)) is not None:
            self.model.begin()
            self.model.set(("advice", n), owner, None)

    # -- modules

    def define(self, owner: Owner) -> None:
        """Load a fresh module object: closures, a function, a command, an option, a name of somebody else's."""
        self.version += 1
        made = module(self.runtime, owner, "")
        made.__dict__.update(calls=self.calls, owner=owner.name, version=self.version)
        exec(compile(TEXT, owner.file or "", "exec"), made.__dict__)
        self.runtime.define(made, owner)
        target = self.calls.function(f"{owner.name} target {self.version}")
        self.runtime.namespace.view(owner)["target"] = target

    def defined(self, owner: Owner) -> None:
        """Let the model have what `define` gives."""
        entries = {
            (entry.hook, entry.label): entry for hook in self.hooks for entry in hook.entries() if entry.owner == owner
        }
        for hook, label, depth in [
            ("one-hook", f"closure-one-hook-{owner.name}", 0),
            ("two-hook", f"closure-two-hook-{owner.name}", 5),
            ("one-hook", f"{owner.name}.tell", 5),
        ]:
            function = entries[hook, label].held
            assert marks_of(function)
            self.model.set(("entry", hook, None, function), owner, Value(owner, self.entry(label, depth)))
        self.model.set(("command", f"{owner.name}-all"), owner, Value(owner, "command"))
        self.model.set(("option", f"{owner.name}-limit"), owner, Value(owner, "option"))
        self.model.set("name", owner, Value(None, f"{owner.name} target {self.version}"))

    @precondition(lambda self: len(self.loaded) < len(MODULES))
    @rule(data=st.data())
    def load(self, data: st.DataObject) -> None:
        """Load a module that is not loaded; all of it is one change."""
        owner = data.draw(st.sampled_from([owner for owner in MODULES if owner not in self.loaded]))
        with self.runtime.transaction("load"):
            self.define(owner)
        self.model.begin()
        self.defined(owner)
        self.remember()

    @precondition(lambda self: self.loaded)
    @rule(data=st.data())
    def unload(self, data: st.DataObject) -> None:
        """Unload a module: nothing that is its own is left."""
        owner = data.draw(st.sampled_from(list(self.loaded)))
        self.runtime.withdraw(owner)
        self.model.begin()
        self.model.withdraw(owner)
        self.remember()

    @precondition(lambda self: self.loaded)
    @rule(data=st.data())
    def reload(self, data: st.DataObject) -> None:
        """Load a module again: nothing is doubled, and all of it is one change."""
        owner = data.draw(st.sampled_from(list(self.loaded)))
        with self.runtime.transaction("reload"):
            self.runtime.withdraw(owner)
            self.define(owner)
        self.model.begin()
        self.model.withdraw(owner)
        self.defined(owner)
        self.remember()

    @precondition(lambda self: len(self.loaded) < len(MODULES))
    @rule(data=st.data())
    def load_that_fails(self, data: st.DataObject) -> None:
        """A load that fails at its last line leaves nothing."""
        owner = data.draw(st.sampled_from([owner for owner in MODULES if owner not in self.loaded]))
        try:
            with self.runtime.transaction("load"):
                self.define(owner)
                raise ZeroDivisionError
        except ZeroDivisionError:
            pass

    def remember(self) -> None:
        """Note which modules are loaded, as the model has it."""
        commands = {key[1] for key, _ in self.model.of("command")}
        self.loaded = {owner: 1 for owner in MODULES if f"{owner.name}-all" in commands}

    # -- history

    @precondition(lambda self: self.model.done)
    @rule()
    def undo(self) -> None:
        """Undo the latest change, whoever made it."""
        self.runtime.undo()
        self.model.undone.append(self.model.cells)
        self.model.cells = self.model.done.pop()
        self.remember()

    @precondition(lambda self: self.model.undone)
    @rule()
    def redo(self) -> None:
        """Do again what was undone last."""
        self.runtime.redo()
        self.model.done.append(self.model.cells)
        self.model.cells = self.model.undone.pop()
        self.remember()

    @precondition(lambda self: hasattr(self, "model") and not self.model.undone)
    @rule()
    def redo_nothing(self) -> None:
        """After a new change there is nothing to redo."""
        with pytest.raises(ConflictError, match="There is nothing to redo"):
            self.runtime.redo()


class PlainMachine(RuntimeMachine):
    """The same by the plain rules."""

    generating = False


class TestRuntime(RuntimeMachine.TestCase):  # type: ignore[valid-type,misc]  # Hypothesis makes the class
    settings = settings(max_examples=settings().max_examples // 2, stateful_step_count=40)


class TestPlainRuntime(PlainMachine.TestCase):  # type: ignore[valid-type,misc]  # as above
    settings = settings(max_examples=settings().max_examples // 4, stateful_step_count=40)


def test_module_text_of_the_machine_has_what_it_should() -> None:
    """What the machine loads has an option, three functions in hooks, and a command."""
    runtime = Runtime("test", clock=FakeClock())
    made = module(runtime, MODULE, "")
    made.__dict__.update(calls=Calls(), owner="audit", version=1)
    exec(TEXT, made.__dict__)
    marks = [mark.name for value in vars(made).values() for mark in marks_of(value)]
    assert marks == ["one-hook", "two-hook", "one-hook", "audit-all"]
    assert isinstance(made.LIMIT, type(option(int, 1)))
    runtime.close()
