"""The receipt on the screen, as a code that the customer scans: no paper, and still a proof (facts/product.md §4.4)."""

from __future__ import annotations

from terminal.desk import Desk
from terminal.domain.money import CURRENCIES, format_amount
from terminal.domain.outcome import Outcome, Result, is_proof
from terminal.domain.record import TransactionRecord
from terminal.domain.transactions import SERVICE_KINDS
from terminal.screens.screen import Screen
from terminal.screens.texts import Translator

__all__ = ["offer_receipt", "show_receipt"]

_MERCHANT_CHARACTERS_MAX = 40


async def offer_receipt(desk: Desk, outcome: Outcome) -> None:
    """After an approval at a terminal without a printer."""
    record = outcome.record
    if desk.paper or outcome.result is not Result.APPROVED or record is None or record.kind in SERVICE_KINDS:
        return
    await show_receipt(desk, record)


async def show_receipt(desk: Desk, record: TransactionRecord) -> None:
    """The code, until a key or the time-out ends it."""
    texts = desk.texts
    screen = Screen(
        "receipt",
        texts.text("receipt.title"),
        texts.text("receipt.scan"),
        amount=format_amount(record.amount_minor, CURRENCIES[record.currency]),
        qr=_text(desk, record),
    )
    await desk.tell(screen, desk.settings.timeouts.outcome_s, passing=True)


def _text(desk: Desk, record: TransactionRecord) -> str:
    """What the slip says, in few words; the card only truncated, and what was not charged says so."""
    terminal, texts = desk.settings.terminal, Translator(record.language) if record.language else desk.texts
    amount = format_amount(record.amount_minor, CURRENCIES[record.currency])
    lines = (
        terminal.merchant_name[:_MERCHANT_CHARACTERS_MAX],
        f"{terminal.merchant_id} {terminal.id}",
        texts.text("slip.training") if record.training else "",
        "" if is_proof(record) else texts.text("slip.not-charged"),
        f"{texts.text(f'kind.{record.kind}')} {amount}",
        record.account,
        f"{record.started_at:%Y/%m/%d %H:%M:%S}",
        f"{record.batch:06d} {record.stan:06d} {record.auth_code} {record.rrn}".rstrip(),
    )
    return "\n".join(line for line in lines if line)
