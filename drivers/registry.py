"""From the names in a configuration to drivers: one row a driver."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from drivers.device import Device

__all__ = ["DRIVERS", "build"]

DRIVERS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "evdev-keypad": ("drivers.keypad", "Keypad", ()),
    "evdev-msr": ("drivers.msr", "MagneticStripeReader", ()),
    "evdev-scanner": ("drivers.scanner", "Scanner", ()),
    "escpos-printer": ("drivers.printer", "Printer", ("model",)),
}
"""Module and class of each driver, loaded only when a configuration names it, and the keys of its section it gets."""


def build(name: str, settings: Mapping[str, Any]) -> Device:
    """The device ``name`` as its section describes it."""
    module, attribute, keys = DRIVERS[settings["driver"]]
    make: Callable[..., Device] = getattr(import_module(module), attribute)
    return make(name, settings["address"], **{key: settings[key] for key in keys if key in settings})
