"""The store: every question that is asked of it, and every change, as SQL.

It is narrow on purpose: `Reader` and `Transaction` are all that the rest of the core knows of it, so that another
database is another file. Reading never waits for writing, nor the other way round (WAL).
"""

from __future__ import annotations

import itertools
import json
import os
import sqlite3
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from scirehooks.core.model import Client, ClientStatus, Event, Job, Note, Result, Run, Script, ScriptRevision
from scirehooks.core.names import RunId
from scirehooks.core.rows import columns, from_row, pack, stamp, to_row
from scirehooks.core.schema import MIGRATIONS, ROLLBACK, connect, upgrade
from scirehooks.core.writer import Writer
from scirehooks.errors import NotAllowedHereError, UnknownNameError, UsageError
from scirehooks.hooks import planned_instead
from scirehooks.values import Id

__all__ = ["Reader", "Store", "Transaction"]

_T = TypeVar("_T")
_TABLES: dict[type[Any], str] = {
    Client: "client",
    Script: "script",
    ScriptRevision: "script_revision",
    Job: "job",
    Run: "run",
    Result: "result",
    Event: "event",
    Note: "note",
}
_LOOK: dict[type[Any], str] = {ScriptRevision: "scripts", Result: "describe-run"}  # else `clients`, `jobs`, …
_COUNTED = ("client", "script", "job", "run", "note")
_OPEN = "SELECT event FROM firing WHERE ended IS NULL"
MAX_BEGUN = 3  # a firing that was begun so often, and never ended, takes the process down with it: it is dead


