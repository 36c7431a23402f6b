"""Notice at a start that the last one died while it loaded: killed, crashed, ended by a watchdog.

Then what was saved at the prompt is left out once, as the likeliest cause: nobody has started with it since it was
written. A mark lies in the state directory while init scripts are loaded; who finds one follows a start that died.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scirehooks.load.places import SAVED

__all__ = ["unfinished"]


@contextmanager
def unfinished(mark: Path) -> Iterator[dict[str, str]]:
    """Keep the file MARK while the block loads init scripts; yield what to leave out this time, with the reason.

    A block that ends in an error or by Ctrl-C has not died: somebody knows. SIGTERM leaves the mark where it is, as
    that is how a service manager ends a start that takes too long, and so does an `exit()` in a script.
    """
    died = mark.exists()
    mark.write_text(f"{os.getpid()}\n")
    try:
        yield {SAVED: _REASON} if died else {}
    except (Exception, KeyboardInterrupt):
        _remove(mark)
        raise
    else:
        _remove(mark)


_REASON = (
    f"left out, as the last start died while it loaded; look with `scirehooks check`, then type: reload {SAVED}.yaml, "
    "or start again"
)


def _remove(mark: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        mark.unlink()
