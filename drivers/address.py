"""Addresses of devices: one syntax for nodes, sockets, descriptors and files."""

from __future__ import annotations

import fcntl
import os
import socket
from pathlib import Path

__all__ = ["open_input"]

EVIOCGRAB = 0x40044590
"""ioctl of linux/input.h: take the device for this process alone."""


def open_input(address: str) -> int:
    """A non-blocking file descriptor that gives a device's bytes. Raises OSError.

    ``/dev/input/…`` is grabbed, so that no console and no other program types along; ``unix:PATH``
    connects to a stream socket; ``fd:N`` takes an inherited descriptor.
    """
    if address.startswith("unix:"):
        peer = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK)
        try:
            peer.connect(address.removeprefix("unix:"))
        except OSError:
            peer.close()
            raise
        return peer.detach()
    if address.startswith("fd:"):
        descriptor = os.dup(int(address.removeprefix("fd:")))
        os.set_blocking(descriptor, False)
        return descriptor
    descriptor = os.open(Path(address), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        fcntl.ioctl(descriptor, EVIOCGRAB, 1)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
