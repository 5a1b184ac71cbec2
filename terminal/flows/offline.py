"""What is agreed at the counter and told to the host later: offline sale, tip (facts/unionpay.md §3, §10)."""

from __future__ import annotations

from terminal.desk import Desk
from terminal.domain.card import Card
from terminal.domain.outcome import Outcome
from terminal.domain.transactions import TRANSACTIONS
from terminal.flows.operators import approved_by
from terminal.flows.payer import ask_card
from terminal.flows.steps import (
    Deal,
    ask_amount,
    ask_digits,
    confirm_original,
    original_of_batch,
    shown_amount,
    stand,
)

__all__ = ["offline_sale", "refused_offline", "tip"]

_AUTH_DIGITS = 6
_TIPPED = frozenset({"sale"})


async def offline_sale(desk: Desk) -> Outcome | None:
    """A sale with the code that the issuer gave by telephone."""
    await approved_by(desk, TRANSACTIONS["offline-sale"].role)
    amount_minor = await ask_amount(desk, "offline-sale.title")
    auth_code = await ask_digits(desk, "offline-sale.title", "auth", _AUTH_DIGITS)
    card = await ask_card(desk, "offline-sale.title", shown_amount(desk, amount_minor))
    if await refused_offline(desk, "offline-sale.title", card):
        return None
    return await stand(desk, Deal("offline-sale", amount_minor), card, auth_code)


async def refused_offline(desk: Desk, title: str, card: Card) -> bool:
    """Whether the acquirer's lists speak against taking a card without the host; said at the counter, noted, wiped."""
    reason = desk.acquirer.lists.refused_offline(card.pan)
    if reason:
        await desk.journal.note("card refused", f"{card.masked} {reason}")
        card.wipe()
        await desk.refuse(title, reason)
    return bool(reason)


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
    given_minor = await desk.journal.followed_minor(original.id, "tip")
    most_minor = original.amount_minor * percent // 100 - given_minor
    if most_minor <= 0:
        await desk.refuse("tip.title", "tip.none-allowed")
        return None
    amount_minor = await ask_amount(desk, "tip.title", most_minor)
    return await stand(desk, Deal("tip", amount_minor, referral, original), None, original.auth_code)
