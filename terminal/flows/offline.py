"""What is agreed at the counter and told to the host later: offline sale, tip (facts/unionpay.md §3, §10)."""

from __future__ import annotations

from terminal.desk import Desk
from terminal.domain.outcome import Outcome
from terminal.domain.record import Referral
from terminal.domain.transactions import TRANSACTIONS
from terminal.flows.operators import approved_by
from terminal.flows.steps import (
    ask_amount,
    ask_card,
    ask_digits,
    confirm_original,
    original_of_batch,
    shown_amount,
    stand,
)

__all__ = ["offline_sale", "tip"]

_AUTH_DIGITS = 6
_TIPPED = frozenset({"sale"})


async def offline_sale(desk: Desk) -> Outcome:
    """A sale with the code that the issuer gave by telephone."""
    await approved_by(desk, TRANSACTIONS["offline-sale"].role)
    amount_minor = await ask_amount(desk, "offline-sale.title")
    auth_code = await ask_digits(desk, "offline-sale.title", "auth", _AUTH_DIGITS)
    card = await ask_card(desk, "offline-sale.title", shown_amount(desk, amount_minor))
    return await stand(desk, "offline-sale", amount_minor, card, auth_code, referral=Referral())


async def tip(desk: Desk) -> Outcome | None:
    """A tip on a sale of the open batch, up to the acquirer's percentage of it."""
    percent = desk.acquirer.profile.tip_percent_max
    if not percent:
        await desk.refuse("tip.title", "tip.none-allowed")
        return None
    original = await original_of_batch(desk, "tip.title", _TIPPED)
    if original is None:
        return None
    referral = await confirm_original(desk, "tip.title", original)
    most_minor = original.amount_minor * percent // 100
    if not most_minor:
        await desk.refuse("tip.title", "tip.none-allowed")
        return None
    amount_minor = await ask_amount(desk, "tip.title", most_minor)
    return await stand(desk, "tip", amount_minor, None, original.auth_code, referral=referral, original=original)
