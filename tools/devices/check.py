"""CheckHealth of every configured device: opened as the terminal would, asked, let go."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from drivers.device import Device
from drivers.events import DeviceState
from drivers.health import HealthLevel, Verdict
from drivers.registry import SettingsRefused, build

__all__ = ["check_all"]

OPENED_S = 3.0
"""A device that is there is open within this."""
CHECK_S = 60.0


async def check_all(
    devices: Mapping[str, Mapping[str, Any]], level: HealthLevel, say: Callable[[str], None]
) -> list[dict[str, str]]:
    """Name, verdict, text and remedy of each device, one after the other; ``say`` asks for what a person does."""
    return [await _checked(name, settings, level, say) for name, settings in devices.items()]


async def _checked(
    name: str, settings: Mapping[str, Any], level: HealthLevel, say: Callable[[str], None]
) -> dict[str, str]:
    try:
        device = build(name, settings)
    except SettingsRefused as error:
        return _told(name, Verdict.BAD, str(error), error.remedy)
    changed = asyncio.Event()
    device.start(lambda event: changed.set())
    try:
        await _opened(device, changed)
        if level is HealthLevel.INTERACTIVE and device.state is DeviceState.OPEN:
            say(f"{name}: {getattr(device, 'interaction', '') or 'look at it.'}")
        async with asyncio.timeout(CHECK_S):
            health = await device.check_health(level)
        return _told(name, health.verdict, health.text, health.remedy)
    except TimeoutError:
        return _told(name, Verdict.BAD, "It does not answer.", "Check its power and cable.")
    finally:
        await device.close()


async def _opened(device: Device, changed: asyncio.Event) -> None:
    """Until it is open, or has had its time."""
    with suppress(TimeoutError):
        async with asyncio.timeout(OPENED_S):
            while device.state is not DeviceState.OPEN:
                changed.clear()
                await changed.wait()


def _told(name: str, verdict: Verdict, text: str, remedy: str) -> dict[str, str]:
    return {"device": name, "verdict": str(verdict), "text": text, "remedy": remedy}
