"""The register machine of a DUKPT terminal: future keys by the bit of the counter that they stand for.

TDES (21 registers, at most 10 one bits) and AES (32, at most 16) differ in how a key follows from another and in
nothing else (facts/keys.md §3). A state is a value: ``step`` makes the next one and changes nothing.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass

from keys.ciphers import Data, Key
from keys.errors import KeyExhausted, KeysError
from keys.secret import Secret

__all__ = ["DukptState", "Machine", "fill", "pack", "step", "unpack"]

Derive = Callable[[Key, bytes, int], bytearray]
"""(key, initial serial number, counter) -> the key at this counter."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What the two kinds differ in."""

    name: str
    """``tdes`` or ``aes``."""
    bits: int
    """Of the counter."""
    ones_max: int
    """Counters with more one bits are skipped, so that no key is further than this from the initial key."""
    ksn_bytes: int
    key_lengths: tuple[int, ...]
    derive: Derive

    @property
    def counter_max(self) -> int:
        """The highest counter there is."""
        return (1 << self.bits) - 1


@dataclass(frozen=True, slots=True)
class DukptState:
    """All that a terminal keeps of a DUKPT key. The initial key itself is gone."""

    scheme: str
    """``tdes`` or ``aes``."""
    ksn: bytes
    """Key serial number with counter zero. No secret."""
    counter: int
    """Of the next transaction, whose key has not been given out."""
    registers: tuple[Secret | None, ...]
    """By bit of the counter, lowest first."""
    update_key: Secret | None = None
    """AES: under it the next initial key arrives (X9.24-3:2017, update key)."""

    @property
    def exhausted(self) -> bool:
        """Whether all keys have been given out."""
        return self.counter >> len(self.registers) != 0

    def wipe(self) -> None:
        """Overwrite every key of this state."""
        for held in (*self.registers, self.update_key):
            if held is not None:
                held.wipe()


def fill(machine: Machine, initial_key: Key, ksn: bytes) -> tuple[Secret | None, ...]:
    """The first future keys, one for each bit."""
    return tuple(Secret(machine.derive(initial_key, ksn, 1 << bit)) for bit in range(machine.bits))


def step(machine: Machine, state: DukptState) -> tuple[DukptState, Secret, int]:
    """The next state, the key of this transaction and its counter. The states share no bytes.

    Raises KeyExhausted when no key is left, KeysError for a state of another kind or with a key missing.
    """
    if state.scheme != machine.name or len(state.registers) != machine.bits:
        raise KeysError("The DUKPT state is of another kind.", "Have a new initial key loaded.")
    if state.exhausted:
        raise KeyExhausted("The DUKPT key has given all its transaction keys.")
    counter = state.counter
    lowest = counter & -counter
    used = lowest.bit_length() - 1
    current = state.registers[used]
    if current is None:
        raise KeysError("A future key is missing in the DUKPT state.", "Have a new initial key loaded.")
    derives = counter.bit_count() < machine.ones_max
    following = counter + (1 if derives else lowest)
    registers: list[Secret | None] = []
    with current.open() as clear:
        key = Secret(bytearray(clear))
        for bit, held in enumerate(state.registers):
            if bit == used or (held is None and not (derives and bit < used)) or following > machine.counter_max:
                registers.append(None)
            elif derives and bit < used:
                registers.append(Secret(machine.derive(clear, state.ksn, counter | 1 << bit)))
            else:
                registers.append(_copy(held))
    following_state = DukptState(state.scheme, state.ksn, following, tuple(registers), _copy(state.update_key))
    return following_state, key, counter


_TAGS = {"tdes": 1, "aes": 2}
_SCHEMES = {tag: name for name, tag in _TAGS.items()}
_WORD = 8
_BAD_STATE = "The DUKPT state cannot be read."


def pack(state: DukptState) -> Secret:
    """The state as bytes, to be sealed: tag, form, serial number, counter, which registers are filled, keys.

    Lengths are in front of what they measure; whether the bytes are genuine is for the seal to say.
    """
    data = bytearray((_TAGS[state.scheme], 1, len(state.ksn), len(state.registers)))
    data += state.ksn + state.counter.to_bytes(_WORD, "big")
    present = sum(1 << bit for bit, held in enumerate(state.registers) if held is not None)
    data += present.to_bytes(_WORD, "big")
    for held in (*state.registers, state.update_key):
        if held is not None:
            with held.open() as clear:
                data.append(len(clear))
                data += clear
    if state.update_key is None:
        data.append(0)
    return Secret(data)


def unpack(packed: Secret) -> DukptState:
    """Inverse of ``pack``. Raises KeysError for bytes that are not a state's."""
    with packed.open() as data:
        try:
            tag, form, ksn_bytes, count = data[:4]
            ksn, at = bytes(data[4 : 4 + ksn_bytes]), 4 + ksn_bytes
            counter = int.from_bytes(data[at : at + _WORD], "big")
            present = int.from_bytes(data[at + _WORD : at + 2 * _WORD], "big")
            at += 2 * _WORD
            registers: list[Secret | None] = []
            for bit in range(count):
                held, at = _taken(data, at) if present >> bit & 1 else (None, at)
                registers.append(held)
            update_key, at = _taken(data, at) if data[at] else (None, at + 1)
            state = DukptState(_SCHEMES[tag], ksn, counter, tuple(registers), update_key)
        except (ValueError, IndexError, KeyError):
            raise KeysError(_BAD_STATE, "Have a new initial key loaded.") from None
        with pack(state) as again, again.open() as same:
            if at != len(data) or form != 1 or not hmac.compare_digest(same, data):
                raise KeysError(_BAD_STATE, "Have a new initial key loaded.")
    return state


def _taken(data: Data, at: int) -> tuple[Secret, int]:
    end = at + 1 + data[at]
    if end > len(data) or not data[at]:
        raise ValueError("cut off")
    return Secret(bytearray(data[at + 1 : end])), end


def _copy(held: Secret | None) -> Secret | None:
    if held is None:
        return None
    with held.open() as clear:
        return Secret(bytearray(clear))
