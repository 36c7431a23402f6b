from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from prompt_toolkit.application import Application, create_app_session
from prompt_toolkit.input import DummyInput
from prompt_toolkit.output import DummyOutput

from scirehooks.terminal.screen import Screen


async def _type(screen: Screen) -> None:
    screen.typing_begins()


@pytest.mark.parametrize(
    ("act", "shown"),
    [
        (lambda screen: screen.redraw(), ""),
        (lambda screen: screen.leave(EOFError()), ""),
        (lambda screen: screen.above("late\n"), "late\n"),
    ],
    ids=["redraw", "leave", "above"],
)
def test_what_comes_as_a_line_is_finished_raises_nothing(
    act: Callable[[Screen], None], shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line's loop is closed, and others do not know yet; what was to go above the line is not lost."""
    screen, written = Screen(), list[str]()
    monkeypatch.setattr(screen, "write", written.append)
    with create_app_session(input=DummyInput(), output=DummyOutput()), screen.typing(Application[None]()):
        asyncio.run(_type(screen))
        act(screen)
        assert written == []
    assert "".join(written) == shown
