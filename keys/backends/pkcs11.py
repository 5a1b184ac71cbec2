"""A PKCS #11 token keeps the keys and uses them; they come in once and are never read again.

Two parts share one login. ``Pkcs11Token`` holds payment keys: PIN blocks, MACs, track data and the unwrapping of keys
are done in the token, each key with the abilities of its usage and no other. ``Pkcs11Protector`` opens the vault's
file, in which records, states and the keys that the token cannot use (SM4, DUKPT registers) stay.

What a token cannot do by itself is said, not hidden: most have no unwrapping under TDES, so a working key that comes
under a master key is deciphered in the token, passes through this process's memory for microseconds and goes back in.

Never set CKA_ALLOWED_MECHANISMS through this library: it ends the process (facts/keys.md §5).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, ClassVar

import pkcs11
from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass
from pkcs11.exceptions import PKCS11Error, UserAlreadyLoggedIn

from keys.backends.holder import KeyHolder
from keys.backends.protectors import KEY_BYTES, NoCounter, hex_parameter
from keys.ciphers import CIPHERS, Data
from keys.errors import KeysError, VaultCorrupt, VaultLocked
from keys.key_in_use import KeyInUse
from keys.records import KeyRecord
from keys.secret import Secret
from keys.vault_rules import DUKPT_USAGES, MAC_USAGES, MASTER_USAGES

__all__ = ["Pkcs11Protector", "Pkcs11Token"]

Random = Callable[[int], bytes]
_ID_BYTES = 16
_SINGLE = b"\x01"
"""Behind the identifier of a key: the same key's first half as single DES, for X9.9 and X9.19."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """A cipher as the token names it."""

    key_type: KeyType
    ecb: Mechanism
    cbc: Mechanism
    cmac: Mechanism


_KINDS: Mapping[str, _Kind] = {
    "tdes": _Kind(KeyType.DES3, Mechanism.DES3_ECB, Mechanism.DES3_CBC, Mechanism.DES3_CMAC),
    "aes": _Kind(KeyType.AES, Mechanism.AES_ECB, Mechanism.AES_CBC, Mechanism.AES_CMAC),
}
_ABILITIES = (
    (frozenset({"P0", "D0", "D3"}), {Attribute.ENCRYPT: True}),
    (MAC_USAGES, {Attribute.ENCRYPT: True, Attribute.SIGN: True}),
    (MASTER_USAGES, {Attribute.DECRYPT: True, Attribute.SIGN: True}),
)
"""A master key signs because the keys of a key block are derived from it by CMAC."""
_NO_ABILITY = {
    Attribute.ENCRYPT: False,
    Attribute.DECRYPT: False,
    Attribute.SIGN: False,
    Attribute.VERIFY: False,
    Attribute.WRAP: False,
    Attribute.UNWRAP: False,
    Attribute.DERIVE: False,
}
_KEPT = {Attribute.TOKEN: True, Attribute.PRIVATE: True, Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False}


