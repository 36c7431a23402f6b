from scirehooks.hooks import Owner, Runtime
from scirehooks.hooks.status import StatusPart


def test_defstatus_report_is_there_until_its_owner_goes() -> None:
    """What a module reports for `status` goes when the module is unloaded, and nothing else does."""
    runtime = Runtime("demo")
    mine = Owner("module", "queues")
    runtime.defstatus("queues", lambda: StatusPart("2 queues"), owner=mine)
    assert runtime.reports["queues"]() == StatusPart("2 queues")
    others = [name for name in runtime.reports if name != "queues"]
    runtime.journal.withdraw(mine, "unload", runtime.owners.origin())
    assert [*runtime.reports] == others
