"""Settlement 批结算: totals, upload where it is needed, the end of the batch (facts/unionpay.md §3.2, §3.3).

Every step is a state of a durable row, and every step may be repeated: whatever cuts it off, it is
resumed where it stood. Until it is done, nothing new begins.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from iso8583 import Iso8583Error, Message
from terminal.acquirer.acquirer import Acquirer
from terminal.acquirer.advice import Advices
from terminal.acquirer.link import LinkDown, LinkLost
from terminal.acquirer.request import financial, management
from terminal.acquirer.reversal import Reversals
from terminal.acquirer.safe import unseal_card
from terminal.domain.record import TransactionRecord, Uploaded
from terminal.domain.transactions import MANAGEMENT, TRANSACTIONS
from terminal.journal import BeginRefused, Settlement, SettlementState, SideTotals, Slip, is_foreign

__all__ = ["SettlementResult", "settle", "totals_text"]

GROUP_MAX = 8
"""Records in one upload message: 2 and 8 times 40 digits are the 322 of element 48."""
_APPROVED = "00"
_DOMESTIC_AT, _FOREIGN_AT, _TOTALS_DIGITS = 30, 61, 62
_CARD_TYPE = {False: "00", True: "01"}
"""Of an uploaded record: domestic and foreign card."""
_PAN_DIGITS = 20


@dataclass(frozen=True, slots=True)
class SettlementResult:
    """How far it came. ``reason`` is a catalogue key; empty when the batch is closed."""

    settlement: Settlement | None
    reason: str = ""

    @property
    def done(self) -> bool:
        """Whether the batch is closed at both ends."""
        return self.settlement is not None and self.settlement.state is SettlementState.DONE


async def settle(acquirer: Acquirer, reversals: Reversals, advices: Advices) -> SettlementResult:
    """Begin or resume a settlement and go as far as the host goes. The caller holds ``acquirer.turn``."""
    journal = acquirer.journal
    found = await journal.settlements.open()
    if found is None:
        if await reversals.drain():
            return SettlementResult(None, "reason.reversal-pending")
        if await advices.drain(None):
            return SettlementResult(None, "reason.advice-pending")
        try:
            found = await journal.settlements.begin()
        except BeginRefused as refusal:
            return SettlementResult(None, refusal.reason)
    steps = {
        SettlementState.COMPARING: _compare,
        SettlementState.UPLOADING: _upload,
        SettlementState.ENDING: _end,
    }
    while found.state in steps:
        came_to = await steps[found.state](acquirer, found)
        if isinstance(came_to, str):
            return SettlementResult(found, came_to)
        found = came_to
    return SettlementResult(found)


def totals_text(settlement: Settlement) -> str:
    """Element 48 of the 0500: debit and credit, domestic then foreign, each with a place for the result."""
    return f"{_side_text(settlement.domestic_totals)}0{_side_text(settlement.foreign_totals)}0"


def _side_text(side: SideTotals) -> str:
    return f"{side.debit_minor:012d}{side.debit_count:03d}{side.credit_minor:012d}{side.credit_count:03d}"


async def _compare(acquirer: Acquirer, settlement: Settlement) -> Settlement | str:
    told = {48: totals_text(settlement), 49: acquirer.profile.currency}
    reply = await _ask(acquirer, "settlement", settlement.batch, told)
    if isinstance(reply, str):
        return reply
    results = reply.get(48)
    if not isinstance(results, str) or len(results) != _TOTALS_DIGITS:
        return "reason.bad-reply"
    return await acquirer.journal.settlements.compared(settlement.batch, results[_DOMESTIC_AT], results[_FOREIGN_AT])


@dataclass(frozen=True, slots=True)
class _Stage:
    """A part of the upload; the parts come in the order of the table."""

    kinds: frozenset[str]
    always: bool
    """Also when the totals agree: what the host was only told of."""
    grouped: bool
    """Eight records in one message; otherwise each as its own message."""


_STAGES = (
    #       kinds                                                                          always  grouped
    _Stage(frozenset({"offline-sale", "tip"}),                                              True,  False),
    _Stage(frozenset({"sale", "qr-sale", "qr-order", "completion", "sale-void", "completion-void"}), False, True),
    _Stage(frozenset({"refund", "qr-refund"}),                                              True,  False),
    _Stage(frozenset({"completion-advice"}),                                                True,  False),
)  # fmt: skip
"""Order of the batch upload (facts/unionpay.md §3.3). Chip transactions get their stages with the chip."""


async def _upload(acquirer: Acquirer, settlement: Settlement) -> Settlement | str:
    """What was advised, always; everything else when the host's totals differ. Each record is marked as it arrives."""
    journal = acquirer.journal
    rows = [row for row in await journal.of_batch(settlement.batch) if not row.uploaded]
    for stage in _STAGES:
        if settlement.balanced and not stage.always:
            continue
        chosen = [row for row in rows if row.kind in stage.kinds]
        size = GROUP_MAX if stage.grouped else 1
        for start in range(0, len(chosen), size):
            part = chosen[start : start + size]
            refused = await (_upload_group if stage.grouped else _upload_one)(acquirer, settlement.batch, part)
            if refused:
                return refused
    return await journal.settlements.delivered(settlement.batch)


