"""Strict YAML: what it says is what was meant, and an error names line and column.

YAML 1.1 reads `no` as false, `022` as 18, `12:30:45` as 45045 and `1.10` as 1.1, takes the last of two equal keys, and
expands aliases without bound. An administrator meant none of these, so all are errors. Tags, anchors and aliases are
refused; dates stay text.
"""

from __future__ import annotations

import re
from dataclasses import field
from typing import Any, Final, NoReturn

import yaml

from scirehooks.errors import LoadError
from scirehooks.records import dataclass
from scirehooks.values import MAX_DEPTH, Json
from scirehooks.values.strict_json import MAX_DIGITS

__all__ = ["LARGEST", "TRUTH", "Node", "read_yaml"]

LARGEST: Final = 1 << 20

_WHOLE: Final = re.compile(r"-?(0|[1-9][0-9]*)", re.ASCII)
_REAL: Final = re.compile(
    r"[-+]?([0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)([eE][-+]?[0-9]+)?|[-+]?\.(inf|nan)", re.I | re.ASCII
)
_OTHER_BASE: Final = re.compile(r"[-+]?0(x[0-9a-f_]+|b[01_]+|o?[0-7_]+)", re.I | re.ASCII)
_SEXAGESIMAL: Final = re.compile(r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?", re.ASCII)
TRUTH: Final = frozenset({"yes", "no", "on", "off", "y", "n", "true", "false"})
_QUOTE: Final = "Put it in quotes if it is text."


@dataclass(frozen=True, slots=True)
class Node:
    """A value, and where it stands; the items of lists and mappings are nodes, and so are the keys of mappings."""

    value: Any
    file: str
    line: int
    column: int
    keys: dict[str, Node] = field(default_factory=dict)

    def error(self, message: str, hint: str = "") -> LoadError:
        """Return the error that says MESSAGE about this node."""
        return LoadError(f"{self.file}:{self.line}:{self.column}: {message}", self.file, self.line, hint)

    def plain(self) -> Json:
        """Return the value without places."""
        if isinstance(self.value, list):
            return [item.plain() for item in self.value]
        if isinstance(self.value, dict):
            return {key: item.plain() for key, item in self.value.items()}
        scalar: Json = self.value
        return scalar


def read_yaml(content: bytes, file: str) -> Node:
    """Read CONTENT, which came from FILE.

    Raises:
        LoadError: it is not YAML, or says something that two readers take differently.

    Example:
        >>> read_yaml(b"port: 022", "20-x.yaml")
        Traceback (most recent call last):
        scirehooks.errors.LoadError: 20-x.yaml:1:7: 022 could mean octal. Put it in quotes if it is text.
    """
    if len(content) > LARGEST:
        raise LoadError(f"{file}: it is larger than {LARGEST >> 20} MiB.", file)
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - content.rfind(b"\n", 0, error.start)
        raise LoadError(f"{file}:{line}:{column}: it is not UTF-8.", file, line) from None
    try:
        loader = _Loader(text)
        composed = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{file}:{mark.line + 1}:{mark.column + 1}" if mark else file
        raise LoadError(f"{where}: {error.problem or error.context}.", file, mark.line + 1 if mark else None) from None
    except yaml.YAMLError as error:  # a character that no YAML file may hold: it has a position, but no mark
        position = getattr(error, "position", 0)
        line = text.count("\n", 0, position) + 1
        raise LoadError(f"{file}:{line}: a character that YAML does not allow.", file, line) from None
    return _node(composed, file) if composed else Node({}, file, 1, 1)


class _Loader(yaml.SafeLoader):
    """The composer of PyYAML, without anchors, aliases, tags and endless depth."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Refuse what makes a document mean more than it shows."""
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]  # the stubs leave it open

        def refuse(problem: str) -> NoReturn:
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=event.start_mark)

        if isinstance(event, yaml.AliasEvent):
            refuse(f"alias *{event.anchor}: write out what it stands for")
        if getattr(event, "anchor", None):
            refuse(f"anchor &{event.anchor}: aliases are not used here")
        if getattr(event, "tag", None):
            refuse(f"tag {event.tag}: tags are not used here")
        if self.depth >= MAX_DEPTH:
            refuse(f"more than {MAX_DEPTH} levels")
        self.depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1


def _node(node: yaml.Node, file: str) -> Node:
    place = Node(None, file, node.start_mark.line + 1, node.start_mark.column + 1)

    def made(value: Any, keys: dict[str, Node] | None = None) -> Node:
        return Node(value, file, place.line, place.column, keys or {})

    if isinstance(node, yaml.SequenceNode):
        return made([_node(item, file) for item in node.value])
    if isinstance(node, yaml.MappingNode):
        items: dict[str, Node] = {}
        keys: dict[str, Node] = {}
        for key_node, value_node in node.value:
            key = _node(key_node, file)
            if not isinstance(key.value, str):
                raise key.error("a key must be text.", "Put it in quotes.")
            if key.value in items:
                raise key.error(f"{key.value!r} is there twice; the first is on line {keys[key.value].line}.")
            items[key.value], keys[key.value] = _node(value_node, file), key
        return made(items, keys)
    plain = isinstance(node, yaml.ScalarNode) and node.style is None
    return made(_scalar(node.value, place) if plain else node.value)


def _scalar(text: str, place: Node) -> Json:
    """Read TEXT, written without quotes."""
    if text in ("", "~", "null"):
        return None
    if text in ("true", "false"):
        return text == "true"
    if text.lower() in TRUTH:
        raise place.error(
            f"{text} is true or false to some readers and text to others.", "Write true, false or quotes."
        )
    if _WHOLE.fullmatch(text):
        if len(text.lstrip("-")) > MAX_DIGITS:
            raise place.error(f"a whole number has at most {MAX_DIGITS} digits.", _QUOTE)
        return int(text)
    if _OTHER_BASE.fullmatch(text):
        raise place.error(f"{text} could mean octal." if text.isdigit() else f"{text} is no decimal number.", _QUOTE)
    if _SEXAGESIMAL.fullmatch(text):
        raise place.error(f"{text} could mean a number to the base 60.", _QUOTE)
    if _REAL.fullmatch(text):
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        # Written back it must be the same: 1.10 is a version to a human and 1.1 to a computer.
        if repr(value) != text:
            raise place.error(
                f"{text} is read as a number, {value!r}.", f"Write it so, or: {_QUOTE[0].lower()}{_QUOTE[1:]}"
            )
        if value in (float("inf"), float("-inf")) or value != value:
            raise place.error(f"{text} is no number to most readers.")
        return value
    return text
