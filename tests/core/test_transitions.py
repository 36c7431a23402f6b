from __future__ import annotations

import ast
from pathlib import Path
from typing import get_args

import pytest

from scirehooks.core import Fleet, model, transitions
from scirehooks.errors import ConflictError, StaleStatusError

STATUSES = {
    "client": model.ClientStatus,
    "job": model.JobStatus,
    "run": model.RunStatus,
    "result": model.ResultStatus,
}


@pytest.mark.parametrize("kind", STATUSES)
def test_table_names_statuses_of_the_model_only(kind: str) -> None:
    """A misspelt status in the table would be one that nothing can reach."""
    known = set(get_args(STATUSES[kind]))
    table = transitions.TABLE[kind]
    assert set(table) | {new for row in table.values() for new in row.split()} <= known


@pytest.mark.parametrize("status", get_args(model.RunStatus))
def test_job_after_run_is_known_for_every_end(status: model.RunStatus) -> None:
    """Whatever a run ends as says what its job is then."""
    assert (status in transitions.JOB_AFTER) == (status not in ("queued", "deferred", "running", "cancelling"))


def test_change_that_the_table_does_not_have_is_refused(fleet: Fleet) -> None:
    """A client that was removed never comes back."""
    with pytest.raises(ConflictError, match="A client that is removed cannot become active"):
        fleet.store.write(lambda transaction: transitions.change(transaction, "client", 1, "removed", "active"))


def test_run_cancelled_twice_is_told_to_be_cancelled_already(fleet: Fleet, web1: model.Client) -> None:
    """Nothing is wrong with it, and the message does not sound like that."""
    fleet.job_create("job", "true", target=("web1",))
    run = fleet.run("job")
    fleet.cancel(run.id)
    with pytest.raises(ConflictError, match="The run is cancelled already"):
        fleet.cancel(run.id)


def test_change_of_a_status_that_is_another_by_now_is_refused(fleet: Fleet, web1: model.Client) -> None:
    """What was decided on an old status is not done on a new one."""
    with pytest.raises(StaleStatusError, match="no longer failed"):
        fleet.store.write(lambda transaction: transitions.change(transaction, "client", web1.id, "failed", "active"))


def test_status_is_written_by_one_function_only() -> None:
    """`set_status` is called in `transitions.change`, so no change goes by without its hooks."""
    core = Path(transitions.__file__).parent
    callers = [
        path.name
        for path in core.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "set_status"
    ]
    assert callers == ["transitions.py"]
