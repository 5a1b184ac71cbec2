"""The sealed file's form: bytes to records and back. Pure: knows neither disks nor protectors.

::

    magic            8   CTVAULT2
    header           JSON: store, environment, epoch, protector, wrapped
    records          for each: JSON of its description, then nonce (12) and AES-256-GCM of the key
    extras           nonce (12) and AES-256-GCM of a JSON object: custodians, head of the audit log, floors of counters
    seal            32   HMAC-SHA256 over everything before it

JSON parts and sealed keys stand behind their length (4 bytes, big-endian) and before 8 bytes of their SHA-256, by
which damage is told from a protector that does not fit, and named. The description of a record and the store's
identity are the associated data of its seal: a key moved to another record, or with another usage, does not open.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from keys.errors import KeysError, VaultCorrupt
from keys.records import KeyRecord
from keys.secret import Secret

__all__ = ["Header", "Image", "SealedRecord", "decode", "derive", "encode", "read_header", "seal", "unseal"]

MAGIC = b"CTVAULT2"
NONCE_BYTES = 12
SEAL_BYTES = 32
_SUM_BYTES = 8
_PART_BYTES_MAX = 64 * 1024
_RECORDS_MAX = 1024
_SEPARATOR = b"\x00"


@dataclass(frozen=True, slots=True)
class Header:
    """What is readable before the protector has spoken; sealed by the file's HMAC all the same."""

    store: str
    """16 random bytes in hexadecimal: this vault and no other."""
    environment: str
    epoch: int
    """Goes up by one with every write; a copy with an older one is a rolled-back copy."""
    protector: Mapping[str, Any]
    """Type and parameters of the protector (salt, sealed blob): nothing that opens anything by itself."""
    wrapped: str
    """The storage master key under the protector, hexadecimal."""


@dataclass(frozen=True, slots=True)
class SealedRecord:
    """A record and its key as AES-256-GCM (nonce, ciphertext, tag); empty for a key that is gone."""

    record: KeyRecord
    sealed: bytes


@dataclass(frozen=True, slots=True)
class Image:
    """One copy of the file."""

    header: Header
    records: tuple[SealedRecord, ...]
    extras: Mapping[str, Any]


def derive(master: Secret, purpose: str) -> bytes:
    """A 32-byte key for one purpose from the storage master key (HMAC-SHA256 as a key derivation function)."""
    with master.open() as key:
        return hmac.digest(bytes(key), b"countertop vault\x00" + purpose.encode("ascii"), "sha256")


def seal(master: Secret, store: str, record: KeyRecord, key: Secret, random: Callable[[int], bytes]) -> SealedRecord:
    """Seal a key to its record. The nonce is random: 2^32 seals under one master key are far away."""
    nonce = random(NONCE_BYTES)
    with master.open() as opener, key.open() as clear:
        return SealedRecord(record, nonce + AESGCM(opener).encrypt(nonce, clear, _bound(store, record)))


def unseal(master: Secret, store: str, item: SealedRecord) -> Secret:
    """The key itself, into a container that wipes. Raises VaultCorrupt with the record's name."""
    clear = bytearray(max(0, len(item.sealed) - NONCE_BYTES - 16))
    try:
        with master.open() as opener:
            AESGCM(opener).decrypt_into(
                item.sealed[:NONCE_BYTES], item.sealed[NONCE_BYTES:], _bound(store, item.record), clear
            )
    except (InvalidTag, ValueError):
        raise VaultCorrupt(f"The record {item.record.id} of the key vault is damaged.") from None
    return Secret(clear)


def encode(image: Image, master: Secret, random: Callable[[int], bytes]) -> bytes:
    """The file's bytes, sealed."""
    header = image.header
    parts = [
        _pack(
            _json(
                {
                    "store": header.store,
                    "environment": header.environment,
                    "epoch": header.epoch,
                    "protector": dict(header.protector),
                    "wrapped": header.wrapped,
                    "records": len(image.records),
                }
            )
        )
    ]
    for item in image.records:
        parts += [_pack(_json(item.record.as_data())), _pack(item.sealed)]
    parts.append(_pack(_seal_extras(image, master, random(NONCE_BYTES))))
    body = MAGIC + b"".join(parts)
    return body + hmac.digest(derive(master, "file"), body, "sha256")


