"""Realistic messages of every dialect; card numbers and keys are test values (facts/iso8583-peers.md §1)."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["MESSAGES", "Sample", "Value"]

Value = str | bytes
"""Of an element: text, or bytes where it is binary."""

_PAN = "6228480000000001234"
_TRACK = "6228480000000001234D30121010000000000"
_ICC = bytes.fromhex(
    "9f2608a1b2c3d4e5f607189f2701809f101307010103a0a002010a01000000000011223344559f37040a0b0c0d"
    "9f360201239505008004e8009a032608019c01009f02060000000128505f2a02015682027c00"
    "9f1a0201569f03060000000000009f3303e0f9c89f34030203009f350122"
    "9f0902002000009f4104000000015f340101"
)
"""146 bytes of EMV data are filled up with a private object."""


def _icc(size: int) -> bytes:
    rest = size - len(_ICC) - 3
    return _ICC + b"\xdf\x7f" + bytes([rest]) + b"\x5a" * rest


@dataclass(frozen=True, slots=True)
class Sample:
    """A message and the dialect in which it is written."""

    name: str
    dialect: str
    title: str
    mti: str
    elements: dict[int, Value]


_SALE: dict[int, Value] = {
    2: _PAN, 3: "000000", 4: "000000012850", 11: "000123", 22: "051", 23: "001", 25: "00", 26: "12", 35: _TRACK,
    41: "10000001", 42: "999290054110001", 49: "156", 52: bytes.fromhex("1a2b3c4d5e6f7081"),
    53: "2600000000000000", 55: _icc(146), 60: "2200000100050", 64: b"A1B2C3D4",
}  # fmt: skip
_ANSWER: dict[int, Value] = {
    2: _PAN, 3: "000000", 4: "000000012850", 11: "000123", 12: "153012", 13: "0801", 15: "0801", 25: "00",
    32: "48021000", 37: "153012000123", 38: "A12345", 39: "00", 41: "10000001", 42: "999290054110001",
    44: "01020000   48310000   ", 49: "156", 60: "2200000100050", 63: "CUP   ", 64: b"D4C3B2A1",
}  # fmt: skip
_PLAIN: dict[int, Value] = {
    2: _PAN, 3: "000000", 4: "000000012850", 7: "0801153012", 11: "000123", 12: "153012", 13: "0801", 22: "051",
    25: "00", 35: _TRACK.replace("D", "="), 37: "153012000123", 41: "10000001",
    42: "999290054110001", 49: "156", 52: bytes.fromhex("1a2b3c4d5e6f7081"), 64: bytes.fromhex("a1b2c3d4e5f60718"),
}  # fmt: skip
_NINETY_THREE: dict[int, Value] = {
    2: _PAN, 3: "000000", 4: "000000012850", 7: "0801153012", 11: "000123", 12: "260801153012", 22: "510101511304",
    24: "200", 26: "5411", 37: "153012000123", 41: "10000001", 42: "999290054110001", 49: "156",
    52: bytes.fromhex("1a2b3c4d5e6f7081"), 64: bytes.fromhex("a1b2c3d4e5f60718"),
}  # fmt: skip
_HOST: dict[int, Value] = {
    2: _PAN, 3: "000000", 4: "000000012850", 7: "0801153012", 11: "000123", 12: "153012", 13: "0801", 18: "5411",
    22: "051", 25: "00", 32: "48021000", 33: "48021000", 37: "153012000123", 41: "10000001", 42: "999290054110001",
    49: "156", 128: bytes.fromhex("a1b2c3d4e5f60718"),
}  # fmt: skip

MESSAGES = (
    Sample("M1", "unionpay-pos", "sale with chip data", "0200", _SALE),
    Sample("M2", "unionpay-pos", "approval", "0210", _ANSWER),
    Sample("M3", "iso87-ascii", "sale by stripe", "0200", _PLAIN),
    Sample("M4", "iso87-binary", "sale by stripe", "0200", _PLAIN),
    Sample("M5", "iso87-ascii-binary-bitmap", "sale by stripe", "0200", _PLAIN),
    Sample("M6", "iso87-ebcdic", "sale by stripe", "0200", _PLAIN),
    Sample("M7", "iso93-ascii", "sale", "1200", _NINETY_THREE),
    Sample("M8", "iso93-binary", "sale", "1200", _NINETY_THREE),
    Sample("M9", "iso93-ascii-binary-bitmap", "sale", "1200", _NINETY_THREE),
    Sample("M10", "iso93-ebcdic", "sale", "1200", _NINETY_THREE),
    Sample("M11", "unionpay-host", "sale with second bitmap", "0200", _HOST),
    Sample("M12", "unionpay-host-hex", "sale with second bitmap", "0200", _HOST),
)
