from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from scirehooks.core import Client, Event, Fleet, Job, Transaction
from scirehooks.core.operation import Operation
from scirehooks.core.operations import OPERATIONS
from scirehooks.errors import (
    ConflictError,
    Defer,
    HookRecursionError,
    NotAllowedHereError,
    RefusedError,
    UsageError,
    ValueFormatError,
    Veto,
)
from scirehooks.hooks import Runtime
from scirehooks.values import Values

if TYPE_CHECKING:
    from tests.core.conftest import MakeFleet


def on(fleet: Fleet, hook: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Put a function into HOOK."""

    def add(function: Callable[..., Any]) -> Callable[..., Any]:
        fleet.runtime.add_hook(hook, function)
        return function

    return add


def everything(fleet: Fleet) -> tuple[Any, ...]:
    return fleet.store.clients(removed=True), fleet.store.events(), fleet.store.notes("audit")


# -- the flow


def test_client_add_fires_its_hooks_in_the_order_promised(fleet: Fleet) -> None:
    """Pre outside in, then both in one transaction, the inner first, then post in the order of the events."""
    fired: list[str] = []
    for name in ("client-add", "client-creation"):
        for hook in (f"pre-{name}-hook", f"{name}-hook", f"post-{name}-hook"):
            on(fleet, hook)(lambda client, event, hook=hook: fired.append(f"{hook} {client.name} {bool(event.seq)}"))
    fleet.start()
    fleet.client_add("web1", transport="local")
    fleet.drain(None, 10)
    assert fired == [
        "pre-client-add-hook web1 False",
        "pre-client-creation-hook web1 False",
        "client-creation-hook web1 False",
        "client-add-hook web1 False",
        "post-client-creation-hook web1 True",
        "post-client-add-hook web1 True",
    ]


def test_events_of_an_operation_within_another_tell_their_cause(fleet: Fleet, web1: Client) -> None:
    """The event of the creation was caused by that of the addition, in whose transaction it is."""
    creation, addition = fleet.store.events()
    assert (creation.operation, addition.operation) == ("client-creation", "client-add")
    assert (creation.cause, creation.root, creation.depth) == (addition.id, addition.id, 0)
    assert (addition.cause, addition.root, addition.depth, addition.seq) == (None, addition.id, 0, 2)
    assert addition.payload["client"] | {"added": ""} == {
        "id": "1", "name": "web1", "address": None, "port": 22, "transport": "local", "user": None, "labels": {},
        "facts": {}, "status": "active", "added": "",
    }  # fmt: skip


def test_client_removed_frees_its_name_for_another_client(fleet: Fleet, web1: Client) -> None:
    """A name added again is a new client, with an id of its own and none of the old one's past."""
    removed = fleet.client_remove("web1")
    again = fleet.client_add("web1", transport="local")
    assert (removed.id, removed.status, again.id) == (web1.id, "removed", 2)
    assert [client.id for client in fleet.store.clients()] == [2]
    assert [event.operation for event in fleet.store.events(after=2)] == [
        "client-modification-status",
        "client-removal",
        "client-creation",
        "client-add",
    ]


def test_name_taken_is_refused_before_anybody_is_told(fleet: Fleet, web1: Client) -> None:
    """A program that tells root about additions hears of no addition that cannot be."""
    asked: list[Client] = []
    on(fleet, "pre-client-add-hook")(lambda client: asked.append(client))
    with pytest.raises(ConflictError, match=r"a client web1 already.*describe-client web1"):
        fleet.client_add("web1", transport="local")
    assert asked == []


def test_name_taken_while_functions_were_asked_is_refused(fleet: Fleet) -> None:
    """Nothing is held while functions are asked, so the last word is in the transaction."""
    asked: list[str] = []

    def be_faster(client: Client, fleet: Fleet) -> None:
        asked.append(client.name)
        if len(asked) == 1:
            fleet.client_add(client.name, transport="local")

    on(fleet, "pre-client-add-hook")(be_faster)
    with pytest.raises(ConflictError, match="a client web1 already"):
        fleet.client_add("web1", transport="local")
    assert [client.id for client in fleet.store.clients()] == [2]
    assert {event.depth for event in fleet.store.events()} == {1}


def test_client_by_ssh_whose_name_is_no_address_needs_one(fleet: Fleet) -> None:
    """The name is the address only where it can be one."""
    with pytest.raises(UsageError, match=r"cannot be reached at '022'.*--address"):
        fleet.client_add("022")
    assert fleet.client_add("022", address="192.0.2.22").address == "192.0.2.22"


@pytest.mark.parametrize(
    ("name", "options", "field"),
    [
        ("../x", {}, "name"),
        ("web1\n", {}, "name"),
        ("web1", {"port": 0}, "port"),
        ("web1", {"address": "host;id"}, "address"),
        ("web1", {"user": "-oProxyCommand=x"}, "user"),
        ("web1", {"transport": "telnet"}, "transport"),
        ("web1", {"labels": {"a": 1}}, "labels.a"),
    ],
)
def test_python_call_is_checked_as_strictly_as_what_is_typed(
    fleet: Fleet, name: str, options: dict[str, Any], field: str
) -> None:
    """An init script or module cannot pass by the rules that protect ssh and the file system."""
    with pytest.raises(ValueFormatError) as caught:
        fleet.client_add(name, **options)
    assert caught.value.field == field
    assert everything(fleet) == ([], [], [])


# -- refusing


def no_tests(client: Client) -> None:
    if client.name.startswith("test"):
        raise Veto("no test hosts")


def test_veto_refuses_with_function_and_place_and_leaves_nothing(fleet: Fleet) -> None:
    """The error says who refused, where that is written, and why; there is no client, no event, no note."""
    fleet.runtime.add_hook("pre-client-add-hook", no_tests)
    line = inspect.getsourcelines(no_tests)[1]
    before = everything(fleet)
    with pytest.raises(RefusedError) as caught:
        fleet.client_add("test1", transport="local")
    message = str(caught.value)
    assert message.startswith("client-add test1 was refused by ")
    for part in ("no_tests", f"{__file__}:{line}", "no test hosts.", "pre-client-add-hook"):
        assert part in message
    assert caught.value.exit_status == 3
    assert getattr(caught.value.verdict, "reason", "") == "no test hosts"
    assert everything(fleet) == before
    assert fleet.client_add("web1", transport="local").name == "web1"


def test_veto_of_the_inner_operation_refuses_the_outer(fleet: Fleet) -> None:
    """What is a part of an addition can stop it."""
    on(fleet, "pre-client-creation-hook")(lambda: Veto("not this record"))
    with pytest.raises(RefusedError, match=r"client-creation web1 was refused by .*not this record"):
        fleet.client_add("web1", transport="local")
    assert fleet.store.clients() == []


def test_error_in_a_pre_function_refuses(fleet: Fleet) -> None:
    """A policy that is broken must not let everything pass."""
    on(fleet, "pre-client-add-hook")(lambda client: client.no_such_field)
    with pytest.raises(RefusedError, match=r"it failed: AttributeError.*no_such_field"):
        fleet.client_add("web1", transport="local")


def test_defer_refuses_and_says_when_to_try_again(fleet: Fleet) -> None:
    """A maintenance window is a refusal with an end."""
    on(fleet, "pre-client-removal-hook")(lambda: Defer(90, "maintenance"))
    fleet.client_add("web1", transport="local")
    with pytest.raises(RefusedError, match=r"maintenance\. Try again in 90 s"):
        fleet.client_remove("web1")
    assert fleet.store.client("web1").status == "active"


# -- amending


def test_amendment_is_read_as_json_and_reaches_store_hooks_and_event(fleet: Fleet) -> None:
    """A program answers in JSON; what it amends is converted, and everybody sees the same client."""
    seen: list[Client] = []
    on(fleet, "pre-client-creation-hook")(lambda: {"port": 2222, "address": "192.0.2.7", "labels": {"site": "b"}})
    on(fleet, "client-add-hook")(lambda client: seen.append(client))
    added = fleet.client_add("web1", transport="local")
    assert (added.port, added.address, added.labels) == (2222, "192.0.2.7", {"site": "b"})
    assert seen == [added] == [fleet.store.client("web1")]
    assert [event.payload["client"]["port"] for event in fleet.store.events()] == [2222, 2222]


@pytest.mark.parametrize(
    ("hook", "amendment", "why"),
    [
        ("pre-client-creation-hook", {"port": 0}, "client.port: expected port"),
        ("pre-client-creation-hook", {"address": "-x"}, "client.address: expected address"),
        ("pre-client-creation-hook", {"name": "A B"}, "client.name: expected name"),
        ("pre-client-creation-hook", {"labels": ["a"]}, "client.labels: expected"),
        ("pre-client-creation-hook", {"status": "removed"}, "tried to amend status"),
        ("pre-client-add-hook", {"port": 2222}, "Only labels may be amended here"),
        ("pre-client-add-hook", "yes", "answered 'yes', which is no verdict"),
    ],
)
def test_amendment_that_does_not_fit_refuses(fleet: Fleet, hook: str, amendment: Any, why: str) -> None:
    """An answer is taken whole or not at all; what cannot be understood is no consent."""
    on(fleet, hook)(lambda: amendment)
    with pytest.raises(RefusedError, match=why):
        fleet.client_add("web1", transport="local")


def test_payload_changed_in_place_is_checked_too(fleet: Fleet) -> None:
    """A function that changes what it was given, rather than amend, gets no further."""
    on(fleet, "pre-client-add-hook")(lambda client: client.labels.update(bad=1))
    with pytest.raises(ValueFormatError, match=r"client\.labels\.bad"):
        fleet.client_add("web1", transport="local")
    assert fleet.store.clients() == []


def test_amended_payload_is_checked_again_as_a_whole(fleet: Fleet) -> None:
    """Each amendment may be right and the whole still wrong."""
    on(fleet, "pre-client-creation-hook")(lambda: {"transport": "ssh", "address": None})
    with pytest.raises(UsageError, match="cannot be reached at '022'"):
        fleet.client_add("022", transport="local")
    assert fleet.store.clients() == []


# -- inside the transaction


def test_exception_in_client_add_hook_undoes_the_addition_and_the_note(fleet: Fleet) -> None:
    """The audit row of one function goes with the addition that another one's error undoes."""

    def audit(client: Client, transaction: Transaction) -> None:
        transaction.note("audit", name=client.name)

    def fail() -> None:
        raise KeyError("disk")

    fleet.runtime.add_hook("client-add-hook", audit, depth=-50)
    entry = fleet.runtime.add_hook("client-add-hook", fail, depth=50)
    before = everything(fleet)
    with pytest.raises(KeyError, match="disk") as caught:
        fleet.client_add("web1", transport="local")
    notes = "\n".join(caught.value.__notes__)
    assert f"in client-add-hook: {entry.where()}" in notes
    assert "client-add web1 was undone" in notes
    assert everything(fleet) == before
    fleet.runtime.remove_hook("client-add-hook", fail)
    fleet.client_add("web1", transport="local")
    (note,) = fleet.store.notes("audit")
    assert (note.data, note.event) == ({"name": "web1"}, fleet.store.events()[-1].id)


def test_operation_called_in_an_on_function_is_refused(fleet: Fleet) -> None:
    """It would wait for the very transaction that it is called in."""
    on(fleet, "client-add-hook")(lambda fleet: fleet.client_add("web2", transport="local"))
    with pytest.raises(NotAllowedHereError, match=r"client-add cannot be called in an on-hook.*post-hook"):
        fleet.client_add("web1", transport="local")
    assert fleet.store.clients() == []


def test_fact_is_recorded_even_if_a_function_of_its_on_hook_fails(fleet: Fleet, web1: Client) -> None:
    """Nobody's broken function can hide how a run ended."""
    on(fleet, "run-completion-hook")(lambda: 1 / 0)
    on(fleet, "pre-run-completion-hook")(lambda: Veto("it did not happen"))
    on(fleet, "pre-run-client-completion-hook")(lambda: {"status": "running"})
    fleet.start()
    fleet.job_create("true", "true", target=("web1",))
    run = fleet.run("true")
    fleet.drain(None, 10)
    assert fleet.store.run(run.id).status == fleet.store.job("true").status == "succeeded"


# -- one in another


def test_operation_called_in_a_post_function_is_caused_by_that_event(fleet: Fleet) -> None:
    """The chain from an addition to what functions made of it can be followed, and waited for."""
    on(fleet, "post-client-add-hook")(lambda client, fleet: fleet.job_create("j", "true", target=(client.name,)))
    fleet.start()
    with fleet.collecting_roots() as roots:
        fleet.client_add("web1", transport="local")
    assert not fleet.drain(roots, 10)
    added, job = (fleet.store.events()[index] for index in (1, 2))
    assert (roots, job.operation) == ([added.id], "job-creation")
    assert (job.cause, job.root, job.depth) == (added.id, added.id, 1)


def test_operations_that_call_each_other_without_end_are_stopped(fleet: Fleet) -> None:
    """The depth is limited; what had been committed until then stays."""
    failed: list[BaseException] = []
    on(fleet, "hook-failure-hook")(lambda error: failed.append(error))
    on(fleet, "post-client-add-hook")(lambda client, fleet: fleet.client_add(client.name + "x", transport="local"))
    fleet.start()
    fleet.client_add("web", transport="local")
    fleet.drain(None, 20)
    assert [type(error) for error in failed] == [HookRecursionError]
    assert "9 deep" in str(failed[0])
    assert len(fleet.store.clients()) == 9


def test_actor_of_an_event_is_whoever_acts(fleet: Fleet) -> None:
    """The event log says who asked for it."""
    with fleet.runtime.owners.acting(fleet.runtime.owners.default, "alice"):
        fleet.client_add("web1", transport="local")
    assert {event.actor for event in fleet.store.events()} == {"alice"}


# -- what follows from the declarations


class JobGreeting(Operation, name="job-greeting", command="job-greet", amend=["text"]):
    """JOB is greeted with TEXT.

    Example: job-greet uptime
    """

    job: Job
    text: str

    @classmethod
    def prepare(cls, core: Any, job: str, *, text: str = "hello") -> JobGreeting:
        """Find the job."""
        return cls(job=core.store.job(job), text=text)

    @property
    def subject(self) -> str:
        """The job."""
        return f"job:{self.job.id}"

    def write(self, transaction: Transaction) -> str:
        """Leave a note."""
        transaction.note("greeting", text=self.text)
        return self.text


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_hooks_of_each_operation_are_declared_with_a_contract(fleet: Fleet, operation: type[Operation]) -> None:
    """The hook's help says when, with what, what a result and an error mean, where, since when, and an example."""
    for phase in operation.phases:
        hook = fleet.runtime.hooks[operation.hook(phase)]
        assert len(hook.doc.partition("\n")[0]) <= 72
        for word in ("Called with", "error" if phase != "on" else "exception", "thread", "scope", "Since", "Example:"):
            assert word in hook.doc, (hook.name, word)
        assert {*operation.annotations(), "fleet"} <= {parameter.name for parameter in hook.payload.parameters}


@pytest.mark.parametrize("operation", [one for one in OPERATIONS if one.command], ids=lambda one: one.command)
def test_command_of_an_operation_has_its_signature_and_help(fleet: Fleet, operation: type[Operation]) -> None:
    """The command line is `prepare`'s signature without the core."""
    command = fleet.runtime.commands[operation.command]
    assert "Example: " + operation.command in command.doc
    assert len(command.summary) <= 72
    expected = list(inspect.signature(operation.prepare).parameters)[1:]  # type: ignore[attr-defined]
    assert [parameter.name for parameter in command.parameters] == expected
    assert all(fleet.values.type_name(parameter.annotation) for parameter in command.parameters)


def test_command_and_python_call_are_one(fleet: Fleet) -> None:
    """What is typed, what an init script calls and what a module calls is the same function."""
    function = fleet.runtime.commands["client-add"].function
    assert function is fleet.client_add is fleet.runtime.namespace["client_add"]
    with pytest.raises(AttributeError, match="has no 'client_ad'; its operations are client_add,"):
        fleet.client_ad("web1")


def test_declaration_of_one_more_operation_is_all_it_takes(make_fleet: MakeFleet) -> None:
    """An operation that the core does not know gets hooks, command, event and call from its declaration."""
    fleet = make_fleet()
    fleet.engine.declare(JobGreeting)
    fleet.client_add("web1", transport="local")
    fleet.job_create("j", "true", target=("web1",))
    heard: list[tuple[str, Event]] = []
    on(fleet, "pre-job-greeting-hook")(lambda text: {"text": text.upper()})
    on(fleet, "post-job-greeting-hook")(lambda text, event: heard.append((text, event)))
    fleet.start()
    assert fleet.job_greet("j") == "HELLO"
    fleet.drain(None, 10)
    assert [(text, event.operation, event.payload["text"]) for text, event in heard] == [
        ("HELLO", "job-greeting", "HELLO")
    ]
    assert [note.data for note in fleet.store.notes("greeting")] == [{"text": "HELLO"}]


# -- firing for testing


def test_rehearsal_of_an_on_hook_leaves_no_note(fleet: Fleet, web1: Client) -> None:
    """An on-hook is fired for testing inside a transaction that is rolled back."""
    on(fleet, "client-add-hook")(lambda client, transaction: transaction.note("audit", name=client.name))
    hook = fleet.runtime.hooks["client-add-hook"]
    assert hook.rehearse
    hook.rehearse(lambda extra: hook.run(client=web1, **extra))
    assert fleet.store.notes("audit") == []


def test_scope_of_an_operation_on_a_client_is_that_client(fleet: Fleet) -> None:
    """A function in the local value for one client hears of that client only."""
    heard: list[str] = []
    fleet.client_add("web1", transport="local")
    fleet.client_add("web2", transport="local")
    fleet.runtime.add_hook("pre-client-removal-hook", lambda client: heard.append(client.name), local="client:2")
    fleet.client_remove("web1")
    fleet.client_remove("web2")
    assert heard == ["web2"]


def test_values_of_the_fleet_are_words_and_candidates(fleet: Fleet, web1: Client) -> None:
    """`fire post-client-add-hook client=web1` finds the client; Tab offers it with its status."""
    assert fleet.values.from_word(Client, "web1", field="client") == web1
    (found,) = fleet.values.candidates(Client, "we")
    assert (found.word, found.doc) == ("web1", "active, local")
    assert fleet.values.from_json(Client, fleet.values.to_json(web1), field="client") == web1
    assert isinstance(fleet.values.sample(Client), Client)
    assert fleet.values.provided(Fleet) is fleet


def test_runtime_and_values_are_the_embedders(fleet: Fleet) -> None:
    """The fleet makes no global of its own: another one stands beside it."""
    assert isinstance(fleet.runtime, Runtime)
    assert isinstance(fleet.values, Values)
