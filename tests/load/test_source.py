"""The text of what was typed, or the reason why there is none."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Any

import pytest

from scirehooks.hooks import Runtime
from scirehooks.load.difference import by_session
from scirehooks.load.source import NoSourceError, Sources, declaration_source
from scirehooks.shell import Session
from scirehooks.values import Values


@pytest.fixture
def session() -> Iterator[Session]:
    """A session in a runtime of its own."""
    runtime = Runtime("shop")
    session = Session(runtime, Values())
    yield session
    session.close()
    runtime.close()


def typed(session: Session, *texts: str) -> None:
    for text in texts:
        outcome = session.evaluate(textwrap.dedent(text).strip("\n"))
        assert outcome.error is None, outcome.error


def needed(session: Session, name: str) -> dict[str, str]:
    sources = Sources(session.runtime.namespace, by_session(session.runtime))
    sources.need(name)
    return sources.texts


def test_source_is_as_it_was_typed_behind_what_it_needs(session: Session) -> None:
    """Comments and decorators stay, but for marks; each text comes behind those that it needs."""
    typed(
        session,
        "from functools import cache, lru_cache as kept",
        "import os.path",
        "PATTERN = __import__('re').compile('x')",
        "class Rule:\n    limit = 3\n\n    def holds(self): return self.limit",
        """
        @on("x",
            depth=3)
        @cache
        @kept(
            maxsize=7,
        )
        def f(item=(
            1,
        )):
            # why

            return os.path, PATTERN, Rule, g
        """,
        "def g(): return f",
    )
    texts = needed(session, "f")
    assert set(texts) == {"cache", "kept", "os", "PATTERN", "Rule", "g", "f"}
    assert list(texts)[-1] == "f"
    assert texts["f"].startswith("@cache\n@kept(\n    maxsize=7,\n)\ndef f(item=(\n")
    assert "# why\n\n    return" in texts["f"]
    assert texts["kept"] == "from functools import cache, lru_cache as kept"
    assert texts["PATTERN"] == "PATTERN = __import__('re').compile('x')"
    assert texts["Rule"].endswith("return self.limit")
    exec("\n".join(texts.values()), {})


def test_source_of_data_is_what_it_holds_now(session: Session) -> None:
    """A table that has grown since is written as it is."""
    typed(
        session, "table: dict = {}", "table['a'] = [1, (2.5, None)]", "import json as j, re", "async def f(): table, j"
    )
    assert needed(session, "f") == {
        "table": "table = {'a': [1, (2.5, None)]}", "j": "import json as j", "f": "async def f(): table, j",
    }  # fmt: skip
    assert needed(session, "print") == {}


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        (["def made(x):\n    return lambda: x", "f = made(1)"], "it is a closure"),
        (["f = lambda: 1"], "it was made without def"),
        (["from functools import partial", "f = partial(print, 1)"], "it is an object that holds more than a function"),
        (["def g(): ...", "f = g"], "its text defines g"),
        (["f = [object()]"], "it needs"),
        (["a, f = 1, object()"], "its text is not known"),
        (["runtime.namespace['f'] = object()"], "its text is not known"),
        (["exec('def f(): ...', globals())"], "its text is not known"),
        (["def f(): return h", "runtime.namespace['h'] = object()"], "it needs h: its text is not known"),
    ],
)
def test_source_that_is_not_there_says_why(session: Session, lines: list[str], why: str) -> None:
    """Nothing is guessed, and what was taken for it on the way is not kept."""
    typed(session, *lines)
    sources = Sources(session.runtime.namespace, by_session(session.runtime))
    if why == "it needs":  # an object in a list is made anew by the statement
        sources.need("f")
        assert sources.texts == {"f": "f = [object()]"}
        return
    with pytest.raises(NoSourceError, match=why):
        sources.need("f")
    assert sources.texts == {}


def test_source_of_what_was_swept_up_without_a_place(session: Session) -> None:
    """Somebody set it for the session, but not by typing."""
    origin = session.runtime.owners.origin(owner=session.owner)
    session.runtime.namespace.define("f", object(), origin)
    with pytest.raises(NoSourceError, match="it was not typed"):
        needed(session, "f")


def test_declaration_source_declares_the_same_hook() -> None:
    """Rules, payload and contract; annotations only where everybody knows them."""
    runtime, other = Runtime("one"), Runtime("two")

    @runtime.defhook(mode="ask", on_error="refuse", amend=("a",), failure_limit=5, threaded=True)
    def my_hook(a: int, b: Session, *rest: str, c: str = "x", **more: Any) -> None:
        """Says 'what' "it" does.

        More.
        """

    hook = runtime.hooks["my-hook"]
    exec(declaration_source(hook.declaration), {"defhook": other.defhook})
    made = other.hooks["my-hook"]
    assert (made.doc, made.mode, made.on_error, made.amend) == (hook.doc, "ask", "refuse", ("a",))
    assert str(made.payload) == str(hook.payload)
    assert next(p.annotation for p in made.payload.parameters) is int


def test_declaration_source_of_what_holds_functions_is_refused() -> None:
    """What was declared with code of its own cannot be written down as data."""
    runtime = Runtime("one")
    with_code = runtime.defhook(rehearse=lambda fire: fire({}))(
        test_declaration_source_of_what_holds_functions_is_refused
    )
    with pytest.raises(NoSourceError, match="functions of its own"):
        declaration_source(with_code.declaration)

    @runtime.defhook
    def my_hook(a: object = print) -> None: ...

    with pytest.raises(NoSourceError, match="the default of a cannot be written down"):
        declaration_source(runtime.hooks["my-hook"].declaration)
