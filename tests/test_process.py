"""Running programs: real processes, ended in every way that they can be."""

from __future__ import annotations

import os
import pwd
import select
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from scirehooks.process import Completed, Stream, run, user_name

LONG = 60.0  # a test that waits as long as this has failed


def sh(script: str, timeout: float | None = LONG, **keywords: object) -> Completed:
    """Run SCRIPT by the shell."""
    return run(["/bin/sh", "-c", script], timeout=timeout, **keywords)  # type: ignore[arg-type]


def gone(pid: int) -> bool:
    """Wait until process PID is no more, or a zombie of somebody else's."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    try:
        return bool(poll.poll(LONG * 1000))
    finally:
        os.close(descriptor)


def test_run_program_gives_status_and_both_streams() -> None:
    """What is printed on either stream is told apart."""
    done = sh("echo out; echo err >&2; exit 3")
    assert (done.status, done.signal, done.stdout, done.stderr) == (3, None, b"out\n", b"err\n")
    assert (done.timed_out, done.cancelled, done.truncated) == (False, False, False)
    assert 0 < done.duration < LONG


def test_run_input_larger_than_pipes_is_fed_while_output_is_read() -> None:
    """Neither side waits for the other."""
    text = b"x" * 3_000_000
    assert run(["cat"], stdin=text, timeout=LONG, limit=len(text)).stdout == text


def test_run_program_that_does_not_read_its_input_is_no_error() -> None:
    """A program may ignore what it is given."""
    assert sh("exec <&-; exit 0", stdin=b"x" * 3_000_000).status == 0


def test_run_no_input_is_end_of_file() -> None:
    """The terminal of the caller is never read."""
    assert run(["cat"], timeout=LONG).stdout == b""


def test_run_program_killed_by_signal_gives_signal() -> None:
    """A signal is not a status."""
    done = sh("kill -USR1 $$")
    assert (done.status, done.signal) == (None, signal.SIGUSR1)


def test_run_environment_and_directory_are_as_given(tmp_path: Path) -> None:
    """Nothing leaks in from the caller's environment."""
    done = run(["/bin/sh", "-c", "echo $A $HOME; pwd"], env={"A": "1"}, cwd=tmp_path, timeout=LONG)
    assert done.stdout == f"1\n{tmp_path.resolve()}\n".encode()


def test_run_output_beyond_limit_is_read_and_dropped() -> None:
    """Memory stays bounded, and the program is not stopped by a full pipe."""
    done = run(["/bin/sh", "-c", "head -c 1000000 /dev/zero; echo end >&2"], timeout=LONG, limit=10)
    assert (done.status, done.stdout, done.stderr, done.truncated) == (0, b"\0" * 10, b"end\n", True)


def test_run_output_of_exactly_the_limit_is_not_truncated() -> None:
    """Truncated means that something is missing."""
    assert not run(["printf", "0123456789"], timeout=LONG, limit=10).truncated


def test_run_with_callback_streams_chunks_and_keeps_none() -> None:
    """A chunk arrives while the program still runs: it goes on only when we have seen it."""
    read, write = os.pipe()
    seen: list[tuple[Stream, bytes]] = []

    def take(stream: Stream, chunk: bytes) -> None:
        seen.append((stream, chunk))
        if len(seen) == 1:
            os.write(write, b"go\n")

    try:
        done = run(
            ["/bin/sh", "-c", f"echo one; read x </proc/{os.getpid()}/fd/{read}; echo $x >&2"],
            timeout=LONG,
            on_output=take,
        )
    finally:
        os.close(read)
        os.close(write)
    assert seen == [("stdout", b"one\n"), ("stderr", b"go\n")]
    assert (done.stdout, done.stderr) == (b"", b"")


def test_run_callback_that_raises_kills_and_propagates() -> None:
    """An error in the caller's own function leaves no process behind."""
    pids: list[int] = []

    def fail(_stream: Stream, chunk: bytes) -> None:
        pids.append(int(chunk))
        raise RuntimeError("disk full")

    with pytest.raises(RuntimeError, match="disk full"):
        sh("echo $$; exec sleep 600", on_output=fail)
    assert gone(pids[0])


def test_run_past_timeout_gets_term_and_may_say_goodbye() -> None:
    """TERM comes first, so that a program can clean up."""
    done = sh("trap 'echo bye; exit 7' TERM; while :; do sleep 600 & wait; done", timeout=0.3)
    assert (done.timed_out, done.status, done.stdout) == (True, 7, b"bye\n")


