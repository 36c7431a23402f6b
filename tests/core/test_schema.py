from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from scirehooks.core.schema import MIGRATIONS
from scirehooks.core.store import Store
from scirehooks.errors import StoreError


def version(file: Path) -> int:
    with closing(sqlite3.connect(file)) as connection:
        found: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return found


def test_store_of_a_newer_program_is_refused_and_left_alone(tmp_path: Path) -> None:
    """Who does not know a store's tables must not write to them."""
    file = tmp_path / "store.db"
    Store(file, [*MIGRATIONS, ("CREATE TABLE later (id INTEGER)",)]).close()
    with pytest.raises(StoreError, match=r"written by a newer scirehooks .* Upgrade"):
        Store(file)
    assert version(file) == len(MIGRATIONS) + 1


def test_older_store_is_upgraded_after_a_copy(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """An upgrade that turns out badly can be taken back: the file as it was stands beside the new one."""
    file = tmp_path / "store.db"
    Store(file).close()
    assert not caplog.messages
    Store(file, [*MIGRATIONS, ("CREATE TABLE later (id INTEGER)",)]).close()
    copy = tmp_path / f"store.db.v{len(MIGRATIONS)}"
    assert caplog.messages[0].endswith(f"As it was, it is in {copy}.")
    assert (version(copy), version(file)) == (len(MIGRATIONS), len(MIGRATIONS) + 1)
    assert copy.stat().st_mode & 0o777 == 0o600


def test_migration_that_fails_leaves_the_store_as_it_was(tmp_path: Path) -> None:
    """Migrations are applied all or not at all."""
    file = tmp_path / "store.db"
    Store(file).close()
    with pytest.raises(sqlite3.OperationalError):
        Store(file, [*MIGRATIONS, ("CREATE TABLE later (id INTEGER)", "CREATE TABLE client (id INTEGER)")])
    assert version(file) == len(MIGRATIONS)
    Store(file).close()


def test_store_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    """The store knows what runs where; its log and index files get the same mode."""
    store = Store(tmp_path / "store.db")
    store.write(lambda transaction: transaction.note("x"))
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}
    store.close()
