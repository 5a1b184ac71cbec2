"""What each transaction is on the wire and in the totals: one row each (facts/unionpay.md §3).

Columns are the specification's. A new transaction is a row here and, only when people do
something new, a flow.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

__all__ = [
    "MANAGEMENT",
    "SERVICE_KINDS",
    "TRANSACTIONS",
    "ManagementType",
    "Origin",
    "Original",
    "Payer",
    "Role",
    "Total",
    "TransactionType",
    "Undo",
]


class Payer(Enum):
    """How the customer presents what is to be charged."""

    STRIPE = "stripe"
    CODE = "code"
    """A payment code that the customer shows."""
    SCREEN = "screen"
    """The customer scans a code from our screen."""
    NOBODY = "nobody"
    """The original transaction names the account."""
    CASH = "cash"


class Total(Enum):
    """Which side of the batch totals an approved transaction counts on (element 48 of the 0500)."""

    DEBIT = "debit"
    CREDIT = "credit"
    NONE = "none"


class Undo(Enum):
    """What makes an attempt without a proven answer certain (facts/unionpay.md §3.1)."""

    REVERSAL = "reversal"
    """The host is told to drop it, until it has answered."""
    ADVICE = "advice"
    """The host is told again, with the same STAN, until it has answered."""
    NONE = "none"
    """Nothing: no money moves."""


class Origin(Enum):
    """Which earlier transaction this one refers to."""

    NONE = "none"
    BATCH = "batch"
    """One of the open batch, by its voucher number."""
    AUTHORISATION = "authorisation"
    """A pre-authorisation, by its date and authorization code; it may be of an earlier batch."""
    RECEIPT = "receipt"
    """An older transaction, by date and reference number on its slip."""


class Original(Enum):
    """How element 61 names it (facts/unionpay.md §2)."""

    ABSENT = "absent"
    TRACE = "trace"
    """Batch and trace, 12 digits."""
    DATED = "dated"
    """Batch, trace and MMDD, 16 digits; what is not known is zeros."""
    BLANK = "blank"
    """16 zeros."""


class Role(Enum):
    """Who may begin a transaction; a cashier's needs the supervisor's word where the table says so."""

    CASHIER = "cashier"
    SUPERVISOR = "supervisor"


@dataclass(frozen=True, slots=True)
class TransactionType:
    """A financial transaction of the UnionPay counter terminal."""

    name: str
    mti: str
    """Empty: no message; the money changes hands at the counter."""
    processing_code: str
    """Element 3."""
    condition_code: str
    """Element 25."""
    type_code: str
    """Element 60.1."""
    payer: Payer
    total: Total
    undo: Undo
    stands: bool = False
    """An advice that is agreed at the counter: good from the moment it is stored, whenever the host hears of it."""
    origin: Origin = Origin.NONE
    original: Original = Original.ABSENT
    undoes: frozenset[str] = frozenset()
    """Kinds that it makes void as a whole; a row is made void at most once."""
    needs: frozenset[int] = frozenset()
    """Elements 37 and 38 of the original that are sent."""
    role: Role = Role.CASHIER
    queried: bool = False
    """Whether the host is asked for the result until it is final: the customer confirms on a telephone."""
    codes: str = ""
    """Key of the acquirer's profile that gives MTI and codes, where public sources do not settle them (§13)."""


_REF, _AUTH, _BOTH = frozenset({37}), frozenset({38}), frozenset({37, 38})
_P, _T, _U, _O, _F, _R = Payer, Total, Undo, Origin, Original, Role

