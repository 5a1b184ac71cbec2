"""What opens a sealed file: a credential or a passphrase. The TPM is in ``tpm2.py``.

A protector turns what it has (a file, a passphrase, a chip) and the parameters it left in the vault's header into
32 bytes that unwrap the storage master key. It never sees a key of the vault.
"""

from __future__ import annotations

import hmac
import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar, Protocol

from keys.backends.holder import KeyHolder
from keys.errors import KeysError, VaultCorrupt, VaultLocked
from keys.secret import Secret

__all__ = ["CredentialProtector", "NoCounter", "PassphraseProtector", "Protector", "hex_parameter", "read_credential"]

SALT_BYTES = 16
KEY_BYTES = 32
_CREDENTIAL_BYTES_MAX = 4096


class Protector(Protocol):
    """Opens a vault."""

    kind: ClassVar[str]
    """Name in the header of the file."""

    @property
    def holder(self) -> KeyHolder | None:
        """The token that keeps the vault's keys as well, if it is one."""

    def enrol(self, random: Callable[[int], bytes]) -> tuple[dict[str, Any], Secret]:
        """Parameters for the header of a new vault, and the key that wraps its master key. Raises VaultLocked."""

    def open(self, parameters: Mapping[str, Any]) -> Secret:
        """The key again. Raises VaultLocked, or VaultCorrupt for parameters that are none."""

    def erase(self, parameters: Mapping[str, Any]) -> bool:
        """Make sure, as far as it can, that ``open`` never succeeds again; whether it could."""

    def check_epoch(self, parameters: Mapping[str, Any], epoch: int) -> None:
        """Compare with a counter outside the disk, if it has one. Raises VaultRolledBack."""

    def advance_epoch(self, parameters: Mapping[str, Any], epoch: int) -> None:
        """Bring that counter to ``epoch``."""

    def capabilities(self) -> dict[str, str]:
        """What it protects against and what not, for a technician."""


class NoCounter:
    """A protector without memory of its own."""

    holder: KeyHolder | None = None

    def check_epoch(self, parameters: Mapping[str, Any], epoch: int) -> None:
        """See Protector."""

    def advance_epoch(self, parameters: Mapping[str, Any], epoch: int) -> None:
        """See Protector."""


class CredentialProtector(NoCounter):
    """A file with at least 32 random bytes, such as a credential handed over by the service manager."""

    kind: ClassVar[str] = "credential"
    _BYTES_MIN = 32

    def __init__(self, path: Path) -> None:
        self._path = path

    def enrol(self, random: Callable[[int], bytes]) -> tuple[dict[str, Any], Secret]:
        """See Protector."""
        parameters = {"type": self.kind, "salt": random(SALT_BYTES).hex()}
        return parameters, self.open(parameters)

    def open(self, parameters: Mapping[str, Any]) -> Secret:
        """See Protector."""
        salt = hex_parameter(parameters, "salt", SALT_BYTES)
        with read_credential(self._path) as secret, secret.open() as data:
            if len(data) < self._BYTES_MIN:
                raise VaultLocked(f"The credential {self._path.name} is shorter than {self._BYTES_MIN} bytes.")
            extracted = hmac.digest(salt, bytes(data), "sha256")
        return Secret(bytearray(hmac.digest(extracted, b"countertop credential\x01", "sha256")))

    def erase(self, parameters: Mapping[str, Any]) -> bool:
        """See Protector. A credential in the service manager's read-only folder cannot be erased from here."""
        try:
            length = self._path.stat().st_size
            with self._path.open("r+b") as file:
                file.write(bytes(length))
                file.flush()
                os.fsync(file.fileno())
            self._path.unlink()
        except OSError:
            return False
        return True

    def capabilities(self) -> dict[str, str]:
        """See Protector."""
        return {
            "unattended start": "yes",
            "stolen vault file": "useless without the credential",
            "stolen device": "open, unless the credential itself is sealed to a TPM",
        }


def read_credential(path: Path) -> Secret:
    """The content of a credential's file. Raises VaultLocked, also for one that every user may read."""
    data = bytearray(_CREDENTIAL_BYTES_MAX)
    try:
        with path.open("rb") as file:
            state = os.fstat(file.fileno())
            if stat.S_ISREG(state.st_mode) and state.st_mode & 0o007:
                raise VaultLocked(
                    f"The credential {path.name} is open to every user.", "Give it mode 0600: chmod 600 FILE"
                )
            length = file.readinto(data)
    except OSError as error:
        raise VaultLocked(f"The credential {path.name} cannot be read: {error.strerror}.") from None
    del data[length:]
    return Secret(data)


class PassphraseProtector(NoCounter):
    """A passphrase typed at start, stretched by Argon2id (RFC 9106).

    The cost is chosen for the device's memory, not for a server's: 19 MiB and 4 passes take about 60 ms.
    """

    kind: ClassVar[str] = "passphrase"
    MEMORY_KIB, PASSES, LANES = 19_456, 4, 1
    _MEMORY_KIB_MAX, _PASSES_MAX, _LANES_MAX = 262_144, 16, 4
    """A header may not make us spend more than this."""
    CHARACTERS_MIN = 12

    def __init__(self, passphrase: Secret) -> None:
        self._passphrase = passphrase

    def enrol(self, random: Callable[[int], bytes]) -> tuple[dict[str, Any], Secret]:
        """See Protector. Raises KeysError for a passphrase shorter than 12 bytes."""
        if len(self._passphrase) < self.CHARACTERS_MIN:
            raise KeysError("The passphrase is too short.", f"Use at least {self.CHARACTERS_MIN} characters.")
        parameters = {
            "type": self.kind,
            "salt": random(SALT_BYTES).hex(),
            "memory_kib": self.MEMORY_KIB,
            "passes": self.PASSES,
            "lanes": self.LANES,
        }
        return parameters, self.open(parameters)

    def open(self, parameters: Mapping[str, Any]) -> Secret:
        """See Protector."""
        from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

        salt = hex_parameter(parameters, "salt", SALT_BYTES)
        memory = _bounded(parameters, "memory_kib", 8_192, self._MEMORY_KIB_MAX)
        passes = _bounded(parameters, "passes", 2, self._PASSES_MAX)
        lanes = _bounded(parameters, "lanes", 1, self._LANES_MAX)
        stretch = Argon2id(salt=salt, length=KEY_BYTES, iterations=passes, lanes=lanes, memory_cost=memory)
        with self._passphrase.open() as text:
            return Secret(bytearray(stretch.derive(bytes(text))))

    def erase(self, parameters: Mapping[str, Any]) -> bool:
        """See Protector: a passphrase is in somebody's head."""
        return False

    def capabilities(self) -> dict[str, str]:
        """See Protector."""
        return {
            "unattended start": "no: somebody types the passphrase",
            "stolen vault file": "as strong as the passphrase",
            "stolen device": "as strong as the passphrase",
        }


def hex_parameter(parameters: Mapping[str, Any], name: str, length_bytes: int | None = None) -> bytes:
    """A parameter in hexadecimal. Raises VaultCorrupt."""
    try:
        data = bytes.fromhex(parameters[name])
    except (KeyError, TypeError, ValueError):
        data = None
    if data is None or (length_bytes is not None and len(data) != length_bytes):
        raise VaultCorrupt("The protector's parameters in the key vault cannot be read.")
    return data


def _bounded(parameters: Mapping[str, Any], name: str, lowest: int, highest: int) -> int:
    value = parameters.get(name)
    if type(value) is not int or not lowest <= value <= highest:
        raise VaultCorrupt("The protector's parameters in the key vault are out of bounds.")
    return value
