"""What the shell looks like, in the sixteen colours of the terminal's own palette.

They are readable on its background, whatever that is. Without colours what is chosen in a menu is shown in reverse.
"""

from __future__ import annotations

from prompt_toolkit.styles import BaseStyle, Style

__all__ = ["style"]

_COMMON = {
    "prompt": "bold",
    "command": "bold ansigreen",
    "option": "ansicyan",
    "string": "ansiyellow",
    "program": "ansimagenta",
    "punctuation": "ansibrightblack",
    "auto-suggestion": "ansibrightblack",
    "bottom-toolbar": "noreverse",
    "bottom-toolbar.text": "",
    "validation-toolbar": "ansired",
    "status": "ansibrightblack",
    "trouble": "bold ansired",
    "usage": "ansicyan",
    "doc": "",
    "pygments.keyword": "bold ansiblue",
    "pygments.operator.word": "bold ansiblue",
    "pygments.literal.string": "ansiyellow",
    "pygments.literal.number": "ansicyan",
    "pygments.comment": "ansibrightblack italic",
    "pygments.name.builtin": "ansicyan",
    "pygments.name.function": "ansigreen",
    "pygments.name.class": "ansigreen",
    "pygments.name.decorator": "ansimagenta",
    "pygments.name.exception": "ansired",
}
_COLORED = {
    "completion-menu": "bg:ansiblack ansiwhite",
    "completion-menu.completion.current": "noreverse bg:ansiblue ansiwhite bold",
    "completion-menu.meta.completion": "bg:ansiblack ansibrightblack",
    "completion-menu.meta.completion.current": "noreverse bg:ansiblue ansiwhite",
}
_UNCOLORED = {
    "completion-menu.completion.current": "reverse bold",
    "completion-menu.meta.completion.current": "reverse",
}


def style(*, color: bool) -> BaseStyle:
    """Return the style of the shell, on a terminal that has COLOR or not."""
    return Style.from_dict({**_COMMON, **(_COLORED if color else _UNCOLORED)})