class Pkcs11Token:
    """See KeyHolder. One login for the life of the process; a lock because a session does one thing at a time."""

    def __init__(self, module: str, label: str, pin: Secret, *, namespace: str = "countertop") -> None:
        """``module`` is the path of the vendor's library, ``namespace`` in front of the names of this vault's keys.

        Raises VaultLocked, naming the token and what to do.
        """
        self._label, self._namespace = label, namespace
        self.lock = threading.Lock()
        try:
            library = pkcs11.lib(module)
            token = library.get_token(token_label=label)
            with pin.open() as digits:
                self.session = _logged_in(token, bytes(digits).decode("utf-8"))
            self._mechanisms = frozenset(token.slot.get_mechanisms())
        except (PKCS11Error, RuntimeError, OSError, UnicodeDecodeError) as error:
            raise _told(error, label) from None

    # -- KeyHolder

    @property
    def name(self) -> str:
        """See KeyHolder."""
        return f"pkcs11:{self._label}"

    def takes(self, record: KeyRecord) -> bool:
        """See KeyHolder: payment keys of TDES and AES whose mechanisms the token has."""
        kind = _KINDS.get(record.algorithm)
        usages = frozenset[str]().union(*(names for names, _ in _ABILITIES))
        if kind is None or record.usage not in usages or record.usage in DUKPT_USAGES:
            return False
        by_cmac = record.usage in MASTER_USAGES or record.mac_algorithm.endswith("cmac")
        needed = {kind.ecb, kind.cbc} | ({kind.cmac} if by_cmac else set())
        return needed <= self._mechanisms

    def put(self, record: KeyRecord, key: Secret) -> Secret:
        """See KeyHolder."""
        identifier = Secret(bytearray(_fresh_id(self)))
        with identifier.open() as name, key.open() as clear:
            whole = _three_keys(clear) if record.algorithm == "tdes" else bytes(clear)
            self._create(record, bytes(name), whole)
            if record.mac_algorithm.startswith("x9."):
                self._create(record, bytes(name) + _SINGLE, bytes(clear[:8]) * 3)
        return identifier

    @contextmanager
    def use(self, record: KeyRecord, reference: Secret) -> Iterator[KeyInUse]:
        """See KeyHolder."""
        with reference.open() as name:
            identifier = bytes(name)
        yield _TokenKey(self, record.id, record.algorithm, record.length_bytes, identifier)

    def retain(self, references: Collection[bytes]) -> None:
        """See KeyHolder."""
        with self.guarded():
            for item in self._ours("key"):
                if bytes(item[Attribute.ID])[:_ID_BYTES] not in references:
                    item.destroy()

    def erase(self) -> bool:
        """See KeyHolder."""
        try:
            self.retain(())
        except KeysError:
            return False
        return True

    def capabilities(self) -> dict[str, str]:
        """See KeyHolder."""
        names = {kind.cmac.name: kind.cmac for kind in _KINDS.values()}
        missing = [name for name, mechanism in names.items() if mechanism not in self._mechanisms]
        return {
            "token": self._label,
            "keys at rest": "in the token, not extractable; records and other keys in the file, AES-256-GCM",
            "keys in use": "in the token: PIN blocks, MACs, track data, deciphering of keys, key block derivation",
            "partial": "working keys pass through this process's memory while they are unwrapped",
            "not in the token": ", ".join(["SM4", "DUKPT registers", *(f"keys for {name}" for name in missing)]),
            "never": "key blocks of versions A and C under a key of the token",
        }

    # -- the token

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """One thread at a time, and every fault by name."""
        with self.lock:
            try:
                yield
            except PKCS11Error as error:
                raise _told(error, self._label) from None

    def close(self) -> None:
        """Log out."""
        with self.lock, suppress(PKCS11Error):
            self.session.close()

    def key(self, identifier: bytes) -> Any:
        """The object of this identifier, or None. Called under the lock."""
        found = self.session.get_objects({Attribute.CLASS: ObjectClass.SECRET_KEY, Attribute.ID: identifier})
        return next(iter(list(found)), None)

    def named(self, kind: str, what: str) -> str:
        """Label of an object of this vault: ``key`` for payment keys, ``opener`` for the protector's."""
        return f"{self._namespace}:{kind}:{what}"

    def _ours(self, kind: str) -> list[Any]:
        start = self.named(kind, "")
        every = list(self.session.get_objects({Attribute.CLASS: ObjectClass.SECRET_KEY}))
        return [item for item in every if item[Attribute.LABEL].startswith(start)]

    def openers(self) -> list[Any]:
        """The protector's keys. Called under the lock."""
        return self._ours("opener")

    def _create(self, record: KeyRecord, identifier: bytes, value: bytes) -> None:
        abilities = next(given for usages, given in _ABILITIES if record.usage in usages)
        with self.guarded():
            self.session.create_object(
                {
                    Attribute.CLASS: ObjectClass.SECRET_KEY,
                    Attribute.KEY_TYPE: _KINDS[record.algorithm].key_type,
                    Attribute.LABEL: self.named("key", record.id),
                    Attribute.ID: identifier,
                    Attribute.VALUE: value,
                    **_KEPT,
                    **_NO_ABILITY,
                    **abilities,
                }
            )


class Pkcs11Protector(NoCounter):
    """See Protector: a key of the token makes the key that wraps the vault's master key; it never leaves the token."""

    kind: ClassVar[str] = "pkcs11"

    def __init__(self, token: Pkcs11Token, *, keeps_keys: bool = True) -> None:
        """``keeps_keys``: what the token can use goes into it, instead of into the file."""
        self._token = token
        self.holder: KeyHolder | None = token if keeps_keys else None

    def enrol(self, random: Random) -> tuple[dict[str, Any], Secret]:
        """See Protector. The key before stays until the vault is durable (``advance_epoch``)."""
        identifier = random(_ID_BYTES)
        with self._token.guarded():
            self._token.session.generate_key(
                KeyType.AES,
                8 * KEY_BYTES,
                id=identifier,
                label=self._token.named("opener", identifier.hex()),
                store=True,
                template={**_KEPT, **_NO_ABILITY, Attribute.ENCRYPT: True},
            )
        parameters = {"type": self.kind, "id": identifier.hex(), "salt": random(KEY_BYTES).hex()}
        return parameters, self.open(parameters)

    def open(self, parameters: Mapping[str, Any]) -> Secret:
        """See Protector: the salt's two blocks, enciphered."""
        identifier, salt = hex_parameter(parameters, "id", _ID_BYTES), hex_parameter(parameters, "salt", KEY_BYTES)
        with self._token.guarded():
            key = self._token.key(identifier)
            if key is None:
                raise VaultLocked(
                    "The token has no key for this vault.", "Put the vault's own token in, or load the keys again."
                )
            return Secret(bytearray(key.encrypt(salt, mechanism=Mechanism.AES_ECB)))

    def erase(self, parameters: Mapping[str, Any]) -> bool:
        """See Protector."""
        try:
            self._only(b"")
        except KeysError:
            return False
        return True

    def advance_epoch(self, parameters: Mapping[str, Any], epoch: int) -> None:
        """See Protector. No counter, but from here on only this header's key is left."""
        self._only(hex_parameter(parameters, "id", _ID_BYTES))

    def capabilities(self) -> dict[str, str]:
        """See Protector."""
        return {
            "unattended start": "yes, with the token's PIN as a credential",
            "stolen vault file": "useless without the token and its PIN",
            "stolen device": "as safe as the token and where its PIN is kept",
            "older copy of all files": "noticed by the token only after a change of the master key",
            "erasure": "the token destroys the key; copies of the files stay unreadable",
        }

    def _only(self, identifier: bytes) -> None:
        with self._token.guarded():
            for item in self._token.openers():
                if bytes(item[Attribute.ID]) != identifier:
                    item.destroy()


