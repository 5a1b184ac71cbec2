"""DUKPT with TDES, ANSI X9.24-1:2009: one key for each transaction, none of which tells another (facts/keys.md §3).

The terminal's side is a value and a function: ``advance`` takes a state and gives the next one, the key of this
transaction and its serial number, and touches nothing. Whoever calls makes the new state durable before anything
enciphered leaves the device: after a crash a key may be lost, never used twice.
"""

from __future__ import annotations

from enum import Enum

from keys.ciphers import TDES, Data, Key, wipe, xor
from keys.dukpt_registers import DukptState, Machine, fill, step
from keys.errors import KeysError
from keys.secret import Secret

__all__ = ["MACHINE", "Purpose", "advance", "derive_next", "key_for", "load_initial_key", "normal_ksn", "with_counter"]

KSN_BYTES = 10
_KEY_BYTES = 16
_COUNTER_BITS = 21
_VARIANT_OF_KEY = bytes.fromhex("C0C0C0C000000000") * 2


class Purpose(Enum):
    """What a key of a transaction is for; its value is the variant of X9.24-1:2009, annex A, for either half."""

    PIN = bytes.fromhex("00000000000000FF")
    MAC_REQUEST = bytes.fromhex("000000000000FF00")
    MAC_RESPONSE = bytes.fromhex("00000000FF000000")
    DATA_REQUEST = bytes.fromhex("0000000000FF0000")
    DATA_RESPONSE = bytes.fromhex("000000FF00000000")


_ONE_WAY = frozenset({Purpose.DATA_REQUEST, Purpose.DATA_RESPONSE})


def normal_ksn(ksn: Data) -> bytes:
    """Ten bytes, filled with FF on the left (X9.24-1:2009; older devices send 8). Raises KeysError."""
    if not 8 <= len(ksn) <= KSN_BYTES:
        raise KeysError("A TDES key serial number has 8 to 10 bytes.", "Compare it with the key loading form.")
    return bytes(ksn).rjust(KSN_BYTES, b"\xff")


def with_counter(ksn: Data, counter: int) -> bytes:
    """The serial number with this counter in its last 21 bits."""
    number = int.from_bytes(normal_ksn(ksn), "big")
    return (number >> _COUNTER_BITS << _COUNTER_BITS | counter).to_bytes(KSN_BYTES, "big")


def derive_next(key: Key, ksn: bytes, counter: int) -> bytearray:
    """Non-reversible key generation: from a key of 16 bytes to the one at ``counter``."""
    register = with_counter(ksn, counter)[2:]
    variant = xor(key, _VARIANT_OF_KEY)
    try:
        return _half(variant, register) + _half(key, register)
    finally:
        wipe(variant)


def _half(key: Key, register: Data) -> bytearray:
    mixed = xor(register, key[8:])
    enciphered = TDES.ecb_derive(key[:8], mixed)
    try:
        return xor(enciphered, key[8:])
    finally:
        wipe(mixed)
        wipe(enciphered)


MACHINE = Machine("tdes", _COUNTER_BITS, 10, KSN_BYTES, (_KEY_BYTES,), derive_next)
"""1 048 575 keys (X9.24-1:2009, 6.3)."""


def load_initial_key(initial_key: Secret, ksn: Data) -> DukptState:
    """State of a terminal with a fresh initial key of 16 bytes. The caller wipes the key. Raises KeysError.

    The counter of ``ksn`` must be zero: a key that has been used elsewhere would be used twice.
    """
    if len(initial_key) not in MACHINE.key_lengths:
        raise KeysError("An initial key of TDES DUKPT has 16 bytes.", "Ask for an initial key of double length.")
    whole = normal_ksn(ksn)
    if with_counter(whole, 0) != whole:
        raise KeysError("The counter of an initial key is not zero.", "Ask for an initial key that was never used.")
    with initial_key.open() as clear:
        return DukptState(MACHINE.name, whole, 1, fill(MACHINE, clear, whole))


def advance(state: DukptState) -> tuple[DukptState, Secret, bytes]:
    """The state after this transaction, the transaction's key and its serial number of 10 bytes.

    Make the new state durable first, then wipe the old one, then use the key, by ``key_for``. Raises KeyExhausted.
    """
    following, key, counter = step(MACHINE, state)
    return following, key, with_counter(state.ksn, counter)


def key_for(transaction_key: Key, purpose: Purpose, *, data_variant: Purpose | None = None) -> Secret:
    """The key of 16 bytes for one purpose. A transaction's key itself is never used.

    ``data_variant`` names the variant that a host from before 2009 uses for data, without the one-way step.
    """
    variant = xor(transaction_key, (data_variant or purpose).value * 2)
    if purpose not in _ONE_WAY or data_variant is not None:
        return Secret(variant)
    try:
        return Secret(TDES.ecb_derive(variant, variant))
    finally:
        wipe(variant)
