"""The vault: operations on slots, never key bytes out; a sealed file under a protector."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from keys.ciphers import tdes_ecb_encrypt
from keys.errors import KeyAbsent, KeysError, PermissionsUnsafe, VaultCorrupt, VaultLocked
from keys.mac import unionpay_ecb, x9_9, x9_19
from keys.master_session import SignOnForm, unwrap_sign_on
from keys.pin_block import format_0, unionpay
from keys.secret import Secret

__all__ = ["CredentialProtector", "Protector", "Vault", "open_vault", "provision"]


def _shown(mac: bytes) -> bytes:
    """Left half of a MAC as element 64 carries it: 8 hexadecimal characters."""
    return mac.hex().upper()[:8].encode("ascii")


_MAC_ALGORITHMS: dict[str, Callable[[bytes | bytearray, bytes], bytes]] = {
    "unionpay-ecb": unionpay_ecb,
    "x9.9": lambda key, data: _shown(x9_9(key, data)),
    "x9.19": lambda key, data: _shown(x9_19(key, data)),
}
_FORMAT = b"CTV1"
_NONCE_BYTES = 12


class Protector(Protocol):
    """Gives the key that opens the vault."""

    def sealing_key(self) -> bytes:
        """32 bytes. Raises VaultLocked."""


class CredentialProtector:
    """A file with at least 32 random bytes, such as a credential handed over by the service manager."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def sealing_key(self) -> bytes:
        """Key derived from the credential."""
        try:
            secret = self._path.read_bytes()
        except OSError as error:
            raise VaultLocked(f"The credential {self._path.name} cannot be read: {error.strerror}.") from None
        if len(secret) < 32:
            raise VaultLocked(f"The credential {self._path.name} is shorter than 32 bytes.")
        return hashlib.sha256(b"countertop vault" + secret).digest()


class Vault:
    """Keys of one terminal by slot name. Methods that change it write the file before they return."""

    def __init__(self, path: Path, key: bytes, slots: dict[str, Secret], random: Callable[[int], bytes]) -> None:
        self._path = path
        self._key = key
        self._slots = slots
        self._random = random

    def has(self, slot: str) -> bool:
        """Whether the slot holds a key."""
        return slot in self._slots

    def encrypt_pin(self, slot: str, pin: Secret, pan: str | None, format: int) -> bytes:
        """PIN block of format 0 under a PIN key; without a card number when ``pan`` is None."""
        block = unionpay(pin) if pan is None else format_0(pin, pan)
        with self._slot(slot).open() as key:
            return tdes_ecb_encrypt(key, block)

    def mac(self, slot: str, data: bytes, algorithm: str = "unionpay-ecb") -> bytes:
        """Element 64 over ``data``: 8 bytes."""
        with self._slot(slot).open() as key:
            return _MAC_ALGORITHMS[algorithm](key, data)

    def verify_mac(self, slot: str, data: bytes, mac: bytes, algorithm: str = "unionpay-ecb") -> bool:
        """Whether ``mac`` is the MAC of ``data``, compared in constant time."""
        return hmac.compare_digest(self.mac(slot, data, algorithm), mac)

    def unwrap_sign_on(self, master: str, field: bytes, form: SignOnForm) -> tuple[tuple[str, str], ...]:
        """Take over the working keys of a sign-on, all or none; slot and check value of each."""
        with self._slot(master).open() as key:
            working = unwrap_sign_on(key, field, form)
        self._slots = {**self._slots, **{item.slot: item.key for item in working}}
        self._save()
        return tuple((item.slot, item.check_value) for item in working)

    def _slot(self, slot: str) -> Secret:
        try:
            return self._slots[slot]
        except KeyError:
            raise KeyAbsent(f"No key is loaded in slot {slot}.") from None

    def _save(self) -> None:
        clear = {}
        for slot, secret in self._slots.items():
            with secret.open() as key:
                clear[slot] = key.hex()
        nonce = self._random(_NONCE_BYTES)
        sealed = AESGCM(self._key).encrypt(nonce, json.dumps(clear).encode("ascii"), _FORMAT)
        fresh = self._path.with_suffix(".new")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        try:
            os.write(descriptor, _FORMAT + nonce + sealed)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        fresh.replace(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def open_vault(
    path: Path, protector: Protector, environment: str, random: Callable[[int], bytes] = os.urandom
) -> Vault:
    """Open the vault's file. Raises VaultLocked, VaultCorrupt, PermissionsUnsafe."""
    try:
        state = path.lstat()
        content = path.read_bytes()
    except OSError as error:
        raise KeysError(
            f"The key vault {path.name} cannot be read: {error.strerror}.",
            "Load the keys first: countertop keys load --help",
        ) from None
    if not stat.S_ISREG(state.st_mode) or state.st_mode & 0o077 or state.st_uid != os.geteuid():
        raise PermissionsUnsafe(f"The key vault {path.name} is open to others.")
    key = protector.sealing_key()
    if not content.startswith(_FORMAT):
        raise VaultCorrupt(f"{path.name} is not a key vault.")
    nonce, sealed = content[4 : 4 + _NONCE_BYTES], content[4 + _NONCE_BYTES :]
    try:
        clear = json.loads(AESGCM(key).decrypt(nonce, sealed, _FORMAT))
    except InvalidTag:
        raise VaultLocked(f"The protector does not open {path.name}, or the file was changed.") from None
    return Vault(path, key, {slot: Secret(bytearray.fromhex(text)) for slot, text in clear.items()}, random)


def provision(
    path: Path,
    protector: Protector,
    environment: str,
    keys: Mapping[str, bytes],
    random: Callable[[int], bytes] = os.urandom,
) -> None:
    """Make a vault with given keys. For the lab only: elsewhere keys come by the ceremony."""
    if environment != "lab":
        raise KeysError("Keys are given in clear only in the lab.", "Load them by the ceremony: countertop keys load")
    Vault(path, protector.sealing_key(), {slot: Secret(bytearray(key)) for slot, key in keys.items()}, random)._save()
