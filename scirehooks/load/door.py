"""The door to files: one at a time through it, all of it or nothing, and what goes wrong is told in one way."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import field
from pathlib import Path

from scirehooks.errors import ConflictError
from scirehooks.hooks import Owner, Runtime
from scirehooks.load import python
from scirehooks.records import dataclass

__all__ = ["Door", "Loading"]


@dataclass(slots=True)
class Loading:
    """A file that is being loaded for OWNER, and the modules that it has required so far."""

    owner: Owner
    requires: list[str] = field(default_factory=list)
    content: bytes = b""


def _nobody_asks(file: str) -> None:
    pass


class Door:
    """What loading a file into RUNTIME always needs, whatever is in it."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._current: ContextVar[tuple[Loading, ...]] = ContextVar("scirehooks_loading", default=())
        self._busy: set[str] = set()
        self._lock = threading.Lock()
        self._digests: dict[str, bytes] = {}
        self.began: Callable[[str], object] = _nobody_asks  # told of each file before it is read

    @property
    def loading(self) -> tuple[Loading, ...]:
        """The files that are being loaded here, each because of the one before it."""
        return self._current.get()

    @contextmanager
    def through(self, what: str, words: str, file: str, owner: Owner, hint: str = "") -> Iterator[Loading]:
        """Load FILE in the block, for OWNER: all of it or nothing.

        Raises:
            LoadError: anything went wrong; the message begins with the place and WORDS.

        Journal: one transaction, called WHAT.
        """
        loading = Loading(owner)
        self.began(file)
        token = self._current.set((*self._current.get(), loading))
        self._runtime.owners.register(file, owner)
        try:
            with self._runtime.journal.transaction(what):
                yield loading
        except (Exception, SystemExit) as error:  # a door to a file; `sys.exit()` in one must not end the daemon
            raise python.failure(words, file, error, hint) from error
        except KeyboardInterrupt as wish:
            if not getattr(wish, "__notes__", ()):  # of files that load each other, the innermost
                wish.add_note(f"interrupted while loading {Path(file).name}")
            raise
        finally:
            self._current.reset(token)

    @contextmanager
    def alone(self, name: str) -> Iterator[None]:
        """Be the only one who loads NAME; nobody waits for user code to end, so the second one is told.

        Raises:
            ConflictError: somebody is at it.
        """
        with self._lock:
            if name in self._busy:
                raise ConflictError(f"{name} is being loaded just now.", "Try again when that has ended.")
            self._busy.add(name)
        try:
            yield
        finally:
            with self._lock:
                self._busy.discard(name)

    def remember(self, file: Path | str, content: bytes) -> None:
        """Note that FILE was loaded, or written, with this CONTENT."""
        self._digests[str(file)] = hashlib.sha256(content).digest()

    def knows(self, file: Path | str) -> bool:
        """Tell whether FILE was loaded, or written, by us."""
        return str(file) in self._digests

    def changed(self, file: Path | str) -> bool:
        """Tell whether FILE is another one now than when it was loaded; one that is gone is."""
        try:
            content = Path(file).read_bytes()  # not run: it need not be safe
        except OSError:
            return str(file) in self._digests
        return self._digests.get(str(file)) != hashlib.sha256(content).digest()
