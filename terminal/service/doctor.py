"""The doctor: probes in the order in which things depend on each other, each ended by a finding or by nothing.

A probe gives a short detail when all is well, raises ``Found`` for a fault of the table, or ``NotTried`` when what it
needs is not there. It changes nothing but what a sign-on changes, and holds what it opened until the end.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from config import Settings
from drivers.device import Device
from keys import Vault
from terminal.acquirer.acquirer import Acquirer
from terminal.acquirer.link import Endpoint
from terminal.journal import Journal
from terminal.service.device_word import DeviceWord
from terminal.service.doctor_faults import FAULTS, Fault

__all__ = ["Finding", "Found", "NotTried", "Patient", "Person", "State", "Step", "examine", "examined"]

RUNNING, SKIPPED, UNUSED = "doctor.running", "doctor.skipped", "doctor.unused"
"""Catalogue keys of why a step was not tried."""


class Found(Exception):
    """A fault, by its name in the table, and what it is about: an address, a file, an answer; never a secret."""

    def __init__(self, name: str, what: str = "") -> None:
        super().__init__(name)
        self.fault = FAULTS[name]
        self.what = what


class NotTried(Exception):
    """The step needs what an earlier one did not find; ``reason`` is a catalogue key."""

    def __init__(self, reason: str = SKIPPED) -> None:
        super().__init__(reason)
        self.reason = reason


class State(StrEnum):
    """How a step ended."""

    GOOD = "good"
    FAULT = "fault"
    WARNING = "warning"
    """It works, and will not for long."""
    NOT_TRIED = "not-tried"


class Person(Protocol):
    """Who swipes, presses and looks in an interactive examination; texts are catalogue keys."""

    def say(self, key: str) -> None:
        """What to do now."""

    async def agrees(self, key: str) -> bool:
        """A question that is answered with yes or no."""


@dataclass(slots=True)
class Patient:
    """What is examined, and what earlier steps found for later ones."""

    settings: Settings
    wall: Callable[[], datetime]
    patience_s: float
    """For one connection, and for one answer of the host."""
    closing: AsyncExitStack = field(default_factory=AsyncExitStack)
    may_write: bool = False
    """Whether the state folder is this user's; else a file made here would lock the terminal out."""
    written: datetime | None = None
    """When something was last written in the state folder before the doctor came."""
    running: bool = False
    """Whether a terminal holds the journal."""
    at_counter: bool = False
    """Whether this is the terminal itself, which has everything open."""
    journal: Journal | None = None
    vault: Vault | None = None
    context: ssl.SSLContext | None = None
    ways: tuple[Endpoint, ...] = ()
    """Addresses of the host that have passed every step so far."""
    acquirer: Acquirer | None = None
    devices: Mapping[str, Device] | None = None
    """Those that are opened here; None before, and where a running terminal has them."""
    told: Mapping[str, DeviceWord] | None = None
    """What a running terminal says of its devices; None before it was asked."""
    person: Person | None = None
    """Who is there to try the devices out; None: they are only asked."""


@dataclass(frozen=True, slots=True)
class Step:
    """One probe of a tree."""

    tree: str
    name: str
    probe: Callable[[Patient], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Finding:
    """How one step ended."""

    step: Step
    state: State
    what: str = ""
    """Detail of a good step, what a fault is about, or the catalogue key of why it was not tried."""
    fault: Fault | None = None


async def examine(
    patient: Patient, steps: Sequence[Step], begun: Callable[[Step], None] = lambda step: None
) -> AsyncIterator[Finding]:
    """Each step's finding as it comes; ``begun`` is told before each. Closes what was opened."""
    async with patient.closing:
        for step in steps:
            begun(step)
            yield await examined(patient, step)


async def examined(patient: Patient, step: Step) -> Finding:
    """One step's finding."""
    try:
        return Finding(step, State.GOOD, await step.probe(patient))
    except Found as found:
        return Finding(step, State.WARNING if found.fault.warning else State.FAULT, found.what, found.fault)
    except NotTried as error:
        return Finding(step, State.NOT_TRIED, error.reason)