def _quoted(names: Collection[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _marks(values: Collection[Any]) -> str:
    return ", ".join("?" * len(values))


class Reader:
    """What can be asked of the store."""

    def _rows(self, sql: str, values: Collection[Any] = ()) -> list[tuple[Any, ...]]:
        raise NotImplementedError

    @staticmethod
    def _asked(connection: sqlite3.Connection, sql: str, values: Collection[Any]) -> list[tuple[Any, ...]]:
        try:
            return connection.execute(sql, tuple(values)).fetchall()
        except OverflowError:
            raise UsageError("A number is larger than any in the store.") from None

    def _select(self, record: type[_T], rest: str = "", *values: Any) -> list[_T]:
        sql = f"SELECT {_quoted(columns(record))} FROM {_TABLES[record]} {rest}"
        return [from_row(record, row) for row in self._rows(sql, values)]

    def _one(self, record: type[_T], kind: str, key: object, known: str, where: str, *values: Any) -> _T:
        found = self._select(record, f"WHERE {where}", *values)
        if not found:
            names = [str(row[0]) for row in self._rows(f"SELECT {known} FROM {_TABLES[record]} WHERE {_LIVE[record]}")]
            raise UnknownNameError(kind, str(key), names, f"Look with `{_LOOK.get(record, _TABLES[record] + 's')}`.")
        return found[0]

    def is_taken(self, record: type[Client | Script | Job], name: str) -> bool:
        """Say whether there is a RECORD called NAME now."""
        sql = f"SELECT 1 FROM {_TABLES[record]} WHERE name = ? AND {_LIVE[record]}"
        return bool(self._rows(sql, (name,)))

    def clients(self, *, removed: bool = False) -> list[Client]:
        """Return the clients by name; with REMOVED also those that are no more."""
        return self._select(Client, "ORDER BY name, id" if removed else "WHERE status != 'removed' ORDER BY name")

    def count_clients(self, *, status: ClientStatus | None = None) -> int:
        """Return how many clients there are now; only those of STATUS, if one is given."""
        sql = "SELECT count(*) FROM client WHERE status != 'removed' AND (? IS NULL OR status = ?)"
        return int(self._rows(sql, (status, status))[0][0])

    def client(self, key: str | int) -> Client:
        """Return the client with the name or id KEY; by id also one that was removed."""
        where = "id = ?" if isinstance(key, int) else "name = ? AND status != 'removed'"
        return self._one(Client, "client", key, "name", where, key)

    def present(self, clients: Collection[int]) -> set[Id]:
        """Return the ids of those of CLIENTS that are in the fleet now."""
        sql = f"SELECT id FROM client WHERE status != 'removed' AND id IN ({_marks(clients)})"
        return {Id(row[0]) for row in self._rows(sql, clients)}

    def scripts(self) -> list[Script]:
        """Return the scripts by name."""
        return self._select(Script, "ORDER BY name")

    def script(self, key: str | int) -> Script:
        """Return the script with the name or id KEY."""
        return self._one(Script, "script", key, "name", "id = ?" if isinstance(key, int) else "name = ?", key)

    def revision(self, script: int, revision: int) -> ScriptRevision:
        """Return the REVISION of the SCRIPT with that id."""
        where = "script = ? AND revision = ?"
        return self._one(ScriptRevision, "script revision", revision, "revision", where, script, revision)

    def jobs(self, *, removed: bool = False) -> list[Job]:
        """Return the jobs by name."""
        return self._select(Job, "ORDER BY name, id" if removed else "WHERE status != 'removed' ORDER BY name")

    def job(self, key: str | int) -> Job:
        """Return the job with the name or id KEY; by id also one that was removed."""
        where = "id = ?" if isinstance(key, int) else "name = ? AND status != 'removed'"
        return self._one(Job, "job", key, "name", where, key)

    def runs(
        self, *, job: int | None = None, client: int | None = None, active: bool = False, limit: int = 1000
    ) -> list[Run]:
        """Return the latest runs, the newest last; only those of JOB, on CLIENT, only those that have not ended."""
        where = (
            "(? IS NULL OR job = ?) AND (? IS NULL OR id IN (SELECT run FROM result WHERE client = ?)) "
            "AND (NOT ? OR ended IS NULL) ORDER BY id DESC LIMIT ?"
        )
        return self._select(Run, f"WHERE {where}", job, job, client, client, active, limit)[::-1]

    def run(self, key: int) -> Run:
        """Return the run with the id KEY."""
        return self._one(Run, "run", key, "id", "id = ?", int(key))

    def runs_of(self, roots: Collection[str] | None) -> list[Run]:
        """Return the runs that descend from the events ROOTS; None: all that have not ended."""
        if roots is None:
            return self.runs(active=True, limit=-1)
        made = f"SELECT subject FROM event WHERE operation = ? AND root IN ({_marks(roots)})"
        return self._select(Run, f"WHERE 'run:' || id IN ({made}) ORDER BY id", "run-creation", *roots)

    def results(self, run: int) -> list[Result]:
        """Return the results of a RUN, by client."""
        return self._select(Result, "WHERE run = ? ORDER BY client", int(run))

    def result(self, run: int, client: int) -> Result:
        """Return the result of a RUN on a CLIENT."""
        return self._one(Result, "result", client, "client", "run = ? AND client = ?", int(run), int(client))

    def events(
        self, *, after: int = 0, subject: str | None = None, operation: str | None = None, word: str = "",
        limit: int = 1000,
    ) -> list[Event]:  # fmt: skip
        """Return the latest LIMIT events with a number over AFTER, in the order of their commit.

        Only those about SUBJECT, of OPERATION, or with WORD in either, in the actor, or as a name in the payload.
        """
        where = (
            "seq > ? AND (? IS NULL OR subject = ?) AND (? IS NULL OR operation = ?) AND (? = '' "
            "OR instr(operation, ?) OR instr(subject, ?) OR instr(actor, ?) OR instr(payload, ?)) "
            "ORDER BY seq DESC LIMIT ?"
        )
        named = f'"name":{pack(word)}'
        values = (after, subject, subject, operation, operation, word, word, word, word, named, limit)
        return self._select(Event, f"WHERE {where}", *values)[::-1]

    def number(self, event: str) -> int | None:
        """Return the sequence number of the EVENT with that id, None if it was never committed."""
        found = self._rows("SELECT seq FROM event WHERE id = ?", (event,))
        return int(found[0][0]) if found else None

    def outcome(self, seq: int) -> tuple[dict[str, Any] | None, list[Any] | None]:
        """Return how functions fared: those asked before event SEQ and in its transaction, and those after it."""
        sql = "SELECT event.outcome, firing.outcome FROM event LEFT JOIN firing ON event = seq WHERE seq = ?"
        ((before, after),) = self._rows(sql, (seq,))
        return before and json.loads(before), after and json.loads(after)

    def event(self, key: str | int) -> Event:
        """Return the event with the id or sequence number KEY."""
        return self._one(Event, "event", key, "id", "seq = ?" if isinstance(key, int) else "id = ?", key)

    def origin(self, subject: str) -> Event:
        """Return the first event about SUBJECT: the one that made it."""
        return self._one(Event, "event about", subject, "subject", "subject = ? ORDER BY seq LIMIT 1", subject)

    def unfired(self, roots: Collection[str] | None = None, limit: int = -1) -> list[Event]:
        """Return the events whose post-firing may still end; only those with one of ROOTS, only LIMIT."""
        where = f"seq IN ({_OPEN} AND begun < {MAX_BEGUN})"
        if roots is not None:
            where += f" AND root IN ({_marks(roots)})"
        return self._select(Event, f"WHERE {where} ORDER BY seq LIMIT ?", *(roots or ()), limit)

    def dead(self) -> list[Event]:
        """Return the events whose post-firing was begun three times and never ended."""
        return self._select(Event, f"WHERE seq IN ({_OPEN} AND begun >= {MAX_BEGUN}) ORDER BY seq")

    def notes(self, topic: str) -> list[Note]:
        """Return what on-functions noted under TOPIC."""
        return self._select(Note, "WHERE topic = ? ORDER BY id", topic)


_LIVE = dict.fromkeys(_TABLES, "1") | {Client: "status != 'removed'", Job: "status != 'removed'"}


class Transaction(Reader):
    """The changes of one operation; on-functions get it as `transaction`.

    It is good for the time of its operation only, on the writer thread.
    """

    def __init__(self, store: Store, connection: sqlite3.Connection) -> None:
        self._store, self._connection = store, connection
        self.noting_for = ""  # the id of the event whose operation is being written; there may be several
        self._open = True

    def _rows(self, sql: str, values: Collection[Any] = ()) -> list[tuple[Any, ...]]:
        if not self._open:
            raise NotAllowedHereError("The transaction is over.", "Note what you need while the on-function runs.")
        return self._asked(self._connection, sql, values)

    def close(self) -> None:
        """Refuse any further use."""
        self._open = False

    def note(self, topic: str, **data: Any) -> Note:
        """Leave DATA under TOPIC: it is there if, and only if, the operation is committed."""
        note = Note(self._store.new_id("note"), topic, self.noting_for, datetime.now(UTC), data)
        self.insert(note)
        planned_instead("note", {"topic": topic, **data})  # in a dry run it is rolled back
        return note

    def insert(self, record: Any) -> None:
        """Store a new RECORD."""
        row = to_row(type(record), {name: getattr(record, name) for name in columns(type(record))})
        self._rows(f"INSERT INTO {_TABLES[type(record)]} ({_quoted(row)}) VALUES ({_marks(row)})", row.values())

    def insert_event(self, event: Event, *, fires: bool, outcome: Mapping[str, Any] | None = None) -> int:
        """Store EVENT, whether it FIRES a post-hook, and the OUTCOME until now; return its sequence number."""
        row = to_row(Event, {name: getattr(event, name) for name in columns(Event) if name != "seq"})
        row["outcome"] = pack(outcome)
        sql = f"INSERT INTO event ({_quoted(row)}) VALUES ({_marks(row)}) RETURNING seq"
        ((seq,),) = self._rows(sql, row.values())
        if fires:
            self._rows("INSERT INTO firing (event, begun) VALUES (?, 0)", (seq,))
        return int(seq)

    def update(self, kind: str, key: int, fields: Mapping[str, Any]) -> bool:
        """Set FIELDS, never a status, of the KIND with the id KEY; say whether there is one."""
        if "status" in fields:
            raise NotAllowedHereError("A status is changed by transitions.change alone.")
        return self._update(kind, {"id": key}, fields)

    def set_status(self, kind: str, key: Any, old: str, new: str, fields: Mapping[str, Any]) -> bool:
        """Change a status from OLD to NEW, with other FIELDS; only `transitions.change` calls this."""
        where = dict(key) if isinstance(key, Mapping) else {"id": key}
        return self._update(kind, where | {"status": old}, {**fields, "status": new})

    def _update(self, kind: str, where: Mapping[str, Any], fields: Mapping[str, Any]) -> bool:
        record = next(record for record, table in _TABLES.items() if table == kind)
        changes = ", ".join(f'"{name}" = ?' for name in fields)
        found = " AND ".join(f'"{name}" = ?' for name in where)
        values = [*to_row(record, fields).values(), *to_row(record, where).values()]
        return bool(self._rows(f"UPDATE {kind} SET {changes} WHERE {found} RETURNING 1", values))

    def begin_firing(self, seq: int) -> int:
        """Record that the post-firing of event SEQ begins; return how often it has begun."""
        ((begun,),) = self._rows("UPDATE firing SET begun = begun + 1 WHERE event = ? RETURNING begun", (seq,))
        return int(begun)

    def end_firing(self, seq: int, outcome: Any = None) -> None:
        """Record that the post-firing of event SEQ has ended, and its OUTCOME, however its functions fared."""
        values = (stamp(datetime.now(UTC)), pack(outcome), seq)
        self._rows("UPDATE firing SET ended = ?, outcome = ? WHERE event = ?", values)


class _TakenBack(Exception):
    """No error: how a transaction ends that is only tried out."""

    def __init__(self, result: Any) -> None:
        self.result = result


class _Snapshot(Reader):
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def _rows(self, sql: str, values: Collection[Any] = ()) -> list[tuple[Any, ...]]:
        return self._asked(self._connection, sql, values)


class Store(Reader):
    """The store in FILE; made, or brought up to date, when it is opened."""

    def __init__(self, file: Path, migrations: Any = MIGRATIONS) -> None:
        self.file = file
        os.close(os.open(file, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))  # SQLite would make it as umask says
        connection = connect(file)
        try:
            upgrade(connection, file, migrations)
            self._ids = {kind: self._counter(connection, kind) for kind in _COUNTED}
        except BaseException:
            connection.close()
            raise
        self._connection = connection
        self._writer = Writer(connection)
        self._idle: list[sqlite3.Connection] = []
        self._borrowing = threading.Lock()
        self._closed = False

    @staticmethod
    def _counter(connection: sqlite3.Connection, kind: str) -> Iterator[int]:
        row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (kind,)).fetchone()
        return itertools.count(row[0] + 1 if row else 1)

    def new_id(self, kind: str) -> Id:
        """Return the id of a KIND that is to be made.

        It is given before the transaction, so that the record is whole when pre-functions see it; the lock on the
        state directory makes this process the only one that gives any. A refused operation leaves a gap.
        """
        return Id(next(self._ids[kind]))

    def new_run_id(self) -> RunId:
        """Return the id of a run that is to be made."""
        return RunId(self.new_id("run"))

    def write(self, task: Callable[[Transaction], _T], after: Callable[[_T], None] | None = None) -> _T:
        """Run TASK with a transaction on the writer thread; return its result when it is on the disk.

        AFTER gets the result there too, in the order of the commits, before anybody else knows of it.
        """

        def work() -> _T:
            transaction = Transaction(self, self._connection)
            try:
                return task(transaction)
            finally:
                transaction.close()

        return self._writer.do(work, after)

    def try_out(self, task: Callable[[Transaction], _T]) -> _T:
        """Run TASK as `write` does and return its result; whatever it wrote is taken back."""

        def undone(transaction: Transaction) -> None:
            raise _TakenBack(task(transaction))

        try:
            self.write(undone)
        except _TakenBack as carrier:
            result: _T = carrier.result
            return result
        raise AssertionError("unreachable")

    @contextmanager
    def snapshot(self) -> Iterator[Reader]:
        """Yield a reader for which time stands still: all its answers are of one moment."""
        with self._reading() as connection:
            if self.on_writer:
                yield _Snapshot(connection)
                return
            connection.execute("BEGIN")
            try:
                yield _Snapshot(connection)
            finally:
                connection.execute(ROLLBACK)

    @property
    def on_writer(self) -> bool:
        """Whether the calling thread is the writer's, that is, inside a transaction."""
        return self._writer.here

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        if self.on_writer:  # an on-function sees what its operation wrote
            yield self._connection
            return
        with self._borrowing:
            if self._closed:
                raise NotAllowedHereError("The store is closed.", "Its fleet has ended; open another one.")
            connection = self._idle.pop() if self._idle else None
        connection = connection or connect(self.file)
        try:
            yield connection
        finally:
            with self._borrowing:
                if not self._closed:
                    self._idle.append(connection)
                    connection = None
            if connection:
                connection.close()

    def _rows(self, sql: str, values: Collection[Any] = ()) -> list[tuple[Any, ...]]:
        with self._reading() as connection:
            return self._asked(connection, sql, values)

    def close(self) -> None:
        """Finish what is being written, and let go of every thread and descriptor."""
        self._writer.close()
        with self._borrowing:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in [*idle, self._connection]:
            connection.close()
