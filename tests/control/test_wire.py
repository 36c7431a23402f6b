"""Messages and their lines."""

import contextlib
import json
import math
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from scirehooks.control.wire import (
    INTERNAL,
    INVALID_PARAMS,
    INVALID_REQUEST,
    PARSE,
    Answer,
    Failure,
    Message,
    Notification,
    Request,
    decode,
    encode,
    failure,
)
from scirehooks.errors import UsageError, WireError

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
NUMBERS = st.integers(-(10**15) + 1, 10**15 - 1)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
IDS = NUMBERS | TEXT
PARAMS = st.dictionaries(TEXT, VALUES, max_size=3)
MESSAGES = st.one_of(
    st.builds(Request, IDS, TEXT, PARAMS),
    st.builds(Notification, TEXT, PARAMS),
    st.builds(Answer, IDS, VALUES),
    st.builds(Failure, st.none() | IDS, NUMBERS, TEXT, VALUES),
)


@given(MESSAGES)
def test_decode_of_what_was_encoded_gives_the_message(message: Message) -> None:
    """What is written is one line, and reads as what it was."""
    line = encode(message)
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert decode(line) == message


@given(st.binary())
@example(b"")
@example(b"\x00")
@example(b"[" * 100_000)
@example(b'{"a":' * 100_000)
@example(b'{"jsonrpc":"2.0","id":1,"method":"x","params":' + b"[" * 50_000 + b"]" * 50_000 + b"}")
@example("﻿{}".encode())
def test_decode_of_anything_raises_its_own_error_only(line: bytes) -> None:
    """Whatever bytes come, they are a message or a WireError."""
    for trusted in (False, True):
        with contextlib.suppress(WireError):
            decode(line, trusted=trusted)


@given(VALUES | st.builds(lambda members: {"jsonrpc": "2.0", **members}, PARAMS))
@example({"jsonrpc": "2.0", "id": True, "method": "x"})
@example({"jsonrpc": "2.0", "id": None, "result": 1})
@example({"jsonrpc": "2.0", "id": 1, "error": {"code": 1}})
@example({"jsonrpc": "2.0", "id": 1, "error": {"code": "x", "message": "y"}})
@example({"jsonrpc": "2.0", "id": 1, "error": 3, "result": 2})
def test_decode_of_any_json_raises_its_own_error_only(value: Any) -> None:
    """JSON that is no message is refused as such."""
    with contextlib.suppress(WireError):
        decode(json.dumps(value).encode())


@pytest.mark.parametrize(
    ("line", "code", "number", "said"),
    [
        (b"{", PARSE, None, "JSON"),
        (b'{"jsonrpc":"2.0","id":7,"method":"\xff"}', PARSE, None, "UTF-8"),
        (b'{"a":1,"a":2}', PARSE, None, "once"),
        (b"[]", INVALID_REQUEST, None, "one message a line"),
        (b"3", INVALID_REQUEST, None, "a number"),
        (b'{"id":7,"method":"x"}', INVALID_REQUEST, 7, "jsonrpc"),
        (b'{"jsonrpc":"2.0","id":7,"method":3}', INVALID_REQUEST, 7, '"method" is text'),
        (b'{"jsonrpc":"2.0","id":7,"method":"x","params":[1]}', INVALID_PARAMS, 7, "by name"),
        (b'{"jsonrpc":"2.0","id":[],"method":"x"}', INVALID_REQUEST, None, '"id"'),
        (b'{"jsonrpc":"2.0","id":7}', INVALID_REQUEST, 7, "result"),
    ],
)
def test_decode_of_a_bad_message_says_what_is_wrong(line: bytes, code: int, number: object, said: str) -> None:
    """The error has the code of JSON-RPC, the id of the request if that can be told, and a sentence."""
    with pytest.raises(WireError) as caught:
        decode(line)
    assert (caught.value.code, caught.value.id) == (code, number)
    assert said in str(caught.value)


def test_encode_of_half_a_surrogate_pair_spells_it_out() -> None:
    """A file name that is no UTF-8 can be shown; the line stays what everybody can read."""
    line = encode(Notification("output", {"text": "name \udcff."}))
    assert decode(line) == Notification("output", {"text": "name \\udcff."})


def test_encode_of_no_number_is_refused() -> None:
    """NaN is no JSON: who encodes it is told, not who reads it."""
    with pytest.raises(ValueError, match="JSON"):
        encode(Answer(1, math.nan))


def test_failure_of_a_fault_of_ours_says_so() -> None:
    """Errors that we raise on purpose carry their kind and exit status; any other is our fault."""
    told = failure(3, UsageError("No.", "Try help."))
    assert (told.message, told.data) == ("No. Try help.", {"type": "UsageError", "status": 2, "hint": "Try help."})
    fault = failure(3, KeyError("x"))
    assert fault.code == INTERNAL
    assert "fault of scirehooks" in fault.message


def test_failure_neutralises_the_name_of_a_class() -> None:
    """It is made by the user's code, as the text is, and comes to a terminal."""
    error = type("E\n\x1b[31m", (Exception,), {})("\x1b[2J")
    assert "\x1b" not in failure(1, error).message
