"""What is asked of a key before it is taken in: form, strength, that it is secret, and that it is the expected one."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from keys.dukpt_transaction import DUKPT_MACS
from keys.errors import KcvMismatch, KeysError, TestKeyRefused
from keys.kcv import kcv, kcv_matches
from keys.records import Kcv, KeyRecord, KeyState
from keys.secret import Secret
from keys.vault_dukpt import first_content
from keys.vault_operations import check_mac_algorithm
from keys.vault_rules import DUKPT_USAGES, MAC_USAGES, MASTER_USAGES, check_slot_usage
from keys.vault_test_keys import is_published

__all__ = ["LAB", "Cryptogram", "Incoming", "check_key", "check_stronger", "kcv_of", "record_for", "retired"]

LAB = "lab"
_LENGTHS = {"tdes": (8, 16, 24), "aes": (16, 24, 32), "sm4": (16,)}
_STRENGTH_BITS = {("tdes", 8): 56, ("tdes", 16): 112, ("tdes", 24): 168, ("sm4", 16): 128}
"""Order of strength for wrapping; AES counts its own bits (PCI PIN Security, annex C, in order only)."""
_KCV_METHOD = {"tdes": "legacy", "sm4": "legacy", "aes": "cmac"}
_KCV_BYTES = {"legacy": 3, "cmac": 5}
_HALF = 8


@dataclass(frozen=True, slots=True)
class Incoming:
    """A key in clear on its way into a slot, with what it is for. ``key`` is taken over and wiped."""

    slot: str
    usage: str
    key: Secret
    algorithm: str = "tdes"
    """``tdes``, ``aes`` or ``sm4``."""
    mode: str = "N"
    mac_algorithm: str = ""
    """For MAC keys: how, fixed from now on."""
    parent: str = ""
    source: str = ""
    loaded_by: tuple[str, ...] = ()
    ksn: str = ""
    label: str = ""
    check_value: str = ""
    """Expected check value, hexadecimal of 3 to 8 bytes; empty when none came."""
    kcv_method: str = ""
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Cryptogram:
    """A key enciphered under a master key, as it came: bare, without anything that binds its use."""

    slot: str
    usage: str
    data: bytes
    check_value: str
    """Hexadecimal of 3 to 8 bytes; required, because nothing else tells a right key from noise."""
    algorithm: str = "tdes"
    mode: str = "N"
    mac_algorithm: str = ""
    chained: bool = False
    """Enciphered in CBC with a zero vector instead of block by block."""
    kcv_method: str = "legacy"
    """How ``check_value`` was made: ``legacy`` or ``cmac``."""


def kcv_of(key: Secret, algorithm: str, method: str = "") -> Kcv:
    """Check value of a key; by the algorithm's usual method when none is named."""
    chosen = method or _KCV_METHOD[algorithm]
    with key.open() as clear:
        value = kcv(clear, algorithm, chosen, _KCV_BYTES[chosen])
    return Kcv(value.hex().upper(), chosen, algorithm)


def check_key(incoming: Incoming, environment: str, others: Iterable[tuple[KeyRecord, Secret | None]]) -> None:
    """Raises KeysError, UsageRefused, TestKeyRefused or KcvMismatch; each names the slot and nothing of the key."""
    slot, length = incoming.slot, len(incoming.key)
    check_slot_usage(incoming.usage)
    if length not in _LENGTHS.get(incoming.algorithm, ()):
        raise KeysError(f"A {incoming.algorithm.upper()} key for slot {slot} cannot have {length} bytes.")
    if incoming.usage in MAC_USAGES:
        if not incoming.mac_algorithm:
            raise KeysError(f"The MAC key for slot {slot} comes without a MAC algorithm.")
        check_mac_algorithm(incoming.mac_algorithm, incoming.usage, incoming.algorithm, length)
    if incoming.usage in DUKPT_USAGES:
        _check_dukpt(incoming)
    with incoming.key.open() as clear:
        if not any(clear):
            raise KeysError(f"The key for slot {slot} is all zeros.")
        if environment != LAB:
            _check_production(incoming, clear, others)
    if incoming.check_value:
        _check_value(incoming)


