from __future__ import annotations

import pytest

from scirehooks.errors import HookSignatureError, UnknownNameError, ValueFormatError
from scirehooks.hooks import Module, Place, Runtime, command, on, option
from scirehooks.testing import recorder
from tests.hooks.support import MODULE, OTHER, Calls, DefHook, module

TEXT = '''
"""Tell root about new clients."""
import os.path
from scirehooks.hooks import command, on, option

LIMIT = option(int, 5, unit="messages", doc="Most messages a minute.")

@on("test-hook", depth=10)
def tell_root(client):
    return f"{client}, {LIMIT.value}"

@command
def tell_joke(topic: str) -> str:
    """Tell a joke."""
    return topic
'''


def test_define_applies_the_marks_of_a_module(runtime: Runtime, defhook: DefHook) -> None:
    """Entries, commands and options of a file are its owner's, with the place where they are written."""
    hook = defhook(lambda client: None, mode="until_success")
    runtime.define(module(runtime, MODULE, TEXT), MODULE)
    entry = hook.find("audit.tell_root")
    assert (entry.owner, entry.depth, entry.place) == (MODULE, 10, Place("/modules/audit.py", 8))
    assert runtime.commands["tell_joke"].place == Place("/modules/audit.py", 12)
    assert runtime.namespace["tell_joke"]("cows") == "cows"
    limit = runtime.options["audit-limit"]
    assert (limit.name, limit.owner, limit.type) == ("audit-limit", MODULE, int)
    assert hook.run("web1") == "web1, 5"
    runtime.set_option("audit-limit", 7)
    assert hook.run("web1") == "web1, 7"


def test_define_that_fails_at_its_last_mark_leaves_nothing(runtime: Runtime, defhook: DefHook) -> None:
    """If one mark cannot be applied, none is."""
    hook = defhook(lambda client: None)
    records = len(runtime.journal.records)
    text = TEXT + "\n@on('test-hook')\ndef wrong(color): ...\n"
    with pytest.raises(HookSignatureError, match="'color'"):
        runtime.define(module(runtime, MODULE, text), MODULE)
    assert (len(hook), len(runtime.commands), len(runtime.options)) == (0, 0, 0)
    assert "tell_joke" not in runtime.namespace
    assert len(runtime.journal.records) == records


def test_define_passes_over_what_a_module_imported(runtime: Runtime, defhook: DefHook) -> None:
    """A marked function that was imported belongs to the module it was written in."""
    hook = defhook(lambda client: None)
    audit = module(runtime, MODULE, TEXT)
    notify = module(runtime, OTHER, "")
    notify.tell_root = audit.tell_root  # type: ignore[attr-defined]  # as an import does
    runtime.define(notify, OTHER)
    assert len(hook) == 0


def test_define_takes_the_marked_methods_of_an_object(runtime: Runtime, defhook: DefHook) -> None:
    """An object offers its marked methods, inherited ones first; a mapping offers its values."""

    class Base:
        @command
        def base(self) -> str:
            """Be inherited."""
            return "base"

    class Commands(Base):
        @command("joke")
        def tell(self) -> str:
            """Tell a joke."""
            return type(self).__name__

    @on("test-hook")
    def tell() -> None:
        """Do nothing."""

    hook = defhook()
    runtime.define(Commands(), MODULE)
    runtime.define({"tell": tell, "LIMIT": option(int, 1, name="limit")}, OTHER)
    assert list(runtime.commands) == ["base", "joke"]
    assert (runtime.commands["joke"].function(), runtime.namespace["joke"]()) == ("Commands", "Commands")
    assert list(hook) == [tell]
    assert runtime.options["limit"].owner == OTHER


def test_option_of_an_init_script_has_no_prefix(runtime: Runtime) -> None:
    """Only a module puts its name in front."""
    runtime.define({"MOST_MESSAGES": option(int, 1)}, runtime.owners.default)
    assert list(runtime.options) == ["most-messages"]


def test_option_set_is_told_and_can_be_undone(runtime: Runtime) -> None:
    """A change fires option-change-hook with old and new; undo and unload take it back."""
    made, told = runtime.defoption("notify_limit", int, 5, unit="messages", doc="Most.", owner=MODULE), recorder()
    runtime.add_hook("option-change-hook", told)
    runtime.set_option("notify_limit", 7)
    assert told.calls == [{"option": "notify-limit", "old": 5, "new": 7}]
    assert made.value == runtime.options["notify-limit"].value == 7
    runtime.set_option("notify-limit", 9, owner=OTHER)
    assert made.value == 9
    runtime.withdraw(OTHER)
    assert made.value == 7
    runtime.undo()
    assert made.value == 9


def test_option_says_where_it_was_declared(runtime: Runtime) -> None:
    """An option declared at once has owner and place."""
    made = runtime.defoption("limit", int, 5)
    assert made.owner == runtime.owners.default
    assert made.place is not None
    assert made.place.file == __file__


def test_option_set_wrongly_stays(runtime: Runtime) -> None:
    """A value of another type, or an unknown option, is refused and changes nothing."""
    made = runtime.defoption("limit", int, 5)
    with pytest.raises(ValueFormatError, match="limit: expected int, got '7'"):
        runtime.set_option("limit", "7")
    with pytest.raises(UnknownNameError, match="Did you mean limit"):
        runtime.set_option("limt", 7)
    assert made.value == 5


def test_option_handler_that_fails_does_not_undo_the_change(runtime: Runtime, calls: Calls) -> None:
    """A function in option-change-hook that fails is isolated."""
    made = runtime.defoption("limit", int, 5)
    runtime.add_hook("option-change-hook", calls.function("fails", error=ValueError()))
    runtime.set_option("limit", 7)
    assert made.value == 7
    assert calls == ["fails"]


def test_command_of_a_module_goes_with_it(runtime: Runtime, calls: Calls) -> None:
    """A command that hides another's of the same name shows that one again when it goes."""
    runtime.define_command("tell", calls.function("audit"), owner=MODULE)
    runtime.define_command("tell", calls.function("notify"), owner=OTHER)
    runtime.namespace["tell"]()
    runtime.withdraw(OTHER)
    runtime.namespace["tell"]()
    runtime.commands["tell"].function()
    assert calls == ["notify", "audit", "audit"]


def test_module_noted_is_listed_until_withdrawn(runtime: Runtime) -> None:
    """What is loaded is listed under its own spelling."""
    made = Module("my_module", "/modules/my_module.py", (), "Doc.", MODULE)
    runtime.define_module(made)
    assert dict(runtime.modules) == {"my_module": made}
    assert "my-module" not in runtime.modules
    runtime.withdraw(MODULE)
    assert dict(runtime.modules) == {}
