"""What is printed of a whole batch: its transactions, and its settlement (facts/unionpay.md §8)."""

from __future__ import annotations

from collections.abc import Sequence

from terminal.domain.money import CURRENCIES, format_amount
from terminal.domain.record import TransactionRecord
from terminal.journal import Settlement, SideTotals
from terminal.screens.texts import Translator
from terminal.slips.layout import RULE, Line, Merchant, Style, batch_head

__all__ = ["details_slip", "parameters_slip", "settlement_slip"]

_LAST_SHOWN = 4
_RESULTS = {"1": "slip.balanced", "3": "slip.compare-error"}
"""What the host found of one side; all else is that the totals differ."""
_FACT_CHARACTERS = 30
"""Name and value on one line of the narrowest paper."""


def details_slip(
    rows: Sequence[TransactionRecord],
    batch: int,
    merchant: Merchant,
    when: str,
    texts: Translator,
    *,
    duplicate: bool = False,
) -> list[Line]:
    """Two lines for each transaction: voucher, kind, amount; card, time, authorisation."""
    say = texts.text
    lines = batch_head("slip.details", merchant, batch, when, texts, duplicate=duplicate)
    for row in rows:
        amount = format_amount(row.amount_minor, CURRENCIES[row.currency])
        lines += [
            Line(f"{row.stan:06d} {say(f'kind.{row.kind}')}", amount),
            Line(f"{row.account[-_LAST_SHOWN:]} {row.started_at:%H:%M}", row.auth_code, Style.SMALL),
        ]
    return lines + ([] if rows else [Line(say("totals.empty"))]) + [RULE]


def settlement_slip(
    settlement: Settlement,
    merchant: Merchant,
    currency: str,
    texts: Translator,
    *,
    refused: Sequence[int] = (),
    duplicate: bool = False,
) -> list[Line]:
    """The totals as they were told to the host, and what the host said of them; ``refused`` are voucher numbers."""
    say = texts.text
    when = settlement.started_at.replace("-", "/").replace("T", " ")
    lines = batch_head("slip.settlement", merchant, settlement.batch, when, texts, duplicate=duplicate)
    if settlement.foreign_totals:
        for heading, side, result in (
            ("side.domestic", settlement.domestic_totals, settlement.domestic),
            ("side.foreign", settlement.foreign_totals, settlement.foreign),
        ):
            lines.append(Line(say(heading), say(_RESULTS.get(result, "slip.unbalanced"))))
            lines += _side(side, currency, texts)
    else:
        lines += _side(settlement.domestic_totals, currency, texts)
    net = format_amount(settlement.net_minor, CURRENCIES[currency])
    agreed = "slip.balanced" if settlement.balanced else "slip.unbalanced"
    not_taken = [Line(say("slip.upload-refused"), f"{stan:06d}") for stan in refused]
    return [*lines, RULE, Line(say("slip.amount"), net, Style.AMOUNT), Line(say(agreed), style=Style.MARK), *not_taken]


def _side(side: SideTotals, currency: str, texts: Translator) -> list[Line]:
    return [
        Line(f"{texts.text(name)} × {count}", format_amount(amount_minor, CURRENCIES[currency]))
        for name, count, amount_minor in (
            ("slip.debit", side.debit_count, side.debit_minor),
            ("slip.credit", side.credit_count, side.credit_minor),
        )
    ]


def parameters_slip(
    facts: Sequence[tuple[str, str]], merchant: Merchant, batch: int, when: str, texts: Translator
) -> list[Line]:
    """What the terminal is set to: names as they stand in the files, and values. Never a key, never a card."""
    lines = batch_head("slip.parameters", merchant, batch, when, texts, duplicate=False)
    for name, value in facts:
        if len(name) + len(value) > _FACT_CHARACTERS:
            lines += [Line(name, style=Style.SMALL), Line("", value, Style.SMALL)]
        else:
            lines.append(Line(name, value, Style.SMALL))
    return [*lines, RULE]
