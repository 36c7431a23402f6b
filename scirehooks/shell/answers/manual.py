"""The manual: the pages in `scirehooks/help`, one a topic."""

from __future__ import annotations

from pathlib import Path

from scirehooks.shell.views import Topic

__all__ = ["Manual"]

_PAGES = Path(__file__).parents[2] / "help"


class Manual:
    """The topics of the manual; pages are read when asked for.

    Example:
        >>> Manual().topic("glossary").title
        'Glossary'
    """

    def __init__(self) -> None:
        self._read: dict[str, Topic] = {}  # completion asks for titles at every key

    def names(self) -> list[str]:
        """Return the names of the topics in alphabetic order."""
        pages = _PAGES.iterdir() if _PAGES.is_dir() else ()
        return sorted(page.name.removesuffix(".md") for page in pages if page.name.endswith(".md"))

    def topic(self, name: str) -> Topic:
        """Return the page NAME, one of `names()`."""
        if name in self._read:
            return self._read[name]
        text = _PAGES.joinpath(f"{name}.md").read_text(encoding="utf-8")
        title = text.partition("\n")[0].lstrip("# ").strip()
        self._read[name] = Topic(name, title, text)
        return self._read[name]
