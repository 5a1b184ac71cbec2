"""Terminal parameters as the host gives them: tag of two digits, value of fixed length (facts/unionpay.md §3.5)."""

from __future__ import annotations

__all__ = ["PARAMETERS", "parse_parameters"]

PARAMETERS: dict[str, tuple[int, str]] = {
    "11": (2, "application"),
    "12": (2, "timeout"),
    "13": (1, "retries"),
    "14": (14, "telephone-1"),
    "15": (14, "telephone-2"),
    "16": (14, "telephone-3"),
    "17": (14, "telephone-management"),
    "18": (1, "tip"),
    "19": (2, "tip-percent"),
    "20": (1, "manual-entry"),
    "21": (1, "auto-sign-off"),
    "22": (40, "merchant-name"),
    "23": (1, "resend"),
    "24": (1, "offline"),
    "25": (1, "key-index"),
    "26": (4, "transactions"),
}
"""Tag, bytes of its value, and its name in the catalogues."""


def parse_parameters(data: bytes) -> dict[str, str]:
    """Names and values in their order. Raises ValueError for a tag that is none or a value that is cut off.

    A merchant's name may be in Chinese: GB 18030, filled up with blanks.
    """
    found: dict[str, str] = {}
    position = 0
    while position < len(data):
        tag = data[position : position + 2].decode("ascii", "replace")
        if tag not in PARAMETERS:
            raise ValueError(f"parameter {position} has an unknown tag")
        length, name = PARAMETERS[tag]
        value = data[position + 2 : position + 2 + length]
        if len(value) != length:
            raise ValueError(f"parameter {tag} is cut off")
        text = value.decode("gb18030", "replace")
        found[name] = "".join(character for character in text if character.isprintable()).strip()
        position += 2 + length
    return found
