"""Eight faults of a message, and what each library makes of them (facts/iso8583-peers.md §4, facts §E)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import iso8583
from iso8583 import Iso8583Error, Message
from iso8583.dialects import DECLARATIONS
from tools.benchmarks.codecs.construct_peer import compiled_construct
from tools.benchmarks.codecs.messages import MESSAGES
from tools.benchmarks.codecs.peers import PyIso8583

__all__ = ["FAULTS", "Fault", "faulty", "table"]

_M1 = MESSAGES[0]
_OURS = "Countertop"


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong in a message, and how it comes in."""

    title: str
    dialect: str
    damage: Callable[[bytearray], None]
    element: int | None
    """The element that an error should name; None where there is none."""


def _cut_in_55(wire: bytearray) -> None:
    del wire[150:]


def _letter_in_pan(wire: bytearray) -> None:
    wire[11] = wire[11] & 0x0F | 0xB0


def _length_99(wire: bytearray) -> None:
    wire[10] = 0x99


def _length_1a(wire: bytearray) -> None:
    wire[10] = 0x1A


def _bit_6(wire: bytearray) -> None:
    wire[2] |= 0x04


def _trailing(wire: bytearray) -> None:
    wire += b"abc"


def _third_bitmap(wire: bytearray) -> None:
    wire[:] = bytes.fromhex("0200" + "8000000000000000" * 2 + "0000000000080000")


def _plus_in_length(wire: bytearray) -> None:
    wire[:] = b"0200" + b"4000000000000000" + b"+5" + b"12345"


FAULTS = (
    Fault("cut off inside element 55", "unionpay-pos", _cut_in_55, 55),
    Fault("nibble B in the card number", "unionpay-pos", _letter_in_pan, 2),
    Fault("length 99 of element 2", "unionpay-pos", _length_99, 2),
    Fault("length byte 1A of element 2", "unionpay-pos", _length_1a, 2),
    Fault("bit of element 6, which the dialect lacks", "unionpay-pos", _bit_6, 6),
    Fault("three bytes too many", "unionpay-pos", _trailing, None),
    Fault("bits for a third bitmap where there are two", "iso87-binary", _third_bitmap, None),
    Fault('length "+5" of element 2', "iso87-ascii", _plus_in_length, 2),
)


def faulty(fault: Fault) -> bytes:
    """M1 with the fault in it, or a message that is nothing but the fault."""
    wire = bytearray(iso8583.dialect(_M1.dialect).encode(Message(_M1.mti, _M1.elements)))
    fault.damage(wire)
    return bytes(wire)


def table(folder: Path) -> list[tuple[str, dict[str, str]]]:
    """Each fault and, by library, what it says."""
    rows = []
    for fault in FAULTS:
        data = faulty(fault)
        said = {_OURS: _ours(fault, data)}
        declaration = DECLARATIONS[fault.dialect]
        if (folder / "iso8583").is_dir():
            said["pyiso8583"] = _said(PyIso8583(folder, declaration).decode, data)
        said["construct, compiled"] = _said(compiled_construct(declaration).parse, data)
        rows.append((fault.title, said))
    return rows


def _ours(fault: Fault, data: bytes) -> str:
    try:
        iso8583.dialect(fault.dialect).decode(data)
    except Iso8583Error as error:
        return f"{type(error).__name__}: {error}"
    return "accepted"


def _said(decode: Callable[[bytes], object], data: bytes) -> str:
    """The kind of the error and the beginning of its text."""
    try:
        decode(data)
    except Exception as error:  # noqa: BLE001 - what comes out is what is asked
        text = " ".join(str(error).split())
        return f"{type(error).__name__}: {text[:60]}{'…' if len(text) > 60 else ''}"
    return "accepted"
