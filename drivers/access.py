"""Why a device may not be opened, and the udev rule that would allow it.

The rules stand in ``config/udev/70-countertop.rules``; a test holds both to the same lines.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["RULES", "Rule", "kind_of", "remedy_for", "rule_for"]

RULES_FILE = "config/udev/70-countertop.rules"


@dataclass(frozen=True, slots=True)
class Rule:
    """The right that a class of devices needs."""

    group: str
    line: str
    """As it stands in the rules file."""


RULES: Mapping[str, Rule] = {
    "input": Rule("input", 'SUBSYSTEM=="input", KERNEL=="event*", MODE="0660", GROUP="input"'),
    "serial": Rule("dialout", 'SUBSYSTEM=="tty", KERNEL=="ttyACM*|ttyUSB*|ttyS*", MODE="0660", GROUP="dialout"'),
    "printer": Rule("lp", 'SUBSYSTEM=="usbmisc", KERNEL=="lp*", MODE="0660", GROUP="lp"'),
    "hidraw": Rule("input", 'SUBSYSTEM=="hidraw", KERNEL=="hidraw*", MODE="0660", GROUP="input"'),
    "usb-printer": Rule(
        "lp",
        'SUBSYSTEM=="usb", ENV{DEVTYPE}=="usb_device", ENV{ID_USB_INTERFACES}=="*:0701*", MODE="0660", GROUP="lp"',
    ),
    "usb-hid": Rule(
        "input",
        'SUBSYSTEM=="usb", ENV{DEVTYPE}=="usb_device", ENV{ID_USB_INTERFACES}=="*:0300*", MODE="0660", GROUP="input"',
    ),
    "framebuffer": Rule("video", 'SUBSYSTEM=="graphics", KERNEL=="fb*", MODE="0660", GROUP="video"'),
}
"""By class of device. ``0300`` is a HID interface that is no boot keyboard and no mouse: those are never opened so."""

_BY_PREFIX = (
    ("/dev/input/", "input"),
    ("/dev/hidraw", "hidraw"),
    ("/dev/usb/lp", "printer"),
    ("/dev/fb", "framebuffer"),
    ("/dev/tty", "serial"),
    ("/dev/serial/", "serial"),
    ("serial:", "serial"),
)


def kind_of(driver: str, address: str) -> str:
    """The class of RULES that a driver's device belongs to; empty where its address says it."""
    if driver.startswith("evdev-"):
        return "input"
    if driver.startswith("hid-"):
        return "usb-hid"
    if address.startswith("usb:"):
        return "usb-printer" if driver == "escpos-printer" else "serial"
    return ""


def rule_for(address: str, kind: str = "") -> Rule | None:
    """The rule a device at this address needs; ``kind`` is a class of RULES where the address does not say."""
    if kind in RULES:
        return RULES[kind]
    bare = address.removeprefix("file:")
    return next((RULES[name] for prefix, name in _BY_PREFIX if bare.startswith(prefix)), None)


def remedy_for(address: str, kind: str = "") -> str:
    """What to do when this user may not open a device."""
    rule = rule_for(address, kind)
    if rule is None:
        return "Give this user the right to open it."
    return (
        f"Copy {RULES_FILE} to /etc/udev/rules.d, run: udevadm control --reload && udevadm trigger, and add this user "
        f"to the group {rule.group!r}. The rule it needs: {rule.line}"
    )
