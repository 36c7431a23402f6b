from collections.abc import Iterator
from typing import Any

import pytest

from scirehooks.shell import Batch, Renderer, Session
from tests.shell.consoles import Far


@pytest.fixture
def far(session: Session) -> Far:
    """The terminal of the session."""
    session.console = far = Far("typed\n")
    return far


def batch_on(far: Far, session: Session, renderer: Renderer, **how: Any) -> Batch:
    """Return a batch that shows everything on FAR."""
    return Batch(session, renderer, far, **{"width": 0, "colors": {}, **how})


def test_run_prints_where_it_is_told(far: Far, session: Session, renderer: Renderer) -> None:
    """Answers and prints on one stream, errors on the other, in their order."""
    lines = ["print('a')", "input()", "1 + 1", "!make", "import sys; print('b', file=sys.stderr)", "1/0", "3"]
    assert batch_on(far, session, renderer).run(lines, "-c", "-c") == 1
    assert far.of("stdout") == "a\n'typed'\n2\n"
    assert far.of("stderr").startswith("b\n-c:6: ZeroDivisionError")
    assert far.of("program") == "make"


def test_run_with_json_prints_on_standard_error(far: Far, session: Session, renderer: Renderer) -> None:
    """Standard output has results only."""
    assert batch_on(far, session, renderer, as_json=True).run(["print('a')", "[1]"], "-c", "-c") == 0
    assert far.of("stdout") == "[1]\n"
    assert far.of("stderr") == "a\n"


def test_run_takes_lines_one_at_a_time(far: Far, session: Session, renderer: Renderer) -> None:
    """Whoever feeds them sees each answer before the next line is asked for."""

    def lines() -> Iterator[str]:
        yield "1"
        assert far.of("stdout") == "1\n"
        yield "2"
        assert far.of("stdout") == "1\n2\n"

    assert batch_on(far, session, renderer).run(lines(), "<stdin>", "stdin") == 0


def test_run_has_no_quota(far: Far, session: Session, renderer: Renderer) -> None:
    """A pipe gets everything."""
    session.runtime.set_option("print-quota", 10)
    assert batch_on(far, session, renderer).run(["print('x' * 1000)"], "-c", "-c") == 0
    assert far.of("stdout") == "x" * 1000 + "\n"


def test_run_without_a_reader_ends_quietly(far: Far, session: Session, renderer: Renderer) -> None:
    """As in `yes | head`: who prints into a closed pipe has been read enough."""
    far.closed.add("stdout")
    assert batch_on(far, session, renderer).run(["print('a')", "print('b')"], "-c", "-c") == 0
    assert far.shown == []


@pytest.mark.parametrize("colors", [{"stdout": True, "stderr": False}, {}])
def test_run_colours_what_it_is_told_to(
    far: Far, session: Session, renderer: Renderer, colors: dict[str, bool]
) -> None:
    """Each stream by itself: one may be a terminal and the other a file."""
    batch_on(far, session, renderer, colors=colors).run(["describe-hook order-paid-hook", "nothing"], "-c", "-c")
    assert ("\x1b[" in far.of("stdout")) is bool(colors)
    assert "\x1b[" not in far.of("stderr")
