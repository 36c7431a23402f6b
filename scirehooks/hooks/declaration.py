"""What a hook is declared as, and how its name is spelt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from scirehooks.hooks.firing import CallingRule, ErrorRule
from scirehooks.hooks.owner import Owner, Place
from scirehooks.hooks.signature import Payload

__all__ = ["Amender", "Declaration", "Rehearsal", "hyphenated", "replace_parameter", "variable"]

Amender = Callable[[dict[str, Any], str, Any], None]
Rehearsal = Callable[[Callable[[dict[str, Any]], Any]], Any]


def hyphenated(name: str) -> str:
    """Return NAME as commands, YAML and messages spell it.

    Example:
        >>> hyphenated("post_client_add_hook")
        'post-client-add-hook'
    """
    return name.replace("_", "-")


def variable(name: str) -> str:
    """Return NAME as Python spells it."""
    return name.replace("-", "_")


def replace_parameter(payload: dict[str, Any], key: str, value: Any) -> None:
    """Amend PAYLOAD by replacing its parameter KEY: the amender of a hook that names no other."""
    payload[key] = value


@dataclass(frozen=True, slots=True)
class Declaration:
    """What a hook was declared as: its payload, its contract, and the rules by which it fires."""

    name: str
    payload: Payload
    doc: str
    mode: CallingRule
    on_error: ErrorRule
    amend: tuple[str, ...]
    amender: Amender
    rehearse: Rehearsal | None
    threaded: bool
    failure_limit: int
    owner: Owner
    place: Place | None