def check_stronger(parent: KeyRecord, incoming: Incoming) -> None:
    """A key travels under one that is at least as strong (PCI PIN Security, requirement 10)."""
    if _strength(parent.algorithm, parent.length_bytes) < _strength(incoming.algorithm, len(incoming.key)):
        raise KeysError(
            f"The key for slot {incoming.slot} is stronger than {parent.id} under which it came.",
            "Have a stronger master key loaded.",
        )


def record_for(incoming: Incoming, version: int, loaded_at: str, state: KeyState = KeyState.ACTIVE) -> KeyRecord:
    """The record under which the key will be kept."""
    return KeyRecord(
        slot=incoming.slot,
        version=version,
        state=state,
        usage=incoming.usage,
        algorithm=incoming.algorithm,
        length_bytes=len(incoming.key),
        kcv=kcv_of(incoming.key, incoming.algorithm, incoming.kcv_method),
        mac_algorithm=incoming.mac_algorithm,
        mode=incoming.mode,
        parent=incoming.parent,
        source=incoming.source,
        loaded_by=incoming.loaded_by,
        loaded_at=loaded_at,
        ksn=incoming.ksn.upper(),
        label=incoming.label,
        attributes=incoming.attributes,
    )


def _check_dukpt(incoming: Incoming) -> None:
    if incoming.mac_algorithm and incoming.mac_algorithm not in DUKPT_MACS:
        raise KeysError(f"{incoming.mac_algorithm!r} is no MAC algorithm of DUKPT: {', '.join(DUKPT_MACS)}.")
    first_content(incoming.algorithm, incoming.ksn, incoming.key, bytes).wipe()


def _check_production(incoming: Incoming, clear: bytearray, others: Iterable[tuple[KeyRecord, Secret | None]]) -> None:
    slot = incoming.slot
    if is_published(clear):
        raise TestKeyRefused(f"The key for slot {slot} is published in standards or manuals.")
    if incoming.algorithm == "tdes":
        if len(clear) == _HALF and incoming.usage in MASTER_USAGES | {"P0", "B1"}:
            raise KeysError(f"The key for slot {slot} is single DES; usage {incoming.usage} asks for 16 bytes or more.")
        if len(clear) > _HALF and _bare(clear[:_HALF]) == _bare(clear[_HALF : 2 * _HALF]):
            raise KeysError(f"The key for slot {slot} has two equal halves: it is single DES in disguise.")
    for record, other in others:
        if _is_same(incoming, clear, record, other) and record.slot != slot:
            raise KeysError(
                f"The key for slot {slot} is the one in slot {record.slot}.", "A key has one purpose: ask for another."
            )


def _is_same(incoming: Incoming, clear: bytearray, record: KeyRecord, other: Secret | None) -> bool:
    """By its bytes, or, for a key that is not here, by its check value."""
    if other is not None:
        with other, other.open() as known:
            return hmac.compare_digest(known, clear)
    alike = record.algorithm == incoming.algorithm and record.length_bytes == len(clear)
    return alike and kcv_of(incoming.key, incoming.algorithm, record.kcv.method) == record.kcv


def _check_value(incoming: Incoming) -> None:
    """Compared over the length that came; by the method that came, else the usual one."""
    method = incoming.kcv_method or _KCV_METHOD[incoming.algorithm]
    try:
        wanted = bytes.fromhex(incoming.check_value)
        with incoming.key.open() as clear:
            genuine = kcv_matches(clear, incoming.algorithm, wanted, method)
    except ValueError:
        raise KcvMismatch(f"The expected check value for slot {incoming.slot} has not 6 to 16 characters.") from None
    if not genuine:
        raise KcvMismatch(f"The check value of the key for slot {incoming.slot} does not match.")


def _strength(algorithm: str, length: int) -> int:
    return _STRENGTH_BITS.get((algorithm, length), length * 8)


def _bare(half: bytearray) -> bytes:
    return bytes(byte & 0xFE for byte in half)


def retired(record: KeyRecord, at: str) -> KeyRecord:
    """The record of a key that was replaced and is kept for late answers."""
    return replace(record, state=KeyState.RETIRING, attributes={**record.attributes, "retired_at": at})
