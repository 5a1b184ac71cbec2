"""What this terminal is and runs."""

from __future__ import annotations

from terminal import VERSION
from terminal.desk import Desk
from terminal.screens.screen import Screen

__all__ = ["show_version"]


async def show_version(desk: Desk) -> None:
    """Software version, terminal and merchant numbers."""
    terminal = desk.settings.terminal
    screen = Screen(
        "version",
        desk.texts.text("menu.manage.version"),
        f"Countertop {VERSION}",
        lines=(terminal.id, terminal.merchant_id, terminal.serial_number),
    )
    await desk.tell(screen, desk.settings.timeouts.outcome_s)
