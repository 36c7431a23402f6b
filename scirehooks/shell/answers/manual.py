"""The manual: the pages in `scirehooks/help`, one a topic."""

from __future__ import annotations

import re

from scirehooks.shell.line.names import PAGES, topic_names
from scirehooks.shell.views import Topic

__all__ = ["Manual"]

# A line of its own, or the first words of a paragraph.
_HEADING = re.compile(r"^#+ .+|(?<=\n\n)\*{1,2}[^*\n]+\*{1,2}", re.MULTILINE)


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
        return topic_names()

    def topic(self, name: str) -> Topic:
        """Return the page NAME, one of `names()`."""
        if name in self._read:
            return self._read[name]
        text = PAGES.joinpath(f"{name}.md").read_text(encoding="utf-8")
        title = text.partition("\n")[0].lstrip("# ").strip()
        self._read[name] = Topic(name, title, text)
        return self._read[name]

    def holding(self, word: str) -> list[Topic]:
        """Return the topics that have WORD anywhere in them; upper and lower case are one."""
        wanted = word.lower()
        return [topic for topic in map(self.topic, self.names()) if wanted in topic.text.lower()]

    def about(self, word: str, limit: int = 3) -> list[str]:
        """Return the names of the topics to read about WORD: those with it in a heading, else those that have it most.

        Example:
            >>> Manual().about("quarantine")
            ['errors']
        """
        whole = re.compile(rf"(?<!\w){re.escape(word)}s?(?!\w)", re.IGNORECASE)
        topics = self.holding(word)
        headed = [topic.name for topic in topics if any(map(whole.search, _HEADING.findall(topic.text)))]
        counts = {topic.name: len(whole.findall(topic.text)) for topic in topics}
        return headed[:limit] or sorted(filter(counts.get, counts), key=counts.__getitem__, reverse=True)[:limit]
