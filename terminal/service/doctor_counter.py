"""The doctor within a terminal that runs: the same steps, on what the terminal has open already.

Files, disk, certificates and the way to the host are looked at outside the life of the terminal (``Outside.probe``);
what speaks through the terminal's own parts – its link to the host, its vault, its devices – is part of that life. So a
recording of it can be replayed, and only answers come in.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from config import Settings
from drivers.device import Device
from drivers.events import DeviceState
from terminal.acquirer.acquirer import Acquirer
from terminal.acquirer.link import Endpoint
from terminal.service.device_record import read_record
from terminal.service.device_word import word_of
from terminal.service.doctor import Finding, Patient, State, Step, examined
from terminal.service.doctor_bundle import write_bundle
from terminal.service.doctor_devices import DEVICE_STEPS
from terminal.service.doctor_faults import FAULTS
from terminal.service.doctor_host import HOST_STEPS
from terminal.service.doctor_machine import MACHINE_STEPS
from terminal.service.doctor_network import NETWORK_STEPS
from terminal.service.doctor_report import Report
from terminal.service.doctor_wear import WEAR_STEPS, Use, done, worn

__all__ = ["BUNDLES", "STEPS", "DoctorAtTheCounter"]

Probe = Callable[[Callable[[], Awaitable[Any]]], Awaitable[Any]]
"""Looks at the machine itself (``Outside.probe``); what is looked for gives None, texts, numbers, lists of them."""
BUNDLES, BUNDLES_MAX = "diagnosis", 5
"""Folder of the bundles within the state folder, and how many are kept."""
PATIENCE_S = 5.0
_OPEN_ALREADY = ("journal", "vault")
_OF_THE_LIFE = ("master-key", "echo", "sign-on", "host-clock", "printer", "msr", "scanner", "keypad", "pin_pad")
"""Steps that ask the terminal's own parts."""
_NEEDS_QUIET = ("echo", "sign-on", "host-clock")
"""Left out while a payment is being undone: its reversal goes first."""
_BY_A_PERSON = ("drawer",)
_LEFT_OUT = (*_OPEN_ALREADY, *_BY_A_PERSON)
_ALL = (*MACHINE_STEPS, *NETWORK_STEPS, *HOST_STEPS, *DEVICE_STEPS, *WEAR_STEPS)
STEPS = tuple(step for step in _ALL if step.name not in _LEFT_OUT)


@dataclass(frozen=True, slots=True)
class DoctorAtTheCounter:
    """Examines the terminal that it is part of."""

    settings: Settings
    acquirer: Acquirer
    devices: Mapping[str, Device]
    probe: Probe
    file: Path | None
    """The terminal's configuration."""

    async def examine(self, begun: Callable[[Step], None]) -> AsyncIterator[Finding]:
        """Each step's finding; ``begun`` is told before each."""
        patient = Patient(self.settings, datetime.now, PATIENCE_S)
        patient.at_counter, patient.may_write = True, True
        patient.acquirer, patient.vault, patient.devices = self.acquirer, self.acquirer.vault, self.devices
        async with patient.closing:
            for step in STEPS:
                begun(step)
                if step.name in _NEEDS_QUIET and await self.acquirer.journal.reversals():
                    yield Finding(step, State.NOT_TRIED, "doctor.undoing")
                elif step.name in _OF_THE_LIFE:
                    yield await examined(patient, step)
                else:
                    yield await self._outside(patient, step)

    async def _outside(self, patient: Patient, step: Step) -> Finding:
        """A step outside this life: its finding and the ways to the host that are left come in as plain values."""

        async def look() -> Any:
            found = await examined(patient, step)
            ways = [[way.host, way.port] for way in patient.ways]
            return [str(found.state), found.what, found.fault.name if found.fault is not None else "", ways]

        state, what, fault, ways = await self.probe(look)
        patient.ways = tuple(Endpoint(host, port) for host, port in ways)
        return Finding(step, State(state), what, FAULTS.get(fault))

    async def uses(self) -> list[Use]:
        """What each device has done, how it is, and its early warning."""
        folder = Path(self.settings.terminal.state_dir)

        def read() -> list[list[str]]:
            record, today = read_record(folder), date.today()
            return [[*worn(record, name, today), done(name, record.total.get(name, Counter()))] for name in names]

        names = [*self.devices]
        told = await self.probe(lambda: asyncio.to_thread(read))
        return [
            Use(name, device.state == DeviceState.OPEN, did, FAULTS.get(warning), what)
            for (name, device), (warning, what, did) in zip(self.devices.items(), told, strict=True)
        ]

    async def keep(self, report: Report) -> bool:
        """Write the bundle that the report's reference names; the oldest are removed. False where the disk fails."""
        words = {name: word_of(device) for name, device in self.devices.items()}

        async def write() -> Any:
            return await asyncio.to_thread(self._write, report, words)

        return bool(await self.probe(write))

    def _write(self, report: Report, words: dict[str, Any]) -> bool:
        folder = Path(self.settings.terminal.state_dir) / BUNDLES
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            former = sorted(folder.glob("*.zip"), key=lambda path: path.stat().st_mtime)
            for path in former[: max(0, len(former) - BUNDLES_MAX + 1)]:
                path.unlink(missing_ok=True)
            write_bundle(folder / f"{report.reference}.zip", report, self.settings, self.file, words)
        except OSError:
            return False
        return True
