"""Sessions over real connections: evaluating, printing, asking, interrupting, leaving."""

import re
import threading
import time
from collections.abc import Iterator
from queue import SimpleQueue
from typing import Any

import pytest

from scirehooks.control import service as service_module
from scirehooks.errors import RemoteError
from scirehooks.hooks import Runtime
from scirehooks.shell import Host, Renderer, Session
from scirehooks.shell.running import evaluation
from scirehooks.values import Values
from tests.control.support import PATIENCE, Doing, Raw, Screen, Served, Terminal

PRINTING = """\
import asyncio, threading
def shout(word, done):
    for number in range(200):
        print(f"{word} {number}")
    done.set()
async def both(word):
    ends = [asyncio.Event() for _ in range(2)]
    async def task(end):
        for number in range(200):
            print(f"{word} {number}")
            await asyncio.sleep(0)
        end.set()
    tasks = [asyncio.create_task(task(end)) for end in ends]
    await asyncio.gather(*tasks)
    await asyncio.to_thread(shout, word, threading.Event())
def begin(word):
    ends = [threading.Event() for _ in range(2)]
    threading.Thread(target=shout, args=(word, ends[0])).start()
    threading.Timer(0, shout, (word, ends[1])).start()
    shout(word, threading.Event())
    for end in ends:
        end.wait()
"""


# -- evaluating


def test_open_tells_what_one_is_connected_to(terminal: Terminal) -> None:
    """The answer has a name for the session, two lines to begin with, and whose server it is."""
    opened = terminal.opened
    assert opened["session"] == "shell"
    assert opened["title"] == "test"
    assert opened["version"] == "1.2.3"
    assert "".join(part for _, part in opened["banner"]).count("\n") == 2
    assert opened["pid"] > 0


def test_eval_gives_value_and_text(terminal: Terminal) -> None:
    """A value comes as JSON and as styled text; what is printed comes before, as output."""
    result = terminal.say("print('hello')\n{'a': [1, 2]}")
    assert result == {"status": 0, "quit": False, "value": {"a": [1, 2]}, "text": [["", "{'a': [1, 2]}\n"]]}
    assert terminal.screen.shown == [("stdout", "hello\n")]


def test_eval_of_several_lines_shows_each_answer_in_its_place(terminal: Terminal) -> None:
    """All answers but the last come as output, between what is printed; comments behind the last do not count."""
    result = terminal.say("1\nprint('two')\n3\n# that was all\n\n")
    assert result["value"] == 3
    assert terminal.screen.shown == [("result", "1\n"), ("stdout", "two\n")]


def test_eval_of_a_command_gives_its_answer(terminal: Terminal) -> None:
    """A command that lists gives a list; one that acts is acknowledged to people and is null to programs."""
    listed = terminal.say("hooks order")
    assert [row["name"] for row in listed["value"]] == ["order-paid-hook"]
    acted = terminal.say("add-hook order-paid-hook thank")
    assert acted["value"] is None
    assert acted["text"]


def test_eval_that_fails_tells_status_and_message(terminal: Terminal) -> None:
    """An error is the answer of the evaluation, not of the protocol."""
    result = terminal.say("hooks --nonsense")
    assert result["status"] == 2
    assert "--nonsense" in "".join(part for _, part in result["text"])
    assert terminal.say("raise SystemExit(7)") == {
        "status": 7, "quit": True, "value": None, "text": [],
    }  # fmt: skip


def test_eval_of_a_long_answer_comes_in_pieces(terminal: Terminal) -> None:
    """An answer that no message could hold is shown before the result; its value is left out."""
    result = terminal.say("'x' * (20 << 20)")
    assert result["value"] is None
    assert result["text"] == []
    assert len(terminal.screen.text("result")) == (20 << 20) + 3


@pytest.mark.parametrize("text", ["float('nan')", "print('\\udcff')", "object()", "[[]] * 3", "10 ** 40"])
def test_eval_of_what_is_hard_to_write_answers(terminal: Terminal, text: str) -> None:
    """Whatever a line gives, there is an answer, and the session goes on."""
    assert terminal.say(text)["status"] == 0
    assert terminal.say("1")["value"] == 1


