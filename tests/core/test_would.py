"""`would` goes the way of the operation, and leaves nothing."""

from __future__ import annotations

import contextvars
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scirehooks.core import Client, Event, Fleet, Transaction
from scirehooks.errors import ConflictError, Defer, NotAllowedHereError, RefusedError, ScireError, Veto
from scirehooks.hooks import BUILTIN, DryRun, Effect, Origin, Runtime, dry_run_of, effect
from scirehooks.load import Loader
from scirehooks.testing import fresh_fleet, would
from scirehooks.values import Values


def dry_run(fleet: Fleet, command: str, *args: Any, **options: Any) -> DryRun:
    """Try COMMAND of FLEET."""
    tried = dry_run_of(fleet.runtime.commands[command].function)
    assert tried is not None
    return tried(*args, **options)


def tables(fleet: Fleet) -> list[str]:
    """Return everything that the store's tables hold, counters included."""
    with fleet.store._reading() as connection:
        return list(connection.iterdump())


def labels(entries: Any) -> list[str]:
    return [entry.label for entry in entries]


# -- the answer


def test_would_of_a_refused_operation_says_who_and_who_was_not_asked(fleet: Fleet) -> None:
    """The functions behind the one that refuses, and those of the inner operation, are not asked any more."""
    asked: list[str] = []

    def early(client: Client) -> None:
        asked.append("early")

    def no_tests(client: Client) -> None:
        raise Veto("no test hosts")

    def late(client: Client) -> None:
        asked.append("late")

    for depth, function in enumerate((early, no_tests, late)):
        fleet.runtime.add_hook("pre-client-add-hook", function, depth, label=function.__name__)
    fleet.runtime.add_hook("pre-client-creation-hook", late, label="late")
    run = dry_run(fleet, "client-add", "test1", transport="local")
    assert run.refused is not None
    assert run.refused.refused_by is not None
    assert (run.refused.refused_by.label, run.refused.reason) == ("no_tests", "no test hosts")
    assert (labels(run.refused.not_asked), labels(run.not_reached)) == (["late"], ["late"])
    assert (asked, run.result, run.acts) == (["early"], None, [])
    assert fleet.store.events() == []


def test_would_of_an_inner_refusal_names_the_inner_hook(fleet: Fleet) -> None:
    """What is a part of an addition refuses it in a dry run, too, and says when to try again."""
    fleet.runtime.add_hook("pre-client-creation-hook", lambda: Defer(60, "later"))
    refused = dry_run(fleet, "client-add", "web1", transport="local").refused
    assert refused is not None
    assert (refused.hook, refused.defer) == ("pre-client-creation-hook", 60)


def test_would_of_an_allowed_operation_says_what_would_be_done(fleet: Fleet) -> None:
    """Which operations, in which order, as amended; the functions see an event that says that it is a dry run."""
    events: list[Event] = []

    def site(client: Client, event: Event) -> dict[str, Any]:
        events.append(event)
        return {"labels": {"site": "b"}}

    fleet.runtime.add_hook("pre-client-add-hook", site)
    run = dry_run(fleet, "client-add", "web1", transport="local")
    assert [act.name for act in run.acts] == ["client-creation", "client-add"]
    assert run.acts[1].arguments["client"].labels == run.result.labels == {"site": "b"}
    assert [event.dry_run for event in events] == [True]
    assert (fleet.store.clients(), fleet.store.events()) == ([], [])


def test_would_of_what_cannot_be_is_the_error_of_the_line(fleet: Fleet, web1: Client) -> None:
    """What the operation itself finds wrong, before it asks or while it writes, is raised as it would be."""
    with pytest.raises(ConflictError, match="a client web1 already"):
        dry_run(fleet, "client-add", "web1", transport="local")
    fleet.job_create("uptime", "uptime", target=("web1",))
    with pytest.raises(ConflictError, match="a job uptime already"):
        dry_run(fleet, "job-create", "uptime", "uptime", target=("web1",))


# -- who is called


def test_would_calls_functions_in_other_hooks_only_by_leave(fleet: Fleet) -> None:
    """On- and post-functions added with `dry_run=True` are called, with all that they get in earnest."""
    called: list[str] = []

    def note(client: Client, transaction: Transaction, event: Event) -> None:
        called.append(f"note {transaction.client(int(client.id)).name} {event.dry_run}")
        transaction.note("audit", client=client.name)

    def tell(client: Client, event: Event) -> None:
        called.append(f"tell {client.name} {event.dry_run}")

    def act() -> None:
        called.append("act")

    for hook, function in (("client-add-hook", note), ("post-client-add-hook", tell)):
        fleet.runtime.add_hook(hook, function, dry_run=True)
        fleet.runtime.add_hook(hook, act, label="act")
    run = dry_run(fleet, "client-add", "web1", transport="local")
    assert called == ["note web1 True", "tell web1 True"]
    assert [(hook, entry.label) for hook, entry in run.unknown] == [
        ("client-add-hook", "act"), ("post-client-add-hook", "act")
    ]  # fmt: skip
    assert [effect for _, effect in run.firings[3].effects] == [Effect("note", {"topic": "audit", "client": "web1"})]
    assert fleet.store.notes("audit") == []


