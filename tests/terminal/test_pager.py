from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Open = Callable[..., Any]
PROMPT = "scire>"
LONG = "list(range(1000, 1200))\r"  # one number a line


def without_less(directory: Path) -> dict[str, str]:
    """Return an environment whose PATH has no pager."""
    return {"PATH": str(directory), "PAGER": ""}


def test_less_shows_a_long_answer(open_either: Open, need: Callable[[str], str]) -> None:
    """A page at a time; what was read stays in the scrollback when it is left. The prompt says how to go on."""
    need("less")
    shell = open_either(rows=10).ready()
    shell.type(LONG, "1007", "\nSpace shows more, q goes on\n", without="1010")
    shell.type(" ", "1014")
    shell.type("G", "1199]\n(END) q goes on\n")
    shell.type("q", PROMPT, "1199]")
    assert "1002" in shell.scrollback
    shell.type("6 * 7\r", "\n42")


def test_what_is_typed_at_less_is_not_written(open_embedded: Open, need: Callable[[str], str], tmp_path: Path) -> None:
    """Who takes the pager for the prompt and types `save` must not find that `ave` has been written."""
    need("less")
    shell = open_embedded(rows=10, columns=200).ready()
    shell.type(f"import os; os.chdir({str(tmp_path)!r})\r", ")\nscire>")
    shell.type(LONG, "q goes on")
    shell.type("save\r", "not available")
    shell.type("\r", "q goes on")
    shell.type("q", PROMPT)
    assert not (tmp_path / "ave").exists()


def test_less_is_as_the_user_has_set_it(open_embedded: Open, need: Callable[[str], str]) -> None:
    """`$LESS` is his, and the prompt in it."""
    need("less")
    shell = open_embedded(rows=10, environment={"LESS": "RXPsmine"}).ready()
    shell.type(LONG, "\nmine\n")
    shell.type("q", PROMPT)


def test_the_pager_is_the_one_that_the_user_chose(open_embedded: Open, tmp_path: Path) -> None:
    """`$PAGER` is a command line."""
    shell = open_embedded(rows=10, environment={"PAGER": "sed -n 's/1003/paged &/p'"}).ready()
    shell.type(LONG, "paged 1003")


def test_cat_as_pager_switches_paging_off(open_embedded: Open) -> None:
    """Everything is written at once."""
    shell = open_embedded(rows=10, environment={"PAGER": "cat"}).ready()
    shell.type(LONG, "1199", PROMPT)
    assert "1003" in shell.scrollback


def test_without_a_pager_the_shell_is_one(open_embedded: Open, tmp_path: Path) -> None:
    """Space shows the next page, Enter a line, q leaves the rest out, and says how much that is."""
    shell = open_embedded(rows=10, environment=without_less(tmp_path)).ready()
    shell.type(LONG, "1008", "-- more", without="1010")
    shell.type("\r", "1009", "-- more", without="1010")
    shell.type(" ", "1018", "-- more")
    shell.type("q", "lines left out)", PROMPT)
    shell.type(LONG, "-- more")
    shell.type("g", "1199", PROMPT)


@pytest.mark.parametrize("key", ["q", "\x03"])
def test_one_key_leaves_an_answer_that_came_in_pieces(open_either: Open, need: Callable[[str], str], key: str) -> None:
    """However long it is, and however it came here, it is one text; the rest of it is dropped."""
    need("less")
    shell = open_either(rows=10).ready()
    shell.type("list(range(100000))\r", "\n 7,\n", "\nSpace shows more, q goes on\n")
    shell.type(key, PROMPT, without="Space shows more")
    shell.type("6 * 7\r", "\n42\nscire>")
    assert "9999" not in shell.scrollback + shell.text


def test_ctrl_c_leaves_the_pager(open_embedded: Open, tmp_path: Path) -> None:
    """And not the shell."""
    shell = open_embedded(rows=10, environment=without_less(tmp_path)).ready()
    shell.type(LONG, "-- more")
    shell.type("\x03", "lines left out)", PROMPT)
    shell.type("6 * 7\r", "\n42")


def test_what_fits_on_the_screen_is_not_paged(open_embedded: Open, tmp_path: Path) -> None:
    """Nobody has to press a key for it."""
    shell = open_embedded(rows=24, environment=without_less(tmp_path)).ready()
    shell.type("'\\n'.join('abc')\r", "\\n", "\nscire>\n")


@pytest.mark.parametrize("columns", [20, 90])
def test_lines_that_wrap_count_as_several(open_embedded: Open, tmp_path: Path, columns: int) -> None:
    """A text is as long as the screen shows it."""
    shell = open_embedded(rows=8, columns=columns, environment=without_less(tmp_path)).ready()
    shell.type("'x' * 300\r", "-- more" if columns == 20 else "\nscire>\n")
