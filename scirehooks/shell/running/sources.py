"""The text of typed lines, for tracebacks and `inspect.getsource`, kept as long as anything compiled from it lives.

A function defined at the prompt may live for months, and its text with it. But a monitor that asks for `status` every
minute must not make a daemon grow, so text that nothing was left of is forgotten.
"""

from __future__ import annotations

import linecache
import weakref
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from types import CodeType
from typing import Any

from scirehooks.hooks import Runtime

__all__ = ["Remembered", "Source", "remember_source", "source_of_file", "sources_of_names"]


class Source:
    """The text that is compiled as FILE: there as long as this object, or code that it `holds`, is."""

    def __init__(self, file: str, entry: tuple[Any, ...]) -> None:
        self.file = file
        self.when_gone(_forget, file, entry)

    def when_gone(self, call: Callable[..., Any], *args: Any) -> None:
        """Let CALL be called with ARGS when the text is forgotten."""
        weakref.finalize(self, call, *args).atexit = False

    def holds(self, codes: Iterable[CodeType]) -> None:
        """Keep the text while one of CODES, or of the functions and classes in them, is alive."""
        for code in codes:
            # The finalizer has this object among its arguments: that is what keeps it.
            weakref.finalize(code, _let_go, self).atexit = False
            self.holds(each for each in code.co_consts if isinstance(each, CodeType))


def _forget(file: str, entry: tuple[Any, ...]) -> None:
    """Take ENTRY out of `linecache`, unless another system of this process has a text of that name now."""
    if linecache.cache.get(file) is entry:
        del linecache.cache[file]


def _let_go(source: Source) -> None:
    """Do nothing: with the arguments of the call goes what they held."""


# By name, for each runtime: the text that assigned it last. `save` writes a constant or an import as it was typed.
_names: weakref.WeakKeyDictionary[Runtime, dict[str, Source]] = weakref.WeakKeyDictionary()


def sources_of_names(runtime: Runtime) -> dict[str, Source]:
    """Return, to be kept up to date, the text that last assigned each name of RUNTIME at a prompt."""
    return _names.setdefault(runtime, {})


_sources: weakref.WeakValueDictionary[str, Source] = weakref.WeakValueDictionary()  # beside `linecache.cache`, by file


def source_of_file(file: str) -> Source | None:
    """Return the text that is compiled as FILE, if it was typed and not read from a file."""
    return _sources.get(file)


def remember_source(text: str, file: str, first_line: int = 1) -> Source:
    """Let TEXT, which begins at FIRST_LINE of FILE, be found as long as what is returned, or code that it holds, lives.

    An entry without a time is never thrown out of `linecache` as stale.
    """
    lines = ["\n"] * (first_line - 1) + [line + "\n" for line in text.split("\n")]
    entry = linecache.cache[file] = (len(text), None, lines, file)
    source = _sources[file] = Source(file, entry)
    return source


class Remembered(Iterable[str]):
    """Lines that come one at a time, of which tracebacks find those that have come.

    They are to be compiled as `file`: FILE, or `<-c 2>` where others were called `-c` before in this process, and
    something of theirs is still there.

    Example:
        >>> first, second = Remembered([], "-c"), Remembered([], "-c")
        >>> first.file == second.file
        False
    """

    def __init__(self, lines: Iterable[str], file: str) -> None:
        self._lines = lines
        self._seen: list[str] = []
        entry = (0, None, self._seen, file)
        bare = file.strip("<>")
        names = (file if number == 1 else f"<{bare} {number}>" for number in count(1))
        # The first that is not taken, in one step: batches run side by side.
        self.file = next(name for name in names if linecache.cache.setdefault(name, entry) is entry)
        self._source = _sources[self.file] = Source(self.file, entry)

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            self._seen.append(line + "\n")
            yield line
