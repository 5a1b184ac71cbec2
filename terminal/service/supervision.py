"""What the service manager is told: ready, what is the matter, and – while the terminal gets on – that it lives.

The protocol is one datagram of lines to the socket in ``NOTIFY_SOCKET`` (sd_notify(3)); why this is our own and no
library: docs/decisions/0019. Without a service manager nothing is told to nobody.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

from terminal.journal import ThreadWriter, Writer
from terminal.screens.screen import Screen

__all__ = ["OUT_OF_SERVICE", "PresentWriter", "Supervisor"]

_LOG = logging.getLogger("countertop")
OUT_OF_SERVICE = "out-of-service"
"""Name of the screen of a terminal that takes no payment."""
_SIGNS_PER_INTERVAL = 3
"""Signs of life for each interval that the service manager waits: two may be late."""


class Supervisor:
    """The service manager of this process, if it has one."""

    def __init__(self, environment: Mapping[str, str] = os.environ, pid: int | None = None) -> None:
        self._address = _address(environment.get("NOTIFY_SOCKET", ""))
        meant = environment.get("WATCHDOG_PID", "")
        ours = not meant or meant == str(os.getpid() if pid is None else pid)
        usec = environment.get("WATCHDOG_USEC", "")
        self.interval_s = int(usec) / 1_000_000 / _SIGNS_PER_INTERVAL if ours and usec.isdecimal() else 0.0
        """Between two signs of life; 0 when nobody waits for them."""
        self._ready = False
        self._status = ""

    def screen(self, screen: Screen) -> None:
        """A screen has been put up. The first one means: started, and somebody at the counter can see how it stands."""
        status = f"Out of service: {screen.instruction}" if screen.name == OUT_OF_SERVICE else "In service."
        if status != self._status:
            self._status = status
            self._tell(f"STATUS={status}")
        if not self._ready:
            self._ready = True
            self._tell("READY=1")

    async def watch(self, vital: Callable[[], Awaitable[object]]) -> None:
        """Give signs of life until cancelled, each only after ``vital`` has come back since the last one.

        Both must turn: the loop, which runs this, and what ``vital`` asks. When one stands still, the service
        manager ends the process, and the next one recovers.
        """
        if not self.interval_s:
            return
        asked, late = None, False
        try:
            while True:
                if asked is None or asked.done():
                    self._tell("WATCHDOG=1")
                    asked, late = asyncio.ensure_future(vital()), False
                elif not late:
                    late = True
                    _LOG.error("The journal's disk does not answer; the service manager is told nothing until it does.")
                await asyncio.sleep(self.interval_s)
        finally:
            if asked is not None:
                asked.cancel()

    def _tell(self, line: str) -> None:
        if self._address is None:
            return
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out:
            out.setblocking(False)  # a manager that does not read must not hold the loop
            out.sendto(line.replace("\n", " ").encode("utf-8"), self._address)


class PresentWriter:
    """Makes the writer of each life, and asks the present one whether it still works."""

    def __init__(self, make: Callable[[], Writer] = ThreadWriter) -> None:
        self._make = make
        self._writer: Writer | None = None

    def __call__(self) -> Writer:
        """The writer of a new life."""
        self._writer = self._make()
        return self._writer

    async def answers(self) -> None:
        """Comes back once everything that was asked of the disk before has been done; at once between two lives."""
        if self._writer is not None:
            with suppress(RuntimeError):  # closed: that life has ended
                await self._writer.run(lambda: None)


def _address(path: str) -> str | None:
    if path.startswith("@"):
        return "\0" + path[1:]  # an abstract socket
    return path if path.startswith("/") else None
