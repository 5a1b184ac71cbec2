"""What is connected: every node that could be a device of a counter, what it is taken for, and why.

Read from ``/sys`` alone, without opening anything. A guess says what it rests on; a technician decides.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from drivers.access import remedy_for
from drivers.sysfs import SYS, UsbIdentity, has_keys, key_count, text_of, usb_identity

__all__ = ["Found", "Use", "discover"]

DEV = Path("/dev")


class Use(StrEnum):
    """What a device is taken for; the names of the sections in a configuration."""

    KEYPAD = "keypad"
    MSR = "msr"
    SCANNER = "scanner"
    PRINTER = "printer"
    DISPLAY = "display"
    BEEPER = "beeper"
    SERIAL = "serial line"
    """A printer, PIN pad, display or scanner: the line does not say."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Found:
    """One device."""

    use: Use
    why: str
    address: str
    """By which a configuration should name it: the most stable one there is."""
    node: str
    name: str
    driver: str = ""
    """Of the configuration; empty where there is none for it or it cannot be told."""
    identity: UsbIdentity | None = None
    problem: str = ""
    """Why this user cannot open it; empty when that is right."""
    remedy: str = ""


_STRIPE_VENDORS = {0x0801: "MagTek", 0x0ACD: "ID TECH"}
_SCANNER_VENDORS = {
    0x05E0: "Zebra", 0x05F9: "Datalogic", 0x080C: "Datalogic", 0x0C2E: "Honeywell", 0x1EAB: "Newland",
}  # fmt: skip
_STRIPE_NAME = re.compile(r"(?i)\b(msr|mag(netic)?|stripe|swipe|card ?reader)")
_SCANNER_NAME = re.compile(r"(?i)\b(scan(ner)?|bar ?code|imager|qr)")
_KEYPAD_NAME = re.compile(r"(?i)\b(key ?pad|numeric|pos keyboard)")
KEYPAD_KEYS_MAX = 40
"""A keyboard has more keys than a keypad."""
_PRINTER_CLASS, _HID_CLASS = "07", "03"
_POS_PAGE, _VENDOR_PAGE = b"\x05\x8c", b"\x06\x00\xff"
"""Beginning of a report descriptor: usage page 8C, bar code scanners; FF00, the maker's own."""
_LINKS = ("input/by-id", "serial/by-id", "input/by-path", "serial/by-path")


def discover(sys: Path = SYS, dev: Path = DEV) -> list[Found]:
    """All devices, in the order of their nodes."""
    links = dict(_links(dev))
    finders = (_inputs, _hid, _serial_lines, _printers, _panels)
    found = [each for finder in finders for each in finder(sys, dev, links)]
    return sorted(found, key=lambda each: (each.use == Use.UNKNOWN, each.node))


def _links(dev: Path) -> Iterator[tuple[str, str]]:
    """Stable name by node; those by id after those by path, so that they win."""
    for folder in reversed(_LINKS):
        with suppress(OSError):
            for link in sorted((dev / folder).iterdir()):
                yield str(link.resolve()), str(link)


def _found(
    use: Use, why: str, node: Path, links: Mapping[str, str], device: Path, name: str, driver: str, kind: str
) -> Found:
    identity = usb_identity(device)
    address = links.get(str(node.resolve()), "")
    if not address or "/by-path/" in address:
        address = identity.address if identity is not None and identity.serial else address or str(node)
    if kind == "serial":
        address = f"{address if address.startswith('usb:') else f'serial:{address}'}?baud=9600"
    problem = _problem(node)
    remedy = remedy_for(str(node), kind) if problem else ""
    return Found(use, why, address, str(node), name, driver, identity, problem, remedy)


def _problem(node: Path) -> str:
    if not node.exists():
        return "The node is not there."
    return "" if os.access(node, os.R_OK | os.W_OK) else "This user may not open it."


def _inputs(sys: Path, dev: Path, links: Mapping[str, str]) -> Iterator[Found]:
    for event in sorted((sys / "class" / "input").glob("event*")):
        name = text_of(event / "device" / "name")
        if text_of(event / "device" / "capabilities" / "snd") not in ("", "0"):
            use, why, driver = Use.BEEPER, "it can make tones", ""
        elif not has_keys(event):
            use, why, driver = Use.UNKNOWN, "it has no digits or no Enter", ""
        else:
            use, why, driver = _typing(name, usb_identity(event / "device"), key_count(event))
        yield _found(use, why, dev / "input" / event.name, links, event / "device", name, driver, "input")


