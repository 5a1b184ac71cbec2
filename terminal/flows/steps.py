"""The steps that transactions share: amount, payer, PIN, approval, and the exchange itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from drivers.events import Scan, Swipe
from iso8583 import Message
from terminal.acquirer.request import Presented
from terminal.acquirer.safe import seal_card
from terminal.acquirer.wire import PIN_SLOT
from terminal.desk import Desk
from terminal.domain.card import Card, CardRefusal, CardRules, parse_card
from terminal.domain.code import Code, CodeRefusal, CodeRefusalReason, payment_code
from terminal.domain.money import CURRENCIES, format_amount
from terminal.domain.outcome import Outcome
from terminal.domain.record import NO_REFERRAL, Intent, Referral, TransactionRecord
from terminal.domain.transactions import TRANSACTIONS, Undo
from terminal.flows.outcome import processing, tell_outcome
from terminal.prompts import AmountPrompt, Confirm, DigitsPrompt, PinEntry, PinPrompt, PresentPrompt
from terminal.screens.screen import Screen

__all__ = [
    "NO_PIN",
    "ask_amount",
    "ask_card",
    "ask_digits",
    "ask_payer",
    "ask_pin",
    "confirm_original",
    "exchange_only",
    "original_of_batch",
    "pay",
    "shown_amount",
    "stand",
    "wants_pin",
]

NO_PIN = PinEntry(None)
_STRIPE_WITH_PIN, _STRIPE, _CODE, _KEYED = "021", "022", "032", "012"
"""Element 22 (facts/unionpay.md §2)."""
_PIN_BLOCK_FORMAT = 0
_STAN_DIGITS = 6


def shown_amount(desk: Desk, amount_minor: int) -> str:
    """An amount in the acquirer's currency."""
    return format_amount(amount_minor, CURRENCIES[desk.acquirer.profile.currency])


async def ask_amount(desk: Desk, title: str, maximum_minor: int = 0) -> int:
    """Amount in minor units, up to ``maximum_minor`` or the acquirer's limit."""
    profile = desk.acquirer.profile
    limit = min(maximum_minor or profile.amount_max_minor, profile.amount_max_minor)
    return await desk.ask(AmountPrompt(title, CURRENCIES[profile.currency], limit), desk.settings.timeouts.amount_s)


async def ask_digits(
    desk: Desk,
    title: str,
    what: str,
    digits: int,
    *,
    exactly: bool = True,
    right: Callable[[str], bool] = lambda typed: True,
) -> str:
    """Digits from a slip: ``what`` is ``voucher``, ``rrn``, ``auth`` or ``date``."""
    prompt = DigitsPrompt(f"ask.{what}", title, f"ask.{what}", digits, digits if exactly else 1, right)
    return await desk.ask(prompt, desk.settings.timeouts.menu_s)


async def ask_payer(desk: Desk, title: str, amount: str) -> Card | Code:
    """Card or payment code."""
    return await desk.ask(
        PresentPrompt(title, amount, lambda swipe: _card(desk, swipe), _code), desk.settings.timeouts.card_s
    )


async def ask_card(desk: Desk, title: str, amount: str) -> Card:
    """A card; a code is refused by name."""
    prompt = PresentPrompt(title, amount, lambda swipe: _card(desk, swipe), _no_code, "present.card")
    card = await desk.ask(prompt, desk.settings.timeouts.card_s)
    assert isinstance(card, Card)
    return card


async def ask_pin(desk: Desk, amount: str) -> PinEntry:
    """The customer's PIN, or its deliberate absence."""
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


def wants_pin(desk: Desk, card: Card, amount_minor: int) -> bool:
    """Whether the customer is asked for a PIN: by the acquirer's rule, or by the card's service code."""
    profile = desk.acquirer.profile
    by_card = profile.card_service_code == "obey" and profile.pin != "never" and card.pin_required
    return by_card or profile.pin_wanted(amount_minor)


@dataclass(frozen=True, slots=True)
class _Deal:
    """What is about to be exchanged."""

    kind: str
    amount_minor: int
    referral: Referral
    tender: str


async def pay(
    desk: Desk,
    kind: str,
    amount_minor: int,
    payer: Card | Code | None,
    entry: PinEntry = NO_PIN,
    *,
    referral: Referral = NO_REFERRAL,
    original: TransactionRecord | None = None,
    tender: str = "",
) -> Outcome:
    """Exchange, print, tell. Payer and PIN are wiped whatever happens; after this line there is no way back."""
    outcome = await exchange_only(
        desk, kind, amount_minor, payer, entry, referral=referral, original=original, tender=tender
    )
    desk.print_waiting()
    return await tell_outcome(desk, outcome)


