import gc
import inspect
import linecache
from typing import Any

from scirehooks.hooks import Runtime
from scirehooks.shell import Remembered, Session
from scirehooks.values import Values


def known(session: Session) -> set[str]:
    """The files of this test's lines that are still known, to tracebacks or to owners."""
    gc.collect()
    owned = set(vars(session.runtime.owners)["_files"])
    return {file for file in {*linecache.cache, *owned} if file.startswith(("<mine:", "-mine", "<-mine"))}


def test_lines_leave_nothing_behind() -> None:
    """A monitor that asks every minute for years does not make the system grow."""
    session = Session(Runtime("demo"), Values(), name="mine")
    before = known(session)
    for line in ("1 + 1", "[n for n in range(3)]", "1 / 0", "def f(", "no-such-command"):
        session.evaluate(line)
    assert known(session) == before


def test_function_that_was_typed_keeps_its_text_as_long_as_it_lives() -> None:
    """`save`, `edit` and tracebacks find it; when it goes, its text goes."""
    session = Session(Runtime("demo"), Values(), name="mine")
    before = known(session)
    session.evaluate("def outer():\n    def inner():\n        return 1\n    return inner")
    session.evaluate("kept = outer()")
    session.evaluate("del outer")
    kept: Any = session.runtime.namespace["kept"]
    assert inspect.getsource(kept) == "    def inner():\n        return 1\n"
    assert len(known(session) - before) == 2  # of the function, and of the name that was given to it
    del kept


def test_lines_of_a_batch_go_with_the_batch() -> None:
    """The next batch is compiled under the same name, unless something of the first is left."""
    session = Session(Runtime("demo"), Values(), name="mine")
    first = Remembered(["1", "def f(): pass"], "-mine")
    for number, line in enumerate(first, 1):
        session.evaluate(line, file=first.file, line=number)
    name = first.file
    del first
    gc.collect()
    second = Remembered(["2"], "-mine")
    assert second.file != name  # f is still there
    for line in second:
        session.evaluate(line, file=second.file)
    name = second.file
    del second
    gc.collect()
    assert name not in known(session)
    assert Remembered([], "-mine").file == name
