"""Notice at a start that the last one died while it loaded: killed, crashed, ended by a watchdog.

Then what was saved at the prompt is left out once, as the likeliest cause: nobody has started with it since it was
written. A mark lies in the state directory while init scripts are loaded; who finds one follows a start that died.
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scirehooks.load.places import SAVED

__all__ = ["unfinished"]

_log = logging.getLogger("scirehooks")


@contextmanager
def unfinished(mark: Path) -> Iterator[dict[str, str]]:
    """Keep the file MARK while the block loads init scripts; yield what to leave out this time, with the reason.

    A block that ends in an error or by Ctrl-C has not died: somebody knows. SIGTERM leaves the mark where it is, as
    that is how a service manager ends a start that takes too long, and so does an `exit()` in a script.
    """
    died = mark.exists()
    try:
        mark.write_text(f"{os.getpid()}\n")
    except OSError as error:  # of a full disk, say; there is all the more reason to be let in
        _log.warning("%s: %s. Should this start die, the next one does not know.", mark, error.strerror)
    try:
        yield {SAVED: _REASON} if died else {}
    except (Exception, KeyboardInterrupt):
        _remove(mark)
        raise
    else:
        _remove(mark)


_REASON = (
    "left out, as the last start died while the init scripts were loaded; look with `scirehooks check`, "
    "and start again."
)


def _remove(mark: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        mark.unlink()
