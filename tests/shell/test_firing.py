"""`fire`: the payload, what is called, what is said; and what a person is asked first."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from scirehooks.core import Fleet
from scirehooks.errors import Veto
from scirehooks.hooks import Runtime, effect, planned_instead
from scirehooks.shell import Renderer, Session, furnish
from scirehooks.shell.showing.text import plain
from scirehooks.shell.trying.firingview import Fired
from scirehooks.testing import fire, fresh_fleet, recorder

Say = Callable[[str], str]


class Terminal:
    """A terminal at which somebody answers."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []
        self.shown = ""
        self.gone = False

    def write(self, stream: str, text: str) -> None:
        """Show TEXT."""
        if self.gone:
            raise BrokenPipeError
        self.shown += text

    def read_line(self, prompt: str = "") -> str:
        """Note what is asked, and answer."""
        self.asked.append(prompt)
        return self.answers.pop(0)

    def run_program(self, text: str) -> int:
        """Nobody starts a program here."""
        raise AssertionError(text)


@pytest.fixture
def fleet() -> Iterator[Fleet]:
    """A fleet with a shell, and the client web1."""
    with fresh_fleet() as fleet:
        furnish(fleet.runtime, fleet.values)
        fleet.client_add("web1", transport="local")
        yield fleet


@pytest.fixture
def at(fleet: Fleet) -> Callable[..., Any]:
    """A function from a line to its outcome, for whoever sits at a terminal."""

    def evaluate(line: str, terminal: Terminal | None = None, name: str = "shell") -> Any:
        session = Session(fleet.runtime, fleet.values, name=name, actor="tester", console=terminal)
        outcome = session.evaluate(line)
        assert outcome.problem is None or outcome.status, outcome
        return outcome

    return evaluate


def told(fleet: Fleet, hook: str) -> Any:
    """Put a function into HOOK that keeps what it was called with."""
    seen = recorder()
    fleet.runtime.add_hook(hook, seen, label="seen")
    return seen


# -- the payload


def test_fire_with_samples_works_for_every_declared_hook(fleet: Fleet) -> None:
    """Whatever a hook passes can be made up; each is fired so, as a dry run and in earnest."""
    for name in fleet.runtime.hooks:
        for dry_run in (True, False):
            fired = fire(fleet, name, sample=True, dry_run=dry_run)
            assert (fired.hook, fired.failed, fired.exit_status) == (name, (), 0)
            made_up = set(fired.sampled)
            assert {*fired.payload} >= made_up


def test_fire_makes_up_a_client_of_a_name_that_there_is_not(fleet: Fleet) -> None:
    """A guard is tried on the very name that it is about."""
    fleet.runtime.add_hook("pre-client-add-hook", lambda client: Veto(client.name), label="guard")
    at_prompt = Session(fleet.runtime, fleet.values).evaluate("fire pre-client-add-hook client=new1 --sample")
    assert at_prompt.value.verdict.reason == "new1"
    assert (at_prompt.value.sampled, at_prompt.status) == (("client",), 3)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "fire pre-client-add-hook client=new1",
            "There is no client 'new1'. Look with `clients`. With --sample one of",
        ),
        ("fire pre-client-add-hook client='A B' --sample", "client.name: expected name, got 'A B'."),
        ("fire pre-client-add-hook", "pre-client-add-hook: the field client (client) is missing. Type: fire pre-"),
        ("fire pre-client-add-hook clint=web1", "pre-client-add-hook has no field clint. Did you mean client?"),
        ("fire run-client-completion-hook client=web1 run=x", "There is no run 'x'. A run is known by its number"),
        ("fire post-client-add-hook --like 99", "There is no event '99'."),
        ("fire post-client-add-hook client=web1 --only nobody", "There is no function in post-client-add-hook called"),
    ],
)
def test_fire_says_in_one_line_what_is_wrong_with_the_payload(at: Callable[..., Any], line: str, message: str) -> None:
    """The field, what it should be, and what was probably meant."""
    outcome = at(line)
    text = plain(outcome.problem.text)
    assert text.startswith(message)
    assert (text.count("\n"), outcome.status) == (1, outcome.error.exit_status)


def test_fire_of_what_has_no_sample_says_so(runtime: Runtime, say: Say) -> None:
    """A class of an embedder that nobody described cannot be made up."""

    def basket_hook(basket: Terminal) -> None:
        """Fires with a basket."""

    runtime.defhook(basket_hook)
    assert say("fire basket-hook --sample") == "basket: there is no sample of terminal. Give it as basket=…\n"


def test_fire_like_an_event_takes_its_fields(fleet: Fleet, at: Callable[..., Any]) -> None:
    """The event itself is passed, too; a field that is given counts more."""
    seen = told(fleet, "post-client-add-hook")
    fleet.client_add("web2", transport="local")
    at("fire post-client-add-hook --like 2")
    at("fire post-client-add-hook --like 2 client=web2")
    assert [call["client"].name for call in seen.calls] == ["web1", "web2"]
    assert {call["event"].id for call in seen.calls} == {fleet.store.event(2).id}
    at("fire post-client-removal-hook --like 2 --dry-run")


