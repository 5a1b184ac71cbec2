"""JSON lines over a Unix socket: what the monitor and the host's control socket speak."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tools.rig.errors import RigError
from tools.rig.patience import PATIENCE

__all__ = ["Line", "Lines", "connect"]

Line = dict[str, Any]
LINE_BYTES_MAX = 8 << 20
CONNECT_S = 20.0 * PATIENCE
RETRY_S = 0.01


class Lines:
    """One connection; every line that comes is given to ``take``."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, take: Callable[[Line], None]
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._take = take
        self._task = asyncio.create_task(self._read())

    def send(self, line: Line) -> None:
        """Send one line."""
        self._writer.write(json.dumps(line).encode() + b"\n")

    async def close(self) -> None:
        """Hang up."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._writer.close()

    async def _read(self) -> None:
        try:
            while line := await self._reader.readline():
                self._take(json.loads(line))
        except OSError:
            pass  # the other end was killed: that is what a rig is for


async def connect(path: Path, take: Callable[[Line], None], alive: Callable[[], bool]) -> Lines:
    """Connect as soon as somebody listens. Raises RigError when nobody does, or ``alive`` says so."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + CONNECT_S
    while True:
        try:
            reader, writer = await asyncio.open_unix_connection(path, limit=LINE_BYTES_MAX)
        except OSError:
            if not alive() or loop.time() > deadline:
                raise RigError(f"Nobody listens on {path.name}.") from None
            await asyncio.sleep(RETRY_S)
        else:
            return Lines(reader, writer, take)
