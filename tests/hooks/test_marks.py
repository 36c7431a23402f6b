from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from scirehooks.errors import ValueFormatError
from scirehooks.hooks import BUILTIN, Runtime, command, effect, marks_of, on, option, planning
from tests.hooks.support import Calls, DefHook


def test_marks_only_note_and_keep_the_function_as_it_is() -> None:
    """A mark returns the very function, and notes itself; the topmost comes first."""

    def tell(client: str) -> str:
        return client

    marked = on("post-client-add-hook", depth=10, timeout=5)(command(tell))
    assert marked is tell
    assert [(mark.kind, mark.name) for mark in marks_of(tell)] == [("on", "post-client-add-hook"), ("command", "tell")]
    assert marks_of(tell)[0].keywords == {"depth": 10, "timeout": 5}
    assert tell("web1") == "web1"


def test_on_without_a_hook_is_refused() -> None:
    """Taken for a mark, the function would be in no hook, and a guard would guard nothing."""
    with pytest.raises(TypeError, match="@on needs the name of a hook"):

        @on  # type: ignore[arg-type]  # what this is about
        def guard(client: object) -> None: ...


def test_marks_of_what_has_none_are_none() -> None:
    """Anything may be asked for its marks, what pretends to have them as well."""

    class Pretender:
        __scirehooks_marks__ = "mine"

    assert marks_of(len) == marks_of(5) == marks_of(Pretender()) == ()


def test_command_is_called_after_the_function_or_as_one_says() -> None:
    """A command has the name of its function, with hyphens, or the one given."""

    @command
    def tell_joke() -> None:
        """Tell a joke."""

    @command("say")
    def tell_tale() -> None:
        """Tell a tale."""

    assert [marks_of(f)[0].name for f in (tell_joke, tell_tale)] == ["tell-joke", "say"]


def test_command_says_what_it_takes(runtime: Runtime) -> None:
    """A command has name, variable, documentation and parameters with their annotations resolved."""

    def tell(topic: str, *rest: int, loud: bool = False, free=None) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001 - one parameter says nothing
        """Tell a joke.

        About TOPIC.
        """

    made = runtime.define_command("tell_joke", tell)
    assert repr(made) == "<Command tell-joke>"
    assert (made.name, made.variable, made.summary) == ("tell-joke", "tell_joke", "Tell a joke.")
    assert made.doc == "Tell a joke.\n\nAbout TOPIC."
    assert [parameter.annotation for parameter in made.parameters] == [str, int, bool, Any]
    assert made.parameters is made.parameters
    assert runtime.define_command("bare", lambda: None).summary == ""


def test_option_alone_has_its_default() -> None:
    """Before its file is loaded an option reads as its default."""
    limit = option(int, 5, unit="messages", doc="Most messages a minute.", name="notify-limit")
    assert (limit.value, limit.unit, limit.doc) == (5, "messages", "Most messages a minute.")
    assert repr(limit) == "<Option notify-limit=5>"


@pytest.mark.parametrize(
    ("type_", "value", "fits"),
    [
        (int, 5, True),
        (int, True, False),
        (int, "5", False),
        (float, 5, True),
        (float, True, False),
        (bool, True, True),
        (bool, 1, False),
        (str, "5", True),
        (str, None, False),
        (Any, object(), True),
        (list[str], ["a"], True),
    ],
)
def test_option_holds_only_what_is_of_its_type(type_: Any, value: Any, fits: bool) -> None:
    """A value of a plain type is checked; True is no number, a whole number is a float."""
    limit = option(type_, value, name="limit")
    if fits:
        assert limit.check(value) is value
    else:
        with pytest.raises(ValueFormatError, match="limit: expected"):
            limit.check(value)


# -- effects


def test_effect_acts_except_in_a_dry_run(calls: Calls) -> None:
    """In a dry run an act is written down, with its arguments by name; outside it is done."""

    @effect
    def send(to: str, text: str = "") -> str:
        calls.append(f"sent to {to}")
        return "ok"

    assert send("root") == "ok"
    with planning() as plan:
        assert send("root", text="hello") is None
    assert send("root") == "ok"
    assert calls == ["sent to root"] * 2
    assert [(made.name.rpartition(".")[2], made.arguments) for made in plan] == [
        ("send", {"to": "root", "text": "hello"})
    ]


def test_effect_in_a_dry_run_called_wrongly_fails_as_the_act_would(calls: Calls) -> None:
    """A dry run finds an act called with what it does not take."""

    @effect
    def send(to: str) -> None:
        calls.append(to)

    with planning() as plan, pytest.raises(TypeError, match="unexpected keyword argument 'color'"):
        send("root", color="red")  # type: ignore[call-arg]  # that is what is tested
    assert plan == []


