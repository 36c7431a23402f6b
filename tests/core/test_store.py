from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from scirehooks.core import Fleet, Transaction
from scirehooks.core.state import StateDirectory
from scirehooks.core.store import Store
from scirehooks.errors import NotAllowedHereError, StateInUseError, StoreError, UnknownNameError, UsageError

if TYPE_CHECKING:
    from tests.core.conftest import Child, MakeFleet


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A new store."""
    store = Store(tmp_path / "store.db")
    yield store
    store.close()


def test_write_that_fails_undoes_only_its_own(store: Store) -> None:
    """Tasks that wait together share one COMMIT, and each has its savepoint."""
    holding, release = threading.Event(), threading.Event()

    def hold(transaction: Transaction) -> None:
        holding.set()
        release.wait()

    def fail(transaction: Transaction) -> None:
        transaction.note("group", number=0)
        raise ZeroDivisionError

    errors: list[BaseException] = []

    def attempt(number: int) -> None:
        try:
            store.write(fail if number == 3 else lambda transaction: transaction.note("group", number=number))
        except ZeroDivisionError as error:
            errors.append(error)

    threads = [threading.Thread(target=store.write, args=(hold,))]
    threads[0].start()
    holding.wait()  # whatever comes now waits together
    threads += [threading.Thread(target=attempt, args=(number,)) for number in range(1, 7)]
    for thread in threads[1:]:
        thread.start()
    release.set()
    for thread in threads:
        thread.join()
    assert sorted(note.data["number"] for note in store.notes("group")) == [1, 2, 4, 5, 6]
    assert len(errors) == 1


def test_write_of_a_function_that_exits_is_undone_and_raised_in_the_caller(store: Store) -> None:
    """`sys.exit` in an on-function ends its own operation, never the writer."""

    def leave(transaction: Transaction) -> None:
        transaction.note("left")
        sys.exit(1)

    with pytest.raises(SystemExit):
        store.write(leave)
    store.write(lambda transaction: transaction.note("right"))
    assert (store.notes("left"), len(store.notes("right"))) == ([], 1)


def test_write_that_the_store_refuses_is_told_and_the_next_one_works(store: Store) -> None:
    """Neither an error of the database nor one in what follows a commit ends the writer."""

    def violate(transaction: Transaction) -> None:
        transaction._rows("INSERT INTO firing (event, begun) VALUES (999, 0)")

    with pytest.raises(StoreError, match="FOREIGN KEY"):
        store.write(violate)

    def fail_after(_: object) -> None:
        raise ZeroDivisionError

    store.write(lambda transaction: transaction.note("kept"), after=fail_after)
    assert len(store.notes("kept")) == 1


def test_write_to_a_full_disk_is_told_and_the_next_one_works(store: Store) -> None:
    """SQLite then gives up the whole transaction, savepoints and all; who filled the disk fails alone."""

    def bound(pages: int) -> None:
        store.write(lambda transaction: transaction._rows(f"PRAGMA max_page_count = {pages}"))

    bound(1)  # it becomes what there is
    with pytest.raises(StoreError, match=r"could not be written: database or disk is full.*Is its disk full"):
        store.write(lambda transaction: transaction.note("big", text="x" * 10_000_000))
    bound(1_000_000)
    store.write(lambda transaction: transaction.note("small"))
    assert (store.notes("big"), len(store.notes("small"))) == ([], 1)


def test_write_on_the_writer_thread_is_refused(store: Store) -> None:
    """It would wait for itself for ever."""
    with pytest.raises(NotAllowedHereError, match="wait for its own transaction"):
        store.write(lambda _: store.write(lambda _: None))


def test_read_on_the_writer_thread_sees_what_is_being_written(store: Store) -> None:
    """An on-function that asks the store sees its own operation; nobody else does yet."""
    seen: list[int] = []

    def write(transaction: Transaction) -> None:
        transaction.note("mine")
        seen.append(len(store.notes("mine")))
        other = threading.Thread(target=lambda: seen.append(len(store.notes("mine"))))
        other.start()
        other.join()

    store.write(write)
    assert seen == [1, 0]


def test_transaction_used_after_its_operation_is_refused(store: Store) -> None:
    """A transaction that an on-function keeps must not write into the next one's."""
    kept: list[Transaction] = []
    store.write(kept.append)
    with pytest.raises(NotAllowedHereError, match="is over"):
        kept[0].note("late")


