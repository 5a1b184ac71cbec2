"""What is inside an element: positional parts, tagged values, BER-TLV objects, bitmapped composites.

A value is cut into parts with names, and built from them again; both are strict, and an error names the element.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from iso8583.declaration import Declaration, Wire, resolved
from iso8583.diagnose import Reader, TableCodec, content_fault
from iso8583.elements import BerTlv, Bitmapped, Element, Format, Positional, Tagged
from iso8583.emv_tags import EMV_TAGS
from iso8583.errors import ContentError, Iso8583Error, LengthError, TrailingBytesError, UndefinedElementError
from iso8583.tlv import build_tlv, pack_tagged, parse_tagged, parse_tlv

__all__ = ["SubField", "join", "split"]

Value = str | bytes
_UNKNOWN = Element("Unknown", "未知", Format("ans", 0), "hidden")


@dataclass(frozen=True, slots=True, repr=False)
class SubField:
    """A part: its place or tag, what it is, its value, and how that is masked."""

    key: str
    element: Element
    value: Value

    def __repr__(self) -> str:
        return f"SubField({self.key}, {self.element.name})"


def split(number: int, element: Element, value: Value) -> list[SubField]:
    """The parts of an element's value, in order; none when its inside is not declared. Raises Iso8583Error."""
    fault: Iso8583Error | None = None
    for inside in element.inside:
        try:
            return _SPLIT[type(inside)](number, inside, value)
        except Iso8583Error as error:
            fault = fault or error
    if fault is not None:
        raise fault
    return []


def join(number: int, element: Element, parts: Mapping[str, Value]) -> Value:
    """The value of an element from its parts by place or tag. Raises Iso8583Error."""
    fault: Iso8583Error | None = None
    for inside in element.inside:
        try:
            return _JOIN[type(inside)](number, inside, parts)
        except Iso8583Error as error:
            fault = fault or error
    raise fault or UndefinedElementError("its inside is not declared", number)


# --- positional ----------------------------------------------------------------------------


def _units(part: Element) -> int:
    length = part.format.length
    assert isinstance(length, int), "parts by position have a fixed length"
    return length


def _split_positional(number: int, inside: Positional, value: Value) -> list[SubField]:
    text = _text(number, value)
    found: list[SubField] = []
    place = 0
    for index, part in enumerate(inside.parts, 1):
        if place == len(text) and inside.least is not None and index > inside.least:
            return found
        place = _cut(number, f"{index}", part, text, place, found)
    group = 0
    while inside.repeated and place < len(text):
        group += 1
        for index, part in enumerate(inside.repeated, 1):
            place = _cut(number, f"{group}.{index}", part, text, place, found)
    if place < len(text):
        raise LengthError(f"{len(text) - place} characters are left after its last part", number)
    return found


def _cut(number: int, key: str, part: Element, text: str, place: int, found: list[SubField]) -> int:
    piece = text[place : place + _units(part)]
    if len(piece) != _units(part):
        raise LengthError(f"it ends inside part {key}, after {place} characters", number)
    fault = content_fault(part.format.content, "ascii", piece)
    if fault:
        raise ContentError(f"part {key}: {fault}", number)
    found.append(SubField(key, part, piece))
    return place + len(piece)


def _join_positional(number: int, inside: Positional, parts: Mapping[str, Value]) -> Value:
    named: list[tuple[str, Element]] = [(f"{index}", part) for index, part in enumerate(inside.parts, 1)]
    groups = {key.partition(".")[0] for key in parts if "." in key}
    for group in range(1, len(groups) + 1):
        named += [(f"{group}.{index}", part) for index, part in enumerate(inside.repeated, 1)]
    least = len(named) if inside.least is None else inside.least
    out: list[str] = []
    for index, (key, part) in enumerate(named):
        if key not in parts:
            if index < least or len(parts) != index:
                raise LengthError(f"part {key} is missing", number)
            break
        _cut(number, key, part, _text(number, parts[key]), 0, [])
        if len(parts[key]) != _units(part):
            raise LengthError(f"part {key}: expected {_units(part)} characters, found {len(parts[key])}", number)
        out.append(_text(number, parts[key]))
    if len(out) != len(parts):
        raise UndefinedElementError("has a part that is not declared", number)
    return "".join(out)


# --- tagged --------------------------------------------------------------------------------


def _split_tagged(number: int, inside: Tagged, value: Value) -> list[SubField]:
    found = _placed(number, lambda: parse_tagged(_text(number, value), inside.length_digits, inside.tag_characters))
    return [SubField(tag, inside.tags.get(tag, _UNKNOWN), piece) for tag, piece in found.items()]


