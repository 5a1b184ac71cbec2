"""The vault: operations on key ids, never key bytes out.

Policy is here (who may do what, versions and states, all or nothing); how keys rest on the disk is in
``backends/sealed_file.py``. A key is unsealed for one operation and wiped after it.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from keys import vault_operations as operations
from keys.backends.container import SealedRecord
from keys.backends.holder import held_elsewhere
from keys.backends.lock import WriteLock
from keys.backends.protectors import CredentialProtector
from keys.backends.sealed_file import SealedFile
from keys.ciphers import cipher
from keys.dukpt_transaction import DukptTransaction
from keys.errors import KeyAbsent, KeysError, SelfTestFailed, UsageRefused, VaultCorrupt
from keys.key_block import TERMINAL_POLICY, Policy
from keys.key_in_use import ClearKey, KeyInUse
from keys.master_session import SignOnForm
from keys.pin_block import Pan
from keys.records import Kcv, KeyId, KeyRecord, KeyState
from keys.secret import Secret
from keys.vault_arrivals import Received, from_cryptograms, from_key_block, from_sign_on
from keys.vault_contents import Contents
from keys.vault_intake import Cryptogram, Incoming, check_key, kcv_of, record_for
from keys.vault_rules import Operation, check_operation
from keys.vault_versions import OWN_SLOT, stamp, tidied

__all__ = ["OWN_SLOT", "CredentialProtector", "Vault", "Witness"]


class Witness(Protocol):
    """Hears what happens to keys. ``wait`` is false where a disk must not be waited for."""

    def __call__(self, event: str, *, wait: bool, **fields: Any) -> None:
        """An event by its name, with ids, usages and check values."""


def _unwitnessed(event: str, *, wait: bool, **fields: Any) -> None:
    """Nobody listens."""


_NONCE_BYTES = 12


class Vault:
    """Keys of one terminal by slot name, such as ``tmk``, ``pin``, ``mac``.

    Methods that change it (``next_dukpt`` is one of them) write the disk before they return and are called in one
    thread; the others may be called in another at the same time. The same wherever the keys are: what the protector's
    token takes is used there and never comes here.
    """

    def __init__(self, file: SealedFile, lock: WriteLock | None, now: Callable[[], datetime]) -> None:
        self._file = file
        self._lock = lock
        self._now = now
        self._stopped = ""
        self._contents = Contents(file, repair=lock is not None)
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
        return (*self._file.notes, *self._contents.notes)

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
            "DUKPT": "registers in the file, the counter durable before its key is used",
            "protector": self._file.image.header.protector.get("type", ""),
            **self._file.protector.capabilities(),
            **self._contents.capabilities(),
        }

    def kept(self, name: str) -> Any:
        """What ``keep`` keeps under a name (JSON data), or None: custodians, the head of the audit log."""
        return self._file.image.extras.get(name)

    def check(self, incoming: Sequence[Incoming], *, erase_others: bool = False) -> None:
        """Raises what ``install`` would raise for these keys, and changes nothing. The keys stay with the caller."""
        for item in incoming:
            check_key(item, self.environment, () if erase_others else self._contents.others())

    # -- use

    def encrypt_pin(self, key_id: KeyId, pin: Secret, pan: Pan | None, format: int = 0) -> bytes:
        """Enciphered PIN block of format 0, 1, 3 or 4: 8 bytes, with AES and SM4 16.

        ``pan`` None with format 0: the form without card number (facts/unionpay.md §6).
        """
        with self._use(key_id, Operation.ENCRYPT_PIN) as (_, key):
            return operations.pin_block(key, pin, pan, format, self._file.random)

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
        with self._use(key_id, Operation.ENCRYPT_TRACK) as (_, key):
            return operations.encrypt_track(key, block)

    def next_dukpt(self, key_id: KeyId) -> DukptTransaction:
        """The next transaction's key, to be used and wiped; its counter is durable before this returns.

        Raises KeyExhausted, KeyAbsent, UsageRefused; KeysError when the disk takes no more: then no key was used.
        """
        record = self._checked(key_id, Operation.NEXT_DUKPT).record
        counter = self._contents.counter(record)
        self._check_writable()
        if counter.due:
            fresh = self._file.seal(record, counter.checkpoint())
            self._commit(tuple(fresh if item.record.id == record.id else item for item in self._items()))
            counter.checkpointed()
        key, ksn = counter.next()
        return DukptTransaction(
            record.algorithm,
            ksn,
            key,
            self._file.random,
            mac=record.mac_algorithm,
            both_ways=record.attributes.get("both_ways") == "yes",
        )

    def seal_data(self, label: str, data: bytes | bytearray) -> bytes:
        """Encrypt data that must rest on disk for a while; ``label`` is bound to it. Opens only in this vault."""
        nonce = self._file.random(_NONCE_BYTES)
        with self._own() as key, key.open() as clear:
            return nonce + AESGCM(clear).encrypt(nonce, data, label.encode("ascii"))

    def open_data(self, label: str, sealed: bytes) -> Secret:
        """Inverse of seal_data. Raises VaultCorrupt when it is not of this vault, this label, or was changed."""
        clear = bytearray(max(0, len(sealed) - _NONCE_BYTES - 16))
        with self._own() as key, key.open() as opener:
            try:
                nonce, text = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
                AESGCM(opener).decrypt_into(nonce, text, label.encode("ascii"), clear)
            except (InvalidTag, ValueError):
                raise VaultCorrupt("Sealed data of another vault, or changed.") from None
        return Secret(clear)

    # -- change

    def unwrap(self, parent: KeyId, cryptograms: Sequence[Cryptogram], *, source: str = "sign-on") -> tuple[Kcv, ...]:
        """Take over keys that came bare under a master key: all or none; their check values.

        The versions they replace are kept retiring, for late answers. Raises KeysError naming the slot.
        """
        with self._use(parent, Operation.UNWRAP) as (master, key):
            incoming = from_cryptograms(master, key, cryptograms, source)
        return tuple(record.kcv for record in self.install(incoming))

    def receive_cryptogram(self, parent: KeyId, cryptogram: Cryptogram, source: str = "cryptogram") -> Received:
        """A key that came bare, opened but not yet stored: look at its check value, then install it."""
        with self._use(parent, Operation.UNWRAP) as (master, key):
            (incoming,) = from_cryptograms(master, key, [cryptogram], source)
        return Received(incoming, kcv_of(incoming.key, incoming.algorithm), self.install)

    def unwrap_sign_on(
        self, master: KeyId, field: bytes, form: SignOnForm, mac_algorithm: str = ""
    ) -> tuple[tuple[str, str], ...]:
        """Take over the working keys of a sign-on, all or none; slot and check value of each."""
        with self._use(master, Operation.UNWRAP) as (record, key):
            incoming = from_sign_on(record, key, field, form, mac_algorithm)
        values = tuple((item.slot, item.check_value) for item in incoming)
        self.install(incoming)
        return values

    def unwrap_key_block(self, parent: KeyId, text: str, slot: str, **more: Any) -> KeyRecord:
        """Take over the key of a key block; ``more`` as in ``receive_key_block``."""
        return self.receive_key_block(parent, text, slot, **more).install()

    def receive_key_block(
        self,
        parent: KeyId,
        text: str,
        slot: str,
        *,
        policy: Policy = TERMINAL_POLICY,
        mac_algorithm: str = "",
        label: str = "",
        source: str = "key-block",
    ) -> Received:
        """The key of a key block, opened and checked but not yet stored: look at its check value, then install it.

        ``parent`` is a master key, or an AES DUKPT key whose next initial key this is. Raises KeyBlockRefused,
        UsageRefused, KcvMismatch.
        """
        item = self._find(parent)
        if item.record.usage == "B1":
            self._checked(parent, Operation.UPDATE_DUKPT)
            with self._contents.update_key(item.record) as key:
                return from_key_block(self.install, item.record, key, text, slot, policy, mac_algorithm, label, source)
        with self._use(parent, Operation.UNWRAP_BLOCK) as (record, used):
            return from_key_block(self.install, record, used, text, slot, policy, mac_algorithm, label, source)

    def install(
        self, incoming: Sequence[Incoming], *, erase_others: bool = False, pending: bool = False
    ) -> tuple[KeyRecord, ...]:
        """Put keys into their slots: all or none, in one write. The keys handed over are wiped.

        ``erase_others``: every other payment key goes, and the master key of the file with it (ceremony).
        ``pending``: they are kept, not used, until ``activate``.
        """
        try:
            self._check_writable()
            self.check(incoming, erase_others=erase_others)
            at = self._now()
            state = KeyState.PENDING if pending else KeyState.ACTIVE
            records = [record_for(item, self._next_version(item.slot), stamp(at), state) for item in incoming]
            slots = {record.slot for record in records}
            if len(slots) != len(records):
                raise KeysError("Two keys came for one slot.")
            kept = tidied(self._file, set() if pending else slots, at, erase_others=erase_others)
            fresh = [self._contents.put(record, item.key) for record, item in zip(records, incoming, strict=True)]
            erased = [record.id for record in self.list() if erase_others and record.state is not KeyState.DESTROYED]
            self._commit((*kept, *fresh), rotate=erase_others)
            records = [item.record for item in fresh]
            self.witness("keys-stored", wait=True, keys=[_told(record) for record in records], erased=erased)
            return tuple(records)
        finally:
            for item in incoming:
                item.key.wipe()

    def activate(self, slot: str, version: int) -> KeyRecord:
        """Use a pending key from now on; the one before it retires. Raises KeyAbsent."""
        item = self._find((slot, version))
        if item.record.state is not KeyState.PENDING:
            raise KeyAbsent(f"The key {item.record.id} is not pending.")
        kept = [other for other in tidied(self._file, {slot}, self._now()) if other.record.id != item.record.id]
        with self._file.unseal(item) as content:
            fresh = self._file.seal(replace(item.record, state=KeyState.ACTIVE), content)
        self._commit((*kept, fresh))
        self.witness("key-activated", wait=True, key=_told(fresh.record))
        return fresh.record

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
        """Make every key unreadable at once; whether the secrets outside the disk could be erased as well."""
        try:
            # The log's own key is in here: its last line comes first.
            self.witness("zeroised", wait=True, keys=[record.id for record in self.list()])
        finally:  # neither a log nor a disk that takes no more must keep the keys
            self._stopped = "The keys were erased."
            try:
                inside = self._file.erase()
            finally:
                outside = self._contents.erase()
        return inside and outside

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

    def _checked(self, key_id: KeyId, operation: Operation) -> SealedRecord:
        if self._stopped:
            raise SelfTestFailed(self._stopped)
        item = self._find(key_id)
        try:
            check_operation(item.record, operation, by_version=not isinstance(key_id, str))
        except UsageRefused:
            self.witness("use-refused", wait=False, key=item.record.id, usage=item.record.usage, wanted=str(operation))
            raise
        return item

    @contextmanager
    def _use(self, key_id: KeyId, operation: Operation) -> Iterator[tuple[KeyRecord, KeyInUse]]:
        item = self._checked(key_id, operation)
        record = item.record
        with self._file.unseal(item) as content:
            if held_elsewhere(record):
                with self._contents.holder_of(record).use(record, content) as key:
                    yield record, key
            else:
                with content.open() as clear:
                    yield record, ClearKey(cipher(record.algorithm), clear)

    def _own(self) -> Secret:
        return self._file.unseal(self._checked(OWN_SLOT, Operation.SEAL))

    def _next_version(self, slot: str) -> int:
        return max((item.record.version for item in self._items() if item.record.slot == slot), default=0) + 1

    def _check_writable(self) -> None:
        if self._lock is None:
            raise KeysError("The key vault was opened for reading only.")
        self._lock.check()

    def _commit(
        self, records: tuple[SealedRecord, ...], *, rotate: bool = False, extras: dict[str, Any] | None = None
    ) -> None:
        self._check_writable()
        protector = self._file.protector if rotate else None
        self._file.commit(records, self._file.image.extras if extras is None else extras, rotate=protector)
        self._contents.follow()


def _told(record: KeyRecord) -> dict[str, Any]:
    """What the audit log says of a key."""
    told = {"id": record.id, "usage": record.usage, "kcv": str(record.kcv), "source": record.source}
    more = {"parent": record.parent, "by": list(record.loaded_by)}
    return told | {name: value for name, value in more.items() if value}
