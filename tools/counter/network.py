"""The network between terminal and host, with a knob: good, slow, losing, late, silent, down."""

from __future__ import annotations

import asyncio
from contextlib import suppress

__all__ = ["MODES", "Network"]

MODES = {
    "ok": "as it should be",
    "slow": "every packet takes two seconds",
    "lossy": "every second answer is lost and the line drops",
    "late": "answers come when the terminal no longer waits for them",
    "silent": "requests arrive, answers do not",
    "down": "no connection",
}
SLOW_S = 2.0
READ_BYTES = 4096


class Network:
    """A TCP relay on loopback: the terminal connects to ``port`` and reaches the host, as far as the mode lets it."""

    def __init__(self, host_port: int, late_s: float) -> None:
        self._host_port = host_port
        self._late_s = late_s
        """How long an answer is kept back by ``late``: longer than the terminal's patience."""
        self.mode = "ok"
        self.port = 0
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._answers = 0

    async def start(self) -> None:
        """Listen; the port stays the same over every change of the mode."""
        self._server = await asyncio.start_server(self._relay, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Hang up."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self._hang_up()

    async def set(self, mode: str) -> None:
        """Turn the knob; what is going on is interrupted only by ``down``."""
        assert mode in MODES, "a mode of the table"
        if mode == "down":
            await self.close()
        elif self.mode == "down":
            await self.start()
        self.mode = mode

    def _hang_up(self) -> None:
        for writer in tuple(self._writers):
            writer.close()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._host_port)
        except OSError:
            self._writers.discard(writer)
            writer.close()
            return
        self._writers.add(far_writer)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._pump(reader, far_writer, answers=False))
                tasks.create_task(self._pump(far_reader, writer, answers=True))
        except* OSError:
            pass
        finally:
            for end in (writer, far_writer):
                self._writers.discard(end)
                end.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool) -> None:
        while data := await reader.read(READ_BYTES):
            if self.mode == "slow":
                await asyncio.sleep(SLOW_S)
            if answers and self.mode == "late":
                await asyncio.sleep(self._late_s)
            if answers and self.mode == "silent":
                continue
            if answers and self.mode == "lossy":
                self._answers += 1
                if self._answers % 2:
                    break
            writer.write(data)
            await writer.drain()
        with suppress(OSError):
            writer.close()
