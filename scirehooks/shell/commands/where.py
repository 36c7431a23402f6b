"""Commands that find things, and say how all of it fares: where, status, history."""

from __future__ import annotations

from scirehooks.hooks import Runtime, command
from scirehooks.load import Loader
from scirehooks.shell.answers.status import Status, status_of
from scirehooks.shell.answers.whereabouts import Whereabouts, find_whereabouts
from scirehooks.shell.line.names import WhereWord
from scirehooks.shell.session import current_session
from scirehooks.values import Count, Values

__all__ = ["FindingCommands"]


class FindingCommands:
    """The commands that find things in a runtime."""

    def __init__(self, runtime: Runtime, values: Values) -> None:
        self._runtime = runtime
        self._values = values

    @command
    def where(self, function: WhereWord) -> Whereabouts:
        """Say where FUNCTION is written, whose it is, and in which hooks.

        FUNCTION is a name, the label of a function in a hook or its number such as `#17`, a command, or a hook. Who
        added it and when is told, and whether its file has changed since it was loaded.

        Example: where add-hook
        """
        return find_whereabouts(self._runtime, self._values.provided(Loader, None), function)

    @command
    def status(self) -> Status:
        """Say how everything fares; with exit status 1 if something is wrong.

        Wrong is a function in quarantine, an init script that failed, a post-hook that never ended, a thread that was
        given up and has not returned. So `scirehooks -c status` is what monitoring asks.

        Example: status
        """
        return status_of(self._runtime)

    @command
    def history(self, word: str = "", *, last: Count = Count(50)) -> list[str]:
        """List the lines that were typed in this session, the newest last.

        With WORD only those that hold it; LAST is how many at most.

        Example: history add-hook
        """
        session = current_session.get()
        lines = [] if session is None else [line for line in session.typed if word in line]
        return lines[-last:]
