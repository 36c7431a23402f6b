"""`trace` and `untrace`: trees as firings end, the last ones kept, nothing without bounds."""

from __future__ import annotations

import gc
import re
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from scirehooks.errors import UsageError
from scirehooks.hooks import Runtime
from scirehooks.shell import Renderer, Session, furnish
from scirehooks.shell.showing.text import plain
from scirehooks.shell.trying.condition import condition
from scirehooks.shell.trying.live import LiveTrace
from scirehooks.shell.trying.traceview import FiringView, Trees
from scirehooks.testing import FakeClock
from scirehooks.values import Values

Say = Callable[[str], str]


class Terminal:
    """A terminal that somebody looks at."""

    def __init__(self) -> None:
        self.shown: list[str] = []
        self.gone = False

    def write(self, stream: str, text: str) -> None:
        """Show TEXT."""
        if self.gone:
            raise BrokenPipeError
        self.shown.append(text)

    def read_line(self, prompt: str = "") -> str:
        """Nobody types."""
        return ""

    def run_program(self, text: str) -> int:
        """Nobody starts a program here."""
        raise AssertionError(text)


@pytest.fixture
def clock() -> FakeClock:
    """A clock that is turned by hand."""
    return FakeClock()


@pytest.fixture
def runtime(clock: FakeClock) -> Iterator[Runtime]:
    """A runtime with a hook that has one function."""
    runtime = Runtime("test", clock=clock)

    def order_paid_hook(order: int, note: str = "") -> None:
        """Fires after ORDER has been paid."""

    runtime.defhook(order_paid_hook)
    runtime.add_hook("order-paid-hook", lambda order: order + 1, label="adds")
    yield runtime
    runtime.close()


@pytest.fixture
def terminal() -> Terminal:
    """The terminal of the session."""
    return Terminal()


@pytest.fixture
def session(runtime: Runtime, values: Values, renderer: Renderer, terminal: Terminal) -> Iterator[Session]:
    """A session of somebody at a terminal."""
    session = Session(runtime, values, actor="tester", console=terminal)
    yield session
    session.close()


def evaluate(session: Session, line: str) -> Any:
    outcome = session.evaluate(line)
    assert outcome.problem is None, plain(outcome.problem.text)
    return outcome.value


def untimed(text: str) -> str:
    return re.sub(r"[0-9.]+ ms", "T", text)


def test_trace_shows_each_firing_when_it_ends(runtime: Runtime, session: Session, terminal: Terminal) -> None:
    """The tree is on the terminal as soon as the firing is over; untraced, there is none."""
    said = evaluate(session, "trace order-paid-hook")
    assert said == "Each firing of order-paid-hook is traced until you type: untrace order-paid-hook"
    runtime.hooks["order-paid-hook"].run(41)
    assert untimed("".join(terminal.shown)) == "order-paid-hook  T\n└ adds  T  → 42\n"
    evaluate(session, "untrace order-paid-hook")
    runtime.hooks["order-paid-hook"].run(41)
    assert len(terminal.shown) == 1
    assert (runtime.traces.followers, runtime.traces.on) == ([], False)


def test_trace_when_watches_only_firings_for_which_it_is_true(runtime: Runtime, session: Session) -> None:
    """The condition is an expression over the fields; what is traced is listed with it."""
    said = evaluate(session, "trace order-paid-hook when 'order > 5 and len(note) == 0'")
    assert said.startswith("Each firing of order-paid-hook for which order > 5 and len(note) == 0 is traced")
    for order in (1, 9):
        runtime.hooks["order-paid-hook"].run(order)
    assert [span.calls[0].result for span in runtime.traces.firings] == ["10"]
    (traced,) = evaluate(session, "trace")
    assert (traced.hook, traced.when) == ("order-paid-hook", "order > 5 and len(note) == 0")
    evaluate(session, "untrace")
    assert evaluate(session, "trace") == []


