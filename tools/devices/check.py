"""CheckHealth of every configured device: opened as the terminal would, asked, let go."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from drivers.events import DeviceState
from drivers.health import HealthLevel, Verdict
from drivers.opening import begin
from drivers.registry import SettingsRefused, build

__all__ = ["check_all"]

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
    try:
        await begin(device)
        if level is HealthLevel.INTERACTIVE and device.state is DeviceState.OPEN:
            say(f"{name}: {getattr(device, 'interaction', '') or 'look at it.'}")
        async with asyncio.timeout(CHECK_S):
            health = await device.check_health(level)
        return _told(name, health.verdict, health.text, health.remedy)
    except TimeoutError:
        return _told(name, Verdict.BAD, "It does not answer.", "Check its power and cable.")
    finally:
        await device.close()


def _told(name: str, verdict: Verdict, text: str, remedy: str) -> dict[str, str]:
    return {"device": name, "verdict": str(verdict), "text": text, "remedy": remedy}
