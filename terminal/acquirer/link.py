"""The way to the host: one conversation at a time over TCP or TLS, frames in and out.

What a caller may conclude is in the exception: ``LinkDown`` means that no byte of the request
left this process; ``LinkLost`` that some may have. There is nothing between the two, so
a refused client certificate of TLS 1.3, which shows only at the first read, is ``LinkLost``.

A connection is opened for each conversation, or kept for the next one. A kept one is handed out only when it is even
(``Line``) at that moment; after a conversation that did not end with its answer it is closed, whatever ended it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

from config import Host, Tls
from iso8583.framing import UnionPayFrame, UnionPayFraming
from terminal.acquirer.dialling import SHUTDOWN_S, Dial, Dialler, Endpoint, LinkDown, watch_silence
from terminal.acquirer.line import Framing, Line, LinkLost

__all__ = ["SHUTDOWN_S", "Channel", "Dial", "Endpoint", "HostLink", "Link", "LinkDown", "LinkLost"]

LOOK_TURNS = 8
"""Turns of the loop in which what the kernel holds for a kept line reaches it, also through the flight recorder."""


class Channel(Protocol):
    """An open conversation with the host."""

    async def send(self, frame: UnionPayFrame) -> None:
        """Hand a frame to the network. Raises LinkLost."""

    async def receive(self) -> UnionPayFrame:
        """The next frame. Raises LinkLost, or Iso8583Error for bytes that are no frame."""

    def answered(self) -> None:
        """The frame just received is the answer to what was sent; until then the host owes one."""


class Link(Protocol):
    """Opens conversations; the simulation and the tests bring their own."""

    @property
    def endpoint(self) -> Endpoint | None:
        """The host that was last reached."""

    @property
    def on_backup(self) -> bool:
        """Whether that is not the primary."""

    def open(self) -> AbstractAsyncContextManager[Channel]:
        """A conversation, ended on leaving. Raises LinkDown."""


class HostLink:
    """TCP or TLS to the first host of a list that answers."""

    def __init__(
        self,
        endpoints: Sequence[Endpoint],
        connect_s: float,
        tls: Tls | None = None,
        dial: Dial = asyncio.open_connection,
        *,
        framing: Callable[[Endpoint], Framing] = lambda endpoint: UnionPayFraming(),
        keep_s: float | None = None,
        avoid_s: float = 0.0,
    ) -> None:
        """As ``of`` calls it. ``tls``: None for a plain line. ``keep_s``: how long a connection may be idle before
        it is closed; None: each is for one conversation. ``avoid_s``: see Dialler. Raises TlsTrouble.
        """
        self._dialler = Dialler(endpoints, connect_s, tls, dial, avoid_s)
        self._framing = framing
        self._keep_s = keep_s
        self._kept: tuple[Endpoint, Line] | None = None
        self._idle: asyncio.TimerHandle | None = None
        self._networks = 0
        self.up: bool | None = None
        """Whether the last attempt to connect succeeded; None before the first."""
        self._endpoint: Endpoint | None = None
        self.changed: Callable[[], None] = lambda: None
        """Called when the host can be reached again, or no more, or another one was."""

    @classmethod
    def of(
        cls,
        host: Host,
        connect_s: float,
        dial: Dial = asyncio.open_connection,
        endpoints: Sequence[Endpoint] | None = None,
    ) -> HostLink:
        """As the configuration says; ``endpoints``: other addresses than its own. Raises TlsTrouble."""
        return cls(
            [Endpoint(*pair) for pair in host.endpoints] if endpoints is None else endpoints,
            connect_s,
            host.tls,
            dial,
            framing=_framing_of(host),
            keep_s=host.idle_s if _persistent(host) else None,
            avoid_s=host.backup_s,
        )

    @property
    def endpoint(self) -> Endpoint | None:
        """The host that was last reached."""
        return self._endpoint

    @property
    def on_backup(self) -> bool:
        """Whether the host that was last reached is not the primary."""
        return self._endpoint is not None and self._dialler.is_backup(self._endpoint)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Channel]:
        """The kept connection if it is even, else a new one, primary host first. Raises LinkDown."""
        networks = self._networks
        endpoint, line = await self._taken() or await self._dialled()
        try:
            yield line
        except BaseException:
            line.close()
            raise
        if self._keep_s is not None and line.even and self._kept is None and networks == self._networks:
            self._keep(endpoint, line, self._keep_s)
        else:
            line.close()

    def network_changed(self) -> None:
        """The machine has another way out: no connection from before is used for another conversation."""
        self._networks += 1
        self.close()

    def close(self) -> None:
        """Hang up a connection that is kept."""
        if self._idle is not None:
            self._idle.cancel()
        kept, self._kept, self._idle = self._kept, None, None
        if kept is not None:
            kept[1].close()

    def _keep(self, endpoint: Endpoint, line: Line, keep_s: float) -> None:
        line.disturbed = self.close  # nobody has asked anything: the host hangs up, or what comes is no answer
        self._kept = endpoint, line
        self._idle = asyncio.get_running_loop().call_later(keep_s, self.close)

    async def _taken(self) -> tuple[Endpoint, Line] | None:
        """The kept connection, unless it ends in this moment, or leads to a backup whose time is over."""
        for _ in range(LOOK_TURNS if self._kept else 0):
            await asyncio.sleep(0)
        if self._kept is None:
            return None
        endpoint, line = self._kept
        if not line.even or endpoint != self._dialler.order[0]:
            self.close()
            return None
        assert self._idle is not None
        self._idle.cancel()
        self._kept = self._idle = None
        line.disturbed = lambda: None
        return endpoint, line

    async def _dialled(self) -> tuple[Endpoint, Line]:
        before = self.up, self._endpoint
        try:
            self._endpoint, reader, writer = await self._dialler.connect()
            self.up = True
        except LinkDown:
            self.up = False
            raise
        finally:
            if before != (self.up, self._endpoint):
                self.changed()
        if self._keep_s is not None:
            watch_silence(writer)
        return self._endpoint, Line(reader, writer, self._framing(self._endpoint))


def _persistent(host: Host) -> bool:
    return host.connection == "persistent"


def _framing_of(host: Host) -> Callable[[Endpoint], Framing]:
    if host.transport == "tcp":
        return lambda endpoint: UnionPayFraming()
    from iso8583.http_framing import HttpTarget, UnionPayHttpFraming  # only where it is spoken

    def framing(endpoint: Endpoint) -> Framing:
        return UnionPayHttpFraming(HttpTarget(host.path, str(endpoint), closes=not _persistent(host)))

    return framing
