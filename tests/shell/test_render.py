from dataclasses import dataclass
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scirehooks.shell.showing.markdown import markdown
from scirehooks.shell.showing.render import Renderer
from scirehooks.shell.showing.text import cells, plain, to_ansi, wrapped
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


@pytest.mark.parametrize("width", [0, 60])
def test_markdown_puts_code_together_that_goes_over_a_line_end(width: int) -> None:
    """A page is filled in the editor, so its backquotes pair within a paragraph, and never beyond it."""
    shown = markdown("See `help daemon`, `help\ntour`, **so\nmuch**, ``a`\nb``.\n\n- a ` b\n- c `d`\n", width)
    assert plain(shown) == "See help daemon, help tour, so much, a` b.\n\n- a ` b\n- c d\n"
    marked = [fragment for fragment in shown if fragment[0]]
    assert marked == [
        ("name", "help daemon"),
        ("name", "help tour"),
        ("bold", "so much"),
        ("name", "a` b"),
        ("name", "d"),
    ]


def test_to_ansi_without_colors_is_plain() -> None:
    """Escape sequences come from us only, and only when asked for."""
    assert to_ansi([("error", "a"), ("nonsense", "b")], color=False) == "ab"
    assert to_ansi([("error", "a"), ("nonsense", "b")], color=True) == "\x1b[31ma\x1b[0mb"


@given(st.lists(st.text("ab é", min_size=1, max_size=9), max_size=20), st.integers(20, 40))
def test_wrapped_breaks_between_words_and_loses_none(words: list[str], width: int) -> None:
    """No line is wider than the terminal, and all words are there in their order."""
    text = " ".join(words)
    shown = plain(wrapped([("key", text[:7]), ("", text[7:] + "\n")], width))
    assert shown.split() == text.split()
    assert all(cells(line.rstrip()) <= width for line in shown.split("\n"))
    assert plain(wrapped([("", text)], 0)) == text


def test_wrapped_leaves_code_and_long_words_whole() -> None:
    """Code and paths are copied, so they are in one piece."""
    code = [("usage", "    def function(argument, another): pass\n")]
    path = [("", f"see /{'deep/' * 9}file\n")]
    assert wrapped(code, 20) == code
    assert wrapped(path, 20) == path


def test_markdown_shows_code_that_is_punctuation_in_quotes() -> None:
    """Without them a comma as code would be one of the sentence; two backquotes hold one."""
    assert plain(markdown("with `=`, `,` or `.`. Or ``a`b``.\n")) == "with =, `,` or `.`. Or a`b.\n"


def test_record_in_a_cell_is_its_name_or_number() -> None:
    """A plan says `run=4`, not all that is known of the run."""

    @dataclass
    class Run:
        id: int
        job: int

    assert Renderer(Values()).cell({"run": Run(4, 3), "host": HOSTS[0]}) == "run=4, host=web1"


def test_render_asks_no_value_whether_it_is_empty() -> None:
    """Equality is the user's: that of an array, say, is no truth value."""

    class Array:
        def __eq__(self, other: object) -> bool:
            raise ValueError("ambiguous")

        def __repr__(self) -> str:
            return "array"

    assert show([{"a": Array()}]) == "a\narray\n"