def test_fire_is_in_the_scopes_of_the_real_firing(fleet: Fleet, at: Callable[..., Any]) -> None:
    """A function in the local value of one client is called for that client."""
    fleet.runtime.add_hook("pre-client-removal-hook", lambda: Veto("mine"), local="client:1", label="mine")
    assert at("fire pre-client-removal-hook client=web1").status == 3
    assert at("fire pre-client-removal-hook client=web1 --only mine").status == 3
    assert at("fire pre-client-removal-hook client=web2 --sample").status == 0


def test_fire_passes_an_event_of_the_operation(fleet: Fleet, at: Callable[..., Any]) -> None:
    """It says what it is about and whether it is a dry run, and is stored nowhere."""
    seen = told(fleet, "pre-client-add-hook")
    at("fire pre-client-add-hook client=web1")
    at("fire pre-client-add-hook client=web1 --dry-run")
    events = [call["event"] for call in seen.calls]
    assert [(event.operation, event.subject, event.dry_run) for event in events] == [
        ("client-add", "client:1", False),
        ("client-add", "client:1", True),
    ]
    assert len(fleet.store.events()) == 2


# -- what is called


def test_fire_only_one_function_whatever_state_it_is_in(fleet: Fleet, at: Callable[..., Any]) -> None:
    """One in quarantine is tried out before it is released; the others are not called, and nothing is counted."""
    seen = told(fleet, "post-client-add-hook")
    other = told(fleet, "client-add-hook")
    fleet.runtime.add_hook("post-client-add-hook", lambda: 1 / 0, label="bad")
    hook = fleet.runtime.hooks["post-client-add-hook"]
    assert hook.rehearse is not None
    for _ in range(3):
        hook.run(fleet.store.client("web1"), fleet.store.event(2), fleet)
    del seen.calls[:]
    assert at("fire post-client-add-hook client=web1 --only bad").value.failed == (
        "bad: ZeroDivisionError: division by zero",
    )
    assert (seen.calls, other.calls) == ([], [])
    assert [entry.state for entry in hook.entries() if entry.label == "bad"] == ["quarantined"]
    assert at("fire post-client-add-hook client=web1 --only bad --dry-run").value.unknown[0].function == "bad"


def test_fire_dry_run_shows_the_plan_and_who_is_unknown(fleet: Fleet, at: Callable[..., Any]) -> None:
    """Effects are written down with whose they are; who was added without leave is not called."""

    @effect
    def send(to: str, client: Any, system: Any) -> None:
        raise AssertionError("sent")

    send.__qualname__ = "send"
    fleet.runtime.add_hook(
        "post-client-add-hook", lambda client, fleet: send("root", client, fleet), dry_run=True, label="tell"
    )
    fleet.runtime.add_hook("post-client-add-hook", lambda: None, label="act")
    outcome = at("fire post-client-add-hook client=web1 --dry-run")
    fired: Fired = outcome.value
    assert (fired.functions, [one.function for one in fired.unknown]) == (("tell",), ["act"])
    (planned,) = fired.plan
    assert {*planned.arguments} == {"to", "client"}  # the fleet itself is no news
    text = plain(furnish(Runtime("other"), fleet.values).render(fired))
    assert "It would do:\n" in text
    assert "to=root, client=web1  by tell" in text
    assert "Unknown, not run:\n  act" in text
    assert "in a dry run" in text


def test_fire_of_an_on_hook_leaves_nothing(fleet: Fleet, at: Callable[..., Any]) -> None:
    """It is fired in a transaction that is rolled back, in earnest and in a dry run."""
    fleet.runtime.add_hook(
        "client-add-hook", lambda transaction: transaction.note("audit", a=1), dry_run=True, label="audit"
    )
    for line in ("fire client-add-hook client=web1", "fire client-add-hook client=web1 --dry-run"):
        assert at(line).value.rolled_back
    assert fleet.store.notes("audit") == []


def test_fire_writes_no_event_and_no_status(fleet: Fleet, at: Callable[..., Any]) -> None:
    """Whatever hook of the fleet is fired, its log and its records stay as they are."""
    before = fleet.store.events(), fleet.store.clients(removed=True)
    for name in fleet.runtime.hooks:
        at(f"fire {name} --sample")
    assert (fleet.store.events(), fleet.store.clients(removed=True)) == before


