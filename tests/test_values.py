"""The table of types: what words and JSON mean, and how errors name what is wrong."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal, NewType, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scirehooks.errors import ScireError, UnknownNameError, ValueFormatError
from scirehooks.values import MAX_DEPTH, MISSING, Candidate, Count, Id, Values, current_directory, parse_json

Port = NewType("Port", int)


class Transport(Enum):
    LOCAL = "local"
    SSH = "ssh"


class Level(Enum):
    VERY_LOW = 1
    HIGH = 2


@dataclass(frozen=True)
class Limits:
    timeout: timedelta
    parallel: int = 4


@dataclass(frozen=True)
class Machine:
    name: str
    id: Id = Id(1)  # noqa: RUF009 - a NewType makes nothing
    limits: Limits | None = None
    labels: dict[str, str] = field(default_factory=dict)
    children: tuple[Machine, ...] = ()


@pytest.fixture
def values() -> Values:
    """Return a table that nobody has added to."""
    return Values()


_TEXT = st.text()
_PATHS = st.builds(lambda raw: Path(os.fsdecode(raw) or "."), st.binary().filter(lambda raw: b"\0" not in raw))
_TIMES = st.datetimes(
    datetime(1970, 1, 2), datetime(2500, 1, 1), timezones=st.sampled_from([UTC, timezone(timedelta(hours=5.5))])
)
_LIMITS = st.builds(Limits, st.timedeltas(), st.integers())
_MACHINES = st.builds(
    Machine,
    _TEXT,
    st.integers().map(Id),
    st.none() | _LIMITS,
    st.dictionaries(_TEXT, _TEXT),
    st.lists(st.builds(Machine, _TEXT), max_size=2).map(tuple),
)
TYPED: list[tuple[Any, st.SearchStrategy[Any]]] = [
    (str, _TEXT),
    (bytes, st.binary()),
    (int, st.integers()),
    (float, st.floats(allow_nan=False, allow_infinity=False)),
    (bool, st.booleans()),
    (Path, _PATHS),
    (datetime, _TIMES),
    (timedelta, st.timedeltas()),
    (Transport, st.sampled_from(Transport)),
    (Level, st.sampled_from(Level)),
    (Literal["a", "b", 3, None], st.sampled_from(["a", "b", 3, None])),
    (Optional[int], st.none() | st.integers()),  # noqa: UP045 - both spellings of a union are to work
    (int | bool | None, st.none() | st.integers() | st.booleans()),
    (list[int], st.lists(st.integers())),
    (tuple[str, ...], st.lists(_TEXT).map(tuple)),
    (tuple[int, str], st.tuples(st.integers(), _TEXT)),
    (frozenset[int], st.frozensets(st.integers())),
    (dict[str, int], st.dictionaries(_TEXT, st.integers())),
    (Mapping[str, list[Path]], st.dictionaries(_TEXT, st.lists(_PATHS))),
    (Id, st.integers().map(Id)),
    (Count, st.integers(1).map(Count)),
    (Port, st.integers()),
    (Annotated[int, {"unhashable": "metadata"}], st.integers()),
    (Limits, _LIMITS),
    (Machine, _MACHINES),
    (Any, st.none() | st.booleans() | _TEXT | st.lists(_TEXT) | st.dictionaries(_TEXT, _TEXT)),
]


@given(st.sampled_from(TYPED).flatmap(lambda pair: st.tuples(st.just(pair[0]), pair[1])))
def test_json_of_any_supported_value_round_trips_through_text(pair: tuple[Any, Any]) -> None:
    """What is written as JSON is strict JSON, and reads as an equal value of the same type."""
    annotation, value = pair
    values = Values()
    text = json.dumps(values.to_json(value, annotation))
    again = values.from_json(annotation, parse_json(text), field="x")
    assert again == value
    assert type(again) is type(value)


@given(st.timedeltas())
def test_duration_word_round_trips(length: timedelta) -> None:
    """A duration is written as the word that means it."""
    values = Values()
    assert values.from_word(timedelta, str(values.to_json(length)), field="x") == length


@given(st.recursive(st.none() | st.integers() | st.floats() | _TEXT | st.binary(), st.lists, max_leaves=50))
def test_anything_to_json_is_always_strict_json(value: object) -> None:
    """Whatever a function returns can be shown with --json and read by a strict reader."""
    parse_json(json.dumps(Values().to_json(value), allow_nan=False))


@given(st.sampled_from(TYPED), st.text() | st.sampled_from(["[", "{", "[1,", "-", "0x5", "1e5", "=", "a=", "{}", "[]"]))
def test_from_word_any_word_gives_a_value_or_our_own_error(pair: tuple[Any, Any], word: str) -> None:
    """No word makes the reader fail in another way than by saying what is wrong."""
    try:
        Values().from_word(pair[0], word, field="x")
    except ValueFormatError as error:
        named = error.field
    else:
        return
    assert named.startswith("x")


@pytest.mark.parametrize(
    ("annotation", "word", "value"),
    [
        (str, "", ""),
        (int, "-7", -7),
        (float, "1e3", 1000.0),
        (bool, "yes", True),
        (bool, "off", False),
        (timedelta, "90s", timedelta(seconds=90)),
        (timedelta, "1d2h", timedelta(hours=26)),
        (timedelta, "-250ms", timedelta(milliseconds=-250)),
        (timedelta, "1.5h", timedelta(minutes=90)),
        (datetime, "2024-05-01T10:00Z", datetime(2024, 5, 1, 10, tzinfo=UTC)),
        (Transport, "ssh", Transport.SSH),
        (Level, "very-low", Level.VERY_LOW),
        (Literal["a", 3, None], "3", 3),
        (Literal["a", 3, None], "none", None),
        (int | None, "none", None),
        (str | None, "none", "none"),
        (int | str, "7", 7),
        (str | int, "7", 7),
        (list[int], "", []),
        (list[int], "1,2", [1, 2]),
        (list[str], '["a,b", "c"]', ["a,b", "c"]),
        (tuple[int, str], "1,x", (1, "x")),
        (Sequence[int], "1", [1]),
        (dict[str, str], "a=1,b=x=y", {"a": "1", "b": "x=y"}),
        (dict[str, int], '{"a": 1}', {"a": 1}),
        (dict, "", {}),
        (Limits, "timeout=5s", Limits(timedelta(seconds=5))),
        (Id, "17", 17),
        (Count, "17", 17),
        (Port, "22", 22),
        (Any, "022", "022"),
        (bytes, "é", b"\xc3\xa9"),
    ],
)
def test_from_word_good_word_gives_value(values: Values, annotation: Any, word: str, value: object) -> None:
    """Each type is written as an administrator would write it."""
    got = values.from_word(annotation, word, field="x")
    assert got == value
    assert type(got) is type(value)


def test_from_word_time_without_offset_is_local(values: Values) -> None:
    """An administrator who types a time means the clock on the wall."""
    assert values.from_word(datetime, "2024-05-01T10:00", field="x") == datetime(2024, 5, 1, 10).astimezone()


def test_from_word_path_knows_home(values: Values) -> None:
    """`~` is a home directory in what is typed, and a name in JSON."""
    assert values.from_word(Path, "~/x", field="x") == Path.home() / "x"
    assert values.from_json(Path, "~/x", field="x") == Path("~/x")
    for path in (Path("~\udc80"), Path("~/\udc80")):  # what is no Unicode travels as base64
        assert values.from_json(Path, values.to_json(path), field="x") == path


@pytest.mark.parametrize(
    ("annotation", "word", "says"),
    [
        (int, "022", "port: expected whole number, got '022'. A leading 0 could mean octal; leave it out."),
        (int, "+5", "port: expected whole number, got '+5'."),
        (int, "0x5", "port: expected whole number, got '0x5'."),
        (int, "1_0", "port: expected whole number, got '1_0'."),
        (int, "٣", "port: expected whole number, got '٣'."),
        (int, "", "port: expected whole number, got ''."),
        (float, "nan", "port: expected number, got 'nan'."),
        (float, "1e999", "port: expected number, got '1e999'."),
        (float, " 1", "port: expected number, got ' 1'."),
        (bool, "1", "port: expected true or false, got '1'."),
        (timedelta, "90", "port: expected duration, got '90'. Write it like 90s, 2h, 1d or 1h30m."),
        (timedelta, "9" * 30 + "d", "It is too long."),
        (Count, "0", "port: expected whole number from 1 up, got '0'."),
        (datetime, "tomorrow", "port: expected time, got 'tomorrow'. Write it like 2024-05-01T10:00"),
        (Path, "a\0b", "port: expected path, got 'a\\x00b'."),
        (Transport, "shs", "port: expected one of local, ssh, got 'shs'. Did you mean 'ssh'?"),
        (int | None, "nonne", "port: expected whole number, got 'nonne'."),
        (int | bool, "x", "port: expected whole number or true or false, got 'x'."),
        (list[int], "1,x", "port[1]: expected whole number, got 'x'."),
        (tuple[int, int], "1", "port: expected whole number, whole number between commas, got '1'. It needs 2, not 1."),
        (dict[str, int], "a=1,b", "got 'b'. Write it like key=value,key=value."),
        (dict[str, int], "a=1,a=2", "'a' is there twice."),
        (dict[str, int], "a=x", "port.a: expected whole number, got 'x'."),
        (
            Limits,
            "timeout=5s,paralel=2",
            "port: expected limits, got unknown field 'paralel'. Did you mean 'parallel'?",
        ),
        (Limits, "parallel=2", "port.timeout: expected duration, got nothing."),
        (list[str], '["a", ', "port: expected a JSON value"),
        (object(), "x", "It cannot be written as a word."),
    ],
)
def test_from_word_bad_word_is_refused_naming_field_type_and_cure(
    values: Values, annotation: Any, word: str, says: str
) -> None:
    """An error says which field, what was expected in an administrator's words, and what was perhaps meant."""
    with pytest.raises(ValueFormatError) as caught:
        values.from_word(annotation, word, field="port")
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("annotation", "data"),
    [
        (str, 1),
        (int, True),
        (int, 1.5),
        (int, "5"),
        (int, float("inf")),
        (int, None),
        (float, "1"),
        (float, 10**400),
        (bool, 1),
        (bool, "true"),
        (Id, 5),
        (Id, "05"),
        (Count, 0),
        (Count, True),
        (Count, "5"),
        (list[int], {}),
        (list[int], [1, "x"]),
        (dict[str, int], [1]),
        (Limits, "timeout=5s"),
        (Limits, {"timeout": "5s", "x": 1}),
        (Transport, 1),
        (timedelta, True),
        (timedelta, 1e300),
        (datetime, 5),
        (bytes, {"base64": "!"}),
        (Literal[1], True),
    ],
)
def test_from_json_wrong_type_is_refused(values: Values, annotation: Any, data: Any) -> None:
    """JSON is exact: no text where a number belongs, no number where a truth value belongs."""
    with pytest.raises(ValueFormatError, match=r"^client"):
        values.from_json(annotation, data, field="client")


