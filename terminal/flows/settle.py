"""Settlement at the counter: asked once, carried on until the batch is closed (facts/unionpay.md §3.2)."""

from __future__ import annotations

from terminal.acquirer.settlement import SettlementResult
from terminal.desk import Desk
from terminal.domain.money import CURRENCIES, Currency, format_amount
from terminal.journal import Totals
from terminal.prompts import Confirm
from terminal.screens.screen import Screen, Tone
from terminal.screens.texts import Translator

__all__ = ["resume_settlement", "settle_flow", "settle_screen"]


async def settle_flow(desk: Desk) -> SettlementResult:
    """Show the totals, have them confirmed, settle. Raises Cancelled."""
    screen = settle_screen(desk.texts, await desk.journal.totals(), CURRENCIES[desk.acquirer.profile.currency])
    await desk.ask(Confirm(screen), desk.settings.timeouts.menu_s)
    return await _settle(desk)


def settle_screen(texts: Translator, totals: Totals, currency: Currency) -> Screen:
    """What is about to be told to the host; the sides apart when there are foreign cards."""
    lines: list[str] = []
    for heading, side in (("side.domestic", totals.domestic), ("side.foreign", totals.foreign)):
        if not totals.foreign and side is totals.foreign:
            continue
        lines += [texts.text(heading)] if totals.foreign else []
        lines += [
            texts.text("settle.debit", count=side.debit_count, amount=format_amount(side.debit_minor, currency)),
            texts.text("settle.credit", count=side.credit_count, amount=format_amount(side.credit_minor, currency)),
        ]
    return Screen("settle.confirm", texts.text("settle.title"), texts.text("settle.confirm"), lines=tuple(lines))


async def resume_settlement(desk: Desk) -> None:
    """At the start: a settlement that was cut off goes on by itself."""
    if await desk.journal.settlements.open() is not None:
        await _settle(desk)


async def _settle(desk: Desk) -> SettlementResult:
    texts = desk.texts
    desk.show(Screen("settle.busy", texts.text("settle.title"), texts.text("processing.instruction"), tone=Tone.BUSY))
    result = await desk.settle()
    desk.print_waiting()
    if result.done and result.settlement is not None:
        agreed = "settle.balanced" if result.settlement.balanced else "settle.unbalanced"
        screen = Screen(
            "settle.done",
            texts.text("settle.title"),
            texts.text("settle.done"),
            lines=(texts.text(agreed),),
            tone=Tone.GOOD if result.settlement.balanced else Tone.WARNING,
        )
    else:
        begun = result.settlement is not None
        screen = Screen(
            "settle.unfinished" if begun else "settle.refused",
            texts.text("settle.title"),
            texts.text("settle.unfinished" if begun else "settle.refused"),
            lines=(texts.text(result.reason),),
            tone=Tone.WARNING,
        )
    await desk.tell(screen, desk.settings.timeouts.outcome_s)
    return result
