"""What the gallery shows: one day at a counter, the same at every drawing."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from terminal.domain.money import CURRENCIES, Currency
from terminal.domain.record import State, TransactionRecord, UndoCause
from terminal.journal import KindTotal, Settlement, SettlementState, SideTotals, Totals
from terminal.screens.screen import Status
from terminal.slips.layout import Merchant

__all__ = [
    "CODE_SALE",
    "CURRENCY",
    "DECLINED",
    "EMPTY_TOTALS",
    "MERCHANT",
    "NOON",
    "NOT_CHARGED",
    "PARAMETERS",
    "PIN_SALE",
    "SETTLEMENT",
    "SETTLEMENT_WITH_FOREIGN",
    "SIGNATURE_SALE",
    "STATUS",
    "TOTALS",
    "TOTALS_WITH_FOREIGN",
    "UNBALANCED",
    "UNDOING",
    "WHEN",
]

MERCHANT = Merchant("示范商店 Corner Shop", "999290054110001", "10000001")
CURRENCY: Currency = CURRENCIES["156"]
STATUS = Status("up", signed_on=True, operator="01", clock="10:12")
NOON = datetime(2026, 11, 24, 10, 12, 36)
WHEN = NOON.strftime("%Y/%m/%d %H:%M:%S")

PIN_SALE = TransactionRecord(
    id=1,
    kind="sale",
    state=State.APPROVED,
    stan=2,
    batch=1,
    amount_minor=12_850,
    currency=CURRENCY.numeric,
    entry_mode="021",
    account="621234******0012",
    started_at=NOON,
    pin_entered=True,
    response_code="00",
    rrn="101236000002",
    auth_code="205362",
    host_date="1124",
    host_time="101236",
    issuer="01020000",
    acquirer="48310000",
)
SIGNATURE_SALE = replace(PIN_SALE, stan=3, entry_mode="022", pin_entered=False, rrn="101236000003")
CODE_SALE = replace(
    PIN_SALE,
    kind="qr-sale",
    stan=4,
    amount_minor=990,
    entry_mode="032",
    account="***************0018",
    pin_entered=False,
    rrn="101236000004",
)
DECLINED = replace(PIN_SALE, stan=5, amount_minor=4_560, state=State.DECLINED, response_code="51", auth_code="")
UNDOING = replace(
    PIN_SALE,
    stan=6,
    amount_minor=20_000,
    state=State.REVERSING,
    response_code="",
    undo_cause=UndoCause.NO_ANSWER,
    rrn="",
    auth_code="",
    host_date="",
    host_time="",
    issuer="",
    acquirer="",
)
NOT_CHARGED = replace(UNDOING, state=State.REVERSED, undo_cause=UndoCause.INTERRUPTED)

_NONE = SideTotals()
_HOME, _ABROAD = SideTotals(3, 26_690), SideTotals(1, 18_800, 1, 8_800)
TOTALS = Totals(1, _HOME, _NONE, (KindTotal("sale", 2, 25_700), KindTotal("qr-sale", 1, 990)))
SETTLEMENT = Settlement(1, SettlementState.DONE, "2026-11-24T21:30:00", _HOME, _NONE, "1", "0")
TOTALS_WITH_FOREIGN = Totals(
    1, _HOME, _ABROAD, (*TOTALS.kinds, KindTotal("refund", 1, 8_800, True), KindTotal("sale", 1, 18_800, True))
)
SETTLEMENT_WITH_FOREIGN = replace(SETTLEMENT, foreign_totals=_ABROAD, foreign="2")
UNBALANCED = replace(SETTLEMENT, domestic="2")
PARAMETERS = (("terminal.id", MERCHANT.terminal_id), ("host", "10.0.0.1:8583"), ("response_s", "60"))
EMPTY_TOTALS = Totals(2, _NONE, _NONE, ())
