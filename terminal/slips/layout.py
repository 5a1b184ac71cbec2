"""Slips as data: what stands on the paper, line by line, drawn from the journal's row (facts/unionpay.md §8)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from terminal.domain.money import CURRENCIES, format_amount
from terminal.domain.outcome import is_proof
from terminal.domain.record import Cvm, State, TransactionRecord
from terminal.domain.transactions import TRANSACTIONS, Origin
from terminal.journal import KindTotal, Slip, Totals
from terminal.screens.texts import Translator

__all__ = ["RULE", "Line", "Merchant", "Style", "batch_head", "totals_slip", "transaction_slip"]


class Style(Enum):
    """How a line is set."""

    TITLE = "title"
    PLAIN = "plain"
    SMALL = "small"
    AMOUNT = "amount"
    MARK = "mark"
    """Centred and inverse: DUPLICATE, TRAINING, NOT CHARGED."""
    RULE = "rule"
    LOGO = "logo"
    """A picture; ``left`` is its path."""
    QR = "qr"
    BARCODE = "barcode"
    """A code that says ``left``."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line: text at the left and, if any, at the right."""

    left: str
    right: str = ""
    style: Style = Style.PLAIN


@dataclass(frozen=True, slots=True)
class Merchant:
    """Who the slip is from."""

    name: str
    merchant_id: str
    terminal_id: str
    training: bool = False
    """Whether everything this terminal prints is worth nothing."""


_ENTRY_LETTERS = {"01": "M", "02": "S", "03": "Q"}
"""Entry mode behind the card number: M typed, S stripe, Q code."""
RULE = Line("", style=Style.RULE)
_ACCOUNT_GROUP = 4
_SIGNED = frozenset({"01", "02"})
"""Entry modes of cards whose holder signs where no PIN was entered."""
_COPIES = {Slip.MERCHANT: "slip.copy.merchant", Slip.CUSTOMER: "slip.copy.customer"}


def transaction_slip(
    record: TransactionRecord, merchant: Merchant, copy: str, texts: Translator, *, duplicate: bool = False
) -> list[Line]:
    """Lines of a transaction's slip: a sale, or the proof that nothing was charged."""
    say = texts.text
    lines = [Line(say("slip.title"), style=Style.TITLE)]
    lines += [Line(say("slip.training"), style=Style.MARK)] if record.training else []
    lines += [Line(say("slip.duplicate"), style=Style.MARK)] if duplicate else []
    lines += [Line(say(_COPIES[copy]), style=Style.SMALL), RULE]
    lines += [
        Line(say("slip.merchant-name")),
        Line(merchant.name),
        Line(say("slip.merchant-id"), merchant.merchant_id),
        Line(say("slip.terminal-id"), merchant.terminal_id),
        Line(say("slip.operator"), record.operator),
        RULE,
    ]
    lines += _present((say("slip.issuer"), record.issuer), (say("slip.acquirer"), record.acquirer))
    if record.account:
        lines += [
            Line(say("slip.account")),
            Line(f"{_grouped(record.account)} /{_ENTRY_LETTERS.get(record.entry_mode[:2], 'N')}"),
        ]
    lines += [
        Line(say("slip.type"), say(f"kind.{record.kind}")),
        Line(say("slip.batch"), f"{record.batch:06d}"),
        Line(say("slip.voucher"), f"{record.stan:06d}"),
    ]
    lines += _present(
        (say("slip.auth-code"), record.auth_code),
        (say("slip.rrn"), record.rrn),
        (say("slip.code-voucher"), record.code_voucher),
        (say("slip.target"), record.target),
        (say("slip.tender"), record.tender),
    )
    lines += _original(record, texts)
    lines += [Line(say("slip.date"), _date(record)), RULE]
    amount = format_amount(record.amount_minor, CURRENCIES[record.currency])
    lines += [Line(say("slip.amount"), amount, Style.AMOUNT), RULE]
    if not is_proof(record):
        lines += [
            Line(say("slip.not-charged"), style=Style.MARK),
            Line(say("slip.not-charged.text"), style=Style.SMALL),
        ]
        return lines
    lines += [Line(say("slip.will-be-sent"), style=Style.SMALL)] if record.state is State.ADVISING else []
    lines += [Line(record.host_message, style=Style.SMALL)] if record.host_message else []
    lines += _signature(record, copy, texts)
    return lines


