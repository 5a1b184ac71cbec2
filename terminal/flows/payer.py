"""Who pays: a card by its stripe or a code, and the customer's PIN."""

from __future__ import annotations

from drivers.events import Scan, Swipe
from terminal.acquirer.request import Presented
from terminal.acquirer.wire import PIN_SLOT
from terminal.desk import Desk
from terminal.domain.card import Card, CardRefusal, CardRules, parse_card
from terminal.domain.code import Code, CodeRefusal, CodeRefusalReason, payment_code
from terminal.domain.record import Cvm
from terminal.domain.transactions import TRANSACTIONS, Total, Undo
from terminal.flows.pin import ask_pin
from terminal.prompts import PinEntry, PresentPrompt

__all__ = ["NO_PIN", "ask_card", "ask_payer", "cvm_of", "pin_or_wipe", "presented", "wants_pin"]

NO_PIN = PinEntry(None)
_PIN_BLOCK_FORMAT = 0


async def ask_payer(desk: Desk, title: str, amount: str) -> Card | Code:
    """Card or payment code."""
    return await desk.ask(
        PresentPrompt(title, amount, lambda swipe: _card(desk, swipe), _code), desk.settings.timeouts.card_s
    )


async def ask_card(desk: Desk, title: str, amount: str, instruction: str = "present.card") -> Card:
    """A card; a code is refused by name."""
    prompt = PresentPrompt(title, amount, lambda swipe: _card(desk, swipe), _no_code, instruction)
    card = await desk.ask(prompt, desk.settings.timeouts.card_s)
    assert isinstance(card, Card)
    return card


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
        track2=payer.track2.decode("ascii").replace("=", "D"),
        track3=payer.track3.decode("ascii").replace("=", "D") if payer.track3 else "",
        pin_block=block,
        target=target.pan.decode("ascii") if target is not None else "",
    )


def _card(desk: Desk, swipe: Swipe) -> Card | CardRefusal:
    tracks, profile, job = swipe.tracks, desk.acquirer.profile, desk.till.job
    ecr = desk.settings.ecr
    rules = CardRules(
        check_digit=profile.card_check_digit,
        accept_track1=profile.card_accept_track1,
        refuse_expired=profile.card_refuse_expired,
        refused_bins=profile.card_refused_bins,
        loyalty_prefixes=ecr.loyalty_cards if ecr is not None and job is not None else (),
        obey_service_code=profile.card_service_code == "obey",
        pin_possible=profile.pin != "never",
    )
    try:
        read = parse_card(tracks.track1, tracks.track2, tracks.track3, rules, desk.today(), tracks.notes)
        if job is not None and isinstance(read, CardRefusal) and read.loyalty:
            job.loyalty(read.loyalty)
        return read
    finally:
        tracks.wipe()


def _code(scan: Scan) -> Code | CodeRefusal:
    try:
        return payment_code(scan.text.data)
    finally:
        scan.text.wipe()


def _no_code(scan: Scan) -> Code | CodeRefusal:
    scan.text.wipe()
    return CodeRefusal(CodeRefusalReason.NOT_PAYMENT)
