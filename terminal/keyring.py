"""From the configuration to the protector of the key vault."""

from __future__ import annotations

import os
import termios
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from config import Keys, Settings
from keys import (
    CredentialProtector,
    KeyRoom,
    KeysError,
    PassphraseProtector,
    Protector,
    Secret,
    furnished,
    open_vault,
)
from keys.backends.optional import token_protector, tpm2_protector
from keys.backends.protectors import read_credential

if TYPE_CHECKING:
    from terminal.outside import Outside

__all__ = ["ask_passphrase", "open_keys", "protector_for"]

_SERVICE_CREDENTIAL = "countertop-vault"
_PASSPHRASE_BYTES_MAX = 1024
_LINE_ENDS = (b"", b"\n", b"\r")


def ask_passphrase(console: str = "/dev/tty") -> Secret:
    """A line typed at the console, without echo. Raises KeysError where there is no console to ask at."""
    try:
        descriptor = os.open(console, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        raise KeysError(
            "The passphrase of the key vault cannot be asked: there is no console.",
            'Start the terminal at a console, or choose protector = "credential" or "tpm2" in [keys].',
        ) from None
    try:
        with _silent(descriptor):
            os.write(descriptor, b"Passphrase of the key vault: ")
            line = Secret(bytearray())
            with line.open() as typed:
                while len(typed) < _PASSPHRASE_BYTES_MAX and (byte := os.read(descriptor, 1)) not in _LINE_ENDS:
                    typed += byte
            os.write(descriptor, b"\n")
            return line
    finally:
        os.close(descriptor)


def open_keys(settings: Settings, outside: Outside) -> KeyRoom:
    """The keys with their log and custodians; no key is used before the algorithms have given their known answers.

    Raises KeysError.
    """
    outside.self_test()
    path, disk = Path(settings.keys.path), outside.key_disk

    def now() -> datetime:
        return outside.wall().astimezone(UTC)

    vault = open_vault(
        path, protector_for(settings.keys), settings.terminal.environment, outside.random, disk=disk, now=now
    )
    return furnished(path, vault, now, outside.monotonic, random=outside.random, disk=disk)


def protector_for(keys: Keys, ask: Callable[[], Secret] = ask_passphrase) -> Protector:
    """What opens the vault. Raises KeysError when the configuration names none that is there."""
    match keys.protector:
        case "passphrase":
            return PassphraseProtector(ask())
        case "tpm2":
            auth = None if keys.credential is None else read_credential(Path(keys.credential))
            return tpm2_protector(keys.tpm_device or "", auth=auth, registers=keys.tpm_registers)
        case "pkcs11":
            if keys.token_module is None:
                raise KeysError("The token's library is not named.", "Name it as token_module in [keys].")
            with read_credential(_credential(keys)) as pin:
                with pin.open() as digits:
                    while digits.endswith((b"\n", b"\r")):  # what an editor left behind it
                        digits.pop()
                return token_protector(keys.token_module, keys.token_label, pin)
        case _:
            return CredentialProtector(_credential(keys))


def _credential(keys: Keys) -> Path:
    if keys.credential is not None:
        return Path(keys.credential)
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    if folder is None:
        raise KeysError(
            "No credential opens the key vault.",
            "Name it as credential in [keys], or start under a service manager that hands it over.",
        )
    return Path(folder) / _SERVICE_CREDENTIAL


@contextmanager
def _silent(descriptor: int) -> Iterator[None]:
    before = termios.tcgetattr(descriptor)
    quiet = [*before]
    quiet[3] &= ~termios.ECHO
    termios.tcsetattr(descriptor, termios.TCSAFLUSH, quiet)
    try:
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSAFLUSH, before)
