"""A HID device that is no keyboard, supervised like any other; a subclass says what a report means."""

from __future__ import annotations

import asyncio

from drivers.access import remedy_for
from drivers.hid_port import open_hid
from drivers.port import Port
from drivers.supervised import Supervised

__all__ = ["HidDevice"]


class HidDevice(Supervised):
    """``usb:VVVV:PPPP[:SERIAL]``."""

    refused_remedy = remedy_for("", "usb-hid")
    report_bytes: int

    def __init__(self, name: str, address: str) -> None:
        super().__init__(name, address)
        self._port: Port | None = None

    def report(self, data: bytes, now: float) -> None:
        """One report has come."""
        raise NotImplementedError

    def overrun(self, now: float) -> None:
        """Reports were lost because nobody fetched them in time."""
        raise NotImplementedError

    async def connect(self) -> None:
        """Open it in its thread."""
        loop = asyncio.get_running_loop()
        self._port = await open_hid(
            self._address,
            self.report_bytes,
            lambda data: self.report(data, loop.time()),
            lambda: self.overrun(loop.time()),
        )

    def release(self) -> None:
        """Close it."""
        if self._port is not None:
            self._port.close()
            self._port = None

    async def serve(self) -> None:
        """Until the cable is pulled."""
        assert self._port is not None
        await self._port.gone()
