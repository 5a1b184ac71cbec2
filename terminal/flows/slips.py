"""Reprints and totals."""

from __future__ import annotations

from terminal.desk import Desk
from terminal.domain.money import CURRENCIES, format_amount
from terminal.domain.record import TransactionRecord
from terminal.journal import Slip, Totals
from terminal.prompts import NumberPrompt
from terminal.screens.screen import Screen, Tone

__all__ = ["reprint_any", "reprint_last", "show_totals"]

_STAN_DIGITS = 6


async def reprint_last(desk: Desk) -> None:
    """Print the last transaction's slip again, marked as a duplicate."""
    await _reprint(desk, await desk.journal.last())


async def reprint_any(desk: Desk) -> None:
    """Print a slip of the current batch again, by its voucher number."""
    stan = await desk.ask(
        NumberPrompt("reprint.number", "menu.print.any", "reprint.number", _STAN_DIGITS), desk.settings.timeouts.menu_s
    )
    await _reprint(desk, await desk.journal.find(stan))


async def show_totals(desk: Desk) -> None:
    """Show and print what this batch comes to, summed from its rows."""
    totals = await desk.journal.totals()
    await desk.journal.queue_slip(None, Slip.TOTALS, reprint=False)
    desk.print_waiting()
    await desk.tell(_totals_screen(desk, totals), desk.settings.timeouts.outcome_s)


def _totals_screen(desk: Desk, totals: Totals) -> Screen:
    currency = CURRENCIES[desk.acquirer.profile.currency]
    texts = desk.texts
    rows = [
        texts.text(
            "totals.row",
            kind=texts.text(f"kind.{row.kind}"),
            count=row.count,
            amount=format_amount(row.amount_minor, currency),
        )
        for row in totals.kinds
    ]
    return Screen(
        "totals",
        texts.text("menu.print.totals"),
        texts.text("totals.batch", batch=f"{totals.batch:06d}"),
        lines=tuple(rows) or (texts.text("totals.empty"),),
    )


async def _reprint(desk: Desk, record: TransactionRecord | None) -> None:
    texts = desk.texts
    if record is None:
        screen = Screen("reprint.none", texts.text("menu.print"), texts.text("reprint.none"), tone=Tone.WARNING)
    else:
        await desk.reprint(record, Slip.CUSTOMER if record.state == "approved" else Slip.MERCHANT)
        screen = Screen(
            "reprint.queued", texts.text("menu.print"), texts.text("reprint.queued", stan=f"{record.stan:06d}")
        )
    await desk.tell(screen, desk.settings.timeouts.outcome_s)
