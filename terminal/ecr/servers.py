"""The lines of the ECR link: a TCP port for some tills, or a serial line for one. Neither ends for what comes in.

A till that is not there, a port that is taken, a cable that is pulled: each is a state with a remedy, like that of any
device, and is tried again.
"""

from __future__ import annotations

import asyncio
import os
import re
import socket
import stat
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Protocol

from config.ecr import Ecr
from drivers.events import DeviceChanged, DeviceState
from drivers.line_device import LineDevice
from keys import KeysError
from terminal.ecr.conversation import KEY_BYTES, Conversation, Heard

__all__ = ["DEVICE", "TillLines", "open_lines", "read_key"]

DEVICE = "till"
"""Its name where devices are told of."""
TILLS_MAX = 8
"""Connections at a time; one more ends the one that has been silent for longest."""
ADMITTED_S = 10.0
"""So long a connection has to prove itself where there is a key."""
UNREAD_BYTES_MAX = 1 << 16
"""A till that does not read what it asked for is let go."""
READ_BYTES = 4096
RETRY_S = 2.0
KEEPALIVE = ((socket.TCP_KEEPIDLE, 10), (socket.TCP_KEEPINTVL, 5), (socket.TCP_KEEPCNT, 3))
"""A till without power is noticed after half a minute."""
Hear = Callable[[Heard], None]
Tell = Callable[[DeviceChanged], None]


class TillLines(Protocol):
    """Where tills are heard."""

    def start(self, hear: Hear, tell: Tell) -> None:
        """Listen from now on."""

    def send(self, peer: int, data: bytes) -> None:
        """To a till; nothing happens when it has gone."""

    async def close(self) -> None:
        """Listen no more."""


def open_lines(ecr: Ecr, random: Callable[[int], bytes] = os.urandom) -> TillLines:
    """The lines that a configuration names; with a key that cannot be used no till is heard, and that is all."""
    try:
        key = None if ecr.key_file is None else read_key(Path(ecr.key_file))
    except KeysError as error:
        return NoTill(str(error), error.remedy)
    if ecr.endpoint is None:
        return SerialTill(ecr.address, key, random)
    return TcpTills(*ecr.endpoint, key, random)


def read_key(path: Path) -> bytes:
    """The key of a file that nobody else may read. Raises KeysError."""
    remedy = "Write 64 hexadecimal digits: openssl rand -hex 32 > till.key && chmod 600 till.key"
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise KeysError(f"The tills' key {path.name} is open to others.", "Give it mode 0600: chmod 600 FILE")
            text = file.read(4 * KEY_BYTES).strip()
    except OSError as error:
        raise KeysError(f"The tills' key {path.name} cannot be read: {error.strerror}.", remedy) from None
    if not re.fullmatch(rb"[0-9A-Fa-f]{64}", text):
        raise KeysError(f"The tills' key {path.name} is not 64 hexadecimal digits.", remedy)
    return bytes.fromhex(text.decode("ascii"))


class NoTill:
    """No line, and why."""

    def __init__(self, detail: str, remedy: str) -> None:
        self._changed = DeviceChanged(DEVICE, DeviceState.REFUSED, detail, remedy)

    def start(self, hear: Hear, tell: Tell) -> None:
        """Say why."""
        tell(self._changed)

    def send(self, peer: int, data: bytes) -> None:
        """To nobody."""

    async def close(self) -> None:
        """Nothing is open."""


