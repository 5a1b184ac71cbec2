"""DUKPT in the vault: a counter that is durable before its key is used, and one transaction's key.

::

    keys.vault                       record of the key: a file key, and the registers at the last checkpoint
    keys.vault.dukpt.SLOT.VERSION    two places of 4096 bytes, written in turn: the registers as they are now

A transaction costs one write and one fsync. The registers of the transaction before are overwritten by the next but
one: with them goes every way back to keys that were used. Whatever is found at opening, no key is used twice:

- a place that cannot be read was cut off by a power cut, or damaged: the other one is used and one key is skipped;
- the file is gone: the registers of the checkpoint go forward as far as could have been used since;
- both places damaged, or older than the checkpoint: refused by name.

An older copy within the last ``WINDOW`` transactions is not noticed: whoever may write these files as the
terminal's user could also ask for transaction keys.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from keys import dukpt_aes, dukpt_tdes
from keys.backends.disk import Disk
from keys.dukpt_registers import DukptState, pack, unpack
from keys.errors import KeysError, VaultCorrupt, VaultRolledBack
from keys.secret import Secret

__all__ = ["WINDOW", "DukptCounter", "first_content", "scheme"]

WINDOW = 256
"""Transactions between two checkpoints, and keys skipped when the counter's file is lost."""
FILE_KEY_BYTES = 32
PLACE_BYTES = 4096
_NONCE_BYTES, _LENGTH_BYTES = 12, 4
_SCHEMES: dict[str, ModuleType] = {"tdes": dukpt_tdes, "aes": dukpt_aes}
Random = Callable[[int], bytes]


def scheme(algorithm: str) -> ModuleType:
    """The functions of TDES or AES DUKPT. Raises KeysError."""
    try:
        return _SCHEMES[algorithm]
    except KeyError:
        raise KeysError(f"There is no DUKPT with {algorithm.upper()}.") from None


def first_content(algorithm: str, ksn: str, initial_key: Secret, random: Random) -> Secret:
    """What the vault seals in place of an initial key, which is not kept. Raises KeysError."""
    try:
        serial = bytes.fromhex(ksn)
    except ValueError:
        raise KeysError("The key serial number is not hexadecimal.", "Compare it with the loading form.") from None
    state = scheme(algorithm).load_initial_key(initial_key, serial)
    try:
        return _content(bytearray(random(FILE_KEY_BYTES)), state)
    finally:
        state.wipe()


def _content(file_key: bytearray, state: DukptState) -> Secret:
    with pack(state) as packed, packed.open() as clear:
        return Secret(file_key + clear)


