from __future__ import annotations

import inspect

import pytest

from scirehooks.errors import BadVerdictError, ConflictError
from scirehooks.hooks import Runtime, hyphenated, variable
from tests.hooks.support import Calls, DefHook


def test_name_is_spelt_either_way() -> None:
    """A hook has a name with hyphens for people and one with underscores for Python."""
    assert hyphenated("post_client_add_hook") == hyphenated("post-client-add-hook") == "post-client-add-hook"
    assert variable("post-client-add-hook") == variable("post_client_add_hook") == "post_client_add_hook"


def test_declared_again_with_other_rules_keeps_its_entries(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """A hook declared anew takes the new rules and keeps what is in it."""
    hook = defhook()
    runtime.add_hook(hook, calls.function("a", 1))
    again = defhook(lambda client=None: None, mode="until_success")
    assert again is hook
    assert hook.run() == 1
    assert hook.payload.names == ("client",)


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ({"mode": "until-success"}, "no rule 'until-success'; it is one of all, until_success"),
        ({"on_error": "ignore"}, "no rule 'ignore'; it is one of raise, isolate, refuse"),
        ({"on_error": "refuse"}, "on_error 'refuse' is for hooks that are asked"),
        ({"amend": ["client"]}, "only hooks that are asked"),
        ({"failure_limit": 0}, "failure_limit must be 1 or more"),
    ],
)
def test_declaration_with_rules_that_make_no_sense_is_refused(
    defhook: DefHook, runtime: Runtime, rules: dict[str, object], message: str
) -> None:
    """A rule that does not exist or contradicts another is refused at once, not at the first firing."""
    with pytest.raises(ValueError, match=message):
        defhook(**rules)
    assert "test-hook" not in runtime.hooks


def test_amendment_without_an_amender_replaces_the_parameter(runtime: Runtime, defhook: DefHook) -> None:
    """Where the hook names no amender, an amendment is the parameter's new value."""
    hook = defhook(lambda client: None, mode="ask", amend=["client"])
    runtime.add_hook(hook, lambda: {"client": "web2"})
    assert hook.run("web1").payload == {"client": "web2"}


def test_amender_given_decides_what_an_amendment_means(runtime: Runtime, defhook: DefHook) -> None:
    """An amender changes the payload in its own way; what it raises is the function's error."""

    def amender(payload: dict[str, object], key: str, value: object) -> None:
        if value is None:
            raise BadVerdictError("None is no address.")
        payload["client"] = f"{payload['client']} at {value}"

    hook = defhook(lambda client: None, mode="ask", on_error="refuse", amend=["address"], amender=amender)
    entry = runtime.add_hook(hook, lambda: {"address": "::1"})
    verdict = hook.run("web1")
    assert verdict.payload == {"client": "web1 at ::1"}
    assert verdict.amended == ((entry, "address"),)
    runtime.add_hook(hook, lambda: {"address": None})
    assert not hook.run("web1")


def test_alias_of_a_hook_finds_it_under_both_names(runtime: Runtime, defhook: DefHook) -> None:
    """An old name stands for the hook everywhere, in either spelling, and as a variable."""
    hook = defhook()
    runtime.defalias_hook("old_hook", "test-hook")
    assert runtime.hooks["old-hook"] is runtime.hooks["old_hook"] is runtime.namespace["old_hook"] is hook
    assert "old-hook" not in list(runtime.hooks)


def test_alias_undone_is_gone_with_its_variable(runtime: Runtime, defhook: DefHook) -> None:
    """An alias made by a module is one change: undone, neither the name nor the variable is left."""
    defhook()
    records = len(runtime.journal.records)
    runtime.defalias_hook("old-hook", "test-hook")
    assert len({record.group for record in list(runtime.journal.records)[records:]}) == 1
    runtime.undo()
    assert "old-hook" not in runtime.hooks


def test_alias_over_a_hook_is_refused_both_ways(runtime: Runtime, defhook: DefHook) -> None:
    """An alias cannot hide a hook, nor can a hook be declared where an alias would hide it."""
    defhook()
    defhook(name="other-hook")
    with pytest.raises(ConflictError, match="other-hook is a hook itself"):
        runtime.defalias_hook("other-hook", "test-hook")
    runtime.defalias_hook("old-hook", "test-hook")
    with pytest.raises(ConflictError, match="old-hook is another name of test-hook"):
        runtime.declare("old-hook", inspect.Signature())