def totals_slip(
    totals: Totals, merchant: Merchant, currency: str, when: str, texts: Translator, *, duplicate: bool = False
) -> list[Line]:
    """Lines of the batch totals."""
    say = texts.text

    def row(kind: KindTotal) -> Line:
        name = f"{say(f'kind.{kind.kind}')} × {kind.count}"
        return Line(name, format_amount(kind.amount_minor, CURRENCIES[currency]))

    lines = batch_head("slip.totals", merchant, totals.batch, when, texts, duplicate=duplicate)
    for heading, kinds in totals.sections:
        lines += [Line(say(heading))] if heading else []
        lines += [row(kind) for kind in kinds]
    lines += [] if totals.kinds else [Line(say("totals.empty"))]
    net = format_amount(totals.net_minor, CURRENCIES[currency])
    lines += [RULE, Line(say("slip.amount"), net, Style.AMOUNT)]
    return lines


def batch_head(
    title: str, merchant: Merchant, batch: int, when: str, texts: Translator, *, duplicate: bool
) -> list[Line]:
    """What stands above everything that is printed of a whole batch; ``title`` is a catalogue key."""
    say = texts.text
    return [
        Line(say(title), style=Style.TITLE),
        *([Line(say("slip.training"), style=Style.MARK)] if merchant.training else []),
        *([Line(say("slip.duplicate"), style=Style.MARK)] if duplicate else []),
        RULE,
        Line(say("slip.merchant-id"), merchant.merchant_id),
        Line(say("slip.terminal-id"), merchant.terminal_id),
        Line(say("slip.batch"), f"{batch:06d}"),
        Line(say("slip.date"), when),
        RULE,
    ]


def _original(record: TransactionRecord, texts: Translator) -> list[Line]:
    """Which earlier transaction this one is about, in the words of its slip (facts/unionpay.md §8)."""
    origin = TRANSACTIONS[record.kind].origin
    say, date = texts.text, record.original_date
    shown = {
        Origin.BATCH: (("slip.original", f"{record.original_stan:06d}"),),
        Origin.AUTHORISATION: (("slip.original-auth", record.original_auth), ("slip.original-date", date)),
        Origin.RECEIPT: (("slip.original-rrn", record.original_rrn), ("slip.original-date", date)),
    }.get(origin, ())
    return _present(*((say(name), value) for name, value in shown))


def _signature(record: TransactionRecord, copy: str, texts: Translator) -> list[Line]:
    """No signature where a PIN has proven the cardholder, for a small amount, for a code, or on the customer's copy."""
    if record.cvm == Cvm.NONE:
        return [Line(texts.text("slip.no-cvm"), style=Style.SMALL)]
    if copy != Slip.MERCHANT or record.entry_mode[:2] not in _SIGNED:
        return []
    if record.pin_entered:
        return [Line(texts.text("slip.pin-verified"), style=Style.SMALL)]
    return [
        *([Line(texts.text("slip.bypassed"), style=Style.SMALL)] if record.cvm == Cvm.BYPASSED else []),
        Line(texts.text("slip.signature")),
        Line(""),
        Line(""),
        RULE,
        Line(texts.text("slip.acknowledge"), style=Style.SMALL),
    ]


def _present(*pairs: tuple[str, str]) -> list[Line]:
    return [Line(name, value) for name, value in pairs if value]


def _grouped(account: str) -> str:
    return " ".join(account[start : start + _ACCOUNT_GROUP] for start in range(0, len(account), _ACCOUNT_GROUP))


def _date(record: TransactionRecord) -> str:
    """Date and time of the host where it gave them, of the terminal otherwise."""
    started = record.started_at
    if len(record.host_date) == 4 and len(record.host_time) == 6:
        day, time = record.host_date, record.host_time
        return f"{started.year}/{day[:2]}/{day[2:]} {time[:2]}:{time[2:4]}:{time[4:]}"
    return started.strftime("%Y/%m/%d %H:%M:%S")
