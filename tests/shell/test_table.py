"""Tables on terminals of any width: what is shown is never cut to nonsense."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scirehooks.shell.showing.markdown import markdown
from scirehooks.shell.showing.render import Renderer
from scirehooks.shell.showing.text import cells, plain
from scirehooks.values import Values


@dataclass
class Run:
    id: int
    job: str
    status: str
    reason: str
    created: datetime
    ended: datetime | None


NOW = datetime.now(UTC).replace(hour=12, microsecond=0)
RUNS = [
    Run(1, "clean-temporary-files", "succeeded", "", NOW, NOW),
    Run(117, "uptime", "failed", "the host key of web1 is not the one that was pinned", NOW - timedelta(days=40), None),
]


def lines(width: int) -> list[str]:
    return plain(Renderer(Values()).table(RUNS, width)).splitlines()


def test_table_with_room_shows_everything() -> None:
    """Times have their date and their clock, texts are whole."""
    assert all("…" not in line for line in lines(0) + lines(200))
    assert lines(0)[1].count(NOW.astimezone().strftime("%Y-%m-%d %H:%M:%S")) == 2


def test_table_shortens_text_first_and_times_next() -> None:
    """Today is told by the clock, any other day by its date; a time is never cut."""
    for width in (130, 110):
        assert NOW.astimezone().strftime("%Y-%m-%d %H:%M:%S") in lines(width)[1]
    narrow = lines(70)
    assert NOW.astimezone().strftime("%H:%M:%S") in narrow[1]
    assert (NOW - timedelta(days=40)).astimezone().strftime("%Y-%m-%d") in narrow[2]
    assert "…" in narrow[2]


def test_table_leaves_out_the_last_columns_last() -> None:
    """What stands first says what the record is, and is there to the end; what goes makes room for the others."""
    assert lines(30)[0].split() == ["id", "job", "status"]
    assert lines(30)[1].split() == ["1", "clean-tempora…", "succeeded"]
    assert lines(8)[0].split()[0] == "id"


def test_table_never_cuts_the_first_column_while_it_has_room() -> None:
    """It is what one types: all that describes it gives way, and it is cut only where it is too wide alone."""
    rows = [{"hook": "client-modification-hook", "functions": "audit, mail, archive", "about": "Fires after a change."}]
    shown = {width: plain(Renderer(Values()).table(rows, width)).splitlines()[1] for width in (60, 44, 30, 24, 12)}
    assert all(shown[width].startswith("client-modification-hook") for width in (60, 44, 30, 24))
    assert shown[60].endswith("…")
    assert shown[24] == "client-modification-hook"
    assert shown[12] == "client-modi…"


@given(st.integers(1, 200))
def test_table_is_never_wider_than_the_terminal(width: int) -> None:
    """Each line fits, and whatever looks like a time is a whole one."""
    for line in lines(width):
        assert cells(line) <= width
        for part in re.findall(r"\d[\d:]*:[\d:]*", line):
            assert re.fullmatch(r"\d\d:\d\d:\d\d", part)


MANUAL = """\
| rule | what happens | used for |
|---|---|---|
| `raise` | the very exception reaches the caller; later functions do not run | your own |
| `isolate` | it is told to `hook-failure-hook` | |
Behind it.
"""


def test_markdown_table_is_shown_as_one() -> None:
    """No bars and no rules; the marks of code are gone, and the text after it is a paragraph."""
    assert plain(markdown(MANUAL)).splitlines() == [
        "rule     what happens                                                       used for",
        "raise    the very exception reaches the caller; later functions do not run  your own",
        "isolate  it is told to hook-failure-hook",
        "Behind it.",
    ]


@pytest.mark.parametrize("width", [60, 80])
def test_markdown_table_goes_on_below_where_it_is_narrow(width: int) -> None:
    """Nothing is left out of a table in the manual, and what is code is not broken."""
    shown = plain(markdown(MANUAL, width))
    assert max(cells(line) for line in shown.splitlines()) <= width
    assert "hook-failure-hook" in shown
    assert " ".join(shown.split()).count("exception") == 1
    words = sorted(re.sub(r"[|`]", " ", MANUAL).replace("---", "").split())
    assert sorted(shown.split()) == words
