import asyncio
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from queue import SimpleQueue
from typing import Any

import pytest

from scirehooks.errors import ConflictError, GivenUpError
from scirehooks.hooks import Runtime
from scirehooks.shell import Outcome, Session
from scirehooks.shell.running.evaluation import (
    Evaluation,
    Evaluations,
    check_interrupt,
    current_evaluation,
    pause,
    wait_for,
)
from scirehooks.values import Values

SECOND = 1.0
PATIENCE = 30.0  # a watchdog: nothing here takes so long unless it hangs


class Running:
    """A line under way in a session, and what came of it."""

    def __init__(self, evaluations: Evaluations, session: Session, text: str) -> None:
        self.told: SimpleQueue[Any] = SimpleQueue()
        self.evaluation = evaluations.start(
            session, text, partial(session.evaluate, text), lambda _, result: self.told.put(result)
        )

    def interrupt(self, **how: bool) -> tuple[Any, float]:
        """Interrupt it; return what was told of it, and after how many seconds."""
        begun = time.monotonic()
        self.evaluation.interrupt(**how)
        return self.told.get(timeout=PATIENCE), time.monotonic() - begun

    def value(self) -> Any:
        """Wait for its end and return its value."""
        outcome = self.told.get(timeout=PATIENCE)
        assert isinstance(outcome, Outcome)
        assert outcome.error is None
        return outcome.value


@pytest.fixture
def evaluations(runtime: Runtime) -> Iterator[Evaluations]:
    """The evaluations of the runtime; `here` in its namespace is set by code that has come to the place in question."""
    runtime.namespace["here"] = threading.Event()
    made = Evaluations(runtime)
    yield made
    made.close()
    runtime.close()


@pytest.fixture
def start(evaluations: Evaluations, session: Session, runtime: Runtime) -> Callable[..., Running]:
    """A function that begins to evaluate a text, and returns when that has called `here.set()`."""

    def begin(text: str, within: Session = session, *, until_here: bool = True) -> Running:
        here: threading.Event = runtime.namespace["here"]
        here.clear()
        running = Running(evaluations, within, text)
        assert not until_here or here.wait(PATIENCE)
        return running

    return begin


Start = Callable[..., Running]


def test_start_tells_once_what_came_of_it(start: Start) -> None:
    """The result comes from the thread of the session."""
    assert start("6 * 7", until_here=False).value() == 42


def test_start_uses_one_thread_for_all_lines_of_a_session(start: Start) -> None:
    """What belongs to the thread that made it, such as a connection of sqlite3, can be used in the next line."""
    first = start("import threading; threading.get_ident()", until_here=False).value()
    assert start("threading.get_ident()", until_here=False).value() == first != threading.get_ident()


def test_start_in_a_busy_session_is_refused(start: Start) -> None:
    """One thing at a time; the message names what is under way."""
    running = start("here.set()\nwhile True: pass")
    with pytest.raises(ConflictError, match=f"busy with evaluation {running.evaluation.id}"):
        start("1", until_here=False)
    running.interrupt()


def test_start_can_be_called_by_whoever_is_told(evaluations: Evaluations, session: Session) -> None:
    """When an evaluation is answered the session is free."""
    told: SimpleQueue[Any] = SimpleQueue()

    def then(_: Evaluation, first: Any) -> None:
        evaluations.start(session, "", str, lambda _, second: told.put((first, second)))

    evaluations.start(session, "", int, then)
    assert told.get(timeout=PATIENCE) == (0, "")


def test_running_lists_what_is_under_way(start: Start, evaluations: Evaluations) -> None:
    """With its text and where it is."""
    running = start("def spin():\n    here.set()\n    while True: pass\nspin()")
    assert evaluations.running == (running.evaluation,)
    assert running.evaluation.stack()[-1].endswith(", in spin")
    assert running.evaluation.stack()[0].startswith("<shell:")
    running.interrupt()
    assert not evaluations.running


@pytest.mark.parametrize(
    "text",
    [
        "here.set()\nwhile True: pass",
        "here.set()\nwhile True:\n    try: [x for x in iter(int, 1)]\n    finally: done = True",
        "here.set(); sum(1 for _ in iter(int, 1))",
        "here.set(); exec('while True: pass')",
        "import time\nhere.set()\nwhile True: time.sleep(0.01)",
        "import asyncio\nhere.set(); await asyncio.sleep(600)",
        "async def spin():\n    here.set()\n    while True: pass\n\nawait spin()",
        "import asyncio\nasync def spin():\n    here.set()\n    while True: pass\nawait asyncio.create_task(spin())",
    ],
)
def test_interrupt_ends_code_within_a_second(start: Start, evaluations: Evaluations, text: str) -> None:
    """Endless loops of all sorts, waits of coroutines, and a coroutine that blocks the loop."""
    outcome, seconds = start(text).interrupt()
    assert isinstance(outcome, Outcome)
    assert isinstance(outcome.error, KeyboardInterrupt)
    assert outcome.status == 130
    assert seconds < SECOND
    assert evaluations.left == ()


