from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from scirehooks.errors import ConflictError
from scirehooks.hooks import Runtime
from tests.hooks.support import MODULE, OTHER, Calls


def start_and_stop(calls: Calls) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """Return two functions that note that they were called."""
    return calls.function("start"), calls.function("stop")


def test_resource_runs_until_its_owner_is_withdrawn(runtime: Runtime, calls: Calls) -> None:
    """A resource is started when it is defined, and stopped when its owner is unloaded."""
    runtime.resource("route", "/hello", *start_and_stop(calls), owner=MODULE)
    assert calls == ["start"]
    runtime.withdraw(MODULE)
    assert calls == ["start", "stop"]


def test_resource_defined_again_replaces_the_first(runtime: Runtime, calls: Calls) -> None:
    """Of two resources of the same name only the later one runs."""
    runtime.resource("route", "/hello", *start_and_stop(calls), owner=MODULE)
    runtime.resource("route", "/hello", calls.function("start 2"), calls.function("stop 2"), owner=MODULE)
    assert calls == ["start", "stop", "start 2"]


def test_resource_below_another_goes_without_disturbing_it(runtime: Runtime, calls: Calls) -> None:
    """When the owner of a replaced resource goes, the one in its place runs on."""
    runtime.resource("route", "/hello", *start_and_stop(calls), owner=MODULE)
    runtime.resource("route", "/hello", calls.function("start 2"), calls.function("stop 2"), owner=OTHER)
    calls.clear()
    runtime.withdraw(MODULE)
    assert calls == []


def test_resource_undone_is_stopped_and_redone_started(runtime: Runtime, calls: Calls) -> None:
    """Undo and redo stop and start what runs; the journal names its kind and name."""
    runtime.resource("route", "/hello", *start_and_stop(calls))
    assert [record.subject for record in runtime.undo()] == ["route /hello"]
    assert calls == ["start", "stop"]
    runtime.redo()
    assert calls == ["start", "stop", "start"]


def test_resource_in_a_failing_transaction_is_stopped(runtime: Runtime, calls: Calls) -> None:
    """What a failing load has started does not go on."""

    def load() -> None:
        runtime.resource("route", "/hello", *start_and_stop(calls))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), runtime.transaction("load"):
        load()
    assert calls == ["start", "stop"]


def test_resource_that_cannot_start_is_not_there(runtime: Runtime, calls: Calls) -> None:
    """An error while starting goes to whoever defined it; in a transaction nothing is left."""
    with pytest.raises(OSError, match="in use"), runtime.transaction("load"):
        runtime.resource("route", "/hello", calls.function("start", error=OSError("in use")), calls.function("stop"))
    assert calls == ["start", "stop"]
    with pytest.raises(ConflictError):
        runtime.undo()


def test_resources_are_stopped_when_the_runtime_is_closed(runtime: Runtime, calls: Calls) -> None:
    """Closing the runtime stops what runs, whoever started it."""
    runtime.resource("route", "/hello", *start_and_stop(calls))
    runtime.close()
    assert calls == ["start", "stop"]
