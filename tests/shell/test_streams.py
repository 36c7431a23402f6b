import io
import logging
import sys
import threading
import tracemalloc
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from scirehooks.hooks import Runtime
from scirehooks.shell import Renderer, Session
from scirehooks.shell.running.evaluation import Evaluations
from scirehooks.shell.running.streams import Metered, Stream, current_console, routed
from scirehooks.values import Values

PATIENCE = 30.0


class Screen:
    """A console that remembers what it showed and is fed with lines."""

    def __init__(self, *lines: str) -> None:
        self.shown: dict[str, str] = defaultdict(str)
        self.lines = list(lines)
        self.prompts: list[str] = []
        self.programs: list[str] = []

    def write(self, stream: Stream, text: str) -> None:
        """Remember TEXT."""
        self.shown[stream] += text

    def read_line(self, prompt: str = "") -> str:
        """Give the next line."""
        self.prompts.append(prompt)
        return self.lines.pop(0) if self.lines else ""

    def run_program(self, text: str) -> int:
        """Remember TEXT, and fail if it is `false`."""
        self.programs.append(text)
        return int(text == "false")


@pytest.fixture
def open_session(runtime: Runtime, values: Values, renderer: Renderer) -> Iterator[Callable[..., Session]]:
    """A function that opens a session on a screen, with the streams of the process routed, threads included."""
    with routed(threads=True):
        yield lambda screen, name="shell": Session(runtime, values, name=name, console=screen)
    runtime.close()


Open = Callable[..., Session]


def _set(over: threading.Event, *_: object) -> None:
    over.set()


def test_routed_gives_the_streams_back() -> None:
    """Blocks nest and overlap; the last one out puts everything back."""
    before = sys.stdout, sys.stderr, sys.stdin, vars(threading.Thread)["start"]
    outer, inner = routed(threads=True), routed(threads=True)
    outer.__enter__()
    during = sys.stdout
    inner.__enter__()
    assert sys.stdout is during is not before[0]
    outer.__exit__(None, None, None)
    assert sys.stdout is during
    inner.__exit__(None, None, None)
    assert (sys.stdout, sys.stderr, sys.stdin, vars(threading.Thread)["start"]) == before


