"""What the kernel knows of its devices (``/sys``): who made them, their serial number, the socket they are in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

__all__ = ["SYS", "UsbIdentity", "has_keys", "key_count", "node_of", "text_of", "usb_identity"]

SYS = Path("/sys")
_CLASSES = {"evdev": ("input", "event*", "input"), "serial": ("tty", "tty*", ""), "hidraw": ("hidraw", "hidraw*", "")}
"""Kind of node: class folder, names in it, folder below ``/dev``."""
_KEY_1, _KEY_ENTER = 2, 28
_WORD_BITS, _KEYS_MAX = 64, 256


@dataclass(frozen=True, slots=True)
class UsbIdentity:
    """What a USB device says of itself, and where it is plugged."""

    vendor: int
    product: int
    serial: str = ""
    maker: str = ""
    model: str = ""
    port: str = ""
    """Bus and chain of ports, such as ``1-2.3``: stays as long as the cable stays."""

    @property
    def address(self) -> str:
        """As a configuration names it: with the serial number if it has one."""
        known = f"usb:{self.vendor:04x}:{self.product:04x}"
        return f"{known}:{self.serial}" if self.serial else known

    def matches(self, vendor: int, product: int, serial: str) -> bool:
        """Whether it is meant; an empty serial number means any."""
        return (self.vendor, self.product) == (vendor, product) and serial in ("", self.serial)


def text_of(path: Path) -> str:
    """A line of a file in ``/sys``; empty when it cannot be read."""
    with suppress(OSError):
        return path.read_text("utf-8", "replace").strip()
    return ""


def usb_identity(device: Path) -> UsbIdentity | None:
    """The USB device that ``device`` is a part of, or None when it hangs on another bus."""
    with suppress(OSError, ValueError):
        place = device.resolve()
        for folder in (place, *place.parents):
            if (folder / "idVendor").exists():
                return UsbIdentity(
                    int(text_of(folder / "idVendor"), 16),
                    int(text_of(folder / "idProduct"), 16),
                    text_of(folder / "serial"),
                    text_of(folder / "manufacturer"),
                    text_of(folder / "product"),
                    folder.name,
                )
    return None


def node_of(kind: str, vendor: int, product: int, serial: str = "", *, sys: Path = SYS, dev: str = "/dev") -> str:
    """Node of a USB device by what it says of itself; kind is ``evdev``, ``serial`` or ``hidraw``. Raises OSError.

    Of several input nodes of one device the one that has digits is meant: the others are its volume keys.
    """
    found = [
        folder
        for folder in _folders(kind, sys)
        if (identity := usb_identity(folder / "device")) is not None and identity.matches(vendor, product, serial)
    ]
    if kind == "evdev":
        found.sort(key=lambda folder: not has_keys(folder))
    if not found:
        raise FileNotFoundError(2, f"no device {vendor:04x}:{product:04x} is connected")
    return "/".join(part for part in (dev, _CLASSES[kind][2], found[0].name) if part)


def has_keys(event: Path) -> bool:
    """Whether an input node could type digits: it has the keys 1 and Enter."""
    bits = _key_bits(event)
    return bool(bits >> _KEY_1 & 1 and bits >> _KEY_ENTER & 1)


def key_count(event: Path) -> int:
    """How many keys an input node has, buttons of mice and pads left out."""
    return (_key_bits(event) & ((1 << _KEYS_MAX) - 1)).bit_count()


def _key_bits(event: Path) -> int:
    bits = 0
    for word in text_of(event / "device" / "capabilities" / "key").split():
        bits = bits << _WORD_BITS | int(word, 16)
    return bits


def _folders(kind: str, sys: Path) -> Iterator[Path]:
    name, pattern, _ = _CLASSES[kind]
    for folder in sorted((sys / "class" / name).glob(pattern)):
        if (folder / "device").exists():
            yield folder