def test_effect_of_a_coroutine_function_is_one(runtime: Runtime, defhook: DefHook, calls: Calls) -> None:
    """An asynchronous act is awaited, and in a dry run there is something to await, too."""

    @effect
    async def send() -> str:
        calls.append("sent")
        return "ok"

    async def twice() -> tuple[Any, Any]:
        first = await send()
        with planning():
            second = await send()
        return first, second

    assert asyncio.run(twice()) == ("ok", None)
    hook = defhook(mode="until_success")
    runtime.add_hook(hook, send)
    assert hook.run() == "ok"
    assert calls == ["sent", "sent"]


def test_dry_run_inside_another_has_a_plan_of_its_own() -> None:
    """The innermost dry run takes the plan."""

    @effect
    def act() -> None:
        """Act."""

    with planning() as outer:
        with planning() as inner:
            act()
        act()
    assert (len(outer), len(inner)) == (1, 1)


def test_command_may_ask_for_a_fresh_view(runtime: Runtime) -> None:
    """With a name of its own or without; others do not ask."""

    @command(fresh=True)
    def take_back() -> None:
        """Take something back."""

    @command("put-away", fresh=True)
    def put() -> None:
        """Put something away."""

    @command
    def look() -> None:
        """Look at something."""

    runtime.define({"take_back": take_back, "put": put, "look": look}, BUILTIN)
    found = {name: runtime.commands[name].fresh for name in ("take-back", "put-away", "look")}
    assert found == {"take-back": True, "put-away": True, "look": False}


# -- threads in a dry run


Way = Callable[[Callable[[], Any]], Any]


def _by_thread(function: Callable[[], Any]) -> None:
    thread = threading.Thread(target=function)
    thread.start()
    thread.join()


def _by_timer(function: Callable[[], Any]) -> None:
    timer = threading.Timer(0, function)
    timer.start()
    timer.join()


def _by_submit(function: Callable[[], Any]) -> None:
    with ThreadPoolExecutor(1) as pool:
        pool.submit(function).result()


def _by_map(function: Callable[[], Any]) -> None:
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: function(), range(1)))


def _by_executor(function: Callable[[], Any]) -> None:
    async def wait() -> None:
        await asyncio.get_running_loop().run_in_executor(None, function)

    asyncio.run(wait())


def _by_to_thread(function: Callable[[], Any]) -> None:
    asyncio.run(asyncio.to_thread(function))


def _by_thread_of_a_thread(function: Callable[[], Any]) -> None:
    _by_thread(lambda: _by_submit(lambda: _by_thread(function)))


WAYS = [_by_thread, _by_timer, _by_submit, _by_map, _by_executor, _by_to_thread, _by_thread_of_a_thread]


@pytest.mark.parametrize("way", WAYS)
def test_effect_in_a_thread_that_a_dry_run_began_is_written_down(calls: Calls, way: Way) -> None:
    """However the function has it called: nothing is done; outside of a dry run it is."""

    @effect
    def send() -> None:
        calls.append("sent")

    with planning() as plan:
        way(send)
    assert (len(plan), calls) == (1, [])
    way(send)
    assert calls == ["sent"]


def test_effect_in_earnest_acts_while_others_run_dry(calls: Calls) -> None:
    """Who was there before, or uses the pool that a dry run uses, works in earnest meanwhile and afterwards."""

    @effect
    def send(to: str) -> None:
        calls.append(to)

    go, done = threading.Event(), threading.Event()

    def work() -> None:
        go.wait(10)
        send("anna")
        with ThreadPoolExecutor(1) as own:
            own.submit(send, "berta").result()
        done.set()

    other = threading.Thread(target=work)
    other.start()
    with ThreadPoolExecutor(1) as pool:
        with planning() as plan:
            pool.submit(send, "root").result()
            go.set()
            assert done.wait(10)
        pool.submit(send, "carla").result()
    other.join()
    assert [made.arguments["to"] for made in plan] == ["root"]
    assert calls == ["anna", "berta", "carla"]


def test_effect_after_the_dry_run_that_began_its_thread_is_told(calls: Calls, caplog: pytest.LogCaptureFixture) -> None:
    """It is not done, as it would have been the dry run's; nobody reads the plan any more, so the log says so."""
    over = threading.Event()

    @effect
    def send() -> None:
        calls.append("sent")

    def late() -> None:
        over.wait(10)
        send()

    with planning():
        thread = threading.Thread(target=late)
        thread.start()
    over.set()
    thread.join()
    assert calls == []
    assert "send is not done: a dry run, which has ended, began the thread or timer that calls it" in caplog.text
