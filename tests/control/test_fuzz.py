"""Anything at all is sent to a server: it answers or is silent, and others never notice."""

import contextlib
import importlib.util
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scirehooks.control import Server, Service
from scirehooks.control.ops import OpTable
from scirehooks.hooks import Runtime
from scirehooks.shell import furnish
from scirehooks.values import Values
from tests.control.support import Raw, Terminal

OPS = sorted(OpTable(object.__new__(Service)))
NAMES = ["session", "text", "width", "lines", "stdin", "json", "generation", "stream", "force", "drain", "colors"]
TEXTS = st.sampled_from(["shell", "shell-2", "1", "if x:", "add-h", "(", "hooks", "\x00", "\u2028", "'"]) | st.text(
    st.characters(exclude_categories=["Cs"]), max_size=20
)
SCALARS = st.none() | st.booleans() | st.integers(-5, 200) | st.floats(allow_nan=False) | TEXTS
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3))
REQUESTS = st.fixed_dictionaries(
    {
        "jsonrpc": st.just("2.0"),
        "id": st.integers(0, 9) | JSON,
        "method": st.sampled_from([name for name in OPS if name != "batch"]) | TEXTS,
        "params": st.dictionaries(st.sampled_from(NAMES), SCALARS | JSON, max_size=4) | JSON,
    }
)
FRAMES = st.one_of(
    st.binary(max_size=200),
    JSON.map(lambda value: json.dumps(value).encode()),
    REQUESTS.map(lambda value: json.dumps(value).encode()),
    REQUESTS.map(lambda value: json.dumps(value).encode()[:-3]),
)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server for all examples: what one leaves behind must not hurt the next."""
    runtime, values = Runtime("fuzzed"), Values()
    service = Service(runtime, values, furnish(runtime, values), title="", status=lambda: "")
    server = Server(service).start()
    yield server
    server.close()
    runtime.close()


@pytest.fixture(scope="module")
def witness(server: Server) -> Iterator[Terminal]:
    """Somebody who works at the same server."""
    ours, theirs = socket.socketpair()
    server.attach(theirs)
    terminal = Terminal(ours)
    yield terminal
    terminal.client.close()


def tried(server: Server, witness: Terminal, frames: list[bytes], cut: int) -> None:
    """Send FRAMES over a new connection, in pieces of CUT bytes; then this connection and others still work."""
    ours, theirs = socket.socketpair()
    server.attach(theirs)
    raw = Raw(ours)
    data = b"".join(frame + b"\n" for frame in frames)
    with contextlib.closing(ours):
        for start in range(0, len(data), cut):
            raw.send(data[start : start + cut])
        raw.send(b'{"jsonrpc":"2.0","id":"last","method":"alive"}\n')
        while (answer := raw.line()).get("id") != "last":
            assert answer["jsonrpc"] == "2.0"
            assert set(answer) - {"jsonrpc", "id"} in ({"result"}, {"error"}, {"method", "params"})
        assert answer["result"] == {}
    result: Any = witness.say("6 * 7")
    assert result["value"] == 42


@given(st.lists(FRAMES, max_size=5), st.integers(1, 400))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_frames_of_any_kind_disturb_nobody(server: Server, witness: Terminal, frames: list[bytes], cut: int) -> None:
    """Whatever comes, the connection is answered on, and so is everybody else."""
    tried(server, witness, frames, cut)


@pytest.mark.full
@given(st.lists(FRAMES, max_size=30), st.integers(1, 4000))
@settings(max_examples=5_000, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_frames_of_any_kind_for_long_disturb_nobody(
    server: Server, witness: Terminal, frames: list[bytes], cut: int
) -> None:
    """The same, in many more and longer conversations."""
    tried(server, witness, frames, cut)


@pytest.mark.full
def test_reader_of_messages_stands_fuzzing_by_coverage(checkout: Path, tmp_path: Path) -> None:
    """A fuzzer that sees which lines it reaches finds nothing that the reader does not refuse in its own words."""
    if importlib.util.find_spec("atheris") is None:
        pytest.skip("atheris is not installed")
    for number, op in enumerate(OPS):
        (tmp_path / str(number)).write_text(json.dumps({"jsonrpc": "2.0", "id": 1, "method": op, "params": {}}))
    command = [sys.executable, "-m", "tests.control.fuzz", "-max_total_time=30", "-timeout=10", str(tmp_path)]
    done = subprocess.run(command, cwd=checkout, capture_output=True, text=True, timeout=55)
    assert done.returncode == 0, done.stderr[-2000:]
