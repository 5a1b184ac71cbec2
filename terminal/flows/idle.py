"""The idle screen: where every flow starts and every way leads back to."""

from __future__ import annotations

from dataclasses import dataclass

from drivers.events import Event, Key, KeyPress, Scan, Swipe
from terminal.desk import Desk
from terminal.domain.outcome import outcome_of
from terminal.domain.record import TransactionRecord
from terminal.flows.lock import stay_locked
from terminal.flows.menu import MAIN, choose, follow
from terminal.flows.operators import sign_in
from terminal.flows.outcome import tell_outcome
from terminal.flows.settle import resume_settlement
from terminal.flows.split import resume_split
from terminal.flows.till import serve_till
from terminal.prompts import Answer, Cancelled, GaveWay, GivesWay, TimedOut, Unhurried
from terminal.screens.screen import Screen
from terminal.screens.texts import Translator

__all__ = ["attend"]

_REDRAWN_S = 60.0
"""The clock of the idle screen turns at least this often."""
_LOOK_S, _SOON_S = 10.0, 2.0
"""So often changed parameters are looked for, and when they only wait for a conversation or a slip to end."""
_MENU = "menu"


async def attend(desk: Desk, interrupted: list[TransactionRecord]) -> None:
    """Serve the counter for ever. First says what became of a payment that a power cut interrupted.

    Raises NewParameters at an idle moment, when the terminal is to go on with other parameters.
    """
    if desk.settings.terminal.operators:
        desk.acquirer.operator = ""
    if desk.parameters is not None:
        await desk.parameters.begun()
    if interrupted:
        await tell_outcome(desk, outcome_of(interrupted[-1]))
    await resume_settlement(desk)
    await stay_locked(desk)
    looked_for_parts = False
    while True:
        desk.till.doing = "attended"
        try:
            if desk.till.waiting:
                await serve_till(desk)
            if desk.parameters is not None:
                await desk.parameters.at_idle()
            if not desk.acquirer.operator:
                desk.till.doing = "signed-out"
                await sign_in(desk)
            if not looked_for_parts:
                looked_for_parts = True
                await resume_split(desk)
            desk.next_customer()
            desk.till.doing = "attended"
            key = await desk.ask(_Idle(desk.settings.terminal.merchant_name), _idle_s(desk))
            if key == _MENU:
                await choose(desk, MAIN)
            else:
                await follow(desk, MAIN, key)
        except (Cancelled, TimedOut, GaveWay):
            continue


def _idle_s(desk: Desk) -> float:
    """Until the idle screen is drawn again."""
    if desk.parameters is None:
        return _REDRAWN_S
    return _SOON_S if desk.parameters.held else _LOOK_S


@dataclass(slots=True)
class _Idle(Unhurried, GivesWay):
    """Green opens the menu, a digit is its shortcut; a card without an amount is sent back."""

    merchant: str
    notice: str = ""

    def screen(self, texts: Translator) -> Screen:
        lines = (texts.text(self.notice),) if self.notice else ()
        return Screen(
            "idle", self.merchant, texts.text("idle.instruction"), lines=lines, hints=("", texts.text("key.menu"))
        )

    def take(self, event: Event) -> Answer[str] | None:
        if isinstance(event, Swipe | Scan):
            self.notice = "idle.amount-first"
        elif isinstance(event, KeyPress):
            self.notice = ""
            if event.key is Key.ENTER:
                return Answer(_MENU)
            if str(event.key).isdecimal():
                return Answer(str(event.key))
        return None
