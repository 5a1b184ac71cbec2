"""Sale by stripe or customer-presented code (facts/unionpay.md §3, §3.6)."""

from __future__ import annotations

from terminal.desk import Desk
from terminal.domain.card import Card
from terminal.domain.outcome import Outcome
from terminal.flows.steps import NO_PIN, ask_amount, ask_payer, ask_pin, pay, shown_amount, wants_pin

__all__ = ["sale"]


async def sale(desk: Desk) -> Outcome:
    """Amount, payer, PIN where it is wanted, exchange, slip.

    Raises Cancelled or TimedOut up to the moment the request leaves; after that every way
    ends in an Outcome.
    """
    amount_minor = await ask_amount(desk, "sale.title")
    return await sale_of(desk, amount_minor)


async def sale_of(desk: Desk, amount_minor: int, tender: str = "") -> Outcome:
    """A sale whose amount is known."""
    amount = shown_amount(desk, amount_minor)
    payer = await ask_payer(desk, "sale.title", amount)
    entry = NO_PIN
    try:
        if isinstance(payer, Card) and wants_pin(desk, payer, amount_minor):
            entry = await ask_pin(desk, amount)
    except BaseException:
        payer.wipe()
        raise
    kind = "sale" if isinstance(payer, Card) else "qr-sale"
    return await pay(desk, kind, amount_minor, payer, entry, tender=tender)
