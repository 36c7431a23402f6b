"""A system that others attach to: the control socket, who may use it, the audit log, and a daemon's life.

`serve` gives any program a control socket; `Life` is what a daemon is told by signals and tells its service manager.
"""

from scirehooks.daemon.audit import AuditLog
from scirehooks.daemon.run import Life, log_to_stderr
from scirehooks.daemon.serving import Serving, serve
from scirehooks.daemon.socket import ControlSocket, connect

__all__ = ["AuditLog", "ControlSocket", "Life", "Serving", "connect", "log_to_stderr", "serve"]