def test_eval_while_another_is_under_way_is_refused(terminal: Terminal) -> None:
    """A session does one thing at a time, and says so."""
    terminal.say("import threading; gate = threading.Event()")
    waiting = terminal.begin("print('begun'); gate.wait(50)")
    terminal.screen.came.wait(10)
    with pytest.raises(RemoteError, match="is evaluating"):
        terminal.client.request("eval", session=terminal.session, text="1")
    terminal.client.request("interrupt", session=terminal.session)
    assert waiting.result()["status"] == 130


def test_session_of_another_client_cannot_be_used(served: Served) -> None:
    """Names of sessions are no keys to each other: a client evaluates in his own only."""
    one, other = served.terminal(), served.terminal()
    assert (one.session, other.session) == ("shell", "shell-2")
    with pytest.raises(RemoteError, match="no session 'shell-2'"):
        one.client.request("eval", session=other.session, text="1")


def test_list_tells_who_does_what(served: Served, terminal: Terminal) -> None:
    """Each session, whose, since when, and its line under way."""
    other = served.terminal()
    waiting = terminal.begin("import time\nwhile print('begun') or True:\n    time.sleep(0.001)")
    terminal.screen.came.wait(10)
    rows = {row["session"]: row for row in other.client.request("session/list")["sessions"]}
    assert rows["shell"]["doing"] == "while print('begun') or True:"
    assert rows["shell-2"]["doing"] == ""
    other.client.request("interrupt", session="shell")
    assert waiting.result()["status"] == 130


def test_audit_is_told_before_each_evaluation(served: Served, audited: list[tuple[str, str]]) -> None:
    """Whoever gets in runs code: every line is noted, with its session, before it runs."""
    terminal = served.terminal()
    terminal.say("1 + 1")
    assert audited == [("shell", "1 + 1")]


