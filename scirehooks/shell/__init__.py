"""The shell: from a line to a value, from a value to styled text; completion and help. No terminal library.

`words` and `language` read a line, `form` and `arguments` fit it to a command's signature, `python` runs the rest;
`session` evaluates, `problems` says what went wrong, `render` and `pages` show. `batch` is the shell without a
person, `host` what a terminal talks to.
"""

from scirehooks.shell.batch import Batch, Drained, colors_for
from scirehooks.shell.complete import Completer, Completions
from scirehooks.shell.furnish import furnish
from scirehooks.shell.host import Host
from scirehooks.shell.render import Renderer
from scirehooks.shell.session import Outcome, Session, current_session
from scirehooks.shell.sources import Remembered
from scirehooks.shell.text import Fragments, to_ansi

__all__ = [
    "Batch",
    "Completer",
    "Completions",
    "Drained",
    "Fragments",
    "Host",
    "Outcome",
    "Remembered",
    "Renderer",
    "Session",
    "colors_for",
    "current_session",
    "furnish",
    "to_ansi",
]
