"""Reprints and totals."""

from __future__ import annotations

from terminal.desk import Desk
from terminal.domain.money import CURRENCIES, Currency, format_amount
from terminal.domain.outcome import outcome_of
from terminal.domain.record import TransactionRecord
from terminal.flows.outcome import outcome_screen
from terminal.flows.receipt import show_receipt
from terminal.journal import Slip, Totals
from terminal.prompts import DigitsPrompt
from terminal.screens.screen import Screen, Tone
from terminal.screens.texts import Translator

__all__ = [
    "print_details",
    "print_last_batch",
    "print_parameters",
    "query",
    "reprint_any",
    "reprint_last",
    "show_last",
    "show_totals",
    "totals_screen",
]

_STAN_DIGITS = 6


async def reprint_last(desk: Desk) -> None:
    """Print the last transaction's slip again, marked as a duplicate."""
    await _reprint(desk, await desk.journal.last())


async def reprint_any(desk: Desk) -> None:
    """Print any slip again by its voucher number: of this batch, or of an older one by its number."""
    stan = await desk.ask(
        DigitsPrompt("reprint.number", "menu.print.any", "reprint.number", _STAN_DIGITS), desk.settings.timeouts.menu_s
    )
    found = await desk.journal.find(int(stan))
    if found is None:
        batch = await desk.ask(
            DigitsPrompt("reprint.batch", "menu.print.any", "reprint.batch", _STAN_DIGITS),
            desk.settings.timeouts.menu_s,
        )
        found = await desk.journal.find(int(stan), int(batch))
    await _reprint(desk, found)


async def show_last(desk: Desk) -> None:
    """The last transaction's receipt as a code to scan: for a customer without paper."""
    record = await desk.journal.last()
    if record is None:
        await desk.refuse("menu.print", "reprint.none")
        return
    await show_receipt(desk, record)


async def print_parameters(desk: Desk) -> None:
    """Print what the terminal is set to."""
    await desk.journal.jobs.queue_slip(None, Slip.PARAMETERS, reprint=False)
    desk.print_waiting()
    texts = desk.texts
    screen = Screen("parameters.queued", texts.text("menu.print"), texts.text("parameters.queued"))
    await desk.tell(screen, desk.settings.timeouts.outcome_s)


async def show_totals(desk: Desk) -> None:
    """Show and print what this batch comes to, summed from its rows."""
    totals = await desk.journal.totals()
    await desk.journal.jobs.queue_slip(None, Slip.TOTALS, reprint=False)
    desk.print_waiting()
    screen = totals_screen(desk.texts, totals, CURRENCIES[desk.acquirer.profile.currency])
    await desk.tell(screen, desk.settings.timeouts.outcome_s)


async def print_details(desk: Desk) -> None:
    """Print every transaction of this batch, a line each."""
    await desk.journal.jobs.queue_slip(None, Slip.DETAILS, reprint=False)
    desk.print_waiting()
    texts = desk.texts
    await desk.tell(
        Screen("details.queued", texts.text("menu.print"), texts.text("details.queued")),
        desk.settings.timeouts.outcome_s,
    )


async def print_last_batch(desk: Desk) -> None:
    """Print the last settlement again, marked as a duplicate."""
    settled = await desk.journal.settlements.last()
    if settled is None:
        await desk.refuse("menu.print", "settle.none")
        return
    await desk.journal.jobs.queue_slip(None, Slip.SETTLEMENT, reprint=True, batch=settled.batch)
    desk.print_waiting()
    texts = desk.texts
    screen = Screen(
        "last-batch.queued", texts.text("menu.print"), texts.text("totals.batch", batch=f"{settled.batch:06d}")
    )
    await desk.tell(screen, desk.settings.timeouts.outcome_s)


async def query(desk: Desk) -> None:
    """Show where a transaction of this batch stands, by its voucher number."""
    stan = await desk.ask(
        DigitsPrompt("reprint.number", "menu.manage.query", "reprint.number", _STAN_DIGITS),
        desk.settings.timeouts.menu_s,
    )
    record = await desk.journal.find(int(stan))
    if record is None:
        await desk.refuse("menu.manage.query", "original.not-found")
        return
    await desk.tell(outcome_screen(desk.texts, outcome_of(record)), desk.settings.timeouts.outcome_s)


def totals_screen(texts: Translator, totals: Totals, currency: Currency) -> Screen:
    """What a batch comes to, kind by kind, and how much of it is of foreign cards; the slip has each side whole."""
    rows = [
        texts.text(
            "totals.row",
            kind=texts.text(f"kind.{kind}"),
            count=sum(row.count for row in totals.kinds if row.kind == kind),
            amount=format_amount(sum(row.amount_minor for row in totals.kinds if row.kind == kind), currency),
        )
        for kind in dict.fromkeys(row.kind for row in totals.kinds)
    ]
    if totals.foreign:
        rows.append(texts.text("totals.foreign", amount=format_amount(totals.foreign.net_minor, currency)))
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
