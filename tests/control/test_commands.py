"""The commands `who` and `follow`."""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from scirehooks.control import Service
from scirehooks.control.commands import Who, WhoRow, who_page
from scirehooks.hooks import BUILTIN, Runtime
from scirehooks.load import JournalCommands, Loader
from scirehooks.shell import Renderer
from scirehooks.shell.showing.text import plain
from scirehooks.values import Values
from tests.control.support import Served


def test_who_lists_sessions_with_users_and_what_they_do(served: Served) -> None:
    """Both administrators see both, and what each is at."""
    one, other = served.terminal(), served.terminal()
    rows = {row["session"]: row for row in other.say("who")["value"]}
    assert (rows["shell"]["state"], rows["shell"]["doing"]) == ("idle", "")
    assert (rows["shell-2"]["state"], rows["shell-2"]["doing"]) == ("running", "who")
    assert rows["shell"]["user"] == rows["shell-2"]["user"] != ""
    assert rows["shell"]["since"].endswith("Z")
    assert (rows["shell"]["you"], rows["shell-2"]["you"]) == (False, True)
    assert "running" in one.answer("who")
    assert [line[:9].rstrip() for line in one.answer("who").splitlines()] == ["session", "* shell", "  shell-2"]


def test_undo_with_nothing_to_undo_leaves_the_commands_of_the_service(served: Served, values: Values) -> None:
    """What serving the system defines is nobody's change: a fresh shell can take nothing of it back."""
    served.runtime.history.begin()  # the fixtures have declared a hook
    served.runtime.define(JournalCommands(Loader(served.runtime, values)), BUILTIN)
    terminal = served.terminal()
    for line in ("undo", "undo scirehooks", "undo"):
        said = terminal.say(line)
        assert said["status"] == 1
        assert "There is nothing to undo." in str(said)
    assert terminal.say("who")["value"]


def test_who_of_several_lines_shows_the_one_under_way(served: Served) -> None:
    """Of a batch one wants to know how far it has come."""
    terminal = served.terminal()
    terminal.say("1\nrows = who()\n3")
    assert terminal.say("rows")["value"][0]["doing"] == "rows = who()"


def test_who_shows_a_stack_whole_below_the_table() -> None:
    """Where a thread hangs is never cut off, however narrow the terminal."""
    place = f"/srv/{'deep/' * 30}hang.py:3, in wait"
    rows = Who([WhoRow("shell", "anna", 7, datetime(2026, 1, 1, tzinfo=UTC), "given up", "wait()", place)])
    shown = plain(who_page(rows, Renderer(Values()), 60))
    assert f"\n  {place}\n" in shown


def test_follow_shows_the_log_until_interrupted(served: Served) -> None:
    """What the system logs comes to who asks for it, and to nobody else; afterwards the log is as before."""
    before = [*logging.getLogger().handlers]
    terminal, other = served.terminal(), served.terminal()
    following = terminal.begin("follow --log")
    while [*logging.getLogger().handlers] == before:
        served.changed(0.01)
    other.say("import logging; logging.getLogger('scirehooks').error('the \\x1b[31m roof is on fire')")
    assert terminal.screen.came.wait(10)
    terminal.client.request("interrupt", session=terminal.session)
    assert following.result()["status"] == 130
    assert "ERROR scirehooks: the \\x1b[31m roof is on fire\n" in terminal.screen.text()
    assert other.screen.text() == ""
    assert [*logging.getLogger().handlers] == before


class EventLog:
    """An event log in a list."""

    def __init__(self) -> None:
        self.lines = ["old"]

    def __call__(self, after: int | None) -> tuple[int, Sequence[str]]:
        """Return the newest number, and the lines behind AFTER."""
        return len(self.lines), [] if after is None else self.lines[after:]


@pytest.fixture
def log() -> EventLog:
    """What the events are."""
    return EventLog()


@pytest.fixture
def service(runtime: Runtime, values: Values, renderer: Renderer, log: EventLog) -> Service:
    """A service that has an event log."""
    return Service(runtime, values, renderer, title="test", status=lambda: "", events=log)


def test_follow_shows_events_that_come(served: Served, log: EventLog) -> None:
    """Only those from now on, each in a line."""
    terminal = served.terminal()
    following = terminal.begin("print('begun')\nfollow --events")
    assert terminal.screen.came.wait(10)
    while not any(row["doing"] for row in terminal.client.request("session/list")["sessions"]):
        pass
    while "new" not in terminal.screen.text():
        log.lines.append("new")
        terminal.screen.came.clear()
        terminal.screen.came.wait(1)
    terminal.client.request("interrupt", session=terminal.session)
    assert following.result()["status"] == 130
    assert "old" not in terminal.screen.text()
