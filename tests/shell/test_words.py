import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scirehooks.errors import UsageError
from scirehooks.shell.line.words import is_unfinished, quote, split

LINES = st.text(st.sampled_from("ab -='\"\\ \t\n$#"), max_size=24)


@given(st.lists(st.text(max_size=8), max_size=5))
def test_split_of_quoted_words_gives_them_back(words: list[str]) -> None:
    """What `quote` writes, `split` reads."""
    assert [word.text for word in split(" ".join(map(quote, words)))] == words


@given(LINES)
def test_split_of_any_line_gives_words_or_a_usage_error(line: str) -> None:
    """No line makes the reader fail in another way, and positions lie in the line, in order."""
    try:
        words = split(line)
    except UsageError:
        assert is_unfinished(line)
        words = split(line, unfinished=True)
        assert words[-1].open
    at = 0
    for word in words:
        assert at <= word.start < word.end <= len(line)
        at = word.end


@given(st.text(st.sampled_from("ab '\"\\ "), max_size=16))
def test_split_agrees_with_shlex_where_both_mean_sh(line: str) -> None:
    """The words are those of sh, as the standard library has them."""
    try:
        expected = shlex.split(line)
    except ValueError:
        assert is_unfinished(line)
    else:
        assert [word.text for word in split(line)] == expected


@pytest.mark.parametrize("line", ["'", '"a', "a\\", "a 'b c"])
def test_split_with_an_open_quote_is_a_usage_error(line: str) -> None:
    """An open quote is told, with what to do."""
    with pytest.raises(UsageError, match="Close it"):
        split(line)


def test_split_joins_lines_at_a_backslash() -> None:
    """A backslash at the end of a line joins it to the next, and is no word."""
    assert [word.text for word in split("run \\\n --depth \\\n 3")] == ["run", "--depth", "3"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("hooks # all", ["hooks"]),
        ("hooks #", ["hooks"]),
        ("hooks # it's\nx", ["hooks", "x"]),
        ("remove-hook h #17", ["remove-hook", "h", "#17"]),
        ("a '#' \\# b#", ["a", "#", "#", "b#"]),
    ],
)
def test_split_ends_a_line_at_a_comment(line: str, words: list[str]) -> None:
    """A `#` alone begins one; a number such as `#17` is a word."""
    assert [word.text for word in split(line)] == words
    assert not is_unfinished(line)
