"""Simulated devices: real bytes into the real drivers, through pipes, and paper on the other side."""

from __future__ import annotations

import asyncio
import fcntl
import os
import random
from collections.abc import Callable, Sequence
from functools import lru_cache

from evdev import ecodes

from drivers.input_stream import pack_event
from drivers.port import Port
from drivers.simulated import key_code, typed_events
from tools.simulation.loop import SimulatedLoop
from tools.simulation.power import Power, PowerCut

__all__ = ["InputPipe", "PaperPrinter", "strokes", "typed"]

Received = Callable[[bytes], None]
_FIRST_DESCRIPTOR = 400
"""Descriptors of unplugged devices are closed; far above what anybody else opens, none is taken for another."""
_SYN = pack_event(ecodes.EV_SYN, ecodes.SYN_REPORT, 0)
_DROPPED = pack_event(ecodes.EV_SYN, ecodes.SYN_DROPPED, 0) + _SYN
_ASK = b"\x10\x04"
_CUT = b"\x1dV"
ROLL_S = 3.0
"""Nobody changes a roll faster: the terminal has asked for the paper by then."""


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
    """An ESC/POS printer: keeps what reached the paper, answers DLE EOT, has troubles."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self.power: Power | None = None
        """Of the terminal that prints; what it sends after the cut does not arrive."""
        self.slips: list[bytes] = []
        """Whole slips, up to their cut."""
        self.torn: list[bytes] = []
        """What stood on the paper when a slip was broken off."""
        self._current = bytearray()
        self.paper, self.cover_closed, self.mute, self.present, self.stalls = True, True, False, True, False
        self.runs_out_after: int | None = None
        """Bytes after which the roll ends."""
        self.ends_with_slip = False
        """The roll ends with the next slip: it is whole, and the printer says that there is no paper."""
        self._ended_at = -ROLL_S
        self._ports: list[_PaperPort] = []

    async def open_port(self, address: str, received: Received) -> Port:
        """The way to it, as the driver opens it. Raises OSError."""
        if not self.present:
            raise ConnectionRefusedError(111, "no printer")
        port = _PaperPort(self, received)
        self._ports.append(port)
        return port

    def reset(self) -> None:
        """The cable is pulled."""
        ports, self._ports = self._ports, []
        for port in ports:
            port.lose()
        self.tear()

    def restored(self) -> None:
        """Everything in order again."""
        loop = asyncio.get_running_loop()
        changing_s = self._ended_at + ROLL_S - loop.time()
        self.paper, self.cover_closed, self.mute, self.present, self.stalls = changing_s <= 0, True, False, True, False
        self.runs_out_after, self.ends_with_slip = None, False
        if not self.paper:
            loop.call_later(changing_s, self.restored)
        for port in self._ports:
            port.moving.set()

    def stands(self, data: bytes) -> bool:
        """Whether bytes are not taken now: with the cover open or the roll ended only a question is."""
        return self.stalls or (data[:2] != _ASK and not (self.paper and self.cover_closed))

    def tear(self) -> None:
        """Whatever is half printed is torn off."""
        if self._current:
            self.torn.append(bytes(self._current))
            self._current.clear()

    def take(self, data: bytes, answer: Received) -> None:
        """Bytes of the terminal. Raises PowerCut after a part of them when its power goes."""
        while (start := data.find(_ASK)) >= 0 and len(data) > start + 2:
            if not self.mute:
                asyncio.get_running_loop().call_later(0.002, answer, bytes([self._status(data[start + 2])]))
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
                self._current += data
                self._roll_ends()
                return
        self._current += data
        while (cut := self._current.find(_CUT)) >= 0:
            self.slips.append(bytes(self._current[:cut]))
            del self._current[: cut + 4]
            if self.ends_with_slip:
                self._roll_ends()

    def _roll_ends(self) -> None:
        self.paper, self.runs_out_after, self.ends_with_slip = False, None, False
        self._ended_at = asyncio.get_running_loop().time()
        self.tear()

    def _status(self, which: int) -> int:
        offline = not (self.paper and self.cover_closed)
        return {
            1: 0x12 | (0x08 if offline else 0),
            2: 0x12 | (0 if self.cover_closed else 0x04) | (0 if self.paper else 0x20),
            4: 0x12 | (0 if self.paper else 0x60),
        }.get(which, 0x12)


class _PaperPort:
    """The terminal's end of the way to the printer (``drivers.port.Port``)."""

    answers = True

    def __init__(self, printer: PaperPrinter, received: Received) -> None:
        self.sent = 0
        self.moving = asyncio.Event()
        """Set when a printer that stood takes bytes again."""
        self._printer = printer
        self._received = received
        self._closed = False
        self._gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def send(self, data: bytes) -> None:
        """Hand over. Raises OSError when the printer is gone."""
        self._require()
        while self._printer.stands(data):
            self.moving.clear()
            await self.moving.wait()
            self._require()
        self.sent += len(data)
        self._printer.take(data, self._deliver)
        self._require()

    async def gone(self) -> None:
        """Wait until the printer is gone."""
        await asyncio.shield(self._gone)

    async def port_status(self) -> int | None:
        """Not USB."""
        return None

    def close(self) -> None:
        """Let it go."""
        self._closed = True
        self.lose()

    def lose(self) -> None:
        """The connection breaks."""
        if not self._gone.done():
            self._gone.set_result(None)
        self.moving.set()

    def _deliver(self, data: bytes) -> None:
        if not self._closed and not self._gone.done():
            self._received(data)

    def _require(self) -> None:
        if self._gone.done():
            raise ConnectionResetError(104, "gone")