def test_would_raises_what_an_on_function_raises(fleet: Fleet) -> None:
    """It would undo the operation; so does the dry run say."""

    def full() -> None:
        raise OSError("disk full")

    fleet.runtime.add_hook("client-add-hook", full, dry_run=True)
    with pytest.raises(OSError, match="disk full"):
        dry_run(fleet, "client-add", "web1", transport="local")


def test_would_lists_what_fails_in_a_post_hook_and_counts_it_not(fleet: Fleet) -> None:
    """A failing post-function changes no answer; tried out, it is not set aside for it."""
    entry = fleet.runtime.add_hook("post-client-add-hook", lambda: 1 / 0, dry_run=True)
    for _ in range(5):
        run = dry_run(fleet, "client-add", "web1", transport="local")
    assert [str(error) for _, error in run.firings[-1].failed] == ["division by zero"]
    assert entry.health.failures == 0


def test_operation_called_in_a_dry_run_is_planned_and_not_done(fleet: Fleet, web1: Client) -> None:
    """What a function would do through the fleet is an effect like any other, even with what is not there yet."""

    def make_job(client: Client, fleet: Fleet) -> None:
        assert fleet.job_create("hello", "true", target=(client.name,)) is None
        assert fleet.run("hello") is None

    fleet.runtime.add_hook("post-client-add-hook", make_job, dry_run=True)
    run = dry_run(fleet, "client-add", "web2", transport="local")
    assert [act.name for act in run.effects] == ["job-create", "run"]
    assert run.effects[0].arguments == {"name": "hello", "argv": ("true",), "target": ("web2",)}
    assert fleet.store.jobs() == []


def test_operation_called_in_an_on_function_of_a_dry_run_is_refused(fleet: Fleet) -> None:
    """As in earnest, it would wait for its own transaction."""
    fleet.runtime.add_hook("client-add-hook", lambda fleet: fleet.client_add("web2", transport="local"), dry_run=True)
    with pytest.raises(NotAllowedHereError, match="cannot be called in an on-hook"):
        dry_run(fleet, "client-add", "web1", transport="local")


def test_would_looks_again_when_a_status_was_changed_meanwhile(fleet: Fleet, web1: Client) -> None:
    """As the operation does: what was decided on an old status is decided anew."""
    fleet.job_create("uptime", "uptime", target=("web1",))
    raced: list[str] = []

    def be_faster(fleet: Fleet, event: Event) -> None:
        if not raced:
            raced.append(event.id)
            fleet.store.write(lambda transaction: transaction.set_status("job", 1, "idle", "queued", {}) and None)

    fleet.runtime.add_hook("pre-job-modification-status-hook", be_faster)
    run = dry_run(fleet, "run", "uptime")
    assert [act.name for act in run.acts] == ["run-creation"]
    assert len(raced) == 1


def test_dry_run_reaches_no_session_that_runs_beside_it(fleet: Fleet) -> None:
    """Whoever works meanwhile works in earnest."""
    added: list[Any] = []

    def elsewhere() -> None:
        thread = threading.Thread(target=lambda: added.append(fleet.client_add("web2", transport="local")))
        contextvars.Context().run(thread.start)  # as nobody in the dry run would: another session has begun it
        thread.join(10)

    fleet.runtime.add_hook("pre-client-add-hook", lambda client: elsewhere() if client.name == "web1" else None)
    dry_run(fleet, "client-add", "web1", transport="local")
    assert [client.name for client in fleet.store.clients()] == ["web2"]


# -- what it leaves: the shipped modules


@pytest.fixture
def shipped(tmp_path: Path, checkout: Path) -> Iterator[Fleet]:
    """A started fleet with the shipped init scripts, and by them the modules."""
    with fresh_fleet(checkout / "init.d", modules=[checkout / "contrib"]) as fleet:
        fleet.start()
        yield fleet


