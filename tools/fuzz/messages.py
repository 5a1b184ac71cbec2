"""Right messages of a dialect, made up from its declaration; what mutations begin with."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from iso8583 import Message
from iso8583.declaration import Declaration, Field

__all__ = ["message_of", "messages_of"]

_DIGITS = "0123456789"
_LETTERS = _DIGITS + "ABCDEFGHIJKLMNOPQRSTUVWXYZ abc"
_VALUE_UNITS_MAX = 60
Value = str | bytes


def messages_of(declaration: Declaration, random: Random, count: int = 60) -> list[Message]:
    """Messages with each declared shape, with elements by chance, and with all elements as long as they may be."""
    numbers = sorted(declaration.fields())
    by_chance = [sorted(random.sample(numbers, random.randint(0, 16))) for _ in range(count)]
    return [
        *(message_of(declaration, random, shape) for shape in (*declaration.shapes, *by_chance)),
        *(message_of(declaration, random, numbers, longest=True) for _ in range(4)),
    ]


def message_of(declaration: Declaration, random: Random, numbers: Sequence[int], *, longest: bool = False) -> Message:
    """A message with these elements and values by chance."""
    fields = declaration.fields()
    separator = declaration.wire.separator
    mti = "".join(random.choice(_DIGITS) for _ in range(4))
    return Message(mti, {number: _value(fields[number], separator, random, longest) for number in numbers})


def _value(field: Field, separator: str, random: Random, longest: bool) -> Value:
    units = field.maximum
    if field.prefix_digits and not longest:
        units = random.randint(0, min(field.maximum, _VALUE_UNITS_MAX))
    if field.content in ("b", "tlv"):
        return random.randbytes(units)
    if field.content == "x":
        return random.choice("CD") + "".join(random.choices(_DIGITS, k=units - 1))
    if field.content == "z":
        text = "".join(random.choices(_DIGITS, k=units))
        return text[:16] + (separator if field.coding == "bcd" else "=") + text[17:] if units > 16 else text
    return "".join(random.choices(_DIGITS if field.content == "n" else _LETTERS, k=units))
