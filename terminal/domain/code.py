"""What a scanned code is: a means of payment of some wallet, or something else (facts/unionpay.md §11)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Code", "CodeKind", "CodeRefusal", "CodeRefusalReason", "classify_code"]

LAST_SHOWN = 4


class CodeKind(StrEnum):
    """What a code is for."""

    UNIONPAY = "unionpay"
    ALIPAY = "alipay"
    WECHAT = "wechat"
    EMV_MERCHANT = "emv-merchant"
    EMV_CUSTOMER = "emv-customer"
    PRODUCT = "product"
    WIFI = "wifi"
    OTHER = "other"


class CodeRefusalReason(StrEnum):
    """Why a code is not a means of payment here."""

    NOT_PAYMENT = "not-payment"
    BAD_TEXT = "bad-text"
    TOO_LONG = "too-long"


@dataclass(frozen=True, slots=True)
class CodeRefusal:
    """A code that is not accepted, by its reason alone."""

    reason: CodeRefusalReason


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
        return self.data.decode("ascii")

    def as_payment(self) -> Code | CodeRefusal:
        """This code when a customer can pay with it."""
        if self.kind in PAYING:
            return self
        self.wipe()
        return CodeRefusal(CodeRefusalReason.NOT_PAYMENT)

    def wipe(self) -> None:
        """Overwrite the code."""
        for index in range(len(self.data)):
            self.data[index] = 0

    def __repr__(self) -> str:
        return f"Code({self.kind})"


def classify_code(data: bytearray) -> Code:
    """Kind of a scanned code, by its first digits and its length."""
    return Code(_kind(bytes(data)), bytearray(data))


def _kind(text: bytes) -> CodeKind:
    if text.isdigit():
        head, length = int(text[:2]), len(text)
        if head == 62 and length == 19:
            return CodeKind.UNIONPAY
        if 25 <= head <= 30 and 16 <= length <= 24:
            return CodeKind.ALIPAY
        if 10 <= head <= 15 and length == 18:
            return CodeKind.WECHAT
        if length in (8, 12, 13, 14):
            return CodeKind.PRODUCT
    if text.startswith(b"000201"):
        return CodeKind.EMV_MERCHANT
    if text.startswith(b"hQVDUFYwM"):
        return CodeKind.EMV_CUSTOMER
    if text.startswith(b"WIFI:"):
        return CodeKind.WIFI
    return CodeKind.OTHER