def test_dry_run_with_the_shipped_modules_leaves_the_world_as_it_was(shipped: Fleet, tmp_path: Path) -> None:
    """No row, no counter, no process, no file: and the plan names each thing that would have been done."""
    started: list[str] = []
    state = shipped.state.path

    def hear(event: str, args: tuple[Any, ...]) -> None:
        if listening and (event in ("subprocess.Popen", "os.fork", "os.exec", "os.posix_spawn", "os.system")):
            started.append(f"{event} {args}")
        if listening and event == "open" and isinstance(args[1], str) and set(args[1]) & set("wax+"):
            started.append(f"open {args}")
        if listening and event in ("os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.truncate"):
            started.append(f"{event} {args}")

    listening = False
    sys.addaudithook(hear)  # there is no way to take it off; it hears nothing unless it listens
    subprocess.run(["true"], check=True)
    files = {path: path.stat().st_size for path in state.rglob("*") if not path.name.endswith(("-wal", "-shm"))}
    before = tables(shipped)
    listening = True
    forecast = would(shipped, "client-add web1 --transport local")
    listening = False
    assert started == []
    assert tables(shipped) == before
    assert {path: path.stat().st_size for path in files} == files
    assert {path for path in state.rglob("*") if not path.name.endswith(("-wal", "-shm"))} == set(files)
    assert (forecast.answer, forecast.exit_status) == ("allowed", 0)
    acts = [(act.act, act.by and act.by.function) for act in forecast.plan]
    for expected in (
        ("client-creation", None),
        ("client-add", None),
        ("note", "audit_addition"),
        ("run_inventory_once", "inventory.gather_facts"),
    ):
        assert expected in acts
    (logger,) = [who for who in forecast.unknown if who.hook == "pre-client-add-hook"]
    assert logger.function == "10-tell-root.yaml:7"
    assert logger.about.startswith("program sh -c ")
    # And in earnest each of them is done.
    with shipped.collecting_roots() as roots:
        shipped.client_add("web1", transport="local")
    shipped.drain(roots, 30)
    assert [event.operation for event in shipped.store.events()][:3] == [
        "client-creation", "client-add", "script-creation"
    ]  # fmt: skip
    assert len(shipped.store.notes("audit")) == len(shipped.store.runs()) == 1


def test_every_post_function_that_is_shipped_may_be_tried(shipped: Fleet, checkout: Path) -> None:
    """What we ship is told apart in a dry run: a program is named, and everything else says what it would do."""
    forecast = would(shipped, "client-add web1 --transport local")
    assert [who.about.partition(" ")[0] for who in forecast.unknown] == ["program"] * len(forecast.unknown)


# -- would and the operation agree

_BEHAVIOURS: dict[str, Callable[..., Any]] = {
    "agrees": lambda client: None,
    "vetoes": lambda client: Veto("no"),
    "raises a veto": lambda client: (_ for _ in ()).throw(Veto("raised")),
    "defers": lambda client: Defer(5, "later"),
    "fails": lambda client: 1 / 0,
    "answers nonsense": lambda client: "yes",
    "labels": lambda client: {"labels": {"site": "b"}},
    "labels wrongly": lambda client: {"labels": [1]},
    "amends what it may not": lambda client: {"status": "failed"},
    "changes in place": lambda client: client.labels.update(k="v"),
    "spoils in place": lambda client: client.labels.update(k=1),
    "refuses tests": lambda client: Veto("test") if client.name.startswith("t") else None,
    "refuses a site": lambda client: Veto("site") if client.labels.get("site") == "b" else None,
    "needs a label": lambda client: client.labels["role"],
}
_FUNCTIONS = st.lists(
    st.tuples(
        st.sampled_from(["pre-client-add-hook", "pre-client-creation-hook"]),
        st.sampled_from(sorted(_BEHAVIOURS)),
        st.integers(-2, 2),
        st.sampled_from(["active"] * 5 + ["disabled", "local"]),
    ),
    max_size=5,
)
_CLIENTS = st.tuples(
    st.sampled_from(["web1", "test1", "022", "taken"]),
    st.sampled_from(["local", "ssh"]),
    st.sampled_from([{}, {"role": "db"}, {"site": "b"}]),
)


def said(act: Callable[[], Any]) -> tuple[Any, ...]:
    """Return what came of ACT, in terms that two runs can share."""
    try:
        client = act()
    except RefusedError as refusal:
        return ("refused", *answer(refusal.verdict))
    except ScireError as error:
        return type(error).__name__, str(error)
    return "allowed", client.name, client.labels, client.transport, client.address


def answer(verdict: Any) -> tuple[Any, ...]:
    """Return who refused, why, and who was asked and amended before that, or not asked after it."""
    return (
        verdict.hook, verdict.refused_by.number, verdict.reason, verdict.defer, verdict.payload["client"].labels,
        [entry.number for entry in verdict.asked], [entry.number for entry in verdict.not_asked],
        [(entry.number, key) for entry, key in verdict.amended],
    )  # fmt: skip


def forecast_of(fleet: Fleet, name: str, options: dict[str, Any]) -> tuple[Any, ...]:
    """Return what `would` says, in the same terms."""
    try:
        run = dry_run(fleet, "client-add", name, **options)
    except ScireError as error:
        return type(error).__name__, str(error)
    if run.refused is not None:
        return ("refused", *answer(run.refused))
    client = run.result
    return "allowed", client.name, client.labels, client.transport, client.address


