"""The other end of every file descriptor: simulated devices that write the bytes real ones would.

Each listens on a Unix socket; a driver whose address is ``unix:PATH`` cannot tell the difference.
``unplug`` closes the connection, ``replug`` listens again.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from pathlib import Path

from evdev import ecodes

from drivers.input_stream import pack_event
from drivers.keypad import KEYS
from drivers.simulated_paper import PaperPath
from drivers.us_map import CHARACTERS, LEFT_SHIFT

__all__ = [
    "SIMULATED_KEYS",
    "SimulatedKeypad",
    "SimulatedPrinter",
    "SimulatedReader",
    "SimulatedScanner",
    "SimulatedSocket",
    "key_code",
    "typed_events",
]

_CODES = {character: place for place, character in reversed(CHARACTERS.items())}
_KEY_CODES = {str(key): code for code, key in reversed(KEYS.items())}
SIMULATED_KEYS = frozenset(_KEY_CODES)
"""Names of the keys that can be pressed."""
_SYN = pack_event(ecodes.EV_SYN, ecodes.SYN_REPORT, 0)
KEY_HELD_S, KEY_APART_S = 0.010, 0.025
"""A quick finger: longer apart than the driver's debounce."""
PIECE_BYTES = 256


class SimulatedSocket:
    """A listening Unix socket and whoever is connected to it."""

    buffer_bytes = 65536
    """How much it takes before it has dealt with it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._server: asyncio.Server | None = None
        self._peers: set[asyncio.StreamWriter] = set()
        self._serving: set[asyncio.Task[None]] = set()
        self._connected = asyncio.Event()

    @property
    def address(self) -> str:
        """What the terminal's configuration says."""
        return f"unix:{self.path}"

    async def start(self) -> None:
        """Be plugged in."""
        with suppress(FileNotFoundError):
            self.path.unlink()
        self._server = await asyncio.start_unix_server(self._accept, self.path, limit=self.buffer_bytes)

    async def connected(self) -> None:
        """Wait until a driver has opened the device."""
        await self._connected.wait()

    async def unplug(self) -> None:
        """Vanish: the driver reads an end of file."""
        if self._server is not None:
            self._server.close()
            self._server = None
        with suppress(FileNotFoundError):
            self.path.unlink()
        for serving in tuple(self._serving):
            serving.cancel()  # what it has taken and not dealt with is gone with it
        for peer in tuple(self._peers):
            peer.close()
        self._peers.clear()
        self._connected.clear()

    replug = start
    close = unplug

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # The stream would else take a quarter of a megabyte at a time, which no small device does.
        setattr(writer.transport, "max_size", self.buffer_bytes)  # noqa: B010 – not in the type, and the only way
        self._peers.add(writer)
        self._connected.set()
        serving = asyncio.ensure_future(self._serve(reader, writer))
        self._serving.add(serving)
        try:
            await asyncio.wait({serving})
            if not serving.cancelled() and not isinstance(error := serving.exception(), OSError | None):
                raise error
        finally:
            serving.cancel()
            self._serving.discard(serving)
            self._peers.discard(writer)
            if not self._peers:
                self._connected.clear()
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(4096):
            pass

    def send(self, data: bytes) -> None:
        """Bytes to every driver that is connected."""
        for peer in self._peers:
            peer.write(data)


def key_code(key: str) -> int:
    """Scancode of a key by its name. Raises KeyError."""
    return _KEY_CODES[key]


def _stroke(code: int, down: bool) -> bytes:
    now = time.monotonic_ns()
    key = pack_event(ecodes.EV_KEY, code, int(down), now // 1_000_000_000, now // 1000 % 1_000_000)
    return pack_event(ecodes.EV_MSC, ecodes.MSC_SCAN, code) + key + _SYN


def typed_events(text: str) -> bytes:
    """Events of a reader or scanner that types ``text`` and Enter."""
    out = bytearray()
    for character in text:
        code, shifted = _CODES[character]
        if shifted:
            out += _stroke(LEFT_SHIFT, True)
        out += _stroke(code, True) + _stroke(code, False)
        if shifted:
            out += _stroke(LEFT_SHIFT, False)
    return bytes(out + _stroke(ecodes.KEY_ENTER, True) + _stroke(ecodes.KEY_ENTER, False))


class SimulatedKeypad(SimulatedSocket):
    """A keypad under a quick finger."""

    async def press(self, *keys: str) -> None:
        """Press keys by their names: ``"1"``, ``"enter"``, ``"cancel"``."""
        for key in keys:
            self.send(_stroke(_KEY_CODES[key], True))
            await asyncio.sleep(KEY_HELD_S)
            self.send(_stroke(_KEY_CODES[key], False))
            await asyncio.sleep(KEY_APART_S)


class SimulatedReader(SimulatedSocket):
    """A magnetic-stripe reader in keyboard mode."""

    def swipe(self, track1: str | None = None, track2: str | None = None, track3: str | None = None) -> None:
        """Pass a card; tracks without sentinels."""
        self.send(
            typed_events(
                "".join(
                    f"{start}{track}?"
                    for start, track in (("%", track1), (";", track2), ("+", track3))
                    if track is not None
                )
            )
        )

    def type(self, text: str) -> None:
        """Send what a reader would type for a damaged or foreign card."""
        self.send(typed_events(text))

    def syn_dropped(self) -> None:
        """Say that the kernel lost events."""
        self.send(pack_event(ecodes.EV_SYN, ecodes.SYN_DROPPED, 0) + _SYN)


class SimulatedScanner(SimulatedSocket):
    """A code scanner in keyboard mode."""

    def scan(self, text: str) -> None:
        """Read a code."""
        self.send(typed_events(text))


class SimulatedPrinter(SimulatedSocket):
    """A printer that keeps what it is sent and tells its state."""

    buffer_bytes = 1024

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.path_of_paper = PaperPath(self.send)
        self._ready = asyncio.Event()
        self._ready.set()
        self.bytes_s: float | None = None
        """How fast it takes bytes; None: at once."""

    @property
    def output(self) -> bytearray:
        """Every byte that reached the paper path, status requests left out."""
        return self.path_of_paper.output

    @property
    def paper(self) -> bool:
        """Whether there is paper."""
        return self.path_of_paper.get("paper")

    @paper.setter
    def paper(self, there: bool) -> None:
        self.change("paper", there)

    @property
    def cover_closed(self) -> bool:
        """Whether the cover is closed."""
        return self.path_of_paper.get("cover_closed")

    @cover_closed.setter
    def cover_closed(self, closed: bool) -> None:
        self.change("cover_closed", closed)

    def change(self, name: str, value: bool) -> None:
        """Change ``paper``, ``cover_closed``, ``online`` or ``paper_low``."""
        self.path_of_paper.set(name, value)
        if not self.path_of_paper.full:
            self._ready.set()

    async def power_cut(self) -> None:
        """Vanish and forget what was not yet printed."""
        await self.unplug()
        self.path_of_paper.forget()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(PIECE_BYTES if self.bytes_s else 65536):
            self.path_of_paper.feed(data)
            if self.bytes_s:
                await asyncio.sleep(len(data) / self.bytes_s)
            if self.path_of_paper.full:
                self._ready.clear()
                await self._ready.wait()

    def _status(self, which: int) -> int:
        return self.path_of_paper.status_byte(which)