def test_fire_with_trace_shows_the_tree_of_an_error(runtime: Runtime, say: Say, session: Session) -> None:
    """Three firings within each other, and an exception in the innermost: who called what, how long, what changed."""

    def outer_hook(order: dict[str, int]) -> None:
        """Fires first."""

    def middle_hook(order: dict[str, int]) -> None:
        """Fires second."""

    def inner_hook(order: dict[str, int]) -> None:
        """Fires last."""

    for contract in (outer_hook, middle_hook, inner_hook):
        runtime.defhook(contract)
    hooks = runtime.hooks
    runtime.add_hook("outer-hook", lambda order: hooks["middle-hook"].run(order), label="first")
    runtime.add_hook("middle-hook", lambda order: order.update(price=7), label="prices", depth=-1)
    runtime.add_hook("middle-hook", lambda order: hooks["inner-hook"].run(order), label="second")
    runtime.add_hook("inner-hook", lambda order: 1 // (order["price"] - 7), label="divides")
    said = say("fire('outer-hook', trace=True, order={'price': 5})")
    lines = [re.sub(r"  [0-9.]+ ms", "", line) for line in said.splitlines()]
    error = "ZeroDivisionError: integer division or modulo by zero"
    assert lines[1:8] == [
        f"outer-hook  {error}",
        f"└ first  {error}",
        f"  └ middle-hook  {error}",
        "    ├ prices  order['price']: 5 → 7",
        f"    └ second  {error}",
        f"      └ inner-hook  {error}",
        f"        └ divides  {error}",
    ]
    assert len(re.findall(r"  [0-9.]+ ms", said)) == 7
    assert f"It ended with {error}\n" in said
    assert session.evaluate("fire('outer-hook', trace=True, order={'price': 5})").status == 1
    assert not runtime.traces.on


def test_fire_without_trace_raises_what_the_function_raises(runtime: Runtime, say: Say) -> None:
    """The error is shown with its frames, as of any function."""
    say("def boom(order): raise ValueError('broken')")
    say("add-hook order-paid-hook boom")
    assert say("fire order-paid-hook order=1").startswith("ValueError: broken\n  in order-paid-hook: boom")


# -- what a person is asked


def test_fire_of_a_post_hook_asks_whoever_sits_at_a_terminal(fleet: Fleet, at: Callable[..., Any]) -> None:
    """The question names the functions; only a yes fires them."""
    seen = told(fleet, "post-client-add-hook")
    terminal = Terminal("n\n", "\n", "", "y\n")
    line = "fire post-client-add-hook client=web1"
    assert [at(line, terminal).value for _ in range(3)] == ["Nothing was fired."] * 3
    assert seen.calls == []
    assert isinstance(at(line, terminal).value, Fired)
    assert len(seen.calls) == 1
    assert terminal.asked[0] == "Fire post-client-add-hook (seen) in earnest? --dry-run would not. [y/N] "


@pytest.mark.parametrize(
    "line",
    [
        "fire post-client-add-hook client=web1 --dry-run",
        "fire post-client-add-hook client=web1 --yes",
        "fire pre-client-add-hook client=web1",
        "fire client-add-hook client=web1",
        "fire post-client-removal-hook client=web1",
        "replay 2 --dry-run",
        "replay 2 --yes",
    ],
)
def test_fire_asks_nobody_where_nothing_is_done(fleet: Fleet, at: Callable[..., Any], line: str) -> None:
    """A dry run, a hook that decides or is rolled back, an empty hook, and whoever has said yes."""
    told(fleet, "post-client-add-hook")
    told(fleet, "pre-client-add-hook")
    terminal = Terminal()
    at(line, terminal)
    assert terminal.asked == []


def test_fire_asks_nobody_in_a_batch(fleet: Fleet, at: Callable[..., Any]) -> None:
    """Nobody would answer."""
    seen = told(fleet, "post-client-add-hook")
    at("fire post-client-add-hook client=web1", Terminal(), name="batch")
    at("fire post-client-add-hook client=web1")
    assert len(seen.calls) == 2


# -- data first


def test_fired_is_data(fleet: Fleet, at: Callable[..., Any]) -> None:
    """What is shown is what `--json` prints."""
    fleet.runtime.add_hook("pre-client-add-hook", lambda: planned_instead("x", {}) and None, label="quiet")
    data: Any = fleet.values.to_json(at("fire pre-client-add-hook client=web1 --dry-run --trace").value)
    assert json.loads(json.dumps(data)) == data
    assert (data["hook"], data["functions"], data["dry_run"]) == ("pre-client-add-hook", ["quiet"], True)
    assert data["verdict"]["allowed"]
    assert data["plan"][0]["act"] == "x"
    assert data["trace"][0]["calls"][0]["function"] == "quiet"


def test_fire_completes_its_options_and_fields(session: Session, renderer: Renderer) -> None:
    """Options and fields are offered where they fit."""
    from scirehooks.shell.completing.complete import Completer  # noqa: PLC0415 - only here

    completer = Completer(session)

    def words(text: str) -> list[str]:
        return [one.word for one in completer.complete(text).candidates]

    assert "--dry-run" in words("fire order-paid-hook --")
    assert words("fire order-paid-hook or") == ["order="]
