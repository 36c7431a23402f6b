from dataclasses import dataclass
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scirehooks.shell.markdown import markdown
from scirehooks.shell.render import Renderer
from scirehooks.shell.text import cells, plain, to_ansi
from scirehooks.values import Values


@dataclass
class Host:
    name: str
    port: int
    labels: dict[str, str]
    note: str = ""


HOSTS = [Host("web1", 22, {"site": "berlin"}), Host("db\x1b[2J", 2222, {})]


def show(value: object, width: int = 0, *, python: bool = False) -> str:
    return plain(Renderer(Values()).render(value, width, python=python))


def test_render_of_records_is_a_table_without_empty_columns() -> None:
    """Numbers stand at the right, what nobody has is left out, control characters are spelt out."""
    assert show(HOSTS) == "name       port  labels\nweb1         22  site=berlin\ndb\\x1b[2J  2222\n"


def test_render_of_one_record_is_one_line_for_each_field() -> None:
    """What is nested is indented."""
    assert show(Host("web1", 22, {}, "a\nb")) == "name    web1\nport    22\nlabels  -\nnote\n  a\n  b\n"


def test_render_of_records_with_long_text_puts_them_below_each_other() -> None:
    """The output of a run is no cell of a table."""
    assert show([Host("a", 1, {}, "x\ny"), Host("b", 2, {})]).split("\n\n")[1].startswith("name    b\n")


@given(st.integers(30, 120))
def test_render_of_a_table_keeps_to_the_width(width: int) -> None:
    """No line is longer than the terminal is wide."""
    rows = [Host("x" * 40, 1, {"k": "v" * 60}, "日本" * 20)]
    assert all(cells(line) <= width for line in show(rows, width).splitlines())


@given(st.text())
def test_render_of_any_text_has_no_control_characters(text: str) -> None:
    """Nothing that was stored can move the cursor."""
    for shown in (show(text), show([{"a": text}]), show({"a": text}), show(text, python=True)):
        assert all(character.isprintable() or character in "\n\t " for character in shown if ord(character) < 0xA0)
        assert "\u202e" not in shown


@pytest.mark.parametrize(
    ("value", "python", "shown"),
    [
        (None, True, ""),
        ("a", True, "'a'\n"),
        ("a", False, "a\n"),
        ({"a": 1}, True, "{'a': 1}\n"),
        ({"a": 1}, False, "a  1\n"),
        ([1, 2], True, "[1, 2]\n"),
        (["a", "b"], False, "a\nb\n"),
        ([], False, ""),
        (timedelta(hours=2), False, "2h\n"),
        (True, False, "yes\n"),
    ],
)
def test_render_of_plain_values(value: object, python: bool, shown: str) -> None:
    """A command's answer is for people, a Python value is shown as Python writes it."""
    assert show(value, python=python) == shown


def test_markdown_fills_paragraphs_and_keeps_code() -> None:
    """Text is broken to the width, code is not."""
    text = "# Head\n\none two three\nfour\n\n    code stays as it is\n\n- an item that is long\n"
    assert plain(markdown(text, 12)) == (
        "Head\n\none two\nthree four\n\n    code stays as it is\n\n- an item\n  that is\n  long\n"
    )


def test_to_ansi_without_colors_is_plain() -> None:
    """Escape sequences come from us only, and only when asked for."""
    assert to_ansi([("error", "a"), ("nonsense", "b")], color=False) == "ab"
    assert to_ansi([("error", "a"), ("nonsense", "b")], color=True) == "\x1b[31ma\x1b[0mb"
