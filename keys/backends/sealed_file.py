"""The sealed file on its disk: two copies, an epoch, and a protector that opens them.

::

    keys.vault          copy A; renaming it into place is the moment a change happens
    keys.vault.b        copy B, the same content
    keys.vault.epoch    the highest epoch that was ever complete, sealed; an older copy is a rolled-back copy
    keys.vault.lock     held while a process may write

A power cut leaves the old or the new content of copy A, never a mix; the next opening brings B and the epoch after it.
Whoever can put back all files together puts back time: only a counter outside the disk sees that (``tpm2.py``).
"""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from keys.backends.container import (
    NONCE_BYTES,
    Header,
    Image,
    SealedRecord,
    decode,
    derive,
    encode,
    read_header,
    seal,
    unseal,
)
from keys.backends.disk import Disk
from keys.backends.protectors import Protector
from keys.errors import (
    EnvironmentMismatch,
    KeysError,
    VaultAbsent,
    VaultCorrupt,
    VaultErased,
    VaultLocked,
    VaultRolledBack,
)
from keys.records import KeyRecord
from keys.secret import Secret

__all__ = ["COPIES", "SealedFile", "beside"]

Random = Callable[[int], bytes]

COPIES = ("", ".b")
"""Suffixes of the copies, the leading one first."""
MASTER_KEY_BYTES = 32
_EPOCH_MAGIC = b"CTEPOCH2"
_ANCHOR_BEFORE = "anchor_before"
"""In the extras after a change of the master key: sum of the epoch's file that a power cut may have left behind."""
_ERASED = b"CTERASED: these keys were erased on purpose or by a tamper switch.\n"


def beside(path: Path, suffix: str) -> Path:
    """The file of the vault with this suffix."""
    return path.with_name(path.name + suffix)


@dataclass(frozen=True, slots=True)
class _Content:
    """What belongs together: a copy, its master key, and what opens it."""

    image: Image
    master: Secret
    protector: Protector


