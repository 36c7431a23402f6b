"""Show the little of Markdown that our pages and docstrings use: headings, code, lists, paragraphs."""

from __future__ import annotations

import re

from scirehooks.shell.text import Fragments, cells, neutral

__all__ = ["markdown"]

_MARKED = re.compile(r"`([^`]+)`|(?<!\w)\*(\S[^*]*?)\*")


def markdown(text: str, width: int = 0) -> Fragments:
    r"""Return TEXT styled, its paragraphs filled to WIDTH columns (0: left as they are).

    Example:
        >>> markdown("# Start\n\nType `help`.\n")
        [('heading', 'Start\n'), ('', '\n'), ('', 'Type '), ('name', 'help'), ('', '.'), ('', '\n')]
    """
    result: Fragments = []
    paragraph: list[str] = []
    fenced = False

    def flush() -> None:
        if paragraph:
            for line in _filled(paragraph, width):
                result.extend(_inline(line))
                result.append(("", "\n"))
            paragraph.clear()

    for line in neutral(text).rstrip("\n").split("\n"):
        if line.startswith("```"):
            flush()
            fenced = not fenced
        elif fenced or line.startswith(("    ", ">>> ", "|")):
            flush()
            result.append(("usage", f"  {line}\n" if fenced else f"{line}\n"))
        elif line.startswith("#"):
            flush()
            result.append(("heading", line.lstrip("# ") + "\n"))
        elif not line.strip():
            flush()
            result.append(("", "\n"))
        else:
            if line.startswith(("- ", "* ")):
                flush()
            paragraph.append(line)
    flush()
    return result


def _filled(lines: list[str], width: int) -> list[str]:
    """Return LINES broken anew; the lines of a list item hang under its text."""
    if not width:
        return lines
    # What stands between backticks is copied as a whole, so it is not broken.
    text = _MARKED.sub(lambda found: found[0].replace(" ", "\0"), " ".join(line.strip() for line in lines))
    hang = "  " if lines[0].startswith(("- ", "* ")) else ""
    result: list[str] = []
    current = ""
    for word in text.split():
        if current and cells(current) + 1 + cells(word.replace("`", "")) > width:
            result.append(current)
            current = hang + word
        else:
            current = f"{current} {word}" if current else word
    return [line.replace("\0", " ") for line in [*result, current]]


def _inline(line: str) -> Fragments:
    """Return LINE with what stands between backticks or asterisks marked."""
    result: Fragments = []
    at = 0
    for found in _MARKED.finditer(line):
        result += [("", line[at : found.start()]), ("name", found[1]) if found[1] else ("bold", found[2])]
        at = found.end()
    return [(style, text) for style, text in [*result, ("", line[at:])] if text]
