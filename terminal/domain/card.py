"""A payment card from its tracks (ISO/IEC 7813), or the reason why it is none.

Card data lives in bytearrays that are wiped; nothing here prints it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from terminal.domain.service_code import PinRule, ServiceCode
from terminal.domain.service_code import service_code as meaning

__all__ = [
    "Card",
    "CardRefusal",
    "CardRefusalReason",
    "CardRules",
    "luhn_valid",
    "mask_pan",
    "number_refused",
    "parse_card",
    "typed_card",
]

PAN_DIGITS = range(8, 20)
NAME_CHARACTERS_MAX = 26
FIRST_SHOWN, LAST_SHOWN = 6, 4
SHORT_PAN_DIGITS = 15
"""Below this the first digits are not shown: six and four would leave too little hidden (PCI FAQ 1091)."""
CLOCK_SET_SINCE = date(2024, 1, 1)
"""A clock that shows an earlier day has never been set; expiry is then for the issuer to judge."""
CENTURY_YEARS, CENTURY_WINDOW = 100, 50
"""Two digits of a year mean the one that is nearest to today's: up to 49 years ahead, up to 50 back."""
NOT_PAYMENT_PREFIXES = ("6360", *(str(number) for number in range(604426, 604435)))
"""Issuers of driving licences in North America (AAMVA); their stripes are laid out like a card's."""
TRACK2_ERROR = "track2-error"


class CardRefusalReason(StrEnum):
    """Why a card that was read is not accepted."""

    BAD_READ = "bad-read"
    TRACK2_MISSING = "track2-missing"
    TRACKS_DIFFER = "tracks-differ"
    PAN_LENGTH = "pan-length"
    CHECK_DIGIT = "check-digit"
    EXPIRY_INVALID = "expiry-invalid"
    EXPIRED = "expired"
    NO_EXPIRY = "no-expiry"
    USE_CHIP = "use-chip"
    CASH_ONLY = "cash-only"
    """The service code allows cash and no goods."""
    PIN_NEEDED = "pin-needed"
    """The service code wants a PIN, and none can be entered here."""
    NOT_PAYMENT = "not-payment"
    LOYALTY = "loyalty"
    """A loyalty card of the shop, where somebody wants to know of it."""
    TEST_CARD = "test-card"


@dataclass(frozen=True, slots=True)
class CardRefusal:
    """A card that is not accepted, by its reason."""

    reason: CardRefusalReason
    loyalty: str = field(default="", repr=False)
    """The number of a loyalty card; of any other card nothing stays."""


@dataclass(frozen=True, slots=True)
class CardRules:
    """What the acquirer's profile asks of a card."""

    check_digit: bool = True
    """Whether the Luhn digit must be right; private ranges may have none."""
    accept_track1: bool = False
    """Whether track 1 alone may start a sale."""
    refuse_expired: bool = True
    chip_reader: bool = False
    """Whether this terminal could read the chip that the service code announces."""
    fallback: bool = False
    """Whether the chip has just failed, so that the stripe may stand in."""
    refused_bins: tuple[str, ...] = ()
    """First digits of cards that do not belong in this environment."""
    loyalty_prefixes: tuple[str, ...] = ()
    """First digits of the shop's loyalty cards; empty where nobody wants to know of them."""
    obey_service_code: bool = True
    """Whether the service code's word on cash and PIN is followed."""
    pin_possible: bool = True
    """Whether a PIN can be entered at this terminal."""


class Card:
    """A card that may be charged. Silent when printed; wiped after the exchange."""

    __slots__ = ("expiry", "masked", "name", "notes", "pan", "service", "service_code", "track2", "track3")

    def __init__(
        self,
        pan: bytearray,
        expiry: str,
        service_code: str,
        track2: bytearray,
        track3: bytearray | None,
        name: str,
        notes: tuple[str, ...],
    ) -> None:
        self.pan = pan
        self.expiry = expiry
        """YYMM."""
        self.service_code = service_code
        self.track2 = track2
        """Without sentinels, ``=`` as the separator."""
        self.track3 = track3
        self.name = name
        """Cardholder's name from track 1, printable."""
        self.notes = notes
        self.masked = mask_pan(pan.decode("ascii"))
        """First six and last four digits."""
        self.service: ServiceCode | None = meaning(service_code)
        """What the service code means; None when it is missing or not of the standard."""

    @property
    def typed(self) -> bool:
        """Whether the number was typed, and no track was read."""
        return not self.track2

    @property
    def needs_chip(self) -> bool:
        """Whether the card has a chip that is to be used where it can be."""
        return self.service is not None and self.service.chip

    @property
    def online_only(self) -> bool:
        """Whether the issuer must be asked: it says so, or what it says is unknown."""
        return self.service is None or self.service.online

    @property
    def pin_required(self) -> bool:
        """Whether the service code wants a PIN, whatever the amount."""
        return self.service is not None and self.service.pin is PinRule.REQUIRED

    def wipe(self) -> None:
        """Overwrite number and tracks."""
        for data in (self.pan, self.track2, self.track3):
            if data is not None:
                for index in range(len(data)):
                    data[index] = 0

    def __repr__(self) -> str:
        return f"Card({self.masked})"


