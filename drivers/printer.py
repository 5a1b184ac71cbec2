"""The slip printer: bytes out in bounded pieces, status back, trouble by name."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

from drivers.device import Emit
from drivers.events import DeviceChanged, DeviceState

__all__ = ["Printer", "PrinterStatus", "PrinterTrouble", "PrinterTroubleReason"]

PIECE_BYTES = 1024
WRITE_S = 10.0
STATUS_S = 0.5
CONNECT_S = 5.0


class PrinterTroubleReason(StrEnum):
    """Why nothing more comes out."""

    ABSENT = "absent"
    PAPER = "paper"
    COVER = "cover"
    OFFLINE = "offline"
    STALLED = "stalled"


class PrinterTrouble(Exception):
    """The slip is not wholly on paper. ``remedy`` is for the merchant."""

    def __init__(self, reason: PrinterTroubleReason, remedy: str) -> None:
        super().__init__(f"The printer does not print: {reason}.")
        self.reason = reason
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class PrinterStatus:
    """What the printer says of itself; None where it does not say."""

    online: bool | None = None
    paper: bool | None = None
    cover_closed: bool | None = None


class Printer:
    """An ESC/POS printer behind a file, a Unix socket or TCP."""

    def __init__(self, name: str, address: str) -> None:
        self.name = name
        self.state = DeviceState.ABSENT
        self._address = address
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._emit: Emit = lambda event: None

    def start(self, emit: Emit) -> None:
        """Tell of changes from now on; the way to the printer is opened when a slip is due."""
        self._emit = emit

    async def close(self) -> None:
        """Let the printer go."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    async def status(self) -> PrinterStatus:
        """Ask with DLE EOT; unknown where there is no answer in time."""
        if self._address.startswith("file:"):
            return PrinterStatus()
        await self._open()
        answers = {which: await self._ask(which) for which in (1, 2, 4)}
        if answers[1] is None:
            return PrinterStatus()
        offline, cover, paper = (answers[which] or 0 for which in (1, 2, 4))
        return PrinterStatus(not offline & 0x08, not paper & 0x60, not cover & 0x04)

    async def write(self, data: bytes, progress: Callable[[int], None]) -> None:
        """Send bytes; ``progress`` is told how many are on their way. Raises PrinterTrouble."""
        if self._address.startswith("file:"):
            await asyncio.to_thread(_append, self._address.removeprefix("file:"), data)
            progress(len(data))
            return
        await self._open()
        assert self._writer is not None
        for start in range(0, len(data), PIECE_BYTES):
            piece = data[start : start + PIECE_BYTES]
            try:
                self._writer.write(piece)
                async with asyncio.timeout(WRITE_S):
                    await self._writer.drain()
            except TimeoutError:
                raise self._trouble(PrinterTroubleReason.STALLED) from None
            except OSError:
                raise self._trouble(PrinterTroubleReason.ABSENT) from None
            progress(start + len(piece))

    async def _open(self) -> None:
        if self._writer is not None and not self._writer.is_closing() and not (self._reader and self._reader.at_eof()):
            return
        try:
            async with asyncio.timeout(CONNECT_S):
                if self._address.startswith("unix:"):
                    pair = await asyncio.open_unix_connection(self._address.removeprefix("unix:"))
                else:
                    host, _, port = self._address.removeprefix("tcp:").rpartition(":")
                    pair = await asyncio.open_connection(host, int(port), family=socket.AF_UNSPEC)
        except (OSError, TimeoutError):
            raise self._trouble(PrinterTroubleReason.ABSENT) from None
        self._reader, self._writer = pair
        self._change(DeviceState.OPEN)

    async def _ask(self, which: int) -> int | None:
        assert self._writer is not None and self._reader is not None
        with suppress(OSError, TimeoutError):
            self._writer.write(bytes([0x10, 0x04, which]))
            async with asyncio.timeout(STATUS_S):
                answer = await self._reader.read(1)
            if answer and answer[0] & 0x93 == 0x12:
                return answer[0]
        return None

    def _trouble(self, reason: PrinterTroubleReason) -> PrinterTrouble:
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        self._change(DeviceState.LOST if self.state is DeviceState.OPEN else DeviceState.ABSENT)
        return PrinterTrouble(reason, "Check the printer's cable and power; the slip is kept and printed then.")

    def _change(self, state: DeviceState) -> None:
        if state is not self.state:
            self.state = state
            self._emit(DeviceChanged(self.name, state))


def _append(path: str, data: bytes) -> None:
    with open(path, "ab") as file:
        file.write(data)
