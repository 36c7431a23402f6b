"""`sys.argv` of files that run side by side."""

import argparse
import contextvars
import sys
import threading

from scirehooks.control.arguments import arguments


def test_arguments_of_two_files_at_once_stay_apart() -> None:
    """Each sees its own, in threads that it starts in its context, too; the process keeps those it had."""
    before = list(sys.argv)
    both = threading.Barrier(2, timeout=20)
    seen: dict[str, list[str]] = {}

    def run(name: str) -> None:
        with arguments([name, "x"]):
            both.wait()  # now both are inside
            inner = threading.Thread(target=contextvars.copy_context().run, args=(note, name))
            inner.start()
            inner.join(20)
            both.wait()  # and neither has left

    def note(name: str) -> None:
        seen[name] = sys.argv[:]

    threads = [threading.Thread(target=run, args=(name,)) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert seen == {"a": ["a", "x"], "b": ["b", "x"]}
    assert [*sys.argv] == before


def test_arguments_are_read_as_programs_read_them() -> None:
    """By index, by slice, by length, and by argparse."""
    parser = argparse.ArgumentParser()
    parser.add_argument("word")
    with arguments(["file", "hello"]):
        assert (sys.argv[0], len(sys.argv), [*sys.argv]) == ("file", 2, ["file", "hello"])
        assert repr(sys.argv) == "['file', 'hello']"
        assert parser.parse_args().word == "hello"
    with arguments(None):
        assert sys.argv[0] != "file"


def test_arguments_are_those_of_the_file_whatever_is_asked_of_the_list() -> None:
    """`in`, `==`, `+` and the methods that only look never show the arguments of the process."""
    given = ["file", "--dry-run", "x", "x"]
    with arguments(given):
        assert "--dry-run" in sys.argv
        assert sys.argv == given
        assert given == sys.argv
        assert sys.argv != ["file"]
        assert sys.argv + ["y"] == [*given, "y"]  # noqa: RUF005 - what the test is about
        assert ["y"] + sys.argv == ["y", *given]  # noqa: RUF005 - what the test is about
        assert [*reversed(sys.argv)] == given[::-1]
        assert (sys.argv.index("x"), sys.argv.index("x", 3), sys.argv.count("x")) == (2, 3, 2)
        assert sys.argv.copy() == given
        assert " ".join(sys.argv) == "file --dry-run x x"
    assert "--dry-run" not in sys.argv
