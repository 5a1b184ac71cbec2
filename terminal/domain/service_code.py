"""The service code of a card: where it may be used, whether the issuer must be asked, what for, and with which PIN.

ISO/IEC 7813, three digits; a table for each. A code that is missing or has a digit that is not listed says nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["PinRule", "ServiceCode", "service_code"]


class PinRule(StrEnum):
    """What the card says of its PIN."""

    NONE = "none"
    WHERE_POSSIBLE = "where-possible"
    REQUIRED = "required"


@dataclass(frozen=True, slots=True)
class ServiceCode:
    """The three digits, read."""

    chip: bool
    """The card has a chip that is to be used where it can be."""
    domestic: bool
    """National use only, except under bilateral agreement."""
    private: bool
    online: bool
    """Authorisation by the issuer, whatever the amount."""
    goods: bool
    """Goods and services may be bought with it."""
    cash: bool
    pin: PinRule


_WHERE: Mapping[str, tuple[bool, bool, bool]] = {
    # chip, domestic, private
    "1": (False, False, False),
    "2": (True, False, False),
    "5": (False, True, False),
    "6": (True, True, False),
    "7": (False, False, True),
    "9": (False, False, False),  # test
}
_AUTHORISED = {"0": False, "2": True, "4": True}
_FOR_WHAT: Mapping[str, tuple[bool, bool, PinRule]] = {
    # goods, cash, PIN
    "0": (True, True, PinRule.REQUIRED),
    "1": (True, True, PinRule.NONE),
    "2": (True, False, PinRule.NONE),
    "3": (False, True, PinRule.REQUIRED),
    "4": (False, True, PinRule.NONE),
    "5": (True, False, PinRule.REQUIRED),
    "6": (True, True, PinRule.WHERE_POSSIBLE),
    "7": (True, False, PinRule.WHERE_POSSIBLE),
}


def service_code(digits: str) -> ServiceCode | None:
    """The code's meaning; None for one that is missing or not of the standard."""
    if len(digits) != 3 or digits[0] not in _WHERE or digits[1] not in _AUTHORISED or digits[2] not in _FOR_WHAT:
        return None
    return ServiceCode(*_WHERE[digits[0]], _AUTHORISED[digits[1]], *_FOR_WHAT[digits[2]])
