"""What customers bring: cards for the rail and codes for the tray, good ones and the ones that cause trouble."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from drivers.simulated import SimulatedReader
from tools.host.accounts import stripe
from tools.rig import ACCOUNTS

__all__ = ["CARDS", "CODES", "TEST_CARD_PREFIX", "Card", "Code"]

TEST_CARD_PREFIX = "629999"
"""Numbers that the bench's terminal is told to refuse."""


@dataclass(frozen=True, slots=True)
class Card:
    """A card on the rail."""

    name: str
    title: str
    hint: str
    """What a person needs to know: the PIN, or what is wrong."""
    swipe: Callable[[SimulatedReader], None]


@dataclass(frozen=True, slots=True)
class Code:
    """A code on the tray."""

    name: str
    title: str
    hint: str
    text: str


def _account(name: str, title: str, hint: str = "") -> Card:
    account = ACCOUNTS[name]
    return Card(name, title, hint or f"PIN {account.pin}", lambda reader: reader.swipe(track2=stripe(account)))


def _typed(text: str) -> Callable[[SimulatedReader], None]:
    return lambda reader: reader.type(text)


_CHIP = f"{ACCOUNTS['good'].pan}=3512201000000012"
_TEST = f"{TEST_CARD_PREFIX}0000000013=3512120000000012"

CARDS: dict[str, Card] = {
    card.name: card
    for card in (
        _account("good", "Good card"),
        _account("signature", "Signature card", "no PIN"),
        _account("low", "Nearly empty", "10.00 on it, PIN 111111"),
        _account("limited", "Limit 500.00", "PIN 666666"),
        _account("stolen", "Stolen card", "PIN 333333"),
        _account("expired", "Expired card", "since 2024"),
        Card("worn", "Worn stripe", "the reader cannot read it", _typed(";E?")),
        Card("half", "Pulled back", "half a pass", _typed(";621234000000")),
        Card("chip", "Chip card", "its chip must be used", _typed(f";{_CHIP}?")),
        Card("test", "Test card", "refused by the shop's rules", _typed(f";{_TEST}?")),
        Card("library", "Library card", "not a payment card", _typed(";0012345678?")),
    )
}

CODES: dict[str, Code] = {
    code.name: code
    for code in (
        Code("code", "Payment code", "of the good card", "6220001234567890018"),
        Code("code-low", "Payment code", "10.00 behind it", "6220001234567890026"),
        Code("coupon", "Coupon", "10 % off, not money", "COUPON-2026-10"),
        Code("product", "Milk", "a product's code", "6901234567892"),
        Code("wifi", "Wi-Fi", "a network's code", "WIFI:T:WPA;S:Corner Shop;P:guest;;"),
    )
}
