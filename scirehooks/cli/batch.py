"""Lines that nobody types: what is asked for of a system, whether it runs here or elsewhere."""

from __future__ import annotations

import sys
from typing import Any

from scirehooks.cli.options import Options

__all__ = ["is_interactive", "wanted"]


def is_interactive(options: Options) -> bool:
    """Tell whether somebody sits at a terminal and is to be given a prompt."""
    if options.lines or options.file is not None:
        return False
    return sys.stdin is not None and sys.stdin.isatty() and sys.stdout is not None and sys.stdout.isatty()


def wanted(options: Options) -> dict[str, Any]:
    """Return what OPTIONS ask for, as `oneshot` takes it."""
    request: dict[str, Any] = {"json": options.json, "drain": options.drain}
    if options.lines:
        request["lines"] = [*options.lines]
    elif options.file is None:
        request["stdin"] = True
    else:
        request.update(file=options.file, argv=[options.file, *options.arguments])
    return request