def test_status_cannot_be_changed_past_its_table(store: Store) -> None:
    """One function alone changes a status."""
    with pytest.raises(NotAllowedHereError, match="transitions"):
        store.write(lambda transaction: transaction.update("client", 1, {"status": "removed"}))


def test_unknown_client_is_told_with_the_nearest_name(fleet: Fleet) -> None:
    """A typing error is found by the name it was meant to be."""
    fleet.client_add("webserver1", transport="local")
    with pytest.raises(UnknownNameError, match=r"no client 'webserver2'\. Did you mean webserver1\?"):
        fleet.store.client("webserver2")


def test_close_leaves_neither_thread_nor_descriptor(tmp_path: Path) -> None:
    """An embedder that closes its fleet is as it was before."""
    threads, descriptors = set(threading.enumerate()), set(os.listdir("/proc/self/fd"))
    store = Store(tmp_path / "store.db")
    readers = [threading.Thread(target=store.clients) for _ in range(8)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    store.close()
    assert (set(threading.enumerate()), set(os.listdir("/proc/self/fd"))) == (threads, descriptors)
    with pytest.raises(NotAllowedHereError, match="closed"):
        store.clients()


def test_ids_are_never_given_again(tmp_path: Path) -> None:
    """An id in an old record means what it meant, also after the latest row is gone and the store reopened."""
    store = Store(tmp_path / "store.db")
    last = store.write(lambda transaction: transaction.note("x")).id
    store.write(lambda transaction: transaction._rows("DELETE FROM note"))
    store.close()
    store = Store(tmp_path / "store.db")
    assert store.new_id("note") == last + 1
    store.close()


def test_store_that_is_none_is_refused_in_words(tmp_path: Path) -> None:
    """The file may be damaged, or another program's."""
    file = tmp_path / "store.db"
    file.write_bytes(b"garbage" * 1000)
    with pytest.raises(StoreError, match=f"The store {file} cannot be opened: file is not a database"):
        Store(file)


def test_number_that_no_store_has_is_refused_in_words(fleet: Fleet) -> None:
    """SQLite has 64 bits."""
    with pytest.raises(UsageError, match="larger than any"):
        fleet.store.events(after=10**30)
    with pytest.raises(UsageError, match="larger than any"):
        fleet.store.runs(limit=10**30)


# -- the state directory


def test_second_process_is_refused_with_the_pid_of_the_first(tmp_path: Path, child: Child) -> None:
    """Two dispatchers on one store would run everything twice."""
    holder = child(
        "import sys; from pathlib import Path; from scirehooks.core.state import StateDirectory\n"
        "held = StateDirectory(Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()",
        tmp_path / "state",
    )
    assert holder.stdout
    assert holder.stdout.readline() == b"held\n"
    with pytest.raises(StateInUseError, match=f"in use by process {holder.pid}") as caught:
        StateDirectory(tmp_path / "state")
    assert caught.value.pid == holder.pid
    holder.communicate()
    StateDirectory(tmp_path / "state").close()


def test_state_directory_is_private(tmp_path: Path) -> None:
    """Nobody else reads what is in it; one that others may change is refused with the remedy."""
    state = StateDirectory(tmp_path / "state")
    assert (state.path.stat().st_mode & 0o777, state.directory("output", "1").stat().st_mode & 0o777) == (0o700, 0o700)
    state.close()
    state.path.chmod(0o777)
    with pytest.raises(StoreError, match="chmod 700"):
        StateDirectory(state.path)


def test_count_clients_counts_those_in_the_fleet(make_fleet: MakeFleet) -> None:
    """Removed ones are no more; a toolbar asks for it at each prompt, and reads none of them."""
    fleet = make_fleet()
    for name in ("web1", "web2", "web3"):
        fleet.client_add(name, transport="local")
    fleet.client_remove("web3")
    assert fleet.store.count_clients() == len(fleet.store.clients()) == 2
    assert (fleet.store.count_clients(status="active"), fleet.store.count_clients(status="failed")) == (2, 0)
