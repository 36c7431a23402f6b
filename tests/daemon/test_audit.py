"""The audit log: one object a line, private, rotated, and never silent."""

from __future__ import annotations

import json
import logging
import re
import stat
from datetime import datetime
from pathlib import Path

import pytest

from scirehooks.control import Peer
from scirehooks.daemon.audit import AuditLog

PEER = Peer(uid=0, pid=42, user="root", loginuid=1000)


def entries(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_audit_log_has_who_when_and_what(tmp_path: Path) -> None:
    """Text of several lines, quotes and escapes stays on one line of plain ASCII."""
    log = AuditLog(tmp_path / "audit.log")
    text = "def f():\n    return '\x1b[2J\u202e'"
    log(PEER, "shell-2", text)
    log.close()
    (entry,) = entries(log.path)
    when = str(entry.pop("time"))
    assert entry == {"uid": 0, "user": "root", "loginuid": 1000, "pid": 42, "session": "shell-2", "text": text}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", when)
    assert datetime.fromisoformat(when).tzinfo is not None
    assert stat.S_IMODE(log.path.stat().st_mode) == 0o600
    assert log.path.read_text().isascii()


def test_audit_log_goes_on_in_a_new_file_when_it_was_rotated(tmp_path: Path) -> None:
    """Nobody has to tell it that the old file was moved away; another start appends."""
    log = AuditLog(tmp_path / "audit.log")
    log(PEER, "shell", "1")
    log.path.rename(tmp_path / "audit.log.1")
    log(PEER, "shell", "2")
    log.close()
    AuditLog(log.path)(PEER, "shell", "3")
    assert [entry["text"] for entry in entries(tmp_path / "audit.log.1")] == ["1"]
    assert [entry["text"] for entry in entries(log.path)] == ["2", "3"]


def test_audit_log_that_cannot_be_written_goes_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """On a full disk the entry is in the program's log, and nobody is kept out."""
    log = AuditLog(Path("/dev/full"))
    with caplog.at_level(logging.ERROR, "scirehooks"):
        log(PEER, "shell", "rescue()")
    log.close()
    assert "No space left on device" in caplog.text
    assert "rescue()" in caplog.text


def test_audit_log_follows_no_link(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A link in its place would let it write elsewhere."""
    (tmp_path / "elsewhere").touch()
    (tmp_path / "audit.log").symlink_to("elsewhere")
    AuditLog(tmp_path / "audit.log")(PEER, "shell", "1")
    assert (tmp_path / "elsewhere").read_text() == ""
    assert "cannot be written" in caplog.text
