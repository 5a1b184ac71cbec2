"""What a record's seal holds, and what must follow the file: keys here, references into a token, DUKPT registers.

A change is made in this order, so that a power cut leaves no key without its record: first what lies outside the file
(a counter's file, a token's object), then the file's commit, then what no record names any more is destroyed. What a
power cut left over is destroyed by the next opening.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from keys.backends.container import SealedRecord
from keys.backends.disk import Disk
from keys.backends.holder import HELD, KeyHolder, held_elsewhere
from keys.backends.sealed_file import SealedFile, beside
from keys.ciphers import AES
from keys.errors import KeysError, Unsupported, VaultLocked
from keys.key_in_use import ClearKey, KeyInUse
from keys.records import KeyRecord
from keys.secret import Secret
from keys.vault_dukpt import DukptCounter, first_content
from keys.vault_rules import DUKPT_USAGES
from keys.vault_versions import OWN_SLOT

__all__ = ["Contents"]


class Contents:
    """Beside one sealed file: its DUKPT counters and its token."""

    def __init__(self, file: SealedFile, *, repair: bool) -> None:
        """Raises VaultCorrupt, VaultRolledBack or PermissionsUnsafe naming a counter's file; VaultLocked without the
        token that keeps a key."""
        self._file, self._holder = file, file.protector.holder
        self._counters: dict[str, DukptCounter] = {}
        self.notes: tuple[str, ...] = ()
        """What was found and mended at opening."""
        for item in self._sealed():
            if held_elsewhere(item.record):
                self.holder_of(item.record)
            if item.record.usage in DUKPT_USAGES:
                with file.unseal(item) as content:
                    counter = DukptCounter.open(*self._place(item.record), content, file.random)
                self._counters[item.record.id] = counter
                self.notes += (counter.note,) if counter.note else ()
        if repair and self._holder is not None:
            self._holder.retain(self._references())

    def put(self, record: KeyRecord, key: Secret) -> SealedRecord:
        """Bring a key to where it will be used, and seal what the file keeps of it. The key stays with the caller."""
        if record.usage in DUKPT_USAGES:
            with first_content(record.algorithm, record.ksn, key, self._file.random) as content:
                counter = DukptCounter.start(*self._place(record), content, self._file.random)
                self._counters[record.id] = counter
                return self._file.seal(record, content)
        if self._holder is not None and self._holder.takes(record):
            record = replace(record, attributes={**record.attributes, HELD: self._holder.name})
            with self._holder.put(record, key) as reference:
                return self._file.seal(record, reference)
        return self._file.seal(record, key)

    def counter(self, record: KeyRecord) -> DukptCounter:
        """The counter of a DUKPT key."""
        return self._counters[record.id]

    @contextmanager
    def update_key(self, record: KeyRecord) -> Iterator[KeyInUse]:
        """The key under which the next initial key arrives. Raises Unsupported for TDES."""
        held = self._counters[record.id].update_key
        if held is None:
            raise Unsupported("DUKPT with TDES has no update key.", "Have the new initial key loaded by a ceremony.")
        with held.open() as clear:
            yield ClearKey(AES, clear)

    def holder_of(self, record: KeyRecord) -> KeyHolder:
        """Who keeps this key. Raises VaultLocked when that token is not there."""
        name = record.attributes[HELD]
        if self._holder is None or self._holder.name != name:
            raise VaultLocked(f"The key {record.id} is in the token {name}, which is not open.")
        return self._holder

    def others(self) -> Iterator[tuple[KeyRecord, Secret | None]]:
        """Payment keys with their bytes where they are here, to compare a new one with; the receiver wipes."""
        for item in self._sealed():
            if item.record.slot != OWN_SLOT:
                elsewhere = held_elsewhere(item.record) or item.record.usage in DUKPT_USAGES
                yield item.record, None if elsewhere else self._file.unseal(item)

    def follow(self) -> None:
        """The file was committed: destroy what it no longer names."""
        named = {item.record.id for item in self._sealed()}
        for gone in self._counters.keys() - named:
            with suppress(KeysError):  # without its record nobody can read the file; it is only litter
                self._counters.pop(gone).remove()
        if self._holder is not None:
            self._holder.retain(self._references())

    def erase(self) -> bool:
        """Destroy everything outside the file; whether the token could."""
        for counter in self._counters.values():
            with suppress(KeysError):
                counter.remove()
        self._counters.clear()
        return self._holder is None or self._holder.erase()

    def capabilities(self) -> dict[str, str]:
        """Of the token, where there is one."""
        return {} if self._holder is None else self._holder.capabilities()

    def _sealed(self) -> list[SealedRecord]:
        return [item for item in self._file.image.records if item.sealed]

    def _references(self) -> set[bytes]:
        found = set()
        for item in self._sealed():
            if held_elsewhere(item.record):
                with self._file.unseal(item) as content, content.open() as clear:
                    found.add(bytes(clear))
        return found

    def _place(self, record: KeyRecord) -> tuple[Path, Disk, bytes]:
        path = beside(self._file.path, f".dukpt.{record.slot}.{record.version}")
        bound = f"{self._file.image.header.store}\x00dukpt\x00{record.id}".encode("ascii")
        return path, self._file.disk, bound
