"""The monitor: what a developer sees of a running terminal, as JSON lines over a Unix socket.

Lab and training only; refused elsewhere. Everything in it is masked as on the screen and on paper.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from iso8583 import Message
from terminal.screens.screen import Screen, Status

__all__ = ["Monitor"]

BUFFER_BYTES_MAX = 1 << 20
"""A watcher that does not read is cut off before it costs memory."""


class Monitor:
    """Tells watchers about screens, messages, devices and slips. Without watchers it costs nothing."""

    def __init__(self, longest_stall_s: Callable[[], float] = lambda: 0.0) -> None:
        self._longest_stall_s = longest_stall_s
        self._watchers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self._screen: Screen | None = None
        self.listeners: list[Callable[[str, Mapping[str, Any]], None]] = []
        """Within the process: hear everything but screens and messages."""
        self.ask_status: Callable[[], Status] | None = None
        """The status of the present life."""
        self.ask_devices: Callable[[], Mapping[str, Any]] = dict
        """State and counts of its devices, by name."""

    @property
    def watched(self) -> bool:
        """Whether anybody looks."""
        return bool(self._watchers)

    async def serve(self, path: Path) -> None:
        """Listen on a Unix socket that only this user may open."""
        with suppress(FileNotFoundError):
            path.unlink()
        self._server = await asyncio.start_unix_server(self._watch, path)
        os.chmod(path, 0o600)

    async def close(self) -> None:
        """Stop listening and let the watchers go."""
        if self._server is not None:
            self._server.close()
        for watcher in self._watchers:
            watcher.close()

    def screen(self, screen: Screen) -> None:
        """A screen has been put up."""
        self._screen = screen = replace(screen, peek="")  # of a password, not even its last letter
        if self._watchers:
            self._send("screen", asdict(screen))

    def status(self) -> Status | None:
        """Link, sign-on and what is open, as the status bar has it, but for the clock; None before the first life."""
        return self.ask_status() if self.ask_status is not None else None

    def message(self, direction: str, message: Message) -> None:
        """A message has come or gone; its rows are masked by the message itself."""
        if self._watchers:
            self._send("message", {"direction": direction, "mti": message.mti, "rows": list(message.rows())})

    def tell(self, type: str, **values: Any) -> None:
        """Send one line to every watcher, and let every listener hear it."""
        for hear in self.listeners:
            hear(type, values)
        if self._watchers:
            self._send(type, values)

    def _send(self, type: str, values: Mapping[str, Any]) -> None:
        line = _line(type, values)
        for watcher in tuple(self._watchers):
            if watcher.transport.get_write_buffer_size() > BUFFER_BYTES_MAX:
                watcher.transport.abort()
                self._watchers.discard(watcher)
            else:
                watcher.write(line)

    async def _watch(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._watchers.add(writer)
        if self._screen is not None:
            writer.write(_line("screen", asdict(self._screen)))
        try:
            while line := await reader.readline():
                if b'"devices"' in line:
                    writer.write(_line("devices", {"devices": self.ask_devices()}))
                elif b'"loop"' in line:
                    writer.write(_line("loop", {"longest_ms": round(self._longest_stall_s() * 1000, 1)}))
        except (OSError, ValueError):  # ValueError: a line beyond the reader's limit
            pass
        finally:
            self._watchers.discard(writer)
            writer.close()


def _line(type: str, values: Mapping[str, Any]) -> bytes:
    return json.dumps({"type": type, **values}, ensure_ascii=False).encode("utf-8") + b"\n"
