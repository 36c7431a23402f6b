"""The shell: from a line to a value, from a value to styled text; completion and help. No terminal library.

`line` reads what was typed and fits it to a command's signature, `running` evaluates it, `showing` turns values into
text. Of these a `session` is made: one attached shell. What it knows of hooks are the `commands`; they answer with
`answers` and with what `trying` finds. `completing` says what could come next, `batch` is the shell without a person,
`host` what a terminal talks to.

Public names come when they are asked for: a terminal on another process shows text, and needs no session.
"""

from scirehooks.late import late

TYPE_CHECKING = False

if TYPE_CHECKING:
    from scirehooks.shell.batch import Batch, Drained
    from scirehooks.shell.completing.complete import Completer, Completions
    from scirehooks.shell.furnishing import furnish
    from scirehooks.shell.host import Host
    from scirehooks.shell.running.sources import Remembered
    from scirehooks.shell.session import Outcome, Session, current_session
    from scirehooks.shell.showing.render import Renderer
    from scirehooks.shell.showing.text import Fragments, to_ansi

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
    "current_session",
    "furnish",
    "to_ansi",
]

late(
    globals(),
    {
        "Batch": "scirehooks.shell.batch",
        "Completer": "scirehooks.shell.completing.complete",
        "Completions": "scirehooks.shell.completing.complete",
        "Drained": "scirehooks.shell.batch",
        "Fragments": "scirehooks.shell.showing.text",
        "Host": "scirehooks.shell.host",
        "Outcome": "scirehooks.shell.session",
        "Remembered": "scirehooks.shell.running.sources",
        "Renderer": "scirehooks.shell.showing.render",
        "Session": "scirehooks.shell.session",
        "current_session": "scirehooks.shell.session",
        "furnish": "scirehooks.shell.furnishing",
        "to_ansi": "scirehooks.shell.showing.text",
    },
)