async def exchange_only(
    desk: Desk,
    kind: str,
    amount_minor: int,
    payer: Card | Code | None,
    entry: PinEntry = NO_PIN,
    *,
    referral: Referral = NO_REFERRAL,
    original: TransactionRecord | None = None,
    tender: str = "",
    seen: Callable[[Message], None] | None = None,
) -> Outcome:
    """The exchange without its telling; ``seen`` is shown an approval, for what is not kept."""
    try:
        desk.show(processing(desk.texts, shown_amount(desk, amount_minor) if amount_minor else ""))
        deal = _Deal(kind, amount_minor, referral, tender)
        return await desk.exchange(
            _intent_of(desk, deal, payer, entry, original), lambda: _present(desk, payer, entry), seen
        )
    finally:
        entry.wipe()
        if payer is not None:
            payer.wipe()


async def stand(
    desk: Desk, kind: str, amount_minor: int, payer: Card | None, auth_code: str, *, referral: Referral = NO_REFERRAL,
    original: TransactionRecord | None = None,
) -> Outcome:  # fmt: skip
    """Store an advice that is agreed at the counter, print, tell."""
    try:
        intent = _intent_of(desk, _Deal(kind, amount_minor, referral, ""), payer, NO_PIN, original)
        outcome = await desk.store(intent, auth_code)
    finally:
        if payer is not None:
            payer.wipe()
    desk.print_waiting()
    return await tell_outcome(desk, outcome)


def _intent_of(
    desk: Desk, deal: _Deal, payer: Card | Code | None, entry: PinEntry, original: TransactionRecord | None
) -> Intent:
    """The row before it is one."""
    account, mode, sealed = "", _KEYED, b""
    if isinstance(payer, Card):
        account, mode = payer.masked, _STRIPE_WITH_PIN if entry.pin else _STRIPE
        if _is_sent_later(desk, deal.kind):
            sealed = seal_card(desk.acquirer.vault, payer.pan, payer.expiry)
    elif payer is not None:
        account, mode = payer.masked, _CODE
    elif original is not None:
        account, mode, sealed = original.account, original.entry_mode, original.sealed
    return Intent(
        kind=deal.kind,
        amount_minor=deal.amount_minor,
        currency=desk.acquirer.profile.currency,
        entry_mode=mode,
        account=account,
        operator=desk.acquirer.operator,
        training=desk.settings.terminal.training,
        pin_entered=entry.pin is not None,
        referral=deal.referral,
        sealed=sealed,
        tender=deal.tender,
    )


async def original_of_batch(desk: Desk, title: str, kinds: frozenset[str]) -> TransactionRecord | None:
    """Ask for a voucher number of the open batch; None, and said why, when it is not one of these kinds."""
    number = await ask_digits(desk, title, "voucher", _STAN_DIGITS, exactly=False)
    record = await desk.journal.find(int(number))
    reason = ""
    if record is None:
        reason = "original.not-found"
    elif record.kind not in kinds:
        reason = "original.other-kind"
    elif record.state != "approved":
        reason = "original.not-approved"
    elif await desk.journal.voided_by(record.id) is not None:
        reason = "reason.already-voided"
    if not reason:
        return record
    await desk.refuse(title, reason)
    return None


async def confirm_original(desk: Desk, title: str, record: TransactionRecord) -> Referral:
    """Show what was found and have it confirmed. Raises Cancelled."""
    texts = desk.texts
    screen = Screen(
        "original.confirm",
        texts.text(title),
        texts.text("original.confirm"),
        lines=(
            texts.text(f"kind.{record.kind}"),
            record.account,
            texts.text("outcome.voucher", stan=f"{record.stan:06d}"),
        ),
        amount=shown_amount(desk, record.amount_minor),
    )
    await desk.ask(Confirm(screen), desk.settings.timeouts.menu_s)
    return Referral(
        record.id,
        record.batch,
        record.stan,
        record.host_date or record.started_at.strftime("%m%d"),
        record.rrn,
        record.auth_code,
    )


def _is_sent_later(desk: Desk, kind: str) -> bool:
    """Whether a later message needs the card number."""
    return TRANSACTIONS[kind].undo is Undo.ADVICE or desk.acquirer.profile.upload_pan == "full"


def _card(desk: Desk, swipe: Swipe) -> Card | CardRefusal:
    tracks, profile = swipe.tracks, desk.acquirer.profile
    rules = CardRules(
        check_digit=profile.card_check_digit,
        accept_track1=profile.card_accept_track1,
        refuse_expired=profile.card_refuse_expired,
        refused_bins=profile.card_refused_bins,
        obey_service_code=profile.card_service_code == "obey",
        pin_possible=profile.pin != "never",
    )
    try:
        return parse_card(tracks.track1, tracks.track2, tracks.track3, rules, desk.today(), tracks.notes)
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


def _present(desk: Desk, payer: Card | Code | None, entry: PinEntry) -> Presented:
    """Card data in the form of the message; called when nothing stands between it and the wire."""
    if payer is None:
        return Presented()
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
