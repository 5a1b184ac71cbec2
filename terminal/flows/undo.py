"""Voids: a sale or a completion of the open batch is taken back as a whole (facts/unionpay.md §3)."""

from __future__ import annotations

from terminal.desk import Desk
from terminal.domain.outcome import Outcome
from terminal.domain.transactions import TRANSACTIONS
from terminal.flows.operators import approved_by
from terminal.flows.payer import ask_card
from terminal.flows.steps import Deal, confirm_original, original_of_batch, pay, shown_amount

__all__ = ["void_completion", "void_sale"]


async def void_sale(desk: Desk, voucher: int = 0) -> Outcome | None:
    """Sale, by card or code: voucher number, confirmation, supervisor, card when the acquirer wants it."""
    return await _void(desk, "sale-void", voucher)


async def void_completion(desk: Desk) -> Outcome | None:
    """Completion of a pre-authorisation."""
    return await _void(desk, "completion-void")


async def _void(desk: Desk, kind: str, voucher: int = 0) -> Outcome | None:
    title = f"{kind}.title"
    await approved_by(desk, TRANSACTIONS[kind].role)
    original = await original_of_batch(desk, title, TRANSACTIONS[kind].undoes, voucher)
    if original is None:
        return None
    referral = await confirm_original(desk, title, original)
    by_card = TRANSACTIONS[original.kind].payer.value == "stripe"
    card = None
    if by_card and desk.acquirer.profile.void_needs_card:
        card = await ask_card(desk, title, shown_amount(desk, original.amount_minor), like=original)
        if card.masked != original.account:
            card.wipe()
            await desk.refuse(title, "original.other-card")
            return None
    return await pay(desk, Deal(kind, original.amount_minor, referral, original), card)