def test_from_json_differences_of_other_writers_are_understood(values: Values) -> None:
    """PHP writes 1.0 as 1, an empty map as [], and a duration may be seconds."""
    assert values.from_json(int, 5.0, field="x") == 5
    assert isinstance(values.from_json(float, 1, field="x"), float)
    assert values.from_json(dict[str, int], [], field="x") == {}
    assert values.from_json(timedelta, 1.5, field="x") == timedelta(seconds=1.5)


def test_from_json_nested_error_names_the_path(values: Values) -> None:
    """The field in an error is the path down to what is wrong."""
    with pytest.raises(ValueFormatError, match=r"^client\.children\[0\]\.limits\.timeout: expected duration, got 'x'"):
        values.from_json(
            Machine, {"name": "a", "children": [{"name": "b", "limits": {"timeout": "x"}}]}, field="client"
        )


def test_to_json_spells_each_type_as_the_wire_has_it(values: Values) -> None:
    """Times are UTC with Z, ids text, big numbers text, odd bytes base64, objects their repr."""
    at = datetime(2024, 5, 1, 12, 30, tzinfo=timezone(timedelta(hours=2)))
    assert values.to_json(at) == "2024-05-01T10:30:00Z"
    assert values.to_json(Id(5), Id) == "5"
    assert values.to_json(10**15) == "1000000000000000"
    assert values.to_json(b"\xff") == {"base64": "/w=="}
    assert values.to_json(float("inf")) == {"repr": "inf"}
    assert values.to_json(Level.VERY_LOW) == "very-low"
    assert values.to_json({3, 1, 2}) == [1, 2, 3]
    assert values.to_json({1: "a", None: "b"}) == {"1": "a", "null": "b"}
    assert values.to_json(Machine("a", Id(9))) == {
        "name": "a", "id": "9", "limits": None, "labels": {}, "children": [],
    }  # fmt: skip
    assert values.to_json(len) == {"repr": "<built-in function len>"}
    assert values.to_json("\ud800") == "?"


