"""What each transaction is on the wire and in the totals: one row each (facts/unionpay.md §3).

Columns are the specification's. A new transaction is a row here and, only when people do
something new, a flow.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

__all__ = ["MANAGEMENT", "TRANSACTIONS", "ManagementType", "Payer", "Total", "TransactionType"]


class Payer(Enum):
    """How the customer presents what is to be charged."""

    STRIPE = "stripe"
    CODE = "code"


class Total(Enum):
    """Which side of the batch totals an approved transaction counts on (element 48 of the 0500)."""

    DEBIT = "debit"
    CREDIT = "credit"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class TransactionType:
    """A financial transaction of the UnionPay counter terminal."""

    name: str
    mti: str
    processing_code: str
    """Element 3."""
    condition_code: str
    """Element 25."""
    type_code: str
    """Element 60.1."""
    payer: Payer
    total: Total
    reverses: bool
    """Whether an attempt without a proven answer is reversed (facts/unionpay.md §3.1)."""


_ROWS = (
    #               name       MTI     F3        F25   60.1  payer         total        reverses
    TransactionType("sale",    "0200", "000000", "00", "22", Payer.STRIPE, Total.DEBIT, True),
    TransactionType("qr-sale", "0200", "000000", "00", "22", Payer.CODE,   Total.DEBIT, True),
)  # fmt: skip

TRANSACTIONS: dict[str, TransactionType] = {row.name: row for row in _ROWS}


@dataclass(frozen=True, slots=True)
class ManagementType:
    """A message about the terminal itself: no money, no reversal, no MAC (facts/unionpay.md §2, §3)."""

    name: str
    mti: str
    type_code: str
    """Element 60.1."""
    network_code: str
    """Element 60.3."""
    serial_number: bool
    """Whether element 62 carries ``Sequence No`` and the terminal's serial number."""
    operator: bool
    """Whether element 63 carries the operator."""


_MANAGEMENT_ROWS = (
    #              name            MTI     60.1  60.3   serial operator
    ManagementType("sign-on",      "0800", "00", "003", True,  True),
    ManagementType("sign-on-track","0800", "00", "004", True,  True),
    ManagementType("sign-off",     "0820", "00", "002", False, False),
    ManagementType("echo",         "0820", "00", "301", False, False),
)  # fmt: skip

MANAGEMENT: dict[str, ManagementType] = {row.name: row for row in _MANAGEMENT_ROWS}
