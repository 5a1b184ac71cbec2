"""What every device offers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Protocol

from drivers.events import DeviceState, DriverEvent
from drivers.health import Health, HealthLevel

__all__ = ["Device", "Emit"]

Emit = Callable[[DriverEvent], None]


class Device(Protocol):
    """A device of any kind."""

    name: str
    state: DeviceState
    statistics: Counter[str]

    def start(self, emit: Emit) -> None:
        """Begin to look for the device and to tell what it says."""

    async def close(self) -> None:
        """Let the device go."""

    async def check_health(self, level: HealthLevel) -> Health:
        """How the device is (UnifiedPOS CheckHealth)."""

    def look_again(self) -> None:
        """Something was plugged in somewhere: look for the device now."""
