"""The machine's power: every write that could be the last one is counted, and power goes at a chosen one."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

__all__ = ["DiskFault", "Power", "PowerCut"]


class PowerCut(Exception):
    """The machine has no power; nothing this process does matters any more."""


class DiskFault(StrEnum):
    """What a worn or full disk answers to a write."""

    FULL = "full"
    IO_ERROR = "io-error"


class Power:
    """One life of a machine, from switching on to the cut; disks, vault and printer of the machine share it."""

    def __init__(self) -> None:
        self.operations = 0
        self.cut_at: int | None = None
        """Number of the operation before which power goes; None: never."""
        self.fault_at: dict[int, DiskFault] = {}
        """Disk faults by the number of the operation that meets them."""
        self.dead = False
        self.gone: Callable[[], None] = lambda: None
        """Called once, at the moment of the cut."""

    def step(self) -> DiskFault | None:
        """Count one operation, and say what the disk answers to it. Raises PowerCut from the chosen one on."""
        if self.dead or (self.cut_at is not None and self.operations >= self.cut_at):
            self.cut()
            raise PowerCut
        self.operations += 1
        return self.fault_at.get(self.operations) if self.fault_at else None

    def cut(self) -> None:
        """Pull the plug now."""
        if not self.dead:
            self.dead = True
            self.gone()
