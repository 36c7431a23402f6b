from __future__ import annotations

import pytest

from scirehooks.errors import NotAllowedHereError, UnknownNameError
from scirehooks.hooks import Runtime
from tests.hooks.support import DefHook


def test_registry_unknown_name_names_the_nearest(runtime: Runtime, defhook: DefHook) -> None:
    """An unknown hook is a KeyError that says what was probably meant."""
    defhook(name="post-client-add-hook")
    with pytest.raises(UnknownNameError, match="Did you mean post-client-add-hook") as caught:
        runtime.hooks["post_client_ad_hook"]
    assert isinstance(caught.value, KeyError)


def test_registry_without_anything_near_says_how_to_see_all(runtime: Runtime) -> None:
    """Where nothing is near, the message names the command that lists them."""
    with pytest.raises(UnknownNameError, match="Type options to see them all"):
        runtime.options["zzz"]


def test_registry_reads_as_a_mapping(runtime: Runtime, defhook: DefHook) -> None:
    """It has a length, iterates over names with hyphens, and tells whether a name is there in either spelling."""
    hook = defhook()
    names = list(runtime.hooks)
    assert {"hook-failure-hook", "option-change-hook"} <= set(names)
    assert names[-1] == "test-hook"
    assert len(runtime.hooks) == len(names)
    assert "test_hook" in runtime.hooks
    assert "no-hook" not in runtime.hooks
    assert 3 not in runtime.hooks  # type: ignore[comparison-overlap]  # that is what is tested
    assert runtime.hooks.get("test_hook") is hook
    assert runtime.hooks.get("no-hook") is None


def test_registry_takes_back_what_was_found_there(runtime: Runtime, defhook: DefHook) -> None:
    """A function is added to a hook by its name with `+=`; anything else cannot be put in."""
    hook = defhook()
    runtime.hooks["test-hook"] += print
    assert list(hook) == [print]
    with pytest.raises(NotAllowedHereError, match="Declare the hook"):
        runtime.hooks["test-hook"] = runtime.hooks["hook-failure-hook"]
