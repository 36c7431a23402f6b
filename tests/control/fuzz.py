"""Fuzzing by coverage: bytes go through the reader of messages and of parameters, guided by the lines they reach.

Needs `pip install atheris`: `python -m tests.control.fuzz -max_total_time=60`. The tests run it if it is installed.
"""

import contextlib
import json
import sys

import atheris  # type: ignore[import-untyped,import-not-found,unused-ignore]  # it is no requirement

with atheris.instrument_imports(include=["scirehooks.control.wire", "scirehooks.control.ops", "scirehooks.values"]):
    from scirehooks.control.ops import OpTable
    from scirehooks.control.service import Service
    from scirehooks.control.wire import Notification, Request, decode, encode
    from scirehooks.errors import WireError

OPS = OpTable(object.__new__(Service))


def one(data: bytes) -> None:
    """Read DATA as a server does: whatever it is, it is a message or a WireError, and writes as it was read."""
    with contextlib.suppress(WireError):
        message = decode(data)
        assert decode(encode(message)) == message
        if isinstance(message, Request | Notification):
            params = OPS.read(OPS.find(message.method), message.params)
            json.dumps(params)


if __name__ == "__main__":
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
