"""What is known of a key without the key: slot, version, state, usage, check value, where it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any

from keys.errors import KeysError

__all__ = ["SLOT_PATTERN", "Kcv", "KeyId", "KeyRecord", "KeyState"]

KeyId = str | tuple[str, int]
"""A slot, for its key in use; a slot and a version, for one that is retiring as well."""

SLOT_PATTERN = r"[a-z][a-z0-9-]{0,23}"
"""Slot names: a letter, then up to 23 letters, digits and hyphens."""


class KeyState(StrEnum):
    """The life of a version of a key (facts/keys.md §6)."""

    PENDING = "pending"
    """Stored, its check value not yet agreed; not used."""
    ACTIVE = "active"
    """The one that is used; at most one in a slot."""
    RETIRING = "retiring"
    """Replaced; kept for late answers under the old key, asked for by version only."""
    DESTROYED = "destroyed"
    """Gone; only this record is left."""


@dataclass(frozen=True, slots=True)
class Kcv:
    """A check value and the method it was computed by; the same key has another value by another method."""

    value: str
    """Upper-case hexadecimal of 3 to 5 bytes."""
    method: str
    """``legacy`` (encrypted zeros) or ``cmac``."""
    algorithm: str
    """``tdes``, ``aes`` or ``sm4``."""

    def __str__(self) -> str:
        label = self.algorithm.upper()
        return f"{self.value} ({label}-CMAC)" if self.method == "cmac" else f"{self.value} ({label})"


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """One version of a key in a slot. All of it is bound to the sealed key: changing any of it breaks the seal."""

    slot: str
    version: int
    """1 for the first key of a slot; never used twice."""
    state: KeyState
    usage: str
    """TR-31 key usage, such as ``K0``, ``P0``, ``M0``."""
    algorithm: str
    length_bytes: int
    kcv: Kcv
    mac_algorithm: str = ""
    """How this key makes MACs; fixed when it was loaded."""
    mode: str = "N"
    """TR-31 mode of use."""
    parent: str = ""
    """Slot and version of the key it arrived under."""
    source: str = ""
    """``ceremony``, ``loader``, ``key-block``, ``cryptogram``, ``tr-34``, ``sign-on`` or ``lab``."""
    loaded_by: tuple[str, ...] = ()
    """Custodians, for a key that came by a ceremony."""
    loaded_at: str = ""
    """UTC, ISO 8601."""
    ksn: str = ""
    """Initial key serial number of a DUKPT key, hexadecimal."""
    label: str = ""
    changed_in_epoch: int = 0
    """Epoch of the vault in which this record last changed."""
    attributes: Mapping[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """``slot/version``, as the audit log and the technician see it."""
        return f"{self.slot}/{self.version}"

    def as_data(self) -> dict[str, Any]:
        """For the file; the inverse of ``from_data``."""
        data = {item.name: getattr(self, item.name) for item in fields(self)}
        data["kcv"] = [self.kcv.value, self.kcv.method, self.kcv.algorithm]
        data["loaded_by"] = list(self.loaded_by)
        data["attributes"] = dict(self.attributes)
        return data

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> KeyRecord:
        """Raises KeysError for data that is not a record's."""
        try:
            values = dict(data)
            values["state"] = KeyState(values["state"])
            values["kcv"] = Kcv(*values["kcv"])
            values["loaded_by"] = tuple(values["loaded_by"])
            return cls(**values)
        except (KeyError, TypeError, ValueError):
            raise KeysError("A key record cannot be read.") from None
