"""The steps that transactions share: amount, digits from a slip, the original, and the exchange itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from iso8583 import Message
from terminal.acquirer.safe import seal_card
from terminal.desk import Desk
from terminal.domain.card import Card
from terminal.domain.code import Code
from terminal.domain.money import CURRENCIES, format_amount
from terminal.domain.outcome import Outcome
from terminal.domain.record import NO_REFERRAL, Intent, Referral, TransactionRecord
from terminal.domain.transactions import TRANSACTIONS, Payer, Undo
from terminal.flows.digits import ask_digits
from terminal.flows.outcome import processing, tell_outcome
from terminal.flows.payer import NO_PIN, cvm_of, presented
from terminal.prompts import AmountPrompt, Confirm, PinEntry
from terminal.screens.screen import Screen

__all__ = [
    "Deal",
    "ask_amount",
    "ask_digits",
    "confirm_original",
    "exchange_only",
    "intent_of",
    "original_of_batch",
    "pay",
    "shown_amount",
    "stand",
]

_TYPED_WITH_PIN, _TYPED, _STRIPE_WITH_PIN, _STRIPE, _CODE = "011", "012", "021", "022", "032"
"""Element 22 (facts/unionpay.md §2)."""
_STAN_DIGITS = 6


def shown_amount(desk: Desk, amount_minor: int) -> str:
    """An amount in the acquirer's currency."""
    return format_amount(amount_minor, CURRENCIES[desk.acquirer.profile.currency])


async def ask_amount(desk: Desk, title: str, maximum_minor: int = 0) -> int:
    """Amount in minor units, up to ``maximum_minor`` or the acquirer's limit."""
    profile = desk.acquirer.profile
    limit = min(maximum_minor or profile.amount_max_minor, profile.amount_max_minor)
    return await desk.ask(AmountPrompt(title, CURRENCIES[profile.currency], limit), desk.settings.timeouts.amount_s)


@dataclass(frozen=True, slots=True)
class Deal:
    """What is about to be exchanged."""

    kind: str
    amount_minor: int
    referral: Referral = NO_REFERRAL
    original: TransactionRecord | None = None
    """The row that the referral names, when this terminal holds it."""
    tender: str = ""
    target: Card | None = None
    """The card that a transfer goes to."""


async def pay(desk: Desk, deal: Deal, payer: Card | Code | None, entry: PinEntry = NO_PIN) -> Outcome:
    """Exchange, print, tell. Payer and PIN are wiped whatever happens; after this line there is no way back."""
    outcome = await exchange_only(desk, deal, payer, entry)
    desk.print_waiting()
    return await tell_outcome(desk, outcome)


async def exchange_only(
    desk: Desk,
    deal: Deal,
    payer: Card | Code | None,
    entry: PinEntry = NO_PIN,
    *,
    seen: Callable[[Message], None] | None = None,
    keep: bool = False,
) -> Outcome:
    """The exchange without its telling; ``seen`` is shown an approval, for what is not kept.

    ``keep`` leaves the payer to the caller, who may need the card for one more try of the PIN.
    """
    try:
        desk.show(processing(desk.texts, shown_amount(desk, deal.amount_minor) if deal.amount_minor else ""))
        intent = intent_of(desk, deal, payer, entry)
        return await desk.exchange(intent, lambda: presented(desk, payer, entry, deal.target), seen)
    finally:
        entry.wipe()
        for card in (payer, deal.target):
            if card is not None and not keep:
                card.wipe()


async def stand(desk: Desk, deal: Deal, payer: Card | None, auth_code: str) -> Outcome:
    """Store an advice that is agreed at the counter, print, tell."""
    try:
        outcome = await desk.store(intent_of(desk, deal, payer), auth_code)
    finally:
        if payer is not None:
            payer.wipe()
    desk.print_waiting()
    return await tell_outcome(desk, outcome)


def intent_of(desk: Desk, deal: Deal, payer: Card | Code | None, entry: PinEntry = NO_PIN) -> Intent:
    """The row before it is one."""
    account, mode, sealed = "", _TYPED, b""
    if isinstance(payer, Card):
        with_pin, without = (_TYPED_WITH_PIN, _TYPED) if payer.typed else (_STRIPE_WITH_PIN, _STRIPE)
        account, mode = payer.masked, with_pin if entry.entered else without
        if _is_sent_later(desk, deal.kind):
            sealed = seal_card(desk.acquirer.vault, payer.pan, payer.expiry)
    elif payer is not None:
        account, mode = payer.masked, _CODE
    elif deal.original is not None:
        account, mode, sealed = deal.original.account, deal.original.entry_mode, deal.original.sealed
    elif TRANSACTIONS[deal.kind].payer is Payer.SCREEN:
        mode = _CODE
    return Intent(
        kind=deal.kind,
        amount_minor=deal.amount_minor,
        currency=desk.acquirer.profile.currency,
        entry_mode=mode,
        account=account,
        operator=desk.acquirer.operator,
        training=desk.settings.terminal.training,
        pin_entered=entry.entered,
        referral=deal.referral,
        sealed=sealed,
        tender=deal.tender,
        cvm=cvm_of(desk, deal.kind, deal.amount_minor, payer, entry),
        target=deal.target.masked if deal.target is not None else "",
    )


async def original_of_batch(
    desk: Desk, title: str, kinds: frozenset[str], voucher: int = 0
) -> TransactionRecord | None:
    """A voucher number of the open batch, asked for if not given; None, and said why, when it is not of these kinds."""
    number = voucher or int(await ask_digits(desk, title, "voucher", _STAN_DIGITS, exactly=False))
    record = await desk.journal.find(number)
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
        record.day,
        record.rrn,
        record.auth_code,
        record.code_voucher,
    )


def _is_sent_later(desk: Desk, kind: str) -> bool:
    """Whether a later message needs the card number."""
    return TRANSACTIONS[kind].undo is Undo.ADVICE or desk.acquirer.profile.upload_pan == "full"
