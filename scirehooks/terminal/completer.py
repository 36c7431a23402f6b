"""Candidates of the shell as prompt_toolkit wants them, and what Tab does with them."""

from __future__ import annotations

import asyncio
import concurrent.futures
import os
from collections.abc import AsyncGenerator, Callable, Iterable
from typing import Any

from prompt_toolkit.application import Application
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

__all__ = ["LinkCompleter", "complete_further"]

Found = concurrent.futures.Future[Any]

_OPEN_ENDED = ("=", "/", ".", "(")  # what goes on behind these is another completion
_PATIENCE = 0.2  # seconds that Tab waits before the keys behind it are taken


class LinkCompleter(Completer):
    """Asks the server what fits at the cursor; ASK takes the text before it and returns what will be the answer."""

    blank_behind = True  # a word that is complete

    def __init__(self, ask: Callable[[str], Found]) -> None:
        self._ask = ask

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        """Return nothing: whoever waits for an answer cannot draw."""
        return ()

    async def get_completions_async(
        self, document: Document, complete_event: CompleteEvent
    ) -> AsyncGenerator[Completion, None]:
        """Yield the candidates; an empty line offers everything only to who presses Tab."""
        before = document.text_before_cursor
        if before.strip() or complete_event.completion_requested:
            for each in await asyncio.wrap_future(self.ask(before)):
                yield each

    def ask(self, before: str) -> Found:
        """Ask what fits behind BEFORE, without waiting; what is found is a list of completions.

        Who is connected to nothing gets none, and the toolbar says why.
        """
        result: Found = concurrent.futures.Future()

        def done(found: Found) -> None:
            failed = found.cancelled() or found.exception() is not None
            if result.set_running_or_notify_cancel():
                result.set_result([] if failed else self.read(found.result(), before))

        self._ask(self.line(before)).add_done_callback(done)
        return result

    def line(self, before: str) -> str:
        """Return the line to ask about when BEFORE has been typed."""
        return before

    def read(self, answer: dict[str, Any], before: str) -> list[Completion]:
        """Return the server's ANSWER to what fits behind BEFORE."""
        start = answer["start"] - len(self.line(before))
        return [Completion(word, start, display_meta=doc) for word, doc in answer["candidates"]]


def complete_further(app: Application[Any], buffer: Buffer, completer: LinkCompleter) -> None:
    """Do what Tab does: write what all candidates have in common, else go to the next one.

    A quick answer is waited for, so that keys typed behind Tab meet the completed line; a slow one is used when it
    comes, if the line is still the same.
    """
    state = buffer.complete_state
    if state is not None and state.completions:
        if state.current_completion is not None:
            buffer.complete_next()
        else:
            _complete(buffer, state.completions, blank=completer.blank_behind, shown=True)
        return
    asked = buffer.document
    answer = completer.ask(asked.text_before_cursor)
    try:
        _complete(buffer, answer.result(_PATIENCE), blank=completer.blank_behind, shown=False)
    except TimeoutError:

        async def later() -> None:
            found = await asyncio.wrap_future(answer)
            if buffer.document == asked:
                _complete(buffer, found, blank=completer.blank_behind, shown=False)

        app.create_background_task(later())


def _complete(buffer: Buffer, found: list[Completion], *, blank: bool, shown: bool) -> None:
    """Go on with what was FOUND; SHOWN says that there is a menu of it, BLANK that one goes behind a word."""
    if not found:
        return
    if len(found) == 1:
        _take(buffer, found[0], blank=blank)
        return
    common = os.path.commonprefix([each.text for each in found])  # noqa: RUF071 - of words, by character
    before = buffer.document.text_before_cursor
    typed = before[len(before) + found[0].start_position :]
    if len(common) > len(typed) and common.startswith(typed):
        buffer.insert_text(common[len(typed) :])
        buffer.start_completion(select_first=False)
    elif not shown:
        buffer.start_completion(select_first=False)
    else:
        buffer.complete_next()


def _take(buffer: Buffer, completion: Completion, *, blank: bool) -> None:
    """Write COMPLETION, with a BLANK behind a word that is complete."""
    buffer.cancel_completion()
    buffer.apply_completion(completion)
    word = completion.text
    is_command_line = "-" in word or " " in buffer.document.text_before_cursor
    if blank and is_command_line and not word.endswith(_OPEN_ENDED) and not buffer.document.text_after_cursor:
        buffer.insert_text(" ")
