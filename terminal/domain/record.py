"""The one row a transaction leaves: what the journal keeps and slips, screens and totals are drawn from.

Card data in it is truncated (first six and last four digits) and cannot be made whole again;
track data, PIN blocks and keys have no place here (PCI DSS 3.3.1, 3.5.1).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum

__all__ = [
    "FINAL_STATES",
    "NO_REFERRAL",
    "OPEN_STATES",
    "Cvm",
    "HostAnswer",
    "Intent",
    "Referral",
    "State",
    "TransactionRecord",
    "UndoCause",
    "Uploaded",
]


class State(StrEnum):
    """Where a transaction stands. SENT, REVERSING and ADVISING are open; the others are final."""

    SENT = "sent"
    """Intent is durable; a byte may have left. A restart in this state makes it certain, as its kind wants it."""
    APPROVED = "approved"
    DECLINED = "declined"
    REVERSING = "reversing"
    """Not charged as far as the merchant is concerned; the host has yet to acknowledge it."""
    REVERSED = "reversed"
    ADVISING = "advising"
    """An advice that the host has yet to answer; it is repeated until it does."""
    DROPPED = "dropped"
    """Asked in vain, and nothing to undo: no money was to move."""


class UndoCause(StrEnum):
    """Why an attempt without a proven answer is undone."""

    NO_ANSWER = "no-answer"
    LINK_LOST = "link-lost"
    BAD_REPLY = "bad-reply"
    """The answer could not be read, or contradicts the request."""
    BAD_MAC = "bad-mac"
    UNPROVEN_DECLINE = "unproven-decline"
    """A decline without a valid MAC: believed on the screen, undone at the host."""
    AMBIGUOUS_CODE = "ambiguous-code"
    """The host itself does not know: issuer time-out, system malfunction."""
    INTERRUPTED = "interrupted"
    """The terminal stopped between the first byte and the answer."""
    NOT_PAID = "not-paid"
    """A code payment that nobody confirmed in time, or an order that the cashier closed."""


class Cvm(StrEnum):
    """How the cardholder was verified (CVM)."""

    PIN = "pin"
    SIGNATURE = "signature"
    BYPASSED = "bypassed"
    """A PIN was asked for and passed over with the green key; the slip is signed."""
    NONE = "none"
    """A small amount: neither PIN nor signature 免密免签."""


class Uploaded(IntEnum):
    """What has become of a row in the batch upload."""

    NOT_YET = 0
    TAKEN = 1
    REFUSED = 2
    """The host does not want it; it stands on the settlement's slip by its voucher number."""


OPEN_STATES = frozenset({State.SENT, State.REVERSING, State.ADVISING})
FINAL_STATES = frozenset(State) - OPEN_STATES


@dataclass(frozen=True, slots=True)
class HostAnswer:
    """What the journal keeps of an answer; the names are the row's."""

    response_code: str = ""
    """Element 39."""
    rrn: str = ""
    """Element 37, retrieval reference number 参考号."""
    auth_code: str = ""
    """Element 38."""
    host_date: str = ""
    """Element 13, MMDD."""
    host_time: str = ""
    """Element 12, hhmmss."""
    settlement_date: str = ""
    """Element 15, MMDD."""
    issuer: str = ""
    """First 11 characters of element 44, blanks stripped."""
    acquirer: str = ""
    """Last 11 characters of element 44, blanks stripped."""
    card_organisation: str = ""
    """Element 63.1: CUP, VIS, MCC …"""
    host_message: str = ""
    """Text of element 63 for the cardholder, made printable."""
    code_voucher: str = ""
    """Voucher number of a code payment 付款凭证号, tag A4 of element 59 (facts/unionpay.md §3.6)."""


@dataclass(frozen=True, slots=True)
class Referral:
    """The earlier transaction that an attempt refers to; the names are the row's. Zero and empty: not known."""

    original: int | None = None
    """Row number, when this terminal's journal holds it."""
    original_batch: int = 0
    original_stan: int = 0
    original_date: str = ""
    """MMDD."""
    original_rrn: str = ""
    original_auth: str = ""
    original_code_voucher: str = ""


NO_REFERRAL = Referral()


@dataclass(frozen=True, slots=True)
class Intent:
    """What is about to be asked of the host: all that the row holds before the first byte leaves."""

    kind: str
    amount_minor: int
    currency: str
    entry_mode: str
    account: str
    operator: str = "01"
    training: bool = False
    pin_entered: bool = False
    expiry: str = ""
    referral: Referral = NO_REFERRAL
    sealed: bytes = b""
    """Card number and expiry for later messages, sealed by the vault; emptied when no message needs them any more."""
    tender: str = ""
    """Number that the parts of a split payment share; empty for a payment in one."""
    till_request: int = 0
    """The till's request that it is begun for, by its number in the journal; 0 for one from the keypad."""
    cvm: str = ""
    """How the cardholder was verified, a name of ``Cvm``; empty where nobody has to be."""
    target: str = ""
    """Truncated number of the card that a transfer goes to."""
    language: str = ""
    """What the customer was asked in, and reads on the slip; empty: the configured one."""


@dataclass(frozen=True, slots=True)
class TransactionRecord:
    """One transaction as the journal holds it (facts/unionpay.md §2, §8)."""

    id: int
    """Row number, unique over the life of the journal."""
    kind: str
    """Name of the row in the transaction table: ``sale``, ``qr-sale``."""
    state: State
    stan: int
    """Element 11, 1..999999; printed as the voucher number 凭证号."""
    batch: int
    """Batch number, 1..999999 (element 60.2)."""
    amount_minor: int
    """Amount in the currency's minor unit."""
    currency: str
    """ISO 4217 numeric code, three digits."""
    entry_mode: str
    """Element 22, three digits: 021 stripe with PIN, 022 stripe, 032 code."""
    account: str
    """Truncated card number, or the last four characters of a payment code."""
    started_at: datetime
    """Local wall clock when the intent was written."""
    operator: str = "01"
    training: bool = False
    pin_entered: bool = False
    expiry: str = ""
    """YYMM or empty; empty on the paper when the profile says so."""
    undo_cause: str = ""
    """Why the attempt is being undone, a name of ``UndoCause``; empty while it is not."""
    reversal_reason: str = ""
    """Element 39 of the next reversal: 98 no answer, A0 wrong MAC, 06 other (facts/unionpay.md §3.1)."""
    reversal_tries: int = 0
    response_code: str = ""
    rrn: str = ""
    auth_code: str = ""
    host_date: str = ""
    host_time: str = ""
    settlement_date: str = ""
    issuer: str = ""
    acquirer: str = ""
    card_organisation: str = ""
    host_message: str = ""
    code_voucher: str = ""
    """These eleven are the answer's, empty while there is none; see HostAnswer."""
    original: int | None = None
    original_batch: int = 0
    original_stan: int = 0
    original_date: str = ""
    original_rrn: str = ""
    original_auth: str = ""
    original_code_voucher: str = ""
    """These seven name the transaction this one refers to; see Referral."""
    sealed: bytes = field(default=b"", repr=False)
    tender: str = ""
    cvm: str = ""
    """How the cardholder was verified, a name of ``Cvm``."""
    target: str = ""
    """Truncated number of the card that a transfer goes to."""
    uploaded: int = 0
    """Whether the batch upload has delivered it, a value of ``Uploaded``."""
    language: str = ""
    """Of the customer's slip; empty: the configured one."""

    @property
    def day(self) -> str:
        """MMDD as it stands on the slip: the host's, or the terminal's where the host gave none."""
        return self.host_date or self.started_at.strftime("%m%d")
