r"""Messages of the control protocol and their lines: JSON-RPC 2.0, UTF-8, one message a line, 16 MiB at most.

A message comes from whoever has reached the socket, so reading one raises `WireError` and nothing else, and refuses
what two readers could take differently (as `values.parse_json` does).

Source: https://www.jsonrpc.org/specification; its batches (arrays) are left out: a line is cheap.

Example:
    >>> encode(Request(1, "describe", {}))
    b'{"jsonrpc":"2.0","id":1,"method":"describe"}\n'
    >>> decode(b'{"jsonrpc":"2.0","id":1,"method":"describe"}')
    Request(id=1, method='describe', params={})
"""

from __future__ import annotations

import json
import re
from dataclasses import field
from typing import Any, Final

from scirehooks.errors import ScireError, ValueFormatError, WireError
from scirehooks.records import dataclass
from scirehooks.shell.showing.text import neutral
from scirehooks.values import Json, parse_json

__all__ = [
    "FAILED",
    "INTERNAL",
    "INVALID_PARAMS",
    "INVALID_REQUEST",
    "LIMIT",
    "PARSE",
    "UNKNOWN_METHOD",
    "Answer",
    "Failure",
    "Message",
    "Notification",
    "Request",
    "decode",
    "encode",
    "failure",
]

LIMIT: Final = 16 << 20  # bytes a line may have, its end included

PARSE: Final = -32700
INVALID_REQUEST: Final = -32600
UNKNOWN_METHOD: Final = -32601
INVALID_PARAMS: Final = -32602
INTERNAL: Final = -32603
FAILED: Final = -32000  # understood, and it could not be done: the message says why

_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Request:
    """Something asked for, to be answered by ID."""

    id: str | int
    method: str
    params: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Notification:
    """Something said, to which there is no answer."""

    method: str
    params: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """The RESULT of the request ID."""

    id: str | int
    result: Any = None


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no result for the request ID (None: nobody knows which one it was)."""

    id: str | int | None
    code: int
    message: str
    data: Any = None


Message = Request | Notification | Answer | Failure


def encode(message: Message) -> bytes:
    """Return MESSAGE as a line.

    Half a surrogate pair, which no UTF-8 can hold, is spelt out: a file name that is no text must not end a session.
    """
    document: dict[str, Any] = {"jsonrpc": "2.0"}
    if isinstance(message, Request | Answer | Failure):
        document["id"] = message.id
    if isinstance(message, Request | Notification):
        document["method"] = message.method
        if message.params:
            document["params"] = message.params
    elif isinstance(message, Answer):
        document["result"] = message.result
    else:
        error = document["error"] = {"code": message.code, "message": message.message}
        if message.data is not None:
            error["data"] = message.data
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    try:
        return text.encode() + b"\n"
    except UnicodeEncodeError:
        return _SURROGATE.sub(lambda found: f"\\\\u{ord(found[0]):04x}", text).encode() + b"\n"


def decode(line: bytes, *, trusted: bool = False) -> Message:
    """Return the message in LINE, its end being of no account.

    A TRUSTED sender (a server, to its clients) may send any JSON: the value of an expression nests as deep as it does.

    Raises:
        WireError: it is none; the error says what to answer.
    """
    try:
        document: Json = json.loads(line) if trusted else parse_json(line, field="message")
    except ValueFormatError as error:
        raise WireError(str(error), PARSE) from None
    except (ValueError, RecursionError) as error:
        raise WireError(f"message: expected a JSON value ({error}).", PARSE) from None
    if isinstance(document, list):
        raise WireError("Batches are not understood.", INVALID_REQUEST, hint="Send one message a line.")
    if not isinstance(document, dict):
        raise WireError(f"A message is an object, not {_shown(document)}.", INVALID_REQUEST)
    number = document.get("id")
    known = number if isinstance(number, str | int) and not isinstance(number, bool) else None
    if document.get("jsonrpc") != "2.0":
        raise WireError('A message has the member "jsonrpc": "2.0".', INVALID_REQUEST, known)
    if "method" in document:
        return _call(document, known)
    if "error" in document and "result" not in document:
        return _failure(document["error"], known)
    if "result" in document and "error" not in document and known is not None:
        return Answer(known, document["result"])
    raise WireError('A message has "method", or "id" and either "result" or "error".', INVALID_REQUEST, known)


def _call(document: dict[str, Json], known: str | int | None) -> Request | Notification:
    method, params = document["method"], document.get("params", {})
    if not isinstance(method, str):
        raise WireError(f'"method" is text, not {_shown(method)}.', INVALID_REQUEST, known)
    if not isinstance(params, dict):
        raise WireError(f'"params" is an object, by name, not {_shown(params)}.', INVALID_PARAMS, known)
    if "id" not in document:
        return Notification(method, params)
    if known is None:
        raise WireError(f'"id" is text or a whole number, not {_shown(document["id"])}.', INVALID_REQUEST)
    return Request(known, method, params)


def _failure(error: Json, known: str | int | None) -> Failure:
    if not isinstance(error, dict):
        raise WireError(f'"error" is an object, not {_shown(error)}.', INVALID_REQUEST)
    code, message = error.get("code"), error.get("message")
    if not isinstance(code, int) or not isinstance(message, str):
        raise WireError('"error" has a whole number "code" and a text "message".', INVALID_REQUEST)
    return Failure(known, code, message, error.get("data"))


def failure(number: str | int | None, error: BaseException) -> Failure:
    """Return what to answer to the request NUMBER, which ERROR has ended."""
    if isinstance(error, WireError):
        return Failure(number if number is not None else error.id, error.code, str(error))
    if isinstance(error, ScireError):
        data = {"type": type(error).__name__, "status": error.exit_status, "hint": error.hint}
        return Failure(number, FAILED, str(error), data)
    data = {"type": type(error).__name__}
    said = neutral(f"{type(error).__name__}: {error}")  # of a class and with a text that may be the user's
    return Failure(number, INTERNAL, f"{said}. This is a fault of scirehooks.", data)


def _shown(value: Json) -> str:
    """Say in a word what VALUE is; it may be long, and it may be anything."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    names: dict[type, str] = {dict: "an object", list: "an array", str: "text", int: "a number", float: "a number"}
    return names[type(value)]
