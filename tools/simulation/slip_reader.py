"""Slips as the person at the counter holds them: what they say, from the bytes that reached the paper."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

__all__ = ["ReadSlip", "read_slip"]

_PICTURE = b"\x1dv0"
_COMMANDS = re.compile(rb"\x1b@|\x1c[.&]|\x1b[taEd3J].|\x1d[!B].|\x1bp...", re.DOTALL)


@dataclass(frozen=True, slots=True)
class ReadSlip:
    """A slip of one transaction; empty values where a line is missing."""

    copy: str
    """``merchant`` or ``customer``; empty for what is printed of a whole batch."""
    voucher: str
    batch: str
    account: str
    amount: str
    auth_code: str
    rrn: str
    duplicate: bool
    good: bool
    """Whether it is a proof of payment; otherwise it says NOT CHARGED."""
    text: str


def read_slip(data: bytes) -> ReadSlip:
    """Read an English slip printed as text."""
    text = _COMMANDS.sub(b"", _without_pictures(data)).decode("cp437", "replace")
    lines = text.splitlines()
    values = dict(_pair(line) for line in lines)
    account = next((after for line, after in pairwise(lines) if line == "CARD NO"), "")
    copy = "merchant" if "MERCHANT COPY" in lines else "customer" if "CARDHOLDER COPY" in lines else ""
    return ReadSlip(
        copy=copy,
        voucher=values.get("VOUCHER NO", ""),
        batch=values.get("BATCH NO", ""),
        account=account.split("/")[0].replace(" ", ""),
        amount=values.get("AMOUNT", ""),
        auth_code=values.get("AUTH NO", ""),
        rrn=values.get("REF NO", ""),
        duplicate=" DUPLICATE " in lines,
        good=" NOT CHARGED " not in lines,
        text=text,
    )


def _without_pictures(data: bytes) -> bytes:
    """Lines that the table of characters cannot say are drawn (``GS v 0``); nobody reads them here."""
    kept = bytearray()
    while (start := data.find(_PICTURE)) >= 0 and len(data) >= start + 8:
        width, height = (int.from_bytes(data[start + at : start + at + 2], "little") for at in (4, 6))
        kept += data[:start]
        data = data[start + 8 + width * height :]
    return bytes(kept) + data


def _pair(line: str) -> tuple[str, str]:
    left, _, right = line.partition("  ")
    if not right:
        left, _, right = line.rpartition(" ")
    return left.strip(), right.strip()
