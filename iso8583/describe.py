"""A message for people: names in two languages, values masked, codes explained."""

from __future__ import annotations

from dataclasses import dataclass

from iso8583.dialect import Dialect
from iso8583.masking import masked
from iso8583.message import Message
from iso8583.response_codes import RESPONSE_CODES
from iso8583.tlv import TlvError, describe_tlv

__all__ = ["Description", "Row", "describe"]

_DEFAULT = "unionpay-pos"
_RESPONSE = 39


@dataclass(frozen=True, slots=True)
class Row:
    """One element as it may be shown."""

    element: int
    name: str
    name_zh: str
    shown: str
    note: str = ""
    """What the value means, where a table knows."""


@dataclass(frozen=True, slots=True)
class Description:
    """A message as a table; ``str`` draws it."""

    mti: str
    title: str
    rows: tuple[Row, ...]

    def __str__(self) -> str:
        width = max((len(row.name) for row in self.rows), default=0)
        lines = [f"{self.mti} {self.title}"]
        for row in self.rows:
            note = f"  ({row.note})" if row.note else ""
            lines.append(f"{row.element:>4}  {row.name:<{width}}  {row.name_zh}  {row.shown}{note}")
        return "\n".join(lines)


_CLASSES = {
    "1": "authorization", "2": "financial", "3": "file action", "4": "reversal",
    "5": "reconciliation", "6": "administrative", "8": "network management",
}  # fmt: skip
_FUNCTIONS = {
    "0": "request", "1": "response", "2": "advice", "3": "advice response", "4": "notification",
}  # fmt: skip


def describe(message: Message, dialect: Dialect | None = None, reveal: bool = False) -> Description:
    """Describe a message in the words of a dialect (UnionPay POS when none is given)."""
    if dialect is None:
        from iso8583 import dialect as by_name

        dialect = by_name(_DEFAULT)
    table = dialect.declaration.elements
    rows = []
    for number in sorted(message.elements):
        value = message.elements[number]
        element = table.get(number)
        name, name_zh, mask = (element.name, element.name_zh, element.mask) if element else ("Undefined", "", "hidden")
        shown = masked("" if reveal else mask, value)
        note = ""
        if number == _RESPONSE and isinstance(value, str):
            note = RESPONSE_CODES.get(value, "")
        elif mask == "tlv" and isinstance(value, bytes):
            note = _tlv_note(value, reveal)
        rows.append(Row(number, name, name_zh, shown, note))
    mti = message.mti
    known = isinstance(mti, str) and len(mti) == 4 and mti.isdecimal()
    title = f"{_CLASSES.get(mti[1], 'message')} {_FUNCTIONS.get(mti[2], '')}".strip() if known else "not an MTI"
    return Description(mti if known else "????", title, tuple(rows))


def _tlv_note(value: bytes, reveal: bool) -> str:
    try:
        return "; ".join(describe_tlv(value, reveal=reveal))
    except TlvError:
        return "not BER-TLV"
