"""The doctor on the devices: each opened and asked as the terminal does it, or seen through the terminal that has it.

A terminal that runs owns its devices: whoever else opened one would take a swipe or a slip from it. Then its word is
taken; where it says nothing, that is said.
"""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from drivers import registry
from drivers.access import kind_of, rule_for
from drivers.cash_drawer import CashDrawer
from drivers.device import Device
from drivers.display_framebuffer import DisplayTrouble
from drivers.display_line import LineDisplay
from drivers.events import DeviceState
from drivers.health import HealthLevel, Verdict
from drivers.opening import begin
from drivers.printer import Printer
from drivers.printer_status import PrinterError, PrinterTroubleReason
from terminal.service.device_word import DeviceWord, word_of, words_of_terminal
from terminal.service.doctor import RUNNING, UNUSED, Found, NotTried, Patient, Step

__all__ = ["DEVICE_STEPS"]

SAYS_NOTHING, BY_EYE = "doctor.says-nothing", "doctor.by-eye"
"""Catalogue keys: a device that prints or shows and never answers; what only a person can judge."""
_HELD = os.strerror(errno.EBUSY)
_PRINTER_TROUBLES: Mapping[str, str] = {
    PrinterTroubleReason.ABSENT: "printer-absent",
    PrinterTroubleReason.PAPER: "printer-paper",
    PrinterTroubleReason.COVER: "printer-cover",
    PrinterTroubleReason.OFFLINE: "printer-offline",
    PrinterTroubleReason.STALLED: "printer-stalled",
}
_PRINTER_ERRORS: Mapping[str, str] = {
    PrinterError.CUTTER: "printer-cutter",
    PrinterError.RECOVERABLE: "printer-recoverable",
    PrinterError.UNRECOVERABLE: "printer-broken",
    PrinterError.RECOVERS: "printer-hot",
}
_DRAWER = "drawer"


# --- opened, or told of -------------------------------------------------------------------------


async def _word(patient: Patient, name: str) -> DeviceWord:
    """What is known of a configured device. Raises NotTried, Found."""
    if name not in patient.settings.devices:
        raise NotTried(UNUSED)
    if patient.running:
        if patient.told is None:
            patient.told = await words_of_terminal(patient.settings, patient.patience_s)
        if name not in patient.told:
            raise NotTried(RUNNING)
        return patient.told[name]
    if patient.devices is None:
        patient.devices = await _open_all(patient)
    device = patient.devices.get(name)
    if device is None:
        raise Found(f"{name}-setting", f"[devices.{name}]")
    if isinstance(device, Printer) and device.state is DeviceState.OPEN:
        await device.check_health(HealthLevel.INTERNAL)
    return word_of(device)


async def _open_all(patient: Patient) -> dict[str, Device]:
    """All at once, so that many that are absent take no longer than one; let go when the examination ends."""
    devices = {}
    for name, settings in patient.settings.devices.items():
        with suppress(registry.SettingsRefused):
            devices[name] = registry.build(name, settings)
            patient.closing.push_async_callback(devices[name].close)
    await asyncio.gather(*(begin(device) for device in devices.values()))
    return devices


def _opened(patient: Patient, name: str) -> Device:
    """A device that may be tried out. Raises NotTried where a terminal has it."""
    if patient.running or patient.devices is None:
        raise NotTried(RUNNING)
    return patient.devices[name]


def _require_open(settings: Mapping[str, Any], name: str, word: DeviceWord) -> None:
    """Raises Found for a device that is not open."""
    address = str(settings["address"])
    if word.state == DeviceState.REFUSED:
        rule = rule_for(address, kind_of(str(settings["driver"]), address))
        raise Found(f"{name}-refused", rule.line if rule is not None else address)
    if word.state != DeviceState.OPEN:
        raise Found(f"{name}-held" if word.detail == _HELD else f"{name}-absent", address)


# --- readers and keys ---------------------------------------------------------------------------


def _input(name: str) -> Callable[[Patient], Awaitable[str]]:
    async def probe(patient: Patient) -> str:
        word = await _word(patient, name)
        settings = patient.settings.devices[name]
        _require_open(settings, name, word)
        if patient.person is not None:
            await _use(patient, name)
        return str(settings["address"])

    return probe


async def _use(patient: Patient, name: str) -> None:
    """Somebody swipes, scans or presses. Raises Found."""
    device, person = _opened(patient, name), patient.person
    assert person is not None
    failed = device.statistics["FailedReadCount"] + device.statistics["FailedScanCount"]
    person.say(f"doctor.use.{name}")
    if (await device.check_health(HealthLevel.INTERACTIVE)).verdict is not Verdict.BAD:
        return
    misread = device.statistics["FailedReadCount"] + device.statistics["FailedScanCount"] > failed
    raise Found(f"{name}-misread" if misread else f"{name}-unheard")


