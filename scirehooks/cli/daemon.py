"""A system without a shell, for others to attach to."""

from __future__ import annotations

import contextlib
import logging
from typing import Final

from scirehooks.cli.options import Options
from scirehooks.cli.system import Parts, running
from scirehooks.cli.whole import not_whole
from scirehooks.daemon import Life, log_to_stderr
from scirehooks.errors import Terminated
from scirehooks.load import InitReport

__all__ = ["daemon", "news_of"]

_READ: Final = ("ok", "empty")
_log = logging.getLogger("scirehooks")


def daemon(options: Options) -> int:
    """Run the system that OPTIONS describe in the foreground until SIGTERM or SIGINT.

    Raises:
        StateInUseError: another process has the state directory.
    """
    log_to_stderr()
    # Told to end while it was still starting, or told twice: it has ended as it was asked to.
    with contextlib.suppress(Terminated), Life() as life, running(options, daemon=True) as system:
        system.patience = system.parts.fleet.patience
        life.run(system.serving, lambda: _reload(options, system.parts))
    _log.info("ended")
    return 0


def _reload(options: Options, made: Parts) -> None:
    """Read the init scripts again, and say in the log what came of it; fire what has waited for them."""
    before = made.loader.report
    after = made.loader.refresh_init()
    _log.info("init scripts read again: %s", news_of(before, after))
    if not not_whole(options, after):
        made.fleet.catch_up()


def news_of(before: InitReport, after: InitReport) -> str:
    """Say which init scripts are new, other, gone or failed AFTER they were read again, by name."""
    there = {script.file: script for script in before.scripts if script.status in _READ}
    now = {script.file: script for script in after.scripts if script.status in _READ}
    failed = {script.file for script in after.failed}
    told = {
        "loaded": [file for file in now if file not in there],
        "changed": [file for file in now if file in there and now[file] is not there[file]],
        "failed": list(failed),
        "gone": [file for file in there if file not in now and file not in failed],
    }
    parts = [f"{', '.join(sorted(file.name for file in files))} {what}" for what, files in told.items() if files]
    return "; ".join(parts) or "nothing has changed"
