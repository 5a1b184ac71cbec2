"""What every device offers, and the life all of them lead: opened, lost, opened again."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from drivers.address import open_input
from drivers.events import DeviceChanged, DeviceState, DriverEvent
from drivers.input_stream import EVENT_BYTES, Dropped, InputParser, KeyEvent

__all__ = ["Device", "Emit", "EvdevDevice"]

Emit = Callable[[DriverEvent], None]
READ_BYTES = EVENT_BYTES * 64
"""The kernel's whole ring at once."""
REOPEN_FIRST_S, REOPEN_MAX_S = 0.1, 2.0


class Device(Protocol):
    """A device of any kind."""

    name: str

    def start(self, emit: Emit) -> None:
        """Begin to look for the device and to tell what it says."""

    async def close(self) -> None:
        """Let the device go."""


class EvdevDevice:
    """An input device read on the loop; a decoder turns its keys into events.

    Loss of the device is a normal state: it is opened again as soon as it is back.
    """

    def __init__(self, name: str, address: str) -> None:
        self.name = name
        self.state = DeviceState.ABSENT
        self.statistics: Counter[str] = Counter()
        self._address = address
        self._descriptor: int | None = None
        self._task: asyncio.Task[None] | None = None
        self._gone = asyncio.Event()

    def start(self, emit: Emit) -> None:
        """Open now and whenever it comes back."""
        self._task = asyncio.get_running_loop().create_task(self._supervise(emit))

    async def close(self) -> None:
        """Stop reading."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def keys(self, events: list[KeyEvent | Dropped], now: float, emit: Emit) -> None:
        """Decode what was read in one go."""
        raise NotImplementedError

    def lost(self, now: float, emit: Emit) -> None:
        """The device has gone; whatever was half-read is void."""

    async def _supervise(self, emit: Emit) -> None:
        delay = REOPEN_FIRST_S
        while True:
            try:
                descriptor = open_input(self._address)
            except OSError as error:
                self._change(
                    emit,
                    DeviceState.REFUSED if isinstance(error, PermissionError) else DeviceState.ABSENT,
                    error.strerror or type(error).__name__,
                )
                await asyncio.sleep(delay)
                delay = min(delay * 2, REOPEN_MAX_S)
                continue
            delay = REOPEN_FIRST_S
            self._change(emit, DeviceState.OPEN, "")
            try:
                await self._read_until_gone(descriptor, emit)
            finally:
                asyncio.get_running_loop().remove_reader(descriptor)
                os.close(descriptor)
            self.statistics["lost"] += 1
            self.lost(asyncio.get_running_loop().time(), emit)
            self._change(emit, DeviceState.LOST, "")

    async def _read_until_gone(self, descriptor: int, emit: Emit) -> None:
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
        await gone

    def _change(self, emit: Emit, state: DeviceState, detail: str) -> None:
        if state is not self.state:
            self.state = state
            remedy = {
                DeviceState.REFUSED: "Install the udev rules, or add this user to the group 'input'.",
                DeviceState.ABSENT: "Plug the device in, or correct its address in the configuration.",
                DeviceState.LOST: "Plug the device in again.",
            }.get(state, "")
            emit(DeviceChanged(self.name, state, detail, remedy))
