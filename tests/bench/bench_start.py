"""Measures how soon one can type: `.venv/bin/python -m tests.bench.bench_start [PYTHON_WITH_IPYTHON]`.

A process is started in a pseudo-terminal, and the clock stops when its first prompt is there. The shell on an empty
store and IPython take turns, so that a noisy machine changes both; the median of the rounds' ratios is shown. The goal
is 1: not later than IPython.
"""

import os
import pty
import select
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROUNDS = 15
GOAL = 1.0
PATIENCE = 60.0
CURSOR_WANTED = b"\x1b[6n"  # a terminal answers where the cursor is


def until(command: list[str], wanted: bytes, environment: dict[str, str]) -> float:
    """Return the seconds from the start of COMMAND until WANTED is on its terminal."""
    ours, theirs = pty.openpty()
    started = time.perf_counter()
    process = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True
    )
    os.close(theirs)
    seen = b""
    try:
        while wanted not in seen:
            left = started + PATIENCE - time.perf_counter()
            if left <= 0 or not select.select([ours], [], [], left)[0]:
                raise TimeoutError(f"{command[0]} shows no {wanted!r}: {seen!r}")
            chunk = os.read(ours, 65536)
            if CURSOR_WANTED in chunk:
                os.write(ours, b"\x1b[1;1R")
            seen += chunk
        return time.perf_counter() - started
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        os.close(ours)


def main() -> None:
    """Measure, and print."""
    peer = sys.argv[1] if len(sys.argv) > 1 else sys.executable
    checkout = Path(__file__).parent.parent.parent
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "TERM": "xterm-256color", "HOME": home}
        # An installed package has its byte code beside it; here both get theirs in the first round.
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        environment["PYTHONPYCACHEPREFIX"] = str(Path(home) / "cache")
        state = Path(home) / "state"
        ours = [sys.executable, "-m", "scirehooks", "--state", str(state)]
        theirs = [peer, "-m", "IPython", "--no-banner"]
        times: dict[str, list[float]] = {"scirehooks": [], "ipython": []}
        for number in range(ROUNDS + 1):
            shutil.rmtree(state, ignore_errors=True)
            one = until(ours, b"scire>", {**environment, "PYTHONPATH": str(checkout)})
            other = until(theirs, b"In [", environment)
            if number:  # the first round compiles
                times["scirehooks"].append(one)
                times["ipython"].append(other)
    ratio = statistics.median(a / b for a, b in zip(*times.values(), strict=True))
    sys.stdout.write(f"Time to the first prompt, Python {sys.version.split()[0]}, {ROUNDS} rounds\n")
    for name, each in times.items():
        sys.stdout.write(f"{name:12}{statistics.median(each) * 1000:8.0f} ms\n")
    sys.stdout.write(f"{'ratio':12}{ratio:8.2f}{'!' if ratio > GOAL else ' '}  (goal {GOAL:g})\n")


if __name__ == "__main__":
    main()
