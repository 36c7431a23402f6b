"""Whole sessions: the lines of `in`, typed into a shell with the init scripts of `init`, give what is in `out`.

The manual is checked in the same way: what stands behind `scire>` in a page is typed, what follows is the answer.
In expected text … stands for anything.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pexpect
import pytest

HERE = Path(__file__).parent
TOPICS = sorted(folder.name for folder in HERE.iterdir() if (folder / "in").is_file())
PAGES = sorted((HERE.parent.parent / "scirehooks" / "help").glob("*.md"))


def fits(expected: str, found: str) -> bool:
    """Whether FOUND is what EXPECTED says; blanks at the ends of lines do not count."""
    pattern = re.escape("\n".join(line.rstrip() for line in expected.strip("\n").split("\n")))
    text = "\n".join(line.rstrip() for line in found.replace("\r", "").strip("\n").split("\n"))
    # A line that is nothing but … stands for any number of lines, none included.
    pattern = re.sub(r"(^|\\\n)…(?=\\\n|$)", r"(?:\1(?s:.*?))?", pattern)
    return re.fullmatch(pattern.replace("…", ".*"), text) is not None


@pytest.mark.parametrize("topic", TOPICS)
def test_transcript_of_a_session(topic: str, tmp_path: Path) -> None:
    """A batch of the lines gives exactly the answers, and the exit status that the last line names."""
    init = tmp_path / "init"
    init.mkdir(mode=0o755)
    # They end in .txt, so that no checker takes them for our own code: they use names of the shell, and some are bad.
    for script in (HERE / topic / "init").glob("*.txt"):
        shutil.copyfile(script, init / script.stem)
        (init / script.stem).chmod(0o644)  # a checkout under umask 002 is writable by others, which is refused
    done = subprocess.run(
        [sys.executable, "-m", "scirehooks", "--state", str(tmp_path / "state"), "--init", str(init)],
        input=(HERE / topic / "in").read_text(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "HOME": str(tmp_path), "TERM": "dumb", "INIT": str(init)},
        text=True,
        timeout=60,
    )
    found = done.stdout.replace(str(init), "INIT") + f"exit {done.returncode}\n"
    expected = (HERE / topic / "out").read_text()
    assert fits(expected, found), f"--- expected\n{expected}\n--- found\n{found}"


class Exchange(NamedTuple):
    """What is typed, and the answer."""

    typed: list[str]
    answer: str


def blocks(page: str) -> Iterator[tuple[str, str]]:
    """Yield the fenced blocks of PAGE, each with what stands behind its opening fence: the terminal it is about."""
    yield from re.findall(r"^```([a-z]*)\n(.*?)^```$", page, re.M | re.S)


def exchanges(block: str) -> Iterator[Exchange]:
    """Yield the exchanges in BLOCK."""
    for part in re.split(r"^scire> ", block, flags=re.M)[1:]:
        first, *rest = part.rstrip("\n").split("\n")
        more = [line[7:] for line in rest if line.startswith("  ...>")]
        yield Exchange([first, *more], "\n".join(rest[len(more) :]))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_manual_shows_what_happens(page: Path, tmp_path: Path) -> None:
    """Every session in a page of the manual is a session that took place."""
    found = [exchange for terminal, block in blocks(page.read_text()) if not terminal for exchange in exchanges(block)]
    if not found:
        assert page.stem == "tour" or "scire>" not in page.read_text()
        return
    shell = pexpect.spawn(
        sys.executable,
        ["-m", "scirehooks", "--state", str(tmp_path / "state"), "-Q"],
        dimensions=(50, 100),
        echo=False,
        encoding="utf-8",
        env={**os.environ, "HOME": str(tmp_path), "TERM": "dumb"},
        timeout=20,
    )
    shell.expect_exact("scire> ")
    if page.stem != "start":
        ask(shell, ["client-add here --transport local"])
    for exchange in found:
        deadline = time.monotonic() + 10
        answer = ask(shell, exchange.typed)
        while (
            not fits(exchange.answer, answer)
            and time.monotonic() < deadline
            and exchange.typed[0] in ("runs", "output 1")
        ):
            answer = ask(shell, exchange.typed)  # the run goes on while one reads
        assert fits(exchange.answer, answer), f"{exchange.typed}\n--- expected\n{exchange.answer}\n--- found\n{answer}"
    shell.sendeof()
    shell.expect(pexpect.EOF)
    shell.close()


def ask(shell: "pexpect.spawn[str]", lines: list[str]) -> str:
    """Type LINES and return what comes before the next prompt."""
    for line in lines[:-1]:
        shell.sendline(line)
        shell.expect_exact("...> ")
    shell.sendline(lines[-1])
    shell.expect_exact("scire> ")
    return str(shell.before)
