"""What it costs to ask a running system: a one-shot `attach -c 1`, and a line over an open session.

Ratios to `python3 -c pass`, medians of interleaved rounds, since absolute times say nothing on a shared machine:

    python -m tests.bench.bench_attach [ROUNDS]
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median, quantiles

from scirehooks.control import Client, Peer, Server, Service
from scirehooks.hooks import Runtime
from scirehooks.shell import furnish
from scirehooks.values import Values

GOAL_RATIO = 1.5  # of a whole one-shot process to `python3 -c pass`
GOAL_WARM = 0.002  # seconds for a line over an open session
ROOT = Path(__file__).parents[2]
# As it is installed: with the package on the path, and compiled.
ENVIRONMENT = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
SCRIPT = "import sys; from scirehooks.control.oneshot import main; raise SystemExit(main(sys.argv[1:]))"
HEART = """\
import socket, sys, time
sock = socket.socket(socket.AF_UNIX)
sock.connect(sys.argv[1])
for _ in range(int(sys.argv[2])):
    begun = time.perf_counter()
    sock.sendall(b'{"jsonrpc":"2.0","id":1,"method":"alive"}\\n')
    sock.recv(1000)
    print(time.perf_counter() - begun)
    time.sleep(0.003)
"""


class Silent:
    """A terminal that shows nothing."""

    def output(self, stream: str, content: str | list[tuple[str, str]]) -> None:
        """Show nothing."""

    def input(self, prompt: str) -> str:
        """Give no input."""
        return ""

    def program(self, text: str) -> int:
        """Run nothing."""
        return 0


def seconds(call: Callable[[], object]) -> float:
    """Return how long CALL takes."""
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun


def process(*command: str) -> None:
    """Run COMMAND, which succeeds."""
    subprocess.run([sys.executable, *command], check=True, stdout=subprocess.DEVNULL, env=ENVIRONMENT)


def served(directory: str) -> tuple[Server, str]:
    """Return a server of an empty runtime, and where it listens."""
    runtime, values = Runtime("bench"), Values()
    service = Service(runtime, values, furnish(runtime, values), title="", status=lambda: "")
    server = Server(service).start()
    path = f"{directory}/control.sock"
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()
    server.listen(listener, lambda _: Peer.own())
    return server, path


def heartbeats(path: str, beats: int) -> list[float]:
    """Return the times of BEATS cheap operations, asked by another process while a Python loop runs at PATH."""
    busy, client = connected(path), connected(path)
    session = busy.request("session/open")["session"]
    loop = threading.Thread(
        target=lambda: busy.converse("eval", Silent(), session=session, text="while True: pass"), daemon=True
    )
    loop.start()
    while not any(row["doing"] for row in client.request("session/list")["sessions"]):
        pass
    command = [sys.executable, "-c", HEART, path, str(beats)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=ENVIRONMENT)
    client.request("interrupt", session=session)
    loop.join()
    busy.close()
    client.close()
    return [float(word) for word in done.stdout.split()]


def connected(path: str) -> Client:
    """Return a client of the server at PATH."""
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(path)
    return Client(sock, lambda method, params: None, lambda client: None)


def main(rounds: int = 25) -> int:
    """Measure, print a table, and return 1 if a goal is missed."""
    with tempfile.TemporaryDirectory() as directory:
        server, path = served(directory)
        plain, once = ("-c", "pass"), ("-c", SCRIPT)
        bare: list[float] = []
        oneshot: list[float] = []
        process(*once, "attach", path, "-c", "1")
        for _ in range(rounds):
            bare.append(seconds(lambda: process(*plain)))
            oneshot.append(seconds(lambda: process(*once, "attach", path, "-c", "1")))
        client, silent = connected(path), Silent()
        session = client.request("session/open")["session"]
        warm = [seconds(lambda: client.converse("eval", silent, session=session, text="1")) for _ in range(500)]
        client.close()
        beats = heartbeats(path, 1000)
        server.close()
    ratio = median(oneshot) / median(bare)
    late = quantiles(beats, n=100)[98]
    write = sys.stdout.write
    write(f"python3 -c pass              {median(bare) * 1e3:7.2f} ms   1.00\n")
    write(f"attach -c 1 (whole process)  {median(oneshot) * 1e3:7.2f} ms   {ratio:.2f}   goal {GOAL_RATIO}\n")
    write(f"a line over an open session  {median(warm) * 1e3:7.2f} ms          goal {GOAL_WARM * 1e3:g} ms\n")
    write(
        f"heartbeat beside a busy loop {median(beats) * 1e3:7.2f} ms, 99 of 100 under {late * 1e3:.1f} ms, goal 50 ms\n"
    )
    return int(ratio > GOAL_RATIO or median(warm) > GOAL_WARM or late > 0.050)


if __name__ == "__main__":
    raise SystemExit(main(*map(int, sys.argv[1:])))
