"""What is to be saved, in the words of a YAML file."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import yaml

from scirehooks.errors import ScireError
from scirehooks.hooks import ABSENT, Entry, Hook, Module, Option, Owner, Runtime, variable
from scirehooks.load.apply import text_of_condition
from scirehooks.load.declarations import is_label
from scirehooks.load.difference import Change
from scirehooks.load.program import Program
from scirehooks.load.requests import Requests
from scirehooks.load.source import NoSourceError
from scirehooks.load.strict_yaml import TRUTH, read_yaml
from scirehooks.values import Json, Values

__all__ = ["Document", "yaml_text"]

_PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*", re.ASCII)
_AMBIGUOUS: Final = TRUTH | {"null"}


class _Dumper(yaml.SafeDumper):
    """Writes what the strict reader reads back as it was."""


def _written_text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    plain = _PLAIN.fullmatch(text) and text.lower() not in _AMBIGUOUS
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if plain else '"')


def _written_number(dumper: yaml.SafeDumper, number: float) -> yaml.Node:
    if number.is_integer() and abs(number) < 1e15:
        return dumper.represent_scalar("tag:yaml.org,2002:int", str(int(number)))
    return dumper.represent_scalar("tag:yaml.org,2002:float", repr(number))


_Dumper.add_representer(str, _written_text)
_Dumper.add_representer(float, _written_number)


def yaml_text(data: Json) -> str:
    """Return DATA as YAML that the strict reader takes for the same.

    Example:
        >>> print(yaml_text({"function": "no", "depth": 1.5, "timeout": 2.0}), end="")
        function: "no"
        depth: 1.5
        timeout: 2
    """
    # The stubs leave the dumper open; keys stay in the order in which an administrator would write them.
    text: str = yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)
    return text


class Document:
    """The file in the making: CHANGES of RUNTIME, as far as they can be said in it."""

    def __init__(
        self,
        runtime: Runtime,
        values: Values,
        requests: Requests,
        need: Callable[[str], None],
        called: Callable[[Module], str],
        counts: Callable[[Owner], bool],
    ) -> None:
        self._runtime = runtime
        self._values = values
        self._requests = requests
        self._need = need  # takes the source of a function, or raises NoSourceError
        self._called = called  # by what name, or file, a module is found after a restart
        self._counts = counts  # whose changes go into the file
        self.data: dict[str, Any] = {"lenient": True, "require": [], "unload": []}
        self.data |= {key: {} for key in ("aliases", "options", "advice", "hooks")}
        self._ranked: dict[str, list[tuple[int, dict[str, Any]]]] = {}
        self._entries: dict[tuple[str, Any], list[tuple[Change, dict[str, Any]]]] = {}

    def take(self, change: Change) -> None:
        """Take CHANGE down.

        Raises:
            NoSourceError: it cannot be said; the message is the reason.
        """
        kind, key, live = change.cells.kind, change.key, change.live
        if kind == "entry":
            self._entry(change)
        elif kind == "request":
            self.data["require" if live else "unload"].append(self._called(live) if live else key)
        elif kind == "alias" and live is not ABSENT:
            self.data["aliases"][key] = live
        elif kind == "option value" and live is not ABSENT:
            self.data["options"][key] = self._option(key, live)
        elif kind == "advice":
            self._advice(change)
        elif kind in ("hook", "command") and live is not ABSENT:
            self._need(variable(live.name) if kind == "hook" else live.variable)
        else:
            raise NoSourceError("there are no words for it")

    def finished(self) -> dict[str, Any]:
        """Return all that was taken down."""
        for hook in self._runtime.hooks.values():
            for local in dict.fromkeys([None, *hook.locals, *(key[1] for key in self._entries if key[0] == hook.name)]):
                found = self._entries.get((hook.name, local), [])
                if found or any(self._age(entry) for entry in hook.entries(local)):
                    self.data["hooks"].setdefault(hook.name, []).extend(self._ordered(hook, local, found))
        self.data["hooks"] = {hook: items for hook, items in self.data["hooks"].items() if items}
        for target, ranked in self._ranked.items():
            # Outermost first: at equal depth that is the newest.
            self.data["advice"][target] = [item for _, item in sorted(ranked, key=lambda pair: -pair[0])]
        return {key: value for key, value in self.data.items() if value}

    # -- options and advice

    def _option(self, name: str, value: Any) -> Json:
        option: Option[Any] = self._runtime.options[name]
        try:
            data = self._values.to_json(value, option.type)
            back = read_yaml(yaml_text({"value": data}).encode(), name).plain()["value"]  # type: ignore[index,call-overload]  # a mapping was written
            read = self._values.from_word if isinstance(back, str) else self._values.from_json
            same = bool(read(option.type, back, field=name) == value)  # type: ignore[arg-type]  # a word is text
        except ScireError as error:
            raise NoSourceError(f"its value cannot be written down: {error}") from None
        if not same:
            raise NoSourceError("its value cannot be written down")
        return data

    def _advice(self, change: Change) -> None:
        advice, removed = change.live or change.base, change.live is ABSENT
        if not isinstance(advice.held, str):
            raise NoSourceError("the function is held as an object, not by its name")
        item: dict[str, Any] = {"function": advice.name if removed and advice.name else advice.held}
        if removed:
            item["remove"] = True
        else:
            self._need(advice.held)
            self._need(advice.target)
            item |= {"how": advice.how, "depth": advice.depth} if advice.depth else {"how": advice.how}
            item |= {"label": advice.name} if advice.name else {}
        self._ranked.setdefault(advice.target, []).append((advice.rank, item))

    # -- entries

    def _entry(self, change: Change) -> None:
        base, live = change.base, change.live
        some = live or base
        if some.local is not None and not isinstance(some.local, str):
            raise NoSourceError("its scope is no text")
        items: list[dict[str, Any]] = []
        again = live is not ABSENT and base is not ABSENT and live.number == base.number
        if base is not ABSENT and not again:
            items.append({**self._reference(base), "remove": True})
        if again:
            item = {**self._reference(base), "existing": True}
            if base.order != live.order:
                item["depth"] = live.depth
            if base.state != live.state:
                item["state"] = live.state
            items.append(item)
        elif live is not ABSENT:
            items.append(self._added(live))
        key = (change.cells.hook, some.local)  # type: ignore[attr-defined]  # the cells of entries know their hook
        self._entries.setdefault(key, []).extend((change, item) for item in items)

    def _reference(self, entry: Entry) -> dict[str, Any]:
        if not _can_be_named(entry):
            raise NoSourceError("it has no name that can be written down")
        return {"function": entry.name or entry.label} | ({} if entry.local is None else {"local": entry.local})

    def _added(self, entry: Entry) -> dict[str, Any]:
        if entry.until is not None:
            raise NoSourceError("it goes by itself")
        item: dict[str, Any] = {}
        if isinstance(entry.held, Program):
            item["program"] = list(entry.held.argv)
            item["timeout"] = self._values.to_json(timedelta(seconds=entry.held.timeout))
        elif entry.name is None:
            raise NoSourceError("the function is held as an object, not by its name")
        else:
            self._need(entry.name)
            item["function"] = entry.name
            if entry.label != entry.name:
                item["label"] = entry.label
        if entry.when is not None:
            text = text_of_condition(entry.when)
            if text is None:
                raise NoSourceError("its condition is a function")
            item["when"] = text
        if entry.timeout is not None:
            item["timeout"] = self._values.to_json(timedelta(seconds=entry.timeout))
        given: dict[str, Any] = {
            "depth": entry.depth, "before": list(entry.before), "after": list(entry.after), "local": entry.local,
            "dry_run": entry.dry_run, "deliver": entry.deliver,
        }  # fmt: skip
        item |= {key: value for key, value in given.items() if value}
        return item | ({"state": "disabled"} if entry.state == "disabled" else {})

    def _ordered(self, hook: Hook, local: Any, found: list[tuple[Change, dict[str, Any]]]) -> list[dict[str, Any]]:
        """Return what was taken down about one value of HOOK, so that it runs in the same order after a restart.

        What a file lists runs in the order written and, as the file is read late, before others of the same depth, or
        behind them above depth 0; what it requires comes in between. Where that is not how it is now, the others are
        listed, too.
        """
        result = [item for _, item in found if item.get("remove")]
        items = {change.live.number: item for change, item in found if not item.get("remove")}
        there = {change.base.number for change, _ in found if change.base is not ABSENT}
        placed = {number for number, item in items.items() if "depth" in item or number not in there}
        equals: dict[float, list[Entry]] = {}
        for entry in hook.entries(local):
            if entry.number in items or (not self._counts(entry.owner) and _can_be_named(entry)):
                equals.setdefault(entry.depth, []).append(entry)  # what cannot be saved has no place in the order
        for depth, group in equals.items():
            # How late each comes; a sort keeps the order of those that come at the same time.
            ages = {entry.number: math.inf if entry.number in placed else self._age(entry) for entry in group}
            as_read = sorted(group, key=lambda entry: ages[entry.number] * (-1 if depth <= 0 else 1))
            if len(group) > 1 and (as_read != group or -1 in ages.values()):
                for entry in group:
                    if entry.number not in items:
                        items[entry.number] = {**self._reference(entry), "existing": True}
                    items[entry.number]["depth"] = depth
            result += [items[entry.number] for entry in group if entry.number in items]
        return result

    def _age(self, entry: Entry) -> int:
        """Return when ENTRY comes after a restart: 0 with the init scripts, else with what the file requires.

        It is -1 if nobody knows: an init script asks for its module, which a session loaded once more.
        """
        stack = self._requests.cells.stack(entry.owner.name) if entry.owner.kind == "module" else ()
        if not stack or not self._counts(stack[-1].owner):
            return 0
        if any(layer.value and not self._counts(layer.owner) for layer in stack):
            return -1
        required = self.data["require"]
        return 1 + next((i for i, name in enumerate(required) if Path(name).stem == entry.owner.name), len(required))


def _can_be_named(entry: Entry) -> bool:
    """Tell whether a file can speak of ENTRY: by the name of its function, or by a label that looks like one."""
    ref = entry.name or entry.label
    return variable(ref).isidentifier() or is_label(ref)
