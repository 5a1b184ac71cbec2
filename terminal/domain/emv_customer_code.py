"""EMVCo customer-presented codes: base64 of BER-TLV, payload format indicator first, then application templates.

EMV QR Code Specification for Payment Systems, Consumer-Presented Mode. What is in it may be card data: the value is
silent when printed and wiped after use.
"""

from __future__ import annotations

import base64
import binascii
from enum import StrEnum

from iso8583.tlv import TlvError, parse_tlv

__all__ = ["CustomerCode", "CustomerCodeFault", "parse_customer_code"]

BASE64_CHARACTERS_MAX = 684
"""Of 512 bytes, the most the specification allows."""
_FORMAT, _APPLICATION, _COMMON, _AID = b"\x85", b"\x61", b"\x62", b"\x4f"
_FORMAT_VALUE = b"CPV01"
_AID_BYTES = range(5, 17)
APPLICATIONS_MAX = 8


class CustomerCodeFault(StrEnum):
    """Why a text is no customer-presented code."""

    TOO_LONG = "too-long"
    BAD_BASE64 = "bad-base64"
    BAD_TLV = "bad-tlv"
    BAD_FORMAT = "bad-format"
    """The payload format indicator is not first, or not CPV01."""
    NO_APPLICATION = "no-application"
    """No application template with an identifier of 5 to 16 bytes."""


class CustomerCode:
    """A customer's code: its applications, and the whole as it goes to the host."""

    __slots__ = ("aids", "data")

    def __init__(self, aids: tuple[str, ...], data: bytearray) -> None:
        self.aids = aids
        """Application identifiers, hexadecimal, in the customer's order of preference."""
        self.data = data

    def wipe(self) -> None:
        """Overwrite it."""
        for index in range(len(self.data)):
            self.data[index] = 0

    def __repr__(self) -> str:
        return "CustomerCode(***)"


def parse_customer_code(text: str) -> CustomerCode | CustomerCodeFault:
    """A checked code, or its first fault."""
    if len(text) > BASE64_CHARACTERS_MAX:
        return CustomerCodeFault.TOO_LONG
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        return CustomerCodeFault.BAD_BASE64
    try:
        objects = parse_tlv(data)
        inner = [parse_tlv(value) for tag, value in objects if tag == _APPLICATION]
        for tag, value in objects:
            if tag == _COMMON:
                parse_tlv(value)
    except TlvError:
        return CustomerCodeFault.BAD_TLV
    if not objects or objects[0] != (_FORMAT, _FORMAT_VALUE):
        return CustomerCodeFault.BAD_FORMAT
    aids = [dict(application).get(_AID, b"") for application in inner]
    if not 1 <= len(aids) <= APPLICATIONS_MAX or any(len(aid) not in _AID_BYTES for aid in aids):
        return CustomerCodeFault.NO_APPLICATION
    return CustomerCode(tuple(aid.hex().upper() for aid in aids), bytearray(data))