class SealedFile:
    """The content of a vault that is open, and the way to change it. One thread at a time changes it."""

    def __init__(self, path: Path, disk: Disk, random: Random, content: _Content) -> None:
        self.path = path
        self.disk = disk
        self.random = random
        self.guard = threading.RLock()
        """Held while a key is unsealed or the master key changes; never while a disk is waited for."""
        self._content = content
        self.notes: tuple[str, ...] = ()
        """What was found and repaired at opening, for the audit log."""

    @classmethod
    def create(cls, path: Path, protector: Protector, environment: str, random: Random, disk: Disk) -> SealedFile:
        """A new, empty vault. What was there before is removed first, so that no power cut mixes the two."""
        for suffix in (*COPIES, ".epoch", ".new"):
            disk.unlink(beside(path, suffix))
        disk.sync_folder(path.parent)
        header, master = _new_header(protector, environment, random(16).hex(), 0, random)
        vault = cls(path, disk, random, _Content(Image(header, (), {}), master, protector))
        vault.commit((), {})
        return vault

    @classmethod
    def open(
        cls, path: Path, protector: Protector, environment: str, random: Random, disk: Disk, *, repair: bool = True
    ) -> SealedFile:
        """Open the newest whole copy; with ``repair`` the other one follows it.

        Raises VaultAbsent, VaultErased, VaultLocked, VaultCorrupt, VaultRolledBack, PermissionsUnsafe,
        EnvironmentMismatch: each names the file and what is wrong with it.
        """
        anchor = disk.read(beside(path, ".epoch"))
        if anchor is not None and anchor.startswith(_ERASED[:8]):
            if repair:
                _remove_copies(path, disk)
            raise VaultErased(f"The keys of {path.name} were erased.")
        copies = {suffix: content for suffix in COPIES if (content := disk.read(beside(path, suffix))) is not None}
        if not copies:
            raise VaultAbsent(f"There is no key vault {path.name}.")
        images, faults = _read_copies(path, copies, protector)
        if not images:
            raise next(iter(faults.values()))
        best = max(images, key=lambda suffix: images[suffix][0].header.epoch)
        image, master = images[best]
        header = image.header
        if header.environment != environment:
            raise EnvironmentMismatch(f"{path.name} belongs to the {header.environment}, not to the {environment}.")
        _check_epoch(beside(path, ".epoch").name, anchor, image, master)
        protector.check_epoch(header.protector, header.epoch)
        vault = cls(path, disk, random, _Content(image, master, protector))
        behind = [suffix for suffix in COPIES if suffix not in images or copies[suffix] != copies[best]]
        vault.notes = tuple(
            str(faults[suffix]) if suffix in faults else f"{beside(path, suffix).name} was behind or missing."
            for suffix in behind
        )
        if repair and (behind or anchor != _epoch_file(header, master)):
            vault._write(vault._content)
        return vault

    def commit(
        self, records: tuple[SealedRecord, ...], extras: Mapping[str, Any], *, rotate: Protector | None = None
    ) -> None:
        """Make this the content. On return it is durable; after a power cut it is the old or the new.

        Until then this object answers from the old content. With ``rotate`` everything is sealed again under a
        new master key that this protector opens.
        """
        before = self._content
        header = replace(before.image.header, epoch=before.image.header.epoch + 1)
        master, protector, known = before.master, before.protector, dict(extras)
        known.pop(_ANCHOR_BEFORE, None)
        if rotate is not None:
            header, master = _new_header(rotate, header.environment, header.store, header.epoch, self.random)
            records = tuple(self._seal_again(item, before.master, master) for item in records)
            protector = rotate
            known[_ANCHOR_BEFORE] = hashlib.sha256(_epoch_file(before.image.header, before.master)).hexdigest()
        after = _Content(Image(header, records, known), master, protector)
        self._write(after)
        with self.guard:
            self._content = after
            if rotate is not None:
                before.master.wipe()

    def unseal(self, item: SealedRecord) -> Secret:
        """The key of a record. Raises VaultCorrupt."""
        with self.guard:
            return unseal(self._content.master, self.image.header.store, item)

    def seal(self, record: KeyRecord, key: Secret) -> SealedRecord:
        """Seal a key for the next commit."""
        return seal(self._content.master, self.image.header.store, record, key, self.random)

    @property
    def image(self) -> Image:
        """The content as of the last commit."""
        return self._content.image

    @property
    def protector(self) -> Protector:
        """What opens it."""
        return self._content.protector

    def erase(self) -> bool:
        """Make the keys unreadable; whether the protector's own secret could be erased as well.

        The mark comes first: from then on nothing opens, and a power cut in between is finished by the next opening.
        What flash memory keeps of older copies still opens with the protector's secret: erase that where it can be.
        """
        parameters = self.image.header.protector
        with self.guard:
            self._content.master.wipe()
        try:
            self._put(".epoch", _ERASED)
        finally:  # a disk that takes no more must not keep the chip from forgetting
            gone = self.protector.erase(parameters)
        _remove_copies(self.path, self.disk)
        return gone

    def _write(self, content: _Content) -> None:
        """Copy A, durable: the change has happened. Then copy B and the epoch, which may follow later."""
        header = content.image.header
        encoded = encode(content.image, content.master, self.random)
        for suffix in COPIES:
            self._put(suffix, encoded)
        self._put(".epoch", _epoch_file(header, content.master))
        content.protector.advance_epoch(header.protector, header.epoch)

    def _put(self, suffix: str, content: bytes) -> None:
        """Replace a file in one step that is durable on return."""
        fresh = beside(self.path, ".new")
        self.disk.write_new(fresh, content)
        self.disk.sync(fresh)
        self.disk.rename(fresh, beside(self.path, suffix))
        self.disk.sync_folder(self.path.parent)

    def _seal_again(self, item: SealedRecord, before: Secret, master: Secret) -> SealedRecord:
        if not item.sealed:
            return item
        store = self.image.header.store
        with unseal(before, store, item) as key:
            return seal(master, store, item.record, key, self.random)


