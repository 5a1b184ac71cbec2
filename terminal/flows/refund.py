"""Refund of an older payment, in part or in full, by card or code (facts/unionpay.md §3)."""

from __future__ import annotations

from terminal.desk import Desk
from terminal.domain.outcome import Outcome
from terminal.domain.record import Referral
from terminal.domain.transactions import TRANSACTIONS
from terminal.flows.dates import is_day
from terminal.flows.operators import approved_by
from terminal.flows.steps import ask_amount, ask_card, ask_digits, pay, shown_amount

__all__ = ["refund", "refund_code"]

_RRN_DIGITS, _DATE_DIGITS = 12, 4


async def refund(desk: Desk) -> Outcome:
    """To a card: date and reference number from the slip, amount, the same card."""
    referral = await _referral(desk, "refund")
    amount_minor = await ask_amount(desk, "refund.title", desk.acquirer.profile.refund_max_minor)
    card = await ask_card(desk, "refund.title", shown_amount(desk, amount_minor))
    return await pay(desk, "refund", amount_minor, card, referral=referral)


async def refund_code(desk: Desk) -> Outcome:
    """To the account behind a payment code: the reference number names it."""
    referral = await _referral(desk, "qr-refund")
    amount_minor = await ask_amount(desk, "refund.title", desk.acquirer.profile.refund_max_minor)
    return await pay(desk, "qr-refund", amount_minor, None, referral=referral)


async def _referral(desk: Desk, kind: str) -> Referral:
    await approved_by(desk, TRANSACTIONS[kind].role)
    date = await ask_digits(desk, "refund.title", "date", _DATE_DIGITS, right=is_day)
    rrn = await ask_digits(desk, "refund.title", "rrn", _RRN_DIGITS)
    return Referral(original_date=date, original_rrn=rrn)
