import contextlib
import inspect
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scirehooks.errors import UsageError
from scirehooks.hooks import BUILTIN, Command, Runtime
from scirehooks.shell.line.arguments import bind
from scirehooks.shell.line.form import Form, Typed, provided_by
from scirehooks.values import Values


def everything(
    name: str,
    port: int = 22,
    *rest: Path,
    color: Literal["red", "blue"] = "red",
    loud: bool = False,
    quiet: bool = True,
) -> None:
    """Take one of each kind."""


def labelled(name: str, depth: float = 0, *, labels: dict[str, str] | None = None, hosts: tuple[str, ...] = ()) -> None:
    """Take options that hold several values, and a word that may be an option."""


def fields(hook: str, /, **payload: Any) -> None:
    """Take fields."""


def switched(hook: str, /, *, dry_run: bool = False, **payload: Any) -> None:
    """Take fields, and an option that a field could be called as."""


def filled(runtime: Runtime, name: str) -> None:
    """Take something that the application provides."""


def form(function: Callable[..., Any], values: Values | None = None) -> Form:
    return Form(Command(function.__name__, function, BUILTIN, None), provided_by(values or Values(), {}))


def given_to(function: Callable[..., Any], words: str) -> dict[str, Any]:
    """Return what FUNCTION gets, by name."""
    arguments = bind(form(function), words.split(), Values())
    return dict(inspect.signature(function).bind(*arguments.positional, **arguments.keyword).arguments)


def test_bind_converts_words_by_annotation() -> None:
    """Positional words, the rest, options and flags reach the function as their types."""
    words = "web1 2222 a b --color=blue --loud --no-quiet"
    assert given_to(everything, words) == {
        "name": "web1",
        "port": 2222,
        "rest": (Path("a"), Path("b")),
        "color": "blue",
        "loud": True,
        "quiet": False,
    }


def test_bind_leaves_out_what_is_not_given() -> None:
    """Defaults stay the function's business."""
    assert given_to(everything, "web1") == {"name": "web1"}


def test_bind_after_two_dashes_takes_words_only() -> None:
    """`--` ends options."""
    assert given_to(everything, "web1 1 -- --loud")["rest"] == (Path("--loud"),)


def test_bind_of_a_negative_number_takes_it_as_a_word() -> None:
    """One dash makes no option: a depth may be below zero."""
    assert given_to(labelled, "x -10") == {"name": "x", "depth": -10.0}


def test_bind_of_a_positional_parameter_by_name_is_the_same() -> None:
    """`--depth 20` and `20` are one thing, as in Python."""
    assert given_to(labelled, "x --depth 20") == given_to(labelled, "--depth=20 x") == given_to(labelled, "x 20")


def test_bind_of_a_repeated_option_gathers_its_values() -> None:
    """What holds several values may be given several times."""
    found = given_to(labelled, "x --labels a=1 --labels b=2 --hosts u --hosts v,w")
    assert found["labels"] == {"a": "1", "b": "2"}
    assert found["hosts"] == ("u", "v", "w")


def test_bind_of_fields_keeps_them_as_typed() -> None:
    """The command that takes fields converts them; one may be called like its own parameter."""
    found = given_to(fields, "some-hook hook=x old-value=a=b")
    assert found == {"hook": "some-hook", "payload": {"hook": "x", "old_value": "a=b"}}
    assert all(type(value) is Typed for value in found["payload"].values())


def test_bind_fills_in_what_is_provided() -> None:
    """A parameter of a provided type is never a word."""
    values, runtime = Values(), Runtime("test")
    values.provide(Runtime, runtime)
    arguments = bind(form(filled, values), ["x"], values)
    assert arguments.positional == (runtime, "x")
    assert form(filled, values).usage == "filled NAME"


@pytest.mark.parametrize(
    ("function", "words", "message"),
    [
        (everything, "", "NAME is missing."),
        (everything, "a --colour red", "There is no option --colour. Did you mean --color?"),
        (everything, "a --color", "--color needs a value."),
        (everything, "a --color --loud", "--color needs a value."),
        (everything, "a --loud=yes", "--loud takes no value."),
        (everything, "a x", "port: expected whole number, got 'x'."),
        (everything, "a --color green", "--color: expected one of red, blue, got 'green'."),
        (everything, "a --color red --color blue", "--color is given 2 times."),
        (labelled, "a 1 b", "'b' is one word too many."),
        (fields, "h x", "'x' is not of the form key=value."),
        (fields, "h x=1 x=2", "x is given twice."),
        (fields, "h --hook=2", "There is no option --hook."),
        (switched, "h a=1 dry_run=no", "dry_run is an option here, and no field. Type --dry-run."),
        (switched, "h a=1 dry-run=no --dry-run", "dry_run is an option here, and no field. Type --dry-run."),
    ],
)
def test_bind_of_wrong_words_is_a_usage_error(function: Callable[..., Any], words: str, message: str) -> None:
    """The message says what is wrong, the hint how the command is used."""
    with pytest.raises(UsageError) as caught:
        given_to(function, words)
    assert caught.value.message.startswith(f"{function.__name__}: {message}")
    assert caught.value.hint == f"Usage: {form(function).usage}"
    assert caught.value.exit_status == 2


def test_bind_names_an_option_as_it_is_typed() -> None:
    """Python's spelling of it, `for_` or `not_before`, is nothing that anybody could type."""

    def later(*, for_: timedelta | None = None, not_before: int = 0) -> None: ...

    for words, message in (
        ("--for 2x", "--for: expected duration, got '2x'. Write it like 90s, 2h, 1d or 1h30m."),
        ("--not-before x", "--not-before: expected whole number, got 'x'."),
    ):
        with pytest.raises(UsageError) as caught:
            given_to(later, words)
        assert caught.value.message == f"later: {message}"


def test_usage_shows_what_must_and_what_may_be_given() -> None:
    """The usage is one line: words, then options."""
    assert form(everything).usage == "everything NAME [PORT] [REST…] [--color COLOR] [--loud] [--no-quiet]"
    assert form(fields).usage == "fields HOOK [KEY=VALUE…]"


WORDS = st.sampled_from(["a", "22", "--", "--loud", "--color", "--color=red", "k=v", "-1", "--x", ""])


@given(st.lists(WORDS, max_size=6))
def test_bind_of_any_words_gives_arguments_or_a_usage_error(words: list[str]) -> None:
    """No words make the reader fail in another way, and completion can always tell what is expected."""
    for function in (everything, labelled, fields):
        form(function).expected(words)
        with contextlib.suppress(UsageError):
            arguments = bind(form(function), words, Values())
            inspect.signature(function).bind(*arguments.positional, **arguments.keyword)
