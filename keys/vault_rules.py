"""Who may do what: the usage and mode a key was loaded with, against what is asked of it (X9.143, tables)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from keys.errors import KeyAbsent, UsageRefused
from keys.records import KeyRecord, KeyState

__all__ = [
    "DUKPT_USAGES",
    "MASTER_USAGES",
    "Operation",
    "check_operation",
    "check_slot_usage",
    "is_kept_for_late_answers",
    "is_master",
]


class Operation(StrEnum):
    """What can be asked of a key."""

    ENCRYPT_PIN = "encrypt a PIN"
    MAC = "make a MAC"
    VERIFY_MAC = "check a MAC"
    ENCRYPT_TRACK = "encrypt track data"
    UNWRAP = "unwrap bare cryptograms"
    UNWRAP_BLOCK = "unwrap key blocks"
    NEXT_DUKPT = "give transaction keys"
    UPDATE_DUKPT = "bring a new initial key"
    SEAL = "seal the terminal's own data"


@dataclass(frozen=True, slots=True)
class _Rule:
    usages: frozenset[str]
    modes: frozenset[str]


MASTER_USAGES = frozenset({"K0", "K1"})
"""Keys under which other keys travel: K0 bare cryptograms and TR-31, K1 TR-31 key blocks only."""
DUKPT_USAGES = frozenset({"B1"})
MAC_USAGES = frozenset({"M0", "M1", "M3", "M5", "M6"})
_RULES = {
    Operation.ENCRYPT_PIN: _Rule(frozenset({"P0"}), frozenset("EBN")),
    Operation.MAC: _Rule(MAC_USAGES, frozenset("GCN")),
    Operation.VERIFY_MAC: _Rule(MAC_USAGES, frozenset("VCN")),
    Operation.ENCRYPT_TRACK: _Rule(frozenset({"D0", "D3"}), frozenset("EBN")),
    Operation.UNWRAP: _Rule(frozenset({"K0"}), frozenset("DBN")),
    Operation.UNWRAP_BLOCK: _Rule(MASTER_USAGES, frozenset("DBN")),
    Operation.NEXT_DUKPT: _Rule(DUKPT_USAGES, frozenset("XN")),
    Operation.UPDATE_DUKPT: _Rule(DUKPT_USAGES, frozenset("XN")),
    Operation.SEAL: _Rule(frozenset({"S9"}), frozenset("N")),
}
_LOADABLE = frozenset[str]().union(
    *(rule.usages for operation, rule in _RULES.items() if operation is not Operation.SEAL)
)


def is_master(record: KeyRecord) -> bool:
    """Whether other keys travel under this one."""
    return record.usage in MASTER_USAGES


def is_kept_for_late_answers(record: KeyRecord) -> bool:
    """Whether a replaced key stays for a while: keys of messages do, master keys and DUKPT keys do not."""
    return not is_master(record) and record.usage not in DUKPT_USAGES


def check_operation(record: KeyRecord, operation: Operation, *, by_version: bool) -> None:
    """Raises KeyAbsent for a key that is not in use, UsageRefused for another purpose than it was loaded for."""
    usable = (KeyState.ACTIVE, KeyState.RETIRING) if by_version else (KeyState.ACTIVE,)
    if record.state not in usable:
        raise KeyAbsent(f"The key {record.id} is {record.state}.")
    rule = _RULES[operation]
    if record.usage not in rule.usages or record.mode not in rule.modes:
        raise UsageRefused(f"The key {record.id} (usage {record.usage}, mode {record.mode}) may not {operation}.")


def check_slot_usage(usage: str) -> None:
    """Raises UsageRefused for a key that has no business in a terminal; a base derivation key (B0) above all."""
    if usage not in _LOADABLE:
        raise UsageRefused(
            f"Keys of usage {usage} are not loaded into a terminal.",
            f"A terminal takes: {', '.join(sorted(_LOADABLE))}.",
        )
