"""How the host is reached: the first of several addresses that answers, over TCP or TLS.

An address that did not answer is remembered for a time and tried last, so that while the primary host is down not
every sale waits for it.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from config import Tls
from terminal.acquirer.tls import pinned, tls_context

__all__ = ["Dial", "Dialler", "Endpoint", "LinkDown", "watch_silence"]

SHUTDOWN_S = 1.0
"""How long a connection that is no longer used may take to say goodbye; nobody waits for it."""
KEEPALIVE_IDLE_S, KEEPALIVE_EACH_S, KEEPALIVE_COUNT = 10, 5, 3
"""The kernel asks a silent peer for a sign of life: a line that a router has forgotten is found in 25 s of silence."""
UNACKNOWLEDGED_MS = 25_000
"""What was sent and not acknowledged for so long ends the line, before the time for an answer is over."""
BROKEN_OFF = 0.5
"""Of ``connect_s``: a host that was silent for so long when the attempt was broken off has failed."""
_TLS_FAULTS = {
    "WRONG_VERSION_NUMBER": "does not speak TLS",
    "UNSUPPORTED_PROTOCOL": "speaks only old versions of TLS",
    "TLSV1_ALERT_PROTOCOL_VERSION": "speaks only old versions of TLS",
    "SSLV3_ALERT_HANDSHAKE_FAILURE": "shares no method of encryption, or wants a certificate of this terminal",
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": "wants a certificate of this terminal",
    "TLSV1_ALERT_UNKNOWN_CA": "does not know the authority of this terminal's certificate",
}
"""OpenSSL's reasons, and what they mean to a person."""

Dial = Callable[..., Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]
"""``asyncio.open_connection``, or the simulation's own network."""


class LinkDown(Exception):
    """The host cannot be reached; nothing has been sent. ``remedy`` says what to look at."""

    def __init__(self, text: str, remedy: str = "Check the network cable or signal, then sign on again.") -> None:
        super().__init__(text)
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A host's address."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Dialler:
    """Connects to the acquirer, primary host first."""

    def __init__(
        self, endpoints: Sequence[Endpoint], connect_s: float, tls: Tls | None, dial: Dial, avoid_s: float
    ) -> None:
        """``avoid_s``: how long an address that failed is tried last. Raises TlsTrouble."""
        self._endpoints = tuple(endpoints)
        self._connect_s = connect_s
        self._tls = tls
        self._context = None if tls is None else tls_context(tls)
        self._dial = dial
        self._avoid_s = avoid_s
        self._avoided_until: dict[Endpoint, float] = {}

    @property
    def order(self) -> tuple[Endpoint, ...]:
        """The addresses as they would be tried now."""
        now = asyncio.get_running_loop().time()
        return tuple(sorted(self._endpoints, key=lambda each: self._avoided_until.get(each, now) > now))

    def is_backup(self, endpoint: Endpoint) -> bool:
        """Whether an address is not the primary."""
        return endpoint != self._endpoints[0]

    async def connect(self) -> tuple[Endpoint, asyncio.StreamReader, asyncio.StreamWriter]:
        """The first that answers; each has ``connect_s`` seconds. Raises LinkDown."""
        failures = []
        now = asyncio.get_running_loop().time
        for endpoint in self.order:
            began = now()
            try:
                async with asyncio.timeout(self._connect_s):
                    reader, writer = await self._dial(endpoint.host, endpoint.port, **self._wanted(endpoint))
                self._check_key(writer)
            except (OSError, TimeoutError) as error:  # ssl.SSLError is an OSError
                failures.append(f"{endpoint} {_plain(error)}")
                self._avoid(endpoint)
            except asyncio.CancelledError:
                # Who wanted the line may have less time than a host; the next one need not wait for it again.
                if now() - began >= self._connect_s * BROKEN_OFF:
                    self._avoid(endpoint)
                raise
            else:
                self._avoided_until.pop(endpoint, None)
                return endpoint, reader, writer
        raise LinkDown(f"No host answers: {'; '.join(failures) or 'none is configured'}.")

    def _avoid(self, endpoint: Endpoint) -> None:
        self._avoided_until[endpoint] = asyncio.get_running_loop().time() + self._avoid_s

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


def watch_silence(writer: asyncio.StreamWriter) -> None:
    """Let the kernel find out when the peer of a silent line is gone, and keep routers from forgetting the line."""
    line = writer.get_extra_info("socket")
    if line is None:
        return
    with suppress(OSError):  # a line that has gone already says so itself
        line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, KEEPALIVE_IDLE_S)
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, KEEPALIVE_EACH_S)
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, KEEPALIVE_COUNT)
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNACKNOWLEDGED_MS)


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
