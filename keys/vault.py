"""The vault: operations on key ids, never key bytes out.

Policy is here (who may do what, versions and states, all or nothing); how keys rest on the disk is in
``backends/sealed_file.py``. A key is unsealed for one operation and wiped after it.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from keys import vault_operations as operations
from keys.backends.container import SealedRecord
from keys.backends.lock import WriteLock
from keys.backends.protectors import CredentialProtector
from keys.backends.sealed_file import SealedFile
from keys.errors import KeyAbsent, KeysError, SelfTestFailed, UsageRefused, VaultCorrupt
from keys.master_session import SignOnForm, unwrap_sign_on
from keys.records import Kcv, KeyId, KeyRecord, KeyState
from keys.secret import Secret
from keys.vault_intake import Cryptogram, Incoming, check_key, check_stronger, record_for, retired
from keys.vault_rules import Operation, check_operation, is_master

__all__ = ["OWN_SLOT", "CredentialProtector", "Vault", "Witness"]

Random = Callable[[int], bytes]


class Witness(Protocol):
    """Hears what happens to keys. ``wait`` is false where a disk must not be waited for."""

    def __call__(self, event: str, *, wait: bool, **fields: Any) -> None:
        """An event by its name, with ids, usages and check values."""


def _unwitnessed(event: str, *, wait: bool, **fields: Any) -> None:
    """Nobody listens."""


_NONCE_BYTES = 12
OWN_SLOT = "own-data"
"""The terminal's own key, made with the vault, for what must rest sealed elsewhere; not a payment key."""
_RETIRING_HOURS = 24
_SIGN_ON_USAGE = {"pin": "P0", "mac": "M0", "track": "D0"}


