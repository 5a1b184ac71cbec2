"""Devices come and go: the kernel's and udev's own announcements, on the loop (netlink, NETLINK_KOBJECT_UEVENT)."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress

__all__ = ["Hotplug"]

_PROTOCOL = 15
"""NETLINK_KOBJECT_UEVENT of linux/netlink.h."""
_KERNEL, _UDEV = 1, 2
"""Multicast groups: the kernel's word that something is there, udev's that it has its name and its rights."""
_DATAGRAM_BYTES = 8192
_DATAGRAMS_MAX = 256
"""Of one wake-up; a storm goes on with the next."""


class Hotplug:
    """Calls ``tell`` whenever something came or went. What was said is not read: whoever is told looks for itself."""

    def __init__(self, tell: Callable[[], None]) -> None:
        self._tell = tell
        self._socket: socket.socket | None = None

    def start(self) -> None:
        """Listen, where the kernel lets us; in a container without netlink devices are found by trying."""
        with suppress(OSError, NotImplementedError):
            self._socket = socket.socket(
                socket.AF_NETLINK, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK, _PROTOCOL
            )
            self._socket.bind((0, _KERNEL | _UDEV))
            asyncio.get_running_loop().add_reader(self._socket.fileno(), self._heard)

    def close(self) -> None:
        """Listen no more."""
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket.fileno())
            self._socket.close()
            self._socket = None

    def _heard(self) -> None:
        assert self._socket is not None
        with suppress(OSError):  # also ENOBUFS: more was said than the kernel kept, which says enough
            for _ in range(_DATAGRAMS_MAX):
                self._socket.recv(_DATAGRAM_BYTES)
        self._tell()
