"""Show the little of Markdown that our pages and docstrings use: headings, code, lists, tables, paragraphs."""

from __future__ import annotations

import re

from scirehooks.shell.showing.text import Fragments, cells, neutral

__all__ = ["markdown"]

_GAP = "  "
_LEAST = 10  # columns that a column of a table keeps
_BAR = re.compile(r"(?<!\\)\|")
_RULE = re.compile(r"[-:| ]+")
_MARKED = re.compile(r"``[ ]?((?s:.+?))[ ]?``|`([^`]+)`|(?<!\w)\*\*?(\S[^*]*?)\*\*?")
_STOPS = ".,;:!?'"  # as code they need their quotes: in a sentence they would be taken for its own


def markdown(text: str, width: int = 0) -> Fragments:
    r"""Return TEXT styled, its paragraphs filled to WIDTH columns (0: left as they are).

    Example:
        >>> markdown("# Start\n\nType `help`.\n")
        [('heading', 'Start\n'), ('', '\n'), ('', 'Type '), ('name', 'help'), ('', '.'), ('', '\n')]
    """
    result: Fragments = []
    paragraph: list[str] = []
    rows: list[list[str]] = []
    fenced = False

    def flush() -> None:
        if paragraph:
            for line in _filled(paragraph, width):
                result.extend(_inline(line))
                result.append(("", "\n"))
            paragraph.clear()
        if rows:
            result.extend(_table(rows, width))
            rows.clear()

    for line in neutral(text).rstrip("\n").split("\n"):
        if line.startswith("```"):
            flush()
            fenced = not fenced
        elif line.startswith("|") and not fenced:
            if not rows:
                flush()
            if not _RULE.fullmatch(line):
                rows.append([cell.strip().replace("\\|", "|") for cell in _BAR.split(line.strip().strip("|"))])
        elif fenced or line.startswith(("    ", ">>> ")):
            flush()
            result.append(("usage", f"  {line}\n" if fenced else f"{line}\n"))
        elif line.startswith("#"):
            flush()
            result.append(("heading", line.lstrip("# ") + "\n"))
        elif not line.strip():
            flush()
            result.append(("", "\n"))
        else:
            if rows or line.startswith(("- ", "* ")):
                flush()
            paragraph.append(line)
    flush()
    return result


def _filled(lines: list[str], width: int) -> list[str]:
    """Return LINES broken anew; the lines of a list item hang under its text.

    Without a WIDTH they stay, but what is marked across the end of one is put together, since each is shown by itself.
    """
    if not width:
        return _MARKED.sub(lambda found: re.sub(r"\s*\n\s*", " ", found[0]), "\n".join(lines)).split("\n")
    hang = "  " if lines[0].startswith(("- ", "* ")) else ""
    result: list[str] = []
    current = ""
    for word in _words(" ".join(line.strip() for line in lines)):
        if current and _visible(current) + 1 + _visible(word) > width:
            result.append(current)
            current = hang + word
        else:
            current = f"{current} {word}" if current else word
    return [line.replace("\0", " ") for line in [*result, current]]


def _words(text: str) -> list[str]:
    """Return TEXT in pieces between which a line may be broken: what is marked is copied as a whole, and stays so."""
    return _MARKED.sub(lambda found: found[0].replace(" ", "\0"), text).split()


def _table(rows: list[list[str]], width: int) -> Fragments:
    """Return ROWS, the first of them headings, as columns; what is too wide for its column goes on below."""
    count = max(map(len, rows))
    rows = [[*row, *[""] * (count - len(row))] for row in rows]
    widths = [max(1, *(_visible(row[column]) for row in rows)) for column in range(count)]
    # What stands between backticks is not broken.
    least = [max(_LEAST, *(_visible(word) for row in rows for word in _words(row[column]))) for column in range(count)]
    while width and sum(widths) + len(_GAP) * (count - 1) > width:
        spare = [column for column in range(count) if widths[column] > min(least[column], width // 2)]
        if not spare:
            break
        widths[max(spare, key=lambda column: widths[column])] -= 1
    result: Fragments = []
    for number, row in enumerate(rows):
        columns = [_filled([cell], size) if cell else [""] for cell, size in zip(row, widths, strict=True)]
        for line in range(max(map(len, columns))):
            texts = [column[line] if line < len(column) else "" for column in columns]
            filled = max((at for at, text in enumerate(texts) if text), default=0)
            for at, text in enumerate(texts[: filled + 1]):
                shown = _inline(text)
                result += [("heading", part) for _, part in shown] if number == 0 else shown
                blanks = widths[at] - _visible(text) + len(_GAP)
                result.append(("", "\n" if at == filled else " " * blanks))
    return result


def _visible(text: str) -> int:
    """Return how many columns TEXT takes when its marks are gone."""
    return cells(_MARKED.sub(lambda found: _shown(found)[1], text))


def _shown(found: re.Match[str]) -> tuple[str, str]:
    """Return the style and the text of what _MARKED has FOUND."""
    if found[3]:
        return "bold", found[3]
    code = found[1] or found[2]
    return "name", f"`{code}`" if set(code) <= set(_STOPS) else code


def _inline(line: str) -> Fragments:
    """Return LINE with what stands between backticks or asterisks marked."""
    result: Fragments = []
    at = 0
    for found in _MARKED.finditer(line):
        result += [("", line[at : found.start()]), _shown(found)]
        at = found.end()
    return [(style, text) for style, text in [*result, ("", line[at:])] if text]
