"""What could stand at the cursor, each with a line about it. Nothing of the user's is run to find out."""

from __future__ import annotations

import re
from collections.abc import Iterable

from scirehooks.hooks import Command, Hook
from scirehooks.records import dataclass
from scirehooks.shell.completing.pynames import complete_name
from scirehooks.shell.line.form import Expected, Slot
from scirehooks.shell.line.language import CommandLine, first_word, read
from scirehooks.shell.line.names import EntryName
from scirehooks.shell.line.words import Word, quote
from scirehooks.shell.session import Session
from scirehooks.shell.views import place_text
from scirehooks.values import Candidate

__all__ = ["Completer", "Completions"]

_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*\.?\Z")
_OPEN_STRING = re.compile(r"""(?:[^'"\\]|\\.|'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")*(['"])((?:[^'"\\])*)\Z""")
_MOST = 500  # candidates; nobody reads more, and a menu of them is slow


@dataclass(frozen=True, slots=True)
class Completions:
    """CANDIDATES for what stands between START and the cursor."""

    start: int
    candidates: tuple[Candidate, ...]


class Completer:
    """Completes lines for one session.

    Example:
        >>> from scirehooks.hooks import Runtime
        >>> from scirehooks.values import Values
        >>> completer = Completer(Session(Runtime("demo"), Values()))
        >>> completer.complete("option_change_h").candidates[0].word
        'option_change_hook'
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._runtime = session.runtime
        self._values = session.values

    def complete(self, text: str) -> Completions:
        """Return what could complete TEXT, the line up to the cursor."""
        start, candidates = self._complete(text)
        return Completions(start, tuple(candidates)[:_MOST])

    def _complete(self, text: str) -> tuple[int, Iterable[Candidate]]:
        if text.startswith("!"):
            return len(text), ()
        forced = text[1:].lstrip() if text.startswith(":") else ""
        if text.startswith(":") and first_word(forced) == forced:
            return len(text) - len(forced), self._commands(forced)
        line = read(text, self._runtime.commands, unfinished=True)
        if isinstance(line, CommandLine) and line.name != text:
            return self._word(text, line)
        commands = self._commands(text) if first_word(text) == text else []
        if commands and "-" in text:
            return 0, commands  # and not what could be subtracted
        start, names = self._python(text)
        if start or not commands:
            return start, names
        # At the start of a line a command is offered once, as a command; its Python name comes with its underscore.
        offered = {each.word.replace("-", "_") for each in commands}
        return 0, [*commands, *(each for each in names if each.word not in offered)]

    def _commands(self, prefix: str) -> list[Candidate]:
        return self._values.candidates(Command, prefix)

    # -- Python

    def _python(self, text: str) -> tuple[int, list[Candidate]]:
        line = text.rpartition("\n")[2]
        within = _OPEN_STRING.match(line)
        if within:
            prefix = within[2]
            return len(text) - len(prefix), self._values.candidates(Hook, prefix) if prefix else []
        found = _DOTTED.search(line)
        if not found or (found.start() and line[found.start() - 1] in ".)]}\"'"):
            return len(text), []
        return len(text) - len(found[0]), complete_name(found[0], self._runtime.namespace.globals)

    # -- commands

    def _word(self, text: str, line: CommandLine) -> tuple[int, Iterable[Candidate]]:
        """Return what completes the last word of a command line."""
        if line.name not in self._runtime.commands:
            return len(text), ()
        form = self._session.form(self._runtime.commands[line.name])
        if form.takes_line:
            return self._line_in(text, line.words[0].start if line.words else len(text))
        at_new_word = not line.words or (text[-1] in " \t" and not line.words[-1].open)
        current = Word("", len(text), len(text)) if at_new_word else line.words[-1]
        before = [word.text for word in line.words if word.start < current.start]
        expected = form.expected(before)
        found = list(self._expected(expected, current.text))
        return current.start, [Candidate(quote(each.word), each.doc) for each in found]

    def _line_in(self, text: str, start: int) -> tuple[int, Iterable[Candidate]]:
        """Return what completes the line of another command, which begins at START of TEXT."""
        inner = text[start:]
        if first_word(inner) == inner:
            return start, self._commands(inner)
        offset, found = self._complete(inner)
        return start + offset, found

    def _expected(self, expected: Expected, prefix: str) -> Iterable[Candidate]:
        name, equals, value = prefix.partition("=")
        options = dict(expected.options)
        if equals and name in options and not options[name].flag:
            found = self._values_of(options[name], expected, value)
            return [Candidate(f"{name}={each.word}", each.doc) for each in found]
        if prefix.startswith("-") and options:
            return [
                Candidate(option, "" if slot.flag else self._values.type_name(slot.annotation))
                for option, slot in sorted(options.items())
                if option.startswith(prefix) and not (option.startswith("--no-") and slot.default is False)
            ]
        return self._values_of(expected.slot, expected, prefix) if expected.slot else ()

    def _values_of(self, slot: Slot, expected: Expected, prefix: str) -> Iterable[Candidate]:
        if slot.kind == "fields":
            return self._fields(expected, prefix)
        if slot.annotation is EntryName:
            return self._entries(expected, prefix)
        return self._values.candidates(slot.annotation, prefix)

    def _hook_before(self, expected: Expected) -> Hook | None:
        name = expected.given.get("hook", "")
        if name not in self._runtime.hooks:
            return None
        return self._runtime.hooks[name]

    def _entries(self, expected: Expected, prefix: str) -> list[Candidate]:
        """Return the functions in the hook that was named before."""
        hook = self._hook_before(expected)
        entries = hook.entries(expected.given.get("local")) if hook else ()
        return [
            Candidate(entry.label, f"depth {entry.depth:g}, {place_text(entry.place) or entry.owner}")
            for entry in entries
            if entry.label.startswith(prefix)
        ]

    def _fields(self, expected: Expected, prefix: str) -> list[Candidate]:
        """Return the fields of the hook that was named before, or values for the field being written."""
        hook = self._hook_before(expected)
        if hook is None:
            return []
        key, equals, value = prefix.partition("=")
        wanted = [p for p in hook.payload.parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
        if not equals:
            names = [(p.name, self._values.type_name(p.annotation)) for p in wanted]
            return [Candidate(f"{name}=", doc) for name, doc in names if name.startswith(key)]
        for parameter in wanted:
            if parameter.name == key:
                found = self._values.candidates(parameter.annotation, value)
                return [Candidate(f"{key}={each.word}", each.doc) for each in found]
        return []
