"""What readers and scanners in HID mode, which are no keyboards, say of themselves and of what they have read."""

from __future__ import annotations

from drivers.hid_reports import MAGTEK_REPORT, POS_REPORT

__all__ = ["CODE_DESCRIPTOR", "STRIPE_DESCRIPTOR", "code_reports", "stripe_report"]

STRIPE_DESCRIPTOR = bytes.fromhex("0600ff 0901 a101 0920 1500 26ff00 7508 965101 8102 c0")
"""A vendor's page, one report of 337 bytes."""
CODE_DESCRIPTOR = bytes.fromhex("058c 0902 a101 8502 1500 26ff00 7508 953f 09fe 8102 c0")
"""Bar-code scanner page (HID POS Usage Tables), report 2 of 63 bytes."""
_TRACK_BYTES, _PIECE_BYTES = 110, 56


def stripe_report(track2: str) -> bytes:
    """The report of one pass; ``track2`` without sentinels."""
    track = f";{track2}?".encode("ascii")
    report: bytes = MAGTEK_REPORT.build(
        {
            "status": [0, 0, 0],
            "lengths": [0, len(track), 0],
            "encode_type": 0,
            "tracks": [bytes(_TRACK_BYTES), track.ljust(_TRACK_BYTES, b"\0"), bytes(_TRACK_BYTES)],
        }
    )
    return report


def code_reports(text: str) -> list[bytes]:
    """The reports of one QR code, as many as it takes."""
    data = text.encode("utf-8")
    pieces = [data[start : start + _PIECE_BYTES] for start in range(0, len(data), _PIECE_BYTES)]
    return [
        POS_REPORT.build(
            {
                "report_id": 2,
                "length": len(piece),
                "aim": b"]Q1",
                "data": piece.ljust(_PIECE_BYTES, b"\0"),
                "reserved": bytes(2),
                "more": int(place < len(pieces)),
            }
        )
        for place, piece in enumerate(pieces, 1)
    ]