async def _upload_one(acquirer: Acquirer, batch: int, rows: Sequence[TransactionRecord]) -> str:
    """An advice as it was, with the message type of the upload."""
    (row,) = rows
    presented = unseal_card(acquirer.vault, row)
    whole = financial(row, presented, acquirer.identity, acquirer.profile)
    network = MANAGEMENT["upload"].network_code
    elements = {
        **whole.elements,
        11: f"{await acquirer.journal.next_stan():06d}",
        60: f"{TRANSACTIONS[row.kind].type_code}{row.batch:06d}{network}",
        61: f"{row.batch:06d}{row.stan:06d}",
    }
    reply = await _call(acquirer, Message(MANAGEMENT["upload"].mti, dict(sorted(elements.items()))))
    return await _delivered(acquirer, reply, [row])


async def _upload_group(acquirer: Acquirer, batch: int, rows: Sequence[TransactionRecord]) -> str:
    domestic = acquirer.journal.domestic
    records = "".join(
        f"{_CARD_TYPE[is_foreign(row.card_organisation, domestic)]}{row.stan:06d}"
        f"{_pan_digits(acquirer, row)}{row.amount_minor:012d}"
        for row in rows
    )
    reply = await _ask(acquirer, "upload", batch, {48: f"{len(rows):02d}{records}"})
    return await _delivered(acquirer, reply, rows)


async def _delivered(acquirer: Acquirer, reply: Message | str, rows: Sequence[TransactionRecord]) -> str:
    if isinstance(reply, str):
        return reply
    code = _text(reply, 39)
    if code == _APPROVED or code in acquirer.profile.advice_known_codes:
        await acquirer.journal.settlements.uploaded([row.id for row in rows])
        return ""
    if not code or code in acquirer.profile.ambiguous_codes or acquirer.profile.upload_refused == "stop":
        return f"response.{code}"
    # One record that the host does not want must not keep the merchant from selling tomorrow.
    await acquirer.journal.settlements.refused([row.id for row in rows], code)
    return ""


async def _end(acquirer: Acquirer, settlement: Settlement) -> Settlement | str:
    journal = acquirer.journal
    count = sum(row.uploaded == Uploaded.TAKEN for row in await journal.of_batch(settlement.batch))
    name = "upload-balanced" if settlement.balanced else "upload-unbalanced"
    reply = await _ask(acquirer, name, settlement.batch, {48: f"{count:04d}"})
    if isinstance(reply, str):
        return reply
    if reply.get(39) != _APPROVED:
        return f"response.{_text(reply, 39)}"
    slips = (Slip.SETTLEMENT,) if settlement.balanced else (Slip.SETTLEMENT, Slip.DETAILS)
    return await journal.settlements.finished(settlement.batch, slips)


async def _ask(acquirer: Acquirer, name: str, batch: int, more: Mapping[int, str | bytes]) -> Message | str:
    operator = acquirer.profile.operator_text(acquirer.operator)
    stan = await acquirer.journal.next_stan()
    return await _call(acquirer, management(MANAGEMENT[name], stan, batch, acquirer.identity, operator, more))


async def _call(acquirer: Acquirer, request: Message) -> Message | str:
    """The answer, or the catalogue key that says why there is none."""
    try:
        async with acquirer.link.open() as channel, asyncio.timeout(acquirer.profile.response_s):
            reply = await acquirer.wire.call(channel, request, mac=False)
    except LinkDown:
        return "reason.no-link"
    except TimeoutError:
        return "reason.no-answer"
    except LinkLost:
        return "reason.link-lost"
    except Iso8583Error:
        return "reason.bad-reply"
    return reply.message


def _pan_digits(acquirer: Acquirer, row: TransactionRecord) -> str:
    """The number from the safe, or its known digits with zeros between them; 20 digits, zeros at the left."""
    whole = unseal_card(acquirer.vault, row).pan
    shown = whole or "".join(digit if digit.isdecimal() else "0" for digit in row.account)
    return shown[-_PAN_DIGITS:].rjust(_PAN_DIGITS, "0")


def _text(reply: Message, element: int) -> str:
    value = reply.get(element)
    return value if isinstance(value, str) else ""
