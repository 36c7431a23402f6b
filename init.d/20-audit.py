# If you delete this file, additions of clients leave no audit row, and the command `audit` is gone.


@on("client-add-hook", dry_run=True)
def audit_addition(client, event, transaction):
    """Leave an audit row in the transaction that adds CLIENT: both are there, or neither."""
    transaction.note("audit", client=client.name, actor=event.actor)


@command
def audit():
    """Show who added which client, and when.

    Example: audit
    """
    return fleet.store.notes("audit")
