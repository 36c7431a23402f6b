"""Esc-x: ask for a command by its name, then for each argument, and put the line together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from typing import Any

from prompt_toolkit import PromptSession
from prompt_toolkit.application import get_app
from prompt_toolkit.completion import Completion
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.validation import ValidationError, Validator

from scirehooks.records import dataclass
from scirehooks.shell.line.words import is_unfinished, quote, split
from scirehooks.shell.showing.text import clip
from scirehooks.terminal.completer import LinkCompleter, complete_further
from scirehooks.terminal.screen import Screen

__all__ = ["Asking"]

Ask = Callable[[str], Future[Any]]

_ONE, _SEVERAL, _OPTIONS = "one", "several", "options"


@dataclass(frozen=True, slots=True)
class _Question:
    """What is asked: the TITLE, what may be given, and whether the answer is ONE word, SEVERAL or OPTIONS."""

    title: str
    what: str
    kind: str
    required: bool = False


class Asking:
    """Asks on SCREEN, with candidates from ASK, for one of COMMANDS and its arguments."""

    def __init__(self, screen: Screen, ask: Ask, commands: Mapping[str, Any], **look: Any) -> None:
        self._screen = screen
        self._ask = ask
        self._commands = commands
        self._doc = ""
        self._what = ""
        self._completer: LinkCompleter = _CommandCompleter({})
        self._session: PromptSession[str] = PromptSession(
            bottom_toolbar=self._toolbar,
            complete_while_typing=True,
            erase_when_done=True,
            key_bindings=_keys(lambda: self._completer),
            reserve_space_for_menu=min(6, max(0, screen.rows - 4)),
            validate_while_typing=False,
            **look,
        )

    def line(self) -> str | None:
        """Return the line that the answers make, None if somebody left with Ctrl-G, Ctrl-C or Ctrl-D."""
        try:
            name = self._command()
            words = [name]
            for question in _questions(self._commands[name]):
                words += self._answer(words, question)
        except (KeyboardInterrupt, EOFError):
            return None
        return " ".join(words)

    def _command(self) -> str:
        docs = {name: command["doc"] for name, command in self._commands.items()}
        self._doc, self._what = "Which command? Tab completes, Ctrl-G leaves.", ""
        name = self._read("M-x ", _CommandCompleter(docs), _Known(docs)).strip()
        self._doc = docs[name]
        return name

    def _answer(self, words: list[str], question: _Question) -> list[str]:
        """Ask QUESTION behind WORDS, and return the words that the answer is."""
        self._what = question.what
        completer = _ArgumentCompleter(self._ask, " ".join(words) + " ", one=question.kind == _ONE)
        message = f"{clip(' '.join(words), self._screen.columns // 2)} {question.title}: "
        given = self._read(message, completer, _Fits(question)).strip()
        if not given:
            return []
        return [quote(given)] if question.kind == _ONE else [quote(word.text) for word in split(given)]

    def _read(self, message: str, completer: LinkCompleter, validator: Validator) -> str:
        self._completer = completer
        with self._screen.typing(self._session.app):
            return self._session.prompt(
                [("class:prompt", message)],
                completer=completer,
                validator=validator,
                pre_run=self._screen.typing_begins,
            )

    def _toolbar(self) -> StyleAndTextTuples:
        columns = max(1, get_app().output.get_size().columns - 1)
        lines: StyleAndTextTuples = [("class:doc", f" {clip(self._doc, columns)}")] if self._doc else []
        if self._what:
            lines += [("", "\n")] if lines else []
            lines.append(("class:usage", f" {clip(self._what, columns)}"))
        return lines


def _questions(command: dict[str, Any]) -> list[_Question]:
    """Return what is to be asked for COMMAND: each word, and, in one question, the options."""
    found: list[_Question] = []
    options: list[str] = []
    for parameter in command["parameters"]:
        metavar, kind, required = parameter["metavar"], parameter["kind"], parameter["required"]
        if kind == "option" and required:
            options.insert(0, parameter["shown"])
        elif kind == "option" or (kind == "flag" and not required):
            options.append(parameter["shown"])
        elif kind == "fields":
            found.append(_Question("KEY=VALUE", "none or more words; Enter alone gives none", _SEVERAL))
        elif kind == "rest":
            found.append(_Question(metavar, f"{parameter['type']}, none or more; Enter alone gives none", _SEVERAL))
        else:
            may = "" if required else "; Enter alone leaves it out"
            found.append(_Question(metavar, parameter["type"] + may, _ONE, required))
    if options:
        found.append(_Question("options", " ".join(options), _OPTIONS))
    return found


class _Known(Validator):
    """Takes a name that is there."""

    def __init__(self, known: Iterable[str]) -> None:
        self._known = frozenset(known)

    def validate(self, document: Document) -> None:
        if document.text.strip() not in self._known:
            raise ValidationError(len(document.text), "There is no such command; Tab shows what there is.")


class _Fits(Validator):
    """Takes what can be an answer to a question; whether the value fits its type is for the command to say."""

    def __init__(self, question: _Question) -> None:
        self._question = question

    def validate(self, document: Document) -> None:
        if self._question.required and not document.text.strip():
            raise ValidationError(0, "This one is needed. Ctrl-G leaves.")
        if self._question.kind != _ONE and is_unfinished(document.text):
            raise ValidationError(len(document.text), "A quote is open.")


class _CommandCompleter(LinkCompleter):
    """Knows the names of commands, each with its DOC."""

    blank_behind = False

    def __init__(self, docs: Mapping[str, str]) -> None:
        self._docs = docs
        super().__init__(self._find)

    def _find(self, typed: str) -> Future[Any]:
        found: Future[Any] = Future()
        candidates = [(name, doc) for name, doc in sorted(self._docs.items()) if name.startswith(typed)]
        found.set_result({"start": 0, "candidates": candidates})
        return found


class _ArgumentCompleter(LinkCompleter):
    """Asks what could stand behind BEFORE, the words so far; where ONE word is asked for, it is not quoted."""

    blank_behind = False

    def __init__(self, ask: Ask, before: str, *, one: bool) -> None:
        super().__init__(ask)
        self._before = before
        self._one = one

    def line(self, before: str) -> str:
        """Return the line that would be sent."""
        return self._before + (quote(before) if self._one and before else before)

    def read(self, answer: dict[str, Any], before: str) -> list[Completion]:
        """Return the candidates as they are to be typed here."""
        if not self._one:
            return super().read(answer, before)
        return [
            Completion("".join(each.text for each in split(word, unfinished=True)), -len(before), display_meta=doc)
            for word, doc in answer["candidates"]
        ]


def _keys(completer: Callable[[], LinkCompleter]) -> KeyBindings:
    """Return the keys beside the usual ones: Tab completes, and Ctrl-G leaves, as in Emacs."""
    bindings = KeyBindings()

    @bindings.add("tab")
    def _(event: KeyPressEvent) -> None:
        complete_further(event.app, event.current_buffer, completer())

    @bindings.add("c-g", eager=True)
    def _(event: KeyPressEvent) -> None:
        event.app.exit(exception=KeyboardInterrupt())

    return bindings
