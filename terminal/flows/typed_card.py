"""A card whose number is typed because it cannot be read 手工输入 (facts/unionpay.md §2: element 22 begins with 01).

The number is shown as dots while it is typed; its check digit finds a wrong key. From then on only its first six and
last four digits are seen, as of every card.
"""

from __future__ import annotations

from terminal.desk import Desk
from terminal.domain.card import Card, CardRefusal, CardRules, mask_pan, number_refused, typed_card
from terminal.domain.transactions import Role
from terminal.flows.digits import ask_digits
from terminal.flows.operators import approved_by
from terminal.prompts import Cancelled
from terminal.secret_prompt import SecretPrompt

__all__ = ["type_card"]

_DIGITS_MIN, _DIGITS_MAX, _GROUP = 13, 19, 4
_EXPIRY_DIGITS = 4


async def type_card(desk: Desk, title: str, amount: str, first: str, rules: CardRules) -> Card | None:
    """Number and expiry date of a card; ``first`` is the digit that began it. None when it is given up.

    Raises TimedOut.
    """
    try:
        await approved_by(desk, Role(desk.acquirer.profile.manual_entry_role))
        number = await _number(desk, title, amount, first, rules)
    except Cancelled:
        return None
    try:
        card = await _dated(desk, title, number, rules)
    except Cancelled:
        return None
    finally:
        _wipe(number)
    if isinstance(card, CardRefusal):
        await desk.refuse(title, f"card.{card.reason}")
        return None
    await desk.journal.note("card typed", card.masked)
    return card


async def _number(desk: Desk, title: str, amount: str, first: str, rules: CardRules) -> bytearray:
    """The number, asked for until it can be one. Raises Cancelled and TimedOut."""
    notice = ""
    while True:
        prompt = SecretPrompt(
            "ask.card-number", title, "ask.card-number", _DIGITS_MIN, _DIGITS_MAX, notice, amount=amount, group=_GROUP
        )
        prompt.push(first)
        first = ""
        try:
            with await desk.ask(prompt, desk.settings.timeouts.card_s) as typed, typed.open() as digits:
                number = desk.typed_number(bytearray(digits))
        finally:
            prompt.wipe()
        reason = number_refused(number, rules)
        if reason is None:
            return number
        _wipe(number)
        notice = f"card.{reason}"


async def _dated(desk: Desk, title: str, number: bytearray, rules: CardRules) -> Card | CardRefusal:
    """With the expiry date as it stands on the card, month before year. Raises Cancelled and TimedOut."""
    masked = mask_pan(number.decode("ascii"))
    typed = await ask_digits(desk, title, "expiry", _EXPIRY_DIGITS, right=_is_month, about=masked)
    return typed_card(number, typed[2:] + typed[:2], rules, desk.today())


def _is_month(typed: str) -> bool:
    return 1 <= int(typed[:2]) <= 12


def _wipe(number: bytearray) -> None:
    number[:] = bytes(len(number))
