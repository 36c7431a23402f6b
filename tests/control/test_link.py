"""What a server has to tell a client, cut into messages."""

from __future__ import annotations

from scirehooks.control.link import _PIECE, _pieces


class Copied(str):
    """Text that counts how many characters are copied out of it and its parts."""

    __slots__ = ("copied",)
    copied: list[int]

    def __new__(cls, text: str, copied: list[int]) -> Copied:
        """Return TEXT, which counts in COPIED."""
        made = super().__new__(cls, text)
        made.copied = copied
        return made

    def __getitem__(self, index: object) -> Copied:
        part = str(self)[index]  # type: ignore[index]  # of whatever kind it is
        self.copied[0] += len(part)
        return Copied(part, self.copied)


def test_pieces_of_a_long_text_are_all_of_it_and_copied_once() -> None:
    """No message is too long, and a text of many megabytes takes a time in proportion to that."""
    copied = [0]
    text = Copied("".join(map(str, range(300_000))), copied)
    pieces = _pieces([("head", "title\n"), ("", text), ("tail", "x")])
    assert "".join(part for piece in pieces for _, part in piece) == f"title\n{text}x"
    assert max(sum(len(part) for _, part in piece) for piece in pieces) <= _PIECE
    assert [pieces[0][0][0], pieces[-1][-1][0]] == ["head", "tail"]
    assert copied[0] == len(text)
