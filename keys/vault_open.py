"""Opening a vault, making a new one, and the lab's short cut."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from keys.backends.disk import Disk, PosixDisk
from keys.backends.lock import WriteLock
from keys.backends.protectors import Protector
from keys.backends.sealed_file import SealedFile, beside
from keys.errors import KeysError
from keys.records import Kcv, KeyRecord, KeyState
from keys.secret import Secret
from keys.vault import Vault
from keys.vault_intake import LAB, Incoming
from keys.vault_versions import OWN_SLOT

__all__ = ["create_vault", "open_vault", "provision"]

Random = Callable[[int], bytes]
_NOW = partial(datetime.now, UTC)
_OWN_USAGE = "S9"
_OWN_BYTES = 32


def open_vault(
    path: Path,
    protector: Protector,
    environment: str,
    random: Random = os.urandom,
    *,
    disk: Disk | None = None,
    now: Callable[[], datetime] = _NOW,
    read_only: bool = False,
) -> Vault:
    """Open the vault's file. Raises VaultAbsent, VaultLocked, VaultCorrupt, PermissionsUnsafe and their kin.

    ``read_only``: to look at it while the terminal runs.
    """
    lock = None if read_only else WriteLock(beside(path, ".lock"))
    try:
        file = SealedFile.open(path, protector, environment, random, disk or PosixDisk(), repair=not read_only)
        return Vault(file, lock, now)
    except BaseException:
        if lock is not None:
            lock.release()
        raise


def create_vault(
    path: Path,
    protector: Protector,
    environment: str,
    random: Random = os.urandom,
    *,
    disk: Disk | None = None,
    now: Callable[[], datetime] = _NOW,
) -> Vault:
    """A new vault without payment keys; what was at ``path`` is removed first."""
    lock = WriteLock(beside(path, ".lock"))
    try:
        file = SealedFile.create(path, protector, environment, random, disk or PosixDisk())
        vault = Vault(file, lock, now)
        own = KeyRecord(
            OWN_SLOT, 1, KeyState.ACTIVE, _OWN_USAGE, "aes", _OWN_BYTES, Kcv("", "", "aes"), source="terminal"
        )
        with Secret(bytearray(random(_OWN_BYTES))) as key:
            file.commit((file.seal(own, key),), {})
    except BaseException:
        lock.release()
        raise
    return vault


def provision(
    path: Path,
    protector: Protector,
    environment: str,
    keys: Mapping[str, bytes],
    random: Random = os.urandom,
) -> None:
    """Make a vault with given master keys. For the lab only: elsewhere keys come by the ceremony."""
    if environment != LAB:
        raise KeysError("Keys are given in clear only in the lab.", "Load them by the ceremony: countertop keys load")
    vault = create_vault(path, protector, environment, random)
    try:
        vault.install([Incoming(slot, "K0", Secret(bytearray(key)), source=LAB) for slot, key in keys.items()])
    finally:
        vault.close()