class Vault:
    """Keys of one terminal by slot name, such as ``tmk``, ``pin``, ``mac``.

    Methods that change it write the disk before they return and are called in one thread; the others may be
    called in another at the same time.
    """

    def __init__(self, file: SealedFile, lock: WriteLock | None, now: Callable[[], datetime]) -> None:
        self._file = file
        self._lock = lock
        self._now = now
        self._stopped = ""
        self.witness: Witness = _unwitnessed
        """Told of every change and every refusal; the audit log when there is one."""

    # -- what is there

    @property
    def environment(self) -> str:
        """``lab`` or ``production``; fixed when the vault was made."""
        return self._file.image.header.environment

    @property
    def store(self) -> str:
        """Identity of this vault, hexadecimal; not secret."""
        return self._file.image.header.store

    @property
    def epoch(self) -> int:
        """How often it was written."""
        return self._file.image.header.epoch

    @property
    def notes(self) -> tuple[str, ...]:
        """What was found and repaired at opening."""
        return self._file.notes

    def has(self, slot: str) -> bool:
        """Whether the slot holds a key in use."""
        return any(item.record.slot == slot and item.record.state is KeyState.ACTIVE for item in self._items())

    def list(self) -> tuple[KeyRecord, ...]:
        """What is known of every key, without any key."""
        records = (item.record for item in self._items() if item.record.slot != OWN_SLOT)
        return tuple(sorted(records, key=lambda record: (record.slot, record.version)))

    def kcv(self, key_id: KeyId) -> Kcv:
        """Check value as taken when the key was loaded. Raises KeyAbsent."""
        return self._find(key_id).record.kcv

    def capabilities(self) -> dict[str, str]:
        """What this backend and its protector can do, and what not."""
        return {
            "keys at rest": "AES-256-GCM, each bound to its usage, slot, version and state",
            "keys in use": "in this process's memory for one operation; not a secure device (PCI PTS)",
            "protector": self._file.image.header.protector.get("type", ""),
            **self._file.protector.capabilities(),
        }

    def kept(self, name: str) -> Any:
        """What ``keep`` keeps under a name (JSON data), or None: custodians, the head of the audit log."""
        return self._file.image.extras.get(name)

    def check(self, incoming: Sequence[Incoming], *, erase_others: bool = False) -> None:
        """Raises what ``install`` would raise for these keys, and changes nothing. The keys stay with the caller."""
        for item in incoming:
            check_key(item, self.environment, () if erase_others else self._others())

    # -- use

    def encrypt_pin(self, key_id: KeyId, pin: Secret, pan: str | None, format: int) -> bytes:
        """Enciphered PIN block: 8 bytes. ``pan`` None: the form without card number (facts/unionpay.md §6)."""
        with self._use(key_id, Operation.ENCRYPT_PIN) as (record, key):
            return operations.pin_block(key, record.algorithm, pin, pan, format)

    def mac(self, key_id: KeyId, data: bytes) -> bytes:
        """MAC over ``data`` by the algorithm the key was loaded for; 8 bytes as element 64 carries them."""
        with self._use(key_id, Operation.MAC) as (record, key):
            return operations.mac(key, record.mac_algorithm, data)

    def verify_mac(self, key_id: KeyId, data: bytes, mac: bytes) -> bool:
        """Whether ``mac`` is the MAC of ``data``, compared in constant time."""
        with self._use(key_id, Operation.VERIFY_MAC) as (record, key):
            return hmac.compare_digest(operations.mac(key, record.mac_algorithm, data), mac)

    def encrypt_track(self, key_id: KeyId, block: bytes) -> bytes:
        """One 8-byte block of track data."""
        with self._use(key_id, Operation.ENCRYPT_TRACK) as (record, key):
            return operations.encrypt_track(key, record.algorithm, block)

    def seal_data(self, label: str, data: bytes | bytearray) -> bytes:
        """Encrypt data that must rest on disk for a while; ``label`` is bound to it. Opens only in this vault."""
        nonce = self._file.random(_NONCE_BYTES)
        with self._use(OWN_SLOT, Operation.SEAL) as (_, key), key.open() as clear:
            return nonce + AESGCM(clear).encrypt(nonce, data, label.encode("ascii"))

    def open_data(self, label: str, sealed: bytes) -> Secret:
        """Inverse of seal_data. Raises VaultCorrupt when it is not of this vault, this label, or was changed."""
        clear = bytearray(max(0, len(sealed) - _NONCE_BYTES - 16))
        with self._use(OWN_SLOT, Operation.SEAL) as (_, key), key.open() as opener:
            try:
                nonce, text = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
                AESGCM(opener).decrypt_into(nonce, text, label.encode("ascii"), clear)
            except (InvalidTag, ValueError):
                raise VaultCorrupt("Sealed data of another vault, or changed.") from None
        return Secret(clear)

    # -- change

    def unwrap(self, parent: KeyId, cryptograms: Sequence[Cryptogram], *, source: str = "sign-on") -> tuple[Kcv, ...]:
        """Take over keys that came under a master key: all or none; their check values.

        The versions they replace are kept retiring, for late answers. Raises KeysError naming the slot.
        """
        incoming: list[Incoming] = []
        try:
            with self._use(parent, Operation.UNWRAP) as (master, key):
                for item in cryptograms:
                    clear = operations.decrypt_cryptogram(key, master.algorithm, item.data, chained=item.chained)
                    incoming.append(
                        Incoming(
                            item.slot,
                            item.usage,
                            clear,
                            item.algorithm,
                            item.mode,
                            item.mac_algorithm,
                            parent=master.id,
                            source=source,
                            check_value=item.check_value,
                            kcv_method="legacy",
                        )
                    )
                    check_stronger(master, incoming[-1])
            return tuple(record.kcv for record in self.install(incoming))
        finally:
            for each in incoming:
                each.key.wipe()

    def unwrap_sign_on(
        self, master: KeyId, field: bytes, form: SignOnForm, mac_algorithm: str = "unionpay-ecb"
    ) -> tuple[tuple[str, str], ...]:
        """Take over the working keys of a sign-on, all or none; slot and check value of each."""
        with self._use(master, Operation.UNWRAP) as (record, key), key.open() as clear:
            working = unwrap_sign_on(clear, field, form)
        incoming = [
            Incoming(
                item.slot,
                _SIGN_ON_USAGE[item.slot],
                item.key,
                mac_algorithm=mac_algorithm if item.slot == "mac" else "",
                parent=record.id,
                source="sign-on",
                check_value=item.check_value,
            )
            for item in working
        ]
        self.install(incoming)
        return tuple((item.slot, item.check_value) for item in working)

    def install(self, incoming: Sequence[Incoming], *, erase_others: bool = False) -> tuple[KeyRecord, ...]:
        """Put keys into their slots: all or none, in one write. The keys handed over are wiped.

        ``erase_others``: every other payment key goes, and the master key of the file with it (ceremony).
        """
        try:
            self.check(incoming, erase_others=erase_others)
            at = self._now()
            records = [record_for(item, self._next_version(item.slot), _stamp(at)) for item in incoming]
            slots = {record.slot for record in records}
            if len(slots) != len(records):
                raise KeysError("Two keys came for one slot.")
            kept = _tidied(self._file, slots, at, erase_others=erase_others)
            fresh = [self._file.seal(record, item.key) for record, item in zip(records, incoming, strict=True)]
            erased = [record.id for record in self.list() if erase_others and record.state is not KeyState.DESTROYED]
            self._commit((*kept, *fresh), rotate=erase_others)
            self.witness("keys-stored", wait=True, keys=[_told(record) for record in records], erased=erased)
            return tuple(records)
        finally:
            for item in incoming:
                item.key.wipe()

    def destroy(self, key_id: KeyId) -> KeyRecord:
        """Destroy one version of a key; the record stays. What is left is sealed under a new master key."""
        item = self._find(key_id)
        if item.record.slot == OWN_SLOT or item.record.state is KeyState.DESTROYED:
            raise KeyAbsent(f"There is no key {item.record.id} to destroy.")
        gone = replace(item.record, state=KeyState.DESTROYED)
        others = [other for other in self._items() if other is not item]
        self._commit((*others, SealedRecord(gone, b"")), rotate=True)
        self.witness("key-destroyed", wait=True, key=_told(gone))
        return gone

    def keep(self, **values: Any) -> None:
        """Keep data that is no key, sealed and durable together with the keys; None forgets it."""
        extras = {**self._file.image.extras, **values}
        self._commit(self._items(), extras={name: value for name, value in extras.items() if value is not None})

    def zeroise(self) -> bool:
        """Make every key unreadable at once; whether the protector's secret could be erased as well."""
        self.witness("zeroised", wait=True, keys=[record.id for record in self.list()])
        self._stopped = "The keys were erased."
        return self._file.erase()

    def stop(self, reason: str) -> None:
        """Refuse the use of keys from now on: a self-test failed."""
        self._stopped = reason

    def close(self) -> None:
        """Let another process open it."""
        if self._lock is not None:
            self._lock.release()

    # -- inside

    def _items(self) -> tuple[SealedRecord, ...]:
        return self._file.image.records

    def _find(self, key_id: KeyId) -> SealedRecord:
        slot, version = (key_id, None) if isinstance(key_id, str) else key_id
        for item in self._items():
            record = item.record
            wanted = record.state is KeyState.ACTIVE if version is None else record.version == version
            if record.slot == slot and wanted:
                return item
        name = slot if version is None else f"{slot}/{version}"
        raise KeyAbsent(f"No key is loaded in slot {name}.")

    @contextmanager
    def _use(self, key_id: KeyId, operation: Operation) -> Iterator[tuple[KeyRecord, Secret]]:
        if self._stopped:
            raise SelfTestFailed(self._stopped)
        item = self._find(key_id)
        try:
            check_operation(item.record, operation, by_version=not isinstance(key_id, str))
        except UsageRefused:
            self.witness("use-refused", wait=False, key=item.record.id, usage=item.record.usage, wanted=str(operation))
            raise
        with self._file.unseal(item) as key:
            yield item.record, key

    def _others(self) -> Iterator[tuple[KeyRecord, Secret]]:
        for item in self._items():
            if item.sealed and item.record.slot != OWN_SLOT:
                yield item.record, self._file.unseal(item)

    def _next_version(self, slot: str) -> int:
        return max((item.record.version for item in self._items() if item.record.slot == slot), default=0) + 1

    def _commit(
        self, records: tuple[SealedRecord, ...], *, rotate: bool = False, extras: dict[str, Any] | None = None
    ) -> None:
        if self._lock is None:
            raise KeysError("The key vault was opened for reading only.")
        self._lock.check()
        protector = self._file.protector if rotate else None
        self._file.commit(records, self._file.image.extras if extras is None else extras, rotate=protector)


