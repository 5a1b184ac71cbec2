"""Lines behind the seam: the way to the host, and the port of a printer."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from typing import Any, cast

from drivers.port import Port, open_port
from terminal.acquirer.link import Dial
from terminal.recording.faults import fault_of, raised
from terminal.recording.host_bytes import HostBytes
from terminal.recording.seam import NOTHING, Codec, Plain, Post, Seam

__all__ = ["recorded_dial", "recorded_opener"]

READ_BYTES = 4096
AHEAD_BYTES_MAX = 1 << 16
"""What the host may send beyond what the terminal has read."""
Received = Callable[[bytes], None]
Arrival = bytes | OSError | None
"""Bytes, how the line broke, or None for its end."""
_BYTES: Codec[bytes] = Codec(bytes, bytes)


# --- the host ------------------------------------------------------------------------------


def recorded_dial(seam: Seam, dial: Dial, host_bytes: Callable[[], HostBytes]) -> Dial:
    """``dial`` behind the seam; what a connection brings is washed by a ``host_bytes`` of its own."""

    async def open_line(host: str, port: int, **options: Any) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        codec: Codec[asyncio.StreamWriter | None] = NOTHING
        opened: list[asyncio.StreamReader] = []

        async def start() -> asyncio.StreamWriter | None:
            reader, writer = await dial(host, port, **options)
            opened.append(reader)
            return writer

        writer = await seam.operation("dial", start, codec, _hang_up)
        line = _Line(seam, opened[0] if opened else None, writer, host_bytes())
        return line.reader, cast(asyncio.StreamWriter, line)

    return open_line


def _hang_up(writer: asyncio.StreamWriter | None) -> None:
    if writer is not None:
        writer.close()


class _Reader(asyncio.StreamReader):
    """Counts what the terminal has taken, so that no host fills its memory."""

    def __init__(self) -> None:
        super().__init__()
        self.ahead_bytes = 0
        self.taken = asyncio.Event()

    async def read(self, n: int = -1) -> bytes:
        """As the base class."""
        data = await super().read(n)
        self.ahead_bytes -= len(data)
        self.taken.set()
        return data


class _Line:
    """The terminal's end of a connection, as much of StreamWriter as the link uses."""

    def __init__(
        self,
        seam: Seam,
        theirs: asyncio.StreamReader | None,
        writer: asyncio.StreamWriter | None,
        washer: HostBytes,
    ) -> None:
        self.reader = _Reader()
        self._seam = seam
        self._writer = writer
        came = seam.source("host", self._came, _arrivals(washer))
        self._pump = None if theirs is None else asyncio.get_running_loop().create_task(self._carry(theirs, came))

    def _came(self, arrival: Arrival) -> None:
        if isinstance(arrival, OSError):
            self.reader.set_exception(arrival)
        elif arrival is None:
            self.reader.feed_eof()
        elif arrival:
            self.reader.ahead_bytes += len(arrival)
            self.reader.feed_data(arrival)

    async def _carry(self, theirs: asyncio.StreamReader, came: Post[Arrival]) -> None:
        data = b"-"
        while data:
            try:
                data = await theirs.read(READ_BYTES)
            except OSError as error:
                came(error)
                return
            came(data or None)
            while self.reader.ahead_bytes > AHEAD_BYTES_MAX:
                self.reader.taken.clear()
                await self.reader.taken.wait()

    def write(self, data: bytes) -> None:
        """Send; what went out holds card data and a MAC, so only its length is kept."""
        self._seam.output("to host", len(data), f"{len(data)} bytes")
        if self._writer is not None:
            self._writer.write(data)

    async def drain(self) -> None:
        """Until it may be written again, or the line is lost."""
        await self._seam.operation("drain", self._drained, NOTHING)

    async def _drained(self) -> None:
        if self._writer is not None:
            await self._writer.drain()

    def close(self) -> None:
        """Hang up."""
        if self._pump is not None:
            self._pump.cancel()
        if self._writer is not None:
            self._writer.close()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Of the line itself."""
        return default if self._writer is None else self._writer.get_extra_info(name, default)


def _arrivals(washer: HostBytes) -> Codec[Arrival]:
    """Washed bytes, empty while a frame is not whole; None for the end of the line; a list for how it broke."""

    def encode(arrival: Arrival) -> Plain:
        if arrival is None:
            return None
        return fault_of(arrival) if isinstance(arrival, OSError) else washer.washed(arrival)

    def decode(plain: Plain) -> Arrival:
        return cast(OSError, raised(plain)) if isinstance(plain, list) else cast("bytes | None", plain)

    return Codec(encode, decode)


# --- the printer ---------------------------------------------------------------------------


def recorded_opener(
    seam: Seam, opener: Callable[[str, Received], Awaitable[Port]] = open_port
) -> Callable[[str, Received], Awaitable[Port]]:
    """``opener`` behind the seam: the driver above it runs in a replay as it did."""

    async def open_recorded(address: str, received: Received) -> Port:
        came = seam.source("printer", received, _BYTES)
        codec: Codec[_Opened] = Codec(lambda opened: [opened.answers, opened.ids], lambda plain: _Opened(None, *plain))

        async def start() -> _Opened:
            port = await opener(address, came)
            return _Opened(port, port.answers, list(getattr(port, "ids", (None, None))))

        return cast(Port, _Port(seam, await seam.operation("open printer", start, codec, _Opened.close)))

    return open_recorded


class _Opened:
    """A port that has been opened, and what is known of it."""

    def __init__(self, port: Port | None, answers: bool, ids: list[int | None]) -> None:
        self.port, self.answers, self.ids = port, answers, ids

    def close(self) -> None:
        if self.port is not None:
            self.port.close()


class _Port:
    """``drivers.port.Port``; without a port below it everything comes from the recording."""

    def __init__(self, seam: Seam, opened: _Opened) -> None:
        self.answers = opened.answers
        self.ids = tuple(opened.ids)
        self._seam = seam
        self._port = opened.port

    @property
    def sent(self) -> int:
        """Bytes taken so far."""
        return self._seam.reading("sent", lambda: self._below().sent)

    async def send(self, data: bytes) -> None:
        """Hand over."""
        self._seam.output("to printer", _digest(data), f"{len(data)} bytes")
        await self._seam.operation("send", lambda: self._below().send(data), NOTHING)

    async def gone(self) -> None:
        """Wait until it is gone."""
        await self._seam.operation("gone", lambda: self._below().gone(), NOTHING)

    async def port_status(self) -> int | None:
        """Of the USB printer class."""
        return await self._seam.operation("port status", lambda: self._below().port_status())

    def close(self) -> None:
        """Let it go."""
        if self._port is not None:
            self._port.close()

    def _below(self) -> Port:
        assert self._port is not None, "only a life that is recorded asks the port itself"
        return self._port


def _digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()[:8]
