"""A shell without a fleet, and what asks it."""

from collections.abc import Callable, Iterator

import pytest

from scirehooks.hooks import Runtime
from scirehooks.shell import Host, Renderer, Session, furnish
from scirehooks.shell.line.chunks import chunks
from scirehooks.shell.showing.text import plain
from scirehooks.values import Values


@pytest.fixture
def runtime() -> Runtime:
    """A runtime with two hooks, one that is told and one that is asked."""
    runtime = Runtime("test")

    def order_paid_hook(order: int, note: str = "") -> None:
        """Fires after ORDER has been paid."""

    def pre_order_hook(order: int) -> None:
        """Asks whether ORDER may be paid."""

    runtime.defhook(order_paid_hook)
    runtime.defhook(mode="ask", on_error="refuse", amend=("order",))(pre_order_hook)
    return runtime


@pytest.fixture
def values() -> Values:
    """A table of types."""
    return Values()


@pytest.fixture
def renderer(runtime: Runtime, values: Values) -> Renderer:
    """What shows answers; the commands of the shell are defined with it."""
    return furnish(runtime, values)


@pytest.fixture
def session(runtime: Runtime, values: Values, renderer: Renderer) -> Iterator[Session]:
    """A session that has the shell's commands."""
    session = Session(runtime, values, actor="tester")
    yield session
    session.close()


@pytest.fixture
def host(session: Session, renderer: Renderer) -> Host:
    """The shell as a terminal sees it."""
    return Host(session, renderer, title="test", status=lambda: "")


@pytest.fixture
def say(host: Host, session: Session) -> Callable[[str], str]:
    """A function from a line to the text that a terminal would show."""

    def ask(text: str, width: int = 0) -> str:
        shown = ""
        for chunk in chunks(text.split("\n"), session.runtime.commands):
            outcome = session.evaluate(chunk.text)
            shown += plain(host.shown(outcome, width))
            if outcome.error is not None:
                break
        return shown

    return ask
