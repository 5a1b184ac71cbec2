"""An input device read on the loop; a decoder turns its keys into events."""

from __future__ import annotations

import asyncio
import os

from drivers.address import open_input
from drivers.device import Emit
from drivers.input_stream import EVENT_BYTES, Dropped, InputParser, KeyEvent
from drivers.supervised import Supervised

__all__ = ["EvdevDevice"]

READ_BYTES = EVENT_BYTES * 64
"""The kernel's whole ring at once."""


class EvdevDevice(Supervised):
    """Grabbed, and drained at every wake-up: the kernel's ring holds ten characters of a card."""

    refused_remedy = "Install the udev rules, or add this user to the group 'input'."

    def __init__(self, name: str, address: str) -> None:
        super().__init__(name, address)
        self._descriptor: int | None = None

    def keys(self, events: list[KeyEvent | Dropped], now: float, emit: Emit) -> None:
        """Decode what was read in one go."""
        raise NotImplementedError

    async def connect(self) -> None:
        """Open and grab."""
        self._descriptor = open_input(self._address)

    def release(self) -> None:
        """Close; the kernel ends the grab."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    async def serve(self) -> None:
        """Read until the device is gone."""
        assert self._descriptor is not None
        descriptor, emit = self._descriptor, self._emit
        loop = asyncio.get_running_loop()
        parser = InputParser()
        gone = loop.create_future()

        def readable() -> None:
            try:
                while True:
                    data = os.read(descriptor, READ_BYTES)
                    if not data:
                        break
                    self.keys(list(parser.feed(data)), loop.time(), emit)
                    if len(data) < READ_BYTES:
                        return
            except BlockingIOError:
                return
            except OSError:  # ENODEV: unplugged
                pass
            loop.remove_reader(descriptor)
            if not gone.done():
                gone.set_result(None)

        loop.add_reader(descriptor, readable)
        try:
            await gone
        finally:
            loop.remove_reader(descriptor)
