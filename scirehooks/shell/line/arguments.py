"""Turn the words of a command line into the arguments of the command's function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from scirehooks.errors import UsageError, ValueFormatError, nearest
from scirehooks.shell.line.form import Form, Slot, Typed
from scirehooks.values import Values

__all__ = ["Arguments", "bind"]


class Arguments(NamedTuple):
    """What a function is called with."""

    positional: tuple[Any, ...]
    keyword: dict[str, Any]


def bind(form: Form, words: Sequence[str], values: Values) -> Arguments:
    """Return what WORDS give the command of FORM, converted by VALUES.

    Raises:
        UsageError: the words do not fit the form; the hint is the command's usage.
        UnknownNameError: a word that should name something names nothing.
    """
    free, options = _sort(form, words)
    given = _place(form, free, options)
    fields = _fields(form, given.pop("**", ()))
    rest = given.pop("*", ())
    found: dict[str, Any] = {}
    for slot in form.slots:
        if slot.kind == "provided":
            found[slot.name] = slot.value
        elif slot.name in given:
            found[slot.name] = _convert(form, slot, given[slot.name], values)
        elif slot.required:
            what = slot.option if slot.kind == "option" else slot.metavar
            raise _usage(form, f"{what} is missing.")
    tail = tuple(_convert(form, form.rest, [word], values) for word in rest) if form.rest else ()
    return _arrange(form, found, tail, fields)


def _sort(form: Form, words: Sequence[str]) -> tuple[list[str], dict[str, list[str]]]:
    """Tell free words from options; an option's words are kept under its Python name."""
    free: list[str] = []
    options: dict[str, list[str]] = {}
    if form.takes_line:
        return list(words), options
    queue = list(reversed(words))
    while queue:
        word = queue.pop()
        if word == "--":
            free += reversed(queue)
            break
        if not word.startswith("--"):
            free.append(word)
            continue
        name, equals, value = word.partition("=")
        slot = form.options.get(name)
        if slot is None:
            close = nearest(name, form.options, 1)
            raise _usage(form, f"There is no option {name}.", f"Did you mean {close[0]}?" if close else "")
        if slot.flag:
            if equals:
                raise _usage(form, f"{name} takes no value.")
            value = "false" if name != slot.option else "true"
        elif not equals:
            if not queue or queue[-1].startswith("--"):
                raise _usage(form, f"{name} needs a value.")
            value = queue.pop()
        options.setdefault(slot.name, []).append(value)
    return free, options


def _place(form: Form, free: list[str], options: dict[str, list[str]]) -> dict[str, Any]:
    """Give the FREE words to the positional slots that no option filled; what is over goes under `*` and `**`."""
    given: dict[str, Any] = dict(options)
    left = [slot for slot in form.positional if slot.name not in options]
    for slot, word in zip(left, free, strict=False):
        given[slot.name] = [word]
    over = free[len(left) :]
    if form.rest:
        given["*"] = tuple(over)
    elif form.fields:
        given["**"] = tuple(over)
    elif over:
        raise _usage(form, f"{over[0]!r} is one word too many.")
    return given


def _fields(form: Form, words: Sequence[str]) -> dict[str, Any]:
    """Read `key=value` words; the command converts the values, since only it knows their types."""
    fields: dict[str, Any] = {}
    for word in words:
        key, equals, value = word.partition("=")
        key = key.replace("-", "_")
        if not equals or not key.isidentifier():
            raise _usage(form, f"{word!r} is not of the form key=value.")
        if slot := next((each for each in form.options.values() if each.name == key), None):
            raise _usage(form, f"{key} is an option here, and no field.", f"Type {slot.option}.")
        if key in fields:
            raise _usage(form, f"{key} is given twice.")
        fields[key] = Typed(value)
    return fields


def _convert(form: Form, slot: Slot, words: list[str], values: Values) -> Any:
    field = slot.option if slot.kind == "option" else slot.name
    try:
        read = [values.from_word(slot.annotation, word, field=field) for word in words]
    except ValueFormatError as error:
        raise _usage(form, error.message, error.hint) from error
    if len(read) == 1:
        return read[0]
    # An option that holds several values may be given several times: `--label a=1 --label b=2`.
    if all(isinstance(value, list | tuple) for value in read):
        return type(read[0])(item for value in read for item in value)
    if all(isinstance(value, Mapping) for value in read):
        return {key: item for value in read for key, item in value.items()}
    raise _usage(form, f"{slot.option} is given {len(words)} times.")


def _arrange(form: Form, found: dict[str, Any], tail: tuple[Any, ...], fields: dict[str, Any]) -> Arguments:
    """Pass by position what can be: `*args` need it, and so do positional-only parameters."""
    positional: list[Any] = []
    keyword: dict[str, Any] = {}
    complete = True
    for parameter in form.command.parameters:
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        here = parameter.kind is not parameter.KEYWORD_ONLY
        if parameter.name in found:
            if here and complete:
                positional.append(found[parameter.name])
            else:
                keyword[parameter.name] = found[parameter.name]
        elif here and tail:
            positional.append(parameter.default)  # what follows it needs its place
        elif here:
            complete = False
    return Arguments((*positional, *tail), {**keyword, **fields})


def _usage(form: Form, message: str, guess: str = "") -> UsageError:
    text = f"{form.command.name}: {message} {guess}".rstrip()
    return UsageError(text, f"Usage: {form.usage}")
