"""Telling the service manager how it goes: ready, reloading, stopping, alive (sd_notify).

Source: sd_notify(3), sd_watchdog_enabled(3). The protocol is a datagram with lines of KEY=VALUE; no library needed.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import MutableMapping

__all__ = ["Notifier"]


class Notifier:
    """Talks to the service manager named in ENVIRONMENT (default: the process's); without one it says nothing.

    What it finds there is taken out, so that programs in hooks do not speak for us. `watchdog` is how often, in
    seconds, the manager wants to hear that we are alive, None if it does not.
    """

    def __init__(self, environment: MutableMapping[str, str] | None = None) -> None:
        environment = os.environ if environment is None else environment
        address = environment.pop("NOTIFY_SOCKET", "")
        # A name with @ in front is in the abstract name space, where the kernel has a zero byte.
        self._address = "\0" + address[1:] if address.startswith("@") else address
        interval, pid = environment.pop("WATCHDOG_USEC", ""), environment.pop("WATCHDOG_PID", "")
        meant = not pid or pid == str(os.getpid())
        self.watchdog = int(interval) / 1e6 if address and meant and interval.isdigit() and int(interval) else None

    def ready(self, status: str) -> None:
        """Say that the start, or a reload, is done; STATUS is shown by `systemctl status`."""
        self._send("READY=1", f"STATUS={status}")

    def reloading(self) -> None:
        """Say that a reload has begun."""
        self._send("RELOADING=1", f"MONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")

    def stopping(self, status: str) -> None:
        """Say that the end has begun."""
        self._send("STOPPING=1", f"STATUS={status}")

    def alive(self) -> None:
        """Say that we are alive."""
        self._send("WATCHDOG=1")

    def _send(self, *lines: str) -> None:
        if not self._address:
            return
        # A manager that cannot hear us is no reason to stop working.
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.settimeout(1.0)
            sender.connect(self._address)
            sender.send("\n".join(line.replace("\n", " ") for line in lines).encode())
