"""What a hook is declared as, and how its name is spelt."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scirehooks.hooks.firing import CallingRule, ErrorRule
from scirehooks.hooks.owner import Owner, Place
from scirehooks.hooks.signature import Payload
from scirehooks.records import dataclass

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
    contract: str | Callable[[], str]  # or what writes it, when somebody asks
    mode: CallingRule
    on_error: ErrorRule
    amend: tuple[str, ...]
    amender: Amender
    rehearse: Rehearsal | None
    threaded: bool
    failure_limit: int
    owner: Owner
    place: Place | None

    @property
    def doc(self) -> str:
        """The contract: when it fires, with what, and what results and errors mean."""
        return self.contract if isinstance(self.contract, str) else self.contract()
