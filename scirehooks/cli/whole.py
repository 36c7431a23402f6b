"""Whether a system has all the functions that its init scripts would give it, as it is in an ordinary start."""

from __future__ import annotations

from typing import Final

from scirehooks.cli.options import Options
from scirehooks.load import InitReport

__all__ = ["not_whole"]

_REDUCING: Final = ("-Q", "--only", "--no-modules")


def not_whole(options: Options, report: InitReport) -> str:
    """Return why functions are missing, and when they are there again; nothing if all are there.

    What an earlier process left to be fired waits then: it was left for those functions, and is fired but once.
    """
    given = [option for option in options.configuring if option in _REDUCING]
    if given:
        return f"the program was started with {' and '.join(given)}; a start without makes up for it"
    if report.failed:
        without = f"the program runs without {', '.join(script.file.name for script in report.failed)}"
        return f"{without}; once loaded, SIGHUP to the daemon or a new start makes up for it"
    return ""
