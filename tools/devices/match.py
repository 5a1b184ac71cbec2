"""Which connected device a section of a configuration means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drivers.address import usb_address
from drivers.discovery import Found

__all__ = ["Match", "matches"]


@dataclass(frozen=True, slots=True)
class Match:
    """A section, and the node it means now."""

    section: str
    address: str
    node: str = ""
    problem: str = ""
    """Empty when it is there and may be opened."""
    remedy: str = ""


def matches(devices: Mapping[str, Mapping[str, Any]], found: list[Found]) -> list[Match]:
    """A match for each configured device, in the configuration's order."""
    return [_match(section, str(settings["address"]), found) for section, settings in devices.items()]


def _match(section: str, address: str, found: list[Found]) -> Match:
    if address.startswith(("unix:", "tcp:", "fd:")):
        return Match(section, address, address)
    meant = [one for one in found if _means(address, one)]
    if not meant:
        path = Path(address.partition(":")[2].partition("?")[0] if ":" in address else address)
        if address.startswith(("file:", "serial:", "/")) and path.exists():
            return Match(section, address, str(path))
        return Match(section, address, "", "is not connected.", "Plug it in, or take an address from this list.")
    if address.startswith("usb:") and len(meant) > 1 and len({one.identity for one in meant}) > 1:
        several = ", ".join(one.node for one in meant)
        return Match(
            section, address, "", f"means several devices: {several}.", "Add the serial number: usb:VVVV:PPPP:SERIAL"
        )
    one = meant[0]
    return Match(section, address, one.node, one.problem, one.remedy)


def _means(address: str, one: Found) -> bool:
    if address.startswith("usb:"):
        usb = usb_address(address)
        return one.identity is not None and one.identity.matches(usb.vendor, usb.product, usb.serial)
    path = address.removeprefix("serial:").removeprefix("file:").partition("?")[0]
    return one.node == path or str(Path(path).resolve()) == one.node
