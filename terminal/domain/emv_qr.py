"""EMVCo merchant-presented codes: data objects of two digits tag, two digits length, value; CRC at the end.

EMV QR Code Specification for Payment Systems, Merchant-Presented Mode. A length counts characters; some makers count
the bytes of UTF-8 instead, and both are read. Pure; whatever the text, the result is a code or a fault by name.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from terminal.domain.money import CURRENCIES, Currency, format_amount

__all__ = [
    "MerchantCode",
    "QrFault",
    "build_merchant_code",
    "check_against_sale",
    "crc16",
    "parse_merchant_code",
    "parse_objects",
]

Objects = tuple[tuple[str, str], ...]

TEXT_CHARACTERS_MAX = 2953
VALUE_CHARACTERS_MAX = 99
AMOUNT_CHARACTERS_MAX = 13
FORMAT, METHOD, CURRENCY, AMOUNT, COUNTRY, NAME, CITY, ADDITIONAL, CRC, LANGUAGE = (
    "00", "01", "53", "54", "58", "59", "60", "62", "63", "64",
)  # fmt: skip
STATIC, DYNAMIC = "11", "12"
_CRC_HEAD = "6304"
_FORMAT_VALUE = "01"
_TEMPLATES = frozenset(
    [*(f"{tag:02d}" for tag in range(26, 52)), ADDITIONAL, LANGUAGE, *(str(n) for n in range(80, 100))]
)
"""Tags whose value is again a list of objects. Only this one level is opened: what lies deeper is text."""
_AMOUNT = re.compile(r"^(\d+)(?:\.(\d*))?$", re.ASCII)


class QrFault(StrEnum):
    """Why a text is no merchant-presented code, or not the one of this sale."""

    TOO_LONG = "too-long"
    BAD_TEXT = "bad-text"
    """Control characters, or bytes that are no UTF-8."""
    BAD_LENGTH = "bad-length"
    """A length that is no number or zero."""
    OVERRUN = "overrun"
    """A value that is shorter than its length says."""
    BAD_FORMAT = "bad-format"
    """The payload format indicator is not first, or not 01."""
    DUPLICATE = "duplicate"
    TEMPLATE = "template"
    """A template whose objects do not fill it."""
    CRC_MISSING = "crc-missing"
    CRC_NOT_LAST = "crc-not-last"
    CRC_WRONG = "crc-wrong"
    BAD_AMOUNT = "bad-amount"
    BAD_CURRENCY = "bad-currency"
    OTHER_AMOUNT = "other-amount"
    """Right in itself, and not the amount of the sale."""
    OTHER_CURRENCY = "other-currency"


@dataclass(frozen=True, slots=True)
class MerchantCode:
    """A code that a merchant shows, checked."""

    objects: Objects
    """Tag and value in their order, the CRC left out."""
    amount_minor: int | None
    """None where the customer types it."""
    currency: Currency | None
    """None for one this terminal does not know."""

    def value(self, tag: str) -> str:
        """Value of a tag; empty when it is not there."""
        return dict(self.objects).get(tag, "")

    @property
    def dynamic(self) -> bool:
        """Whether it is made for one sale."""
        return self.value(METHOD) == DYNAMIC

    def template(self, tag: str) -> Mapping[str, str]:
        """Objects within a template by their tags; empty when it is not there."""
        inner = parse_objects(self.value(tag))
        return {} if isinstance(inner, QrFault) else dict(inner)


def crc16(data: bytes) -> int:
    """CRC-16/CCITT-FALSE (ISO/IEC 13239): polynomial 1021, start FFFF, not reflected."""
    return binascii.crc_hqx(data, 0xFFFF)


def parse_merchant_code(text: str) -> MerchantCode | QrFault:
    """A checked code, or its first fault."""
    if len(text) > TEXT_CHARACTERS_MAX:
        return QrFault.TOO_LONG
    try:
        raw = text.encode("utf-8")
    except UnicodeEncodeError:
        return QrFault.BAD_TEXT
    if any(ord(character) < 0x20 or ord(character) == 0x7F for character in text):
        return QrFault.BAD_TEXT
    objects = parse_objects(text)
    if isinstance(objects, QrFault) and not text.isascii():
        objects = _by_bytes(raw, objects)
    if isinstance(objects, QrFault):
        return objects
    fault = _frame_fault(objects, raw)
    return fault if fault is not None else _checked(objects[:-1])


def parse_objects(text: str) -> Objects | QrFault:
    """Tags and values of one level, lengths in characters."""
    found: list[tuple[str, str]] = []
    seen: set[str] = set()
    position = 0
    while position < len(text):
        tag, digits = text[position : position + 2], text[position + 2 : position + 4]
        if not (_number(tag) and _number(digits) and int(digits)):
            return QrFault.BAD_LENGTH
        end = position + 4 + int(digits)
        if end > len(text):
            return QrFault.OVERRUN
        if tag in seen:
            return QrFault.DUPLICATE
        seen.add(tag)
        found.append((tag, text[position + 4 : end]))
        position = end
    return tuple(found)


def build_merchant_code(objects: Iterable[tuple[str, str | Iterable[tuple[str, str]]]]) -> str:
    """The text of a code, with its CRC. A value may be the list of a template's objects.

    Format indicator and CRC are added; the order is the caller's. Raises ValueError for what no code can hold: a tag
    that is not two digits or stands twice, a value of none or more than 99 characters, a control character.
    """
    text = _built([(FORMAT, _FORMAT_VALUE), *((tag, _inner(value)) for tag, value in objects)]) + _CRC_HEAD
    text += f"{crc16(text.encode('utf-8')):04X}"
    fault = parse_merchant_code(text)
    if isinstance(fault, QrFault):
        raise ValueError(f"the objects are no merchant-presented code: {fault}")
    return text


def amount_text(amount_minor: int, currency: Currency) -> str:
    """An amount as tag 54 carries it."""
    return format_amount(amount_minor, currency, symbol=False)


def check_against_sale(code: MerchantCode, amount_minor: int, currency: Currency) -> QrFault | None:
    """What of a code is not this sale's; None when it can be paid."""
    if code.currency is not currency:
        return QrFault.OTHER_CURRENCY
    return QrFault.OTHER_AMOUNT if code.amount_minor not in (None, amount_minor) else None