def _told(record: KeyRecord) -> dict[str, Any]:
    """What the audit log says of a key."""
    told = {"id": record.id, "usage": record.usage, "kcv": str(record.kcv), "source": record.source}
    more = {"parent": record.parent, "by": list(record.loaded_by)}
    return told | {name: value for name, value in more.items() if value}


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")


def _expired(record: KeyRecord, at: datetime) -> bool:
    since = datetime.fromisoformat(record.attributes["retired_at"])
    return not since <= at < since + timedelta(hours=_RETIRING_HOURS)


def _tidied(file: SealedFile, replaced: set[str], at: datetime, *, erase_others: bool) -> list[SealedRecord]:
    """What stays: the replaced version retiring; older ones, and those retiring too long, go."""
    kept = []
    for item in file.image.records:
        record = item.record
        if record.slot == OWN_SLOT:
            kept.append(item)
        elif erase_others:
            kept.append(SealedRecord(replace(record, state=KeyState.DESTROYED), b""))
        elif record.slot in replaced and record.state is KeyState.ACTIVE and not is_master(record):
            with file.unseal(item) as key:
                old = retired(record, _stamp(at))
                kept.append(file.seal(old, key))
        elif record.state is KeyState.RETIRING:
            if record.slot not in replaced and not _expired(record, at):
                kept.append(item)
        elif record.slot not in replaced or record.state is KeyState.DESTROYED:
            kept.append(item)
    return _last_destroyed_only(kept)


def _last_destroyed_only(items: list[SealedRecord]) -> list[SealedRecord]:
    """Of what is gone, one record a slot stays, so that no version number is used twice and the file does not grow."""
    last = {item.record.slot: item.record.version for item in items if item.record.state is KeyState.DESTROYED}
    return [
        item
        for item in items
        if item.record.state is not KeyState.DESTROYED or last[item.record.slot] == item.record.version
    ]
