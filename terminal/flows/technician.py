"""What the technician sees and may do at the terminal itself (facts/product.md §4.5).

Open transactions and pending reversals are never cleared here: they end when the host has answered.
"""

from __future__ import annotations

from terminal.desk import Desk
from terminal.flows.parameter_fields import COMMUNICATION, MERCHANT
from terminal.flows.parameters import edit
from terminal.prompts import Confirm
from terminal.screens.screen import Screen, Tone

__all__ = ["clear_paper", "communication", "merchant"]


async def merchant(desk: Desk) -> None:
    """Numbers and name; where nothing can be changed they are only shown."""
    if desk.parameters is not None:
        await edit(desk, MERCHANT)
    terminal = desk.settings.terminal
    lines = (terminal.merchant_name, terminal.merchant_id, terminal.id, terminal.serial_number)
    await _show(desk, "menu.technician.merchant", lines)


async def communication(desk: Desk) -> None:
    """Hosts, header and patience."""
    if desk.parameters is not None:
        await edit(desk, COMMUNICATION)
    profile = desk.acquirer.profile
    hosts = tuple(f"{host}:{port}" for host, port in desk.settings.host.endpoints)
    lines = (*hosts, f"TPDU {profile.tpdu}", f"{profile.connect_s:g} s / {profile.response_s:g} s")
    await _show(desk, "menu.technician.communication", lines)


async def clear_paper(desk: Desk) -> None:
    """Give up slips that wait for the printer; they can be reprinted. Nothing about money is cleared."""
    texts = desk.texts
    waiting = await desk.journal.jobs.waiting()
    screen = Screen(
        "technician.clear",
        texts.text("menu.technician.clear"),
        texts.text("technician.clear", count=waiting),
        lines=(texts.text("technician.money-stays"),),
        tone=Tone.WARNING,
    )
    await desk.ask(Confirm(screen), desk.settings.timeouts.menu_s)
    given_up = await desk.journal.jobs.give_up()
    await desk.journal.note("slips given up", f"{given_up} by {desk.acquirer.operator}")
    await desk.refuse("menu.technician.clear", "technician.cleared")


async def _show(desk: Desk, title: str, lines: tuple[str, ...]) -> None:
    texts = desk.texts
    screen = Screen("technician.shown", texts.text(title), texts.text("technician.in-the-file"), lines=lines)
    await desk.tell(screen, desk.settings.timeouts.outcome_s)
