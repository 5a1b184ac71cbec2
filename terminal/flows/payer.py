"""Who pays: a card by its stripe or its typed number, or a code, and the customer's PIN."""

from __future__ import annotations

from collections.abc import Callable

from drivers.events import Scan, Swipe
from terminal.acquirer.request import Presented
from terminal.acquirer.wire import PIN_SLOT
from terminal.desk import Desk
from terminal.domain.card import Card, CardRefusal, CardRules, parse_card
from terminal.domain.code import Code, CodeRefusal, CodeRefusalReason, payment_code
from terminal.domain.record import Cvm, TransactionRecord
from terminal.domain.transactions import TRANSACTIONS, Total, Undo
from terminal.flows.pin import ask_pin
from terminal.prompts import FirstDigit, PinEntry, PresentPrompt

__all__ = ["NO_PIN", "ask_card", "ask_payer", "cvm_of", "pin_or_wipe", "presented", "wants_pin"]

NO_PIN = PinEntry(None)
_PIN_BLOCK_FORMAT = 0
_TYPED = "01"
"""First digits of element 22 of a card whose number was typed (facts/unionpay.md §2)."""


async def ask_payer(desk: Desk, title: str, amount: str) -> Card | Code:
    """Card or payment code."""
    return await _ask(desk, title, amount, _code, "present.instruction", typing=_takes_typed(desk, title))


async def ask_card(
    desk: Desk, title: str, amount: str, instruction: str = "present.card", *, like: TransactionRecord | None = None
) -> Card:
    """A card; a code is refused by name. ``like``: the payment that is made void, whose number was perhaps typed."""
    again = like is not None and like.entry_mode.startswith(_TYPED) and desk.acquirer.profile.manual_entry
    typing = again or _takes_typed(desk, title)
    card = await _ask(desk, title, amount, _no_code, instruction, typing=typing)
    assert isinstance(card, Card)
    return card


async def _ask(
    desk: Desk,
    title: str,
    amount: str,
    read_code: Callable[[Scan], Code | CodeRefusal],
    instruction: str,
    *,
    typing: bool,
) -> Card | Code:
    prompt = PresentPrompt(title, amount, lambda swipe: _card(desk, swipe), read_code, instruction, typing=typing)
    while True:
        answer = await desk.ask(prompt, desk.settings.timeouts.card_s)
        if not isinstance(answer, FirstDigit):
            return answer
        from terminal.flows.typed_card import type_card  # rarely wanted

        card = await type_card(desk, title, amount, answer.digit, _rules(desk))
        if card is not None:
            return card


def _takes_typed(desk: Desk, title: str) -> bool:
    return desk.acquirer.profile.takes_typed(title.removesuffix(".title"))


def wants_pin(desk: Desk, card: Card, amount_minor: int) -> bool:
    """Whether the customer is asked for a PIN: by the acquirer's rule, or by the card's service code."""
    profile = desk.acquirer.profile
    by_card = profile.card_service_code == "obey" and profile.pin != "never" and card.pin_required
    return by_card or profile.pin_wanted(amount_minor)


async def pin_or_wipe(desk: Desk, card: Card, amount: str, notice: str = "") -> PinEntry:
    """The PIN; the card is wiped when none is given."""
    try:
        return await ask_pin(desk, amount, card, notice)
    except BaseException:
        card.wipe()
        raise


def cvm_of(desk: Desk, kind: str, amount_minor: int, payer: Card | Code | None, entry: PinEntry) -> str:
    """How the cardholder is verified, as the row and the slip say it."""
    if not isinstance(payer, Card) or TRANSACTIONS[kind].undo is Undo.NONE:
        return ""
    if entry.entered:
        return Cvm.PIN
    if entry.bypassed:
        return Cvm.BYPASSED
    small = TRANSACTIONS[kind].total is Total.DEBIT and amount_minor <= desk.acquirer.profile.signature_free_max_minor
    return Cvm.NONE if small else Cvm.SIGNATURE


def presented(desk: Desk, payer: Card | Code | None, entry: PinEntry, target: Card | None = None) -> Presented:
    """Card data in the form of the message; called when nothing stands between it and the wire."""
    if payer is None:
        return Presented()
    if isinstance(payer, Code):
        return Presented(code=payer.text)
    block = entry.block
    if entry.pin is not None:
        pan = payer.pan.decode("ascii")
        block = desk.acquirer.vault.encrypt_pin(PIN_SLOT, entry.pin, pan, _PIN_BLOCK_FORMAT)
    return Presented(
        pan=payer.pan.decode("ascii") if payer.typed else "",
        expiry=payer.expiry if payer.typed else "",
        track2=payer.track2.decode("ascii").replace("=", "D"),
        track3=payer.track3.decode("ascii").replace("=", "D") if payer.track3 else "",
        pin_block=block,
        target=target.pan.decode("ascii") if target is not None else "",
    )


def _card(desk: Desk, swipe: Swipe) -> Card | CardRefusal:
    tracks, job = swipe.tracks, desk.till.job
    try:
        read = parse_card(tracks.track1, tracks.track2, tracks.track3, _rules(desk), desk.today(), tracks.notes)
        if job is not None and isinstance(read, CardRefusal) and read.loyalty:
            job.loyalty(read.loyalty)
        return read
    finally:
        tracks.wipe()


def _rules(desk: Desk) -> CardRules:
    profile, ecr = desk.acquirer.profile, desk.settings.ecr
    return CardRules(
        check_digit=profile.card_check_digit,
        accept_track1=profile.card_accept_track1,
        refuse_expired=profile.card_refuse_expired,
        refused_bins=profile.card_refused_bins,
        loyalty_prefixes=ecr.loyalty_cards if ecr is not None and desk.till.job is not None else (),
        obey_service_code=profile.card_service_code == "obey",
        pin_possible=profile.pin != "never",
    )


def _code(scan: Scan) -> Code | CodeRefusal:
    try:
        return payment_code(scan.text.data)
    finally:
        scan.text.wipe()


def _no_code(scan: Scan) -> Code | CodeRefusal:
    scan.text.wipe()
    return CodeRefusal(CodeRefusalReason.NOT_PAYMENT)