def test_run_that_ignores_term_is_killed_after_grace() -> None:
    """KILL cannot be ignored."""
    done = sh("trap '' TERM; while :; do sleep 600; done", timeout=0.2, grace=0.2)
    assert (done.timed_out, done.signal) == (True, signal.SIGKILL)
    assert done.duration < LONG


def test_run_past_timeout_ends_the_whole_group() -> None:
    """Children of the program get the signals, too."""
    done = sh("sleep 600 & echo $!; wait", timeout=0.2)
    assert done.timed_out
    assert gone(int(done.stdout))


def test_run_without_timeout_waits() -> None:
    """None is no deadline at all."""
    assert sh("exit 0", timeout=None).status == 0


def test_run_child_left_behind_with_stdout_does_not_hang_and_is_killed() -> None:
    """What the program started in the background ends with it."""
    done = sh("sleep 600 & echo $!; exit 0")
    assert (done.status, done.timed_out) == (0, False)
    assert done.duration < LONG
    assert gone(int(done.stdout))


def test_run_child_in_another_session_with_stdout_does_not_hang() -> None:
    """A daemon that the program starts on purpose lives on, and we do not wait for it."""
    script = "import os,subprocess;print(subprocess.Popen(['sleep','600'],start_new_session=True).pid)"
    done = run([sys.executable, "-c", script], timeout=LONG)
    pid = int(done.stdout)
    os.kill(pid, signal.SIGKILL)
    assert done.status == 0
    assert done.duration < LONG


def test_run_child_that_prints_after_its_leader_is_still_read() -> None:
    """What a pipeline prints when its leader has just ended is not lost."""
    assert sh("(read x; cat) </dev/null & (exec 3>&1; echo late >&3) & exit 0").stdout == b"late\n"


def test_run_cancelled_ends_early() -> None:
    """Another thread can end a run; it is no time-out."""
    cancel = threading.Event()
    done = sh("echo started; exec sleep 600", cancel=cancel, on_output=lambda _stream, _chunk: cancel.set())
    assert (done.cancelled, done.timed_out, done.signal) == (True, False, signal.SIGTERM)


def children() -> set[str]:
    """Return the numbers of our child processes, zombies included."""
    threads = os.listdir("/proc/self/task")
    return {child for thread in threads for child in Path(f"/proc/self/task/{thread}/children").read_text().split()}


def test_run_closes_what_it_opened() -> None:
    """Neither descriptors nor zombies are left."""
    before = len(os.listdir("/proc/self/fd")), children()
    for _ in range(5):
        sh("echo x; sleep 600 &", stdin=b"x")
    assert (len(os.listdir("/proc/self/fd")), children()) == before


@pytest.mark.parametrize(
    ("content", "mode"),
    [(None, 0), ("#!/bin/sh\n", 0o644), ("#!/nowhere/sh\n", 0o755), ("no program\n", 0o755)],
)
def test_run_what_cannot_be_started_is_an_oserror(tmp_path: Path, content: str | None, mode: int) -> None:
    """Missing, not executable, bad interpreter, no format: all one class."""
    program = tmp_path / "program"
    if content is not None:
        program.write_text(content)
        program.chmod(mode)
    with pytest.raises(OSError, match="program"):
        run([str(program)], timeout=LONG)


@pytest.mark.parametrize("argv", [[], ["a\0b"], ["true", "a\0b"], [""]])
def test_run_impossible_argv_is_an_oserror(argv: list[str]) -> None:
    """What no system call takes is refused as what cannot be started."""
    with pytest.raises(OSError, match=r"."):
        run(argv, timeout=LONG)


def test_run_endless_output_ends_at_the_deadline() -> None:
    """A program that never stops printing is stopped in time."""
    started = time.monotonic()
    done = run(["yes"], timeout=0.3, limit=100)
    assert (done.timed_out, len(done.stdout)) == (True, 100)
    assert time.monotonic() - started < LONG


def test_user_name_of_a_number_that_nobody_has_is_the_number() -> None:
    """In a container there may be no entry for the user."""
    known = {user.pw_uid for user in pwd.getpwall()}
    nobody = next(uid for uid in range(54321, 65000) if uid not in known)
    assert (user_name(0), user_name(nobody)) == ("root", str(nobody))
