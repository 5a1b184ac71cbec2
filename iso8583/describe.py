"""A message for people: names in two languages, values masked, parts and codes explained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from iso8583.dialect import Dialect
from iso8583.elements import Element
from iso8583.errors import Iso8583Error
from iso8583.masking import masked
from iso8583.message import Message
from iso8583.response_codes import meaning_of
from iso8583.subfields import split

__all__ = ["Description", "PartRow", "Row", "describe", "title_of"]

_DEFAULT = "unionpay-pos"
_RESPONSE = 39


@dataclass(frozen=True, slots=True)
class PartRow:
    """A part of an element as it may be shown."""

    key: str
    name: str
    name_zh: str
    shown: str


@dataclass(frozen=True, slots=True)
class Row:
    """One element as it may be shown."""

    element: int
    name: str
    name_zh: str
    shown: str
    note: str = ""
    """What the value means, where a table knows; or why its parts cannot be told."""
    note_zh: str = ""
    parts: tuple[PartRow, ...] = ()


@dataclass(frozen=True, slots=True)
class Description:
    """A message as a table; ``str`` draws it."""

    mti: str
    title: str
    title_zh: str
    rows: tuple[Row, ...]

    def __str__(self) -> str:
        lines = [f"{self.mti}  {self.title}  {self.title_zh}".rstrip()]
        for row in self.rows:
            note = f"  ({'  '.join(filter(None, (row.note, row.note_zh)))})" if row.note else ""
            lines.append(f"{row.element:>4}  {row.name}  {row.name_zh}\n      {row.shown}{note}")
            lines += [f"        {part.key:<5} {part.shown}  {part.name}  {part.name_zh}" for part in row.parts]
        return "\n".join(lines)

    def as_dict(self) -> dict[str, Any]:
        """The same for JSON."""
        return {
            "mti": self.mti,
            "title": self.title,
            "title_zh": self.title_zh,
            "elements": [
                {
                    "element": row.element,
                    "name": row.name,
                    "name_zh": row.name_zh,
                    "value": row.shown,
                    **({"meaning": row.note, "meaning_zh": row.note_zh} if row.note else {}),
                    **({"parts": [_part_dict(part) for part in row.parts]} if row.parts else {}),
                }
                for row in self.rows
            ],
        }


def _part_dict(part: PartRow) -> dict[str, str]:
    return {"part": part.key, "name": part.name, "name_zh": part.name_zh, "value": part.shown}


_CLASSES = {
    "1": ("authorization", "授权"), "2": ("financial", "金融"), "3": ("file action", "文件更新"),
    "4": ("reversal", "冲正"), "5": ("reconciliation", "对账"), "6": ("administrative", "管理"),
    "7": ("fee collection", "收费"), "8": ("network management", "网络管理"),
}  # fmt: skip
_FUNCTIONS = {
    "0": ("request", "请求"), "1": ("response", "应答"), "2": ("advice", "通知"), "3": ("advice response", "通知应答"),
    "4": ("notification", "告知"), "5": ("notification acknowledgement", "告知确认"),
}  # fmt: skip


def title_of(mti: object) -> tuple[str, str]:
    """What an MTI says, in English and Chinese; of anything else that it is none."""
    if not (isinstance(mti, str) and len(mti) == 4 and mti.isascii() and mti.isdecimal()):
        return "not an MTI", "不是报文类型"
    kind, kind_zh = _CLASSES.get(mti[1], ("message", "报文"))
    function, function_zh = _FUNCTIONS.get(mti[2], ("", ""))
    return f"{kind} {function}".strip(), f"{kind_zh}{function_zh}"


def describe(message: Message, dialect: Dialect | None = None, reveal: bool = False) -> Description:
    """Describe a message in the words of a dialect (UnionPay POS when none is given)."""
    if dialect is None:
        from iso8583 import dialect as by_name

        dialect = by_name(_DEFAULT)
    table = dialect.declaration.elements
    rows = [_row(number, table.get(number), message.elements[number], reveal) for number in sorted(message.elements)]
    title, title_zh = title_of(message.mti)
    return Description(message.mti if title != "not an MTI" else "????", title, title_zh, tuple(rows))


def _row(number: int, element: Element | None, value: Any, reveal: bool) -> Row:
    if element is None:
        return Row(number, "Undefined", "未定义", masked("" if reveal else "hidden", value), "not in this dialect")
    shown = masked("" if reveal else element.mask, value)
    note = note_zh = ""
    if number == _RESPONSE and isinstance(value, str):
        note, note_zh = meaning_of(value)
    try:
        parts = tuple(
            PartRow(
                part.key,
                part.element.name,
                part.element.name_zh,
                masked("" if reveal else part.element.mask, part.value),
            )
            for part in split(number, element, value)
        )
    except Iso8583Error as error:
        parts, note = (), f"its parts cannot be told: {error}"
    return Row(number, element.name, element.name_zh, shown, note, note_zh, parts)
