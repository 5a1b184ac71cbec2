"""Sale by stripe or customer-presented code (facts/unionpay.md §3, §3.6)."""

from __future__ import annotations

from drivers.events import Scan, Swipe
from terminal.acquirer.request import Presented
from terminal.acquirer.wire import PIN_SLOT
from terminal.desk import Desk
from terminal.domain.card import Card, CardRefusal, CardRules, parse_card
from terminal.domain.code import Code, CodeRefusal, classify_code
from terminal.domain.money import CURRENCIES, format_amount
from terminal.domain.outcome import Outcome
from terminal.domain.record import Intent
from terminal.flows.outcome import processing, tell_outcome
from terminal.prompts import AmountPrompt, PinEntry, PinPrompt, PresentPrompt

__all__ = ["sale"]

_NO_PIN = PinEntry(None)
_STRIPE_WITH_PIN, _STRIPE, _CODE = "021", "022", "032"
"""Element 22 (facts/unionpay.md §2)."""
_PIN_BLOCK_FORMAT = 0


async def sale(desk: Desk) -> Outcome:
    """Amount, payer, PIN where it is wanted, exchange, slip.

    Raises Cancelled or TimedOut up to the moment the request leaves; after that every way
    ends in an Outcome.
    """
    profile, timeouts = desk.acquirer.profile, desk.settings.timeouts
    currency = CURRENCIES[profile.currency]
    amount_minor = await desk.ask(AmountPrompt("sale.title", currency, profile.amount_max_minor), timeouts.amount_s)
    amount = format_amount(amount_minor, currency)
    payer = await desk.ask(
        PresentPrompt("sale.title", amount, lambda swipe: _card(desk, swipe), lambda scan: _code(desk, scan)),
        timeouts.card_s,
    )
    entry = _NO_PIN
    try:
        if isinstance(payer, Card) and profile.pin_wanted(amount_minor):
            entry = await _pin(desk, amount)
        desk.show(processing(desk.texts, amount))
        outcome = await desk.exchange(_intent(desk, amount_minor, payer, entry), lambda: _present(desk, payer, entry))
    finally:
        entry.wipe()
        payer.wipe()
    desk.print_waiting()
    return await tell_outcome(desk, outcome)


def _card(desk: Desk, swipe: Swipe) -> Card | CardRefusal:
    tracks, profile = swipe.tracks, desk.acquirer.profile
    rules = CardRules(
        check_digit=profile.card_check_digit,
        accept_track1=profile.card_accept_track1,
        refuse_expired=profile.card_refuse_expired,
        refused_bins=profile.card_refused_bins,
    )
    try:
        return parse_card(tracks.track1, tracks.track2, tracks.track3, rules, desk.today(), tracks.notes)
    finally:
        tracks.wipe()


def _code(desk: Desk, scan: Scan) -> Code | CodeRefusal:
    try:
        return classify_code(scan.text.data).as_payment()
    finally:
        scan.text.wipe()


async def _pin(desk: Desk, amount: str) -> PinEntry:
    profile = desk.acquirer.profile
    prompt = PinPrompt(
        amount,
        desk.settings.terminal.merchant_name,
        profile.pin_length_min,
        profile.pin_length_max,
        profile.pin_bypass,
    )
    try:
        return await desk.ask(prompt, desk.settings.timeouts.pin_s)
    finally:
        prompt.wipe()


def _intent(desk: Desk, amount_minor: int, payer: Card | Code, entry: PinEntry) -> Intent:
    by_card = isinstance(payer, Card)
    mode = (_STRIPE_WITH_PIN if entry.pin else _STRIPE) if by_card else _CODE
    return Intent(
        kind="sale" if by_card else "qr-sale",
        amount_minor=amount_minor,
        currency=desk.acquirer.profile.currency,
        entry_mode=mode,
        account=payer.masked,
        operator=desk.acquirer.operator,
        training=desk.settings.terminal.training,
        pin_entered=entry.pin is not None,
    )


def _present(desk: Desk, payer: Card | Code, entry: PinEntry) -> Presented:
    """Card data in the form of the message; called when nothing stands between it and the wire."""
    if isinstance(payer, Code):
        return Presented(code=payer.text)
    block = b""
    if entry.pin is not None:
        pan = payer.pan.decode("ascii")
        block = desk.acquirer.vault.encrypt_pin(PIN_SLOT, entry.pin, pan, _PIN_BLOCK_FORMAT)
    return Presented(
        track2=payer.track2.decode("ascii").replace("=", "D"),
        track3=payer.track3.decode("ascii").replace("=", "D") if payer.track3 else "",
        pin_block=block,
    )
