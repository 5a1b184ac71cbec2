"""One connection to the host: frames in and out, read as they come, so that its end is known when it happens."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Protocol

from iso8583 import FramingError, Iso8583Error
from iso8583.framing import UnionPayFrame

__all__ = ["Framing", "Line", "LinkLost"]

READ_BYTES = 4096
FRAMES_MAX = 16
"""Frames that wait to be taken; a host that sends more is not one that answers."""


class LinkLost(Exception):
    """The connection ended after something may have been sent: the result is unknown."""


class Framing(Protocol):
    """How frames stand on a line (iso8583.framing, iso8583.http_framing)."""

    def pack(self, frame: UnionPayFrame) -> bytes:
        """Bytes of a frame."""

    def feed(self, data: bytes) -> list[UnionPayFrame]:
        """Take bytes from the stream; the frames that are complete now. Raises Iso8583Error."""

    @property
    def waiting(self) -> int:
        """Bytes of a frame that has not ended."""

    @property
    def ends(self) -> bool:
        """Whether the other side has said that it sends no more on this connection."""


class Line:
    """Between two requests a line has to be *even*: every request has its answer, and nothing else has come.

    Only an even line may carry another request: what came unasked could be taken for its answer.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, framing: Framing) -> None:
        """Begins to read; to be closed in any case."""
        self._reader = reader
        self._writer = writer
        self._framing = framing
        self._frames: deque[UnionPayFrame] = deque()
        self._fault: LinkLost | Iso8583Error | None = None
        self._news = asyncio.Event()
        self._owed = False
        self.disturbed: Callable[[], None] = lambda: None
        """Called when something comes, be it the end."""
        self._reading = asyncio.get_running_loop().create_task(self._read())

    @property
    def even(self) -> bool:
        """Whether another request may be sent."""
        return not (self._owed or self._frames or self._fault or self._framing.waiting or self._framing.ends)

    async def send(self, frame: UnionPayFrame) -> None:
        """Hand a request to the network. Raises LinkLost, also when the line is not even: then nothing is sent."""
        if self._fault is not None:
            raise LinkLost(str(self._fault))
        if not self.even:
            raise LinkLost("The host has sent what nobody asked for.")
        self._owed = True
        try:
            self._writer.write(self._framing.pack(frame))
            await self._writer.drain()
        except OSError as error:
            raise LinkLost(f"The connection broke while sending: {type(error).__name__}.") from None

    async def receive(self) -> UnionPayFrame:
        """The next frame. Raises LinkLost, or Iso8583Error for bytes that are no frame."""
        while not self._frames:
            if self._fault is not None:
                raise self._fault
            self._news.clear()
            await self._news.wait()
        return self._frames.popleft()

    def answered(self) -> None:
        """The frame just received is the answer to the request: nothing is owed any more."""
        self._owed = False

    def close(self) -> None:
        """Hang up; not awaited, for a mute peer must not hold the terminal."""
        self.disturbed = lambda: None
        self._reading.cancel()
        self._writer.close()

    async def _read(self) -> None:
        try:
            while data := await self._reader.read(READ_BYTES):
                self._frames += self._framing.feed(data)
                if len(self._frames) > FRAMES_MAX:
                    raise FramingError(f"more than {FRAMES_MAX} frames come without being asked for")
                self._tell()
            self._fault = LinkLost("The host closed the connection without an answer.")
        except OSError as error:
            self._fault = LinkLost(f"The connection broke while waiting: {type(error).__name__}.")
        except Iso8583Error as error:
            self._fault = error
        self._tell()

    def _tell(self) -> None:
        self._news.set()
        self.disturbed()