def _typing(name: str, identity: UsbIdentity | None, keys: int) -> tuple[Use, str, str]:
    """What a device is that types: by its maker, by its name, by its keys."""
    vendor = identity.vendor if identity is not None else 0
    if vendor in _STRIPE_VENDORS:
        return Use.MSR, f"its maker is {_STRIPE_VENDORS[vendor]}", "evdev-msr"
    if _KEYPAD_NAME.search(name):
        return Use.KEYPAD, "its name", "evdev-keypad"
    if _STRIPE_NAME.search(name):
        return Use.MSR, "its name", "evdev-msr"
    if vendor in _SCANNER_VENDORS:
        return Use.SCANNER, f"its maker is {_SCANNER_VENDORS[vendor]}", "evdev-scanner"
    if _SCANNER_NAME.search(name):
        return Use.SCANNER, "its name", "evdev-scanner"
    if keys <= KEYPAD_KEYS_MAX:
        return Use.KEYPAD, f"it types digits and has {keys} keys", "evdev-keypad"
    return Use.UNKNOWN, "a keyboard: keypad, reader or scanner cannot be told apart by it", ""


def _hid(sys: Path, dev: Path, links: Mapping[str, str]) -> Iterator[Found]:
    """HID devices that are no keyboards; they are opened over libusb, by what they say of themselves."""
    for raw in sorted((sys / "class" / "hidraw").glob("hidraw*")):
        identity = usb_identity(raw / "device")
        try:
            descriptor = (raw / "device" / "report_descriptor").read_bytes()
        except OSError:
            descriptor = b""
        if identity is None or any((raw / "device" / "input").glob("input*")):
            continue  # of another bus, or already seen as an input device
        use, why, driver = Use.UNKNOWN, "a HID device of a kind without a driver", ""
        if descriptor.startswith(_POS_PAGE):
            use, why, driver = Use.SCANNER, "its reports are those of a scanner in POS mode", "hid-scanner"
        elif descriptor.startswith(_VENDOR_PAGE) and identity.vendor in _STRIPE_VENDORS:
            maker = _STRIPE_VENDORS[identity.vendor]
            use, why, driver = Use.MSR, f"its maker is {maker}, its reports are no keys", "hid-msr"
        found = _found(use, why, dev / raw.name, links, raw / "device", identity.model, driver, "usb-hid")
        yield Found(use, why, identity.address, found.node, found.name, driver, identity, found.problem, found.remedy)


def _serial_lines(sys: Path, dev: Path, links: Mapping[str, str]) -> Iterator[Found]:
    for tty in sorted((sys / "class" / "tty").glob("tty*")):
        identity = usb_identity(tty / "device") if (tty / "device").exists() else None
        on_board = tty.name.startswith("ttyS") and text_of(tty / "type") not in ("", "0")
        if identity is None and not on_board:
            continue
        use, why, driver = Use.SERIAL, "a line says nothing of what hangs on it", ""
        if identity is not None and identity.vendor in _SCANNER_VENDORS:
            use, why = Use.SCANNER, f"its maker is {_SCANNER_VENDORS[identity.vendor]}"
            driver = "serial-scanner"
        name = identity.model if identity is not None else "serial port"
        yield _found(use, why, dev / tty.name, links, tty / "device", name, driver, "serial")


def _printers(sys: Path, dev: Path, links: Mapping[str, str]) -> Iterator[Found]:
    """By the class of an interface, whether the kernel's driver has it or not."""
    for interface in sorted((sys / "bus" / "usb" / "devices").glob("*:*")):
        identity = usb_identity(interface)
        if identity is None or text_of(interface / "bInterfaceClass") != _PRINTER_CLASS:
            continue
        device = interface.resolve().parent
        bus, number = text_of(device / "busnum"), text_of(device / "devnum")
        node = dev / "bus" / "usb" / bus.zfill(3) / number.zfill(3)
        problem = _problem(node)
        yield Found(Use.PRINTER, "its USB class", identity.address, str(node), identity.model, "escpos-printer",
                    identity, problem, remedy_for("", "usb-printer") if problem else "")  # fmt: skip


def _panels(sys: Path, dev: Path, links: Mapping[str, str]) -> Iterator[Found]:
    for panel in sorted((sys / "class" / "graphics").glob("fb[0-9]*")):
        node, name = dev / panel.name, text_of(panel / "name")
        problem = _problem(node)
        size = text_of(panel / "virtual_size").replace(",", " x ")
        why = f"a framebuffer of {size} dots" if size else "a framebuffer"
        remedy = remedy_for(str(node), "framebuffer") if problem else ""
        yield Found(Use.DISPLAY, why, str(node), str(node), name, "framebuffer", None, problem, remedy)
