"""What a scanned code is: a means of payment of some wallet, or something else (facts/unionpay.md §11)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from terminal.domain.emv_customer_code import CustomerCodeFault, parse_customer_code
from terminal.domain.emv_qr import QrFault, parse_merchant_code

__all__ = ["Code", "CodeKind", "CodeRefusal", "CodeRefusalReason", "classify_code", "payment_code"]

LAST_SHOWN = 4
TEXT_BYTES_MAX = 2953
"""The largest QR code (version 40, low error correction, bytes) holds this many."""


class CodeKind(StrEnum):
    """What a code is for."""

    UNIONPAY = "unionpay"
    ALIPAY = "alipay"
    WECHAT = "wechat"
    EMV_MERCHANT = "emv-merchant"
    EMV_CUSTOMER = "emv-customer"
    COUPON = "coupon"
    PRODUCT = "product"
    WIFI = "wifi"
    KEY_CARD = "key-card"
    """A key or a part of one, for the vault alone."""
    OTHER = "other"


class CodeRefusalReason(StrEnum):
    """Why a code is not a means of payment here."""

    NOT_PAYMENT = "not-payment"
    BAD_TEXT = "bad-text"
    TOO_LONG = "too-long"
    MALFORMED = "malformed"
    """A code of EMVCo's form with a fault; ``detail`` names it."""
    MERCHANT_CODE = "merchant-code"
    """A merchant's code: customers pay with it on their own telephone."""


@dataclass(frozen=True, slots=True)
class CodeRefusal:
    """A code that is not accepted, by its reason alone."""

    reason: CodeRefusalReason
    detail: str = ""
    """Which fault, by its name; nothing of the code."""


PAYING = frozenset({CodeKind.UNIONPAY, CodeKind.ALIPAY, CodeKind.WECHAT})


class Code:
    """A code by its kind. Silent when printed; wiped after the exchange."""

    __slots__ = ("data", "kind", "masked")

    def __init__(self, kind: CodeKind, data: bytearray) -> None:
        self.kind = kind
        self.data = data
        self.masked = "*" * max(len(data) - LAST_SHOWN, 0) + bytes(data[-LAST_SHOWN:]).decode("ascii", "replace")

    @property
    def text(self) -> str:
        """The code as it goes into element 59."""
        return self.data.decode("utf-8", "replace")

    def wipe(self) -> None:
        """Overwrite the code."""
        for index in range(len(self.data)):
            self.data[index] = 0

    def __repr__(self) -> str:
        return f"Code({self.kind})"


def classify_code(data: bytes | bytearray) -> Code:
    """Kind of a scanned code, by its first characters and its length."""
    return Code(_kind(bytes(data)), bytearray(data))


def payment_code(data: bytes | bytearray) -> Code | CodeRefusal:
    """The code when a customer can pay with it here, else why not."""
    reason = CodeRefusalReason
    if len(data) > TEXT_BYTES_MAX:
        return CodeRefusal(reason.TOO_LONG)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return CodeRefusal(reason.BAD_TEXT)
    if not text or any(ord(character) < 0x20 or ord(character) == 0x7F for character in text):
        return CodeRefusal(reason.BAD_TEXT)
    kind = _kind(bytes(data))
    if kind in PAYING:
        return Code(kind, bytearray(data))
    return _refused(kind, text)


def _refused(kind: CodeKind, text: str) -> CodeRefusal:
    reason = CodeRefusalReason
    if kind is CodeKind.EMV_MERCHANT:
        merchant = parse_merchant_code(text)
        if isinstance(merchant, QrFault):
            return CodeRefusal(reason.MALFORMED, merchant)
        return CodeRefusal(reason.MERCHANT_CODE)
    if kind is CodeKind.EMV_CUSTOMER:
        customer = parse_customer_code(text)
        if isinstance(customer, CustomerCodeFault):
            return CodeRefusal(reason.MALFORMED, customer)
        customer.wipe()
    return CodeRefusal(reason.NOT_PAYMENT)


@dataclass(frozen=True, slots=True)
class _Digits:
    """A means of payment that is digits alone: the first two, and how many."""

    kind: CodeKind
    first: range
    length: range


_PAYMENT_DIGITS = (
    _Digits(CodeKind.UNIONPAY, range(62, 63), range(19, 20)),
    _Digits(CodeKind.ALIPAY, range(25, 31), range(16, 25)),
    _Digits(CodeKind.WECHAT, range(10, 16), range(18, 19)),
)
_GTIN_DIGITS = (8, 12, 13, 14)
_EAN_COUPONS = re.compile(rb"^(98[1-4]|99\d)\d{10}$|^5\d{11}$")
"""GS1 prefixes 981 to 984 and 990 to 999; UPC-A with the number system 5."""
_PATTERNS = (
    (CodeKind.EMV_MERCHANT, re.compile(rb"^000201|^00[^\x00-\x1f]*6304|.6304[0-9A-Fa-f]{4}$")),
    (CodeKind.EMV_CUSTOMER, re.compile(rb"^hQVDUFYwM")),
    (CodeKind.WIFI, re.compile(rb"^WIFI:")),
    (CodeKind.KEY_CARD, re.compile(rb"^KEYCARD:|^[ABCD]\d{4}[A-Z0-9]{2}[A-Z][A-Z0-9]{3}[ENS]\d{4}[0-9A-F]{16}")),
    # A coupon by its GS1 application identifier: 255 global coupon number, 8110 and 8112 North America.
    (CodeKind.COUPON, re.compile(rb"^\(?(255\)?\d{13}|811[02]\)?\d{6})")),
)
"""Kind by the beginning of a text; a key block by the head that X9.143 gives it."""


def _kind(text: bytes) -> CodeKind:
    if text.isdigit():
        head, length = int(text[:2]), len(text)
        for row in _PAYMENT_DIGITS:
            if head in row.first and length in row.length:
                return row.kind
        if length in _GTIN_DIGITS and _gtin_valid(text):
            return CodeKind.COUPON if _EAN_COUPONS.match(text) else CodeKind.PRODUCT
    return next((kind for kind, pattern in _PATTERNS if pattern.search(text)), CodeKind.OTHER)


def _gtin_valid(digits: bytes) -> bool:
    """Whether the check digit is right (GS1 General Specifications, 7.9)."""
    weighted = sum((digit - 0x30) * (3 if place % 2 else 1) for place, digit in enumerate(reversed(digits)))
    return weighted % 10 == 0
