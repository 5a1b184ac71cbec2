"""The terminal locked while nobody stands at it: a restart does not open it."""

from __future__ import annotations

from terminal.desk import Desk
from terminal.flows.operators import ADMINISTRATOR, SUPERVISOR, prove
from terminal.prompts import Cancelled, Confirm, TimedOut
from terminal.screens.screen import Screen

__all__ = ["lock", "stay_locked"]

_SETTING = "locked_by"
_LOOK_S = 60.0


async def lock(desk: Desk) -> None:
    """Lock until whoever locked it, the supervisor or the administrator proves to be there."""
    if not desk.settings.terminal.operators or not desk.acquirer.operator:
        await desk.refuse("menu.manage.lock", "reason.not-offered")
        return
    await desk.journal.set(**{_SETTING: desk.acquirer.operator})
    await desk.journal.note("locked", f"by {desk.acquirer.operator}")
    await stay_locked(desk)


async def stay_locked(desk: Desk) -> None:
    """Nothing to do when it is not locked; otherwise only a password leads on, now and after any restart."""
    while owner := await desk.journal.setting(_SETTING):
        texts, desk.till.doing = desk.texts, "locked"
        screen = Screen("locked", texts.text("menu.manage.lock"), texts.text("locked.instruction", operator=owner))
        try:
            await desk.ask(Confirm(screen), _LOOK_S)
            number = await prove(desk, (owner, SUPERVISOR, ADMINISTRATOR))
        except (Cancelled, TimedOut):
            continue
        await desk.journal.set(**{_SETTING: ""})
        await desk.journal.note("unlocked", f"by {number}")
        desk.acquirer.operator = owner