def _built(objects: Iterable[tuple[str, str]]) -> str:
    out = []
    for tag, value in objects:
        if not _number(tag) or not 1 <= len(value) <= VALUE_CHARACTERS_MAX:
            raise ValueError("a tag has two digits, a value 1 to 99 characters")
        out.append(f"{tag}{len(value):02d}{value}")
    return "".join(out)


def _inner(value: str | Iterable[tuple[str, str]]) -> str:
    return value if isinstance(value, str) else _built(value)


def _number(text: str) -> bool:
    return len(text) == 2 and text.isascii() and text.isdecimal()


def _by_bytes(raw: bytes, fault: QrFault) -> Objects | QrFault:
    """The same with lengths in bytes, which Latin-1 makes characters; a value cut within a character is a fault."""
    found = parse_objects(raw.decode("latin-1"))
    if isinstance(found, QrFault):
        return fault
    try:
        return tuple((tag, value.encode("latin-1").decode("utf-8")) for tag, value in found)
    except UnicodeDecodeError:
        return fault


def _frame_fault(objects: Objects, raw: bytes) -> QrFault | None:
    """Format indicator in front, CRC at the end and right."""
    if not objects or objects[0] != (FORMAT, _FORMAT_VALUE):
        return QrFault.BAD_FORMAT
    tags = [tag for tag, _ in objects]
    if CRC not in tags:
        return QrFault.CRC_MISSING
    if tags[-1] != CRC:
        return QrFault.CRC_NOT_LAST
    stated = objects[-1][1]
    head, right = raw[: -len(stated)], f"{crc16(raw[: -len(stated)]):04X}"
    wrong = not head.endswith(_CRC_HEAD.encode("ascii")) or stated.upper() != right
    return QrFault.CRC_WRONG if wrong else None


def _checked(objects: Objects) -> MerchantCode | QrFault:
    values = dict(objects)
    for tag, value in objects:
        if tag in _TEMPLATES and not _template(value):
            return QrFault.TEMPLATE
    currency = values.get(CURRENCY, "")
    if CURRENCY in values and not (len(currency) == 3 and currency.isascii() and currency.isdecimal()):
        return QrFault.BAD_CURRENCY
    known = CURRENCIES.get(currency)
    if AMOUNT not in values:
        return MerchantCode(objects, None, known)
    amount = _amount(values[AMOUNT], known)
    return QrFault.BAD_AMOUNT if amount is None else MerchantCode(objects, amount, known)


def _template(value: str) -> bool:
    inner = parse_objects(value)
    if isinstance(inner, QrFault) and not value.isascii():
        inner = _by_bytes(value.encode("utf-8"), inner)
    return not isinstance(inner, QrFault)


def _amount(text: str, currency: Currency | None) -> int | None:
    """Minor units; None for what is no amount of the currency. Zero is none, nor is a fraction of the minor unit."""
    match = _AMOUNT.match(text) if len(text) <= AMOUNT_CHARACTERS_MAX else None
    exponent = currency.exponent if currency is not None else None
    if match is None or exponent is None or len(match[2] or "") > exponent:
        return None
    minor = int(match[1] + (match[2] or "").ljust(exponent, "0"))
    return minor or None
