"""Sale by stripe or customer-presented code (facts/unionpay.md §3, §3.6)."""

from __future__ import annotations

from terminal.desk import Desk
from terminal.domain.card import Card
from terminal.domain.outcome import Outcome, Result
from terminal.flows.outcome import tell_outcome
from terminal.flows.payer import NO_PIN, ask_payer, pin_or_wipe, wants_pin
from terminal.flows.steps import Deal, ask_amount, exchange_only, pay, shown_amount

__all__ = ["sale", "sale_of"]

_WRONG_PIN = "response.55"


async def sale(desk: Desk) -> Outcome:
    """Amount, payer, PIN where it is wanted, exchange, slip.

    Raises Cancelled or TimedOut up to the moment the request leaves; after that every way
    ends in an Outcome.
    """
    amount_minor = await ask_amount(desk, "sale.title")
    return await sale_of(desk, amount_minor)


async def sale_of(desk: Desk, amount_minor: int, tender: str = "") -> Outcome:
    """A sale whose amount is known."""
    payer = await ask_payer(desk, "sale.title", shown_amount(desk, amount_minor))
    if not isinstance(payer, Card):
        return await pay(desk, Deal("qr-sale", amount_minor, tender=tender), payer)
    if not wants_pin(desk, payer, amount_minor):
        return await pay(desk, Deal("sale", amount_minor, tender=tender), payer, NO_PIN)
    return await _with_pin(desk, Deal("sale", amount_minor, tender=tender), payer)


async def _with_pin(desk: Desk, deal: Deal, card: Card) -> Outcome:
    """A wrong PIN may be entered again with the card that was swiped; each try is a payment of its own."""
    notice = ""
    try:
        for left in reversed(range(desk.acquirer.profile.pin_tries_max)):
            entry = await pin_or_wipe(desk, card, shown_amount(desk, deal.amount_minor), notice)
            outcome = await exchange_only(desk, deal, card, entry, keep=True)
            if outcome.result is not Result.DECLINED or outcome.reason != _WRONG_PIN or not left or entry.bypassed:
                break
            notice = _WRONG_PIN
    finally:
        card.wipe()
    desk.print_waiting()
    return await tell_outcome(desk, outcome)
