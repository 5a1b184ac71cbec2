"""The simulated PIN pad at the end of a line over USB, with a customer at its keys."""

from __future__ import annotations

import asyncio
import os
import threading
from contextlib import suppress

from keys import Secret
from tools.hardware_bench.devices import SerialLine
from tools.hardware_bench.gadget import Identity
from tools.pin_pad.pad import Pad

__all__ = ["TYPING_S", "UsbPinPad"]

TYPING_S = 1.0
"""How long a customer takes for the PIN: long enough to be pulled out meanwhile."""
_READ_BYTES = 1024


class UsbPinPad(SerialLine):
    """Has a loop and a thread of its own while it is plugged: a pad goes on when its terminal stands still."""

    def __init__(self, identity: Identity, master_key: bytes, pin: str) -> None:
        super().__init__(identity)
        self._master_key = master_key
        self._pin = pin
        self._loop: asyncio.AbstractEventLoop | None = None
        self._power: asyncio.Future[None] | None = None
        self._thread: threading.Thread | None = None
        self.asking = threading.Event()
        """Set while it waits for a PIN."""
        self.pulled_in_mid_entry = 0
        """How often it was pulled out while it waited for a PIN."""

    def begin(self) -> None:
        """Open the device's end and switch it on."""
        super().begin()
        on = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._live(on)), daemon=True)
        self._thread.start()
        on.wait()

    def end(self) -> None:
        """Switch it off in the middle of whatever it does."""
        if self._thread is not None:
            assert self._loop is not None and self._power is not None
            self._loop.call_soon_threadsafe(self._power.cancel)
            self._thread.join()
            self._thread = None
        super().end()

    async def _live(self, on: threading.Event) -> None:
        descriptor, self._loop = self._end, asyncio.get_running_loop()
        assert descriptor is not None
        self._power = self._loop.create_future()
        pad = Pad(self._say, {0: Secret(bytearray(self._master_key))})

        def readable() -> None:
            with suppress(OSError):
                pad.receive(os.read(descriptor, _READ_BYTES))

        self._loop.add_reader(descriptor, readable)
        customer = self._loop.create_task(self._type(pad))
        on.set()
        try:
            await asyncio.wait({self._power})
        finally:
            self._loop.remove_reader(descriptor)
            customer.cancel()
            self.pulled_in_mid_entry += pad.asked.is_set()
            self.asking.clear()
            pad.unplugged()

    async def _type(self, pad: Pad) -> None:
        while True:
            await pad.asked.wait()
            self.asking.set()
            await asyncio.sleep(TYPING_S)
            pad.type_pin(self._pin)
            await pad.idle.wait()
            self.asking.clear()

    def _say(self, data: bytes) -> None:
        with suppress(OSError):
            self.send(data)
