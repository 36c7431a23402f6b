"""The store's tables, and how an older store becomes a newer one.

`user_version` counts the migrations that a store has had. A migration, once released, is never edited: a change
is one more at the end.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TypeAlias

from scirehooks.errors import StoreError

__all__ = ["BEGIN", "COMMIT", "MIGRATIONS", "ROLLBACK", "Connection", "DatabaseError", "connect", "upgrade"]

_log = logging.getLogger("scirehooks")

# For the writer, which need not know which database it is.
Connection: TypeAlias = sqlite3.Connection
DatabaseError: TypeAlias = sqlite3.Error

# IMMEDIATE: a transaction that begins by reading could find at its first write that another was faster.
BEGIN, COMMIT, ROLLBACK = "BEGIN IMMEDIATE", "COMMIT", "ROLLBACK"

# FULL: in WAL mode NORMAL may lose the last commits at a power cut, and an answer given is a promise.
_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA busy_timeout = 5000",
)

# AUTOINCREMENT: an id is never used again, even if the latest row is pruned one day.
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE client (
            id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, address TEXT, port INTEGER NOT NULL,
            transport TEXT NOT NULL, user TEXT, labels TEXT NOT NULL, facts TEXT NOT NULL, status TEXT NOT NULL,
            added TEXT NOT NULL)""",
        "CREATE UNIQUE INDEX client_name ON client (name) WHERE status != 'removed'",
        """CREATE TABLE script (
            id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, revision INTEGER NOT NULL,
            created TEXT NOT NULL)""",
        """CREATE TABLE script_revision (
            script INTEGER NOT NULL REFERENCES script (id), revision INTEGER NOT NULL, sha256 TEXT NOT NULL,
            interpreter TEXT NOT NULL, body TEXT NOT NULL, author TEXT NOT NULL, created TEXT NOT NULL,
            PRIMARY KEY (script, revision))""",
        """CREATE TABLE job (
            id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, script INTEGER REFERENCES script (id),
            revision INTEGER, argv TEXT NOT NULL, targets TEXT NOT NULL, not_before TEXT, timeout REAL NOT NULL,
            parallel INTEGER NOT NULL, max_failures INTEGER, idempotent INTEGER NOT NULL, status TEXT NOT NULL,
            created TEXT NOT NULL)""",
        "CREATE UNIQUE INDEX job_name ON job (name) WHERE status != 'removed'",
        """CREATE TABLE run (
            id INTEGER PRIMARY KEY AUTOINCREMENT, job INTEGER NOT NULL REFERENCES job (id), revision INTEGER,
            "trigger" TEXT NOT NULL, parent INTEGER REFERENCES run (id), attempt INTEGER NOT NULL,
            targets TEXT NOT NULL, status TEXT NOT NULL, not_before TEXT, reason TEXT NOT NULL, created TEXT,
            started TEXT, ended TEXT)""",
        "CREATE INDEX run_job ON run (job)",
        "CREATE INDEX run_active ON run (status) WHERE ended IS NULL",
        """CREATE TABLE result (
            run INTEGER NOT NULL REFERENCES run (id), client INTEGER NOT NULL REFERENCES client (id),
            status TEXT NOT NULL, exit_status INTEGER, signal INTEGER, reason TEXT NOT NULL, started TEXT, ended TEXT,
            output TEXT NOT NULL, bytes INTEGER NOT NULL, truncated INTEGER NOT NULL, sha256 TEXT NOT NULL,
            facts TEXT NOT NULL, label TEXT NOT NULL, PRIMARY KEY (run, client))""",
        """CREATE TABLE event (
            seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, operation TEXT NOT NULL,
            subject TEXT NOT NULL, time TEXT NOT NULL, actor TEXT NOT NULL, cause TEXT, root TEXT NOT NULL,
            depth INTEGER NOT NULL, dry_run INTEGER NOT NULL, payload TEXT NOT NULL)""",
        "CREATE INDEX event_root ON event (root)",
        "CREATE INDEX event_subject ON event (subject)",
        """CREATE TABLE firing (
            event INTEGER PRIMARY KEY REFERENCES event (seq), begun INTEGER NOT NULL, ended TEXT)""",
        "CREATE INDEX firing_open ON firing (event) WHERE ended IS NULL",
        """CREATE TABLE note (
            id INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL, event TEXT NOT NULL, time TEXT NOT NULL,
            data TEXT NOT NULL)""",
        "CREATE INDEX note_topic ON note (topic)",
    ),
    # How functions fared, for `replay`: those of the pre- and on-hook with the event, those of the post-hook with its
    # firing. NULL: not known.
    ("ALTER TABLE event ADD COLUMN outcome TEXT", "ALTER TABLE firing ADD COLUMN outcome TEXT"),
)


def connect(file: Path) -> sqlite3.Connection:
    """Open FILE for use by one thread at a time; transactions are ours to begin and end.

    Raises: StoreError if it cannot be opened.
    """
    # Any thread may use it: a pool lends it to one after the other.
    connection = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    try:
        for pragma in _PRAGMAS:
            connection.execute(pragma).close()
    except sqlite3.Error as error:  # it is no store, or the disk is full
        connection.close()
        raise StoreError(
            f"The store {file} cannot be opened: {error}.",
            "Is its disk full? If it is damaged, put a copy in its place, or choose another directory with --state.",
        ) from error
    return connection


def upgrade(connection: sqlite3.Connection, file: Path, migrations: Sequence[Sequence[str]] = MIGRATIONS) -> None:
    """Bring the store in FILE up to MIGRATIONS; an older one is copied first, which the log tells.

    Raises: StoreError if the store was written by a newer scirehooks.
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(migrations):
        raise StoreError(
            f"{file} was written by a newer scirehooks (store version {version}, this one knows {len(migrations)}).",
            "Upgrade scirehooks, or choose another directory with --state.",
        )
    if version == len(migrations):
        return
    copy = file.with_name(f"{file.name}.v{version}")
    if version:
        with closing(sqlite3.connect(copy)) as target:
            connection.backup(target)
        copy.chmod(0o600)
    connection.execute(BEGIN)
    try:
        for migration in migrations[version:]:
            for statement in migration:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(migrations)}")
    except BaseException:
        connection.execute(ROLLBACK)
        raise
    connection.execute(COMMIT)
    if version:
        _log.warning(
            "%s is of an older scirehooks, and has been brought up to date. As it was, it is in %s.", file, copy
        )
