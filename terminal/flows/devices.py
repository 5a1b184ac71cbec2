"""What the devices of this terminal have done, how they are, and which of them should be looked after soon."""

from __future__ import annotations

from typing import TYPE_CHECKING

from terminal.desk import Desk
from terminal.screens.screen import Screen, Tone
from terminal.screens.texts import Translator

if TYPE_CHECKING:
    from terminal.service.doctor_wear import Use

__all__ = ["devices_screen", "show_devices"]

_TITLE = "menu.technician.devices"


async def show_devices(desk: Desk) -> None:
    """A line for each device, and one more for each early warning."""
    if desk.doctor is None:
        return
    screen = devices_screen(desk.texts, await desk.doctor().uses())
    await desk.tell(screen, desk.settings.timeouts.outcome_s)


def devices_screen(texts: Translator, uses: list[Use]) -> Screen:
    """What is shown of them."""
    warned = any(use.warning for use in uses)
    words = "devices.warned" if warned else "devices.well" if uses else "devices.none"
    tone = Tone.WARNING if warned else Tone.NEUTRAL
    return Screen("devices.shown", texts.text(_TITLE), texts.text(words), _lines(texts, uses), tone=tone)


def _lines(texts: Translator, uses: list[Use]) -> tuple[str, ...]:
    """``✓ Printer: 123 m, 45 ×``, and under it the warning with its code."""
    lines = []
    for use in uses:
        name = texts.text(f"doctor.step.{use.device}")
        lines.append(f"{'✓' if use.there else '×'} {name}{': ' if use.done else ''}{use.done}")
        if use.warning is not None:
            lines.append(f"! {use.warning.code} {use.warning.cause(texts, use.what)}")
    return tuple(lines)
