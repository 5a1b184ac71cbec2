"""A device on a serial line, on the loop: opened through drivers.port, supervised like any other."""

from __future__ import annotations

import asyncio

from drivers.access import remedy_for
from drivers.address import line_address
from drivers.port import Port, open_port
from drivers.supervised import Supervised

__all__ = ["LineDevice"]


class LineDevice(Supervised):
    """``serial:/dev/…?baud=9600``, ``usb:VVVV:PPPP:SERIAL?baud=…`` for a line over USB, or ``unix:PATH``."""

    refused_remedy = remedy_for("", "serial")

    def __init__(self, name: str, address: str) -> None:
        super().__init__(name, address)
        self._port: Port | None = None

    def received(self, data: bytes, now: float) -> None:
        """Bytes have come."""
        raise NotImplementedError

    async def connect(self) -> None:
        """Open the line."""
        loop = asyncio.get_running_loop()
        self._port = await open_port(line_address(self._address), lambda data: self.received(data, loop.time()))

    def release(self) -> None:
        """Close it."""
        if self._port is not None:
            self._port.close()
            self._port = None

    async def serve(self) -> None:
        """Until the cable is pulled."""
        assert self._port is not None
        await self._port.gone()
