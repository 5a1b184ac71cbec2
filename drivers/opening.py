"""A device is opened by somebody who does not stay: a check, the fault doctor."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from drivers.device import Device, Emit
from drivers.events import DeviceState, DriverEvent

__all__ = ["OPENED_S", "begin"]

OPENED_S = 3.0
"""A device that is there is open within this; a network printer may need the most of it."""
ABSENT_S = 1.0
"""One that was not there at the first try is given a few more."""


async def begin(device: Device, emit: Emit = lambda event: None) -> None:
    """Start a device; ends when it is open, when this user may not open it, or when it has had its time."""
    changed = asyncio.Event()

    def hear(event: DriverEvent) -> None:
        changed.set()
        emit(event)

    device.start(hear)
    with suppress(TimeoutError):
        async with asyncio.timeout(OPENED_S):
            await changed.wait()
            changed.clear()
            async with asyncio.timeout(ABSENT_S):
                while device.state is DeviceState.ABSENT:
                    await changed.wait()
                    changed.clear()