def parse_card(
    track1: bytearray | None,
    track2: bytearray | None,
    track3: bytearray | None,
    rules: CardRules,
    today: date,
    notes: tuple[str, ...] = (),
) -> Card | CardRefusal:
    """Card of a pass, or why there is none; the tracks come without sentinels."""
    reason = CardRefusalReason
    if (number := _loyalty(track2, rules)) is not None:
        return CardRefusal(reason.LOYALTY, number)
    first = _track1(track1) if track1 is not None else None
    if isinstance(first, CardRefusal):
        return first
    if track2 is None:
        if first is None or not rules.accept_track1:
            return CardRefusal(reason.BAD_READ if TRACK2_ERROR in notes else reason.TRACK2_MISSING)
        fields, name = first
        track2 = bytearray(fields[0] + b"=" + fields[1])
    else:
        second = _split(track2, b"=")
        if isinstance(second, CardRefusal):
            return second
        fields, name = second, ""
        if first is not None:
            (pan1, rest1), name = first
            if pan1 != fields[0] or rest1[:4] != fields[1][:4]:
                return CardRefusal(reason.TRACKS_DIFFER)
    pan, rest = fields
    refusal = number_refused(pan, rules) or _expiry_refused(rest[:4], rules, today)
    if refusal is not None:
        return CardRefusal(refusal)
    service_code = rest[4:7].decode("ascii")
    card = Card(
        bytearray(pan),
        rest[:4].decode("ascii"),
        service_code if service_code.isdecimal() and len(service_code) == 3 else "",
        bytearray(track2),
        bytearray(track3) if track3 is not None else None,
        name,
        notes,
    )
    not_here = _not_here(card, rules)
    if not_here is not None:
        card.wipe()
        return CardRefusal(not_here)
    return card


def _loyalty(track2: bytearray | None, rules: CardRules) -> str | None:
    """The number of a loyalty card: track 2, or what stands there before a separator."""
    number = bytes(track2 or b"").partition(b"=")[0]
    known = _of_the_shop(number, rules)
    return number.decode("ascii") if known and number.isdigit() and len(number) in PAN_DIGITS else None


def _of_the_shop(number: bytes | bytearray, rules: CardRules) -> bool:
    return number.startswith(tuple(prefix.encode("ascii") for prefix in rules.loyalty_prefixes))


def typed_card(pan: bytes | bytearray, expiry: str, rules: CardRules, today: date) -> Card | CardRefusal:
    """Card of a number and an expiry date (YYMM) that were typed; it has no track and no service code."""
    refusal = number_refused(pan, rules) or _expiry_refused(expiry.encode("ascii"), rules, today)
    if refusal is not None:
        return CardRefusal(refusal)
    return Card(bytearray(pan), expiry, "", bytearray(), None, "", ())


def _not_here(card: Card, rules: CardRules) -> CardRefusalReason | None:
    """What the service code rules out at this terminal."""
    if card.needs_chip and rules.chip_reader and not rules.fallback:
        return CardRefusalReason.USE_CHIP
    if card.service is None or not rules.obey_service_code:
        return None
    if not card.service.goods:
        return CardRefusalReason.CASH_ONLY
    return CardRefusalReason.PIN_NEEDED if card.pin_required and not rules.pin_possible else None


