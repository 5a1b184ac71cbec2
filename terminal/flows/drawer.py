"""The cash drawer, opened without a payment: change is needed, the float is counted (facts/product.md §4.5)."""

from __future__ import annotations

from drivers.printer import PrinterTrouble
from terminal.desk import Desk
from terminal.screens.screen import Screen, Tone

__all__ = ["open_drawer"]

_TITLE = "menu.other.drawer"


async def open_drawer(desk: Desk) -> None:
    """Write down who opens it, then open it; what its switch says comes on the screen."""
    if desk.drawer is None:
        await desk.refuse(_TITLE, "drawer.none")
        return
    await desk.journal.note("drawer opened", f"without a payment by {desk.acquirer.operator}")
    try:
        opened = await desk.drawer.open()
    except PrinterTrouble:
        await desk.refuse(_TITLE, "drawer.printer")
        return
    if opened is False:
        await desk.refuse(_TITLE, "drawer.stuck")
        return
    screen = Screen("drawer.opened", desk.texts.text(_TITLE), desk.texts.text("drawer.opened"), tone=Tone.GOOD)
    await desk.tell(screen, desk.settings.timeouts.outcome_s)