def test_interrupt_of_a_coroutine_that_blocks_the_loop_frees_the_loop(start: Start, runtime: Runtime) -> None:
    """Others can await again."""
    start("async def spin():\n    here.set()\n    while True: pass\n\nawait spin()").interrupt()
    assert runtime.loop.run(asyncio.sleep(0, "free")) == "free"


def test_interrupt_frees_the_loop_from_a_task_of_an_earlier_line(start: Start, runtime: Runtime) -> None:
    """It blocks the await of this line; nobody else would ever end it."""
    start(
        "import asyncio\ngo = asyncio.Event()\nasync def spin():\n    await go.wait()\n    here.set()\n"
        "    while True: pass\nasync def begin(): return asyncio.create_task(spin())\ntask = await begin()",
        until_here=False,
    ).value()
    outcome, seconds = start("async def let():\n    go.set()\n    await asyncio.sleep(600)\nawait let()").interrupt()
    assert isinstance(outcome.error, KeyboardInterrupt)
    assert seconds < SECOND
    assert runtime.loop.run(asyncio.sleep(0, "free")) == "free"


def test_interrupt_of_a_coroutine_in_a_hook_cancels_it(start: Start, runtime: Runtime) -> None:
    """A plain line may wait for a coroutine, too."""
    text = (
        "import asyncio\nasync def slow(order):\n    here.set()\n    await asyncio.sleep(600)\n"
        "add_hook('order-paid-hook', slow)\norder_paid_hook.run(1)"
    )
    outcome, seconds = start(text).interrupt()
    assert isinstance(outcome.error, KeyboardInterrupt)
    assert seconds < SECOND


@pytest.mark.parametrize("force", [False, True])
def test_interrupt_of_a_coroutine_lets_it_clean_up(start: Start, runtime: Runtime, force: bool) -> None:
    """It is cancelled as any task is, once, and its steps behind that are its own."""
    cleaned = runtime.namespace["cleaned"] = []
    text = (
        "import asyncio\nasync def careful():\n    await asyncio.sleep(0.05)\n    here.set()\n"
        "    try: await asyncio.sleep(600)\n    finally:\n"
        "        for number in range(50):\n            await asyncio.sleep(0.002)\n            cleaned.append(number)\n"
        "await careful()"
    )
    outcome, _ = start(text).interrupt(force=force)
    assert isinstance(outcome.error, KeyboardInterrupt)
    assert len(cleaned) == 50


def test_interrupt_of_a_coroutine_that_goes_on_is_answered_all_the_same(start: Start, runtime: Runtime) -> None:
    """It may take its time; the prompt does not wait for it."""
    text = (
        "import asyncio\nasync def stubborn():\n    here.set()\n    while not stop.is_set():\n"
        "        try: await asyncio.sleep(600)\n        except asyncio.CancelledError: pass\nawait stubborn()"
    )
    stop = runtime.namespace["stop"] = threading.Event()
    outcome, seconds = start(text).interrupt()
    stop.set()
    assert isinstance(outcome.error, KeyboardInterrupt)
    assert seconds < SECOND


def test_interrupt_of_a_call_blocked_in_c_gives_it_up(start: Start, evaluations: Evaluations, runtime: Runtime) -> None:
    """The answer comes within a second; the thread is listed with its stack, and ends when its call returns."""
    pipe = runtime.namespace["pipe"] = os.pipe()
    runtime.namespace["went_on"] = False
    running = start("import os\nhere.set()\nos.read(pipe[0], 1)\nwent_on = True")
    result, seconds = running.interrupt()
    assert isinstance(result, GivenUpError)
    assert result.exit_status == 130
    assert seconds < SECOND
    assert evaluations.left == (running.evaluation,)
    assert running.evaluation.stack() == ["<shell:1>:3, in <module>"]
    os.write(pipe[1], b"x")
    assert running.evaluation.wait(PATIENCE)
    assert wait_for(lambda: evaluations.left == (), PATIENCE)
    assert runtime.namespace["went_on"] is False
    assert running.told.empty()
    for descriptor in pipe:
        os.close(descriptor)


def test_interrupt_of_what_was_given_up_leaves_the_session_usable(start: Start, evaluations: Evaluations) -> None:
    """The next line gets another thread."""
    running = start("import time\nhere.set()\ntime.sleep(1.5)")
    running.interrupt()
    assert start("1 + 1", until_here=False).value() == 2
    assert running.evaluation.wait(PATIENCE)


