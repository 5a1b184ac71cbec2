"""Where a key is while it is used: in the vault's file and this process, or in a token.

The vault keeps the same record of a key either way; of a key in a token it seals a reference in the key's place.
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import AbstractContextManager
from typing import Protocol

from keys.key_in_use import KeyInUse
from keys.records import KeyRecord
from keys.secret import Secret

__all__ = ["HELD", "KeyHolder", "held_elsewhere"]

HELD = "held"
"""Attribute of a record whose key is not in the file: the holder's name."""


def held_elsewhere(record: KeyRecord) -> bool:
    """Whether the file has only a reference to this key."""
    return HELD in record.attributes


class KeyHolder(Protocol):
    """A device that keeps keys and uses them itself."""

    @property
    def name(self) -> str:
        """As in ``HELD``."""

    def takes(self, record: KeyRecord) -> bool:
        """Whether it can do everything with such a key that the vault may be asked to."""

    def put(self, record: KeyRecord, key: Secret) -> Secret:
        """Take a key in, never to be read again; the reference by which it is found. Raises KeysError."""

    def use(self, record: KeyRecord, reference: Secret) -> AbstractContextManager[KeyInUse]:
        """The key, to be used there. Raises VaultCorrupt when it is gone, VaultLocked when the device is."""

    def retain(self, references: Collection[bytes]) -> None:
        """Destroy every key of this vault that is not among them."""

    def erase(self) -> bool:
        """Destroy every key of this vault; whether it could."""

    def capabilities(self) -> dict[str, str]:
        """What it does itself and what it leaves to this process, for a technician."""
