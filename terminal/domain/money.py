"""Amounts as integers of the minor unit, and how people read and type them (ISO 4217)."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CURRENCIES", "Currency", "format_amount", "push_digit", "to_element_4"]

_ELEMENT_4_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Currency:
    """A currency as ISO 4217 lists it."""

    numeric: str
    """Three digits, as in element 49."""
    alphabetic: str
    exponent: int
    """How many digits stand behind the decimal point."""
    symbol: str
    """What a slip prints in front of the amount."""


CURRENCIES: dict[str, Currency] = {
    currency.numeric: currency
    for currency in (
        Currency("156", "CNY", 2, "RMB"),
        Currency("344", "HKD", 2, "HKD"),
        Currency("392", "JPY", 0, "JPY"),
        Currency("414", "KWD", 3, "KWD"),
        Currency("446", "MOP", 2, "MOP"),
        Currency("702", "SGD", 2, "SGD"),
        Currency("764", "THB", 2, "THB"),
        Currency("840", "USD", 2, "USD"),
        Currency("978", "EUR", 2, "EUR"),
    )
}


def format_amount(amount_minor: int, currency: Currency, *, symbol: bool = True) -> str:
    """Write an amount with a decimal point and without thousands marks: ``RMB 128.50``.

    A slip keeps one form in every language, so that the merchant's and the customer's copy
    can be compared character by character.
    """
    sign = "-" if amount_minor < 0 else ""
    digits = str(abs(amount_minor)).rjust(currency.exponent + 1, "0")
    text = digits if not currency.exponent else f"{digits[: -currency.exponent]}.{digits[-currency.exponent :]}"
    return f"{currency.symbol} {sign}{text}" if symbol else f"{sign}{text}"


def push_digit(amount_minor: int, typed: str, maximum_minor: int) -> int:
    """Amount after one more key of right-to-left entry; unchanged where it would exceed the maximum.

    ``typed`` is a digit or ``00`` (facts/product.md §4.3).
    """
    grown = amount_minor * 10 ** len(typed) + int(typed)
    return grown if grown <= maximum_minor else amount_minor


def to_element_4(amount_minor: int) -> str:
    """Twelve digits of element 4. Raises ValueError outside 0..999999999999."""
    text = f"{amount_minor:012d}"
    if amount_minor < 0 or len(text) > _ELEMENT_4_DIGITS:
        raise ValueError("amount does not fit the 12 digits of element 4")
    return text
