"""Messages to the host, built from the transaction table and the journal row (facts/unionpay.md §2, §3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from config import AcquirerProfile
from iso8583 import Iso8583Error, Message
from iso8583.tlv import pack_tagged, parse_tagged
from terminal.domain.money import to_element_4
from terminal.domain.record import TransactionRecord
from terminal.domain.transactions import TRANSACTIONS, ManagementType, Origin, Original, TransactionType

__all__ = ["VOUCHER_TAG", "Identity", "Presented", "financial", "management", "query", "reversal", "tag_of"]

_CAPABILITY_BY_ENTRY = {"03": "6"}
"""Element 60.4 by the first two digits of element 22: what the terminal reads for this kind of payer."""
_CAPABILITY = "2"
_NO_NETWORK = "000"
_IC_NORMAL = "0"
_SECURITY = {True: "2600000000000000", False: "0600000000000000"}
"""Element 53 with and without a PIN block: format 2 (with PAN), double-length 3DES."""
_SCANNED_CODE_TAG, VOUCHER_TAG = "A3", "A4"
_SCRIPT_NETWORK = "951"
_TARGET_DIGITS = 20
_RRN_UNKNOWN = "0" * 12
_ORIGINAL_BLANK = "0" * 16


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
    pan: str = ""
    """Card number, when there is no track any more."""
    expiry: str = ""
    """YYMM, with ``pan``."""
    code: str = ""
    """Text of a payment code."""
    pin_block: bytes = b""
    """Element 52, or empty."""
    target: str = ""
    """Number of the card that a transfer goes to."""
    chip: bytes = b""
    """Element 55, or empty."""

    def __repr__(self) -> str:
        return "Presented(***)"


def financial(record: TransactionRecord, presented: Presented, identity: Identity, profile: AcquirerProfile) -> Message:
    """Request or advice of a row; element 64 is still to be sealed."""
    kind = TRANSACTIONS[record.kind]
    elements = _common(record, identity, profile)
    elements |= _card(presented, profile)
    digits = profile.element_59_length_digits
    if presented.code:
        elements[59] = pack_tagged({_SCANNED_CODE_TAG: presented.code}, digits)
    elif record.original_code_voucher:
        elements[59] = pack_tagged({VOUCHER_TAG: record.original_code_voucher}, digits)
    if presented.target:
        elements[48] = presented.target.rjust(_TARGET_DIGITS, "0")
    if presented.chip:
        elements[55] = presented.chip
    elements |= _original(record, kind)
    if kind.name in _WITH_ORGANISATION and record.card_organisation:
        elements[63] = record.card_organisation
    return Message(_codes(kind, profile).mti, dict(sorted(elements.items())))


def query(record: TransactionRecord, stan: int, identity: Identity, profile: AcquirerProfile) -> Message:
    """What has become of a code payment: a question of its own STAN that names the payment in element 61 (§3.6)."""
    mti, processing_code, condition_code, type_code = profile.qr_query_codes.split()
    asked = _common(record, identity, profile) | {
        3: processing_code,
        11: f"{stan:06d}",
        25: condition_code,
        61: f"{record.batch:06d}{record.stan:06d}",
    }
    asked[60] = f"{type_code}{str(asked[60])[2:]}"
    return Message(mti, dict(sorted(asked.items())))


def tag_of(reply: Message, tag: str, profile: AcquirerProfile) -> str:
    """Value of a tag in element 59 of an answer; empty when it is not there (§3.6)."""
    text = reply.get(59)
    try:
        return parse_tagged(text, profile.element_59_length_digits).get(tag, "") if isinstance(text, str) else ""
    except Iso8583Error:
        return ""


def reversal(record: TransactionRecord, identity: Identity, profile: AcquirerProfile) -> Message:
    """0400 for a row: the original's elements and STAN, no card data, the reason in element 39 (§3.1)."""
    kind = TRANSACTIONS[record.kind]
    elements = _common(record, identity, profile)
    auth_code = record.auth_code or (record.original_auth if 38 in kind.needs else "")
    if auth_code:
        elements[38] = auth_code
    elements[39] = record.reversal_reason
    named = _original(record, kind)
    if 61 in named:
        elements[61] = named[61]
    elements[63] = profile.operator_text(record.operator)
    return Message("0400", dict(sorted(elements.items())))