_ROWS = (
    #               name                   MTI     F3        F25   60.1  payer       total      undo
    TransactionType("sale",                "0200", "000000", "00", "22", _P.STRIPE,  _T.DEBIT,  _U.REVERSAL),
    TransactionType("qr-sale",             "0200", "000000", "00", "22", _P.CODE,    _T.DEBIT,  _U.REVERSAL,
                    queried=True),
    TransactionType("qr-order",            "0200", "190000", "00", "22", _P.SCREEN,  _T.DEBIT,  _U.REVERSAL,
                    queried=True, codes="qr_order_codes"),
    TransactionType("sale-void",           "0200", "200000", "00", "23", _P.NOBODY,  _T.CREDIT, _U.REVERSAL,
                    origin=_O.BATCH, original=_F.TRACE, needs=_BOTH, role=_R.SUPERVISOR,
                    undoes=frozenset({"sale", "qr-sale", "qr-order"})),
    TransactionType("refund",              "0220", "200000", "00", "25", _P.STRIPE,  _T.CREDIT, _U.ADVICE,
                    origin=_O.RECEIPT, original=_F.DATED, needs=_REF, role=_R.SUPERVISOR),
    TransactionType("qr-refund",           "0220", "200000", "00", "25", _P.NOBODY,  _T.CREDIT, _U.ADVICE,
                    origin=_O.RECEIPT, original=_F.DATED, needs=_REF, role=_R.SUPERVISOR),
    TransactionType("pre-auth",            "0100", "030000", "06", "10", _P.STRIPE,  _T.NONE,   _U.REVERSAL),
    TransactionType("additional-pre-auth", "0100", "030000", "60", "10", _P.STRIPE,  _T.NONE,   _U.REVERSAL,
                    origin=_O.AUTHORISATION, original=_F.BLANK, needs=_AUTH),
    TransactionType("pre-auth-void",       "0100", "200000", "06", "11", _P.STRIPE,  _T.NONE,   _U.REVERSAL,
                    origin=_O.AUTHORISATION, original=_F.DATED, needs=_AUTH, role=_R.SUPERVISOR),
    TransactionType("completion",          "0200", "000000", "06", "20", _P.STRIPE,  _T.DEBIT,  _U.REVERSAL,
                    origin=_O.AUTHORISATION, original=_F.DATED, needs=_AUTH),
    TransactionType("completion-advice",   "0220", "000000", "06", "24", _P.STRIPE,  _T.DEBIT,  _U.ADVICE, stands=True,
                    origin=_O.AUTHORISATION, original=_F.DATED, needs=_AUTH),
    TransactionType("completion-void",     "0200", "200000", "06", "21", _P.NOBODY,  _T.CREDIT, _U.REVERSAL,
                    origin=_O.BATCH, original=_F.DATED, needs=_BOTH, role=_R.SUPERVISOR,
                    undoes=frozenset({"completion"})),
    TransactionType("balance",             "0200", "310000", "00", "01", _P.STRIPE,  _T.NONE,   _U.NONE),
    TransactionType("offline-sale",        "0220", "000000", "00", "30", _P.STRIPE,  _T.DEBIT,  _U.ADVICE, stands=True,
                    needs=_AUTH, role=_R.SUPERVISOR),
    TransactionType("tip",                 "0220", "000000", "00", "34", _P.NOBODY,  _T.DEBIT,  _U.ADVICE, stands=True,
                    origin=_O.BATCH, original=_F.DATED, needs=_BOTH),
    TransactionType("transfer",            "0200", "400000", "00", "50", _P.STRIPE,  _T.NONE,   _U.REVERSAL,
                    codes="transfer_codes"),
    TransactionType("script-result",       "0620", "",       "",   "00", _P.NOBODY,  _T.NONE,   _U.ADVICE,
                    original=_F.DATED),
    TransactionType("cash",                "",     "",       "",   "",   _P.CASH,    _T.NONE,   _U.NONE),
)  # fmt: skip

TRANSACTIONS: dict[str, TransactionType] = {row.name: row for row in _ROWS}

SERVICE_KINDS = frozenset({"balance", "script-result"})
"""Rows that are no payments: they stand on no slip and in no total."""


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
    ManagementType("status",       "0820", "00", "362", False, False),
    ManagementType("parameters",   "0800", "00", "360", False, False),
    ManagementType("ca-key-list",  "0820", "00", "372", False, False),
    ManagementType("ca-key",       "0800", "00", "370", False, False),
    ManagementType("ca-key-end",   "0800", "00", "371", False, False),
    ManagementType("chip-list",    "0820", "00", "382", False, False),
    ManagementType("chip",         "0800", "00", "380", False, False),
    ManagementType("chip-end",     "0800", "00", "381", False, False),
    ManagementType("card-list",    "0800", "00", "390", False, False),
    ManagementType("card-list-end","0800", "00", "391", False, False),
    ManagementType("settlement",   "0500", "00", "201", False, True),
    ManagementType("upload",       "0320", "00", "201", False, False),
    ManagementType("upload-balanced",  "0320", "00", "207", False, False),
    ManagementType("upload-unbalanced","0320", "00", "202", False, False),
)  # fmt: skip

MANAGEMENT: dict[str, ManagementType] = {row.name: row for row in _MANAGEMENT_ROWS}