@dataclass(frozen=True, slots=True)
class _TokenKey:
    """See KeyInUse: each operation asks the token."""

    token: Pkcs11Token
    record_id: str
    algorithm: str
    length: int
    identifier: bytes

    @property
    def block(self) -> int:
        """See KeyInUse."""
        return CIPHERS[self.algorithm].block

    def ecb_encrypt(self, data: Data) -> bytes:
        """See KeyInUse."""
        return self._ask(lambda key: key.encrypt(bytes(data), mechanism=self._kind.ecb))

    def cbc_encrypt(self, data: Data, iv: Data | None = None) -> bytes:
        """See KeyInUse."""
        return self._ask(lambda key: key.encrypt(bytes(data), mechanism=self._kind.cbc, mechanism_param=self._iv(iv)))

    def ecb_recover(self, data: Data) -> bytearray:
        """See KeyInUse."""
        return bytearray(self._ask(lambda key: key.decrypt(bytes(data), mechanism=self._kind.ecb)))

    def cbc_recover(self, data: Data, iv: Data | None = None) -> bytearray:
        """See KeyInUse."""
        return bytearray(
            self._ask(lambda key: key.decrypt(bytes(data), mechanism=self._kind.cbc, mechanism_param=self._iv(iv)))
        )

    def cmac(self, data: Data) -> bytes:
        """See KeyInUse."""
        return self._ask(lambda key: key.sign(bytes(data), mechanism=self._kind.cmac))

    def single(self) -> KeyInUse:
        """See KeyInUse: an object of its own, made when the key came in."""
        return _TokenKey(self.token, self.record_id, self.algorithm, 8, self.identifier + _SINGLE)

    @property
    def _kind(self) -> _Kind:
        return _KINDS[self.algorithm]

    def _iv(self, iv: Data | None) -> bytes:
        return bytes(self.block) if iv is None else bytes(iv)

    def _ask(self, ask: Callable[[Any], Any]) -> bytes:
        with self.token.guarded():
            key = self.token.key(self.identifier)
            if key is None:
                raise VaultCorrupt(f"The key {self.record_id} is no longer in the token.", "Load it again.")
            return bytes(ask(key))


def _logged_in(token: Any, pin: str) -> Any:
    """A session. A login is the process's: where it is logged in already, another session shares that."""
    try:
        return token.open(user_pin=pin, rw=True)
    except UserAlreadyLoggedIn:
        return token.open(rw=True)


def _three_keys(clear: bytearray) -> bytes:
    return bytes(clear) * 3 if len(clear) == 8 else bytes(clear) + (bytes(clear[:8]) if len(clear) == 16 else b"")


def _fresh_id(token: Pkcs11Token) -> bytes:
    with token.guarded():
        return bytes(token.session.generate_random(8 * _ID_BYTES))


_REASONS = {
    "PinIncorrect": (
        "The PIN of the token {} is wrong.",
        "Compare the credential with it; a few wrong ones lock the token.",
    ),
    "PinLocked": ("The token {} is locked after wrong PINs.", "Have it unlocked with its security officer's PIN."),
    "NoSuchToken": ("There is no token {}.", "Is it plugged in, and does its label match the configuration?"),
    "TokenNotPresent": ("The token {} is not there.", "Plug it in."),
    "DeviceRemoved": ("The token {} was removed.", "Plug it in again and restart the terminal."),
}


def _told(error: Exception, label: str) -> VaultLocked:
    text, remedy = _REASONS.get(
        type(error).__name__,
        (f"The token {{}} cannot be used ({type(error).__name__}).", "Check the path of its library and its label."),
    )
    return VaultLocked(text.format(label), remedy)
