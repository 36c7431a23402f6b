"""The ways in which a run reaches a client."""

from scirehooks.core.transport.local import LocalTransport
from scirehooks.core.transport.protocol import Task, Transport

__all__ = ["LocalTransport", "Task", "Transport"]
