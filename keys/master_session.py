"""Master/session: working keys as cryptograms under a master key, alone or in a sign-on answer (facts/unionpay.md §4).

A bare cryptogram says nothing of what its key is for; only the check value tells a right key from noise. Where the
other side can send key blocks, ask for those (keys.key_block).
"""

from __future__ import annotations

from dataclasses import dataclass

from keys.algorithms import strength_bits
from keys.ciphers import Data
from keys.errors import KcvMismatch, KeysError
from keys.kcv import DEFAULT_METHOD, kcv_matches
from keys.key_in_use import AnyKey, KeyInUse, in_use
from keys.secret import Secret

__all__ = ["SignOnForm", "WorkingKey", "decrypt_cryptogram", "unwrap_key", "unwrap_sign_on"]

KCV_BYTES = 4
_SINGLE_DES = 8


@dataclass(frozen=True, slots=True)
class SignOnForm:
    """How an acquirer lays out element 62: PIN key, MAC key and perhaps a track key."""

    pin_key_bytes: int = 16
    mac_field_bytes: int = 16
    """Bytes of the MAC key's field; an 8-byte key in a 16-byte field is followed by 8 zero bytes."""
    track_key: bool = False
    cipher: str = "tdes"
    """Of the master key and of the working keys: ``tdes``, or ``sm4`` with 16 bytes for each key."""


@dataclass(frozen=True, slots=True)
class WorkingKey:
    """A key that came with a sign-on."""

    slot: str
    key: Secret
    check_value: str


def decrypt_cryptogram(master: KeyInUse, cryptogram: Data, *, chained: bool = False) -> Secret:
    """What the cryptogram holds, right or not: compare its check value next. Raises KeysError for a wrong length."""
    if not cryptogram or len(cryptogram) % master.block:
        raise KeysError("A cryptogram is not whole blocks of its master key's cipher.", "Compare the lengths agreed.")
    return Secret(master.cbc_recover(cryptogram) if chained else master.ecb_recover(cryptogram))


def unwrap_key(
    master: AnyKey,
    cryptogram: Data,
    check_value: Data,
    *,
    cipher: str = "tdes",
    algorithm: str = "",
    method: str = "",
    chained: bool = False,
) -> Secret:
    """The key of a cryptogram, block by block or (``chained``) in CBC with a zero vector.

    ``cipher`` is the master key's, ``algorithm`` the working key's where it is another one. ``check_value`` has 3 to 8
    bytes, of ``method`` or of the algorithm's usual one. Raises KeysError, KcvMismatch.
    """
    used, kind = in_use(master, cipher), algorithm or cipher
    try:
        strength_bits(kind, len(cryptogram))
    except ValueError:
        raise KeysError(f"{kind.upper()} has no keys of this cryptogram's length.", "Compare the lengths.") from None
    if not 3 <= len(check_value) <= 8:
        raise KcvMismatch("A cryptogram's check value has 3 to 8 bytes.")
    key = decrypt_cryptogram(used, cryptogram, chained=chained)
    with key.open() as clear:
        genuine = kcv_matches(clear, kind, check_value, method or DEFAULT_METHOD[kind])
    if not genuine:
        key.wipe()
        raise KcvMismatch("The check value of the key does not match.")
    return key


def unwrap_sign_on(master: AnyKey, field: bytes, form: SignOnForm) -> list[WorkingKey]:
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
    try:
        for slot, size in layout:
            cryptogram, value = field[start : start + size], field[start + size : start + size + KCV_BYTES]
            start += size + KCV_BYTES
            if slot == "mac" and form.cipher == "tdes" and size == 16 and cryptogram[8:] == bytes(8):
                cryptogram = cryptogram[:_SINGLE_DES]
            key = _named(slot, master, cryptogram, value, form.cipher)
            keys.append(WorkingKey(slot, key, value.hex().upper()))
    except BaseException:
        for each in keys:
            each.key.wipe()
        raise
    return keys


def _named(slot: str, master: AnyKey, cryptogram: bytes, value: bytes, cipher: str) -> Secret:
    try:
        return unwrap_key(master, cryptogram, value, cipher=cipher)
    except KcvMismatch:
        raise KcvMismatch(f"The check value of the {slot} key does not match.") from None
