"""One table of types: from a word, from JSON, to JSON, candidates, sample.

Whatever turns text into a value or a value into text asks this table: commands, `fire`, programs in hooks, events,
HTTP and `--json`. A type is therefore described once, and an error reads the same wherever it is met.

`strict_json` reads JSON; `scalars` reads and writes what is one word, `directory` says from where a relative path is
seen; `kinds` and `compound` say for each sort of type what the table knows of it; `table` finds the kind of an
annotation and keeps what embedders register.

Example:
    >>> from scirehooks.values import Values
    >>> values = Values()
    >>> values.from_word(list[int], "22,80", field="ports")
    [22, 80]
    >>> values.from_word(bool, "maybe", field="dry_run")
    Traceback (most recent call last):
    scirehooks.errors.ValueFormatError: dry_run: expected true or false, got 'maybe'.
"""

from scirehooks.values.directory import current_directory, located
from scirehooks.values.kinds import Candidate
from scirehooks.values.strict_json import MAX_DEPTH, Json, parse_json
from scirehooks.values.table import MISSING, Count, Id, Missing, Values

__all__ = [
    "MAX_DEPTH",
    "MISSING",
    "Candidate",
    "Count",
    "Id",
    "Json",
    "Missing",
    "Values",
    "current_directory",
    "located",
    "parse_json",
]
