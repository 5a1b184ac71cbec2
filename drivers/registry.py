"""From the names in a configuration to drivers: one row a driver."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from drivers.device import Device

__all__ = ["DRIVERS", "Row", "SettingsRefused", "build"]


class SettingsRefused(Exception):
    """A driver cannot do what its section asks. ``remedy`` is for the technician; no value is quoted."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"The device {name} cannot be set up: {reason}.")
        self.remedy = f"Correct the section [devices.{name}]; see docs/technician/devices.md."


@dataclass(frozen=True, slots=True)
class Row:
    """Module and class of a driver, loaded only when a configuration names it, and the settings it takes."""

    module: str
    attribute: str
    settings: tuple[str, ...] = ()
    """Keys of its section that are handed over by name, beside the address."""


_TYPED = ("layout", "keys")
_FRAMED = ("prefix", "suffix", "charset", "aim")

DRIVERS: dict[str, Row] = {
    "evdev-keypad": Row("drivers.keypad", "Keypad"),
    "evdev-msr": Row("drivers.msr", "MagneticStripeReader", (*_TYPED, "lrc")),
    "hid-msr": Row("drivers.msr_hid", "HidStripeReader"),
    "evdev-scanner": Row("drivers.scanner", "Scanner", (*_TYPED, *_FRAMED, "silence_ms")),
    "hid-scanner": Row("drivers.scanner_hid", "HidScanner", _FRAMED),
    "serial-scanner": Row("drivers.scanner_serial", "SerialScanner", (*_FRAMED, "silence_ms")),
    "serial-pin-pad": Row("drivers.pin_pad", "PinPad", ("mode", "key_index", "ack_ms")),
    "escpos-printer": Row("drivers.printer", "Printer", ("model",)),
}
"""By the name that a configuration uses."""


def build(name: str, settings: Mapping[str, Any]) -> Device:
    """The device ``name`` as its section describes it. Raises SettingsRefused."""
    row = DRIVERS[settings["driver"]]
    make = getattr(import_module(row.module), row.attribute)
    chosen = {key: settings[key] for key in row.settings if key in settings}
    try:
        device: Device = make(name, settings["address"], **chosen)
    except ValueError as error:
        raise SettingsRefused(name, str(error)) from None
    return device