def _remove_copies(path: Path, disk: Disk) -> None:
    """Overwrite, then remove: where the disk writes in place, nothing is left."""
    for suffix in (*COPIES, ".new"):
        target = beside(path, suffix)
        content = disk.read(target)
        if content is not None:
            disk.overwrite(target, 0, bytes(len(content)))
            disk.sync(target)
            disk.unlink(target)
    disk.sync_folder(path.parent)


def _epoch_file(header: Header, master: Secret) -> bytes:
    body = _EPOCH_MAGIC + json.dumps({"store": header.store, "epoch": header.epoch}).encode("ascii")
    return body + hmac.digest(derive(master, "epoch"), body, "sha256")


def _new_header(
    protector: Protector, environment: str, store: str, epoch: int, random: Random
) -> tuple[Header, Secret]:
    master = Secret(bytearray(random(MASTER_KEY_BYTES)))
    parameters, wrapping = protector.enrol(random)
    nonce = random(NONCE_BYTES)
    with wrapping, wrapping.open() as opener, master.open() as clear:
        wrapped = nonce + AESGCM(opener).encrypt(nonce, clear, store.encode("ascii"))
    return Header(store, environment, epoch, parameters, wrapped.hex()), master


def _unwrap(header: Header, protector: Protector, name: str) -> Secret:
    kind = header.protector.get("type")
    if kind != protector.kind:
        raise VaultLocked(f"{name} is opened by the protector {kind}, not by {protector.kind}.")
    clear = bytearray(MASTER_KEY_BYTES)
    with protector.open(header.protector) as wrapping, wrapping.open() as opener:
        try:
            wrapped = bytes.fromhex(header.wrapped)
            AESGCM(opener).decrypt_into(
                wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], header.store.encode("ascii"), clear
            )
        except (InvalidTag, ValueError):
            raise VaultLocked(f"The {kind} does not open {name}.") from None
    return Secret(clear)


def _read_copies(
    path: Path, copies: Mapping[str, bytes], protector: Protector
) -> tuple[dict[str, tuple[Image, Secret]], dict[str, KeysError]]:
    """The whole copies with their master keys, and what is wrong with the others."""
    images: dict[str, tuple[Image, Secret]] = {}
    faults: dict[str, KeysError] = {}
    opened: dict[str, Secret] = {}
    for suffix, content in copies.items():
        name = beside(path, suffix).name
        try:
            header = read_header(content, name)
            if header.wrapped not in opened:
                opened[header.wrapped] = _unwrap(header, protector, name)
            images[suffix] = (decode(content, name, opened[header.wrapped]), opened[header.wrapped])
        except VaultCorrupt as fault:
            faults[suffix] = fault
    return images, faults


def _check_epoch(name: str, anchor: bytes | None, image: Image, master: Secret) -> None:
    """One epoch ahead of the anchor is a power cut between the two; behind it is an older copy."""
    header = image.header
    if anchor is None:
        if header.epoch > 1:
            raise VaultRolledBack(f"{name} is missing: whether the key vault is the newest cannot be known.")
        return
    body, tag = anchor[:-32], anchor[-32:]
    try:
        if not body.startswith(_EPOCH_MAGIC):
            raise ValueError
        data = json.loads(body[len(_EPOCH_MAGIC) :])
        store, epoch = data["store"], data["epoch"]
    except (KeyError, TypeError, ValueError):
        raise VaultCorrupt(f"{name} is damaged.") from None
    if store == header.store and type(epoch) is int and epoch > header.epoch:
        raise VaultRolledBack(f"The key vault is of epoch {header.epoch}, older than {epoch} in {name}.")
    if not hmac.compare_digest(hmac.digest(derive(master, "epoch"), body, "sha256"), tag):
        # Sealed under the master key before a rotation whose last step was cut off: known by its sum.
        if hashlib.sha256(anchor).hexdigest() == image.extras.get(_ANCHOR_BEFORE):
            return
        raise VaultRolledBack(f"{name} belongs to another key vault or was changed.")
    if store != header.store or epoch < header.epoch - 1:
        raise VaultRolledBack(f"{name} is of epoch {epoch}, older than the key vault.")
