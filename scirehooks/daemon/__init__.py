"""A system that others attach to: the control socket, who may use it, the audit log, and a daemon's life.

`serve` gives any program a control socket; `Life` is what a daemon is told by signals and tells its service manager.

Public names come when they are asked for: who attaches to a daemon needs nothing of what one is made of.
"""

from scirehooks.late import late

TYPE_CHECKING = False

if TYPE_CHECKING:
    from scirehooks.daemon.audit import AuditLog
    from scirehooks.daemon.run import Life, log_to_stderr
    from scirehooks.daemon.serving import Serving, serve
    from scirehooks.daemon.socket import ControlSocket, connect

__all__ = ["AuditLog", "ControlSocket", "Life", "Serving", "connect", "log_to_stderr", "serve"]

late(
    globals(),
    {
        "AuditLog": "scirehooks.daemon.audit",
        "ControlSocket": "scirehooks.daemon.socket",
        "Life": "scirehooks.daemon.run",
        "Serving": "scirehooks.daemon.serving",
        "connect": "scirehooks.daemon.socket",
        "log_to_stderr": "scirehooks.daemon.run",
        "serve": "scirehooks.daemon.serving",
    },
)
