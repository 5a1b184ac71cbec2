"""What people may see of a value: one rule for each kind of element (PCI DSS 3.4.1)."""

from __future__ import annotations

import re

__all__ = ["mask_pan", "masked"]

FIRST_SHOWN, LAST_SHOWN = 6, 4
SHORT_PAN_DIGITS = 15
"""Shorter numbers show their last four digits only."""
_CARD_LIKE = re.compile(r"\d{12,19}")


def mask_pan(digits: str) -> str:
    """First six and last four characters; of short numbers the last four."""
    first = FIRST_SHOWN if len(digits) >= SHORT_PAN_DIGITS else 0
    hidden = max(len(digits) - first - LAST_SHOWN, 0)
    return digits[:first] + "*" * hidden + digits[len(digits) - LAST_SHOWN :] if hidden else "*" * len(digits)


def masked(mask: str, value: str | bytes) -> str:
    """A value as it may be shown under an element's mask.

    ``pan``: truncated; ``track``, ``hidden`` and ``tlv``: only how long it is; ``digits``: runs of digits
    that could be a card number are truncated; without a mask the value itself.
    """
    if mask == "pan":
        return mask_pan(value if isinstance(value, str) else value.hex().upper().rstrip("F"))
    if mask in ("pan", "track", "hidden", "tlv"):
        unit = "bytes" if isinstance(value, bytes) else "characters"
        return f"*** ({len(value)} {unit})"
    text = value.hex().upper() if isinstance(value, bytes) else value
    return _CARD_LIKE.sub(lambda found: mask_pan(found.group()), text) if mask == "digits" else text