@pytest.fixture(scope="module")
def one_fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """A fleet for many examples, each with hooks and names of its own."""
    fleet = Fleet(Runtime("test"), Values(), tmp_path_factory.mktemp("would") / "state")
    fleet.client_add("taken", transport="local")
    yield fleet
    fleet.close(patience=0)
    fleet.runtime.close()


@settings(max_examples=1000)
@given(functions=_FUNCTIONS, client=_CLIENTS)
def test_would_and_the_operation_agree(
    one_fleet: Fleet, functions: list[tuple[str, str, int, str]], client: tuple[str, str, dict[str, str]]
) -> None:
    """Whatever is in the hooks and whatever is added: the same answer, from the same functions, in the same order."""
    fleet, (name, transport, labels_given) = one_fleet, client
    options = {"transport": transport, "labels": labels_given}
    entries = []
    for number, (hook, behaviour, depth, state) in enumerate(functions):
        function = _BEHAVIOURS[behaviour]
        local = "client:999999" if state == "local" else None
        entry = fleet.runtime.add_hook(
            hook, lambda client, function=function: function(client), depth, label=f"f{number}", local=local
        )
        entries.append(fleet.runtime.disable(hook, entry.label) if state == "disabled" else entry)
    try:
        clients, events = fleet.store.clients(), len(fleet.store.events(limit=-1))
        expected = forecast_of(fleet, name, {**options, "labels": dict(labels_given)})
        assert (fleet.store.clients(), len(fleet.store.events(limit=-1))) == (clients, events)
        found = said(lambda: fleet.client_add(name, **{**options, "labels": dict(labels_given)}))
        assert found == expected
    finally:
        for entry in entries:
            fleet.runtime.remove_hook(entry.hook, f"#{entry.number}", local=entry.local)
        if name != "taken" and fleet.store.is_taken(Client, name):
            fleet.client_remove(name)


def test_would_is_the_code_of_the_operation(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is one way through pre, write and on: what is done to it is done to both."""
    way: list[bool] = []
    carry_out = fleet.engine._carry_out

    def seen(operation: Any, how: Any) -> Any:
        way.append(how.dry is not None)
        return carry_out(operation, how)

    monkeypatch.setattr(fleet.engine, "_carry_out", seen)
    dry_run(fleet, "client-add", "web1", transport="local")
    fleet.client_add("web1", transport="local")
    assert way == [True, False]


# -- for authors of init scripts


def test_would_for_tests_of_an_init_script(tmp_path: Path) -> None:
    """A guard is tried in three lines; effects of functions that may be tried are in the plan."""
    script = tmp_path / "50-guard.py"
    script.write_text(
        '@on("pre-client-add-hook")\n'
        "def no_test_hosts(client):\n"
        '    if client.name.startswith("test"):\n'
        '        raise Veto("no test hosts")\n'
        '@on("post-client-add-hook", dry_run=True)\n'
        "def tell(client):\n"
        "    send(client.name)\n"
        "@effect\n"
        "def send(name):\n"
        '    raise RuntimeError("sent")\n'
    )
    tmp_path.chmod(0o755)
    script.chmod(0o644)
    with fresh_fleet(tmp_path) as fleet:
        refused = would(fleet, "client-add test1 --transport local")
        allowed = would(fleet, "client-add web1 --transport local")
        assert refused.refused_by is not None
        assert refused.refused_by.place is not None
        assert refused.refused_by.place.endswith("50-guard.py:1")
        assert (refused.exit_status, refused.reason, refused.refused_by.depth) == (3, "no test hosts", 0)
        assert [(act.act, act.arguments) for act in allowed.plan if act.by] == [("send", {"name": "web1"})]


def test_fleet_without_a_shell_can_be_tried(fleet: Fleet) -> None:
    """`would` needs nothing but the fleet."""
    fleet.runtime.namespace.define("fleet", fleet, Origin(BUILTIN, None, ""))
    assert Loader(fleet.runtime, fleet.values) is not None
    assert would(fleet, "client-add web1 --transport local").allowed


def test_effect_in_a_pre_function_is_planned(fleet: Fleet) -> None:
    """A pre-function decides, and does nothing else except through effects: a later one may still refuse."""
    sent: list[str] = []

    @effect
    def send(text: str) -> None:
        sent.append(text)

    fleet.runtime.add_hook("pre-client-add-hook", lambda client: send(f"{client.name} is coming"))
    run = dry_run(fleet, "client-add", "web1", transport="local")
    assert (sent, [act.arguments for act in run.effects]) == ([], [{"text": "web1 is coming"}])
    fleet.client_add("web1", transport="local")
    assert sent == ["web1 is coming"]
