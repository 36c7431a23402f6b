"""What the command line says."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

from scirehooks.control import oneshot
from scirehooks.errors import UsageError
from scirehooks.records import dataclass
from scirehooks.version import __version__

__all__ = ["Options", "Word", "default_state", "parse"]

_WORDS: Final = ("attach", "daemon", "check")  # a file of that name is ./attach

Word = Literal["", "attach", "daemon", "check"]

_ABOUT = """\
Opens the shell, or runs the lines given by -c, in FILE, or on standard input.
With none of these and a terminal, the shell is interactive. In the shell, `help` explains the rest.

If a system runs on the state directory already, in a daemon or another shell, this attaches to it; else the system
runs in this process, and others can attach to it.

  attach [SOCKET]  attach to a system that is running, at its control socket, or fail with status 4
  daemon           run the system without a shell, until SIGTERM; SIGHUP reads changed init scripts
  check            load all init scripts on trial, apart from everything, and say what is wrong with them"""
_STATUS = """\
exit status: 0 all went well · 1 an error, also of Python ·
2 a command line or option that cannot be understood · 3 refused by a function in a hook ·
4 nobody to attach to · 5 a run did not succeed"""


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says; CONFIGURING names the options in it that tell how a system is to be started."""

    word: Word
    socket: Path | None
    state: Path
    init: Sequence[Path] | None
    modules: Sequence[Path]
    no_modules: bool
    only: str
    strict: bool
    timings: bool
    json: bool
    drain: float
    lines: Sequence[str]
    file: str | None
    arguments: Sequence[str]
    configuring: Sequence[str]


def parse(arguments: Sequence[str]) -> Options:
    """Return what ARGUMENTS say; options may stand anywhere before FILE.

    Raises:
        UsageError: they contradict each other.
        SystemExit: they cannot be understood, or ask for help or the version, which has been given.
    """
    parser = _parser()
    given = parser.parse_args(arguments)
    word: Word = ""
    socket = None
    if given.rest and given.rest[0] in _WORDS:
        word = given.rest[0]
        given = parser.parse_args(given.rest[1:], given)
        if word == "attach" and given.rest:
            socket = Path(given.rest[0])
            given = parser.parse_args(given.rest[1:], given)
        elif given.rest:
            raise UsageError(
                f"{word} takes no file, and {given.rest[0]!r} looks like one.",
                f"If you mean a file named {word}, type ./{word}.",
            )
    file, rest = (given.rest[0], given.rest[1:]) if given.rest else (None, [])
    configuring = _configuring(given)
    _check(word, file, given, configuring)
    return Options(
        word=word,
        socket=socket,
        state=given.state or default_state(),
        init=() if given.quick else given.init,
        modules=given.modules,
        no_modules=given.no_modules,
        only=given.only,
        strict=given.strict,
        timings=given.timings,
        json=given.json,
        drain=given.drain,
        lines=given.lines,
        file=None if file == "-" else file,
        arguments=rest,
        configuring=configuring,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "scirehooks", usage="scirehooks [OPTIONS] [attach [SOCKET] | daemon | check | FILE [ARG…]]",
        description=_ABOUT, epilog=_STATUS, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False,
    )  # fmt: skip
    add = parser.add_argument
    add("-c", dest="lines", metavar="LINE", action="append", default=[], help="evaluate LINE; may be given repeatedly")
    add("--state", metavar="DIR", type=Path, help=f"where the fleet is kept (default: {default_state()})")
    add("--init", metavar="DIR", type=Path, action="append", help="read init scripts from DIR and nowhere else")
    add("--only", metavar="FILE", default="", help="read this init script and no other")
    add("-Q", dest="quick", action="store_true", help="start without init scripts")
    add("--modules", metavar="DIR", type=Path, action="append", default=[], help="look for modules in DIR first")
    add("--no-modules", action="store_true", help="load no module, even if an init script requires it")
    add("--strict", action="store_true", help="end with status 1 if an init script fails")
    add("--timings", action="store_true", help="say how long each init script and module took to load")
    add("--json", action="store_true", help="print one line of JSON for each command and each Python value")
    drain = f"how long each line waits for its runs ({oneshot.DRAIN:g})"
    add("--drain", metavar="SECONDS", type=_seconds, default=oneshot.DRAIN, help=drain)
    add("--version", action="version", version=f"scirehooks {__version__}")
    add("rest", metavar="FILE", nargs=argparse.REMAINDER, help="a file of lines; ARGs are in sys.argv")
    return parser


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is no number of seconds")
    return seconds


def _configuring(given: argparse.Namespace) -> list[str]:
    names = {
        "--init": given.init, "-Q": given.quick, "--only": given.only, "--modules": given.modules,
        "--no-modules": given.no_modules, "--strict": given.strict, "--timings": given.timings,
    }  # fmt: skip
    return [name for name, value in names.items() if value]


def _check(word: Word, file: str | None, given: argparse.Namespace, configuring: Sequence[str]) -> None:
    # The usual directories need not be there; whoever names one counts on what is in it.
    for option, directories in (("--init", given.init or ()), ("--modules", given.modules)):
        for directory in directories:
            if not directory.is_dir():
                raise UsageError(f"{option} {directory}: there is no such directory.")
    if file is not None and given.lines:
        raise UsageError("Give either -c or a file.", "See scirehooks --help.")
    if given.quick and given.only:
        raise UsageError("-Q reads no init scripts: --only does not go with it.", "Leave one of them out.")
    if word in ("daemon", "check") and given.lines:
        raise UsageError(
            f"{word} evaluates no lines: -c does not go with it.", "Attach for that: scirehooks attach -c …"
        )
    if word == "daemon" and given.json:
        raise UsageError(
            "A daemon prints no results: --json does not go with it.", "Attach for that: scirehooks attach"
        )
    if word == "attach" and configuring:
        raise UsageError(
            f"{', '.join(configuring)} would change how a system is started: that does not go with attach.",
            "Leave it out, or start that system anew with it.",
        )


def default_state() -> Path:
    """Return where the fleet is kept: of the machine for root, else of the user."""
    return Path(oneshot.default_state())
