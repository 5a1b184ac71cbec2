"""Early warnings: what the devices' counts say before something fails (``device_record``)."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from terminal.service.device_record import DeviceRecord, read_record
from terminal.service.doctor import UNUSED, Found, NotTried, Patient, Step
from terminal.service.doctor_faults import Fault

__all__ = ["RULES", "WEAR_STEPS", "Use", "Wear", "done", "worn"]

LOSSES_A_DAY = 5
"""A device that goes and comes more often has a loose plug, a bad cable or too little current."""
READS_LEAST, FAILED_PERCENT = 20, 10
"""Of a week: fewer reads say nothing; more failures than this are a dirty head or window."""
DAMAGED_A_DAY = 20
"""Packets of a PIN pad that came damaged."""
CUTS_LIFE, HEAD_LIFE_M = 1_000_000, 100_000
"""What makers of receipt printers give for the knife and the thermal head at the least; some last twice as long."""
_MM = 1000


@dataclass(frozen=True, slots=True)
class Wear:
    """One rule: which warning, of which devices, and when; ``measure`` gives what is told, or nothing."""

    warning: str
    devices: tuple[str, ...]
    measure: Callable[[Counter[str], Counter[str], Counter[str]], str]
    """Of the total, the week, and today."""


def _loose(total: Counter[str], week: Counter[str], today: Counter[str]) -> str:
    losses = today["CommunicationErrorCount"]
    return str(losses) if losses > LOSSES_A_DAY else ""


def _failing(total: Counter[str], week: Counter[str], today: Counter[str]) -> str:
    failed, reads = _reads(week)
    return f"{100 * failed // reads} %" if reads >= READS_LEAST and 100 * failed > FAILED_PERCENT * reads else ""


def _disturbed(total: Counter[str], week: Counter[str], today: Counter[str]) -> str:
    damaged = today["DamagedCount"]
    return str(damaged) if damaged > DAMAGED_A_DAY else ""


def _knife(total: Counter[str], week: Counter[str], today: Counter[str]) -> str:
    return str(total["PaperCutCount"]) if total["PaperCutCount"] > CUTS_LIFE else ""


def _head(total: Counter[str], week: Counter[str], today: Counter[str]) -> str:
    metres = total["PaperMillimetreCount"] // _MM
    return f"{metres // _MM} km" if metres > HEAD_LIFE_M else ""


RULES = (
    Wear("loose", ("printer", "msr", "scanner", "keypad", "pin_pad"), _loose),
    Wear("failing", ("msr", "scanner"), _failing),
    Wear("disturbed", ("pin_pad",), _disturbed),
    Wear("knife-worn", ("printer",), _knife),
    Wear("head-worn", ("printer",), _head),
)
"""In the order in which they are told; a device has one warning at a time."""


def _reads(counts: Counter[str]) -> tuple[int, int]:
    """How many passes or codes failed, and how many there were."""
    failed = counts["FailedReadCount"] + counts["FailedScanCount"]
    return failed, failed + counts["GoodReadCount"] + counts["GoodScanCount"]


@dataclass(frozen=True, slots=True)
class Use:
    """What one device has done, for a person."""

    device: str
    there: bool
    """Whether it is open now."""
    done: str
    warning: Fault | None
    what: str
    """What the warning is about."""


def worn(record: DeviceRecord, device: str, today: date) -> tuple[str, str]:
    """Name of a device's first warning and what is told of it; empty where all is well."""
    total, week, day = record.total.get(device, Counter()), record.of_week(device), record.of_day(device, today)
    for rule in RULES:
        if device in rule.devices and (what := rule.measure(total, week, day)):
            return f"{device}-{rule.warning}", what
    return "", ""


def done(device: str, total: Counter[str]) -> str:
    """What a device has done in its life, in numbers and units alone."""
    if device == "printer":
        return f"{total['PaperMillimetreCount'] // _MM} m, {total['PaperCutCount']} ×"
    failed, reads = _reads(total)
    if reads:
        return f"{reads} ×, {100 * failed // reads} %"
    return f"{total['KeyPressedCount']} ×" if total["KeyPressedCount"] else ""


def _wear(device: str) -> Callable[[Patient], Awaitable[str]]:
    async def probe(patient: Patient) -> str:
        if device not in patient.settings.devices:
            raise NotTried(UNUSED)
        record = await asyncio.to_thread(read_record, Path(patient.settings.terminal.state_dir))
        warning, what = worn(record, device, patient.wall().date())
        if warning:
            raise Found(warning, what)
        return done(device, record.total.get(device, Counter()))

    return probe


WEAR_STEPS = tuple(
    Step(tree, f"{device}-wear", _wear(device))
    for tree, device in (
        ("printer", "printer"), ("msr", "msr"), ("scanner", "scanner"), ("keypad", "keypad"), ("pin-pad", "pin_pad"),
    )
)  # fmt: skip
