"""Where the pad is plugged: a pseudo-terminal, which the terminal opens as a serial line, or a Unix socket."""

from __future__ import annotations

import asyncio
import os
import tty
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tools.pin_pad.pad import Pad

__all__ = ["PtyLine", "SocketLine"]

READ_BYTES = 1024
MakePad = Callable[[Callable[[bytes], None]], Pad]


class PtyLine:
    """A pad on a pseudo-terminal; ``address`` is what the terminal's configuration says."""

    def __init__(self, make: MakePad) -> None:
        self._ours, theirs = os.openpty()
        tty.setraw(theirs)
        os.set_blocking(self._ours, False)
        self.node = os.ttyname(theirs)
        self._theirs = theirs
        """Kept open: a line without anybody at its other end is still a line."""
        self.pad = make(self._write)
        asyncio.get_running_loop().add_reader(self._ours, self._readable)

    @property
    def address(self) -> str:
        """As ``[devices.pin_pad]`` names it."""
        return f"serial:{self.node}?baud=9600"

    def close(self) -> None:
        """Pull the cable."""
        asyncio.get_running_loop().remove_reader(self._ours)
        self.pad.unplugged()
        os.close(self._theirs)
        os.close(self._ours)

    def _readable(self) -> None:
        with suppress(OSError):
            self.pad.receive(os.read(self._ours, READ_BYTES))

    def _write(self, data: bytes) -> None:
        with suppress(OSError):
            os.write(self._ours, data)


class SocketLine:
    """A pad behind a Unix socket, unplugged and replugged like the other simulated devices."""

    def __init__(self, path: Path, make: MakePad) -> None:
        self._path = path
        self._server: asyncio.Server | None = None
        self._peer: asyncio.StreamWriter | None = None
        self.pad = make(self._write)

    @property
    def address(self) -> str:
        """As ``[devices.pin_pad]`` names it."""
        return f"unix:{self._path}"

    async def start(self) -> None:
        """Plug it in."""
        with suppress(FileNotFoundError):
            self._path.unlink()
        self._server = await asyncio.start_unix_server(self._serve, self._path)

    async def unplug(self) -> None:
        """Pull the cable."""
        self.pad.unplugged()
        if self._server is not None:
            self._server.close()
            self._server = None
        with suppress(FileNotFoundError):
            self._path.unlink()
        if self._peer is not None:
            self._peer.close()
            self._peer = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._peer = writer
        with suppress(OSError):
            while data := await reader.read(READ_BYTES):
                self.pad.receive(data)
        writer.close()

    def _write(self, data: bytes) -> None:
        if self._peer is not None:
            self._peer.write(data)
