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
from drivers.us_map import CHARACTERS, LEFT_SHIFT

__all__ = ["SIMULATED_KEYS", "SimulatedKeypad", "SimulatedPrinter", "SimulatedReader", "SimulatedScanner"]

_CODES = {character: place for place, character in reversed(CHARACTERS.items())}
_KEY_CODES = {str(key): code for code, key in reversed(KEYS.items())}
SIMULATED_KEYS = frozenset(_KEY_CODES)
"""Names of the keys that can be pressed."""
_SYN = pack_event(ecodes.EV_SYN, ecodes.SYN_REPORT, 0)
KEY_HELD_S, KEY_APART_S = 0.010, 0.025
"""A quick finger: longer apart than the driver's debounce."""


class _Socket:
    """A listening Unix socket and whoever is connected to it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._server: asyncio.Server | None = None
        self._peers: set[asyncio.StreamWriter] = set()
        self._connected = asyncio.Event()

    @property
    def address(self) -> str:
        """What the terminal's configuration says."""
        return f"unix:{self.path}"

    async def start(self) -> None:
        """Be plugged in."""
        with suppress(FileNotFoundError):
            self.path.unlink()
        self._server = await asyncio.start_unix_server(self._accept, self.path)

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
        for peer in tuple(self._peers):
            peer.close()
        self._peers.clear()
        self._connected.clear()

    replug = start
    close = unplug

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._peers.add(writer)
        self._connected.set()
        try:
            await self._serve(reader, writer)
        except OSError:
            pass
        finally:
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


def _stroke(code: int, down: bool) -> bytes:
    now = time.time_ns()
    key = pack_event(ecodes.EV_KEY, code, int(down), now // 1_000_000_000, now // 1000 % 1_000_000)
    return pack_event(ecodes.EV_MSC, ecodes.MSC_SCAN, code) + key + _SYN


def _typed(text: str) -> bytes:
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


class SimulatedKeypad(_Socket):
    """A keypad under a quick finger."""

    async def press(self, *keys: str) -> None:
        """Press keys by their names: ``"1"``, ``"enter"``, ``"cancel"``."""
        for key in keys:
            self.send(_stroke(_KEY_CODES[key], True))
            await asyncio.sleep(KEY_HELD_S)
            self.send(_stroke(_KEY_CODES[key], False))
            await asyncio.sleep(KEY_APART_S)


class SimulatedReader(_Socket):
    """A magnetic-stripe reader in keyboard mode."""

    def swipe(self, track1: str | None = None, track2: str | None = None, track3: str | None = None) -> None:
        """Pass a card; tracks without sentinels."""
        self.send(
            _typed(
                "".join(
                    f"{start}{track}?"
                    for start, track in (("%", track1), (";", track2), ("+", track3))
                    if track is not None
                )
            )
        )

    def type(self, text: str) -> None:
        """Send what a reader would type for a damaged or foreign card."""
        self.send(_typed(text))

    def syn_dropped(self) -> None:
        """Say that the kernel lost events."""
        self.send(pack_event(ecodes.EV_SYN, ecodes.SYN_DROPPED, 0) + _SYN)


class SimulatedScanner(_Socket):
    """A code scanner in keyboard mode."""

    def scan(self, text: str) -> None:
        """Read a code."""
        self.send(_typed(text))


class SimulatedPrinter(_Socket):
    """A printer that keeps what it is sent and answers DLE EOT."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.output = bytearray()
        """Every byte that reached the paper path, status requests left out."""
        self.paper = True
        self.cover_closed = True

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            while (start := data.find(b"\x10\x04")) >= 0 and len(data) > start + 2:
                writer.write(bytes([self._status(data[start + 2])]))
                data = data[:start] + data[start + 3 :]
            self.output += data

    def _status(self, which: int) -> int:
        offline = not (self.paper and self.cover_closed)
        return {
            1: 0x12 | (0x08 if offline else 0),
            2: 0x12 | (0 if self.cover_closed else 0x04) | (0 if self.paper else 0x20),
            3: 0x12,
            4: 0x12 | (0 if self.paper else 0x60),
        }.get(which, 0x12)
