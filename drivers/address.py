"""Addresses of devices: one syntax for nodes, identities, sockets and descriptors."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass

from drivers.sysfs import node_of

__all__ = ["UsbAddress", "line_address", "open_socket", "resolve", "usb_address"]


@dataclass(frozen=True, slots=True)
class UsbAddress:
    """``usb:VVVV:PPPP[:SERIAL]``; an empty serial number means any device of that kind."""

    vendor: int
    product: int
    serial: str = ""


def usb_address(address: str) -> UsbAddress:
    """The parts of a ``usb:`` address. Raises OSError for one that is none."""
    try:
        vendor, product, *serial = address.removeprefix("usb:").partition("?")[0].split(":", 2)
        return UsbAddress(int(vendor, 16), int(product, 16), serial[0] if serial else "")
    except ValueError:
        raise OSError(22, "the address is not usb:VVVV:PPPP[:SERIAL]") from None


def resolve(address: str, kind: str) -> str:
    """The node an address means now; ``kind`` is ``evdev`` or ``serial``. Raises OSError when it is not there."""
    if address.startswith("usb:"):
        usb = usb_address(address)
        return node_of(kind, usb.vendor, usb.product, usb.serial)
    return address


def line_address(address: str) -> str:
    """An address that drivers.port opens, for a serial line that may be named by what its device says of itself.

    ``usb:0c2e:0901:S1?baud=115200`` becomes ``serial:/dev/ttyACM0?baud=115200``. Raises OSError when it is not there.
    """
    if not address.startswith("usb:"):
        return address
    bare, mark, query = address.partition("?")
    return f"serial:{resolve(bare, 'serial')}{mark}{query}"


def open_socket(address: str) -> int | None:
    """A non-blocking descriptor for ``unix:PATH`` or ``fd:N``; None for any other address. Raises OSError."""
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
    return None
