"""Messages to the host, built from the transaction table and the journal row (facts/unionpay.md §2, §3)."""

from __future__ import annotations

from dataclasses import dataclass

from config import AcquirerProfile
from iso8583 import Message
from terminal.domain.money import to_element_4
from terminal.domain.record import TransactionRecord
from terminal.domain.transactions import TRANSACTIONS, ManagementType, Payer

__all__ = ["Identity", "Presented", "financial", "management", "reversal"]

_CAPABILITY = {Payer.STRIPE: "2", Payer.CODE: "6"}
"""Element 60.4: what the terminal can read for this kind of payer."""
_NO_NETWORK = "000"
_IC_NORMAL = "0"
_SECURITY = {True: "2600000000000000", False: "0600000000000000"}
"""Element 53 with and without a PIN block: format 2 (with PAN), double-length 3DES."""
_SCANNED_CODE_TAG = "A3"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks."""

    terminal_id: str
    """Element 41, 8 characters."""
    merchant_id: str
    """Element 42, 15 characters."""
    serial_number: str
    """Serial number of the device, for element 62 of the sign-on."""


@dataclass(frozen=True, slots=True, repr=False)
class Presented:
    """What the customer presented, in the form the message takes; lives for one exchange.

    Its repr says nothing: it holds what may not be kept.
    """

    track2: str = ""
    """Track 2 without sentinels, ``D`` as the separator."""
    track3: str = ""
    code: str = ""
    """Text of a payment code."""
    pin_block: bytes = b""
    """Element 52, or empty."""

    def __repr__(self) -> str:
        return "Presented(***)"


def financial(record: TransactionRecord, presented: Presented, identity: Identity, profile: AcquirerProfile) -> Message:
    """Request of a sale; element 64 is still to be sealed."""
    kind = TRANSACTIONS[record.kind]
    elements = _common(record, identity)
    if kind.payer is Payer.STRIPE:
        elements[35] = presented.track2
        if presented.track3 and profile.send_track3:
            elements[36] = presented.track3
        elements[53] = _SECURITY[bool(presented.pin_block)]
        if presented.pin_block:
            elements[26] = f"{profile.pin_length_max:02d}"
            elements[52] = presented.pin_block
    else:
        elements[59] = _tagged(_SCANNED_CODE_TAG, presented.code, profile.element_59_length_digits)
    return Message(kind.mti, elements)


def reversal(record: TransactionRecord, identity: Identity, profile: AcquirerProfile) -> Message:
    """0400 for a row: the original's elements and STAN, no card data, the reason in element 39 (§3.1)."""
    elements = _common(record, identity)
    if record.auth_code:
        elements[38] = record.auth_code
    elements[39] = record.reversal_reason
    elements[63] = profile.operator_text(record.operator)
    return Message("0400", elements)


def management(kind: ManagementType, stan: int, batch: int, identity: Identity, operator_text: str) -> Message:
    """Sign-on, sign-off or echo test (§3.4)."""
    elements: dict[int, str | bytes] = {
        11: f"{stan:06d}",
        41: identity.terminal_id,
        42: identity.merchant_id,
        60: f"{kind.type_code}{batch:06d}{kind.network_code}",
    }
    if kind.serial_number:
        serial = identity.serial_number.encode("ascii")
        elements[62] = b"Sequence No%02d%s" % (len(serial), serial)
    if kind.operator:
        elements[63] = operator_text
    return Message(kind.mti, elements)


def _common(record: TransactionRecord, identity: Identity) -> dict[int, str | bytes]:
    kind = TRANSACTIONS[record.kind]
    return {
        3: kind.processing_code,
        4: to_element_4(record.amount_minor),
        11: f"{record.stan:06d}",
        22: record.entry_mode,
        25: kind.condition_code,
        41: identity.terminal_id,
        42: identity.merchant_id,
        49: record.currency,
        60: f"{kind.type_code}{record.batch:06d}{_NO_NETWORK}{_CAPABILITY[kind.payer]}{_IC_NORMAL}",
    }


def _tagged(tag: str, value: str, length_digits: int) -> str:
    """Tag, decimal length, value: element 59 (§3.6); acquirers differ in the digits of the length."""
    return f"{tag}{len(value):0{length_digits}d}{value}"
