"""Working keys of a sign-on answer: cryptograms and check values under the master key (facts/unionpay.md §4)."""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from keys.ciphers import Key, tdes_ecb_decrypt
from keys.errors import KcvMismatch, KeysError
from keys.kcv import kcv
from keys.secret import Secret

__all__ = ["SignOnForm", "WorkingKey", "unwrap_sign_on"]

KCV_BYTES = 4


@dataclass(frozen=True, slots=True)
class SignOnForm:
    """How an acquirer lays out element 62: PIN key, MAC key and perhaps a track key."""

    pin_key_bytes: int = 16
    mac_field_bytes: int = 16
    """Bytes of the MAC key's field; an 8-byte key in a 16-byte field is followed by 8 zero bytes."""
    track_key: bool = False


@dataclass(frozen=True, slots=True)
class WorkingKey:
    """A key that came with a sign-on."""

    slot: str
    key: Secret
    check_value: str


def unwrap_sign_on(master: Key, field: bytes, form: SignOnForm) -> list[WorkingKey]:
    """Decrypt and check every key of the field, or none. Raises KeysError for a length that is not
    the form's and KcvMismatch with the slot's name."""
    layout = [("pin", form.pin_key_bytes), ("mac", form.mac_field_bytes)]
    if form.track_key:
        layout.append(("track", 16))
    expected = sum(size + KCV_BYTES for _, size in layout)
    if len(field) != expected:
        raise KeysError(f"The sign-on answer brings {len(field)} bytes of keys; {expected} are expected.")
    keys: list[WorkingKey] = []
    start = 0
    for slot, size in layout:
        cryptogram = field[start : start + size]
        value = field[start + size : start + size + KCV_BYTES]
        start += size + KCV_BYTES
        if slot == "mac" and size == 16 and cryptogram[8:] == bytes(8):
            cryptogram = cryptogram[:8]
        key = Secret(bytearray(tdes_ecb_decrypt(master, cryptogram)))
        with key.open() as clear:
            found = kcv(clear, "tdes", length=KCV_BYTES)
        if not hmac.compare_digest(found, value):
            key.wipe()
            for other in keys:
                other.key.wipe()
            raise KcvMismatch(f"The check value of the {slot} key does not match.")
        keys.append(WorkingKey(slot, key, found.hex().upper()))
    return keys
