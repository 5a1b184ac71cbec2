"""A code on our screen that the customer scans: opened at the host, counted down, closed (facts/unionpay.md §3.6).

The row is open from before the order is sent until it is paid or undone; whatever ends this flow or the
process, the order is closed at the host, and what was paid after all is given back.
"""

from __future__ import annotations

import math

from terminal.desk import Desk
from terminal.domain.merchant_code import Order, merchant_code
from terminal.domain.money import CURRENCIES
from terminal.domain.outcome import Outcome
from terminal.domain.record import TransactionRecord
from terminal.flows.outcome import processing, tell_outcome
from terminal.flows.steps import Deal, ask_amount, intent_of, shown_amount
from terminal.prompts import Cancelled
from terminal.screens.screen import Screen

__all__ = ["order", "order_of"]

_TITLE = "qr-order.title"
_STEP_S = 1.0


async def order(desk: Desk) -> Outcome | None:
    """Amount, code, and the result."""
    if not desk.acquirer.profile.qr_order:
        await desk.refuse(_TITLE, "reason.not-offered")
        return None
    return await order_of(desk, await ask_amount(desk, _TITLE))


async def order_of(desk: Desk, amount_minor: int, tender: str = "") -> Outcome:
    """An order whose amount is known."""
    desk.show(processing(desk.texts, shown_amount(desk, amount_minor)))
    opened = await desk.open_order(intent_of(desk, Deal("qr-order", amount_minor, tender=tender), None))
    outcome = opened if isinstance(opened, Outcome) else await _until_paid(desk, opened)
    desk.print_waiting()
    return await tell_outcome(desk, outcome)


async def _until_paid(desk: Desk, opened: TransactionRecord) -> Outcome:
    """Ask while the code is shown; the last question comes before the order is closed."""
    profile = desk.acquirer.profile
    code = merchant_code(_order(desk, opened))
    ends = desk.monotonic_s() + profile.qr_order_shown_s
    ask_at = desk.monotonic_s() + profile.qr_query_interval_s
    try:
        while (left_s := ends - desk.monotonic_s()) > 0:
            await desk.pause(_shown(desk, opened, code, math.ceil(left_s)), min(_STEP_S, left_s))
            if desk.monotonic_s() >= ask_at:
                found = await desk.ask_order(opened)
                if found is not None:
                    return found
                ask_at = desk.monotonic_s() + profile.qr_query_interval_s
    except Cancelled:
        pass
    desk.show(processing(desk.texts, shown_amount(desk, opened.amount_minor)))
    return await desk.ask_order(opened) or await desk.close_order(opened)


def _order(desk: Desk, opened: TransactionRecord) -> Order:
    terminal, profile = desk.settings.terminal, desk.acquirer.profile
    return Order(
        opened.amount_minor,
        CURRENCIES[opened.currency],
        terminal.merchant_id,
        terminal.merchant_name,
        terminal.id,
        opened.rrn or f"{opened.batch:06d}{opened.stan:06d}",
        profile.qr_acquirer_iin,
        profile.qr_city,
    )


def _shown(desk: Desk, opened: TransactionRecord, code: str, left_s: int) -> Screen:
    texts = desk.texts
    return Screen(
        "qr-order.code",
        texts.text(_TITLE),
        texts.text("qr-order.scan"),
        amount=shown_amount(desk, opened.amount_minor),
        hints=(texts.text("key.cancel"), ""),
        countdown_s=left_s,
        qr=code,
    )
