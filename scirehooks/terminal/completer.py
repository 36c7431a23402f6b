"""Candidates of the shell as prompt_toolkit wants them, and what Tab does with them."""

from __future__ import annotations

import os
from collections.abc import Iterable

from prompt_toolkit.buffer import Buffer
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from scirehooks.shell import Host

__all__ = ["HostCompleter", "complete_further"]

_OPEN_ENDED = ("=", "/", ".", "(")  # what goes on behind these is another completion


class HostCompleter(Completer):
    """Asks HOST what fits at the cursor."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        """Yield the candidates; an empty line offers everything only to who presses Tab."""
        before = document.text_before_cursor
        if not before.strip() and not complete_event.completion_requested:
            return
        found = self._host.complete(before)
        for each in found.candidates:
            yield Completion(each.word, found.start - len(before), display_meta=each.doc)


def complete_further(buffer: Buffer) -> None:
    """Do what Tab does: write what all candidates have in common, else go to the next one."""
    state = buffer.complete_state
    if state is None:
        event = CompleteEvent(completion_requested=True)
        completions = list(buffer.completer.get_completions(buffer.document, event))
    else:
        completions = state.completions
    if not completions:
        return
    if state is not None and state.current_completion is not None:
        buffer.complete_next()
        return
    if len(completions) == 1:
        _take(buffer, completions[0])
        return
    common = os.path.commonprefix([each.text for each in completions])  # noqa: RUF071 - of words, by character
    typed = buffer.document.text_before_cursor[
        len(buffer.document.text_before_cursor) + completions[0].start_position :
    ]
    if len(common) > len(typed) and common.startswith(typed):
        buffer.insert_text(common[len(typed) :])
        buffer.start_completion(select_first=False)
    elif state is None:
        buffer.start_completion(select_first=False)
    else:
        buffer.complete_next()


def _take(buffer: Buffer, completion: Completion) -> None:
    """Write COMPLETION, with a blank behind a word that is complete."""
    buffer.cancel_completion()
    buffer.apply_completion(completion)
    word = completion.text
    is_command_line = "-" in word or " " in buffer.document.text_before_cursor
    if is_command_line and not word.endswith(_OPEN_ENDED) and not buffer.document.text_after_cursor:
        buffer.insert_text(" ")
