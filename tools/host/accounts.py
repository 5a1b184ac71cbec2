"""The demonstration customers: who they are, what they own, and what is wrong with them.

The card numbers begin with 62 as UnionPay's do, but for the foreign card's, and satisfy the Luhn check; they are
invented, and printed here in full, as no real card number may be.
"""

from __future__ import annotations

from dataclasses import dataclass

from tools.host.values import DOMESTIC

__all__ = ["DEMO_ACCOUNTS", "DEMO_CODES", "DemoAccount", "DemoCode", "stripe", "valid_luhn"]


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """One customer of the simulated bank."""

    name: str
    """How tests, the demo and the control socket call it."""
    pan: str
    expiry: str
    """YYMM on the card's stripe."""
    service_code: str
    """Three digits on the stripe: 120 international, issuer authorises, PIN asked; 121 no PIN asked. No chip."""
    pin: str
    balance_minor: int
    refusal: str = ""
    """Element 39 that every request meets, or empty for a card in order (facts/unionpay.md §7)."""
    pin_required: bool = True
    """Whether a sale without a PIN is refused with 55."""
    limit_minor: int = 5_000_000
    """Largest single charge; above it 61."""
    organisation: str = DOMESTIC
    """Of the card, element 63.1 of an answer; another than the host's own is a foreign card."""


@dataclass(frozen=True, slots=True)
class DemoCode:
    """A customer-presented payment code and the account behind it (facts/unionpay.md §3.6, §11)."""

    code: str
    account: str
    single_use: bool = False
    """Real codes are: a second charge with one is refused. The demonstration's first ones may be used again."""
    confirmed_after: int = 0
    """How often the host is asked before the customer has confirmed on the telephone; 0: at once."""


DEMO_ACCOUNTS = (
    #           name         PAN                    expiry  service PIN       balance
    DemoAccount("good",      "6212340000000000012", "3512", "120", "123456", 100_000_000),
    DemoAccount("signature", "6212340000000000020", "3512", "121", "246810", 100_000_000, pin_required=False),
    DemoAccount("low",       "6212340000000000038", "3512", "120", "111111", 1_000),
    DemoAccount("lost",      "6212340000000000046", "3512", "120", "222222", 500_000, refusal="41"),
    DemoAccount("stolen",    "6212340000000000053", "3512", "120", "333333", 500_000, refusal="43"),
    DemoAccount("restricted","6212340000000000061", "3512", "120", "444444", 500_000, refusal="62"),
    DemoAccount("expired",   "6212340000000000079", "2401", "120", "555555", 500_000),
    DemoAccount("limited",   "6212340000000000087", "3512", "120", "666666", 100_000_000, limit_minor=50_000),
    DemoAccount("second",    "6212340000000000095", "3512", "120", "987654", 100_000_000),
    DemoAccount("short",     "6212340000000100",   "3512", "120", "1234",   100_000_000),
    DemoAccount("foreign",   "4000009876543219",   "3512", "121", "135790", 100_000_000, pin_required=False,
                organisation="VIS"),
)  # fmt: skip

DEMO_CODES = (
    DemoCode("6220001234567890018", "good"),
    DemoCode("6220001234567890026", "low"),
    DemoCode("6220001234567890034", "good", single_use=True),
    DemoCode("6220001234567890042", "second"),
    DemoCode("6220001234567890059", "good", confirmed_after=2),
    DemoCode("6220001234567890067", "good", confirmed_after=1_000_000),
    DemoCode("6220001234567890075", "low", confirmed_after=1),
)

_DISCRETIONARY = "0000000123"
_TRACK2_DIGITS = 37


def stripe(account: DemoAccount) -> str:
    """Track 2 of the account's card, without sentinels and LRC, ``=`` as the separator (ISO/IEC 7813)."""
    return f"{account.pan}={account.expiry}{account.service_code}{_DISCRETIONARY}"[:_TRACK2_DIGITS]


def valid_luhn(pan: str) -> bool:
    """Whether the last digit is the check digit of the others (ISO/IEC 7812-1 annex B)."""
    total = 0
    for index, digit in enumerate(reversed(pan)):
        value = int(digit) * (2 if index % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
