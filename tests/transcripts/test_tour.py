"""What the manual's tour and the README show of a daemon takes place: two shells attach to it, and it is restarted."""

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from tests.transcripts.test_transcripts import ask, blocks, exchanges, fits

CHECKOUT = Path(__file__).parent.parent.parent
_PATIENCE = 30


class Terminals:
    """The terminals of the tour, by the name that its blocks have."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._open: dict[str, pexpect.spawn[str]] = {}

    def play(self, name: str, block: str) -> None:
        """Type what BLOCK shows into the terminal NAME, and compare."""
        for line in re.findall(r"^(?:\^C|\$ .*)$", block, re.M):
            if line == "^C":
                self._open[name].sendintr()
                self._open[name].expect(pexpect.EOF)
                self._open.pop(name).close()
            else:
                self._start(name, line.split()[1:], block)
        if name == "daemon":
            return
        if block.startswith("The connection is lost"):
            self._settle(self._open[name])
        for exchange in exchanges(block):
            if exchange.typed == ["quit"]:
                self._open[name].sendline("quit")
                self._open[name].expect(pexpect.EOF)
                continue
            answer = ask(self._open[name], exchange.typed)
            shown = f"{exchange.typed}\n--- expected\n{exchange.answer}\n--- found\n{answer}"
            assert fits(exchange.answer, answer), shown

    def _start(self, name: str, command: list[str], block: str) -> None:
        assert command[0] == "scirehooks"
        arguments = ["-m", "scirehooks", "--state", str(self._home / "state"), *command[1:]]
        environment = {**os.environ, "HOME": str(self._home), "XDG_CONFIG_HOME": str(self._home / ".config")}
        shell = pexpect.spawn(
            sys.executable,
            arguments,
            dimensions=(50, 100),
            echo=False,
            encoding="utf-8",
            env={**environment, "TERM": "dumb", "PAGER": "cat"},
            timeout=_PATIENCE,
        )
        self._open[name] = shell
        if name == "daemon":
            shell.expect("ready, serving .*\r\n")
            return
        shell.expect_exact("scire> ")
        banner = block.partition("$ scirehooks\n")[2].partition("scire> ")[0]
        assert fits(banner, shell.before or ""), shell.before

    def _settle(self, shell: "pexpect.spawn[str]") -> None:
        """Wait until SHELL is connected again, and its prompt is the last thing it has shown."""
        shell.expect(r"The connection is lost\. Trying to connect again; what you type is kept\.\r\n")
        shell.expect("Connected again: .*\r\n")
        shell.sendline("'here'")
        shell.expect_exact("'here'\r\n")
        shell.expect_exact("scire> ")

    def close(self) -> None:
        """End what was started, the shells before the daemon."""
        for shell in reversed(self._open.values()):
            shell.close(force=True)


@pytest.fixture
def terminals(tmp_path: Path) -> Iterator[Terminals]:
    """Terminals on a machine where nobody has used scirehooks before."""
    (tmp_path / ".config" / "scirehooks" / "init.d").mkdir(parents=True, mode=0o755)
    terminals = Terminals(tmp_path)
    yield terminals
    terminals.close()


@pytest.mark.parametrize("page", ["scirehooks/help/tour.md", "README.md"])
def test_tour_takes_place_as_the_page_shows_it(terminals: Terminals, page: str) -> None:
    """Two administrators see each other, and what was saved is there after the daemon has been started again."""
    played = 0
    for name, block in blocks((CHECKOUT / page).read_text()):
        if name in ("daemon", "anna", "bert"):
            terminals.play(name, block)
            played += 1
    assert played >= 6
