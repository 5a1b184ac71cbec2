"""The host's side of DUKPT: every transaction key from the base derivation key (X9.24-1:2009, X9.24-3:2017).

For simulated hosts and for tests. A base derivation key never comes near a terminal.
"""

from __future__ import annotations

from collections.abc import Mapping

from keys import dukpt_aes
from keys.ciphers import TDES, Data, Key, wipe, xor
from keys.dukpt_registers import Machine
from keys.dukpt_tdes import MACHINE as TDES_MACHINE
from keys.dukpt_tdes import normal_ksn, with_counter
from keys.errors import KeysError
from keys.secret import Secret

__all__ = ["aes_initial_key", "aes_transaction_key", "tdes_initial_key", "tdes_transaction_key"]

_VARIANT_OF_KEY = bytes.fromhex("C0C0C0C000000000") * 2
_AES_TYPES: Mapping[int, dukpt_aes.KeyType] = {
    16: dukpt_aes.KeyType.AES_128,
    24: dukpt_aes.KeyType.AES_192,
    32: dukpt_aes.KeyType.AES_256,
}


def tdes_initial_key(base_key: Key, ksn: Data) -> Secret:
    """Initial key of a terminal: 16 bytes from a base derivation key of 16 bytes. The counter is left out."""
    device = with_counter(ksn, 0)[:8]
    variant = xor(base_key, _VARIANT_OF_KEY)
    try:
        return Secret(TDES.ecb_derive(base_key, device) + TDES.ecb_derive(variant, device))
    finally:
        wipe(variant)


def tdes_transaction_key(initial_key: Key, ksn: Data) -> Secret:
    """Key of the transaction that ``ksn`` names. Raises KeysError for a counter that no terminal uses."""
    whole = normal_ksn(ksn)
    return _walk(TDES_MACHINE, initial_key, whole, int.from_bytes(whole, "big") & TDES_MACHINE.counter_max)


def aes_initial_key(base_key: Key, key_id: Data) -> Secret:
    """Initial key of a terminal, as long as the base derivation key, from its identifier of 8 bytes."""
    if len(key_id) != dukpt_aes.KEY_ID_BYTES:
        raise KeysError("An AES initial key identifier has 8 bytes.")
    key_type = _AES_TYPES[len(base_key)]
    return Secret(dukpt_aes.derive(base_key, dukpt_aes.Purpose.INITIAL_KEY, key_type, bytes(key_id)))


def aes_transaction_key(initial_key: Key, ksn: Data) -> Secret:
    """Key of the transaction that ``ksn`` of 12 bytes names. Raises KeysError for a counter that no terminal uses."""
    if len(ksn) != dukpt_aes.KSN_BYTES:
        raise KeysError("An AES key serial number has 12 bytes.")
    counter = int.from_bytes(bytes(ksn[dukpt_aes.KEY_ID_BYTES :]), "big")
    return _walk(dukpt_aes.MACHINE, initial_key, bytes(ksn), counter)


def _walk(machine: Machine, initial_key: Key, ksn: bytes, counter: int) -> Secret:
    if not 0 < counter.bit_count() <= machine.ones_max:
        raise KeysError("No terminal uses the counter of this key serial number.", "Ask which terminal sent it.")
    key, reached = bytearray(initial_key), 0
    for bit in reversed(range(machine.bits)):
        if counter >> bit & 1:
            reached |= 1 << bit
            following = machine.derive(key, ksn, reached)
            wipe(key)
            key = following
    return Secret(key)