def test_trace_says_that_its_condition_failed(runtime: Runtime, session: Session, terminal: Terminal) -> None:
    """What cannot be told is shown, with the reason; the firing itself goes on."""
    evaluate(session, "trace order-paid-hook when 'order.price > 5'")
    runtime.hooks["order-paid-hook"].run(41)
    (shown,) = terminal.shown
    failed = "its `when` failed: AttributeError: 'int' object has no attribute 'price'"
    assert untimed(shown) == f"order-paid-hook  T  {failed}\n└ adds  T  → 42\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ordre > 5", r"`when` uses ordre, which order-paid-hook does not pass\. Did you mean order\?"),
        ("order == web1", r"uses web1, .* It passes order, note\. Put it in quotes"),
        ("order >", r"`when` is not a Python expression: invalid syntax\. Put it in quotes"),
        ("a\0b", r"`when` is not a Python expression"),
    ],
)
def test_trace_of_a_wrong_condition_says_what_is_wrong(runtime: Runtime, text: str, message: str) -> None:
    """A name that means nothing is told when it is typed, not when the hook fires."""
    with pytest.raises(UsageError, match=message):
        condition(text, runtime.hooks["order-paid-hook"], runtime)


def test_condition_may_use_names_of_its_own_and_of_the_runtime(runtime: Runtime) -> None:
    """Comprehensions, lambdas and functions of the namespace are all Python."""
    runtime.namespace["limit"] = 3
    hook = runtime.hooks["order-paid-hook"]
    assert condition("any(n > limit for n in [order])", hook, runtime)(order=4)
    assert condition("(lambda x: x)(order) and (y := order)", hook, runtime)(order=4) == 4


@pytest.mark.parametrize("line", ["trace order-paid-hook order", "trace order-paid-hook when"])
def test_trace_with_a_word_too_many_shows_the_usage(session: Session, line: str) -> None:
    """What stands behind a hook is `when` and an expression."""
    outcome = session.evaluate(line)
    assert outcome.problem is not None
    assert "Usage: trace HOOK [when EXPR]" in plain(outcome.problem.text)
    assert outcome.status == 2


def test_trace_last_shows_what_was_kept(runtime: Runtime, session: Session, renderer: Renderer) -> None:
    """The last trees of all hooks, or of one; those that are alike are folded, as data they are all there."""

    def other_hook() -> None:
        """Fires otherwise."""

    runtime.defhook(other_hook)
    for name in ("order-paid-hook", "other-hook"):
        evaluate(session, f"trace {name}")
    for _ in range(3):
        runtime.hooks["order-paid-hook"].run(1)
    runtime.hooks["other-hook"].run()
    assert [view.hook for view in evaluate(session, "trace --last 2")] == ["order-paid-hook", "other-hook"]
    trees = evaluate(session, "trace order-paid-hook --last 9")
    assert (type(trees), len(trees)) == (Trees, 3)
    text = untimed(plain(renderer.render(trees)))
    assert re.fullmatch(r"\d\d:\d\d:\d\d, and 2 more like it\norder-paid-hook  T\n└ adds  T  → 2\n", text)
    data = session.values.to_json(trees)
    assert isinstance(data, list)
    assert len(data) == 3


def test_trace_folds_what_is_alike(runtime: Runtime, renderer: Renderer) -> None:
    """A function that fires a hook forty times has one line for it; a bar leads to the next firing."""
    hook = runtime.hooks["order-paid-hook"]

    def outer_hook() -> None:
        """Fires others."""

    runtime.defhook(outer_hook)
    runtime.add_hook("outer-hook", lambda: [hook.run(order) for order in [1] * 40 + [2]] and None, label="often")
    with runtime.tracing() as trees:
        runtime.hooks["outer-hook"].run()
    text = untimed(plain(renderer.render(FiringView.of(trees[0]))))
    assert text == (
        "outer-hook  T\n"
        "└ often  T\n"
        "  ├ order-paid-hook  40 times  T\n"
        "  │ └ adds  T  → 2\n"
        "  └ order-paid-hook  T\n"
        "    └ adds  T  → 3\n"
    )


def test_trace_says_what_was_left_out_and_when_nobody_was_called(runtime: Runtime, renderer: Renderer) -> None:
    """A tree that is cut says so, and so does an empty one."""

    def outer_hook() -> None:
        """Fires others."""

    runtime.defhook(outer_hook)
    hook = runtime.hooks["order-paid-hook"]
    runtime.add_hook("outer-hook", lambda: [hook.run(n) for n in range(500)] and None, label="often")
    with runtime.tracing() as trees:
        runtime.hooks["outer-hook"].run()
        runtime.remove_hook("outer-hook", "often")
        runtime.hooks["outer-hook"].run()
    wide, empty = (plain(renderer.render(FiringView.of(span))) for span in trees)
    assert re.search(r"\n\d+ more calls and firings in it were too many, or too deep, to be kept\.\n$", wide)
    assert untimed(empty) == "outer-hook  T  nobody was called\n"


