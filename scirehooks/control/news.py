"""What others have changed since a session was last at its prompt, in a line each."""

from __future__ import annotations

from collections.abc import Iterable

from scirehooks.hooks import Journal, Record
from scirehooks.shell import Fragments
from scirehooks.shell.showing.text import neutral

__all__ = ["news"]

_MOST = 10  # lines; `journal` tells the rest


def news(journal: Journal, records: Iterable[Record]) -> Fragments:
    """Return RECORDS of JOURNAL, made by others, as lines: who, what he did, and to what.

    What was done by one act (a load changes many things) is one line.
    """
    groups: dict[int, list[Record]] = {}
    for record in records:
        groups.setdefault(record.group, []).append(record)
    told: Fragments = []
    for group in [*groups.values()][-_MOST:]:
        told += _line(journal, group)
    if len(groups) > _MOST:
        left = len(groups) - _MOST
        told.insert(0, ("dim", f"{left} earlier change{'s' * (left != 1)}: journal\n"))
    return told


def _line(journal: Journal, group: list[Record]) -> Fragments:
    first = group[0]
    who = first.actor or str(first.owner)
    if first.actor and first.owner.kind == "session":
        who = f"{first.actor} ({first.owner})"
    what = journal.title(first)
    if len(group) == 1:
        what = f"{what}: {first.subject}"
    elif not what.partition(" ")[2]:
        what = f"{what}: {first.subject} and {len(group) - 1} more"
    return [("warning", "changed "), ("name", neutral(who)), ("", f" {neutral(what)}\n")]
