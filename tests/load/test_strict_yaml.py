"""YAML that says what was meant, and errors that name line and column."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scirehooks.errors import LoadError
from scirehooks.load.strict_yaml import LARGEST, read_yaml


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", {}),
        ("# nothing\n", {}),
        ("a: 22", {"a": 22}),
        ("a: -3.5", {"a": -3.5}),
        ("a: true\nb: false\nc: null\nd: ~\ne:", {"a": True, "b": False, "c": None, "d": None, "e": None}),
        ("a: '022'\nb: \"yes\"\nc: 'null'", {"a": "022", "b": "yes", "c": "null"}),
        ("a: 2024-05-01", {"a": "2024-05-01"}),
        ("a: 1.2.3", {"a": "1.2.3"}),
        ("a: web1\nb: post-client-add-hook", {"a": "web1", "b": "post-client-add-hook"}),
        ("a: [1, {b: c}]", {"a": [1, {"b": "c"}]}),
        ("a: |\n  two\n  lines\n", {"a": "two\nlines\n"}),
        ("a: client.name == 'x'", {"a": "client.name == 'x'"}),
        ("a: fe80::1", {"a": "fe80::1"}),
    ],
)
def test_read_yaml_good_text_gives_its_value(text: str, value: object) -> None:
    """What can be read in one way only is read."""
    assert read_yaml(text.encode(), "x.yaml").plain() == value


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("no: on", "x.yaml:1:1: no is true or false to some readers"),
        ("a: on", "x.yaml:1:4: on is true or false"),
        ("a: Yes", "x.yaml:1:4: Yes is true"),
        ("a: y", "x.yaml:1:4: y is"),
        ("a: True", "x.yaml:1:4: True is"),
        ("port: 022", "x.yaml:1:7: 022 could mean octal"),
        ("a: 0o22", "x.yaml:1:4: 0o22 is no decimal number"),
        ("a: 0x1F", "x.yaml:1:4: 0x1F is no decimal number"),
        ("a: 12:30:45", "x.yaml:1:4: 12:30:45 could mean a number to the base 60"),
        ("a: 1:30", "x.yaml:1:4: 1:30 could"),
        ("a: 1.10", "x.yaml:1:4: 1.10 is read as a number, 1.1"),
        ("a: 1_000", "x.yaml:1:4: 1_000 is read as a number"),
        ("a: 1e3", "x.yaml:1:4: 1e3 is read as a number"),
        ("a: +5", "x.yaml:1:4: +5 is read as a number"),
        ("a: .inf", "x.yaml:1:4: .inf"),
        ("a: .NaN", "x.yaml:1:4: .NaN"),
        ("a: 1234567890123456", "x.yaml:1:4: a whole number has at most 15 digits"),
        ("a: 1\nb: 2\na: 3", "x.yaml:3:1: 'a' is there twice; the first is on line 1"),
        ("a: &x 1", "x.yaml:1:4: anchor &x"),
        ("a: &x [1]\nb: *x", "x.yaml:1:4: anchor &x"),
        ("b: *x", "x.yaml:1:4: alias *x"),
        ("a: !!python/object:os.system x", "x.yaml:1:4: tag tag:yaml.org,2002:python/object:os.system"),
        ("a: !!str 1", "x.yaml:1:4: tag"),
        ("1: a", "x.yaml:1:1: a key must be text"),
        ("[a, b]: c", "x.yaml:1:1: a key must be text"),
        ("a: b: c", "x.yaml:1:5: mapping values are not allowed here"),
        ("a:\n\t- b", "x.yaml:2:1: found character '\\t'"),
        ("a: [1", "x.yaml:1:6"),
        ("--- a\n--- b", "x.yaml:2:1: but found another document"),
        ("a: 1\n\x00", "x.yaml:2"),
        ("[" * 33 + "]" * 33, "more than 32 levels"),
        ("[" * 100_000, "more than 32 levels"),
        ("- " * 5_000 + "x", "more than 32 levels"),
    ],
)
def test_read_yaml_ambiguous_text_is_refused_with_line_and_column(text: str, says: str) -> None:
    """What two readers take differently is told with its place."""
    with pytest.raises(LoadError) as caught:
        read_yaml(text.encode(), "x.yaml")
    assert says in str(caught.value)
    assert caught.value.file == "x.yaml"


def test_read_yaml_not_utf8_is_refused_with_place() -> None:
    """Another encoding is no reason to guess."""
    with pytest.raises(LoadError, match=r"x\.yaml:2:4: it is not UTF-8"):
        read_yaml(b"a: 1\nb: \xe9", "x.yaml")


def test_read_yaml_too_large_is_refused_unread() -> None:
    """A megabyte is more than any administrator writes."""
    with pytest.raises(LoadError, match="larger than 1 MiB"):
        read_yaml(b"#" * (LARGEST + 1), "x.yaml")


@given(st.text() | st.text(alphabet="ab:-?[]{},&*!|>'\"%@` \n\t#01.~"))
def test_read_yaml_any_text_gives_a_value_or_our_own_error(text: str) -> None:
    """No text makes the reader fail in another way."""
    try:
        node = read_yaml(text.encode(errors="replace"), "x.yaml")
    except LoadError as error:
        message = str(error)
        assert message.startswith("x.yaml")
    else:
        node.plain()
