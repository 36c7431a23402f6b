"""The shell in a terminal: the only place that knows prompt_toolkit and pygments.

It talks to a `Host` and to nothing else: text goes out, styled text and candidates come back.
"""

from scirehooks.terminal.embed import shell
from scirehooks.terminal.loop import run

__all__ = ["run", "shell"]
