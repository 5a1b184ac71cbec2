"""An input device read on the loop; a decoder turns its keys into events, with nothing lost unnoticed."""

from __future__ import annotations

import asyncio
import fcntl
import os
import struct
from contextlib import suppress

from evdev import ecodes

from drivers.access import remedy_for
from drivers.address import open_socket, resolve
from drivers.device import Emit
from drivers.input_stream import EVENT_BYTES, Dropped, InputParser, KeyEvent
from drivers.supervised import Supervised

__all__ = ["EvdevDevice", "held_keys", "open_input"]

EVIOCGRAB = 0x40044590
"""ioctl of linux/input.h: take the device for this process alone."""
EVIOCSCLOCKID = 0x400445A0
"""Time stamps by another clock; ours is the one that is never set."""
CLOCK_MONOTONIC = 1
_KEY_BYTES = (ecodes.KEY_MAX + 7) // 8
EVIOCGKEY = 0x80000000 | _KEY_BYTES << 16 | ord("E") << 8 | 0x18
"""Which keys are down now. The kernel drops the key events it still has for us: they are in the answer."""
READ_BYTES = EVENT_BYTES * 64
"""The kernel's whole ring at once."""
READS_MAX = 16
"""Of one wake-up; a device that never stops does not keep the loop from the others."""


class EvdevDevice(Supervised):
    """Grabbed, and drained at every wake-up: the kernel's ring holds ten characters of a card."""

    refused_remedy = remedy_for("", "input")

    def __init__(self, name: str, address: str) -> None:
        super().__init__(name, address)
        self._descriptor: int | None = None

    def keys(self, events: list[KeyEvent | Dropped], now: float, emit: Emit) -> None:
        """Decode what was read in one go."""
        raise NotImplementedError

    def fresh(self) -> None:
        """It has just been opened: nothing of before counts."""

    async def connect(self) -> None:
        """Open and grab."""
        self._descriptor = open_input(self._address)
        self.fresh()

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
        parser = InputParser(lambda: held_keys(descriptor))
        gone: asyncio.Future[None] = loop.create_future()

        def readable() -> None:
            try:
                for _ in range(READS_MAX):
                    data = os.read(descriptor, READ_BYTES)
                    if not data:
                        break
                    self.keys(list(parser.feed(data)), loop.time(), emit)
                    if len(data) < READ_BYTES:
                        return
                else:
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


def open_input(address: str) -> int:
    """A non-blocking file descriptor that gives a device's bytes. Raises OSError.

    ``/dev/input/…`` and ``usb:…`` are grabbed, so that no console and no other program types along; ``unix:PATH``
    connects to a stream socket; ``fd:N`` takes an inherited descriptor.
    """
    other = open_socket(address)
    if other is not None:
        return other
    descriptor = os.open(resolve(address, "evdev"), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        fcntl.ioctl(descriptor, EVIOCGRAB, 1)
    except OSError:
        os.close(descriptor)
        raise
    with suppress(OSError):
        fcntl.ioctl(descriptor, EVIOCSCLOCKID, struct.pack("i", CLOCK_MONOTONIC))
    return descriptor


def held_keys(descriptor: int) -> frozenset[int]:
    """Codes of the keys that are down; empty where the kernel is not asked, as on a socket."""
    with suppress(OSError):
        bits = fcntl.ioctl(descriptor, EVIOCGKEY, bytes(_KEY_BYTES))
        return frozenset(byte * 8 + bit for byte, value in enumerate(bits) for bit in range(8) if value >> bit & 1)
    return frozenset()
