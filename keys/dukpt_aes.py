"""DUKPT with AES, ANSI X9.24-3:2017: derivation, working keys, the terminal's registers, the update key.

As with TDES, ``advance`` touches nothing: the caller makes the new state durable before it uses the key
(facts/keys.md §3).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum

from keys.algorithms import strength_bits
from keys.ciphers import AES, Data, Key, wipe
from keys.dukpt_registers import DukptState, Machine, fill, step
from keys.errors import KeysError, UsageRefused
from keys.secret import Secret

__all__ = [
    "MACHINE",
    "KeyType",
    "Purpose",
    "advance",
    "derive",
    "derive_update_key",
    "key_for",
    "load_initial_key",
]

KSN_BYTES = 12
KEY_ID_BYTES = 8
_COUNTER_BYTES = 4
_UPDATE_COUNTER = 0xFFFFFFFF
_BLOCK = 16


class Purpose(IntEnum):
    """X9.24-3:2017, key usage indicator."""

    KEY_ENCRYPTION = 0x0002
    PIN = 0x1000
    MAC_REQUEST = 0x2000
    """Message authentication, generation."""
    MAC_RESPONSE = 0x2001
    """Message authentication, verification."""
    MAC_BOTH_WAYS = 0x2002
    DATA_REQUEST = 0x3000
    DATA_RESPONSE = 0x3001
    DATA_BOTH_WAYS = 0x3002
    DERIVATION = 0x8000
    INITIAL_KEY = 0x8001


class KeyType(IntEnum):
    """X9.24-3:2017, algorithm indicator, with the length in bytes in the second byte of our own value."""

    TDES_2 = 0x0010
    TDES_3 = 0x0118
    AES_128 = 0x0210
    AES_192 = 0x0318
    AES_256 = 0x0420
    HMAC_128 = 0x0510
    HMAC_192 = 0x0518
    HMAC_256 = 0x0520

    @property
    def indicator(self) -> int:
        """As in the derivation data."""
        return self >> 8

    @property
    def length(self) -> int:
        """Bytes."""
        return self & 0xFF


_AES_BY_LENGTH: Mapping[int, KeyType] = {16: KeyType.AES_128, 24: KeyType.AES_192, 32: KeyType.AES_256}
_FAMILY = {0: "tdes", 1: "tdes", 2: "aes", 3: "aes", 4: "aes", 5: "hmac"}
_INNER = frozenset({Purpose.DERIVATION, Purpose.INITIAL_KEY})


def derive(key: Key, purpose: Purpose, key_type: KeyType, tail: bytes) -> bytearray:
    """Key derivation function of X9.24-3:2017, 6.3.3; ``tail`` is the last 8 bytes of the derivation data."""
    derived = bytearray()
    for block in range(1, -(-key_type.length // _BLOCK) + 1):
        data = bytes((1, block)) + b"".join(
            number.to_bytes(2, "big") for number in (purpose, key_type.indicator, 8 * key_type.length)
        )
        part = AES.ecb_derive(key, data + tail)
        derived += part
        wipe(part)
    del derived[key_type.length :]
    return derived


def _tail(ksn: Data, counter: int) -> bytes:
    return bytes(ksn[4:KEY_ID_BYTES]) + counter.to_bytes(_COUNTER_BYTES, "big")


def _derive_next(key: Key, ksn: bytes, counter: int) -> bytearray:
    return derive(key, Purpose.DERIVATION, _AES_BY_LENGTH[len(key)], _tail(ksn, counter))


MACHINE = Machine("aes", 32, 16, KSN_BYTES, (16, 24, 32), _derive_next)
"""About 2.4 thousand million keys (X9.24-3:2017, 6.2)."""


def load_initial_key(initial_key: Secret, key_id: Data) -> DukptState:
    """State of a terminal with a fresh initial key of 16, 24 or 32 bytes and its identifier of 8.

    The caller wipes the key. Raises KeysError.
    """
    if len(initial_key) not in MACHINE.key_lengths:
        raise KeysError("An initial key of AES DUKPT has 16, 24 or 32 bytes.", "Compare it with the loading form.")
    if len(key_id) != KEY_ID_BYTES:
        raise KeysError("An AES initial key identifier has 8 bytes.", "Compare it with the key loading form.")
    ksn = bytes(key_id) + bytes(_COUNTER_BYTES)
    with initial_key.open() as clear:
        return DukptState(MACHINE.name, ksn, 1, fill(MACHINE, clear, ksn), derive_update_key(clear, key_id))


def derive_update_key(initial_key: Key, key_id: Data) -> Secret:
    """The key under which the next initial key arrives: as long as this one, at counter FFFFFFFF.

    No transaction has this counter. Derived while the initial key is there, because no register leads to it later.
    """
    key, reached = bytearray(initial_key), 0
    for bit in reversed(range(MACHINE.bits)):
        reached |= 1 << bit
        with Secret(key) as held, held.open() as clear:
            key = _derive_next(clear, bytes(key_id), reached)
    tail = _tail(key_id, _UPDATE_COUNTER)
    with Secret(key) as held, held.open() as clear:
        return Secret(derive(clear, Purpose.KEY_ENCRYPTION, _AES_BY_LENGTH[len(clear)], tail))


def advance(state: DukptState) -> tuple[DukptState, Secret, bytes]:
    """The state after this transaction, the transaction's key and its serial number of 12 bytes.

    Make the new state durable first, then wipe the old one, then use the key, by ``key_for``. Raises KeyExhausted.
    """
    following, key, counter = step(MACHINE, state)
    return following, key, state.ksn[:KEY_ID_BYTES] + counter.to_bytes(_COUNTER_BYTES, "big")


def key_for(transaction_key: Key, ksn: Data, purpose: Purpose, key_type: KeyType | None = None) -> Secret:
    """The key of a transaction for one purpose; of the same kind as the initial key when none is named.

    Raises UsageRefused for a key stronger than the one it comes from (X9.24-3:2017, table 2) and for the purposes
    of the derivation itself; KeysError for a serial number of another length.
    """
    if len(ksn) != KSN_BYTES:
        raise KeysError("An AES key serial number has 12 bytes.")
    wanted = key_type or _AES_BY_LENGTH[len(transaction_key)]
    if purpose in _INNER:
        raise UsageRefused("A derivation key is not given out.")
    family = _FAMILY[wanted.indicator]
    if strength_bits(family, wanted.length) > strength_bits("aes", len(transaction_key)):
        raise UsageRefused(
            "The working key would be stronger than the key it comes from.", "Choose a shorter working key."
        )
    counter = int.from_bytes(bytes(ksn[KEY_ID_BYTES:]), "big")
    return Secret(derive(transaction_key, purpose, wanted, _tail(ksn, counter)))
