"""What `save` writes down, word for word."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from scirehooks.hooks import BUILTIN, Runtime
from scirehooks.load import JournalCommands, Loader
from scirehooks.shell import Session, furnish
from scirehooks.values import Values

Saved = Callable[..., Any]
Write = Callable[..., Path]

MODULE = "from scirehooks.hooks import on\n@on('post-order-hook')\ndef count(item): ...\n"


@pytest.fixture
def saved(runtime: Runtime, values: Values, loader: Loader, write: Write, tmp_path: Path) -> Saved:
    """A function that types LINES after a start, and returns what the file that is saved then says."""
    runtime.define(JournalCommands(loader), BUILTIN)
    furnish(runtime, values)
    write("modules/base.py", MODULE)
    write("modules/extra.py", MODULE)
    write(
        "init.d/20-shop.py",
        """
        def check(item): ...
        add_hook('post-order-hook', check)
        add_hook('pre-order-hook', check)
        require('base')
        """,
    )
    loader.load_init([tmp_path / "init.d"], strict=True)

    def save(*lines: str) -> Any:
        session = Session(runtime, values, actor="anna")
        for line in (*lines, "save"):
            assert session.evaluate(line).problem is None
        return yaml.safe_load((tmp_path / "init.d/90-saved.yaml").read_text())

    return save


def test_entry_removed_and_added_anew_is_written_as_both(saved: Saved) -> None:
    """It is another entry of the same name: what the first was given does not hold for it, nor the other way round."""
    document = saved("remove-hook pre-order-hook check", "add-hook pre-order-hook check --timeout 2.5")
    assert document["hooks"] == {
        "pre-order-hook": [{"function": "check", "remove": True}, {"function": "check", "timeout": "2.5s"}]
    }


def test_module_loaded_at_the_prompt_is_required_and_its_functions_need_no_words(saved: Saved) -> None:
    """The file requires it, so they come after those of the init scripts, as they do now."""
    assert saved("load extra") == {"lenient": True, "require": ["extra"]}


def test_module_of_an_init_script_loaded_once_more_has_its_functions_placed(saved: Saved) -> None:
    """Nobody knows when it comes after a restart: where its functions are is written down."""
    document = saved("unload base", "load base")
    assert document["hooks"] == {
        "post-order-hook": [
            {"function": "base.count", "existing": True, "depth": 0},
            {"function": "check", "existing": True, "depth": 0},
        ]
    }