def test_print_outside_of_a_session_is_the_process_s(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing changes for who has no console."""
    with routed():
        sys.stdout.write("out\n")
        sys.stderr.write("err\n")
        sys.stdout.flush()
        assert sys.stdout.encoding
        assert sys.stdout.isatty() is False
        assert sys.stdout.writable()
    assert capsys.readouterr() == ("out\n", "err\n")


# What a line defines is there for all sessions: each has names of its own here.
PRINTING = """\
import asyncio, sys, threading
def say_N(way):
    for n in range(50): print('<N>', way, n)
async def say_later_N(way): say_N(way)
async def everything_N():
    await asyncio.gather(asyncio.to_thread(say_N, 'to_thread'), asyncio.create_task(say_later_N('task')))
thread_N = threading.Thread(target=say_N, args=('thread',)); thread_N.start()
timer_N = threading.Timer(0, say_N, ('timer',)); timer_N.start()
say_N('line')
await everything_N()
thread_N.join(); timer_N.join()
print('<N>', 'error', file=sys.stderr)
"""


def test_print_in_two_sessions_at_once_reaches_its_own(
    runtime: Runtime, open_session: Open, capsys: pytest.CaptureFixture[str]
) -> None:
    """From the line, tasks, `to_thread`, Thread and Timer: no line is in the wrong session, none is the process's."""
    evaluations, screens = Evaluations(runtime), [Screen(), Screen()]
    told: list[threading.Event] = []
    for number, screen in enumerate(screens):
        session, over = open_session(screen, f"shell-{number}"), threading.Event()
        told.append(over)
        evaluations.start(
            session,
            "",
            partial(session.evaluate, PRINTING.replace("N", str(number))),
            partial(_set, over),
        )
    assert all(over.wait(PATIENCE) for over in told)
    for number, screen in enumerate(screens):
        lines = screen.shown["stdout"].splitlines()
        assert len(lines) == 5 * 50
        assert {line.split()[0] for line in lines} == {f"<{number}>"}
        assert {line.split()[1] for line in lines} == {"line", "task", "to_thread", "thread", "timer"}
        assert screen.shown["stderr"] == f"<{number}> error\n"
    assert capsys.readouterr() == ("", "")
    evaluations.close()


def test_log_of_a_handler_made_in_a_session_stays_the_process_s(
    runtime: Runtime, open_session: Open, capsys: pytest.CaptureFixture[str]
) -> None:
    """A handler on the routed stream writes where the process does, in an evaluation and outside, errors included."""
    screen = Screen()
    session = open_session(screen)
    text = """\
import logging, sys
log = logging.Logger('made here')
log.addHandler(logging.StreamHandler())
log.addHandler(logging.StreamHandler(sys.stdout))
log.warning('inside')
log.warning('%d', 'no number')
print('printed')
"""
    assert session.evaluate(text).error is None
    runtime.namespace["log"].warning("outside")
    out, err = capsys.readouterr()
    assert screen.shown == {"stdout": "printed\n"}
    assert out == "inside\noutside\n"
    assert err.startswith("inside\n--- Logging error ---\n")
    assert err.endswith("outside\n")


def test_log_of_the_process_is_never_routed(open_session: Open, capsys: pytest.CaptureFixture[str]) -> None:
    """What a handler of before logs while a session runs is the process's."""
    handler, screen = logging.StreamHandler(sys.stderr), Screen()
    session = open_session(screen)
    session.runtime.namespace["log"] = log = logging.Logger("made before")
    log.addHandler(handler)
    session.evaluate("log.warning('told')")
    assert capsys.readouterr().err == "told\n"
    assert screen.shown == {}


def test_input_asks_the_session_s_console(open_session: Open) -> None:
    """The prompt is shown there, and the line comes from there; its end is an EOFError."""
    screen = Screen("anna\n", "x\n", "y\n", "z")
    session = open_session(screen)
    assert session.evaluate("input('name? ')").value == "anna"
    assert screen.shown["stdout"] == "name? "
    assert session.evaluate("import sys; sys.stdin.readline()").value == "x\n"
    assert session.evaluate("sys.stdin.read()").value == "y\nz"
    assert isinstance(session.evaluate("input()").error, EOFError)
    assert isinstance(session.evaluate("sys.stdin.fileno()").error, io.UnsupportedOperation)
    assert isinstance(session.evaluate("sys.stdin.read(1)").error, io.UnsupportedOperation)


def test_print_in_a_pool_is_the_process_s(open_session: Open, capsys: pytest.CaptureFixture[str]) -> None:
    """A pool works for others long after it has grown for a session: what it prints is not that one's."""
    screens = [Screen(), Screen()]
    first, second = [open_session(screen, f"shell-{number}") for number, screen in enumerate(screens)]
    first.evaluate("from concurrent.futures import ThreadPoolExecutor; pool = ThreadPoolExecutor(1)")
    first.evaluate("pool.submit(print, 'first').result()")
    second.evaluate("pool.submit(print, 'second').result()")
    second.evaluate("from multiprocessing.pool import ThreadPool\nwith ThreadPool(1) as p: p.apply(print, ['third'])")
    first.evaluate("pool.shutdown()")
    assert [screen.shown for screen in screens] == [{}, {}]
    assert capsys.readouterr().out == "first\nsecond\nthird\n"


def test_error_of_a_thread_is_told_to_its_session(open_session: Open, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever started it sees why it ended, and none of our frames."""
    screen = Screen()
    session = open_session(screen)
    session.evaluate("import threading\ndef fail(): 1 / 0\nthread = threading.Thread(target=fail)")
    session.evaluate("before, threading.excepthook = threading.excepthook, threading.__excepthook__")
    session.evaluate("thread.start(); thread.join(); threading.excepthook = before")
    assert "in fail\n" in screen.shown["stderr"]
    assert "ZeroDivisionError" in screen.shown["stderr"]
    assert "streams.py" not in screen.shown["stderr"]
    assert capsys.readouterr() == ("", "")


def test_buffer_of_a_session_is_one_and_stays_open(open_session: Open) -> None:
    """Half a character waits there for the other half, also if it was wrapped and closed in between."""
    screen = Screen()
    session = open_session(screen)
    with routed():
        session.evaluate("import io, sys; sys.stdout.buffer.write('ä'.encode()[:1])", console=screen)
        session.evaluate("io.TextIOWrapper(sys.stdout.buffer).close()", console=screen)
        session.evaluate("sys.stdout.buffer.write('ä'.encode()[1:])", console=screen)
    assert screen.shown["stdout"] == "ä"


def test_buffer_of_a_session_takes_bytes(open_session: Open) -> None:
    """A character may come in two parts."""
    screen = Screen()
    text = "import sys; out = sys.stdout.buffer; out.write('ä'.encode()[:1]); out.write('ä'.encode()[1:])"
    assert open_session(screen).evaluate(text).error is None
    assert screen.shown["stdout"] == "ä"


def test_program_line_runs_where_the_user_is(open_session: Open) -> None:
    """`!cmd` is the console's to run; failing is an error."""
    screen = Screen()
    session = open_session(screen)
    assert session.evaluate("!true").status == 0
    assert str(session.evaluate("!false").error) == "!false ended with status 1."
    assert screen.programs == ["true", "false"]


def test_metered_cuts_what_is_too_much_and_says_so_once() -> None:
    """What comes behind the cut is not shown, and no character is cut in two."""
    screen = Screen()
    metered = Metered(screen, 5)
    for text in ("ab", "ää", "cd", "e"):
        metered.write("stdout", text)
    assert screen.shown["stdout"] == "abä"
    assert screen.shown["stderr"].count("more than 5 bytes. It still runs; Ctrl-C ends it.") == 1
    assert metered.read_line("? ") == ""
    assert metered.run_program("true") == 0


@pytest.mark.parametrize("text", ["print('x' * 100_000_000)", "for _ in range(1000): print('x' * 100_000)"])
def test_print_of_a_hundred_megabytes_is_cut_in_bounded_memory(open_session: Open, text: str) -> None:
    """One call or a loop: the terminal gets the quota, and nothing is copied beside what the user made."""
    screen = Screen()
    session = open_session(screen)
    session.runtime.set_option("print-quota", 100_000)
    tracemalloc.start()
    try:
        assert session.evaluate(text).error is None
        assert tracemalloc.get_traced_memory()[1] < 105_000_000
    finally:
        tracemalloc.stop()
    assert len(screen.shown["stdout"]) == 100_000
    assert "more than 100000 bytes" in screen.shown["stderr"]


def test_print_without_end_can_be_interrupted(runtime: Runtime, open_session: Open) -> None:
    """Beyond the quota, too."""
    evaluations, screen, over = Evaluations(runtime), Screen(), threading.Event()
    session = open_session(screen)
    here = runtime.namespace["here"] = threading.Event()
    text = "n = 0\nwhile True:\n    print('x' * 1000)\n    n += 1\n    if n > 3000: here.set()"
    begun = evaluations.start(session, text, partial(session.evaluate, text), partial(_set, over))
    assert here.wait(PATIENCE)
    begun.interrupt()
    assert over.wait(1.0)
    assert len(screen.shown["stdout"]) <= 1 << 20
    evaluations.close()


def test_quota_is_shared_by_the_lines_of_one_evaluation(runtime: Runtime, open_session: Open) -> None:
    """A paste of many lines is one evaluation; the next one has a quota of its own."""
    evaluations, screen = Evaluations(runtime), Screen()
    session = open_session(screen)
    runtime.set_option("print-quota", 3)

    def both() -> None:
        session.evaluate("print('a')")
        session.evaluate("print('b')")

    for _ in range(2):
        over = threading.Event()
        evaluations.start(session, "", both, partial(_set, over))
        assert over.wait(PATIENCE)
    assert screen.shown["stdout"] == "a\nba\nb"
    evaluations.close()


def test_session_prints_to_its_console_without_a_server(runtime: Runtime, values: Values) -> None:
    """A session by itself routes as long as it evaluates."""
    screen, before = Screen(), sys.stdout
    session = Session(runtime, values, console=screen)
    session.evaluate("print('hello')")
    assert screen.shown["stdout"] == "hello\n"
    assert sys.stdout is before
    assert current_console.get() is None
