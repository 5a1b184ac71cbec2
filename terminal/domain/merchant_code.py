"""The code of an order that our screen shows and a customer scans (EMVCo merchant-presented; facts/unionpay.md §11)."""

from __future__ import annotations

from dataclasses import dataclass

from terminal.domain.emv_qr import amount_text, build_merchant_code
from terminal.domain.money import Currency

__all__ = ["Order", "merchant_code"]

_NAME_MAX, _CITY_MAX, _REFERENCE_MAX = 25, 15, 25
_DYNAMIC, _COUNTRY, _CHINESE = "12", "CN", "zh"
_UNIONPAY = "15"
"""Tag of UnionPay's merchant account: acquirer's and forwarder's numbers, merchant number."""


@dataclass(frozen=True, slots=True)
class Order:
    """What the customer's telephone learns from the code."""

    amount_minor: int
    currency: Currency
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
    native = "".join(c for c in order.merchant_name if c.isprintable())[:_NAME_MAX] or plain
    category = order.merchant_id[7:11]
    language = [("64", [("00", _CHINESE), ("01", native)])] if native != plain else []
    return build_merchant_code(
        [
            ("01", _DYNAMIC),
            (_UNIONPAY, f"{order.acquirer_iin}{order.acquirer_iin}{order.merchant_id}"),
            ("52", category if category.isdecimal() else "0000"),
            ("53", order.currency.numeric),
            ("54", amount_text(order.amount_minor, order.currency)),
            ("58", _COUNTRY),
            ("59", plain[:_NAME_MAX]),
            ("60", order.city[:_CITY_MAX]),
            ("62", [("05", order.reference[:_REFERENCE_MAX]), ("07", order.terminal_id)]),
            *language,
        ]
    )
