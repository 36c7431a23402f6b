from __future__ import annotations

import pytest

from scirehooks.hooks import GLOBAL, current_scopes, scope


def test_scope_nested_puts_the_inner_keys_first() -> None:
    """The innermost scope comes first; those around it still count."""
    with scope("group:web"), scope("client:7", "rack:2"):
        assert current_scopes() == ("client:7", "rack:2", "group:web")
    assert current_scopes() == ()


def test_scope_left_by_an_exception_is_over() -> None:
    """An exception that leaves the block ends the scope as well."""
    with pytest.raises(ZeroDivisionError), scope("client:7"):
        raise ZeroDivisionError
    assert current_scopes() == ()


def test_global_shown_is_called_so() -> None:
    """In the value of a hook the marker reads as what one would write."""
    assert repr([GLOBAL]) == "[GLOBAL]"
