"""Answer codes of element 39 by their meaning, and who the host is (facts/unionpay.md §7)."""

from __future__ import annotations

from typing import Final

__all__ = [
    "ACQUIRER_ID", "APPROVE", "BAD_CHECK", "BAD_MAC", "EXPIRED", "FORMAT", "INVALID", "INVALID_AMOUNT", "NOT_FOUND",
    "NOT_SUPPORTED", "NO_FUNDS", "OTHER_AMOUNT", "OVER_LIMIT", "PAST_DAYS", "PENDING",
    "PIN_FORMAT", "PIN_TRIES", "REPEATED",
    "SIGN_ON", "UNKNOWN_TERMINAL", "WRONG_CARD", "WRONG_MERCHANT", "WRONG_PIN",
]  # fmt: skip

ACQUIRER_ID: Final = "48310000"
"""Element 32 of every answer."""

APPROVE: Final = "00"
PENDING: Final = "09"
WRONG_MERCHANT: Final = "03"
INVALID: Final = "12"
INVALID_AMOUNT: Final = "13"
WRONG_CARD: Final = "14"
PAST_DAYS: Final = "22"
NOT_FOUND: Final = "25"
FORMAT: Final = "30"
NOT_SUPPORTED: Final = "40"
NO_FUNDS: Final = "51"
EXPIRED: Final = "54"
WRONG_PIN: Final = "55"
BAD_CHECK: Final = "59"
OVER_LIMIT: Final = "61"
OTHER_AMOUNT: Final = "64"
PIN_TRIES: Final = "75"
SIGN_ON: Final = "77"
REPEATED: Final = "94"
UNKNOWN_TERMINAL: Final = "97"
PIN_FORMAT: Final = "99"
BAD_MAC: Final = "A0"