def read_header(content: bytes, name: str) -> Header:
    """The header alone, to find the protector. Raises VaultCorrupt."""
    return _Reader(content, name).header()[0]


def decode(content: bytes, name: str, master: Secret) -> Image:
    """The whole file, its seal and that of every record checked. Raises VaultCorrupt naming the damaged part."""
    reader = _Reader(content, name)
    header, count = reader.header()
    records = []
    for index in range(count):
        try:
            record = KeyRecord.from_data(reader.json(f"record {index + 1}"))
        except KeysError:
            raise VaultCorrupt(f"Record {index + 1} of {name} cannot be read.") from None
        item = SealedRecord(record, reader.part(f"record {record.id}"))
        if item.sealed:
            unseal(master, header.store, item).wipe()
        records.append(item)
    extras = _open_extras(reader.part("list of custodians and counters"), header.store, name, master)
    reader.check_seal(master)
    return Image(header, tuple(records), extras)


def _seal_extras(image: Image, master: Secret, nonce: bytes) -> bytes:
    with master.open() as opener:
        bound = image.header.store.encode("ascii") + _SEPARATOR + b"extras"
        return nonce + AESGCM(opener).encrypt(nonce, _json(dict(image.extras)), bound)


def _open_extras(sealed: bytes, store: str, name: str, master: Secret) -> dict[str, Any]:
    try:
        with master.open() as opener:
            bound = store.encode("ascii") + _SEPARATOR + b"extras"
            data = json.loads(AESGCM(opener).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound))
    except (InvalidTag, ValueError):
        data = None
    if not isinstance(data, dict):
        raise VaultCorrupt(f"The list of custodians and counters of {name} is damaged.")
    return data


class _Reader:
    def __init__(self, content: bytes, name: str) -> None:
        if not content.startswith(MAGIC):
            raise VaultCorrupt(f"{name} is not a key vault of this version.")
        self._content, self._name = content, name
        self._at = len(MAGIC)

    def part(self, what: str) -> bytes:
        start = self._at + 4
        length = int.from_bytes(self._content[self._at : start], "big")
        end = start + length + _SUM_BYTES
        if length > _PART_BYTES_MAX or end > len(self._content) - SEAL_BYTES:
            raise VaultCorrupt(f"The {what} of {self._name} is damaged.")
        data = self._content[start : start + length]
        if _sum(data) != self._content[start + length : end]:
            raise VaultCorrupt(f"The {what} of {self._name} is damaged.")
        self._at = end
        return data

    def json(self, what: str) -> dict[str, Any]:
        try:
            data = json.loads(self.part(what))
        except ValueError:
            data = None
        if not isinstance(data, dict):
            raise VaultCorrupt(f"The {what} of {self._name} is damaged.")
        return data

    def header(self) -> tuple[Header, int]:
        data = self.json("header")
        count = data.pop("records", None)
        try:
            header = Header(**data)
        except TypeError:
            raise VaultCorrupt(f"The header of {self._name} cannot be read.") from None
        if type(count) is not int or not 0 <= count <= _RECORDS_MAX or type(header.epoch) is not int:
            raise VaultCorrupt(f"The header of {self._name} cannot be read.")
        return header, count

    def check_seal(self, master: Secret) -> None:
        body, found = self._content[: self._at], self._content[self._at :]
        if not hmac.compare_digest(hmac.digest(derive(master, "file"), body, "sha256"), found):
            raise VaultCorrupt(f"The seal of {self._name} is broken.")


def _bound(store: str, record: KeyRecord) -> bytes:
    return store.encode("ascii") + _SEPARATOR + _json(record.as_data())


def _json(data: object) -> bytes:
    return json.dumps(data, sort_keys=True, separators=(",", ":")).encode("ascii")


def _pack(data: bytes) -> bytes:
    assert len(data) <= _PART_BYTES_MAX
    return len(data).to_bytes(4, "big") + data + _sum(data)


def _sum(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()[:_SUM_BYTES]
