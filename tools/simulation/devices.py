"""Simulated devices: real bytes into the real drivers, through pipes and an in-memory socket."""

from __future__ import annotations

import asyncio
import fcntl
import os
import random
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from evdev import ecodes

from drivers.input_stream import pack_event
from drivers.simulated import key_code, typed_events
from tools.simulation.loop import SimulatedLoop
from tools.simulation.power import Power, PowerCut

__all__ = ["PRINTER_PATH", "InputPipe", "PaperPrinter", "strokes", "typed"]

PRINTER_PATH = "/simulated/printer.sock"
_FIRST_DESCRIPTOR = 400
"""Descriptors of unplugged devices are closed; far above what anybody else opens, none is taken for another."""
_SYN = pack_event(ecodes.EV_SYN, ecodes.SYN_REPORT, 0)
_DROPPED = pack_event(ecodes.EV_SYN, ecodes.SYN_DROPPED, 0) + _SYN
_CUT = b"\x1dV"


class InputPipe:
    """A keyboard-like device: what it types goes through a pipe whose other end the driver reads."""

    def __init__(self, loop: SimulatedLoop) -> None:
        self._loop = loop
        read, self._write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._number = fcntl.fcntl(read, fcntl.F_DUPFD_CLOEXEC, _FIRST_DESCRIPTOR)
        os.close(read)
        self.plugged = True

    @property
    def address(self) -> str:
        """What the terminal's configuration says."""
        return f"fd:{self._number}"

    def unplug(self) -> None:
        """Vanish: the driver reads an end of file, and finds nothing when it looks again."""
        if self.plugged:
            self.plugged = False
            os.close(self._write)
            os.close(self._number)
            self._loop.written()

    def plug(self) -> None:
        """Be there (again), with nothing typed."""
        self.unplug()
        read, self._write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        os.dup2(read, self._number, inheritable=False)
        os.close(read)
        self.plugged = True

    def send(self, data: bytes) -> None:
        """Events to whoever reads."""
        if self.plugged:
            os.write(self._write, data)
            self._loop.written()

    def lose_events(self) -> None:
        """The kernel says that it dropped some."""
        self.send(_DROPPED)


@lru_cache(maxsize=512)
def typed(text: str) -> bytes:
    """Events of a reader or scanner that types ``text`` and Enter."""
    return typed_events(text)


def strokes(keys: Sequence[str], at_s: float) -> bytes:
    """Events of keys pressed one after the other by a quick finger from a moment on."""
    out = bytearray()
    for index, key in enumerate(keys):
        for down in (1, 0):
            moment = at_s + 0.040 * index + (0.0 if down else 0.010)
            out += pack_event(ecodes.EV_KEY, key_code(key), down, int(moment), int(moment % 1 * 1_000_000)) + _SYN
    return bytes(out)


class PaperPrinter:
    """An ESC/POS printer on a simulated Unix socket: keeps what reached the paper, answers DLE EOT, has troubles."""

    def __init__(self, loop: SimulatedLoop, rng: random.Random) -> None:
        self._loop = loop
        self._rng = rng
        self.power: Power | None = None
        """Of the terminal that prints; what it sends after the cut does not arrive."""
        self.slips: list[bytes] = []
        """Whole slips, up to their cut."""
        self.torn: list[bytes] = []
        """What stood on the paper when a slip was broken off."""
        self._current = bytearray()
        self.paper, self.cover_closed, self.mute, self.present = True, True, False, True
        self.runs_out_after: int | None = None
        """Bytes after which the roll ends."""
        self.stalls = False
        self._transports: list[_PrinterEnd] = []
        loop.peers[PRINTER_PATH] = self._connect

    def _connect(self, loop: SimulatedLoop, protocol: asyncio.Protocol) -> asyncio.Transport:
        if not self.present:
            raise ConnectionRefusedError(111, "no printer")
        end = _PrinterEnd(self, protocol)
        self._transports.append(end)
        return end

    def reset(self) -> None:
        """The cable is pulled."""
        ends, self._transports = self._transports, []
        for end in ends:
            end.lose()
        self.tear()

    def restored(self) -> None:
        """Everything in order again."""
        self.paper, self.cover_closed, self.mute, self.present = True, True, False, True
        self.runs_out_after, self.stalls = None, False

    def tear(self) -> None:
        """Whatever is half printed is torn off."""
        if self._current:
            self.torn.append(bytes(self._current))
            self._current.clear()

    def take(self, data: bytes, end: _PrinterEnd) -> None:
        """Bytes of the terminal. Raises PowerCut after a part of them when its power goes."""
        while (start := data.find(b"\x10\x04")) >= 0 and len(data) > start + 2:
            if not self.mute:
                end.answer(bytes([self._status(data[start + 2])]))
            data = data[:start] + data[start + 3 :]
        if not data:
            return
        if self.power is not None:
            try:
                self.power.step()
            except PowerCut:
                self._print(data[: self._rng.randrange(len(data) + 1)])
                self.tear()
                raise
        self._print(data)

    def _print(self, data: bytes) -> None:
        if not self.cover_closed or not self.paper:
            return
        if self.runs_out_after is not None:
            data, rest = data[: self.runs_out_after], data[self.runs_out_after :]
            self.runs_out_after -= len(data)
            if rest:
                self.paper, self.runs_out_after = False, None
                self._current += data
                self.tear()
                return
        self._current += data
        while (cut := self._current.find(_CUT)) >= 0:
            self.slips.append(bytes(self._current[:cut]))
            del self._current[: cut + 4]

    def _status(self, which: int) -> int:
        offline = not (self.paper and self.cover_closed)
        return {
            1: 0x12 | (0x08 if offline else 0),
            2: 0x12 | (0 if self.cover_closed else 0x04) | (0 if self.paper else 0x20),
            4: 0x12 | (0 if self.paper else 0x60),
        }.get(which, 0x12)


class _PrinterEnd(asyncio.Transport):
    """The terminal's end of the connection to the printer."""

    def __init__(self, printer: PaperPrinter, protocol: asyncio.Protocol) -> None:
        super().__init__()
        self._printer = printer
        self._protocol = protocol
        self._closing = self._paused = False

    def write(self, data: Any) -> None:
        if self._closing:
            return
        if self._printer.stalls:
            if not self._paused:
                self._paused = True
                self._protocol.pause_writing()
            return
        self._printer.take(bytes(data), self)

    def answer(self, data: bytes) -> None:
        """A status byte, a moment later."""
        self._printer._loop.call_later(0.002, self._deliver, data)

    def _deliver(self, data: bytes) -> None:
        if not self._closing:
            self._protocol.data_received(data)

    def lose(self) -> None:
        """The connection breaks."""
        if not self._closing:
            self._closing = True
            self._printer._loop.call_soon(self._protocol.connection_lost, ConnectionResetError(104, "gone"))

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        if not self._closing:
            self._closing = True
            self._printer._loop.call_soon(self._protocol.connection_lost, None)

    abort = close