async def _pin_pad(patient: Patient) -> str:
    name = "pin_pad"
    word = await _word(patient, name)
    _require_open(patient.settings.devices[name], name, word)
    if patient.running:
        return ""  # asked by nobody but the terminal, and only between two customers
    health = await _opened(patient, name).check_health(HealthLevel.INTERNAL)
    if health.verdict is Verdict.BAD:
        raise Found("pin_pad-silent")
    return ""


# --- printer and what hangs on it ---------------------------------------------------------------


async def _printer(patient: Patient) -> str:
    name = "printer"
    word = await _word(patient, name)
    _require_open(patient.settings.devices[name], name, word)
    _look_at_paper(word)
    if patient.person is not None:
        printer = _opened(patient, name)
        assert isinstance(printer, Printer)
        await printer.check_health(HealthLevel.EXTERNAL)
        _look_at_paper(word_of(printer))
        if not await patient.person.agrees("doctor.ask.printer"):
            raise Found("printer-ribbon" if printer.model.impact else "printer-pale")
    elif not word.known:
        raise NotTried(SAYS_NOTHING)
    if word.paper_low:
        raise Found("printer-paper-low")
    return ""


def _look_at_paper(word: DeviceWord) -> None:
    """Raises Found for what keeps a printer from printing."""
    if word.trouble == PrinterTroubleReason.ERROR or word.error == PrinterError.RECOVERS:
        raise Found(_PRINTER_ERRORS.get(word.error, "printer-recoverable"))
    if word.trouble:
        raise Found(_PRINTER_TROUBLES.get(word.trouble, "printer-stalled"))


async def _cash_drawer(patient: Patient) -> str:
    settings = patient.settings.connected.printer
    if settings is None or not settings.drawer:
        raise NotTried(UNUSED)
    if patient.person is None:
        raise NotTried(BY_EYE)
    printer = _opened(patient, "printer")
    assert isinstance(printer, Printer)
    if printer.state is not DeviceState.OPEN:
        raise NotTried
    level = None if settings.drawer_open == "unknown" else settings.drawer_open
    health = await CashDrawer(_DRAWER, printer, settings.drawer_pin, level).check_health(HealthLevel.EXTERNAL)
    seen = health.verdict is Verdict.UNKNOWN and await patient.person.agrees("doctor.ask.drawer")
    if not seen and health.verdict is not Verdict.GOOD:
        raise Found("drawer-closed")
    return ""


# --- displays -----------------------------------------------------------------------------------


async def _customer_display(patient: Patient) -> str:
    settings, name = patient.settings.connected.customer_display, "customer_display"
    if settings is None:
        raise NotTried(UNUSED)
    _look_at_node(settings.address, name)
    if patient.running or patient.at_counter:
        return settings.address
    try:
        display = LineDisplay(settings.address)
    except DisplayTrouble as error:
        raise Found(f"{name}-held" if _HELD in str(error) else f"{name}-absent", settings.address) from None
    patient.closing.callback(display.close)
    if patient.person is not None:
        await display.check_health(HealthLevel.EXTERNAL)
        if not await patient.person.agrees("doctor.ask.customer_display"):
            raise Found(f"{name}-blank")
    return settings.address


async def _panel(patient: Patient) -> str:
    display = patient.settings.display
    if display.driver != "framebuffer" or display.address is None:
        raise NotTried(UNUSED)
    _look_at_node(display.address, "panel")
    return display.address


def _look_at_node(address: str, name: str) -> None:
    """Whether a display's node is there and may be opened. Raises Found."""
    kind, _, rest = address.rpartition(":")
    path = Path(rest.partition("?")[0])
    if kind == "file":
        return
    if not path.exists():
        raise Found(f"{name}-absent", address)
    if not os.access(path, os.R_OK | os.W_OK):
        rule = rule_for(address)
        raise Found(f"{name}-refused", rule.line if rule is not None else address)


DEVICE_STEPS = (
    Step("printer", "printer", _printer),
    Step("printer", _DRAWER, _cash_drawer),
    Step("msr", "msr", _input("msr")),
    Step("scanner", "scanner", _input("scanner")),
    Step("keypad", "keypad", _input("keypad")),
    Step("pin-pad", "pin_pad", _pin_pad),
    Step("displays", "customer_display", _customer_display),
    Step("displays", "panel", _panel),
)