def number_refused(pan: bytes | bytearray, rules: CardRules) -> CardRefusalReason | None:
    """Why a card number is not taken; None for one that is."""
    reason = CardRefusalReason
    if _of_the_shop(pan, rules):
        return reason.NOT_PAYMENT
    if len(pan) not in PAN_DIGITS:
        return reason.PAN_LENGTH
    if pan.decode("ascii").startswith(NOT_PAYMENT_PREFIXES):
        return reason.NOT_PAYMENT
    if rules.check_digit and not luhn_valid(pan.decode("ascii")):
        return reason.CHECK_DIGIT
    if any(pan.startswith(bin.encode("ascii")) for bin in rules.refused_bins):
        return reason.TEST_CARD
    return None


def _expiry_refused(expiry: bytes, rules: CardRules, today: date) -> CardRefusalReason | None:
    reason = CardRefusalReason
    if expiry[:1] == b"=" or len(expiry) < 4:
        return reason.NO_EXPIRY
    if not expiry.isdigit() or not 1 <= int(expiry[2:]) <= 12:
        return reason.EXPIRY_INVALID
    expired = (full_year(int(expiry[:2]), today), int(expiry[2:])) < (today.year, today.month)
    return reason.EXPIRED if expired and rules.refuse_expired and today >= CLOCK_SET_SINCE else None


def full_year(two_digits: int, today: date) -> int:
    """Year of an expiry date, in the century that brings it nearest to today."""
    ahead = (two_digits - today.year) % CENTURY_YEARS
    return today.year + (ahead if ahead < CENTURY_WINDOW else ahead - CENTURY_YEARS)


def _split(track: bytearray, separator: bytes) -> tuple[bytes, bytes] | CardRefusal:
    """Number and the rest of track 2. The rest may begin with a separator: the card has no expiry date."""
    pan, found, rest = bytes(track).partition(separator)
    if not pan.isdigit() or not found:
        loyalty = pan[:1] == b"9" and not found
        return CardRefusal(CardRefusalReason.NOT_PAYMENT if loyalty else CardRefusalReason.BAD_READ)
    return (pan, rest) if _well_formed(rest, separator) else CardRefusal(CardRefusalReason.BAD_READ)


def _well_formed(rest: bytes, separator: bytes) -> bool:
    """Expiry or a separator, service code or a separator, then digits (ISO/IEC 7813).

    A doubled separator before a whole expiry date with a service code is a misread, not a card without expiry.
    """
    if rest[:1] == separator:
        rest = rest[1:]
        if _dated(rest):
            return False
    else:
        if not rest[:4].isdigit() or len(rest) < 4:
            return False
        rest = rest[4:]
    if rest[:1] == separator:
        rest = rest[1:]
    return not rest or rest.isdigit()


def _dated(rest: bytes) -> bool:
    digits = rest[:7].decode("ascii", "replace")
    return len(digits) == 7 and digits.isdecimal() and 1 <= int(digits[2:4]) <= 12 and meaning(digits[4:]) is not None


def _track1(track: bytearray) -> tuple[tuple[bytes, bytes], str] | CardRefusal:
    text = bytes(track)
    if text[:1] not in (b"B", b"b"):
        return CardRefusal(CardRefusalReason.NOT_PAYMENT)
    head, _, rest = text[1:].rpartition(b"^")
    pan, found, name = head.partition(b"^")
    if head.endswith(b"^"):  # the expiry date is a separator
        name, rest = name[:-1], b"=" + rest
    rest = rest.replace(b"^", b"=")
    if not found or not pan.isdigit():
        return CardRefusal(CardRefusalReason.BAD_READ)
    return (pan, rest), printable_name(name)


def printable_name(name: bytes) -> str:
    """A cardholder's name as it may go to paper: printable ASCII, at most 26 characters, without control characters."""
    kept = "".join(chr(byte) for byte in name if 0x20 <= byte < 0x7F)
    return kept[:NAME_CHARACTERS_MAX].strip()


def luhn_valid(digits: str) -> bool:
    """Whether the last digit is the Luhn check digit of the others (ISO/IEC 7812-1 Annex B)."""
    total = 0
    for index, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + index % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def mask_pan(pan: str) -> str:
    """First six and last four digits, the rest as ``*``; of short numbers only the last four."""
    first = FIRST_SHOWN if len(pan) >= SHORT_PAN_DIGITS else 0
    return pan[:first] + "*" * (len(pan) - first - LAST_SHOWN) + pan[-LAST_SHOWN:]
