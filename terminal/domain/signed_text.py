"""Text that somebody signs for a terminal: its last line signs every byte before it with Ed25519.

    …
    signature BASE64

The first line says what kind of text it is; so a signature under one kind proves nothing of another.
"""

from __future__ import annotations

import base64
import binascii

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

__all__ = ["Unsigned", "sign_text", "signed_part"]

_SIGNATURE = b"signature "


class Unsigned(Exception):
    """No signature, or not by this key."""


def signed_part(data: bytes, key: bytes) -> bytes:
    """What is signed, if it is by the key (32 bytes). Raises Unsigned; nothing else of the data has been looked at."""
    covered, mark, signature = data.rpartition(_SIGNATURE)
    if not mark:
        raise Unsigned
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(base64.b64decode(signature.strip(), validate=True), covered)
    except (InvalidSignature, ValueError, binascii.Error):
        raise Unsigned from None
    return covered


def sign_text(text: bytes, key: Ed25519PrivateKey) -> bytes:
    """The text with the line that signs it."""
    return text + _SIGNATURE + base64.b64encode(key.sign(text)) + b"\n"
