"""The first font of a collection as a font of its own: browsers take no collections."""

from __future__ import annotations

import struct

__all__ = ["first_font"]

_TAG = b"ttcf"
_HEAD_BYTES, _RECORD = 12, struct.Struct(">4s3I")
"""OpenType 1.9, "Organization of an OpenType font": offset table, then a record for each table."""


def first_font(collection: bytes) -> bytes:
    """Its tables one behind the other, at places of four bytes; anything but a collection is given back."""
    if collection[:4] != _TAG:
        return collection
    (start,) = struct.unpack_from(">I", collection, 12)
    (count,) = struct.unpack_from(">H", collection, start + 4)
    records, tables = b"", b""
    place = _HEAD_BYTES + count * _RECORD.size
    for index in range(count):
        tag, checksum, offset, length = _RECORD.unpack_from(collection, start + _HEAD_BYTES + index * _RECORD.size)
        records += _RECORD.pack(tag, checksum, place + len(tables), length)
        tables += collection[offset : offset + length] + bytes(-length % 4)
    return collection[start : start + _HEAD_BYTES] + records + tables