def _join_tagged(number: int, inside: Tagged, parts: Mapping[str, Value]) -> Value:
    texts = {tag: _text(number, value) for tag, value in parts.items()}
    if any(len(tag) != inside.tag_characters for tag in texts):
        raise LengthError(f"expected tags of {inside.tag_characters} characters", number)
    packed: str = _placed(number, lambda: pack_tagged(texts, inside.length_digits))
    return packed


def _split_ber(number: int, inside: BerTlv, value: Value) -> list[SubField]:
    found = []
    for tag, piece in _placed(number, lambda: parse_tlv(_binary(number, value))):
        key = tag.hex().upper()
        name, name_zh, secret = EMV_TAGS.get(key, (_UNKNOWN.name, _UNKNOWN.name_zh, True))
        mask = "pan" if key == "5A" else "hidden" if secret else ""
        found.append(SubField(key, Element(name, name_zh, Format("b", 0), mask), piece))
    return found


def _join_ber(number: int, inside: BerTlv, parts: Mapping[str, Value]) -> Value:
    try:
        tags = [(bytes.fromhex(tag), _binary(number, value)) for tag, value in parts.items()]
    except ValueError:
        raise ContentError("a tag is not hexadecimal", number) from None
    built = build_tlv(tags)
    if [tag for tag, _ in _placed(number, lambda: parse_tlv(built))] != [tag for tag, _ in tags]:
        raise ContentError("a tag is none of BER-TLV", number)
    return built


# --- bitmapped -----------------------------------------------------------------------------


def _codec(inside: Bitmapped) -> tuple[TableCodec, Wire]:
    assert isinstance(inside.wire, Wire)
    return TableCodec(Declaration("part", inside.wire, {})), inside.wire


def _split_bitmapped(number: int, inside: Bitmapped, value: Value) -> list[SubField]:
    codec, wire = _codec(inside)
    reader = Reader(_binary(number, value))
    try:
        bits = int.from_bytes(reader.take(inside.bitmap_bytes, number), "big")
        count = 8 * inside.bitmap_bytes
        found = []
        for bit in range(1, count + 1):
            if not bits >> (count - bit) & 1:
                continue
            part = inside.parts.get(bit)
            if part is None:
                raise UndefinedElementError(f"the bit of part {bit} is set, and there is none", number, reader.offset)
            found.append(SubField(f"{bit}", part, codec.read_element(reader, resolved(bit, part.format, wire))))
        if reader.left:
            raise TrailingBytesError(f"{reader.left} bytes are left after its last part", number, reader.offset)
    except Iso8583Error as error:
        raise _of(error, number) from None
    return found


def _join_bitmapped(number: int, inside: Bitmapped, parts: Mapping[str, Value]) -> Value:
    codec, wire = _codec(inside)
    count, bits, out = 8 * inside.bitmap_bytes, 0, []
    if not all(key.isascii() and key.isdecimal() for key in parts):
        raise UndefinedElementError("has a part that is not numbered", number)
    for bit in sorted(map(int, parts)):
        part = inside.parts.get(bit)
        if part is None or not 1 <= bit <= count:
            raise UndefinedElementError(f"part {bit} is not declared", number)
        bits |= 1 << (count - bit)
        try:
            out.append(codec.element_bytes(resolved(bit, part.format, wire), parts[f"{bit}"]))
        except Iso8583Error as error:
            raise _of(error, number) from None
    return bits.to_bytes(inside.bitmap_bytes, "big") + b"".join(out)


# --- common --------------------------------------------------------------------------------


def _of(error: Iso8583Error, number: int) -> Iso8583Error:
    """The same fault, told of the element that holds the part."""
    text = str(error).rstrip(".")
    return type(error)(f"inside it: {text[:1].lower()}{text[1:]}", number)


def _placed(number: int, action: Callable[[], Any]) -> Any:
    try:
        return action()
    except Iso8583Error as error:
        raise _of(error, number) from None


def _text(number: int, value: Value) -> str:
    if not isinstance(value, str):
        raise ContentError(f"expected text, found {type(value).__name__}", number)
    return value


def _binary(number: int, value: Value) -> bytes:
    if not isinstance(value, bytes):
        raise ContentError(f"expected bytes, found {type(value).__name__}", number)
    return value


_SPLIT: dict[type, Callable[[int, Any, Value], list[SubField]]] = {
    Positional: _split_positional,
    Tagged: _split_tagged,
    BerTlv: _split_ber,
    Bitmapped: _split_bitmapped,
}
_JOIN: dict[type, Callable[[int, Any, Mapping[str, Value]], Value]] = {
    Positional: _join_positional,
    Tagged: _join_tagged,
    BerTlv: _join_ber,
    Bitmapped: _join_bitmapped,
}
