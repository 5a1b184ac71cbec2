"""Pre-authorisation 预授权 and what follows it (facts/unionpay.md §3)."""

from __future__ import annotations

from terminal.desk import Desk
from terminal.domain.outcome import Outcome
from terminal.domain.record import Referral
from terminal.domain.transactions import TRANSACTIONS
from terminal.flows.dates import is_day
from terminal.flows.offline import refused_offline
from terminal.flows.operators import approved_by
from terminal.flows.payer import NO_PIN, ask_card, pin_or_wipe
from terminal.flows.steps import Deal, ask_amount, ask_digits, pay, shown_amount, stand

__all__ = ["additional", "complete", "complete_by_advice", "pre_auth", "void_pre_auth"]

_AUTH_DIGITS, _DATE_DIGITS = 6, 4


async def pre_auth(desk: Desk, amount_minor: int = 0) -> Outcome:
    """Hold an amount on a card; ``amount_minor`` when it is known."""
    return await _online(desk, "pre-auth", Referral(), amount_minor)


async def additional(desk: Desk) -> Outcome:
    """Hold more for a pre-authorisation that stands."""
    return await _online(desk, "additional-pre-auth", await _authorisation(desk, "additional-pre-auth"))


async def void_pre_auth(desk: Desk) -> Outcome:
    """Let go of what is held."""
    await approved_by(desk, TRANSACTIONS["pre-auth-void"].role)
    return await _online(desk, "pre-auth-void", await _authorisation(desk, "pre-auth-void"))


async def complete(desk: Desk) -> Outcome:
    """Charge what was held, online."""
    return await _online(desk, "completion", await _authorisation(desk, "completion"))


async def complete_by_advice(desk: Desk) -> Outcome | None:
    """Charge what was held by an advice: it stands at once, and is forwarded when the host can be reached."""
    referral = await _authorisation(desk, "completion-advice")
    amount_minor = await ask_amount(desk, "completion-advice.title")
    held_minor = await desk.journal.held_minor(referral.original_auth, referral.original_date)
    percent = desk.acquirer.profile.completion_percent_max
    if held_minor is not None and amount_minor * 100 > held_minor * percent:
        # An advice stands at once: what the bank would refuse later must not leave the counter as paid.
        await desk.refuse("completion-advice.title", "reason.beyond-pre-auth")
        return None
    card = await ask_card(desk, "completion-advice.title", shown_amount(desk, amount_minor))
    if await refused_offline(desk, "completion-advice.title", card):
        return None
    return await stand(desk, Deal("completion-advice", amount_minor, referral), card, referral.original_auth)


async def _authorisation(desk: Desk, kind: str) -> Referral:
    title = f"{kind}.title"
    date = await ask_digits(desk, title, "date", _DATE_DIGITS, right=is_day)
    auth_code = await ask_digits(desk, title, "auth", _AUTH_DIGITS)
    return Referral(original_date=date, original_auth=auth_code)


async def _online(desk: Desk, kind: str, referral: Referral, amount_minor: int = 0) -> Outcome:
    title = f"{kind}.title"
    amount_minor = amount_minor or await ask_amount(desk, title)
    amount = shown_amount(desk, amount_minor)
    card = await ask_card(desk, title, amount)
    entry = await pin_or_wipe(desk, card, amount) if kind in desk.acquirer.profile.pin_kinds else NO_PIN
    return await pay(desk, Deal(kind, amount_minor, referral), card, entry)