def test_to_json_value_that_is_not_what_was_declared_is_written_by_what_it_is(values: Values) -> None:
    """Payloads are not type-checked, so a wrong annotation must not break their writing."""
    assert values.to_json("text", datetime) == "text"
    assert values.to_json([1], dict[str, int]) == [1]


def test_to_json_value_within_itself_is_cut_off(values: Values) -> None:
    """A cycle ends at the depth that a reader takes."""
    cycle: list[object] = []
    cycle.append(cycle)
    parse_json(json.dumps(values.to_json(cycle)))


@dataclass
class Node:
    """A record that can hold itself."""

    name: str
    port: int | None = None
    next: Node | None = None


def test_to_json_value_at_the_depth_of_a_reader_is_written_as_what_it_is(values: Values) -> None:
    """Only what would go on is cut off: text is no Python code, whether its type is declared or not."""
    for annotation, inner in (("x", "x"), (1, 1), (None, None)):
        whole: Any = annotation
        for _ in range(MAX_DEPTH):
            whole = [whole]
        written: Any = values.to_json(whole)
        for _ in range(MAX_DEPTH):
            (written,) = written
        assert written == inner
    deepest = nested = {"note": "x"}
    kind: Any = dict[str, str]
    for _ in range(MAX_DEPTH - 1):
        deepest, kind = {"in": deepest}, dict[str, kind]  # type: ignore[dict-item]
    found: Any = values.to_json(deepest, kind)
    for _ in range(MAX_DEPTH - 1):
        found = found["in"]
    assert found == nested