# -- who looks on


def test_trace_in_a_batch_prints_nothing_by_itself(
    runtime: Runtime, values: Values, renderer: Renderer, terminal: Terminal
) -> None:
    """A batch looks at what was kept; nobody sits there to watch."""
    session = Session(runtime, values, name="batch", console=terminal)
    evaluate(session, "trace order-paid-hook")
    runtime.hooks["order-paid-hook"].run(1)
    assert (terminal.shown, len(runtime.traces.firings)) == ([], 1)
    session.close()


def test_trace_ends_when_the_terminal_is_gone(
    runtime: Runtime, values: Values, session: Session, terminal: Terminal
) -> None:
    """What only that session looked at is traced no longer, or it would cost until the end of time."""
    other = Session(runtime, values, name="shell-2", console=Terminal())
    for line in ("defhook shared-hook", "trace order-paid-hook", "trace shared-hook"):
        evaluate(session, line)
    evaluate(other, "trace shared-hook")
    terminal.gone = True
    runtime.hooks["order-paid-hook"].run(1)
    assert set(runtime.traces.wanted) == {"shared-hook"}
    other.close()
    runtime.hooks["shared-hook"].run()
    assert runtime.traces.wanted == {}
    assert runtime.traces.followers == []


def test_trace_of_a_busy_hook_shows_some_trees_and_counts_the_rest(
    runtime: Runtime, clock: FakeClock, session: Session, terminal: Terminal
) -> None:
    """Ten a second can be read; the others are one line, a second later."""
    evaluate(session, "trace order-paid-hook")
    begun = time.monotonic()
    for n in range(500):
        runtime.hooks["order-paid-hook"].run(n)
    if time.monotonic() - begun > 1:
        pytest.fail("this machine fires 500 times in more than a second")
    assert len(terminal.shown) == 10
    clock.advance(1)
    assert terminal.shown[10:] == ["order-paid-hook  490 times more; trace --last shows the latest\n"]


def test_live_trace_shows_no_hook_that_others_trace(runtime: Runtime, session: Session, terminal: Terminal) -> None:
    """Each session sees what it asked for."""
    live = LiveTrace(session, runtime.clock.after, lambda live: None)
    runtime.traces.followers.append(live)
    runtime.trace("order-paid-hook")
    runtime.hooks["order-paid-hook"].run(1)
    assert terminal.shown == []


# -- bounds


@pytest.mark.full
def test_trace_of_ten_thousand_firings_a_second_for_a_minute_stays_small() -> None:
    """Memory is bounded and other threads go on, whatever fires and however long."""
    runtime = Runtime("busy")
    values = Values()
    furnish(runtime, values)

    def tick_hook(n: int) -> None:
        """Fires all the time."""

    tick = runtime.defhook(tick_hook)
    for number in range(3):
        runtime.add_hook(tick, lambda n: n, label=f"f{number}")
    session = Session(runtime, values, console=Terminal())
    evaluate(session, "trace tick-hook")
    ended = threading.Event()
    late: list[float] = []

    def beat() -> None:
        while not ended.is_set():
            due = time.monotonic() + 0.01
            ended.wait(0.01)
            late.append(time.monotonic() - due)

    heart = threading.Thread(target=beat)
    heart.start()
    end, fired, sizes = time.monotonic() + 60, 0, []
    tracemalloc.start()
    gc.freeze()  # what the tests before have left is not to be looked through each second
    try:
        while time.monotonic() < end:
            second = time.monotonic() + 1
            for n in range(10_000):
                tick.run(n)
            fired += 10_000
            gc.collect()
            sizes.append(tracemalloc.get_traced_memory()[0])
            time.sleep(max(0.0, second - time.monotonic()))
    finally:
        gc.unfreeze()
        tracemalloc.stop()
        ended.set()
        heart.join()
    assert fired >= 100_000
    assert len(runtime.traces.firings) == 200
    assert max(sizes[5:]) < sizes[4] + (1 << 20)
    late.sort()
    assert late[int(len(late) * 0.99)] < 0.05
    session.close()
    runtime.close()


def test_host_shows_a_trace_that_is_not_there(say: Callable[..., str]) -> None:
    """Nothing kept is said to be nothing."""
    assert say("trace --last 3", 80) == "There are none.\n"
