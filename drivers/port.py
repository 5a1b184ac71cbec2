"""A way for bytes to an output device and back: nodes, serial lines, sockets and files on the loop; USB beside it.

``send`` ends when the other side has taken everything; who waits for it may look at ``sent`` meanwhile.
"""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import socket
import stat
import struct
import termios
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from drivers.serial_line import open_serial

__all__ = ["DescriptorPort", "Port", "open_port"]

Received = Callable[[bytes], None]
READ_BYTES = 4096
CONNECT_S = 5.0
LOOK_FIRST_S, LOOK_MAX_S = 0.001, 0.02
_TIOCOUTQ = 0x5411
"""Bytes the kernel still holds: of a tty (tty_ioctl(4)) and, under the name SIOCOUTQ, of a socket (tcp(7), unix(7))."""
_LPGETSTATUS = 0x060B
"""linux/lp.h; usblp answers with the port status of the USB printer class."""
_USBLP_MAJOR = 180
_KEEPALIVE_IDLE_S, _KEEPALIVE_APART_S, _KEEPALIVE_TIMES = 10, 5, 3


class Port(Protocol):
    """Where bytes go to, open from its making on."""

    sent: int
    """Bytes taken since it was opened."""
    answers: bool
    """Whether anything can come back."""

    async def send(self, data: bytes) -> None:
        """Hand over; ends when all is taken. Raises OSError when the device is gone."""

    async def gone(self) -> None:
        """Wait until the device is gone."""

    async def port_status(self) -> int | None:
        """Port status byte of the USB printer class; None where there is none."""

    def close(self) -> None:
        """Let it go; what was not taken is forgotten."""


async def open_port(address: str, received: Received) -> Port:
    """Open an address: ``/dev/…``, ``file:``, ``serial:…?baud=N``, ``tcp:HOST:PORT``, ``unix:``, ``usb:VVVV:PPPP``.

    ``received`` is given what comes back. Raises OSError.
    """
    kind, _, rest = address.partition(":")
    match kind:
        case "usb":
            from drivers.usb_port import open_usb

            return await open_usb(rest, received)
        case "tcp":
            host, _, port = rest.rpartition(":")
            return DescriptorPort(await _connected(host.strip("[]"), int(port)), received)
        case "unix":
            peer = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK)
            try:
                peer.connect(rest)
            except OSError:
                peer.close()
                raise
            return DescriptorPort(peer.detach(), received)
        case "serial":
            return DescriptorPort(open_serial(rest), received)
        case _:
            return _node(address.removeprefix("file:"), received)


def _node(path: str, received: Received) -> Port:
    flags = os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        if path.startswith("/dev/"):
            raise  # a printer that is not plugged in, and no place for a file
        mode = stat.S_IFREG
    if stat.S_ISREG(mode):
        return FilePort(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | flags, 0o600))
    descriptor = os.open(path, os.O_RDWR | flags)
    try:
        return DescriptorPort(descriptor, received)
    except PermissionError:  # epoll's word for "this never keeps anybody waiting", such as /dev/null
        return FilePort(descriptor)


async def _connected(host: str, port: int) -> int:
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(CONNECT_S):  # TimeoutError is an OSError
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        last: OSError = OSError(errno.EHOSTUNREACH, os.strerror(errno.EHOSTUNREACH))
        for family, kind, protocol, _, where in found:
            peer = socket.socket(family, kind | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK, protocol)
            try:
                await loop.sock_connect(peer, where)
                _keep_alive(peer)
                return peer.detach()
            except OSError as error:
                last = error
                peer.close()
            except BaseException:
                peer.close()
                raise
        raise last


def _keep_alive(peer: socket.socket) -> None:
    """A printer that lost its power says no goodbye: ask every few seconds whether it is still there."""
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _KEEPALIVE_IDLE_S)
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, _KEEPALIVE_APART_S)
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, _KEEPALIVE_TIMES)


