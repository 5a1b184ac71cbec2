"""Transactions switched off at this terminal by the technician: kept in the journal, each change in the event log."""

from __future__ import annotations

from terminal.desk import Desk
from terminal.prompts import MenuPrompt

__all__ = ["SWITCHED", "is_off", "switches"]

_SETTING = "kinds_off"
SWITCHED = ("refund", "pre-auth", "balance", "offline-sale", "tip", "cash", "qr-order", "transfer", "completion-advice")
"""What may be switched off, in the order of its digits; what follows from a pre-authorisation stays possible."""


async def is_off(desk: Desk, kind: str) -> bool:
    """Whether the technician has switched a transaction off."""
    return kind in await _off(desk)


async def switches(desk: Desk) -> None:
    """Each digit turns one transaction off or on again. Raises Cancelled when that is enough."""
    while True:
        off = await _off(desk)
        items = tuple(
            (str(index), f"switch.off.{kind}" if kind in off else f"switch.on.{kind}")
            for index, kind in enumerate(SWITCHED, 1)
        )
        digit = await desk.ask(
            MenuPrompt("technician.switches", "menu.technician.switches", items), desk.settings.timeouts.menu_s
        )
        kind = SWITCHED[int(digit) - 1]
        await desk.journal.set(**{_SETTING: " ".join(sorted(off ^ {kind}))})
        await desk.journal.note("switched", f"{kind} {'on' if kind in off else 'off'} by {desk.acquirer.operator}")


async def _off(desk: Desk) -> set[str]:
    return set((await desk.journal.setting(_SETTING)).split())