def management(
    kind: ManagementType,
    stan: int,
    batch: int,
    identity: Identity,
    operator_text: str,
    more: Mapping[int, str | bytes] = MappingProxyType({}),
) -> Message:
    """Sign-on, sign-off, echo test, settlement and upload (§3.2 to §3.5); ``more`` is what only one of them carries."""
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
    return Message(kind.mti, dict(sorted({**elements, **more}.items())))


@dataclass(frozen=True, slots=True)
class _Codes:
    mti: str
    processing_code: str
    condition_code: str
    type_code: str


def _codes(kind: TransactionType, profile: AcquirerProfile) -> _Codes:
    """Message type and codes: the table's, or the profile's where the table leaves them to it."""
    if kind.codes:
        return _Codes(*getattr(profile, kind.codes).split())
    return _Codes(kind.mti, kind.processing_code, kind.condition_code, kind.type_code)


def _common(record: TransactionRecord, identity: Identity, profile: AcquirerProfile) -> dict[int, str | bytes]:
    codes = _codes(TRANSACTIONS[record.kind], profile)
    capability = _CAPABILITY_BY_ENTRY.get(record.entry_mode[:2], _CAPABILITY)
    elements: dict[int, str | bytes] = {
        3: codes.processing_code,
        11: f"{record.stan:06d}",
        22: record.entry_mode,
        25: codes.condition_code,
        41: identity.terminal_id,
        42: identity.merchant_id,
        49: record.currency,
        60: f"{codes.type_code}{record.batch:06d}{_NO_NETWORK}{capability}{_IC_NORMAL}",
    }
    if record.kind == "script-result":
        elements = {number: value for number, value in elements.items() if number not in (3, 22, 25, 49)}
        elements[60] = f"{codes.type_code}{record.batch:06d}{_SCRIPT_NETWORK}"
    if record.amount_minor:
        elements[4] = to_element_4(record.amount_minor)
    return elements


def _card(presented: Presented, profile: AcquirerProfile) -> dict[int, str | bytes]:
    elements: dict[int, str | bytes] = {}
    if presented.track2:
        elements[35] = presented.track2
        if presented.track3 and profile.send_track3:
            elements[36] = presented.track3
    elif presented.pan:
        elements[2] = presented.pan
        if presented.expiry:
            elements[14] = presented.expiry
    if presented.track2 or presented.pin_block:
        elements[53] = _SECURITY[bool(presented.pin_block)]
    if presented.pin_block:
        elements[26] = f"{profile.pin_length_max:02d}"
        elements[52] = presented.pin_block
    return elements


def _original(record: TransactionRecord, kind: TransactionType) -> dict[int, str | bytes]:
    """Elements 37, 38 and 61: which earlier transaction is meant (§2, §3)."""
    elements: dict[int, str | bytes] = {}
    if 37 in kind.needs:
        elements[37] = record.original_rrn or _RRN_UNKNOWN
    if 38 in kind.needs:
        auth_code = record.original_auth or (record.auth_code if kind.origin is Origin.NONE else "")
        if auth_code:
            elements[38] = auth_code
    place = f"{record.original_batch:06d}{record.original_stan:06d}"
    if kind.original is Original.TRACE:
        elements[61] = place
    elif kind.original is Original.DATED:
        elements[61] = place + (record.original_date or "0000")
    elif kind.original is Original.BLANK:
        elements[61] = _ORIGINAL_BLANK
    return elements


_WITH_ORGANISATION = frozenset({"refund", "qr-refund"})
"""Requests whose element 63 names the card organisation (§3)."""
