"""The code that a merchant shows and a customer scans (EMVCo merchant-presented mode; facts/unionpay.md §11).

Tag of two digits, length of two digits, value; the last is the checksum over everything before it.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Order", "merchant_code"]

_NAME_MAX, _CITY_MAX, _REFERENCE_MAX = 25, 15, 25
_CRC_POLYNOMIAL, _CRC_START = 0x1021, 0xFFFF
_FORMAT, _DYNAMIC, _COUNTRY, _CHINESE = "01", "12", "CN", "zh"
_UNIONPAY = "15"
"""Tag of UnionPay's merchant account: acquirer's and forwarder's numbers, merchant number."""


@dataclass(frozen=True, slots=True)
class Order:
    """What the customer's telephone learns from the code."""

    amount: str
    """With a decimal point and without a symbol: ``128.50``."""
    currency: str
    """ISO 4217 numeric."""
    merchant_id: str
    """Element 42; digits 8 to 11 are the category code."""
    merchant_name: str
    terminal_id: str
    reference: str
    """The host's number of the order."""
    acquirer_iin: str
    city: str


def merchant_code(order: Order) -> str:
    """Text of the dynamic code of an order."""
    plain = "".join(c for c in order.merchant_name if " " <= c <= "~").strip() or order.merchant_id
    native = order.merchant_name[:_NAME_MAX]
    category = order.merchant_id[7:11]
    text = "".join(
        _field(tag, value)
        for tag, value in (
            ("00", _FORMAT),
            ("01", _DYNAMIC),
            (_UNIONPAY, f"{order.acquirer_iin}{order.acquirer_iin}{order.merchant_id}"),
            ("52", category if category.isdecimal() else "0000"),
            ("53", order.currency),
            ("54", order.amount),
            ("58", _COUNTRY),
            ("59", plain[:_NAME_MAX]),
            ("60", order.city[:_CITY_MAX]),
            ("62", _field("05", order.reference[:_REFERENCE_MAX]) + _field("07", order.terminal_id)),
            ("64", _field("00", _CHINESE) + _field("01", native) if native != plain else ""),
        )
        if value
    )
    covered = text + "6304"
    return f"{covered}{_checksum(covered.encode('utf-8')):04X}"


def _field(tag: str, value: str) -> str:
    """Lengths count characters, not bytes, as the book says for names in other scripts."""
    return f"{tag}{len(value):02d}{value}"


def _checksum(data: bytes) -> int:
    """CRC-16/CCITT, start FFFF, not reflected, no final exclusive or."""
    crc = _CRC_START
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1) ^ _CRC_POLYNOMIAL if crc & 0x8000 else crc << 1
            crc &= 0xFFFF
    return crc
