"""Trying init scripts out: loaded in a process of their own, into a system with an empty state that is thrown away."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import select
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from scirehooks.cli.options import Options
from scirehooks.cli.system import parts
from scirehooks.cli.telling import put
from scirehooks.errors import ScireError
from scirehooks.load import init_directories
from scirehooks.load.check import Checked, Finding
from scirehooks.load.check import check as examine
from scirehooks.values import Values

__all__ = ["check"]

_LIMIT: Final = 60.0  # seconds that loading may take


def check(options: Options) -> int:
    """Load the init scripts of OPTIONS on trial and print what is wrong with them; return 1 if anything is.

    They are loaded in a child: one that hangs, crashes or ends the process is a finding like others.
    """
    with tempfile.TemporaryDirectory(prefix="scirehooks-check-") as directory:
        answer = _in_child(lambda tell: _load(options, Path(directory) / "state", tell))
    if "error" in answer:
        raise ScireError(answer["error"])
    if options.json:
        put(json.dumps(answer, separators=(",", ":"), ensure_ascii=False) + "\n")
    else:
        _show(answer)
    return 1 if answer["findings"] else 0


def _show(answer: dict[str, Any]) -> None:
    lines = []
    for file in answer["files"]:
        state = "" if file["status"] == "ok" else f"  {file['status'].replace('-', ' ')}"
        note = f": {file['note']}" if file["note"] and file["status"] != "failed" else ""
        lines.append(f"{file['seconds'] * 1000:8.1f} ms  {file['file']}{state}{note}\n")
    put("".join(lines))
    for found in answer["findings"]:
        sys.stderr.write(f"{Finding(**found)}\n")
    number = len(answer["findings"])
    sys.stderr.write(f"{number or 'No'} problem{'s' * (number != 1)}.\n")


def _load(options: Options, state: Path, tell: Callable[[dict[str, Any]], None]) -> None:
    """Load everything, and TELL first which file is next, then what came of all."""
    log = logging.getLogger("scirehooks")
    log.addHandler(logging.NullHandler())
    log.propagate = False  # what is wrong is told once, in the answer
    with parts(options, state) as made:
        made.loader.door.began = lambda file: tell({"loading": file})
        directories = init_directories() if options.init is None else options.init
        made.loader.load_init(directories, only=options.only)
        tell(_as_json(examine(made.loader)))
        # What the scripts have started (timers, threads) ends with the process, not with our patience.
        os._exit(0)


def _in_child(work: Callable[[Callable[[dict[str, Any]], None]], None]) -> dict[str, Any]:
    """Let WORK run in a child; return the last thing that it tells, or what became of the child instead."""
    ours, theirs = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    # Forked, as nothing runs here yet: the child is this very program, whatever started it and how.
    child = os.fork()
    if child == 0:
        _be_child(theirs, work)
    os.close(theirs)
    try:
        with open(ours, "rb", buffering=0) as pipe:
            told = _read(pipe.fileno())
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)  # what hangs, and what it has started
        _, status = os.waitpid(child, 0)
    answers = [json.loads(line) for line in told]
    if answers and "loading" not in answers[-1]:
        return answers[-1]  # type: ignore[no-any-return]  # of our own making
    file = answers[-1]["loading"] if answers else "?"
    code = os.waitstatus_to_exitcode(status)
    if code == -signal.SIGKILL:
        how = f"it did not end within {_LIMIT:.0f} s"
    else:
        how = f"it was ended by signal {-code}" if code < 0 else f"it ended the process with status {code}"
    findings = (Finding(file, None, f"while this was loaded: {how}."),)
    return _as_json(Checked((), findings))


def _as_json(checked: Checked) -> dict[str, Any]:
    answer = Values().to_json(checked)
    assert isinstance(answer, dict)  # as a dataclass is
    return answer


def _be_child(pipe: int, work: Callable[[Callable[[dict[str, Any]], None]], None]) -> None:
    """Do WORK, and never return."""
    status = 1
    try:
        os.setsid()
        os.dup2(2, 1)  # results come from the parent; what scripts print is no result

        def tell(answer: dict[str, Any]) -> None:
            line = json.dumps(answer).encode() + b"\n"
            while line:
                line = line[os.write(pipe, line) :]

        try:
            work(tell)
        except ScireError as error:
            tell({"error": str(error)})
        status = 0
    finally:
        os._exit(status)


def _read(pipe: int) -> list[bytes]:
    """Return the lines that come out of PIPE until its end, for a limited time."""
    content, deadline = b"", time.monotonic() + _LIMIT
    while (left := deadline - time.monotonic()) > 0 and select.select([pipe], [], [], left)[0]:
        piece = os.read(pipe, 1 << 16)
        if not piece:
            break
        content += piece
    return content.split(b"\n")[:-1]
