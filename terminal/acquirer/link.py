"""The way to the host: one conversation at a time over TCP or TLS, frames in and out.

What a caller may conclude is in the exception: ``LinkDown`` means that no byte of the request
left this process; ``LinkLost`` that some may have. There is nothing between the two, so
a refused client certificate of TLS 1.3, which shows only at the first read, is ``LinkLost``.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from config import Tls
from iso8583.framing import UnionPayFrame, UnionPayFraming
from terminal.acquirer.tls import pinned, tls_context

__all__ = ["Channel", "Dial", "Endpoint", "HostLink", "Link", "LinkDown", "LinkLost"]

READ_BYTES = 4096
SHUTDOWN_S = 1.0
"""How long a connection that is no longer used may take to say goodbye; nobody waits for it."""
_TLS_FAULTS = {
    "WRONG_VERSION_NUMBER": "does not speak TLS",
    "UNSUPPORTED_PROTOCOL": "speaks only old versions of TLS",
    "TLSV1_ALERT_PROTOCOL_VERSION": "speaks only old versions of TLS",
    "SSLV3_ALERT_HANDSHAKE_FAILURE": "shares no method of encryption, or wants a certificate of this terminal",
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": "wants a certificate of this terminal",
    "TLSV1_ALERT_UNKNOWN_CA": "does not know the authority of this terminal's certificate",
}
"""OpenSSL's reasons, and what they mean to a person."""


class LinkDown(Exception):
    """The host cannot be reached; nothing has been sent. ``remedy`` says what to look at."""

    def __init__(self, text: str, remedy: str = "Check the network cable or signal, then sign on again.") -> None:
        super().__init__(text)
        self.remedy = remedy


class LinkLost(Exception):
    """The connection ended after something may have been sent: the result is unknown."""


Dial = Callable[..., Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]
"""``asyncio.open_connection``, or the simulation's own network."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A host's address."""

    host: str
    port: int


class Channel(Protocol):
    """An open conversation with the host."""

    async def send(self, frame: UnionPayFrame) -> None:
        """Hand a frame to the network. Raises LinkLost."""

    async def receive(self) -> UnionPayFrame:
        """The next frame. Raises LinkLost, or Iso8583Error for bytes that are no frame."""


class Link(Protocol):
    """Opens conversations; the simulation and the tests bring their own."""

    def open(self) -> AbstractAsyncContextManager[Channel]:
        """A conversation, closed on leaving. Raises LinkDown."""


class HostLink:
    """TCP or TLS to the first host of a list that answers."""

    def __init__(
        self,
        endpoints: Sequence[Endpoint],
        connect_s: float,
        tls: Tls | None = None,
        dial: Dial = asyncio.open_connection,
    ) -> None:
        """``tls``: of the configuration; None for a plain line. Raises TlsTrouble for files that cannot be used."""
        self._endpoints = tuple(endpoints)
        self._connect_s = connect_s
        self._tls = tls
        self._context = None if tls is None else tls_context(tls)
        self._dial = dial
        self.up: bool | None = None
        """Whether the last attempt to connect succeeded; None before the first."""

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Channel]:
        """Connect, primary host first; each host has ``connect_s`` seconds. Raises LinkDown."""
        reader, writer = await self._connect()
        try:
            yield _StreamChannel(reader, writer)
        finally:
            writer.close()  # not awaited: a mute peer must not hold the terminal

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        failures = []
        for endpoint in self._endpoints:
            try:
                async with asyncio.timeout(self._connect_s):
                    pair = await self._dial(endpoint.host, endpoint.port, **self._wanted(endpoint))
                self._check_key(pair[1])
            except (OSError, TimeoutError) as error:  # ssl.SSLError is an OSError
                failures.append(f"{endpoint.host}:{endpoint.port} {_plain(error)}")
            else:
                self.up = True
                return pair
        self.up = False
        raise LinkDown(f"No host answers: {'; '.join(failures) or 'none is configured'}.")

    def _wanted(self, endpoint: Endpoint) -> dict[str, Any]:
        if self._tls is None or self._context is None:
            return {"ssl": None}
        # asyncio's own patience with a mute host is a minute.
        return {
            "ssl": self._context,
            "server_hostname": self._tls.name or endpoint.host,
            "ssl_handshake_timeout": self._connect_s,
            "ssl_shutdown_timeout": SHUTDOWN_S,
        }

    def _check_key(self, writer: asyncio.StreamWriter) -> None:
        if self._tls is not None and not pinned(writer, self._tls.pins):
            writer.close()
            raise _WrongKey


class _WrongKey(OSError):
    """The host's certificate is signed, and its key is not one of the pins."""


def _plain(error: OSError | TimeoutError) -> str:
    if isinstance(error, _WrongKey):
        return "has a key that is not one of the pins"
    if isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLCertVerificationError):
        return _TLS_FAULTS.get(error.reason, "ends the TLS handshake")
    if isinstance(error, ConnectionRefusedError):
        return "refuses the connection"
    if isinstance(error, ssl.SSLCertVerificationError):
        return "shows a certificate that does not verify"
    if isinstance(error, TimeoutError):
        return "does not answer in time"
    return error.strerror or type(error).__name__ if isinstance(error, OSError) else type(error).__name__


class _StreamChannel:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._framing = UnionPayFraming()
        self._frames: list[UnionPayFrame] = []

    async def send(self, frame: UnionPayFrame) -> None:
        try:
            self._writer.write(self._framing.pack(frame))
            await self._writer.drain()
        except OSError as error:
            raise LinkLost(f"The connection broke while sending: {type(error).__name__}.") from None

    async def receive(self) -> UnionPayFrame:
        while not self._frames:
            try:
                data = await self._reader.read(READ_BYTES)
            except OSError as error:
                raise LinkLost(f"The connection broke while waiting: {type(error).__name__}.") from None
            if not data:
                raise LinkLost("The host closed the connection without an answer.")
            self._frames.extend(self._framing.feed(data))
        return self._frames.pop(0)
