"""What is found wrong with files by loading them, and by looking at what was loaded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from scirehooks.errors import LoadError, Terminated
from scirehooks.load import Loader, unfinished
from scirehooks.load.check import check, undefined

Write = Callable[..., Path]


def findings(loader: Loader, directory: Path) -> list[tuple[str, int | None, str]]:
    loader.load_init([directory])
    return [(Path(found.file).name, found.line, found.text) for found in check(loader).findings]


def test_check_finds_what_would_be_an_error_when_a_hook_fires(loader: Loader, write: Write, tmp_path: Path) -> None:
    """Unknown hooks, misfits, undefined functions and names inside of functions, each with its place and a guess."""
    write("init.d/10-unknown.py", "\nadd_hook('post-ordr-hook', print)\n")
    write("init.d/20-misfit.py", "@on('post-order-hook')\ndef tell(itm): ...\n")
    write("init.d/30-undefined.py", "def guard(item): ...\nadd_hook('pre-order-hook', 'gaurd')\n")
    write("init.d/40-later.py", "def fits(item): ...\nadd_hook('post-order-hook', fits)\n")
    write("init.d/50-newer.py", "def fits(something): ...\n")
    write("init.d/60-name.py", "@on('post-order-hook')\ndef bill(item, price):\n    return itm * price\n")
    write("init.d/70-list.yaml", "hooks:\n  post-order-hook: [nobody]\n")
    found = findings(loader, tmp_path / "init.d")
    assert [(file, line) for file, line, _ in found] == [
        ("10-unknown.py", 2), ("20-misfit.py", 1), ("30-undefined.py", 2), ("40-later.py", 2), ("60-name.py", 3),
        ("70-list.yaml", 2),
    ]  # fmt: skip
    text = {file: text for file, _, text in found}
    assert "Did you mean post-order-hook?" in text["10-unknown.py"]
    assert "'itm' is not in it" in text["20-misfit.py"]
    assert text["30-undefined.py"] == "pre-order-hook holds 'gaurd', which nothing defines. Did you mean guard?"
    assert "'something' is not in it" in text["40-later.py"]
    assert text["60-name.py"].startswith("bill uses 'itm', which nothing defines.")


def test_check_of_good_files_finds_nothing_and_tells_the_time(loader: Loader, write: Write, tmp_path: Path) -> None:
    """Each file and each module is listed with the time that it took."""
    write("modules/coffee.py", "from scirehooks import on\n@on('post-order-hook')\ndef pour(item): return len(item)\n")
    write("init.d/20-good.yaml", "require: [coffee]\n")
    write("init.d/20-good.yaml~", "")
    assert findings(loader, tmp_path / "init.d") == []
    files = check(loader).files
    assert [(each.file.name, each.status) for each in files] == [
        ("20-good.yaml", "ok"), ("20-good.yaml~", "passed-over"), ("coffee.py", "ok"),
    ]  # fmt: skip
    assert files[0].seconds > files[2].seconds > 0


def test_undefined_knows_what_a_function_may_use() -> None:
    """Builtins, imports, names set by `global`, parameters, comprehensions and closures are defined."""
    text = (
        "import os\n"
        "def start():\n    global begun\n    begun = True\n"
        "def f(x):\n    y = [os.sep * n for n in x if begun]\n    def g(): return len(y)\n    return g, print, Veto\n"
        "class C:\n    size = 1\n    def m(self): return self.size\n"
    )
    assert undefined(text, "x.py", ["Veto", "os", "f", "start", "C"]) == []
    assert undefined("f = lambda: clint\n", "x.py", []) == [(1, "lambda", "clint")]
    local = "def f():\n    clint = 1\ndef g():\n    return clint\n"
    assert undefined(local, "x.py", []) == [(4, "g", "clint")]


def test_unfinished_leaves_out_what_was_saved_after_a_start_that_died(tmp_path: Path) -> None:
    """The mark stays while files are loaded; a start that came to its end, in whichever way, removes it."""
    mark = tmp_path / "loading"
    with unfinished(mark) as first:
        assert mark.exists()
    assert (first, mark.exists()) == ({}, False)
    mark.touch()  # somebody was killed
    with unfinished(mark) as second:
        assert second.keys() == {"90-saved"}
    assert not mark.exists()


def test_unfinished_lets_one_in_though_the_mark_cannot_be_written(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A full disk is what one has come for."""
    with unfinished(tmp_path / "gone" / "loading") as left_out:
        assert left_out == {}
    assert "loading: No such file or directory." in caplog.text


@pytest.mark.parametrize(
    ("end", "stays"),
    [
        (LoadError("bad"), False),
        (OSError("full"), False),
        (KeyboardInterrupt(), False),
        (SystemExit(1), True),
        (Terminated(15), True),
    ],
)
def test_unfinished_knows_who_noticed(tmp_path: Path, end: BaseException, stays: bool) -> None:
    """An error or Ctrl-C was seen by somebody; SIGTERM is how a service manager ends a start that hangs."""
    mark = tmp_path / "loading"
    with pytest.raises(type(end)), unfinished(mark):
        raise end
    assert mark.exists() is stays


def test_check_finds_programs_that_cannot_be_started(loader: Loader, write: Write, tmp_path: Path) -> None:
    """One that is missing, not on the PATH or not executable would refuse everything, at three in the morning."""
    file = write("bin/there", "#!/bin/sh\n", 0o644)
    write("init.d/50-y.yaml", f"""\
        hooks:
          post-order-hook:
            - program: /usr/local/sbin/ask-root
            - program: no-such-program-anywhere -x
            - program: {file}
            - program: sh -c true
        """)  # fmt: skip
    assert findings(loader, tmp_path / "init.d") == [
        ("50-y.yaml", 3, "/usr/local/sbin/ask-root: no such file."),
        ("50-y.yaml", 4, "no-such-program-anywhere: there is no such program on the PATH."),
        ("50-y.yaml", 5, f"{file}: it is not executable. Type: chmod +x {file}"),
    ]