class DescriptorPort:
    """A non-blocking descriptor on the loop."""

    answers = True

    def __init__(self, descriptor: int, received: Received) -> None:
        self.sent = 0
        self._descriptor = descriptor
        self._received = received
        self._loop = asyncio.get_running_loop()
        self._gone: asyncio.Future[None] = self._loop.create_future()
        self._writable: asyncio.Future[None] | None = None
        mode = os.fstat(descriptor)
        self._is_usblp = stat.S_ISCHR(mode.st_mode) and os.major(mode.st_rdev) == _USBLP_MAJOR
        self._loop.add_reader(descriptor, self._readable)

    async def send(self, data: bytes) -> None:
        """Hand over; ends when the kernel holds nothing more of it."""
        rest = memoryview(data)
        while rest:
            self._require()
            try:
                taken = os.write(self._descriptor, rest)
            except BlockingIOError:
                await self._until_writable()
                continue
            except OSError:
                self._lose()
                raise
            self.sent += taken
            rest = rest[taken:]
        if self._is_usblp:
            await self._until_writable()  # usblp takes a transfer and is writable when it has gone through
        pause_s = LOOK_FIRST_S
        while self._held():
            await asyncio.sleep(pause_s)  # the kernel tells nobody when a queue is empty
            pause_s = min(pause_s * 2, LOOK_MAX_S)
        self._require()

    async def gone(self) -> None:
        """Wait until the device is gone."""
        await asyncio.shield(self._gone)

    async def port_status(self) -> int | None:
        """Asked of usblp, which asks the printer over the control endpoint; None elsewhere."""
        if not self._is_usblp or self._descriptor < 0:
            return None
        # A control transfer that is not answered blocks for seconds: never on the loop.
        return await asyncio.to_thread(_port_status, self._descriptor)

    def close(self) -> None:
        """Let it go."""
        if self._descriptor >= 0:
            self._lose()
            with suppress(OSError, termios.error):
                # The kernel would hold up the loop for half a minute to let a stuck tty send what it still has.
                termios.tcflush(self._descriptor, termios.TCOFLUSH)
            os.close(self._descriptor)
            self._descriptor = -1

    def _require(self) -> None:
        if self._gone.done():
            raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))

    def _held(self) -> int:
        if self._gone.done():
            return 0
        try:
            answer = fcntl.ioctl(self._descriptor, _TIOCOUTQ, bytes(4))
        except OSError:
            return 0  # a node that has no queue
        return int(struct.unpack("i", answer)[0])

    async def _until_writable(self) -> None:
        self._require()
        self._writable = self._loop.create_future()
        self._loop.add_writer(self._descriptor, self._wake)
        try:
            await self._writable
        finally:
            self._writable = None
            if self._descriptor >= 0:
                self._loop.remove_writer(self._descriptor)

    def _wake(self) -> None:
        if self._writable is not None and not self._writable.done():
            self._writable.set_result(None)

    def _readable(self) -> None:
        data, lost = b"", False
        try:
            data = os.read(self._descriptor, READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            lost = True
        if data:
            self._received(data)
        elif not self._is_usblp or lost:  # usblp hands on packets of no length, which some printers send
            self._lose()

    def _lose(self) -> None:
        self._loop.remove_reader(self._descriptor)
        self._loop.remove_writer(self._descriptor)
        self._wake()
        if not self._gone.done():
            self._gone.set_result(None)


class FilePort:
    """A file that bytes are added to; written in a thread, for a disk may take its time."""

    answers = False

    def __init__(self, descriptor: int) -> None:
        self.sent = 0
        self._descriptor = descriptor

    async def send(self, data: bytes) -> None:
        """Add to the file."""
        rest = memoryview(data)
        while rest:
            taken = await asyncio.to_thread(os.write, self._descriptor, rest)
            self.sent += taken
            rest = rest[taken:]

    async def gone(self) -> None:
        """A file stays."""
        await asyncio.get_running_loop().create_future()

    async def port_status(self) -> int | None:
        """It has none."""
        return None

    def close(self) -> None:
        """Let it go."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def _port_status(descriptor: int) -> int | None:
    with suppress(OSError):
        return int(struct.unpack("i", fcntl.ioctl(descriptor, _LPGETSTATUS, bytes(4)))[0])
    return None