@pytest.mark.parametrize("registered", [False, True])
def test_to_json_record_within_itself_is_cut_off(values: Values, registered: bool) -> None:
    """A record that holds itself ends at the depth that a reader takes, also if an embedder named it."""
    if registered:
        values.register(Node, name="node")
    node = Node("web1", 22)
    node.next = node
    written = values.to_json(node)
    parse_json(json.dumps(written))
    assert written["next"]["port"] == 22  # type: ignore[index,call-overload]


def test_from_json_empty_path_is_refused(values: Values) -> None:
    """As a word: `Path("")` would be the current directory."""
    for read in (values.from_word, values.from_json):
        with pytest.raises(ValueFormatError, match="at least one character"):
            read(Path, "", field="file")


@pytest.mark.parametrize(
    ("annotation", "value", "word"),
    [
        (bool, True, "yes"), (int, 7, "7"), (float, 20.0, "20"), (float, 0.25, "0.25"), (float, 1e300, "1e+300"),
        (str, "a b", "a b"), (str, "", ""), (timedelta, timedelta(hours=1), "1h"), (int | None, None, "none"),
        (Transport, Transport.SSH, "ssh"), (Level, Level.VERY_LOW, "very-low"),
        (list[int], [], ""), (list[int], [22, 80], "22,80"), (tuple[str, int], ("a", 1), "a,1"),
        (list[str], [""], '[""]'), (list[str], ["a,b"], '["a,b"]'), (list[str], ["[a"], '["[a"]'),
        (list[list[int]], [[1], [2, 3]], "[[1], [2, 3]]"), (dict[str, bool], {"a": False, "b": True}, "a=no,b=yes"),
        (dict[str, int], {"a=b": 1}, '{"a=b": 1}'), (dict[str, list[int]], {"a": [1]}, '{"a": [1]}'),
        (dict[str, str], {}, ""),
    ],
)  # fmt: skip
def test_to_word_value_is_read_back(values: Values, annotation: Any, value: object, word: str) -> None:
    """What is shown of a value can be typed for it; JSON where words between commas would mean something else."""
    assert values.to_word(value, annotation) == values.to_word(value) == word
    assert values.from_word(annotation, word, field="x") == value


