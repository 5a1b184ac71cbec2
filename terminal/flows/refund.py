"""Refund of an older payment, in part or in full, by card or code (facts/unionpay.md §3)."""

from __future__ import annotations

from terminal.desk import Desk
from terminal.domain.outcome import Outcome
from terminal.domain.record import Referral, TransactionRecord
from terminal.domain.transactions import TRANSACTIONS, Payer
from terminal.flows.dates import is_day
from terminal.flows.operators import approved_by
from terminal.flows.payer import ask_card
from terminal.flows.steps import Deal, ask_amount, ask_digits, pay, shown_amount

__all__ = ["refund", "refund_code"]

_RRN_DIGITS, _DATE_DIGITS = 12, 4
_BY_CARD = frozenset({Payer.STRIPE, Payer.NOBODY})
_BY_CODE = frozenset({Payer.CODE, Payer.SCREEN})


async def refund(desk: Desk) -> Outcome | None:
    """To a card: date and reference number from the slip, amount, the same card."""
    deal = await _deal(desk, "refund", _BY_CARD)
    if deal is None:
        return None
    card = await ask_card(desk, "refund.title", shown_amount(desk, deal.amount_minor))
    if deal.original is not None and card.masked != deal.original.account:
        card.wipe()
        await desk.refuse("refund.title", "original.other-card")
        return None
    return await pay(desk, deal, card)


async def refund_code(desk: Desk) -> Outcome | None:
    """To the account behind a payment code: the reference number and the code's voucher name it."""
    deal = await _deal(desk, "qr-refund", _BY_CODE)
    return None if deal is None else await pay(desk, deal, None)


async def _deal(desk: Desk, kind: str, payers: frozenset[Payer]) -> Deal | None:
    """What is given back of which payment; None, and said why, when this terminal knows that it cannot be."""
    await approved_by(desk, TRANSACTIONS[kind].role)
    date = await ask_digits(desk, "refund.title", "date", _DATE_DIGITS, right=is_day)
    rrn = await ask_digits(desk, "refund.title", "rrn", _RRN_DIGITS)
    original = await desk.journal.by_rrn(rrn, date)
    most_minor = desk.acquirer.profile.refund_max_minor
    reason = ""
    if original is not None:
        given_minor = await desk.journal.followed_minor(original.id, "refund", "qr-refund")
        most_minor = min(most_minor, original.amount_minor - given_minor)
        if TRANSACTIONS[original.kind].payer not in payers:
            reason = "original.other-kind"
        elif await desk.journal.voided_by(original.id) is not None:
            reason = "reason.already-voided"
        elif most_minor <= 0:
            reason = "refund.nothing-left"
    if reason:
        await desk.refuse("refund.title", reason)
        return None
    amount_minor = await ask_amount(desk, "refund.title", most_minor)
    return Deal(kind, amount_minor, _referral(date, rrn, original), original)


def _referral(date: str, rrn: str, original: TransactionRecord | None) -> Referral:
    """All that is known: of a payment of another terminal only what stands on its slip."""
    if original is None:
        return Referral(original_date=date, original_rrn=rrn)
    return Referral(original.id, original.batch, original.stan, date, rrn, original.auth_code, original.code_voucher)
