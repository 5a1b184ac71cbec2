"""How a device is: CheckHealth at the three levels of UnifiedPOS, and its answer as a value."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Health", "HealthLevel", "Verdict"]


class HealthLevel(StrEnum):
    """How far a check goes (UnifiedPOS, CheckHealth)."""

    INTERNAL = "internal"
    """Ask and listen: nothing is moved, printed or shown."""
    EXTERNAL = "external"
    """The device does something that can be seen: prints a line, shows a text, opens."""
    INTERACTIVE = "interactive"
    """As external, and a person is to do or judge something: press a key, swipe a card, look at the paper."""


class Verdict(StrEnum):
    """What a check found."""

    GOOD = "good"
    BAD = "bad"
    UNKNOWN = "unknown"
    """It cannot be told: the device says nothing of itself, or only a person can judge."""


@dataclass(frozen=True, slots=True)
class Health:
    """The result of one check. Texts are for the technician and hold nothing a device has read."""

    level: HealthLevel
    verdict: Verdict
    text: str
    remedy: str = ""
