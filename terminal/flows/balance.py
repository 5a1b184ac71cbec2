"""Balance 余额查询: shown to the customer, kept nowhere (facts/unionpay.md §2, §3)."""

from __future__ import annotations

from iso8583 import Message
from terminal.desk import Desk
from terminal.domain.money import CURRENCIES, format_amount
from terminal.domain.outcome import Outcome, Result
from terminal.flows.outcome import tell_outcome
from terminal.flows.payer import NO_PIN, ask_card, pin_or_wipe
from terminal.flows.steps import Deal, exchange_only
from terminal.screens.screen import Screen, Tone

__all__ = ["balance", "balance_minor"]

_SIGN_AT, _AMOUNT_FROM, _LENGTH = 7, 8, 20


async def balance(desk: Desk) -> Outcome:
    """Card, PIN, and the number on the screen for as long as an outcome stands there."""
    card = await ask_card(desk, "balance.title", "")
    entry = await pin_or_wipe(desk, card, "") if "balance" in desk.acquirer.profile.pin_kinds else NO_PIN
    found: list[int] = []

    def look(message: Message) -> None:
        value = balance_minor(message.get(54))
        if value is not None:
            found.append(value)

    outcome = await exchange_only(desk, Deal("balance", 0), card, entry, seen=look)
    if outcome.result is not Result.APPROVED or not found:
        return await tell_outcome(desk, outcome)
    texts = desk.texts
    shown = format_amount(found[0], CURRENCIES[desk.acquirer.profile.currency])
    screen = Screen(
        "balance.shown", texts.text("balance.title"), texts.text("balance.available"), amount=shown, tone=Tone.GOOD
    )
    await desk.tell(screen, desk.settings.timeouts.outcome_s)
    return outcome


def balance_minor(element: str | bytes | None) -> int | None:
    """Element 54: account type 2, amount type 2, currency 3, sign C or D, 12 digits; None for anything else."""
    if not isinstance(element, str) or len(element) != _LENGTH:
        return None
    digits, sign = element[_AMOUNT_FROM:], element[_SIGN_AT]
    if not (digits.isascii() and digits.isdecimal()) or sign not in "CD":
        return None
    return -int(digits) if sign == "D" else int(digits)