@given(st.lists(st.text()) | st.dictionaries(st.text(), st.text()))
def test_to_word_any_list_or_mapping_is_read_back(value: list[str] | dict[str, str]) -> None:
    """Whatever is in the text."""
    annotation = list[str] if isinstance(value, list) else dict[str, str]
    assert Values().from_word(annotation, Values().to_word(value), field="x") == value


def test_register_type_with_functions_is_used_everywhere(values: Values) -> None:
    """What is registered decides words, candidates, samples, names and JSON, also within other types."""
    known = {"web1": Machine("web1"), "web2": Machine("web2")}
    values.register(
        Machine,
        name="client",
        from_word=lambda word: known[word],
        to_json=lambda machine: machine.name,
        candidates=lambda _prefix: [Candidate("web1", "a server"), "web2"],
        sample=lambda: known["web1"],
    )
    assert values.from_word(list[Machine], "web2,web1", field="x") == [known["web2"], known["web1"]]
    assert values.from_json(Machine, "web1", field="x") is known["web1"]
    assert values.from_json(Machine, {"name": "z"}, field="x") == Machine("z")
    assert values.to_json([known["web1"]]) == ["web1"]
    assert values.candidates(list[Machine], "web1,w") == [Candidate("web1,web1", "a server"), Candidate("web1,web2")]
    assert values.sample(dict[str, Machine]) == {"sample": known["web1"]}
    assert values.type_name(tuple[Machine, ...] | None) == "list of client or none"
    with pytest.raises(ValueFormatError, match=r"client: expected client, got 'web11'. Did you mean 'web1'\?"):
        values.from_word(Machine, "web11", field="client")


def test_register_reader_with_own_error_passes_it_on(values: Values) -> None:
    """An embedder's own error keeps its class, which decides the exit status."""

    def find(word: str) -> Machine:
        raise UnknownNameError("client", word, ["web1"])

    values.register(Machine, name="client", from_word=find)
    with pytest.raises(UnknownNameError):
        values.from_word(Machine, "web", field="client")
    assert values.from_word(Machine | None, "none", field="client") is None


def test_register_newtype_keeps_its_base(values: Values) -> None:
    """A NewType with a name of its own is read as what it is made of."""
    values.register(Port, name="port")
    assert values.from_word(Port, "22", field="p") == 22
    with pytest.raises(ValueFormatError, match=r"p: expected port, got '022'. A leading 0"):
        values.from_word(Port, "022", field="p")


def test_provide_type_is_filled_in(values: Values) -> None:
    """A provided type is looked up exactly; nothing else is filled in."""
    machine = Machine("it")
    values.provide(Machine, machine)
    assert values.provided(Machine) is machine
    assert values.provided(Annotated[Machine, "x"]) is machine
    assert values.provided(Limits) is MISSING
    assert values.provided("Machine") is MISSING


def test_candidates_are_only_what_continues_the_word(values: Values, tmp_path: Path) -> None:
    """Choices, fields, files and parts of lists are offered as whole words."""
    (tmp_path / "one").mkdir()
    (tmp_path / "two").touch()
    (tmp_path / ".hidden").touch()

    def words(annotation: Any, prefix: str) -> list[str]:
        return [found.word for found in values.candidates(annotation, prefix)]

    assert words(Transport, "s") == ["ssh"]
    assert words(bool | None, "") == ["true", "false"]
    assert words(list[Transport], "ssh,l") == ["ssh,local"]
    assert words(tuple[int, Transport], "1,") == ["1,local", "1,ssh"]
    assert words(tuple[int, Transport], "1,ssh,") == []
    assert words(Limits, "timeout=5s,p") == ["timeout=5s,parallel="]
    assert words(Path, f"{tmp_path}/") == [f"{tmp_path}/one/", f"{tmp_path}/two"]
    assert words(Path, f"{tmp_path}/.h") == [f"{tmp_path}/.hidden"]
    assert words(Path, f"{tmp_path}/nowhere/") == []
    assert words(int, "") == []


