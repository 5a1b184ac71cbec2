"""What people may see of a value: one rule for each kind of element (PCI DSS 3.4.1)."""

from __future__ import annotations

import re

__all__ = ["mask_pan", "masked"]

FIRST_SHOWN, LAST_SHOWN = 6, 4
SHORT_PAN_DIGITS = 15
"""Shorter numbers show their last four digits only."""
LONGEST_PAN_DIGITS = 19
_SECRET_LIKE = re.compile(r"[0-9A-Fa-f]{12,}", re.ASCII)
KEY_CHARACTERS_MIN = 16
"""Hexadecimal of a PIN block or of the shortest key."""


def mask_pan(digits: str) -> str:
    """First six and last four characters; of short numbers the last four."""
    first = FIRST_SHOWN if len(digits) >= SHORT_PAN_DIGITS else 0
    hidden = max(len(digits) - first - LAST_SHOWN, 0)
    return digits[:first] + "*" * hidden + digits[len(digits) - LAST_SHOWN :] if hidden else "*" * len(digits)


def masked(mask: str, value: str | bytes) -> str:
    """A value as it may be shown under an element's mask.

    ``pan``: truncated; ``track``, ``hidden`` and ``tlv``: only how long it is; ``digits``: runs that could be
    a card number are truncated, longer ones and what could be a PIN block or a key in hexadecimal are hidden; without a
    mask the value itself.
    """
    if mask == "pan":
        return mask_pan(value if isinstance(value, str) else value.hex().upper().rstrip("F"))
    if mask in ("pan", "track", "hidden", "tlv"):
        unit = "bytes" if isinstance(value, bytes) else "characters"
        return f"*** ({len(value)} {unit})"
    text = value.hex().upper() if isinstance(value, bytes) else value
    return _SECRET_LIKE.sub(lambda found: _masked_run(found.group()), text) if mask == "digits" else text


def _masked_run(run: str) -> str:
    if run.isdecimal() and len(run) <= LONGEST_PAN_DIGITS:
        return mask_pan(run)
    return "*" * len(run) if len(run) >= KEY_CHARACTERS_MIN else run
