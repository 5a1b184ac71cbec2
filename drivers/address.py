"""Addresses of devices: one syntax for nodes, identities, sockets, descriptors and files."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from urllib.parse import parse_qs

from drivers.sysfs import node_of

__all__ = ["SerialAddress", "UsbAddress", "open_socket", "resolve", "serial_address", "usb_address"]

BAUD_DEFAULT = 9600
_PARITIES = {"none": "N", "even": "E", "odd": "O"}


@dataclass(frozen=True, slots=True)
class UsbAddress:
    """``usb:VVVV:PPPP[:SERIAL]``; an empty serial number means any device of that kind."""

    vendor: int
    product: int
    serial: str = ""


@dataclass(frozen=True, slots=True)
class SerialAddress:
    """``serial:/dev/…?baud=9600&bits=8&parity=none&stop=1``, or ``usb:…`` for a line over USB."""

    node: str
    baud: int = BAUD_DEFAULT
    bits: int = 8
    parity: str = "N"
    """As pyserial names it: N, E, O."""
    stop: int = 1


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
    return address.removeprefix("serial:").partition("?")[0]


def serial_address(address: str) -> SerialAddress:
    """Node and line settings; what is left out is 9600 bits a second, 8, none, 1. Raises OSError."""
    options = {name: values[-1] for name, values in parse_qs(address.partition("?")[2]).items()}
    node = resolve(address, "serial")
    try:
        return SerialAddress(
            node,
            int(options.get("baud", BAUD_DEFAULT)),
            int(options.get("bits", 8)),
            _PARITIES[options.get("parity", "none")],
            int(options.get("stop", 1)),
        )
    except (ValueError, KeyError):
        raise OSError(22, "the address is not serial:/dev/…?baud=9600&bits=8&parity=none&stop=1") from None


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