@pytest.mark.parametrize("annotation", [annotation for annotation, _ in TYPED])
def test_sample_of_each_type_is_of_that_type(values: Values, annotation: Any) -> None:
    """A sample can be written and read like any value of its type."""
    sample = values.sample(annotation)
    assert values.from_json(annotation, values.to_json(sample, annotation), field="x") == sample


def test_sample_of_unknown_type_says_what_to_do(values: Values) -> None:
    """What cannot be made up is to be given."""
    with pytest.raises(ScireError, match=r"no sample of test case. Give the value as key=value"):
        values.sample(type("TestCase", (), {}))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"a": 1, "a": 2}', 'each key once, got "a" twice'),
        ("NaN", "a number, got NaN"),
        ("[Infinity]", "a number, got Infinity"),
        ("-Infinity", "a number, got -Infinity"),
        ("1e999", "a number that fits a float, got 1e999"),
        ('"\\ud800"', "Unicode text, got half a surrogate pair"),
        ('{"\\udc00": 1}', "Unicode text, got half a surrogate pair"),
        ("[" * 33 + "]" * 33, "at most 32 levels, got more"),
        ("[" * 100_000, "at most 32 levels, got more"),
        ('{"a":' * 100_000, "at most 32 levels, got more"),
        ("1234567890123456", "at most 15 digits, got 1234567890123456"),
        ("-1234567890123456", "at most 15 digits, got -1234567890123456"),
        ("9" * 5000, "at most 15 digits, got 999"),
        ("1 2", "something else at line 1 column 3"),
        ("{}\n]", "something else at line 2 column 1"),
        ("", "something else at line 1 column 1"),
        ("\ufeff{}", "a JSON value"),
        (b"\xef\xbb\xbf{}", "a JSON value"),
        (b"\xff", "UTF-8, got byte 0xff at 0"),
        ('{"a":1}'.encode("utf-16"), "UTF-8"),
        ("022", "something else"),
        ("{'a': 1}", "something else"),
        ("[1,]", "something else"),
        ('"a\nb"', "something else"),
        ('"\ud800"', "Unicode text"),
    ],
)
def test_parse_json_text_two_readers_take_differently_is_refused(text: str | bytes, says: str) -> None:
    """Strictness is decided here once, for programs, sockets and webhooks alike."""
    with pytest.raises(ValueFormatError) as caught:
        parse_json(text)
    assert says in str(caught.value)
    assert str(caught.value).startswith("JSON: expected ")
    assert len(str(caught.value)) < 200


def test_parse_json_at_the_limits_is_read() -> None:
    """32 levels, 15 digits and a surrogate pair are still good."""
    assert parse_json("[" * 32 + "]" * 32)
    assert parse_json("[-999999999999999, 0, 1.5]") == [-999999999999999, 0, 1.5]
    assert parse_json(b'"\\ud83d\\ude00"') == "😀"


def test_to_json_of_a_bare_object_is_its_repr() -> None:
    """An object that nobody described has no JSON, and is not looked into for ever."""
    nothing = object()
    assert Values().to_json([nothing]) == [{"repr": repr(nothing)}]


def test_path_is_seen_from_the_current_directory(tmp_path: Path) -> None:
    """What somebody types is relative to where he is, not to where the process is; in JSON a path is exact."""
    (tmp_path / "site.py").touch()
    values = Values()
    token = current_directory.set(tmp_path)
    try:
        assert values.from_word(Path, "site.py", field="file") == tmp_path / "site.py"
        assert values.from_word(Path, "/etc/motd", field="file") == Path("/etc/motd")
        assert values.from_word(Path, "~", field="file") == Path.home()
        assert values.from_json(Path, "site.py", field="file") == Path("site.py")
        assert [each.word for each in values.candidates(Path, "si")] == ["site.py"]
    finally:
        current_directory.reset(token)
    assert values.from_word(Path, "site.py", field="file") == Path("site.py")