@dataclass(slots=True)
class DukptCounter:
    """One DUKPT key at work. One thread at a time."""

    path: Path
    disk: Disk
    bound: bytes
    """Store and record: registers of another key do not open here."""
    random: Random
    _file_key: Secret
    _checkpoint: int
    _state: DukptState
    _place: int = 0
    """Where the newest registers are: 0 or 1."""
    _lost: bool = False
    """Whether the file has to be made again with the next write."""
    note: str = ""
    """What was found and mended at opening."""

    @classmethod
    def start(cls, path: Path, disk: Disk, bound: bytes, content: Secret, random: Random) -> DukptCounter:
        """Make the file of a key that is new. It must be durable before the vault names the key."""
        counter = cls._of(path, disk, bound, content, random)
        counter._make(counter._state)
        return counter

    @classmethod
    def open(cls, path: Path, disk: Disk, bound: bytes, content: Secret, random: Random) -> DukptCounter:
        """Raises VaultCorrupt, VaultRolledBack and PermissionsUnsafe, each naming the file."""
        counter = cls._of(path, disk, bound, content, random)
        data = disk.read(path)
        if data is None:
            counter._skip(WINDOW)
            counter._lost = True
            counter.note = f"{path.name} was missing: {WINDOW} transaction keys were skipped."
            return counter
        places = [data[start : start + PLACE_BYTES] for start in (0, PLACE_BYTES)]
        found = {index: state for index, place in enumerate(places) if (state := counter._read(place)) is not None}
        if not found or len(data) != 2 * PLACE_BYTES:
            raise VaultCorrupt(f"{path.name} is damaged.", "Have a new initial key loaded.")
        newest = max(found, key=lambda index: found[index].counter)
        if found[newest].counter < counter._checkpoint:
            raise VaultRolledBack(f"{path.name} is older than the key vault.", "Have a new initial key loaded.")
        counter._state.wipe()
        counter._state, counter._place = found[newest], newest
        if len(found) == 1:
            counter._skip(1)
            counter.note = f"{path.name} was cut off or damaged in one place: a transaction key was skipped."
        return counter

    @classmethod
    def _of(cls, path: Path, disk: Disk, bound: bytes, content: Secret, random: Random) -> DukptCounter:
        with content.open() as clear:
            file_key = Secret(bytearray(clear[:FILE_KEY_BYTES]))
            with Secret(bytearray(clear[FILE_KEY_BYTES:])) as packed:
                state = unpack(packed)
        return cls(path, disk, bound, random, file_key, state.counter, state)

    @property
    def due(self) -> bool:
        """Whether the vault must take a checkpoint before the next key."""
        return self._state.counter >= self._checkpoint + WINDOW

    @property
    def exhausted(self) -> bool:
        """Whether all keys have been given out."""
        return self._state.exhausted

    @property
    def update_key(self) -> Secret | None:
        """AES: the key under which the next initial key arrives. It stays here."""
        return self._state.update_key

    def checkpoint(self) -> Secret:
        """Content for the record; call ``checkpointed`` when the vault has it durable."""
        with self._file_key.open() as clear:
            return _content(bytearray(clear), self._state)

    def checkpointed(self) -> None:
        """The record now has the registers as they are."""
        self._checkpoint = self._state.counter

    def next(self) -> tuple[Secret, bytes]:
        """The next transaction key and its serial number. The counter is durable when this returns.

        Raises KeyExhausted, KeysError when the disk does not take it: then no key was given out.
        """
        assert not self.due
        following, key, serial = scheme(self._state.scheme).advance(self._state)
        try:
            self._write(following)
        except BaseException:
            key.wipe()
            following.wipe()
            raise
        self._state.wipe()
        self._state = following
        return key, serial

    def wipe(self) -> None:
        """Forget every key here; the file stays."""
        self._state.wipe()
        self._file_key.wipe()

    def remove(self) -> None:
        """Overwrite and remove the file of a key that is gone."""
        self.wipe()
        if self.disk.read(self.path) is not None:
            self.disk.overwrite(self.path, 0, bytes(2 * PLACE_BYTES))
            self.disk.sync(self.path)
        self.disk.unlink(self.path)
        self.disk.sync_folder(self.path.parent)

    def _skip(self, count: int) -> None:
        """Go forward without using a key; durable with the next write, and repeated until then."""
        for _ in range(count):
            if self._state.exhausted:
                return
            following, key, _ = scheme(self._state.scheme).advance(self._state)
            key.wipe()
            self._state.wipe()
            self._state = following

    def _write(self, state: DukptState) -> None:
        if self._lost:
            self._make(state)
            self._lost = False
            return
        place = 1 - self._place
        self.disk.overwrite(self.path, place * PLACE_BYTES, self._sealed(state))
        self.disk.sync(self.path)
        self._place = place

    def _make(self, state: DukptState) -> None:
        """A whole file in one step, both places the same."""
        fresh = self.path.with_name(self.path.name + ".new")
        self.disk.write_new(fresh, 2 * self._sealed(state))
        self.disk.sync(fresh)
        self.disk.rename(fresh, self.path)
        self.disk.sync_folder(self.path.parent)

    def _sealed(self, state: DukptState) -> bytes:
        nonce = self.random(_NONCE_BYTES)
        with pack(state) as packed, packed.open() as clear, self._file_key.open() as key:
            sealed = nonce + AESGCM(key).encrypt(nonce, clear, self.bound)
        content = len(sealed).to_bytes(_LENGTH_BYTES, "big") + sealed
        assert len(content) <= PLACE_BYTES
        return content.ljust(PLACE_BYTES, b"\x00")

    def _read(self, place: bytes) -> DukptState | None:
        length = int.from_bytes(place[:_LENGTH_BYTES], "big")
        sealed = place[_LENGTH_BYTES : _LENGTH_BYTES + length]
        clear = bytearray(max(0, len(sealed) - _NONCE_BYTES - 16))
        try:
            with self._file_key.open() as key:
                AESGCM(key).decrypt_into(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], self.bound, clear)
            with Secret(clear) as packed:
                return unpack(packed)
        except (InvalidTag, ValueError, KeysError):
            return None