class TcpTills:
    """A port on which tills connect."""

    def __init__(self, host: str, port: int, key: bytes | None, random: Callable[[int], bytes]) -> None:
        self._host, self._port = host, port
        self._key, self._random = key, random
        self._numbers = count(1)
        self._tills: dict[int, asyncio.StreamWriter] = {}
        """By number; who has spoken last is the last."""
        self._connections: set[asyncio.Task[None]] = set()
        self._task: asyncio.Task[None] | None = None
        self._hear: Hear = lambda heard: None

    def start(self, hear: Hear, tell: Tell) -> None:
        """Listen as soon as the port is free."""
        self._hear = hear
        self._task = asyncio.get_running_loop().create_task(self._serve(tell))

    def send(self, peer: int, data: bytes) -> None:
        """To a till, if it is still there and reads."""
        writer = self._tills.get(peer)
        if writer is None:
            return
        if writer.transport.get_write_buffer_size() > UNREAD_BYTES_MAX:
            writer.transport.abort()
        else:
            writer.write(data)

    async def close(self) -> None:
        """Listen no more, and hang up."""
        for task in (*((self._task,) if self._task else ()), *self._connections):
            task.cancel()
        await asyncio.gather(*((self._task,) if self._task else ()), *self._connections, return_exceptions=True)

    async def _serve(self, tell: Tell) -> None:
        told = ""
        while True:
            try:
                server = await asyncio.start_server(self._connected, self._host, self._port, limit=READ_BYTES)
            except OSError as error:
                detail = error.strerror or type(error).__name__
                if detail != told:
                    told = detail
                    remedy = "End the other program on this port, or change ecr.address."
                    tell(DeviceChanged(DEVICE, DeviceState.REFUSED, detail, remedy))
                await asyncio.sleep(RETRY_S)
                continue
            tell(DeviceChanged(DEVICE, DeviceState.OPEN))
            async with server:
                await server.serve_forever()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        peer = next(self._numbers)
        if len(self._tills) >= TILLS_MAX:
            self._tills.pop(next(iter(self._tills))).transport.abort()
        self._tills[peer] = writer
        try:
            with suppress(OSError, TimeoutError):
                await self._listen(peer, reader, writer)
        finally:
            self._connections.discard(task)
            self._tills.pop(peer, None)
            writer.close()
            self._hear(Heard(peer, None))

    async def _listen(self, peer: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = writer.get_extra_info("socket")
        line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in KEEPALIVE:
            line.setsockopt(socket.IPPROTO_TCP, option, value)
        talk = Conversation(
            lambda request: self._hear(Heard(peer, request)),
            lambda data: self.send(peer, data),
            self._key,
            self._random,
        )
        admitted_by = asyncio.get_running_loop().time() + ADMITTED_S
        while not talk.over:
            async with asyncio.timeout_at(None if talk.admitted else admitted_by):
                data = await reader.read(READ_BYTES)
            if not data:
                return
            if peer in self._tills:
                self._tills[peer] = self._tills.pop(peer)
            talk.feed(data)
            await writer.drain()  # who sends and does not read is not heard any further
        await writer.drain()


class SerialTill(LineDevice):
    """A serial line to one till; what the cable loses is asked again by the till."""

    def __init__(self, address: str, key: bytes | None, random: Callable[[int], bytes]) -> None:
        super().__init__(DEVICE, address)
        self._key, self._random = key, random
        self._peers = count(1)
        self._peer = 0
        self._talk: Conversation | None = None
        self._unsent = bytearray()
        self._waiting = asyncio.Event()
        self._hear: Hear = lambda heard: None

    def start(self, hear: Hear, tell: Tell) -> None:  # type: ignore[override]  # it hears tills, not a person's device
        """Open the line now and whenever it comes back."""
        self._hear = hear

        def changed(event: object) -> None:
            assert isinstance(event, DeviceChanged)
            tell(event)

        super().start(changed)

    def send(self, peer: int, data: bytes) -> None:
        """To the till of the present cable."""
        if peer == self._peer and len(self._unsent) + len(data) <= UNREAD_BYTES_MAX:
            self._unsent += data
            self._waiting.set()

    def received(self, data: bytes, now: float) -> None:
        """Bytes have come."""
        if self._talk is not None:
            self._talk.feed(data)

    async def connect(self) -> None:
        """Open the line; whoever is at its other end is a new till."""
        await super().connect()
        self._peer = next(self._peers)
        self._unsent.clear()
        self._talk = self._conversation(self._peer)

    async def serve(self) -> None:
        """Carry answers until the cable is pulled."""
        assert self._port is not None
        sending = asyncio.get_running_loop().create_task(self._carry())
        try:
            await self._port.gone()
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            self._talk = None
            self._hear(Heard(self._peer, None))

    async def _carry(self) -> None:
        assert self._port is not None
        while True:
            await self._waiting.wait()
            self._waiting.clear()
            data = bytes(self._unsent)
            self._unsent.clear()
            await self._port.send(data)

    def _conversation(self, peer: int) -> Conversation:
        return Conversation(
            lambda request: self._hear(Heard(peer, request)),
            lambda data: self.send(peer, data),
            self._key,
            self._random,
        )