def test_interrupt_that_is_swallowed_comes_again(start: Start) -> None:
    """Once is not enough for a bare except."""
    text = (
        "here.set()\ncaught = 0\nwhile caught < 2:\n    try:\n        while True: pass\n"
        "    except BaseException: caught += 1\nwhile True: pass"
    )
    outcome, seconds = start(text).interrupt()
    assert isinstance(outcome, Outcome)
    assert isinstance(outcome.error, KeyboardInterrupt)
    assert seconds < SECOND


def test_interrupt_that_comes_late_leaves_the_next_line_alone(
    start: Start, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line has ended while it was being interrupted, and the thread awaits something for another one."""
    cancel, late, go = runtime.loop.cancel_awaited, threading.Event(), threading.Event()

    def cancel_later(*args: Any, **how: Any) -> bool:
        late.set()
        assert go.wait(PATIENCE)
        return cancel(*args, **how)

    monkeypatch.setattr(runtime.loop, "cancel_awaited", cancel_later)
    runtime.namespace["end"] = threading.Event()
    first = start("here.set(); end.wait()")
    first.evaluation.interrupt()
    assert late.wait(PATIENCE)
    runtime.namespace["end"].set()
    first.value()
    second = start("import asyncio\nhere.set()\nawait asyncio.sleep(0.2)\n'unhurt'")
    go.set()
    assert second.value() == "unhurt"


def test_interrupt_frees_the_loop_that_two_systems_share(start: Start, runtime: Runtime, session: Session) -> None:
    """One runtime may be served twice, in the program's own shell and at a socket."""
    start("1", until_here=False).value()
    others = Evaluations(runtime)
    Running(others, Session(runtime, session.values, name="other"), "1").value()
    text = "    here.set(); end = time.monotonic() + 10\n    while time.monotonic() < end: pass"
    start(f"import time\nasync def block():\n{text}\nawait block()").interrupt()
    free = threading.Event()
    runtime.loop.submit(asyncio.sleep(0)).when_ended(free.set)
    assert free.wait(5)
    others.close()


def test_interrupt_leaves_other_sessions_alone(start: Start, runtime: Runtime, values: Values) -> None:
    """Meanwhile they answer at once, and nothing of theirs is ended."""
    other = Session(runtime, values, name="shell-2")
    spinning = start("here.set()\nwhile True: pass")
    begun = time.monotonic()
    assert start("2 ** 10", other, until_here=False).value() == 1024
    assert time.monotonic() - begun < SECOND
    done = runtime.namespace["done"] = threading.Event()
    counting = start("here.set()\nn = 0\nwhile not done.is_set(): n += 1", other)
    spinning.interrupt()
    done.set()
    assert counting.value() is None


def test_interrupt_never_ends_a_library(start: Start, runtime: Runtime) -> None:
    """While the thread is in a library's code nothing is raised; it ends where that returns to the user's."""
    library: dict[str, Any] = {"finished": 0}
    source = "def work(until):\n    global finished\n    while not until.is_set(): pass\n    finished += 1"
    exec(compile(source, threading.__file__, "exec"), library)
    until = threading.Event()
    runtime.namespace.update({"work": library["work"], "until": until})
    running = start("here.set()\nwhile True: work(until)")
    running.evaluation.interrupt()
    until.set()
    assert isinstance(running.told.get(timeout=PATIENCE).error, KeyboardInterrupt)
    assert library["finished"] >= 1


def test_interrupt_by_force_ends_a_library(start: Start, runtime: Runtime) -> None:
    """Python code anywhere is ended then, whatever it holds."""
    spin: dict[str, Any] = {}
    exec(compile("def spin():\n    while True: pass", threading.__file__, "exec"), spin)
    runtime.namespace["spin"] = spin["spin"]
    running = start("here.set()\nspin()")
    result, seconds = running.interrupt()
    assert isinstance(result, GivenUpError)
    assert seconds < SECOND
    running.evaluation.interrupt(force=True)
    assert running.evaluation.wait(PATIENCE)


def test_interrupts_of_a_thread_that_logs_leave_no_lock_held(start: Start, runtime: Runtime, tmp_path: Any) -> None:
    """A thousand times in a tight loop; afterwards another thread can log at once."""
    handler = logging.FileHandler(tmp_path / "log")
    log = logging.Logger("busy")
    log.addHandler(handler)
    runtime.namespace["log"] = log
    for _ in range(1_000):
        outcome, seconds = start("here.set()\nwhile True: log.info('order %s', 1)").interrupt()
        assert isinstance(outcome, Outcome)
        assert isinstance(outcome.error, KeyboardInterrupt)
        assert seconds < SECOND
        assert handler.lock is not None
        assert handler.lock.acquire(timeout=PATIENCE)
        handler.lock.release()
    handler.close()


def test_pause_and_wait_for_end_by_an_interrupt(start: Start, runtime: Runtime) -> None:
    """What waits in our own code wakes up."""
    runtime.namespace.update({"pause": pause, "wait_for": wait_for, "never": threading.Event()})
    for text in ("here.set(); pause(600)", "here.set(); wait_for(never)", "here.set(); wait_for(lambda: False)"):
        outcome, seconds = start(text).interrupt()
        assert isinstance(outcome.error, KeyboardInterrupt)
        assert seconds < SECOND


def test_wait_for_says_whether_it_came() -> None:
    """Outside of any evaluation it is a plain wait."""
    event = threading.Event()
    assert wait_for(event, 0.01) is False
    event.set()
    assert wait_for(event, PATIENCE) is True
    assert wait_for(lambda: True) is True
    pause(0)
    assert current_evaluation.get() is None


def test_tasks_of_a_prompt_go_on_living(start: Start) -> None:
    """A task that one line has created runs on while others are evaluated, and while none is."""
    start(
        "import asyncio\nlog = []\n"
        "async def work(n):\n    log.append('begun')\n    await asyncio.sleep(0)\n    return n",
        until_here=False,
    ).value()
    start("async def begin(): return asyncio.create_task(work(5))", until_here=False).value()
    start("task = await begin()", until_here=False).value()
    assert start("await task", until_here=False).value() == 5
    assert start("log", until_here=False).value() == ["begun"]


def test_close_ends_what_is_under_way(evaluations: Evaluations, start: Start) -> None:
    """A program that ends does not leave its sessions spinning."""
    running = start("here.set()\nwhile True: pass")
    evaluations.close()
    assert isinstance(running.told.get(timeout=PATIENCE).error, KeyboardInterrupt)
    assert running.evaluation.wait(0)


def test_copy_of_the_process_ends_with_the_line_that_made_it(start: Start) -> None:
    """It has one thread, and what it holds (sockets, locks, the store) it would hold for ever."""
    child = start("import os\npid = os.fork()\npid", until_here=False).value()
    assert os.waitpid(child, 0) == (child, 0)


def test_interrupt_leaves_what_the_line_has_set_going_alone(start: Start, runtime: Runtime) -> None:
    """A timer, a task and a thread of the runtime go on behind the line, and wait and act as if it had ended well."""
    went_on: SimpleQueue[str] = SimpleQueue()
    runtime.namespace["went_on"] = went_on
    runtime.namespace.globals["check"] = check_interrupt
    text = (
        "go = threading.Event()\ndef work(kind):\n    go.wait(); check(); went_on.put(kind)\n"
        "async def task():\n    await asyncio.to_thread(work, 'task')\n"
        "runtime.every(0.01, partial(work, 'every')); runtime.after(0.01, partial(work, 'after'))\n"
        "runtime.thread(lambda: work('thread')); runtime.task(task())\n"
        "here.set()\nwhile True: pass"
    )
    outcome, _ = start(f"import asyncio, threading\nfrom functools import partial\n{text}").interrupt()
    assert isinstance(outcome.error, KeyboardInterrupt)
    runtime.namespace["go"].set()
    kinds: set[str] = set()
    while kinds != {"every", "after", "thread", "task"}:
        kinds.add(went_on.get(timeout=5))


def test_interrupt_that_could_not_begin_is_tried_again(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """No thread can be started, since the line has started too many: Ctrl-C works again once some have ended."""
    running = start("here.set()\nwhile True: pass")

    def fail(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as full:
        full.setattr(threading.Thread, "start", fail)
        with pytest.raises(RuntimeError):
            running.interrupt()
    outcome, seconds = running.interrupt()
    assert isinstance(outcome.error, KeyboardInterrupt)
    assert seconds < SECOND


def test_end_of_a_session_ends_its_thread(evaluations: Evaluations, session: Session, start: Start) -> None:
    """Nobody keeps a thread for a session that is closed."""
    start("1", until_here=False).value()
    running = start("2", until_here=False)
    running.value()
    evaluations.end(session)
    running.evaluation.thread.join(PATIENCE)
    assert not running.evaluation.thread.is_alive()


def test_repr_of_an_evaluation_names_its_session(start: Start) -> None:
    """For listings and logs."""
    running = start("1", until_here=False)
    assert isinstance(running.evaluation, Evaluation)
    assert repr(running.evaluation) == f"<Evaluation {running.evaluation.id} of shell>"
