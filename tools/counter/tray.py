"""What customers bring: cards for the rail and codes for the tray, good ones and the ones that cause trouble."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import segno

from drivers.simulated import SimulatedReader
from tools.host.accounts import stripe
from tools.rig import ACCOUNTS

__all__ = ["CARDS", "CODES", "TEST_CARD_PREFIX", "Card", "Code"]

TEST_CARD_PREFIX = "629999"
"""Numbers on the stop list of the counter's terminal."""
_QUIET_MODULES, _SCALE = 1, 3


@dataclass(frozen=True, slots=True)
class Card:
    """A card on the rail."""

    name: str
    title: str
    hint: str
    """What a person needs to know: the PIN, or what is wrong."""
    kind: str
    """How it looks: ``good``, ``bad`` (the bank or the terminal refuses it), ``chip`` or ``odd`` (no payment)."""
    swipe: Callable[[SimulatedReader], None]


@dataclass(frozen=True)
class Code:
    """A code on the tray."""

    name: str
    title: str
    hint: str
    text: str

    @cached_property
    def picture(self) -> str:
        """The code itself as a picture, PNG in base64."""
        out = io.BytesIO()
        segno.make(self.text, micro=False).save(out, "png", border=_QUIET_MODULES, scale=_SCALE)
        return base64.b64encode(out.getvalue()).decode("ascii")


def _account(name: str, title: str, kind: str = "good", hint: str = "") -> Card:
    account = ACCOUNTS[name]
    return Card(name, title, hint or f"PIN {account.pin}", kind, lambda reader: reader.swipe(track2=stripe(account)))


def _typed(text: str) -> Callable[[SimulatedReader], None]:
    return lambda reader: reader.type(text)


_CHIP = f"{ACCOUNTS['good'].pan}=3512201000000012"
_STOPPED = f"{TEST_CARD_PREFIX}0000000013=3512120000000012"

CARDS: dict[str, Card] = {
    card.name: card
    for card in (
        _account("good", "Good card"),
        _account("signature", "No PIN", "good", "green on the PIN"),
        _account("second", "Second card"),
        _account("low", "Nearly empty", "bad", "10.00 · PIN 111111"),
        _account("limited", "Limit 500.00", "bad", "PIN 666666"),
        _account("stolen", "Stolen", "bad", "PIN 333333"),
        _account("expired", "Expired", "bad", "since 01/24"),
        Card("stopped", "Stop-listed", "by its number", "bad", _typed(f";{_STOPPED}?")),
        Card("chip", "Chip card", "read by its stripe", "chip", _typed(f";{_CHIP}?")),
        Card("worn", "Worn stripe", "cannot be read", "odd", _typed(";E?")),
        Card("half", "Half a pass", "pulled back", "odd", _typed(";621234000000")),
        Card("layout", "Library card", "another layout", "odd", _typed(";0012345678?")),
    )
}

CODES: dict[str, Code] = {
    code.name: code
    for code in (
        Code("code", "Pay", "good card", "6220001234567890018"),
        Code("code-low", "Pay", "10.00 behind it", "6220001234567890026"),
        Code("coupon", "Coupon", "no money", "COUPON-2026-10"),
        Code("product", "Milk", "a product", "6901234567892"),
        Code("wifi", "Wi-Fi", "a network", "WIFI:T:WPA;S:Corner Shop;P:guest;;"),
    )
}
