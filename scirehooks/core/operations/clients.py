# What these methods mean is said once, in `Operation`.
# ruff: noqa: D102
"""The operations on clients."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Self

from scirehooks.core import transitions
from scirehooks.core.model import Client, ClientStatus
from scirehooks.core.names import Address, ClientName, Name, Port, TransportName, UserName, check_address
from scirehooks.core.operation import Core, Operation
from scirehooks.core.store import Reader, Transaction
from scirehooks.errors import ConflictError

__all__ = ["ClientAdd", "ClientCreation", "ClientModificationStatus", "ClientRemoval"]

_CLIENT_FIELDS = ("name", "address", "port", "transport", "user", "labels")


class _OfClient(Operation):
    client: Client

    @property
    def subject(self) -> str:
        return f"client:{self.client.id}"

    @property
    def title(self) -> str:
        return self.client.name


class ClientCreation(_OfClient, name="client-creation", amend=[f"client.{field}" for field in _CLIENT_FIELDS]):
    """The record of CLIENT is made, which is a part of adding it."""

    def settled(self) -> Self:
        if self.client.transport == "ssh":
            check_address(self.client.address or self.client.name, of=self.client.name)
        return self

    def write(self, transaction: Transaction) -> None:
        _refuse_twin(transaction, self.client.name)
        transaction.insert(self.client)


class ClientAdd(
    _OfClient, name="client-add", command="client-add", says="Added {0.name} (client {0.id}).", amend=["client.labels"]
):
    """CLIENT becomes a part of the fleet.

    Without an ADDRESS its NAME is its address. TRANSPORT is how runs reach it: `local` is this very machine. LABELS
    are for groups and for your functions, as `--labels site=berlin,role=web`.

    Example: client-add web1 --transport local
    """

    @classmethod
    def prepare(
        cls,
        core: Core,
        name: Name,
        *,
        address: Address | None = None,
        port: Port = Port(22),
        transport: TransportName = "ssh",
        user: UserName | None = None,
        labels: dict[str, str] | None = None,
    ) -> Self:
        _refuse_twin(core.store, name)  # before anybody is asked, or told, about it
        return cls(
            client=Client(
                id=core.store.new_id("client"), name=name, address=address, port=port, transport=transport, user=user,
                labels=labels or {}, facts={}, status="active", added=datetime.now(UTC),
            )
        )  # fmt: skip

    @classmethod
    def warning(cls, core: Core, result: Client) -> str:
        if result.transport in core.transports:
            return ""
        known = ", ".join(core.transports) or "none"
        return f"There is no transport {result.transport} here (there is: {known}): nothing can run on it yet."

    def contains(self, core: Core) -> Iterable[Operation]:
        yield ClientCreation(client=self.client)

    def write(self, transaction: Transaction) -> Client:
        return self.client


class ClientRemoval(
    _OfClient, name="client-removal", command="client-remove", says="Removed {0.name} (client {0.id})."
):
    """CLIENT leaves the fleet.

    Its record is kept for the sake of what ran on it; its name is free again.

    Example: client-remove web1
    """

    @classmethod
    def prepare(cls, core: Core, client: ClientName) -> Self:
        return cls(client=core.store.client(client))

    def contains(self, core: Core) -> Iterable[Operation]:
        client = core.store.client(int(self.client.id))
        yield ClientModificationStatus(
            client=dataclasses.replace(client, status="removed"), old=client.status, new="removed", reason="removed"
        )

    def write(self, transaction: Transaction) -> Client:
        return self.client


class ClientModificationStatus(_OfClient, name="client-modification-status"):
    """The status of CLIENT goes from OLD to NEW.

    REASON says why. Only what is VOLUNTARY can be refused.
    """

    old: ClientStatus
    new: ClientStatus
    reason: str = ""
    voluntary: bool = True

    @property
    def refusable(self) -> bool:
        return self.voluntary

    def write(self, transaction: Transaction) -> None:
        transitions.change(transaction, "client", self.client.id, self.old, self.new)


def _refuse_twin(reader: Reader, name: str) -> None:
    if reader.is_taken(Client, name):
        raise ConflictError(
            f"There is a client {name} already.", f"Look with describe-client {name}, or choose another name."
        )