def test_eval_without_value_gives_the_text_only(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal shows the text; making JSON of a large value would hold up everybody."""
    terminal, made = served.terminal(), list[Any]()
    monkeypatch.setattr(Values, "to_json", lambda self, value, **_: made.append(value))
    result = terminal.say("[1, 2]", value=False)
    assert result == {"status": 0, "quit": False, "value": None, "text": [["", "[1, 2]\n"]]}
    assert made == []


def test_eval_while_the_system_ends_is_refused(served: Served, runtime: Runtime) -> None:
    """What is under way may end; what would begin now would be cut off."""
    terminal, other = served.terminal(), served.terminal()
    go = runtime.namespace["go"] = threading.Event()
    waiting = terminal.begin("print('begun'); went = go.wait(20); went")
    assert terminal.screen.came.wait(PATIENCE)
    ending = Doing(lambda: served.service.end(20))
    while not served.service.sessions._ending:
        served.changed(0.01)
    with pytest.raises(RemoteError, match=r"The system is ending\. Type it again after the restart\."):
        other.say("1")
    with pytest.raises(RemoteError, match="The system is ending"):
        other.client.request("batch", lines=["1"])
    go.set()
    ending.result()
    assert waiting.result()["value"] is True


def test_end_waits_until_the_last_answer_is_given(served: Served) -> None:
    """An evaluation has ended before whoever asked for it is told: he must not be cut off in between."""
    served.terminal()
    sessions, order = served.service.sessions, list[str]()
    idle, go = threading.Event(), threading.Event()

    def done(_: object) -> None:
        idle.set()
        go.wait(PATIENCE)
        order.append("told")

    sessions.start(sessions.all()[0], "1", lambda: 1, done)
    assert idle.wait(PATIENCE)

    def end() -> None:
        sessions.end(20)
        order.append("ended")

    ending = threading.Thread(target=end)
    ending.start()
    ending.join(0.5)  # which it does not
    go.set()
    ending.join(PATIENCE)
    assert order == ["told", "ended"]


# -- questions to the terminal


def test_input_asks_the_client_that_evaluates(served: Served) -> None:
    """Two sessions read lines at once, each from its own terminal."""
    one, other = served.terminal(), served.terminal()
    one.screen.inputs = ["first\n"]
    other.screen.inputs = ["second\n"]
    assert one.say("input('name? ')")["value"] == "first"
    assert other.say("input('name? ')")["value"] == "second"
    assert one.screen.text() == "name? "


def test_input_at_the_end_of_input_raises_eoferror(terminal: Terminal) -> None:
    """As Python has it."""
    assert "EOFError" in terminal.answer("input()")


def test_program_runs_at_the_client(terminal: Terminal) -> None:
    """`!cmd` is for the machine that one sits at."""
    assert terminal.say("!uptime -p")["status"] == 0
    assert terminal.screen.programs == ["uptime -p"]


def test_question_while_the_client_is_at_its_prompt_is_refused(served: Served) -> None:
    """A thread left behind must not take the line that somebody types for the next evaluation."""
    terminal = served.terminal()
    terminal.say(
        "import threading\n"
        "go, told = threading.Event(), []\n"
        "def ask():\n    go.wait(10)\n    try: told.append(input())\n    except Exception as e: told.append(e)\n"
        "asking = threading.Thread(target=ask); asking.start()"
    )
    served.runtime.namespace["go"].set()
    served.runtime.namespace["asking"].join(10)
    assert "Nobody is there to answer" in terminal.answer("told")


def test_question_that_was_interrupted_is_forgotten(served: Served, terminal: Terminal) -> None:
    """Nobody waits for its answer, which may never come; what was asked is not kept for the life of a session."""

    class Leaving(Screen):
        def input(self, prompt: str) -> str:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        terminal.client.converse("eval", Leaving(), session=terminal.session, text="input()")
    terminal.client.request("interrupt", session=terminal.session)
    terminal.client.resume(Screen())
    (attached,) = served.service.sessions.all()
    assert attached.link._questions == {}


# -- whose output


def test_output_of_two_sessions_that_print_at_once_stays_apart(served: Served) -> None:
    """No line of tasks, to_thread, Thread or Timer gets into the wrong session, and none is lost."""
    terminals = {"red": served.terminal(), "blue": served.terminal()}
    for terminal in terminals.values():
        assert terminal.say(PRINTING)["status"] == 0
    doing = [terminal.begin(f"begin({word!r})\nawait both({word!r})") for word, terminal in terminals.items()]
    for each in doing:
        assert each.result()["status"] == 0
    for word, terminal in terminals.items():
        # Two threads of one session may print into each other's lines, as they do on any stream.
        words = re.findall("[a-z]+", terminal.screen.text())
        assert set(words) == {word}
        assert len(words) == 6 * 200


def test_output_of_what_goes_on_comes_to_the_prompt(terminal: Terminal) -> None:
    """A thread that prints later prints to the session that started it, above its prompt."""
    terminal.say("import threading; go = threading.Event()")
    terminal.say("threading.Thread(target=lambda: (go.wait(10), print('later'))).start()")
    terminal.say("threading.Timer(0.05, go.set).start()")
    assert terminal.idled.wait(10)
    assert terminal.idle[0][1]["text"] == "later\n"


# -- interrupting


@pytest.mark.parametrize(
    "text",
    ["while True: pass", "import time\nwhile True: time.sleep(0.001)", "import asyncio\nawait asyncio.sleep(60)"],
)
def test_interrupt_ends_an_evaluation_within_a_second(served: Served, text: str) -> None:
    """The interrupted one is answered in time; meanwhile another session is answered as ever."""
    terminal, other = served.terminal(), served.terminal()
    waiting = terminal.begin(f"print('begun')\n{text}")
    assert terminal.screen.came.wait(10)
    assert other.say("1 + 1")["value"] == 2
    asked = time.monotonic()
    assert terminal.client.request("interrupt", session=terminal.session) == {"interrupted": 1}
    assert waiting.result()["status"] == 130
    assert time.monotonic() - asked < 1.0
    assert terminal.say("2")["value"] == 2


def test_interrupt_of_a_call_blocked_in_c_gives_the_prompt_back(served: Served) -> None:
    """What cannot be ended is given up: the session goes on, and `who` shows the thread and where it is."""
    terminal = served.terminal()
    terminal.say("import os; reader, writer = os.pipe()")
    waiting = terminal.begin("print('begun')\nos.read(reader, 1)")
    assert terminal.screen.came.wait(10)
    terminal.client.request("interrupt", session=terminal.session)
    result = waiting.result()
    assert result["status"] == 130
    rows = terminal.say("who")["value"]
    (left,) = [row for row in rows if row["state"] == "given up"]
    assert "<shell:" in left["stack"]
    terminal.say("os.write(writer, b'x')")
    while any(row["state"] == "given up" for row in terminal.say("who")["value"]):
        pass
    assert terminal.say("os.close(reader); os.close(writer)")["status"] == 0


def test_interrupt_while_an_answer_is_made_runs_no_further_line(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No code of the user's is there to be interrupted, and the next line is a program, or a command."""
    making, go = threading.Event(), threading.Event()

    def render(self: Renderer, *_: object, **__: object) -> list[tuple[str, str]]:
        making.set()
        go.wait(PATIENCE)
        return [("", "made")]

    render.__code__ = render.__code__.replace(co_filename=evaluation.__file__)  # as if it were ours
    monkeypatch.setattr(Renderer, "render", render)
    terminal = served.terminal()
    doing = terminal.begin("1\n!echo\n")
    assert making.wait(PATIENCE)
    assert terminal.ask("interrupt") == {"interrupted": 1}
    go.set()
    assert doing.result()["status"] == 130
    assert terminal.screen.programs == []


def test_leases_end_with_the_last_of_two_batches(
    served: Served, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They end at the same moment, and each could take the other for one that goes on."""
    ended: list[str] = []
    both, evaluations = threading.Barrier(2), served.service.sessions.evaluations
    end = evaluations.end

    def end_together(session: Session) -> None:
        both.wait(PATIENCE)  # both have looked for others of their name, and neither has gone
        end(session)

    monkeypatch.setattr(evaluations, "end", end_together)
    monkeypatch.setattr(runtime.failures, "end_session", ended.append)
    go = runtime.namespace["go"] = threading.Event()
    raws = served.raw(), served.raw()
    for raw in raws:
        raw.begin("batch", lines=["go.wait()"])
    while len(served.service.sessions.all()) < 2:
        served.changed(0.01)
    go.set()
    for raw in raws:
        while raw.line().get("id") != "batch":
            pass
    served.settled()
    assert ended == ["batch"]


def test_interrupt_of_nothing_says_so(terminal: Terminal) -> None:
    """Somebody presses Ctrl-C at the wrong moment: nothing happens."""
    assert terminal.client.request("interrupt") == {"interrupted": 0}
    with pytest.raises(RemoteError, match="no session"):
        terminal.client.request("interrupt", session="shell-7")


# -- leaving


def test_lost_client_ends_its_evaluation_and_its_leases(served: Served, runtime: Runtime) -> None:
    """What is under way is interrupted, entries leased to the session go, names and other entries stay."""
    terminal, other = served.terminal(), served.terminal()
    terminal.say(
        "def stays(order): pass\n"
        "def goes(order): pass\n"
        "add-hook order-paid-hook stays\n"
        "add-hook order-paid-hook goes --session"
    )
    waiting = terminal.begin("try:\n  print('begun')\n  while True: pass\nfinally: ended = True")
    assert terminal.screen.came.wait(10)
    assert len(runtime.hooks["order-paid-hook"]) == 2
    terminal.client.close()
    with pytest.raises(Exception, match="connection"):
        waiting.result()
    while len(served.service.sessions.all()) > 1:
        served.changed(1.0)
    assert [entry.label for entry in runtime.hooks["order-paid-hook"].entries()] == ["stays"]
    assert other.answer("ended, goes.__name__") == "(True, 'goes')\n"
    assert not terminal.lost.is_set(), "who leaves by himself is not told that he has"


def test_close_of_a_session_gives_its_name_free(served: Served) -> None:
    """The session is gone, its connection stays."""
    terminal = served.terminal()
    terminal.ask("session/close")
    served.settled()
    with pytest.raises(RemoteError, match="no session"):
        terminal.say("1")
    again = terminal.client.converse("session/open", Screen())
    assert again["session"] == "shell"


def test_open_hook_runs_in_the_session_before_the_first_prompt(served: Served, runtime: Runtime) -> None:
    """A greeting comes before the prompt, in the session's own thread, and knows who came."""
    threads: list[threading.Thread] = []

    def greet(session: str, actor: str) -> None:
        threads.append(threading.current_thread())
        print(f"welcome to {session}, {actor}")  # noqa: T201 - what the test is about

    runtime.add_hook("session-open-hook", greet)
    terminal = served.terminal()
    assert terminal.screen.text().startswith("welcome to shell, ")
    assert threads[0].name != "control loop"
    assert terminal.say("1")["value"] == 1


def test_open_hook_that_fails_keeps_nobody_out(served: Served, runtime: Runtime) -> None:
    """The shell is where one mends it."""

    def bad(session: str) -> None:
        raise ValueError("bad day")

    runtime.add_hook("session-open-hook", bad)
    assert served.terminal().say("1")["value"] == 1


def _hang(session: str) -> None:
    while True:
        pass


def test_open_hook_that_hangs_keeps_nobody_out(
    served: Served, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After some seconds it is interrupted, and the prompt comes."""
    monkeypatch.setattr(service_module, "_OPENING", 0.2)

    runtime.add_hook("session-open-hook", _hang)
    assert served.terminal().say("1")["value"] == 1


def test_batch_does_not_wait_for_an_open_hook_that_hangs(
    served: Served, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has no longer than before a prompt; then the lines are run."""
    monkeypatch.setattr(service_module, "_OPENING", 0.2)

    runtime.add_hook("session-open-hook", _hang)
    raw = served.raw()
    raw.begin("batch", lines=["print('ran')"])
    lines = _until_answered(raw, "batch")
    assert lines[-1]["result"]["status"] == 0
    assert "ran\n" in [line["params"].get("text") for line in lines[:-1]]
    served.settled()


def test_ctrl_c_in_the_open_hook_of_a_batch_ends_the_batch(served: Served, runtime: Runtime) -> None:
    """It was meant for the batch: no line of it is run."""
    begun, ran = threading.Event(), runtime.namespace.setdefault("ran", [])

    def hang(session: str) -> None:
        begun.set()
        while True:
            pass

    runtime.add_hook("session-open-hook", hang)
    raw = served.raw()
    raw.begin("batch", lines=["ran.append(1)"])
    assert begun.wait(PATIENCE)
    raw.begin("interrupt")
    assert _until_answered(raw, "batch")[-1]["result"]["status"] == 130
    served.settled()
    assert ran == []


def _until_answered(raw: Raw, method: str) -> list[Any]:
    """What comes up to the answer to METHOD, that included."""
    lines = [raw.line()]
    while lines[-1].get("id") != method:
        lines.append(raw.line())
    return lines


# -- what others did


def test_prompt_tells_what_others_have_changed(served: Served) -> None:
    """One line for each act of another, with who and what; what one has done oneself is no news."""
    one, other = served.terminal(), served.terminal()
    one.say("def mine(order): pass\nadd-hook order-paid-hook mine")
    other.say("def theirs(order): pass\nadd-hook order-paid-hook theirs --depth 5")
    told = one.ask("prompt")
    news = "".join(part for _, part in told["news"])
    assert told["status"] == "all is well"
    assert "(shell-2)" in news
    assert "add-hook" in news
    assert "theirs" in news
    assert "mine" not in news
    assert one.ask("prompt")["news"] == []


def test_prompt_tells_many_changes_in_few_lines(served: Served) -> None:
    """A load or a loop of another does not push one's own work off the screen."""
    one, other = served.terminal(), served.terminal()
    other.say("for number in range(30): add_hook('order-paid-hook', f'function_{number}')")
    news: list[Any] = one.ask("prompt")["news"]
    text = "".join(part for _, part in news)
    assert text.startswith("20 earlier changes: journal\n")
    assert text.count("\n") == 11


def test_eval_based_on_a_stale_state_is_refused(served: Served) -> None:
    """Undo would take back what one has not seen; after the next prompt, which shows it, it may."""
    one, other = served.terminal(), served.terminal()
    one.ask("prompt")
    other.say("def theirs(order): pass\nadd-hook order-paid-hook theirs")
    refused = one.answer("move-hook order-paid-hook theirs 3")
    assert "shell-2" in refused
    one.ask("prompt")
    assert one.say("move-hook order-paid-hook theirs 3")["status"] == 0


# -- while somebody types


@pytest.fixture
def stuck(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleQueue[str]]:
    """Completion that comes to code of the user's and does not end; here is told what it was asked for."""
    asked, go = SimpleQueue[str](), threading.Event()

    def complete(self: Host, text: str) -> None:
        asked.put(text)
        go.wait(PATIENCE)

    monkeypatch.setattr(Host, "complete", complete)
    yield asked
    go.set()


def test_completions_that_do_not_end_hold_up_nobody_else(served: Served, stuck: SimpleQueue[str]) -> None:
    """Other clients have their prompts, each client one completion at a time, and the leases of who goes end."""
    raws, other = [served.raw() for _ in range(6)], served.terminal()
    for number, raw in enumerate(raws):
        session = raw.ask("session/open")["result"]["session"]
        for again in range(3):
            raw.begin("complete", session=session, text=f"{number} {again}")
    assert {stuck.get(timeout=PATIENCE) for _ in raws} == {f"{number} 0" for number in range(6)}
    assert Doing(lambda: other.ask("prompt")).result()["status"] == "all is well"
    assert stuck.empty()
    for raw in raws:
        raw.sock.close()
    while len(served.service.sessions.all()) > 1:
        served.changed()
    assert [each.key for each in served.service.sessions.all()] == [other.session]


def test_questions_while_typing_are_answered(terminal: Terminal) -> None:
    """Completion with docs, usage, and whether a line is finished."""
    found = terminal.ask("complete", text="add-h")
    assert found["start"] == 0
    assert found["candidates"][0][0] == "add-hook"
    assert found["candidates"][0][1]
    signature = terminal.ask("signature", text="add-hook order")
    assert signature["usage"].startswith("add-hook HOOK")
    assert signature["doc"].startswith("Put FUNCTION")
    assert terminal.ask("signature", text="len(")["usage"].startswith("len(")
    assert terminal.ask("signature", text="1 + 1") == {"usage": "", "doc": ""}
    assert terminal.ask("is-complete", text="if x:") == {"complete": False}
    assert terminal.ask("is-complete", text="x") == {"complete": True}


def test_questions_while_typing_are_answered_beside_an_evaluation(terminal: Terminal) -> None:
    """A long evaluation does not keep completion from working."""
    waiting = terminal.begin("print('begun')\nwhile True: pass")
    assert terminal.screen.came.wait(10)
    assert terminal.ask("complete", text="add-h")["candidates"]
    terminal.client.request("interrupt")
    assert waiting.result()["status"] == 130


def test_follow_of_events_without_an_event_log_says_so(served: Served) -> None:
    """A backend of another kind has none."""
    assert "no event log" in served.terminal().answer("follow --events")


@pytest.mark.parametrize(
    ("wanted", "given"), [("shell-7", "shell-7"), ("shell", "shell-2"), ("batch", "shell-2"), ("shell-1", "shell-2")]
)
def test_open_with_a_name_gives_it_if_it_is_free(served: Served, wanted: str, given: str) -> None:
    """Who connects again is called as before, but takes no name from anybody, nor one that sessions do not have."""
    first = served.terminal()
    opened = first.client.request("session/open", name=wanted)
    assert opened["session"] == given
