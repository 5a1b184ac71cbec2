"""Refund of an older payment, in part or in full, by card or code (facts/unionpay.md §3)."""

from __future__ import annotations

from dataclasses import dataclass

from terminal.desk import Desk
from terminal.domain.outcome import Outcome
from terminal.domain.record import Referral, TransactionRecord
from terminal.domain.transactions import TRANSACTIONS, Payer
from terminal.flows.dates import is_day
from terminal.flows.operators import approved_by
from terminal.flows.payer import ask_card
from terminal.flows.steps import Deal, ask_amount, ask_digits, pay, shown_amount

__all__ = ["Named", "refund", "refund_code", "refund_named"]

_RRN_DIGITS, _DATE_DIGITS = 12, 4
_BY_CARD = frozenset({Payer.STRIPE, Payer.NOBODY})
_BY_CODE = frozenset({Payer.CODE, Payer.SCREEN})


@dataclass(frozen=True, slots=True)
class Named:
    """A refund that somebody else has entered: a till."""

    date: str
    """MMDD."""
    rrn: str
    amount_minor: int


async def refund_named(desk: Desk, named: Named) -> Outcome | None:
    """By code when this terminal knows that the payment was by code; by card otherwise."""
    original = await desk.journal.by_rrn(named.rrn, named.date)
    by_code = original is not None and TRANSACTIONS[original.kind].payer in _BY_CODE
    return await (refund_code if by_code else refund)(desk, named)


async def refund(desk: Desk, named: Named | None = None) -> Outcome | None:
    """To a card: date and reference number from the slip, amount, the same card."""
    deal = await _deal(desk, "refund", _BY_CARD, named)
    if deal is None:
        return None
    card = await ask_card(desk, "refund.title", shown_amount(desk, deal.amount_minor))
    if deal.original is not None and card.masked != deal.original.account:
        card.wipe()
        await desk.refuse("refund.title", "original.other-card")
        return None
    return await pay(desk, deal, card)


async def refund_code(desk: Desk, named: Named | None = None) -> Outcome | None:
    """To the account behind a payment code: the reference number and the code's voucher name it."""
    deal = await _deal(desk, "qr-refund", _BY_CODE, named)
    return None if deal is None else await pay(desk, deal, None)


async def _deal(desk: Desk, kind: str, payers: frozenset[Payer], named: Named | None) -> Deal | None:
    """What is given back of which payment; None, and said why, when this terminal knows that it cannot be."""
    await approved_by(desk, TRANSACTIONS[kind].role)
    if named is not None:
        date, rrn = named.date, named.rrn
    else:
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
    if not reason and named is not None and named.amount_minor > most_minor:
        reason = "refund.too-much"
    if reason:
        await desk.refuse("refund.title", reason)
        return None
    amount_minor = named.amount_minor if named is not None else await ask_amount(desk, "refund.title", most_minor)
    return Deal(kind, amount_minor, _referral(date, rrn, original), original)


def _referral(date: str, rrn: str, original: TransactionRecord | None) -> Referral:
    """All that is known: of a payment of another terminal only what stands on its slip."""
    if original is None:
        return Referral(original_date=date, original_rrn=rrn)
    return Referral(original.id, original.batch, original.stan, date, rrn, original.auth_code, original.code_voucher)
